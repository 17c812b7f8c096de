/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef X86_64_TIME_H
#define X86_64_TIME_H

struct vg_code;

void x64_clock_gettime(const struct vg_code *code);
void x64_gettimeofday(const struct vg_code *code);
void x64_time(const struct vg_code *code);
void x64_clock_getres(const struct vg_code *code);
void x64_getcpu(const struct vg_code *code);

#endif
