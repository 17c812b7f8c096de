/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's first instructions. That address translation begins by a register that is set from
 * outside is said not to work on Macs; that it begins from inside, always works. So these are
 * where they are with and without it: at address 0, which user code never has, by a table of their
 * own. Then they go on in the kernel's half, have the tables of user code instead, forget their own,
 * and are done where the shim goes on.
 */
#define _GNU_SOURCE
#include <string.h>

#include "aarch64/assembly.h"
#include "hvf.h"

#define KERNEL_PLACE 0xffffffffffffe000ull	/* far from the shim's pages */
#define SCTLR_MMU 1ull	/* Arm ARM (ARM DDI 0487), D23.2.145 */

ASM_DEFINED extern const uint8_t hvf_start_code[];
ASM_DEFINED extern const struct hvf_start_places {
	uint16_t kernel, end;
} hvf_start_places;

/*
 * x0: SCTLR_EL1, x1: TTBR0_EL1, x2: where the second half is, x3: where the counter's value goes,
 * x4: where to go.
 */
__asm__(ASM_CONST
	".balign 8\n"
	ASM_SYMBOL("hvf_start_code") ":\n"
	L("start") ":\n"
	"	msr sctlr_el1, x0\n"
	"	isb\n"
	"	br x2\n"
	L("start_kernel") ":\n"
	"	msr ttbr0_el1, x1\n"
	"	isb\n"
	"	tlbi vmalle1is\n"	/* also where this thread was a moment ago */
	"	dsb ish\n"
	"	isb\n"
	"	mrs x5, cntvct_el0\n"
	"	str x5, [x3]\n"
	"	br x4\n"
	L("start_end") ":\n"
	".balign 8\n"
	ASM_SYMBOL("hvf_start_places") ":\n"
	"	.short " L("start_kernel") " - " L("start") "\n"
	"	.short " L("start_end") " - " L("start") "\n"
	".popsection\n");

/* Once, before there is another vCPU: `pages` is not changed but for the pages it takes. */
bool hvf_start_create(struct vm *vm, uint8_t *host)
{
	struct pages *pages = &vm->pages;
	const uint64_t user = pages->user;
	bool good;

	memcpy(host, hvf_start_code, hvf_start_places.end);
	vm->start_table = tables_take(&pages->tables);
	if (!vm->start_table)
		return false;
	pages->user = vm->start_table;
	good = pages_add(pages, HVF_START, HVF_START, PAGE_EXEC);
	pages->user = user;
	return good && pages_add(pages, KERNEL_PLACE, HVF_START, PAGE_EXEC);
}

static hv_return_t set(const struct vcpu *vcpu, uint16_t number, uint64_t value)
{
	return hv_vcpu_set_sys_reg(vcpu->hv, number, value);
}

/* What is switched on from inside is given to the instructions above. */
hv_return_t hvf_start_prepare(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	struct shim_register registers[SHIM_REGISTERS];
	unsigned int count = shim_registers(&vm->shim, &vm->pages, &vcpu->shim, HVF_IPA_BITS, registers);
	hv_return_t result = HV_SUCCESS;

	vcpu->starts = true;
	for (unsigned int i = 0; i < count && result == HV_SUCCESS; i++) {
		uint64_t value = registers[i].value;

		if (registers[i].number == SHIM_SCTLR_EL1) {
			vcpu->start_control = value;
			value &= ~SCTLR_MMU;
		}
		result = set(vcpu, registers[i].number, value);
	}
	return result;
}

/*
 * Its PC is set by who enters it. If it was left there, it starts once more: what has been switched
 * on stays so, and with this table address 0 is where it was.
 */
hv_return_t hvf_start_enter(const struct vcpu *vcpu)
{
	const uint64_t arguments[] = { vcpu->start_control, vcpu->vm->pages.user,
				       KERNEL_PLACE + hvf_start_places.kernel,
				       vcpu->shim.stack + offsetof(struct shim_data, measured.counter),
				       shim_resume(&vcpu->vm->shim) };
	const unsigned int count = sizeof arguments / sizeof *arguments;
	hv_return_t result = set(vcpu, SHIM_TTBR0_EL1, vcpu->vm->start_table);

	for (unsigned int i = 0; i < count && result == HV_SUCCESS; i++)
		result = hv_vcpu_set_reg(vcpu->hv, (hv_reg_t)(HV_REG_X0 + i), arguments[i]);
	return result;
}

bool hvf_start_is_over(uint64_t pc)
{
	return pc - HVF_START >= hvf_start_places.end && pc - KERNEL_PLACE >= hvf_start_places.end;
}
