/* SPDX-License-Identifier: BSD-2-Clause */
/* The emitters of aarch64, and what they share. */
#ifndef AARCH64_CODE_H
#define AARCH64_CODE_H

#include "arch.h"

/* Ask the host: the system call of that number; its result is the function's. */
void a64_fallback(const struct vg_code *code, uint32_t nr);
bool a64_thread_fits(uint64_t at);
/* Someone wants the guest to come to the host: a word on a line of its own. */
void a64_heed_attention(const struct vg_code *code, vg_label slow);

/* getrandom's are behind those of the clocks. */
void a64_constants(const struct vg_code *code);
void a64_random_constants(const struct vg_code *code);
/* 10^9 - 1, then a place for each clock id; then a multiple of a vector's size. */
#define A64_CLOCK_CONSTANTS (sizeof(uint32_t) + (VG_ID_MAX + 1) * sizeof(uint16_t))
#define A64_VECTOR 16
#define A64_RANDOM_CONSTANTS (A64_CLOCK_CONSTANTS + (-A64_CLOCK_CONSTANTS & (A64_VECTOR - 1)))

void a64_clock_gettime(const struct vg_code *code);
void a64_gettimeofday(const struct vg_code *code);
void a64_time(const struct vg_code *code);
void a64_clock_getres(const struct vg_code *code);
void a64_getcpu(const struct vg_code *code);
void a64_identity(const struct vg_code *code);
void a64_credential(const struct vg_code *code);
void a64_uname(const struct vg_code *code);
void a64_getrandom(const struct vg_code *code);
void a64_rt_sigreturn(const struct vg_code *code);

#endif
