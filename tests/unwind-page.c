/* SPDX-License-Identifier: BSD-2-Clause */
/* A page to unwind from, and what is the architecture's and libgcc's own about that. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "host.h"
#include "unwind-page.h"

/* -------------------------------------------------------------------------
 * Mapping. One mapping to write and to run: an emulator notices the writes.
 */
static bool find_given(struct page *page)
{
	unsigned long base = getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)base;
	const Elf64_Phdr *load;

	if (!base)
		return false;
	load = (const Elf64_Phdr *)(base + header->e_phoff);	/* the first, in images of the library */
	page->code = (uint8_t *)base;
	page->size = load->p_memsz;
	return !vdsogen_open(page->code, page->size, &page->image);
}

void page_find(struct page *page, uint32_t options)
{
	const struct vdsogen_config config = {
		.functions = vdsogen_arch_functions(host_arch()), .options = options,
		.getcpu = VDSOGEN_GETCPU_ZERO
	};
	int error;

	memset(page, 0, sizeof *page);
	if (find_given(page))
		return;
	page->size = 0;
	page->ours = true;
	error = vdsogen_build(host_arch(), &config, NULL, &page->size);
	page->code = mmap(NULL, page->size, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page->code == MAP_FAILED)
		skip("memory that is writable and executable is not to be had here");
	if (!error)
		error = vdsogen_build(host_arch(), &config, page->code, &page->size);
	if (!error)
		error = vdsogen_open(page->code, page->size, &page->image);
	if (error)
		fail("%s", vdsogen_strerror(error));
	__builtin___clear_cache((char *)page->code, (char *)page->code + page->size);
}

void page_start(struct page *page)
{
	struct vdsogen_source source = { .hz = host_counter_hz(), .res_coarse = host_res_coarse() };
	const struct vdsogen_identity identity = { .known = (1u << VDSOGEN_FIELDS) - 1 };
	struct vdsogen_sample sample;
	int error;

	host_sample(&sample);
	error = vdsogen_clock_start((struct vdsogen_clock *)(page->code + page->image.clock), &source,
				    &sample);
	if (!error)
		error = vdsogen_process_set((struct vdsogen_process *)(page->code +
					    page->image.process), &identity);
	if (!error && page->image.random)
		error = vdsogen_random_start((struct vdsogen_random *)(page->code +
					     page->image.random), 0, 0);
	if (error)
		fail("cannot start: %s", vdsogen_strerror(error));
}

void page_forget(struct page *page)
{
	if (page->ours)
		munmap(page->code, page->size);
}

unsigned int page_function_at(const struct page *page, uintptr_t address)
{
	uintptr_t at = address - (uintptr_t)page->code;
	unsigned int f = 0;

	while (f < VDSOGEN_FUNCTIONS && (at < page->image.function[f].at ||
	       at >= page->image.function[f].at + page->image.function[f].size))
		f++;
	return f;
}

bool page_has_slots(const struct page *page)
{
	return page->image.config.options & VDSOGEN_SLOTS;
}

bool page_is_slot(const struct page *page, uintptr_t address)
{
	uintptr_t at = address - (uintptr_t)page->code;

	return page_has_slots(page) && at >= VDSOGEN_SLOTS_AT &&
	       at < VDSOGEN_SLOT(VDSOGEN_FUNCTIONS);
}

/* -------------------------------------------------------------------------
 * libgcc.
 */
void __register_frame(void *begin);
void __deregister_frame(void *begin);

static struct page *found_by_header;
static unsigned long lookups;

static uint8_t *eh_frame_hdr(const struct page *page)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)page->code;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(page->code + header->e_phoff);

	for (unsigned int i = 0; i < header->e_phnum; i++)
		if (ph[i].p_type == PT_GNU_EH_FRAME)
			return page->code + ph[i].p_vaddr;
	fail("no PT_GNU_EH_FRAME");
	return NULL;
}

/* The header's second word: from there to the first record. */
static void *eh_frame(const struct page *page)
{
	uint8_t *from = eh_frame_hdr(page) + sizeof(uint32_t);
	int32_t distance;

	memcpy(&distance, from, sizeof distance);
	return from + distance;
}

#if defined DLFO_STRUCT_HAS_EH_DBASE && defined WRAPPED
/* What libgcc asks of the dynamic linker; the program is linked with --wrap. */
int __real__dl_find_object(void *address, struct dl_find_object *result);
int __wrap__dl_find_object(void *address, struct dl_find_object *result);

int __wrap__dl_find_object(void *address, struct dl_find_object *result)
{
	struct page *page = found_by_header;

	if (!page || (uint8_t *)address < page->code || (uint8_t *)address >= page->code + page->size)
		return __real__dl_find_object(address, result);
	lookups++;
	memset(result, 0, sizeof *result);
	result->dlfo_map_start = page->code;
	result->dlfo_map_end = page->code + page->size;
	result->dlfo_eh_frame = eh_frame_hdr(page);
	return 0;
}

bool page_can_be_found_by_header(void)
{
	return true;
}
#else
bool page_can_be_found_by_header(void)
{
	return false;
}
#endif

void page_register(struct page *page, bool by_header)
{
	if (!page->ours)
		return;
	if (by_header)
		found_by_header = page;
	else
		__register_frame(eh_frame(page));
}

void page_unregister(struct page *page)
{
	if (page->ours && !found_by_header)
		__deregister_frame(eh_frame(page));
	found_by_header = NULL;
}

unsigned long page_lookups(void)
{
	return lookups;
}

/* -------------------------------------------------------------------------
 * The processor.
 */
#if defined __x86_64__
const int step_signal = SIGTRAP;
const unsigned long step_flag = 1u << 8;	/* TF */

__asm__(".text\n"
	".globl page_call\n"
	".type page_call, @function\n"
	"page_call:\n"
	"	.cfi_startproc\n"
	"	sub $8, %rsp\n"			/* and the stack is aligned to 16 */
	"	.cfi_adjust_cfa_offset 8\n"
	"	mov %rdi, %rax\n	mov %rsi, %r10\n"
	"	pushf\n			.cfi_adjust_cfa_offset 8\n"
	"	or %rdx, (%rsp)\n"
	"	mov (%r10), %rdi\n	mov 8(%r10), %rsi\n"
	"	mov 16(%r10), %rdx\n	mov 24(%r10), %rcx\n"
	"	mov 32(%r10), %r8\n"
	"	popf\n			.cfi_adjust_cfa_offset -8\n"
	"	movq $0, -16(%rsp)\n"		/* no old return address is below, to be */
	"	movq $0, -24(%rsp)\n"		/* found by a frame address that is wrong */
	"	movq $0, -64(%rsp)\n"
	"	call *%rax\n"
	".globl page_return\n"
	"page_return:\n"
	"	pushf\n			.cfi_adjust_cfa_offset 8\n"
	"	andq $~0x100, (%rsp)\n"
	"	popf\n			.cfi_adjust_cfa_offset -8\n"
	"	add $8, %rsp\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size page_call, . - page_call\n");

uintptr_t context_pc(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
}

bool steps_are_possible(const struct page *page)
{
	(void)page;
	return true;
}

void steps_begin(struct page *page)
{
	(void)page;
}

void steps_go_on(struct page *page, uintptr_t address)
{
	(void)page, (void)address;
}

void steps_end(struct page *page)
{
	(void)page;
}
#elif defined __aarch64__
const int step_signal = SIGILL;
const unsigned long step_flag;

#define INSN 4

static uint8_t whole[4 * VDSOGEN_PAGE];	/* the page without traps */

__asm__(".text\n"
	".globl page_call\n"
	".type page_call, %function\n"
	"page_call:\n"
	"	.cfi_startproc\n"
	"	stp x29, x30, [sp, #-16]!\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset 29, -16\n"
	"	.cfi_offset 30, -8\n"
	"	mov x16, x0\n	mov x17, x1\n"
	"	ldp x0, x1, [x17]\n	ldp x2, x3, [x17, #16]\n"
	"	ldr x4, [x17, #32]\n"
	"	stp xzr, xzr, [sp, #-16]\n"	/* no old return address is below, to be */
	"	stp xzr, xzr, [sp, #-32]\n"	/* found by a frame address that is wrong */
	"	blr x16\n"
	".globl page_return\n"
	"page_return:\n"
	"	ldp x29, x30, [sp], #16\n"
	"	.cfi_restore 30\n"
	"	.cfi_restore 29\n"
	"	.cfi_def_cfa_offset 0\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size page_call, . - page_call\n");

uintptr_t context_pc(const ucontext_t *context)
{
	return (uintptr_t)context->uc_mcontext.pc;
}

bool steps_are_possible(const struct page *page)
{
	return page->ours;
}

static void put(struct page *page, uint32_t at, const uint8_t *insn)
{
	memcpy(page->code + at, insn, INSN);
	__builtin___clear_cache((char *)page->code + at, (char *)page->code + at + INSN);
}

typedef void place_fn(struct page *page, uint32_t at);

/* Not in rt_sigreturn: unwinders know it by its instructions. */
static void each_place(struct page *page, place_fn *fn)
{
	for (unsigned int f = 0; f < VDSOGEN_FUNCTIONS; f++) {
		const struct vdsogen_entry *e = &page->image.function[f];

		for (uint32_t at = e->at; f != VDSOGEN_RT_SIGRETURN && at < e->at + e->size; at += INSN)
			fn(page, at);
	}
	for (uint32_t at = VDSOGEN_SLOTS_AT; page_has_slots(page) &&
	     at < VDSOGEN_SLOT(VDSOGEN_FUNCTIONS); at += INSN)
		fn(page, at);
}

static void put_trap(struct page *page, uint32_t at)
{
	static const uint8_t udf[INSN];	/* udf #0 */

	put(page, at, udf);
}

static void put_back(struct page *page, uint32_t at)
{
	put(page, at, whole + at);
}

void steps_begin(struct page *page)
{
	memcpy(whole, page->code, page->size);
	each_place(page, put_trap);
}

void steps_go_on(struct page *page, uintptr_t address)
{
	put_back(page, (uint32_t)(address - (uintptr_t)page->code));
}

void steps_end(struct page *page)
{
	each_place(page, put_back);
}
#else
#error "no way to trap known for this architecture: add it here"
#endif
