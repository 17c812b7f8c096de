/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of rules, and the judgement by all of them. */
#include <stdarg.h>

#include "check.h"

const struct rule check_rules[RULES] = {
#define RULE(name, demand) [RULE_##name] = { #name, demand, check_##name },
#include "check-rules.def"
#undef RULE
};

enum outcome failed(struct finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->found, sizeof finding->found, format, args);
	va_end(args);
	return FAILS;
}

void check_judge(struct check *check, const struct image *image)
{
	check->image = image;
	for (unsigned int i = 0; i < RULES; i++) {
		struct finding *f = &check->finding[i];

		f->found[0] = '\0';
		f->outcome =
			image->wide || i == RULE_elf_wide ? check_rules[i].judge(image, f) : MOOT;
	}
}

bool check_applies(const struct check *check, const struct demand *d)
{
	const struct image *image = check->image;

	if (d->machine && (!image->machine || d->machine != image->machine->number))
		return false;
	return d->when == ALWAYS ||
	       !image->tag[d->when == WITHOUT_HASH ? TAG_HASH : TAG_GNU_HASH].given;
}

enum verdict check_verdict(const struct check *check, const struct reader *reader)
{
	const struct machine *machine = check->image->machine;
	enum verdict worst = ACCEPTED;

	if (reader->machine && machine && machine->number != reader->machine)
		return NOT_FOR_THIS_MACHINE;
	for (unsigned int i = 0; i < DEMAND_LISTS && reader->demands[i]; i++)
		for (const struct demand *d = reader->demands[i]; d->cost; d++)
			if (check_applies(check, d) && d->consequence > worst &&
			    check->finding[d->rule].outcome == FAILS)
				worst = d->consequence;
	return worst;
}
