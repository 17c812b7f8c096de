/* SPDX-License-Identifier: BSD-2-Clause */
/* Images cut and changed, at the edge of their mapping: one byte too far is a SIGSEGV. */
#ifndef DAMAGE_H
#define DAMAGE_H

#include <stddef.h>

/* A copy that ends where its mapping ends. */
unsigned char *at_the_edge(const void *image, size_t size);
void let_go(unsigned char *edge, size_t size);

/* What looks at a damaged image; `arch` is the caller's. */
typedef void look_fn(const unsigned char *image, size_t size, int arch);

/* Each byte with one bit changed, and as some others. */
void change_each_byte(const void *image, size_t size, look_fn *look, int arch);
/* Each word, as each of the numbers at which a careless bound overflows. */
void change_each_word(const void *image, size_t size, look_fn *look, int arch);

#endif
