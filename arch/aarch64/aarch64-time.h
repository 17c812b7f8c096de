/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AARCH64_TIME_H
#define AARCH64_TIME_H

struct vg_code;

void a64_constants(const struct vg_code *code);
void a64_clock_gettime(const struct vg_code *code);
void a64_gettimeofday(const struct vg_code *code);
void a64_time(const struct vg_code *code);
void a64_clock_getres(const struct vg_code *code);
void a64_getcpu(const struct vg_code *code);
void a64_rt_sigreturn(const struct vg_code *code);

#endif
