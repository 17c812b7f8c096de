/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who the process is, from struct vdsogen_process. x86 shows a publisher's stores
 * in their order and does loads in theirs, so a field between two equal, even
 * counts is of one state; and who has seen a count sees no older one later.
 */
#include "x86_64-code.h"
#include "x86_64-insn.h"

/* System call numbers: Linux arch/x86/entry/syscalls/syscall_64.tbl. */
static const uint16_t numbers[VDSOGEN_FUNCTIONS] = {
	[VDSOGEN_GETPID] = 39, [VDSOGEN_UNAME] = 63, [VDSOGEN_GETUID] = 102, [VDSOGEN_GETGID] = 104,
	[VDSOGEN_GETEUID] = 107, [VDSOGEN_GETEGID] = 108, [VDSOGEN_GETPPID] = 110,
	[VDSOGEN_GETPGID] = 121, [VDSOGEN_GETSID] = 124, [VDSOGEN_GETPRIORITY] = 140,
	[VDSOGEN_GETTID] = 186,
};

/* eax is a field as it is shown; returns it, or goes where it is not known. */
static void return_shown(struct vg_asm *a, vg_label slow)
{
	x64_alu_imm(a, X64_SUB, X64_32, x64_r(RAX), 1);
	x64_jcc_short(a, X64_B, slow);
	x64_ret(a);
}

/* pid_t getpid(void) and so on; pid_t getsid(pid_t edi); int getpriority(int edi, id_t esi) */
void x64_identity(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a);

	x64_heed_attention(code, slow);
	if (vg_id_arguments(code->function) == 1) {
		x64_test(a, X64_32, RDI, RDI);
		x64_jcc_short(a, X64_NE, slow);
	} else if (vg_id_arguments(code->function) == 2) {
		x64_mov(a, X64_32, RAX, x64_r(RDI));
		x64_alu(a, X64_OR, X64_32, RAX, x64_r(RSI));
		x64_jcc_short(a, X64_NE, slow);
	}
	x64_mov(a, X64_32, RAX, x64_at(VG_PROCESS, vg_shown(code->function)));
	return_shown(a, slow);
	vg_bind(a, slow);
	x64_fallback(code, numbers[code->function]);
}

/* ecx is the count, even; r8 the block. */
static void open_process(struct vg_asm *a, vg_label slow)
{
	x64_lea(a, R8, x64_at(VG_PROCESS, 0));
	x64_mov(a, X64_32, RCX, x64_mem(R8, VG_ID(seq)));
	x64_test_byte(a, RCX, 1);
	x64_jcc_short(a, X64_NE, slow);
}

static void recheck_process(struct vg_asm *a, vg_label slow)
{
	x64_alu(a, X64_CMP, X64_32, RCX, x64_mem(R8, VG_ID(seq)));
	x64_jcc_short(a, X64_NE, slow);
}

/* uid_t getuid(void) and so on. Changes are rare: a reader that meets one does not wait. */
void x64_credential(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a);

	x64_heed_attention(code, slow);
	open_process(a, slow);
	x64_mov(a, X64_32, RAX, x64_mem(R8, vg_shown(code->function)));
	recheck_process(a, slow);
	return_shown(a, slow);
	vg_bind(a, slow);
	x64_fallback(code, numbers[code->function]);
}

enum { WORD = 8, LAST_WORD = sizeof(struct vdsogen_utsname) - WORD };

/*
 * int uname(struct new_utsname *rdi): word by word, and the last word once more
 * for what is left. A copy that turns out to be torn is overwritten by the fallback.
 */
void x64_uname(const struct vg_code *code)
{
	struct vg_asm *a = code->a;
	vg_label slow = vg_new(a), next = vg_new(a);

	x64_heed_attention(code, slow);
	open_process(a, slow);
	x64_alu_imm(a, X64_CMP, X64_32, x64_mem(R8, VG_ID(shown[VDSOGEN_UTSNAME])), 0);
	x64_jcc_short(a, X64_E, slow);
	x64_alu(a, X64_XOR, X64_32, RDX, x64_r(RDX));
	vg_bind(a, next);
	x64_mov(a, X64_64, RAX, x64_sib(R8, RDX, VG_ID(uts)));
	x64_store(a, X64_64, x64_sib(RDI, RDX, 0), RAX);
	x64_alu_imm(a, X64_ADD, X64_32, x64_r(RDX), WORD);
	x64_alu_imm(a, X64_CMP, X64_32, x64_r(RDX), LAST_WORD);
	x64_jcc_short(a, X64_B, next);
	x64_mov(a, X64_64, RAX, x64_mem(R8, VG_ID(uts) + LAST_WORD));
	x64_store(a, X64_64, x64_mem(RDI, LAST_WORD), RAX);
	recheck_process(a, slow);
	x64_alu(a, X64_XOR, X64_32, RAX, x64_r(RAX));
	x64_ret(a);
	vg_bind(a, slow);
	x64_fallback(code, numbers[code->function]);
}
