/* SPDX-License-Identifier: BSD-2-Clause */
/* The data blocks of an image of ours: where they are, and what those inside say. */
#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "show.h"

void view_blocks(const struct view *v, struct block blocks[BLOCKS])
{
	const struct vdsogen_config *c = &v->image.config;
	bool data = c->data == VDSOGEN_DATA_INSIDE, process = c->process == VDSOGEN_DATA_INSIDE;

	memset(blocks, 0, BLOCKS * sizeof *blocks);
	if (!v->ours)
		return;
	blocks[CLOCK_BLOCK] = (struct block){ "clock block", v->image.clock,
					      sizeof(struct vdsogen_clock), data };
	if (v->image.random)
		blocks[RANDOM_BLOCK] = (struct block){ "random block", v->image.random,
						       sizeof(struct vdsogen_random), data };
	if (v->image.process)
		blocks[PROCESS_BLOCK] = (struct block){ "process block", v->image.process,
							sizeof(struct vdsogen_process), process };
}

void view_copy_block(const struct view *v, const struct block *block, void *to)
{
	memcpy(to, v->source->bytes + block->at, block->size);
}

/* -------------------------------------------------------------- random -- */

void show_random(const struct vdsogen_random *r)
{
	printf("    ready            %s\n", r->ready ? "yes" : "no: the fallback answers");
	printf("    generation       %" PRIu64 "\n", le64toh(r->generation));
	printf("    states           mmap with prot 0x%" PRIx32 ", flags 0x%" PRIx32 "\n",
	       le32toh(r->prot), le32toh(r->flags));
}

/* ------------------------------------------------------------- process -- */

#define HIDDEN ", hidden: a vfork child shares the block"

/* What readers are shown, or would be. */
static void print_field(const struct vdsogen_process *p, enum vdsogen_field field, const char *name)
{
	uint32_t shown = le32toh(p->shown[field]), own = le32toh(p->own[field]);
	uint32_t word = shown ? shown : own;

	printf("    %-16s ", name);
	if (!word)
		puts("unknown: the fallback answers");
	else if (field == VDSOGEN_NICE)		/* 20 - nice + 1 */
		printf("%" PRId32 "%s\n", (int32_t)(21 - word), shown ? "" : HIDDEN);
	else
		printf("%" PRIu32 "%s\n", word - 1, shown ? "" : HIDDEN);
}

static void print_uts_name(const char *label, const char *name)
{
	char text[VDSOGEN_UTS_SIZE + 1] = "";

	memcpy(text, name, VDSOGEN_UTS_SIZE);
	printf("      %-14s ", label);
	print_name(text);
	putchar('\n');
}

static void print_names(const struct vdsogen_process *p)
{
	struct vdsogen_utsname uts;

	if (!p->shown[VDSOGEN_UTSNAME] && !p->own[VDSOGEN_UTSNAME]) {
		puts("    names            unknown: the fallback answers");
		return;
	}
	printf("    names            known%s\n", p->shown[VDSOGEN_UTSNAME] ? "" : HIDDEN);
	memcpy(&uts, p->uts, sizeof uts);
	print_uts_name("sysname", uts.sysname);
	print_uts_name("nodename", uts.nodename);
	print_uts_name("release", uts.release);
	print_uts_name("version", uts.version);
	print_uts_name("machine", uts.machine);
	print_uts_name("domainname", uts.domainname);
}

void show_process(const struct vdsogen_process *p)
{
	static const char *const names[] = {
		[VDSOGEN_PID] = "pid", [VDSOGEN_PPID] = "ppid", [VDSOGEN_TID] = "tid",
		[VDSOGEN_PGID] = "pgid", [VDSOGEN_SID] = "sid", [VDSOGEN_NICE] = "nice",
		[VDSOGEN_UID] = "uid", [VDSOGEN_EUID] = "euid", [VDSOGEN_GID] = "gid",
		[VDSOGEN_EGID] = "egid",
	};
	uint32_t seq = le32toh(p->seq);

	printf("    sequence count   %" PRIu32 ": %s\n", seq,
	       seq & 1 ? "a publisher is at work, or died at work" : "readable");
	for (unsigned int f = 0; f < VDSOGEN_UTSNAME; f++)
		print_field(p, f, names[f]);
	print_names(p);
	printf("    shared with      %" PRIu32 " vfork children\n", le32toh(p->shared));
}

/* ----------------------------------------------------------------- all -- */

static void print_outside(const char *name, int64_t at, uint64_t size)
{
	printf("  %s, %" PRIu64 " bytes, not shown: %" PRIu64 " bytes %s the start of the image\n",
	       name, size, (uint64_t)(at < 0 ? -at : at), at < 0 ? "before" : "behind");
}

static void show_block(const struct view *v, unsigned int which, const struct block *block)
{
	struct vdsogen_clock clock;
	struct vdsogen_random random;
	struct vdsogen_process process;

	printf("  0x%06" PRIx64 "  %s, %" PRIu64 " bytes\n", (uint64_t)block->at, block->name,
	       block->size);
	switch (which) {
	case CLOCK_BLOCK:
		view_copy_block(v, block, &clock);
		show_clock(v, &clock);
		break;
	case RANDOM_BLOCK:
		view_copy_block(v, block, &random);
		show_random(&random);
		break;
	case PROCESS_BLOCK:
		view_copy_block(v, block, &process);
		show_process(&process);
	}
}

void show_data(const struct view *v)
{
	struct block blocks[BLOCKS];

	puts("\nData");
	view_blocks(v, blocks);
	for (unsigned int b = 0; b < BLOCKS; b++)
		if (blocks[b].inside)
			show_block(v, b, &blocks[b]);
		else if (blocks[b].size)
			print_outside(blocks[b].name, blocks[b].at, blocks[b].size);
	if (v->image.config.getcpu == VDSOGEN_GETCPU_WORD)
		print_outside("word of getcpu", v->image.config.getcpu_at, sizeof(uint32_t));
}
