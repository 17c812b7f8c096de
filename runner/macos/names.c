/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls-own.h"
#include "folders.h"
#include "darwin-files.h"
#include "sysroot.h"

/* -------------------------------------------------------------------------
 * Where the program is.
 */

/* A folder of synthetic.h, else NULL. Names are few, and stay: others may be reading them. */
static const char *_Atomic current;
/* Names that begin there may lead to such folders without saying so. */
static _Atomic enum { UNKNOWN, ROOT, ELSEWHERE } current_is;

static bool is_at_root(void)
{
	char name[LINUX_PATH_MAX];

	if (atomic_load(&current_is) == UNKNOWN)
		atomic_store(&current_is,
			     getcwd(name, sizeof name) && !strcmp(sysroot_strip(name), "/")
				     ? ROOT
				     : ELSEWHERE);
	return atomic_load(&current_is) == ROOT;
}

int names_set_folder(const char *synthetic)
{
	char *name = synthetic ? strdup(synthetic) : NULL;

	if (synthetic && !name)
		return -ENOMEM;
	atomic_store(&current_is, UNKNOWN);
	atomic_store(&current, name);
	return 0;
}

void names_save(FILE *to)
{
	const char *synthetic = atomic_load(&current);
	char name[SYNTHETIC_NAME] = "";

	if (synthetic)
		strcpy(name, synthetic);
	fwrite(name, sizeof name, 1, to);
}

int names_restore(FILE *from)
{
	char name[SYNTHETIC_NAME];

	if (fread(name, sizeof name, 1, from) != 1 || !memchr(name, 0, sizeof name))
		return -EIO;
	return names_set_folder(name[0] ? name : NULL);
}

int64_t names_folder(char *name, size_t room)
{
	const char *synthetic = atomic_load(&current);
	char host[LINUX_PATH_MAX];
	size_t size;

	if (!synthetic) {
		if (!getcwd(host, sizeof host))
			return -errno;
		synthetic = sysroot_strip(host);
	}
	size = strlen(synthetic) + 1;
	if (size > room)
		return -ERANGE;
	memcpy(name, synthetic, size);
	return (int64_t)size;
}

/* -------------------------------------------------------------------------
 * The way along a name, where the host cannot go it.
 */
struct walk {
	struct thread *thread;
	struct place *place;
	unsigned int how, links;
	bool absolute;	/* `done` is the program's name, else the host's in place->folder */
	bool slash;	/* it ends with one: what is meant is a folder */
	bool dot;	/* the last component is "." or "..": which cannot be unlinked or made */
	char done[LINUX_PATH_MAX + 1];
	char rest[2 * LINUX_PATH_MAX];
};

static bool is_component(const char *text, size_t length, const char *name)
{
	return strlen(name) == length && !memcmp(text, name, length);
}

static int append(struct walk *walk, const char *component, size_t length)
{
	size_t have = strlen(walk->done);

	if (length > LINUX_NAME_MAX || have + 1 + length > LINUX_PATH_MAX)
		return -ENAMETOOLONG;
	if (walk->absolute || (have && walk->done[have - 1] != '/'))
		walk->done[have++] = '/';
	memcpy(walk->done + have, component, length);
	walk->done[have + length] = 0;
	return 0;
}

static void cut(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	if (!slash)
		walk->done[0] = 0;
	else
		slash[!walk->absolute && slash == walk->done] = 0;
}

static bool is_there(const char *name)
{
	struct stat unused;

	return !fstatat(AT_FDCWD, name, &unused, 0);
}

/* What is to be made is where its folder is: the host's own, if both have one. */
static const char *new_name(const char *name, char *room)
{
	char folder[LINUX_PATH_MAX + 1];
	size_t length = (size_t)(strrchr(name, '/') - name), root = strlen(sysroot_get());

	memcpy(folder, name, length);
	folder[length] = 0;
	if (!length || is_there(folder) || sysroot_find(folder, room) == folder ||
	    root + strlen(name) > LINUX_PATH_MAX)
		return name;
	strcpy(room, sysroot_get());
	return strcat(room, name);
}

/* `done` for the host: it, or in `room`. */
static const char *host_name(const struct walk *walk, bool last, char *room)
{
	const char *name = walk->done, *found;

	if (!walk->absolute)
		return *name ? name : ".";
	if (!*name)
		name = "/";
	found = sysroot_find(name, room);
	if (found == name && last && walk->how & PLACE_NEW && sysroot_get() && !is_there(name))
		return new_name(name, room);
	return found;
}

static void leave_folder(struct walk *walk)
{
	if (walk->place->holds)
		descriptor_let_go(&walk->place->held);
	walk->place->holds = false;
	walk->place->folder = AT_FDCWD;
}

/* The last component is a link, to this. */
static int follow(struct walk *walk, const char *text)
{
	size_t length = strlen(text), rest = strlen(walk->rest);

	if (++walk->links > LINUX_LINKS_MAX)
		return -ELOOP;
	if (!length)
		return -ENOENT;
	if (length + 1 + rest + 1 > sizeof walk->rest)
		return -ENAMETOOLONG;
	memmove(walk->rest + length + 1, walk->rest, rest + 1);
	memcpy(walk->rest, text, length);
	walk->rest[length] = '/';
	if (!rest && !walk->slash)
		walk->rest[length] = 0;
	if (text[0] == '/') {
		leave_folder(walk);
		walk->absolute = true;
		walk->done[0] = 0;
	} else {
		cut(walk);
	}
	return 0;
}

/* What comes next is in the folder that a descriptor stands for. */
static int enter_opened(struct walk *walk, int fd)
{
	const struct synthetic *folder;
	struct registry_held held;
	int failed = descriptor_hold((uint64_t)fd, &held);

	if (failed)
		return -ENOENT;
	folder = folder_synthetic(&held);
	leave_folder(walk);
	if (folder) {
		strcpy(walk->done, folder->name);
		descriptor_let_go(&held);
		return 0;
	}
	walk->place->held = held;
	walk->place->holds = true;
	walk->place->folder = held.host;
	walk->absolute = false;
	walk->done[0] = 0;
	return held.host < 0 ? -ENOTDIR : 0;
}

static int step_synthetic(struct walk *walk, const struct synthetic *file, bool last)
{
	const bool through = !last || walk->slash || !(walk->how & PLACE_LINK);
	char text[LINUX_PATH_MAX];
	int64_t length;

	switch (synthetic_kind(file)) {
	case SYNTHETIC_FOLDER:
		return 0;
	case SYNTHETIC_OPENED:
		if (last && !walk->slash)
			return 0;
		return enter_opened(walk, file->number);
	case SYNTHETIC_LINK:
	case SYNTHETIC_HOST:
		if (synthetic_kind(file) == SYNTHETIC_LINK && !through)
			return 0;
		length = synthetic_link(walk->thread, file, text, sizeof text - 1);
		if (length < 0 || (size_t)length >= sizeof text)
			return length < 0 ? (int)length : -ENAMETOOLONG;
		text[length] = 0;
		if (synthetic_kind(file) == SYNTHETIC_LINK)
			return follow(walk, text);
		leave_folder(walk);
		walk->absolute = false;
		strcpy(walk->done, text);
		return 0;
	default:
		return last && !walk->slash ? 0 : -ENOTDIR;
	}
}

static int step_host(struct walk *walk, bool last)
{
	const bool stays = last && walk->how & PLACE_LINK &&
			   (!walk->slash || walk->how & PLACE_NEW);
	char room[LINUX_PATH_MAX + 1], link[LINUX_PATH_MAX];
	ssize_t length;

	if (stays)
		return 0;
	length = readlinkat(walk->place->folder, host_name(walk, last, room), link,
			    sizeof link - 1);
	if (length < 0)
		return errno == EINVAL || last ? 0 : -errno;
	link[length] = 0;
	return follow(walk, link);
}

/* Out of a folder whose name is not known yet. */
static int find_name(struct walk *walk)
{
	char name[LINUX_PATH_MAX];
	ssize_t length = 0;

	if (walk->place->folder != AT_FDCWD)
		length = darwin_name_of(walk->place->folder, name, sizeof name);
	else if (!getcwd(name, sizeof name))
		length = -errno;
	if (length < 0)
		return (int)length;
	leave_folder(walk);
	walk->absolute = true;
	strcpy(walk->done, sysroot_strip(name));
	if (!strcmp(walk->done, "/"))
		walk->done[0] = 0;
	return 0;
}

static int step_up(struct walk *walk)
{
	char room[LINUX_PATH_MAX + 1];
	struct synthetic unused;
	struct stat status;
	int failed = 0;

	if (!walk->absolute && !*walk->done)
		failed = find_name(walk);
	if (failed)
		return failed;
	if (!walk->absolute || !synthetic_find(walk->thread, walk->done, &unused)) {
		if (fstatat(walk->place->folder, host_name(walk, false, room), &status, 0))
			return -errno;
		if (!S_ISDIR(status.st_mode))
			return -ENOTDIR;
	}
	cut(walk);
	return 0;
}

static int step(struct walk *walk, const char *component, size_t length)
{
	const bool last = !*walk->rest;
	struct synthetic file;
	int found, failed;

	walk->dot = true;
	if (is_component(component, length, "."))
		return 0;
	if (is_component(component, length, ".."))
		return step_up(walk);
	walk->dot = false;
	failed = append(walk, component, length);
	if (failed)
		return failed;
	found = walk->absolute ? synthetic_find(walk->thread, walk->done, &file) : 0;
	if (found)
		return found < 0 ? found : step_synthetic(walk, &file, last);
	return step_host(walk, last);
}

/* The first component of what is left, which then has it no more. */
static size_t take_component(struct walk *walk, char *component)
{
	size_t slashes = strspn(walk->rest, "/"), length, after;

	length = strcspn(walk->rest + slashes, "/");
	memcpy(component, walk->rest + slashes, length);
	after = slashes + length;
	after += strspn(walk->rest + after, "/");
	if (!walk->rest[after] && length && walk->rest[after - 1] == '/')
		walk->slash = true;
	memmove(walk->rest, walk->rest + after, strlen(walk->rest + after) + 1);
	return length;
}

/* A descriptor's own link: what it stands for. */
static int stay_at(struct walk *walk, const struct synthetic *file)
{
	struct place *place = walk->place;
	int failed;

	place->kind = PLACE_SYNTHETIC;
	place->synthetic = *file;
	if (synthetic_kind(file) != SYNTHETIC_OPENED || walk->how & PLACE_LINK)
		return 0;
	leave_folder(walk);
	failed = descriptor_hold((uint64_t)file->number, &place->held);
	if (failed)
		return -ENOENT;
	place->holds = true;
	if (folder_synthetic(&place->held)) {
		place->synthetic = *folder_synthetic(&place->held);
		return 0;
	}
	place->kind = PLACE_ITSELF;
	place->folder = place->held.host;
	return 0;
}

static int arrive(struct walk *walk)
{
	struct place *place = walk->place;
	struct synthetic file;
	const char *name;
	size_t length;

	if (walk->absolute && *walk->done && synthetic_find(walk->thread, walk->done, &file) > 0)
		return stay_at(walk, &file);
	name = host_name(walk, true, place->name);
	length = strlen(name);
	if (length + sizeof "/." > LINUX_PATH_MAX)
		return -ENAMETOOLONG;
	memmove(place->name, name, length + 1);
	if (walk->dot || (walk->slash && length && place->name[length - 1] != '/'))
		strcpy(place->name + length, walk->dot ? "/." : "/");
	return 0;
}

static int go(struct walk *walk)
{
	char component[2 * LINUX_PATH_MAX];
	int failed = 0;
	size_t length;

	while (!failed && *walk->rest) {
		length = take_component(walk, component);
		if (length)
			failed = step(walk, component, length);
	}
	return failed ? failed : arrive(walk);
}

/* -------------------------------------------------------------------------
 * Beginnings.
 */

/* Whether a name goes up, and then to where folders of ours could be. */
static bool may_come_to_synthetic(const char *name)
{
	return !strncmp(name, "../", 3) &&
	       (strstr(name, "/proc") || strstr(name, "/sys") || strstr(name, "/dev"));
}

static bool needs_walk(const struct walk *walk, const char *name)
{
	if (walk->done[0] || sysroot_get())
		return true;
	return walk->absolute ? synthetic_may_be(name) : may_come_to_synthetic(name);
}

/* The folder that a relative name begins in. */
static int begin_in(struct walk *walk, uint64_t folder)
{
	const struct synthetic *synthetic;
	struct place *place = walk->place;
	const char *here;
	int failed;

	if ((int)folder == LINUX_AT_FDCWD) {
		here = atomic_load(&current);
		walk->absolute = here || is_at_root();
		if (here)
			strcpy(walk->done, here);
		return 0;
	}
	failed = descriptor_hold(folder, &place->held);
	if (failed)
		return failed;
	synthetic = folder_synthetic(&place->held);
	place->holds = true;
	place->folder = place->held.host;
	if (!synthetic)
		return place->held.host < 0 ? -ENOTDIR : 0;
	if (synthetic_kind(synthetic) != SYNTHETIC_FOLDER)
		return -ENOTDIR;
	strcpy(walk->done, synthetic->name);
	walk->absolute = true;
	leave_folder(walk);
	return 0;
}

static int find_itself(struct place *place, uint64_t folder, struct walk *walk)
{
	const struct synthetic *synthetic;
	int failed;

	if ((int)folder == LINUX_AT_FDCWD) {
		failed = begin_in(walk, folder);
		return failed ? failed : arrive(walk);
	}
	failed = descriptor_hold(folder, &place->held);
	if (failed)
		return failed;
	place->holds = true;
	place->kind = PLACE_ITSELF;
	place->folder = place->held.host;
	synthetic = folder_synthetic(&place->held);
	if (synthetic) {
		place->kind = PLACE_SYNTHETIC;
		place->synthetic = *synthetic;
	}
	return 0;
}

static int find_in(struct walk *walk, uint64_t folder, const char *name)
{
	int failed = 0;

	if (!*name)
		return walk->how & PLACE_EMPTY ? find_itself(walk->place, folder, walk) : -ENOENT;
	walk->absolute = *name == '/';
	if (!walk->absolute)
		failed = begin_in(walk, folder);
	if (failed)
		return failed;
	if (!needs_walk(walk, name)) {
		strcpy(walk->place->name, name);
		return 0;
	}
	strcpy(walk->rest, name);
	return go(walk);
}

int place_find_name(struct thread *thread, uint64_t folder, const char *name, unsigned int how,
		    struct place *place)
{
	struct walk walk = { .thread = thread, .place = place, .how = how };
	int failed;

	place->kind = PLACE_HOST;
	place->folder = AT_FDCWD;
	place->holds = false;
	place->name[0] = 0;
	failed = strlen(name) >= LINUX_PATH_MAX ? -ENAMETOOLONG : find_in(&walk, folder, name);
	if (failed)
		place_end(place);
	return failed;
}

int place_find(struct thread *thread, uint64_t folder, uint64_t name, unsigned int how,
	       struct place *place)
{
	char text[LINUX_PATH_MAX];
	int failed = space_read_string(thread->process->space, text, guest_at(name), sizeof text);

	return failed ? failed : place_find_name(thread, folder, text, how, place);
}

void place_end(struct place *place)
{
	if (place->holds)
		descriptor_let_go(&place->held);
	place->holds = false;
}

int place_full_name(struct place *place)
{
	char name[LINUX_PATH_MAX];
	ssize_t length;
	size_t own = strlen(place->name);

	if (place->kind == PLACE_HOST && (place->folder == AT_FDCWD || place->name[0] == '/'))
		return 0;
	length = darwin_name_of(place->folder, name, sizeof name);
	if (length < 0)
		return (int)length;
	if (place->kind == PLACE_ITSELF) {
		strcpy(place->name, name);
	} else {
		if ((size_t)length + 1 + own > LINUX_PATH_MAX)
			return -ENAMETOOLONG;
		memmove(place->name + length + 1, place->name, own + 1);
		memcpy(place->name, name, (size_t)length);
		place->name[length] = '/';
	}
	place->folder = AT_FDCWD;
	return 0;
}
