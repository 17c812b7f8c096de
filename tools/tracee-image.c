/* SPDX-License-Identifier: BSD-2-Clause */
/* The image in a tracee. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracee-inject.h"
#include "vdsogen.h"

/* -------------------------------------------------------------------------
 * The auxiliary vector on a new program's stack.
 */
struct auxv {
	uint64_t at, end;	/* addresses */
	uint64_t entry;		/* AT_SYSINFO_EHDR's address, or 0 */
	uint64_t vdso;		/* its value, 0 if it is not there */
};

/* One word after the other, by blocks. */
struct words {
	int fd;
	uint64_t at;		/* of the next word */
	size_t have, next;
	uint64_t block[512];
};

static bool next_word(struct words *w, uint64_t *word)
{
	if (w->next == w->have) {
		ssize_t done = pread(w->fd, w->block, sizeof w->block, (off_t)w->at);

		if (done < (ssize_t)sizeof *w->block)
			return false;
		w->have = (size_t)done / sizeof *w->block;
		w->next = 0;
	}
	*word = w->block[w->next++];
	w->at += sizeof *word;
	return true;
}

/* argc, argv and NULL, envp and NULL, then pairs up to AT_NULL. */
static bool scan_stack(struct words *w, struct auxv *auxv)
{
	uint64_t word, value;

	if (!next_word(w, &word))
		return false;
	for (unsigned int nulls = 0; nulls < 2; nulls += !word)
		if (!next_word(w, &word))
			return false;
	auxv->at = w->at;
	do {
		uint64_t at = w->at;

		if (!next_word(w, &word) || !next_word(w, &value))
			return false;
		if (word == AT_SYSINFO_EHDR) {
			auxv->vdso = value;
			auxv->entry = at;
		}
	} while (word != AT_NULL);
	auxv->end = w->at;
	return true;
}

static bool find_auxv(struct injection *in, struct auxv *auxv)
{
	struct words words = { .at = get_sp(&in->saved) };
	char path[64];
	bool good;

	snprintf(path, sizeof path, "/proc/%d/mem", in->tid);
	words.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (words.fd < 0)
		return inject_fail(in, path, errno);
	good = scan_stack(&words, auxv);
	close(words.fd);
	if (!good)
		snprintf(in->why, TRACEE_WHY_ROOM, "its auxiliary vector cannot be read");
	return good;
}

/* The kernel's vDSO, and its data before it: each a mapping that it can only replace as a whole. */
struct kernels {
	uint64_t data;		/* where the mapping begins that ends at `vdso`; 0: none */
	uint64_t vdso, end;
};

static void find_kernels(pid_t tid, uint64_t vdso, struct kernels *kernels)
{
	char path[TRACEE_PATH_ROOM], line[512];
	uint64_t from, to;
	FILE *maps;

	*kernels = (struct kernels){ .vdso = vdso };
	snprintf(path, sizeof path, "/proc/%d/maps", tid);
	maps = fopen(path, "re");
	if (!maps)
		return;
	while (!kernels->end && fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2)
			continue;
		if (to == vdso && strstr(line, " [vvar"))
			kernels->data = from;
		if (from == vdso)
			kernels->end = to;
	}
	fclose(maps);
}

/* The kernel's vDSO has fallbacks, too. */
static bool find_trap(struct injection *in, const struct kernels *kernels)
{
	const uint64_t vdso = kernels->vdso, end = kernels->end;
	unsigned char *code = vdso && end > vdso ? malloc(end - vdso) : NULL, *found = NULL;
	struct iovec local = { code, end - vdso };
	struct iovec remote = { (void *)(uintptr_t)vdso, end - vdso };

	if (code && process_vm_readv(in->tid, &local, 1, &remote, 1, 0) == (ssize_t)(end - vdso))
		found = memmem(code, end - vdso, syscall_code, sizeof syscall_code);
	if (found)
		in->trap = vdso + (uint64_t)(found - code);
	else
		snprintf(in->why, TRACEE_WHY_ROOM, vdso ?
			 "the kernel's vDSO has no system call instruction to borrow" :
			 "the kernel gives it no vDSO to replace (vdso=0?)");
	free(code);
	return found;
}

/* -------------------------------------------------------------------------
 * The image in a new program.
 */

/*
 * Opens a memory file of ours in the tracee, by the path that it finds at `at`.
 * In another PID namespace the path may lead to something else, in another root
 * to nothing.
 */
static bool open_path(struct injection *in, int file, const char *path, uint64_t at, long *fd)
{
	char there[TRACEE_PATH_ROOM];
	struct stat ours, theirs;
	long unused;

	if (!INJECT(in, fd, SYS_openat, (uint64_t)AT_FDCWD, at, O_RDONLY | O_CLOEXEC))
		return false;
	if (is_error(*fd)) {
		snprintf(in->why, TRACEE_WHY_ROOM, "it cannot open %s: %s", path,
			 strerror((int)-*fd));
		return false;
	}
	snprintf(there, sizeof there, "/proc/%d/fd/%ld", in->tid, *fd);
	if (!fstat(file, &ours) && !stat(there, &theirs) && ours.st_dev == theirs.st_dev &&
	    ours.st_ino == theirs.st_ino)
		return true;
	INJECT(in, &unused, SYS_close, (uint64_t)*fd);
	*fd = -EBADF;
	snprintf(in->why, TRACEE_WHY_ROOM, "%s is another file there: a PID namespace?", path);
	return false;
}

static void path_of(int file, char path[TRACEE_PATH_ROOM])
{
	snprintf(path, TRACEE_PATH_ROOM, "/proc/%d/fd/%d", getpid(), file);
}

/* What is below a new program's stack pointer nobody needs yet. */
enum { BELOW_STACK = 1024 };

static bool open_there(struct injection *in, int file, long *fd)
{
	uint64_t room = get_sp(&in->saved) - BELOW_STACK;
	char path[TRACEE_PATH_ROOM];

	path_of(file, path);
	if (!tracee_write(in->tid, room, path, strlen(path) + 1))
		return inject_fail(in, "process_vm_writev", errno);
	return open_path(in, file, path, room, fd);
}

static void close_there(struct injection *in, long fd)
{
	long unused;

	if (!in->gone)
		INJECT(in, &unused, SYS_close, (uint64_t)fd);
}

/* The image's file, and the one that has the data page behind; the same perhaps. */
struct files {
	long image, data;
};

/* An image from a file may say so and have something else there. */
static bool has_trap(const struct tracee_image *image)
{
	unsigned char code[sizeof syscall_code];

	return pread(image->fd, code, sizeof code, (off_t)image->trap) == sizeof code &&
	       !memcmp(code, syscall_code, sizeof code);
}

/* The image is at `base`; its data page in a place that is free, or the kernel's vDSO's. */
static bool map_data(struct injection *in, const struct tracee_image *image, long fd,
		     uint64_t base)
{
	long result;

	if (!image->data)
		return true;
	if (!INJECT(in, &result, SYS_mmap, base + (uint64_t)image->data, VDSOGEN_PAGE, PROT_READ,
		    MAP_SHARED | MAP_FIXED, (uint64_t)fd, image->size))
		return false;
	return !is_error(result) || inject_fail(in, "mmap of the data page", (int)-result);
}

/* Room for the data page beside the kernel's vDSO, where the kernel's own are. */
static bool clear_data(struct injection *in, const struct tracee_image *image,
		       const struct kernels *kernels)
{
	const uint64_t size = kernels->vdso - kernels->data;
	long result;

	if (image->data != -VDSOGEN_PAGE)
		return !image->data || image->data == (int64_t)image->size;
	if (!kernels->data || !INJECT(in, &result, SYS_mmap, kernels->data, size, PROT_NONE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, (uint64_t)-1, 0) ||
	    is_error(result))
		return false;
	return INJECT(in, &result, SYS_munmap, kernels->data, size);
}

/*
 * All addresses stay right then, also those that the kernel remembers. Newer
 * kernels may seal it.
 */
static bool map_in_place(struct injection *in, const struct tracee_image *image,
			 const struct files *files, const struct kernels *kernels)
{
	const uint64_t vdso = kernels->vdso, size = kernels->end - vdso;
	long result;

	if (size < image->size + (image->data > 0 ? VDSOGEN_PAGE : 0) || !has_trap(image) ||
	    !clear_data(in, image, kernels))
		return false;
	if (!INJECT(in, &result, SYS_mmap, vdso, size, PROT_READ | PROT_EXEC,
		    MAP_SHARED | MAP_FIXED, (uint64_t)files->image, 0) || result != (long)vdso)
		return false;
	in->trap = vdso + image->trap;	/* the old one is gone */
	if (size > image->size)		/* past the end of the file */
		INJECT(in, &result, SYS_munmap, vdso + image->size, size - image->size);
	return map_data(in, image, files->data, vdso);
}

/* An image and its data page need places at a fixed distance: room for both, and between. */
static bool map_apart(struct injection *in, const struct tracee_image *image,
		      const struct files *files, long *base)
{
	int64_t low = image->data < 0 ? image->data : 0;
	int64_t high = image->data > 0 ? image->data + VDSOGEN_PAGE : (int64_t)image->size;

	if (!INJECT(in, base, SYS_mmap, 0, (uint64_t)(high - low), PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0))
		return false;
	if (is_error(*base))
		return true;
	if (!INJECT(in, base, SYS_mmap, (uint64_t)(*base - low), image->size, PROT_READ | PROT_EXEC,
		    MAP_SHARED | MAP_FIXED, (uint64_t)files->image, 0))
		return false;
	return is_error(*base) || map_data(in, image, files->data, (uint64_t)*base);
}

static bool map_elsewhere(struct injection *in, const struct tracee_image *image,
			  const struct files *files, const struct auxv *auxv)
{
	uint64_t entry[2] = { AT_SYSINFO_EHDR };
	long result;

	if (image->data ? !map_apart(in, image, files, &result) :
	    !INJECT(in, &result, SYS_mmap, 0, image->size, PROT_READ | PROT_EXEC, MAP_SHARED,
		    (uint64_t)files->image, 0))
		return false;
	if (is_error(result))
		return inject_fail(in, "mmap of the image", (int)-result);
	entry[1] = (uint64_t)result;
	if (!tracee_write(in->tid, auxv->entry, entry, sizeof entry))
		return inject_fail(in, "process_vm_writev", errno);
	/* For readers of /proc/PID/auxv; it takes CAP_SYS_RESOURCE, and C libraries do without. */
	return INJECT(in, &result, SYS_prctl, PR_SET_MM, PR_SET_MM_AUXV, auxv->at,
		      auxv->end - auxv->at);
}

static bool map_new(struct injection *in, const struct tracee_image *image,
		    const struct files *files, const struct auxv *auxv,
		    const struct kernels *kernels)
{
	if (REPLACES_KERNELS && !image->elsewhere &&
	    map_in_place(in, image, files, kernels))
		return true;
	return !in->gone && map_elsewhere(in, image, files, auxv);
}

static bool give(struct injection *in, const struct tracee_image *image, int file)
{
	struct auxv auxv = { 0 };
	struct kernels kernels;
	struct files files;
	bool good;

	if (!find_auxv(in, &auxv))
		return false;
	find_kernels(in->tid, auxv.vdso, &kernels);
	if (!find_trap(in, &kernels) || !open_there(in, file, &files.image))
		return false;
	files.data = files.image;
	good = (file == image->fd || open_there(in, image->fd, &files.data)) &&
	       map_new(in, image, &files, &auxv, &kernels);
	if (files.data != files.image && !is_error(files.data))
		close_there(in, files.data);
	close_there(in, files.image);
	return good;
}

static enum tracee_result result_of(const struct injection *in, bool good)
{
	if (in->gone)
		return TRACEE_GONE;
	return good ? TRACEE_INSTALLED : TRACEE_REFUSED;
}

enum tracee_result tracee_install(pid_t tid, const struct tracee_image *image, int file,
				  char why[TRACEE_WHY_ROOM])
{
	struct injection in = { .tid = tid, .why = why };
	int error = get_registers(tid, &in.saved);
	bool good;

	if (error == EINVAL)
		return TRACEE_32BIT;
	if (error)
		inject_fail(&in, "PTRACE_GETREGSET", error);
	good = !error && inject_begin(&in, INJECT_EXEC) && give(&in, image, file);
	inject_end(&in);
	return result_of(&in, good);
}

/* -------------------------------------------------------------------------
 * Another copy of the image in a process that has been forked.
 */

/* There is no place to write to on a stack that somebody uses: the path is in the data page. */
static bool replace(struct injection *in, const struct tracee_image *image, int file, uint64_t at)
{
	const uint64_t room = at + (uint64_t)image->data + VDSOGEN_PAGE - TRACEE_PATH_ROOM;
	char *path = image->data_memory + VDSOGEN_PAGE - TRACEE_PATH_ROOM;
	long fd, result;
	bool good;

	path_of(file, path);
	if (!open_path(in, file, path, room, &fd))
		return false;
	good = INJECT(in, &result, SYS_mmap, at, image->size, PROT_READ | PROT_EXEC,
		      MAP_SHARED | MAP_FIXED, (uint64_t)fd, 0);
	if (good && is_error(result))
		good = inject_fail(in, "mmap of the image", (int)-result);
	close_there(in, fd);
	return good;
}

enum tracee_result tracee_replace(pid_t tid, const struct tracee_image *image, int file,
				  uint64_t at, char why[TRACEE_WHY_ROOM])
{
	struct injection in = { .tid = tid, .why = why, .trap = at + image->trap };
	bool good = has_trap(image) && tracee_suspend_filters(tid, why);

	if (!good)
		return TRACEE_REFUSED;
	good = inject_begin(&in, INJECT_START) && replace(&in, image, file, at);
	inject_end(&in);
	if (!in.gone)
		tracee_resume_filters(tid);
	return result_of(&in, good);
}
