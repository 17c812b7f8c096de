/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdicts as text: a line for each reader, and below it what it finds. */
#include "check.h"

const char *check_verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[ACCEPTED] = "accepted", [DEGRADED] = "degraded", [REJECTED] = "rejected",
		[NOT_FOR_THIS_MACHINE] = "not here"
	};

	return names[verdict];
}

static void print_demand(FILE *out, const struct check *check, const struct reader *reader,
			 const struct demand *d, bool verbose)
{
	const struct finding *finding = &check->finding[d->rule];
	const struct rule *rule = &check_rules[d->rule];

	if (!check_applies(check, d))
		return;
	if (finding->outcome == FAILS)
		fprintf(out, "  %s %s: %s; %s (%s)\n", d->consequence == REJECTED ? "!!" : " !",
			rule->name, finding->found, d->cost,
			d->source ? d->source : reader->source);
	else if (verbose)
		fprintf(out, "  %s %s: %s\n", finding->outcome == HOLDS ? "ok" : " -", rule->name,
			rule->demand);
}

static void print_reader(FILE *out, const struct check *check, const struct reader *reader,
			 bool verbose)
{
	enum verdict verdict = check_verdict(check, reader);

	fprintf(out, "%s  %-16s  %s", check_verdict_name(verdict), reader->name, reader->what);
	if (reader->remark)
		fprintf(out, "; %s", reader->remark);
	putc('\n', out);
	if (verdict == NOT_FOR_THIS_MACHINE)
		return;
	for (unsigned int i = 0; i < DEMAND_LISTS && reader->demands[i]; i++)
		for (const struct demand *d = reader->demands[i]; d->cost; d++)
			print_demand(out, check, reader, d, verbose);
}

static void print_summary(FILE *out, const struct check *check, const bool *chosen)
{
	unsigned int count[NOT_FOR_THIS_MACHINE + 1] = { 0 };

	for (unsigned int i = 0; i < check_reader_count; i++)
		if (chosen[i])
			count[check_verdict(check, &check_readers[i])]++;
	fprintf(out, "%u accepted, %u degraded, %u rejected\n", count[ACCEPTED], count[DEGRADED],
		count[REJECTED]);
}

void check_print(FILE *out, const struct check *check, const bool *chosen, bool verbose)
{
	const struct image *image = check->image;

	for (const char *s = image->source->name; *s; s++)
		putc((unsigned char)*s < ' ' || *s == '\177' ? '?' : *s, out);
	if (image->machine)
		fprintf(out, ": %s", image->machine->name);
	else if (image->wide)
		fprintf(out, ": unknown ELF machine %u", image->header.e_machine);
	fprintf(out, ", %zu bytes\n", image->source->size);
	for (unsigned int i = 0; i < check_reader_count; i++)
		if (chosen[i])
			print_reader(out, check, &check_readers[i], verbose);
	print_summary(out, check, chosen);
}
