/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who the process is, from struct vdsogen_process. Memory order (Arm ARM, B2.3):
 * the count is a load-acquire, so what is loaded behind it is not older than the
 * count; the recheck's address depends on the field, or a DMB ISHLD is between
 * them, so what was loaded is not newer than the recheck. Loads of the count are
 * coherent: who has seen one sees no older one later.
 */
#include "aarch64-code.h"
#include "aarch64-insn.h"

/* System call numbers: Linux include/uapi/asm-generic/unistd.h. */
static const uint16_t numbers[VDSOGEN_FUNCTIONS] = {
	[VDSOGEN_GETPRIORITY] = 141, [VDSOGEN_GETPGID] = 155, [VDSOGEN_GETSID] = 156,
	[VDSOGEN_UNAME] = 160, [VDSOGEN_GETPID] = 172, [VDSOGEN_GETPPID] = 173,
	[VDSOGEN_GETUID] = 174, [VDSOGEN_GETEUID] = 175, [VDSOGEN_GETGID] = 176,
	[VDSOGEN_GETEGID] = 177, [VDSOGEN_GETTID] = 178,
};

/* w5 is a field as it is shown; returns it, or goes where it is not known. */
static void return_shown(struct vg_asm *a, vg_label slow)
{
	a64_subs_imm(a, A64_W, X5, X5, 1);
	a64_b_cond(a, A64_LO, slow);
	a64_mov(a, X0, X5);
	a64_ret(a);
}

/* pid_t getpid(void) and so on; pid_t getsid(pid_t w0); int getpriority(int w0, id_t w1) */
void a64_identity(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a);

	a64_heed_attention(code, slow);
	if (vg_id_arguments(code->function) > 0)
		a64_cbnz(a, A64_W, X0, slow);
	if (vg_id_arguments(code->function) > 1)
		a64_cbnz(a, A64_W, X1, slow);
	a64_adr(a, X5, VG_PROCESS, vg_shown(code->function));
	a64_ldr(a, A64_W, X5, X5, 0);
	return_shown(a, slow);
	vg_bind(a, slow);
	a64_fallback(code, numbers[code->function]);
}

/* w2 is the count, even; x3 the block. */
static void open_process(struct vg_asm *a, vg_label slow)
{
	a64_adr(a, X3, VG_PROCESS, 0);
	a64_ldar(a, A64_W, X2, X3);
	a64_tbnz(a, X2, 0, slow);
}
_Static_assert(VG_ID(seq) == 0, "ldar has no offset");

/* uid_t getuid(void) and so on. Changes are rare: a reader that meets one does not wait. */
void a64_credential(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a);

	a64_heed_attention(code, slow);
	open_process(a, slow);
	a64_ldr(a, A64_W, X5, X3, vg_shown(code->function));
	a64_and(a, X13, X5, XZR);
	a64_ldr_reg(a, X14, X3, X13);
	a64_cmp(a, A64_W, X14, X2);
	a64_b_cond(a, A64_NE, slow);
	return_shown(a, slow);
	vg_bind(a, slow);
	a64_fallback(code, numbers[code->function]);
}

enum { WORD = 8, LAST_WORD = sizeof(struct vdsogen_utsname) - WORD };

static void copy_word(struct vg_asm *a)
{
	a64_ldr_x_reg(a, X7, X4, X6);
	a64_str_x_reg(a, X7, X0, X6);
}

/*
 * int uname(struct new_utsname *x0): word by word, and the last word once more
 * for what is left. A copy that turns out to be torn is overwritten by the fallback.
 */
void a64_uname(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a), next = vg_new(a);

	a64_heed_attention(code, slow);
	open_process(a, slow);
	a64_ldr(a, A64_W, X5, X3, VG_ID(shown[VDSOGEN_UTSNAME]));
	a64_cbz(a, A64_W, X5, slow);
	a64_add_imm(a, A64_X, X4, X3, VG_ID(uts));
	a64_movz(a, A64_X, X6, 0, 0);
	vg_bind(a, next);
	copy_word(a);
	a64_add_imm(a, A64_X, X6, X6, WORD);
	a64_cmp_imm(a, A64_X, X6, LAST_WORD);
	a64_b_cond(a, A64_LO, next);
	a64_movz(a, A64_X, X6, LAST_WORD, 0);
	copy_word(a);
	a64_dmb_ishld(a);
	a64_ldr(a, A64_W, X14, X3, VG_ID(seq));
	a64_cmp(a, A64_W, X14, X2);
	a64_b_cond(a, A64_NE, slow);
	a64_movz(a, A64_W, X0, 0, 0);
	a64_ret(a);
	vg_bind(a, slow);
	a64_fallback(code, numbers[code->function]);
}
