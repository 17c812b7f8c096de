/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules about DT_HASH and DT_GNU_HASH. */
#include <elf.h>
#include <inttypes.h>

#include "check.h"

/* ------------------------------------------------------------- DT_HASH -- */

struct hash {
	const struct image *image;
	unsigned int word;	/* bytes of a word */
	uint64_t buckets, chains, bucket_at, chain_at;
};

/* False unless the whole table is in the image. */
static bool hash_open(const struct image *image, struct hash *h)
{
	uint64_t at = image->tag[TAG_HASH].at, all = image->source->size;

	*h = (struct hash){ .image = image };
	h->word = image->machine ? image->machine->hash_word : sizeof(Elf64_Word);
	if (!image->tag[TAG_HASH].inside || !image_inside(image, at, 2 * h->word))
		return false;
	h->buckets = image_word(image, at, h->word);
	h->chains = image_word(image, at + h->word, h->word);
	h->bucket_at = at + 2 * h->word;
	h->chain_at = h->bucket_at + h->buckets * h->word;
	return h->buckets <= all && h->chains <= all &&
	       image_inside(image, h->bucket_at, (h->buckets + h->chains) * h->word);
}

static uint64_t hash_bucket(const struct hash *h, uint64_t i)
{
	return image_word(h->image, h->bucket_at + i * h->word, h->word);
}

static uint64_t hash_chain(const struct hash *h, uint64_t i)
{
	return image_word(h->image, h->chain_at + i * h->word, h->word);
}

enum outcome check_hash(const struct image *image, struct finding *f)
{
	if (!image->dynamic_inside)
		return MOOT;
	return image->tag[TAG_HASH].given ? HOLDS : failed(f, "there is no DT_HASH");
}

enum outcome check_hash_any(const struct image *image, struct finding *f)
{
	if (!image->dynamic_inside)
		return MOOT;
	return image->tag[TAG_HASH].given || image->tag[TAG_GNU_HASH].given ? HOLDS :
	       failed(f, "there is neither DT_HASH nor DT_GNU_HASH");
}

enum outcome check_hash_sound(const struct image *image, struct finding *f)
{
	const struct tag_value *tag = &image->tag[TAG_HASH];
	uint64_t steps = 0;
	struct hash h;

	if (!tag->given)
		return MOOT;
	if (!hash_open(image, &h))
		return failed(f, "DT_HASH at 0x%" PRIx64 ", with %" PRIu64 " buckets and %" PRIu64
			      " chains, ends outside of the image (%zu bytes)", tag->value,
			      h.buckets, h.chains, image->source->size);
	if (!h.buckets)
		return failed(f, "DT_HASH has no buckets");
	for (uint64_t b = 0; b < h.buckets; b++)
		for (uint64_t i = hash_bucket(&h, b); i; i = hash_chain(&h, i)) {
			if (i >= h.chains)
				return failed(f,
					      "bucket %" PRIu64
					      " of DT_HASH leads to symbol %" PRIu64 " of %" PRIu64,
					      b, i, h.chains);
			/* no symbol is in two chains, so there are no more steps than symbols */
			if (steps++ > h.chains)
				return failed(f, "bucket %" PRIu64 " of DT_HASH never ends", b);
		}
	return HOLDS;
}

enum outcome check_hash_aligned(const struct image *image, struct finding *f)
{
	uint64_t address = image->tag[TAG_HASH].value;
	unsigned int word = image->machine ? image->machine->hash_word : sizeof(Elf64_Word);

	if (!image->tag[TAG_HASH].inside)
		return MOOT;
	return !(address % word) ? HOLDS :
	       failed(f, "DT_HASH is 0x%" PRIx64 ", not a multiple of %u", address, word);
}

/* The next table after the symbols, which bounds their number. */
static uint64_t symbols_end(const struct image *image)
{
	uint64_t end = image->source->size;

	for (unsigned int i = 0; i < TAGS; i++)
		if (image->tag[i].inside && image->tag[i].at > image->symtab &&
		    image->tag[i].at < end)
			end = image->tag[i].at;
	return end;
}

enum outcome check_hash_counts(const struct image *image, struct finding *f)
{
	uint64_t room = (symbols_end(image) - image->symtab) / sizeof(Elf64_Sym);
	struct hash h;

	if (!image->tag[TAG_SYMTAB].inside || !hash_open(image, &h))
		return MOOT;
	return h.chains && h.chains <= room
		       ? HOLDS
		       : failed(f,
				"DT_HASH has %" PRIu64 " chains, but there is room for %" PRIu64
				" symbols",
				h.chains, room);
}

static bool found_by_hash(const struct hash *h, size_t index, const char *name)
{
	uint64_t steps = 0;

	for (uint64_t i = hash_bucket(h, elf_hash(name) % h->buckets); i && i < h->chains &&
	     steps++ <= h->chains; i = hash_chain(h, i))
		if (i == index)
			return true;
	return false;
}

/* ------------------------------------------------------------- GNU hash -- */

enum { WORD = sizeof(Elf64_Word), FILTER_WORD = sizeof(Elf64_Xword), FILTER_BITS = 64 };

struct gnu_hash {
	const struct image *image;
	uint32_t buckets, first, masks, shift;
	uint64_t mask_at, bucket_at, chain_at, chains;	/* chains: as many as fit */
};

static bool gnu_hash_open(const struct image *image, struct gnu_hash *h)
{
	uint32_t header[4];
	uint64_t at = image->tag[TAG_GNU_HASH].at;

	*h = (struct gnu_hash){ .image = image };
	if (!image->tag[TAG_GNU_HASH].inside ||
	    !image_read(image, at, ELF_T_WORD, header, sizeof header))
		return false;
	h->buckets = header[0];
	h->first = header[1];
	h->masks = header[2];
	h->shift = header[3];
	h->mask_at = at + sizeof header;
	h->bucket_at = h->mask_at + (uint64_t)h->masks * FILTER_WORD;
	h->chain_at = h->bucket_at + (uint64_t)h->buckets * WORD;
	if (!image_inside(image, h->chain_at, 0))
		return false;
	h->chains = (image->source->size - h->chain_at) / WORD;
	return true;
}

static uint32_t gnu_bucket(const struct gnu_hash *h, uint64_t i)
{
	return (uint32_t)image_word(h->image, h->bucket_at + i * WORD, WORD);
}

static uint32_t gnu_chain(const struct gnu_hash *h, uint64_t i)
{
	return (uint32_t)image_word(h->image, h->chain_at + i * WORD, WORD);
}

enum outcome check_gnu_hash_sound(const struct image *image, struct finding *f)
{
	const struct tag_value *tag = &image->tag[TAG_GNU_HASH];
	uint64_t steps = 0;
	struct gnu_hash h;

	if (!tag->given)
		return MOOT;
	if (!gnu_hash_open(image, &h))
		return failed(f,
			      "DT_GNU_HASH at 0x%" PRIx64 ", with %u filter words and %u buckets, "
			      "ends outside of the image (%zu bytes)",
			      tag->value, h.masks, h.buckets, image->source->size);
	if (!h.buckets)
		return failed(f, "DT_GNU_HASH has no buckets");
	for (uint32_t b = 0; b < h.buckets; b++) {
		uint64_t i = gnu_bucket(&h, b);

		if (!i)
			continue;
		if (i < h.first)
			return failed(f, "bucket %u of DT_GNU_HASH is symbol %" PRIu64
				      ", before the first, %u", b, i, h.first);
		do {
			if (i - h.first >= h.chains)
				return failed(f, "bucket %u of DT_GNU_HASH leads out of the image",
					      b);
			if (steps++ > h.chains)
				return failed(f, "bucket %u of DT_GNU_HASH shares its chain", b);
		} while (!(gnu_chain(&h, i++ - h.first) & 1));
		if (i > image->symbols && image->symbols)
			return failed(f,
				      "bucket %u of DT_GNU_HASH leads to symbol %" PRIu64 " of %zu",
				      b, i - 1, image->symbols);
	}
	return HOLDS;
}

enum outcome check_gnu_hash_aligned(const struct image *image, struct finding *f)
{
	uint64_t address = image->tag[TAG_GNU_HASH].value;

	if (!image->tag[TAG_GNU_HASH].inside)
		return MOOT;
	return !(address % FILTER_WORD)
		       ? HOLDS
		       : failed(f, "DT_GNU_HASH is 0x%" PRIx64 ", not a multiple of %u", address,
				FILTER_WORD);
}

enum outcome check_gnu_hash_mask(const struct image *image, struct finding *f)
{
	struct gnu_hash h;

	if (!gnu_hash_open(image, &h))
		return MOOT;
	return h.masks && !(h.masks & (h.masks - 1)) ? HOLDS :
	       failed(f, "the filter of DT_GNU_HASH has %u words, not a power of two", h.masks);
}

static uint32_t gnu_hash_of(const char *name)
{
	return (uint32_t)elf_gnu_hash(name);
}

static bool passes_filter(const struct gnu_hash *h, const char *name)
{
	uint32_t hash = gnu_hash_of(name);
	uint64_t at = h->mask_at + (uint64_t)(hash / FILTER_BITS & (h->masks - 1)) * FILTER_WORD;
	uint64_t word = image_word(h->image, at, FILTER_WORD);
	uint32_t second = h->shift < 32 ? hash >> h->shift : 0;

	return word >> hash % FILTER_BITS & word >> second % FILTER_BITS & 1;
}

static bool found_by_gnu_hash(const struct gnu_hash *h, size_t index, const char *name)
{
	uint32_t hash = gnu_hash_of(name), seen;
	uint64_t i = gnu_bucket(h, hash % h->buckets);

	if (!i || i < h->first)
		return false;
	do {
		if (i - h->first >= h->chains)
			return false;
		seen = gnu_chain(h, i - h->first);
		if (i++ == index)
			return (seen | 1) == (hash | 1);
	} while (!(seen & 1));
	return false;
}

/* -------------------------------------------- the functions that are wanted -- */

enum table { BY_HASH, BY_GNU_HASH, BY_FILTER };

static bool finds(const struct image *image, enum table table, unsigned int function,
		  const char *name)
{
	size_t index = image->function[function].index;
	struct gnu_hash gnu;
	struct hash hash;

	if (table == BY_HASH)
		return !hash_open(image, &hash) || !hash.buckets ||
		       found_by_hash(&hash, index, name);
	if (!gnu_hash_open(image, &gnu) || !gnu.buckets || !gnu.masks)
		return true;	/* the rule that it be sound says so */
	return table == BY_FILTER ? passes_filter(&gnu, name) :
	       found_by_gnu_hash(&gnu, index, name);
}

static enum outcome all_found(const struct image *image, enum table table, struct finding *f)
{
	static const char *const words[] = {
		[BY_HASH] = "is not found by DT_HASH",
		[BY_GNU_HASH] = "is not found by DT_GNU_HASH",
		[BY_FILTER] = "does not pass the filter of DT_GNU_HASH",
	};
	char buffer[MACHINE_NAME_SIZE];
	const char *name;

	if (!image->machine || !image->tag[table == BY_HASH ? TAG_HASH : TAG_GNU_HASH].inside)
		return MOOT;
	for (unsigned int i = 0; i < VDSOGEN_FUNCTIONS; i++) {
		if (!image->function[i].found)
			continue;
		name = machine_symbol(image->machine, i, buffer);
		if (!finds(image, table, i, name))
			return failed(f, "%s, symbol %zu, %s", name, image->function[i].index,
				      words[table]);
	}
	return HOLDS;
}

enum outcome check_hash_finds(const struct image *image, struct finding *f)
{
	return all_found(image, BY_HASH, f);
}

enum outcome check_gnu_hash_finds(const struct image *image, struct finding *f)
{
	return all_found(image, BY_GNU_HASH, f);
}

enum outcome check_gnu_hash_filter(const struct image *image, struct finding *f)
{
	return all_found(image, BY_FILTER, f);
}
