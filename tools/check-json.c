/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdicts for programs: one JSON object (RFC 8259). */
#include "check.h"

/* A file's name may be in any encoding: bytes that are not ASCII are escaped one by one. */
static void print_string(FILE *out, const char *s)
{
	putc('"', out);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c > '~')
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void print_member(FILE *out, const char *key, const char *value)
{
	fprintf(out, "\"%s\": ", key);
	print_string(out, value);
}

static void print_finding(FILE *out, const struct check *check, const struct reader *reader,
			  const struct demand *d)
{
	const struct finding *finding = &check->finding[d->rule];

	fputs("\n\t\t\t{ ", out);
	print_member(out, "rule", check_rules[d->rule].name);
	fputs(", ", out);
	print_member(out, "demand", check_rules[d->rule].demand);
	fputs(", ", out);
	print_member(out, "outcome",
		     finding->outcome == FAILS	 ? check_verdict_name(d->consequence)
		     : finding->outcome == HOLDS ? "holds"
						 : "moot");
	if (finding->outcome == FAILS) {
		fputs(",\n\t\t\t  ", out);
		print_member(out, "found", finding->found);
		fputs(", ", out);
		print_member(out, "cost", d->cost);
		fputs(", ", out);
		print_member(out, "source", d->source ? d->source : reader->source);
	}
	fputs(" }", out);
}

static void print_reader(FILE *out, const struct check *check, const struct reader *reader,
			 bool verbose)
{
	enum verdict verdict = check_verdict(check, reader);
	const char *before = "";

	fputs("\t\t{ ", out);
	print_member(out, "reader", reader->name);
	fputs(", ", out);
	print_member(out, "what", reader->what);
	fputs(", ", out);
	print_member(out, "verdict", check_verdict_name(verdict));
	fputs(", \"rules\": [", out);
	for (unsigned int i = 0; i < DEMAND_LISTS && reader->demands[i] &&
	     verdict != NOT_FOR_THIS_MACHINE; i++)
		for (const struct demand *d = reader->demands[i]; d->cost; d++) {
			if (!check_applies(check, d) ||
			    (!verbose && check->finding[d->rule].outcome != FAILS))
				continue;
			fputs(before, out);
			before = ",";
			print_finding(out, check, reader, d);
		}
	fputs(*before ? "\n\t\t] }" : "] }", out);
}

void check_print_json(FILE *out, const struct check *check, const bool *chosen, bool verbose)
{
	const struct image *image = check->image;
	const char *before = "";

	fputs("{\n\t", out);
	print_member(out, "image", image->source->name);
	fputs(",\n\t\"machine\": ", out);
	if (image->machine)
		print_string(out, image->machine->name);
	else
		fputs("null", out);
	fprintf(out, ",\n\t\"bytes\": %zu,\n\t\"readers\": [\n", image->source->size);
	for (unsigned int i = 0; i < check_reader_count; i++) {
		if (!chosen[i])
			continue;
		fputs(before, out);
		before = ",\n";
		print_reader(out, check, &check_readers[i], verbose);
	}
	fputs("\n\t]\n}\n", out);
}
