/* SPDX-License-Identifier: BSD-2-Clause */
/* The encoders against arch/NAME/NAME.lst, their range checks, and the table of architectures. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aarch64-insn.h"
#include "listing.h"
#include "suites.h"

/* Unlike the others, the x86_64 names would collide with these: declared alone. */
void x64_range_checks(struct vg_asm *a, unsigned int which);

struct vg_asm *listing_begin(struct listing *l)
{
	vg_begin(&l->a, LABELS);
	return &l->a;
}

static void labels(struct vg_asm *a)
{
	vg_zero(a, NEAR_AT - a->at);
	vg_bind(a, NEAR);
	vg_zero(a, FAR_AT - a->at);
	vg_bind(a, FAR);
}

struct vg_asm *listing_next(struct listing *l, const char *text)
{
	uint32_t size = l->a.at;

	labels(&l->a);
	if (!l->a.out) {
		vg_again(&l->a, l->code, sizeof l->code);
		return &l->a;
	}
	ck_assert_msg(l->a.error == 0, "%s: error %d", text, l->a.error);
	l->each(l, text, size);
	return NULL;
}

static void hex(char *to, const uint8_t *code, size_t size)
{
	while (size--)
		to += sprintf(to, "%02x", *code++);
}

/* One line of the listing file: bytes, two blanks, text. */
static void compare_line(struct listing *l, const char *text, size_t size)
{
	char expected[256], found[256] = "";

	hex(expected, l->code, size);
	strcat(strcat(expected, "  "), text);
	ck_assert_msg(fgets(found, sizeof found, l->arg), "%s: not in the listing", text);
	found[strcspn(found, "\n")] = 0;
	ck_assert_str_eq(found, expected);
}

/* LISTING=write makes the files anew; listing.sh then judges them. */
static void write_line(struct listing *l, const char *text, size_t size)
{
	char bytes[64];

	hex(bytes, l->code, size);
	fprintf(l->arg, "%s  %s\n", bytes, text);
}

static void with_listing(const char *arch, void (*all)(struct listing *))
{
	const char *source = getenv("SRCDIR"), *how = getenv("LISTING");
	int write = how && !strcmp(how, "write");
	struct listing l = { .each = write ? write_line : compare_line };
	char path[1024];

	snprintf(path, sizeof path, "%s/arch/%s/%s.lst", source ? source : ".", arch, arch);
	l.arg = fopen(path, write ? "w" : "r");
	ck_assert_msg(l.arg != NULL, "%s: cannot be opened", path);
	all(&l);
	ck_assert_msg(write || fgetc(l.arg) == EOF, "%s: has more lines than the test", path);
	fclose(l.arg);
}

START_TEST(arch_x86_64_encoders_make_the_listing)
{
	with_listing("x86_64", listing_x86_64);
}
END_TEST

START_TEST(arch_aarch64_encoders_make_the_listing)
{
	with_listing("aarch64", listing_aarch64);
}
END_TEST

/* Every value that does not fit its field is an error: nothing is masked away. */
START_TEST(arch_aarch64_ranges_are_checked)
{
	for (unsigned int which = 0;; which++) {
		struct vg_asm a;

		vg_begin(&a, LABELS);
		switch (which) {
		case 0: a64_add_imm(&a, A64_X, X0, X0, 4096); break;
		case 1: a64_sub_imm(&a, A64_X, X0, X0, 4096); break;
		case 2: a64_cmp_imm(&a, A64_X, X0, 4096); break;
		case 3: a64_movz(&a, A64_X, X0, 65536, 0); break;
		case 4: a64_movk(&a, A64_X, X0, 0, 4); break;
		case 5: a64_ldr(&a, A64_X, X0, X1, 4); break;
		case 6: a64_ldr(&a, A64_X, X0, X1, 32768); break;
		case 7: a64_ldr(&a, A64_W, X0, X1, 2); break;
		case 8: a64_str(&a, A64_W, X0, X1, 16384); break;
		case 9: a64_ldp(&a, X0, X1, X2, 512); break;
		case 10: a64_stp(&a, X0, X1, X2, 4); break;
		case 11: a64_tbz(&a, X0, 32, NEAR); break;
		case 12: a64_align_down(&a, X0, X0, 64); break;
		case 13: a64_bic_asr(&a, X0, X0, X0, 64); break;
		case 14: a64_add(&a, A64_W, X0, X0, X0, 32); break;
		case 15: a64_mov_imm(&a, A64_W, X0, 1ull << 32); break;
		case 16: a64_mrs(&a, X0, 1 << 16); break;
		case 17: a64_ubfx(&a, A64_W, X0, X0, 32, 1); break;
		case 18: a64_subs_imm(&a, A64_X, X0, X0, 4096); break;
		case 19: a64_cmn_imm(&a, A64_X, X0, 4096); break;
		case 20: a64_movn(&a, A64_X, X0, 65536, 0); break;
		case 21: a64_hvc(&a, 65536); break;
		case 22: a64_stp_push(&a, X0, X1, SP, 0); break;
		case 23: a64_stp_push(&a, X0, X1, SP, 520); break;
		case 24: a64_stp_push(&a, X0, X1, SP, 12); break;
		case 25: a64_ldp_pop(&a, X0, X1, SP, 512); break;
		case 26: a64_ldr_part(&a, 4, X0, X1, 0); break;
		case 27: a64_ldr_part(&a, 0, X0, X1, 4096); break;
		case 28: a64_ldr_part(&a, 1, X0, X1, 1); break;
		case 29: a64_str_part(&a, 3, X0, X1, 32768); break;
		case 30: a64_str_part_post(&a, 0, X0, X1, 256); break;
		case 31: a64_ldr_q(&a, V0, X1, 8); break;
		case 32: a64_str_q_post(&a, V0, X1, 256); break;
		case 33: a64_ldp_q(&a, V0, V1, X1, 1024); break;
		case 34: a64_stp_q(&a, V0, V1, X1, 8); break;
		case 35: a64_shl_4s(&a, V0, V1, 32); break;
		case 36: a64_sri_4s(&a, V0, V1, 0); break;
		case 37: a64_sri_4s(&a, V0, V1, 33); break;
		case 38: a64_ext_16b(&a, V0, V1, V2, 16); break;
		default: return;
		}
		ck_assert_msg(a.error == -VDSOGEN_ERR_INTERNAL, "case %u: accepted", which);
	}
}
END_TEST

START_TEST(arch_x86_64_ranges_are_checked)
{
	for (unsigned int which = 0; which < 5; which++) {
		struct vg_asm a;

		vg_begin(&a, LABELS);
		x64_range_checks(&a, which);
		ck_assert_msg(a.error == -VDSOGEN_ERR_INTERNAL, "case %u: accepted", which);
	}
}
END_TEST

START_TEST(arch_table_has_every_architecture_once)
{
	const struct vdsogen_arch *arch;
	unsigned int i;

	for (i = 0; (arch = vdsogen_arch_at(i)); i++) {
		ck_assert_ptr_eq(vdsogen_arch_find(vdsogen_arch_name(arch)), arch);
		ck_assert_ptr_ne(vdsogen_arch_at(i + 1), arch);
	}
	ck_assert_uint_ge(i, 2);
	ck_assert_ptr_eq(vdsogen_arch_find("x86_64"), vdsogen_arch_x86_64());
	ck_assert_ptr_eq(vdsogen_arch_find("aarch64"), vdsogen_arch_aarch64());
	ck_assert_ptr_null(vdsogen_arch_find("x86"));
	ck_assert_ptr_null(vdsogen_arch_find("x86_64 "));
	ck_assert_ptr_null(vdsogen_arch_find(""));
	ck_assert_ptr_null(vdsogen_arch_find(NULL));
	ck_assert_str_eq(vdsogen_arch_name(NULL), "none");
}
END_TEST

/* The reciprocals of arch.h against a division, at the edges of every quotient. */
START_TEST(arch_reciprocals_divide)
{
	for (uint64_t q = 0; q < UINT64_MAX / VG_NSEC_PER_SEC; q += q / 1000 + 1)
		for (int d = -1; d <= 1; d++) {
			uint64_t ns = q * VG_NSEC_PER_SEC + (uint64_t)d;
			uint64_t high = (uint64_t)((unsigned __int128)(ns >> VG_SEC_PRESHIFT) *
						   VG_SEC_RECIPROCAL >> 64);

			ck_assert_uint_eq(high >> VG_SEC_POSTSHIFT, ns / VG_NSEC_PER_SEC);
		}
	for (uint64_t us = 0; us < 1000000; us++)
		for (uint64_t rest = 0; rest < 1000; rest += 999)
			ck_assert_uint_eq((us * 1000 + rest) * VG_USEC_RECIPROCAL >> VG_USEC_SHIFT, us);
}
END_TEST

START_TEST(arch_base_units_are_where_the_struct_has_them)
{
	const size_t unit = sizeof(struct vdsogen_base);

	ck_assert_uint_eq(vg_base_unit(VDSOGEN_REALTIME) * unit, VG_BLOCK(line[0].base[0]));
	ck_assert_uint_eq(vg_base_unit(VDSOGEN_MONOTONIC) * unit, VG_BLOCK(line[0].base[1]));
	ck_assert_uint_eq(vg_base_unit(VDSOGEN_BOOTTIME) * unit, VG_BLOCK(line[1].base[0]));
	ck_assert_uint_eq(vg_base_unit(VDSOGEN_TAI) * unit, VG_BLOCK(line[1].base[1]));
	ck_assert_uint_eq(vg_base_unit(VDSOGEN_MONOTONIC_RAW) * unit, VG_BLOCK(line[2].base[0]));
	ck_assert_uint_eq(vg_base_unit(VDSOGEN_REALTIME_COARSE) * unit, VG_BLOCK(line[3].base[0]));
	ck_assert_uint_eq(vg_base_unit(VDSOGEN_MONOTONIC_COARSE) * unit, VG_BLOCK(line[3].base[1]));
	for (unsigned int id = 0; id < 40; id++)
		if (id >= 32 || !(VG_CLOCKS >> id & 1))
			ck_assert_uint_eq(vg_base_unit(id), 0);
	ck_assert_uint_eq(vg_unit_table(1u << VDSOGEN_TAI), 7ull << 44);
}
END_TEST

Suite *arch_suite(void)
{
	Suite *s = suite_create("arch");
	TCase *t = tcase_create("arch");

	tcase_add_test(t, arch_x86_64_encoders_make_the_listing);
	tcase_add_test(t, arch_aarch64_encoders_make_the_listing);
	tcase_add_test(t, arch_aarch64_ranges_are_checked);
	tcase_add_test(t, arch_x86_64_ranges_are_checked);
	tcase_add_test(t, arch_table_has_every_architecture_once);
	tcase_add_test(t, arch_reciprocals_divide);
	tcase_add_test(t, arch_base_units_are_where_the_struct_has_them);
	suite_add_tcase(s, t);
	return s;
}
