/* SPDX-License-Identifier: BSD-2-Clause */
/* The emitters of x86_64, and what they share. */
#ifndef X86_64_CODE_H
#define X86_64_CODE_H

#include "arch.h"

/* Ask the host: the system call of that number; its result is the function's. */
void x64_fallback(const struct vg_code *code, uint32_t nr);
bool x64_thread_fits(uint64_t at);
/* Someone wants the guest to come to the host: a word on a line of its own. */
void x64_heed_attention(const struct vg_code *code, vg_label slow);

void x64_clock_gettime(const struct vg_code *code);
void x64_gettimeofday(const struct vg_code *code);
void x64_time(const struct vg_code *code);
void x64_clock_getres(const struct vg_code *code);
void x64_getcpu(const struct vg_code *code);
void x64_identity(const struct vg_code *code);
void x64_credential(const struct vg_code *code);
void x64_uname(const struct vg_code *code);
void x64_getrandom(const struct vg_code *code);

#endif
