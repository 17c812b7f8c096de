/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of the macOS host, on Linux in its place: what the program is told is what the
 * kernel tells, of the same things in two folders; what is made up, and another root.
 */
#define _GNU_SOURCE
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "descriptors.h"
#include "files.h"
#include "folders.h"
#include "linux-files.h"
#include "names.h"
#include "sysroot.h"
#include "tests/macos/files-fixture.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Seconds for one test: enough for a busy machine, and the end of a wait that nobody ends. */
#define TIMEOUT "60"

/* -------------------------------------------------------------------------
 * Numbers.
 */
START_TEST(open_flags_are_the_hosts)
{
	static const struct {
		uint64_t guest;
		int host;
	} flags[] = {
		{ LINUX_O_RDONLY, O_RDONLY },	    { LINUX_O_WRONLY, O_WRONLY },
		{ LINUX_O_RDWR, O_RDWR },	    { LINUX_O_CREAT, O_CREAT },
		{ LINUX_O_EXCL, O_EXCL },	    { LINUX_O_NOCTTY, O_NOCTTY },
		{ LINUX_O_TRUNC, O_TRUNC },	    { LINUX_O_APPEND, O_APPEND },
		{ LINUX_O_NONBLOCK, O_NONBLOCK },   { LINUX_O_SYNC, O_SYNC },
		{ LINUX_O_DSYNC, O_DSYNC },	    { LINUX_O_ASYNC, O_ASYNC },
		{ LINUX_O_DIRECTORY, O_DIRECTORY }, { LINUX_O_NOFOLLOW, O_NOFOLLOW },
		{ LINUX_O_CLOEXEC, O_CLOEXEC },	    { LINUX_O_LARGEFILE, 0 },
	};
	uint64_t all = 0;
	int all_host = 0;

	for (size_t i = 0; i < COUNT(flags); i++) {
		ck_assert_int_eq(files_open_flags(flags[i].guest), flags[i].host);
		if (flags[i].guest != LINUX_O_WRONLY) {
			all |= flags[i].guest;
			all_host |= flags[i].host;
		}
	}
	ck_assert_int_eq(files_open_flags(all & ~(uint64_t)LINUX_O_WRONLY), all_host & ~O_WRONLY);
	/* bits that Linux has no name for, and those that are not the host's business */
	ck_assert_int_eq(files_open_flags(1ull << 31 | LINUX_O_PATH), 0);
}
END_TEST

START_TEST(devices_have_linux_numbers)
{
	const unsigned int numbers[][2] = { { 1, 3 }, { 8, 255 }, { 8, 256 }, { 4095, 0xfffff },
					    { 0, 0 }, { 259, 65537 } };

	for (size_t i = 0; i < COUNT(numbers); i++) {
		const uint64_t device = files_device(numbers[i][0], numbers[i][1]);

		/* the kernel's 32 bits and the C library's 64 agree where majors have 12 */
		ck_assert_uint_eq(device, makedev(numbers[i][0], numbers[i][1]));
		ck_assert_uint_eq(files_major(device), numbers[i][0]);
		ck_assert_uint_eq(files_minor(device), numbers[i][1]);
	}
}
END_TEST

START_TEST(times_are_checked)
{
	const struct linux_timespec bad[] = { { 0, -1 }, { 0, 1000000000 }, { 0, INT64_MIN } };
	const struct linux_timespec good = { -5, 999999999 };
	const struct linux_timespec now = { 7, LINUX_UTIME_NOW }, omit = { 7, LINUX_UTIME_OMIT };
	struct timespec host;

	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_int_eq(files_time(&bad[i], &host), -EINVAL);
	ck_assert_int_eq(files_time(&good, &host), 0);
	ck_assert_int_eq(host.tv_sec, -5);
	ck_assert_int_eq(host.tv_nsec, 999999999);
	ck_assert_int_eq(files_time(&now, &host), 0);
	ck_assert_int_eq(host.tv_nsec, UTIME_NOW);
	ck_assert_int_eq(files_time(&omit, &host), 0);
	ck_assert_int_eq(host.tv_nsec, UTIME_OMIT);
}
END_TEST

/* -------------------------------------------------------------------------
 * The same calls by the kernel, in a folder of its own.
 */
struct argument {
	enum { NUMBER, TEXT, FOLDER } kind;
	long number;
	const char *text;
};

#define N(value) { NUMBER, (long)(value), NULL }
#define T(value) { TEXT, 0, value }
#define F { FOLDER, 0, NULL }

static void files_begin_walking(void)
{
	ck_assert_int_eq(sysroot_set("/"), 0);
	files_begin();
}

static int64_t native_of(long number, const struct argument *argument, size_t count)
{
	long host[6] = { 0 }, result;

	for (size_t i = 0; i < count; i++)
		host[i] = argument[i].kind == TEXT     ? (long)argument[i].text
			  : argument[i].kind == FOLDER ? native_folder
						       : argument[i].number;
	result = syscall(number, host[0], host[1], host[2], host[3], host[4], host[5]);
	return result < 0 ? -errno : result;
}

static int64_t guest_of(call_fn *call, const struct argument *argument, size_t count)
{
	uint64_t guest[6] = { 0 };

	guest_room_begin();
	for (size_t i = 0; i < count; i++)
		guest[i] = argument[i].kind == TEXT	? guest_text(argument[i].text)
			   : argument[i].kind == FOLDER ? (uint64_t)guest_folder
							: (uint64_t)argument[i].number;
	return guest_call(call, guest);
}

static int64_t both(const char *name, int line, call_fn *guest, long native,
		    const struct argument *argument, size_t count)
{
	const int64_t expected = native_of(native, argument, count);
	const int64_t got = guest_of(guest, argument, count);

	ck_assert_msg(got == expected, "line %d: %s: %lld, the kernel: %lld", line, name,
		      (long long)got, (long long)expected);
	return got;
}

#define BOTH(name, ...) \
	both(#name, __LINE__, call_##name, SYS_##name, (const struct argument[]){ __VA_ARGS__ }, \
	     COUNT(((const struct argument[]){ __VA_ARGS__ })))

/* Flags of this processor for the kernel, of arm64 for the guest. */
static void both_open(const char *name, uint64_t flags, int native, int mode)
{
	const int64_t expected = openat(native_folder, name, native | O_CLOEXEC, mode);
	const int error = errno;
	int64_t got;

	guest_room_begin();
	got = GUEST_CALL(openat, (uint64_t)guest_folder, guest_text(name), flags, (uint64_t)mode);
	if (expected < 0)
		ck_assert_msg(got == -error, "%s: %lld, the kernel: %d", name, (long long)got,
			      -error);
	else
		ck_assert_msg(got >= 0, "%s: %lld", name, (long long)got);
	if (expected >= 0) {
		close((int)expected);
		guest_close((int)got);
	}
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* What is above is everybody's. */
static int is_not_above(const struct dirent *entry)
{
	return strcmp(entry->d_name, "..");
}

/* Names, modes, sizes, links. */
static void compare_folders(void)
{
	struct dirent **expected, **got;
	const int count = scandir(native_name, &expected, is_not_above, compare_names);

	ck_assert_int_eq(scandir(guest_name, &got, is_not_above, compare_names), count);
	for (int i = 0; i < count; i++) {
		struct stat a, b;

		ck_assert_str_eq(got[i]->d_name, expected[i]->d_name);
		ck_assert_int_eq(fstatat(native_folder, expected[i]->d_name, &a,
					 AT_SYMLINK_NOFOLLOW), 0);
		ck_assert_int_eq(fstatat(guest_host_folder, got[i]->d_name, &b,
					 AT_SYMLINK_NOFOLLOW), 0);
		ck_assert_msg(a.st_mode == b.st_mode && a.st_nlink == b.st_nlink,
			      "%s: %o %lu, %o %lu", got[i]->d_name, b.st_mode, (long)b.st_nlink,
			      a.st_mode, (long)a.st_nlink);
		if (S_ISREG(a.st_mode))
			ck_assert_int_eq(a.st_size, b.st_size);
		free(expected[i]);
		free(got[i]);
	}
	free(expected);
	free(got);
}

START_TEST(names_come_and_go_as_the_kernel_has_it)
{
	static char long_name[LINUX_NAME_MAX + 2], long_path[LINUX_PATH_MAX + 1];

	memset(long_name, 'n', sizeof long_name - 1);
	memset(long_path, 'p', sizeof long_path - 1);
	both_open("file", LINUX_O_CREAT | LINUX_O_WRONLY, O_CREAT | O_WRONLY, 0640);
	both_open("file", LINUX_O_CREAT | LINUX_O_EXCL, O_CREAT | O_EXCL, 0640);
	both_open("file/", LINUX_O_RDONLY, O_RDONLY, 0);
	both_open("file", LINUX_O_DIRECTORY, O_DIRECTORY, 0);
	both_open("none", LINUX_O_RDWR, O_RDWR, 0);
	both_open("", LINUX_O_RDONLY, O_RDONLY, 0);
	both_open(long_name, LINUX_O_RDONLY, O_RDONLY, 0);
	BOTH(mkdirat, F, T("folder"), N(0751));
	BOTH(mkdirat, F, T("folder"), N(0751));
	BOTH(mkdirat, F, T("folder/in/"), N(0700));
	BOTH(mkdirat, F, T("none/in"), N(0700));
	BOTH(mkdirat, F, T("file/in"), N(0700));
	BOTH(mkdirat, F, T(long_path), N(0700));
	both_open("folder", LINUX_O_WRONLY, O_WRONLY, 0);
	both_open("folder", LINUX_O_RDONLY | LINUX_O_DIRECTORY, O_DIRECTORY, 0);
	both_open("folder", LINUX_O_PATH, O_PATH, 0);
	both_open("folder/../file", LINUX_O_RDONLY, O_RDONLY, 0);
	BOTH(symlinkat, T("file"), F, T("link"));
	BOTH(symlinkat, T("loop"), F, T("loop"));
	BOTH(symlinkat, T(""), F, T("empty"));
	BOTH(symlinkat, T("x"), F, T("link"));
	both_open("loop", LINUX_O_RDONLY, O_RDONLY, 0);
	both_open("link", LINUX_O_NOFOLLOW, O_NOFOLLOW, 0);
	both_open("link", LINUX_O_NOFOLLOW | LINUX_O_PATH, O_NOFOLLOW | O_PATH, 0);
	both_open("link", LINUX_O_DIRECTORY, O_DIRECTORY, 0);
	BOTH(linkat, F, T("file"), F, T("other"), N(0));
	BOTH(linkat, F, T("link"), F, T("link2"), N(0));
	BOTH(linkat, F, T("link"), F, T("other2"), N(LINUX_AT_SYMLINK_FOLLOW));
	BOTH(linkat, F, T("folder"), F, T("folder2"), N(0));
	BOTH(linkat, F, T("file"), F, T("other"), N(0));
	BOTH(linkat, F, T("file"), F, T("bad"), N(1));
	BOTH(mknodat, F, T("fifo"), N(S_IFIFO | 0622), N(0));
	BOTH(mknodat, F, T("node"), N(0600), N(0));
	BOTH(mknodat, F, T("node"), N(S_IFREG | 0600), N(0));
	BOTH(mknodat, F, T("what"), N(S_IFDIR | 0600), N(0));
	BOTH(mknodat, F, T("what"), N(S_IFLNK | 0600), N(0));
	BOTH(mknodat, F, T("socket"), N(S_IFSOCK | 0600), N(0));
	compare_folders();
	BOTH(unlinkat, F, T("folder/in/."), N(LINUX_AT_REMOVEDIR));
	BOTH(unlinkat, F, T("link/"), N(0));
	BOTH(unlinkat, F, T("."), N(LINUX_AT_REMOVEDIR));
	BOTH(mkdirat, F, T("folder/new/."), N(0700));
	BOTH(mkdirat, F, T("folder/."), N(0700));
	BOTH(mkdirat, F, T("loop/"), N(0700));
	BOTH(mkdirat, F, T("file/.."), N(0700));
	both_open("file/.", LINUX_O_RDONLY, O_RDONLY, 0);
	both_open("folder/.", LINUX_O_RDONLY, O_RDONLY, 0);
	both_open("folder//./in//..", LINUX_O_RDONLY, O_RDONLY, 0);
	BOTH(unlinkat, F, T("folder"), N(0));
	BOTH(unlinkat, F, T("folder"), N(LINUX_AT_REMOVEDIR));
	BOTH(unlinkat, F, T("file"), N(LINUX_AT_REMOVEDIR));
	BOTH(unlinkat, F, T("file"), N(1));
	BOTH(unlinkat, F, T("none"), N(0));
	BOTH(unlinkat, F, T("folder/in"), N(LINUX_AT_REMOVEDIR));
	BOTH(unlinkat, F, T("other"), N(0));
	compare_folders();
}
END_TEST

START_TEST(names_change_as_the_kernel_has_it)
{
	both_open("a", LINUX_O_CREAT | LINUX_O_WRONLY, O_CREAT | O_WRONLY, 0600);
	both_open("b", LINUX_O_CREAT | LINUX_O_WRONLY, O_CREAT | O_WRONLY, 0640);
	BOTH(mkdirat, F, T("d"), N(0700));
	BOTH(mkdirat, F, T("d/e"), N(0700));
	BOTH(renameat2, F, T("a"), F, T("b"), N(LINUX_RENAME_NOREPLACE));
	BOTH(renameat2, F, T("a"), F, T("c"), N(LINUX_RENAME_NOREPLACE));
	BOTH(renameat2, F, T("c"), F, T("b"), N(LINUX_RENAME_EXCHANGE));
	BOTH(renameat2, F, T("c"), F, T("none"), N(LINUX_RENAME_EXCHANGE));
	BOTH(renameat2, F, T("c"), F, T("b"), N(8));
	BOTH(renameat2, F, T("c"), F, T("b"),
	     N(LINUX_RENAME_EXCHANGE | LINUX_RENAME_NOREPLACE));
	compare_folders();
	BOTH(renameat2, F, T("d"), F, T("d/e/f"), N(0));
	BOTH(renameat2, F, T("d"), F, T("b"), N(0));
	BOTH(renameat2, F, T("d/."), F, T("x"), N(0));
	BOTH(renameat2, F, T("d/e/"), F, T("d/x/"), N(0));
	BOTH(renameat2, F, T("d/x"), F, T("d/e"), N(0));
	BOTH(renameat2, F, T("b/"), F, T("x"), N(0));
	BOTH(renameat2, F, T("b"), F, T("d"), N(0));
	BOTH(renameat2, F, T("b"), F, T("c"), N(0));
	BOTH(renameat2, F, T("none"), F, T("c"), N(0));
	BOTH(renameat2, F, T("d/e"), F, T("e"), N(0));
	compare_folders();
}
END_TEST

START_TEST(rights_and_sizes_change_as_the_kernel_has_it)
{
	both_open("a", LINUX_O_CREAT | LINUX_O_WRONLY, O_CREAT | O_WRONLY, 0600);
	BOTH(symlinkat, T("a"), F, T("l"));
	BOTH(fchmodat, F, T("a"), N(04751));
	BOTH(fchmodat, F, T("none"), N(0700));
	BOTH(fchmodat, F, T("l"), N(0640));
	BOTH(fchownat, F, T("a"), N(getuid()), N(getgid()), N(0));
	BOTH(fchownat, F, T("a"), N(-1), N(-1), N(0));
	BOTH(fchownat, F, T("l"), N(getuid()), N(-1), N(LINUX_AT_SYMLINK_NOFOLLOW));
	BOTH(fchownat, F, T("a"), N(0), N(0), N(1));
	BOTH(fchownat, F, T(""), N(-1), N(-1), N(LINUX_AT_EMPTY_PATH));
	BOTH(faccessat, F, T("a"), N(LINUX_R_OK | LINUX_W_OK));
	BOTH(faccessat, F, T("a"), N(LINUX_X_OK));
	BOTH(faccessat, F, T("a"), N(8));
	BOTH(faccessat, F, T("none"), N(0));
	BOTH(faccessat2, F, T("l"), N(LINUX_X_OK), N(LINUX_AT_SYMLINK_NOFOLLOW));
	BOTH(faccessat2, F, T("l"), N(0), N(1));
	BOTH(faccessat2, F, T("a"), N(LINUX_R_OK), N(LINUX_AT_EACCESS));
	BOTH(utimensat, F, T("none"), N(0), N(0));
	BOTH(utimensat, F, T("a"), N(0), N(0));
	BOTH(utimensat, F, T("a"), N(0), N(1));
	BOTH(truncate, T("/none/at/all"), N(1));
	BOTH(truncate, T("/none"), N(-1));
	compare_folders();
}
END_TEST

START_TEST(pointers_are_looked_at)
{
	const uint64_t bad = 0x10, name = guest_text("x");

	ck_assert_int_eq(GUEST_CALL(openat, (uint64_t)guest_folder, bad, 0, 0), -LINUX_EFAULT);
	ck_assert_int_eq(GUEST_CALL(newfstatat, (uint64_t)guest_folder, guest_text("."), bad, 0),
			 -LINUX_EFAULT);
	ck_assert_int_eq(GUEST_CALL(getcwd, bad, 4096), -LINUX_EFAULT);
	ck_assert_int_eq(GUEST_CALL(getcwd, name, 1), -LINUX_ERANGE);
	ck_assert_int_eq(GUEST_CALL(statfs, guest_text("/"), bad), -LINUX_EFAULT);
	ck_assert_int_eq(GUEST_CALL(getdents64, (uint64_t)guest_folder, bad, 4096), -LINUX_EFAULT);
	ck_assert_int_eq(GUEST_CALL(symlinkat, bad, (uint64_t)guest_folder, name), -LINUX_EFAULT);
	ck_assert_int_eq(GUEST_CALL(utimensat, (uint64_t)guest_folder, name, bad, 0),
			 -LINUX_EFAULT);
	ck_assert_int_eq(GUEST_CALL(fstat, 999, guest_room(128)), -LINUX_EBADF);
	ck_assert_int_eq(GUEST_CALL(openat, 999, name, 0, 0), -LINUX_EBADF);
	/* a descriptor that does not matter, as the name is absolute */
	ck_assert_int_ge(GUEST_CALL(openat, 999, guest_text("/"), LINUX_O_CLOEXEC, 0), 0);
}
END_TEST

/* -------------------------------------------------------------------------
 * What files are.
 */
static void compare_stat(const char *name, int flags)
{
	struct linux_stat got;
	struct stat expected;
	uint64_t room;

	guest_room_begin();
	room = guest_room(sizeof got);
	ck_assert_int_eq(fstatat(guest_host_folder, name, &expected, flags), 0);
	ck_assert_int_eq(GUEST_CALL(newfstatat, (uint64_t)guest_folder, guest_text(name), room,
				    flags & AT_SYMLINK_NOFOLLOW ? LINUX_AT_SYMLINK_NOFOLLOW : 0),
			 0);
	guest_get(&got, room, sizeof got);
	ck_assert_uint_eq(got.dev, expected.st_dev);
	ck_assert_uint_eq(got.ino, expected.st_ino);
	ck_assert_uint_eq(got.mode, expected.st_mode);
	ck_assert_uint_eq(got.nlink, expected.st_nlink);
	ck_assert_uint_eq(got.uid, expected.st_uid);
	ck_assert_uint_eq(got.gid, expected.st_gid);
	ck_assert_uint_eq(got.rdev, expected.st_rdev);
	ck_assert_int_eq(got.size, expected.st_size);
	ck_assert_int_eq(got.blksize, expected.st_blksize);
	ck_assert_int_eq(got.blocks, expected.st_blocks);
	ck_assert_int_eq(got.atime.sec, expected.st_atim.tv_sec);
	ck_assert_int_eq(got.atime.nsec, expected.st_atim.tv_nsec);
	ck_assert_int_eq(got.mtime.sec, expected.st_mtim.tv_sec);
	ck_assert_int_eq(got.mtime.nsec, expected.st_mtim.tv_nsec);
	ck_assert_int_eq(got.ctime.sec, expected.st_ctim.tv_sec);
	ck_assert_int_eq(got.ctime.nsec, expected.st_ctim.tv_nsec);
}

static void compare_statx(const char *name)
{
	struct linux_statx got, expected;
	uint64_t room;

	guest_room_begin();
	room = guest_room(sizeof got);
	ck_assert_int_eq(syscall(SYS_statx, guest_host_folder, name, 0, LINUX_STATX_BASIC_STATS,
				 &expected), 0);
	ck_assert_int_eq(GUEST_CALL(statx, (uint64_t)guest_folder, guest_text(name), 0,
				    LINUX_STATX_BASIC_STATS, room), 0);
	guest_get(&got, room, sizeof got);
	/* what the host's struct stat does not have */
	expected.attributes = expected.attributes_mask = 0;
	expected.mask &= LINUX_STATX_BASIC_STATS;
	expected.mnt_id = 0;
	expected.dio_mem_align = expected.dio_offset_align = 0;
	memset(&expected.btime, 0, sizeof expected.btime);
	memset(expected.spare3, 0, sizeof expected.spare3);
	ck_assert_mem_eq(&got, &expected, sizeof got);
}

START_TEST(stat_tells_what_the_kernel_tells)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int unix_socket = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(name.sun_path, sizeof name.sun_path, "%s/socket", guest_name);
	ck_assert_int_eq(bind(unix_socket, (struct sockaddr *)&name, sizeof name), 0);
	make_file(guest_host_folder, "file", "0123456789");
	ck_assert_int_eq(symlinkat("file", guest_host_folder, "link"), 0);
	ck_assert_int_eq(mkfifoat(guest_host_folder, "fifo", 0600), 0);
	compare_stat("file", 0);
	compare_stat("link", 0);
	compare_stat("link", AT_SYMLINK_NOFOLLOW);
	compare_stat("fifo", 0);
	compare_stat("socket", 0);
	compare_stat(".", 0);
	compare_stat("/", 0);
	compare_stat("/dev/null", 0);
	compare_stat("/dev/zero", 0);
	compare_stat("/dev/urandom", 0);
	compare_stat("/dev/tty", 0);
	compare_statx("file");
	compare_statx("/dev/null");
	close(unix_socket);
}
END_TEST

START_TEST(stat_of_a_descriptor)
{
	struct linux_stat by_name, by_fd;
	uint64_t room = guest_room(sizeof by_name);
	int64_t fd;

	make_file(guest_host_folder, "file", "0123456789");
	fd = GUEST_CALL(openat, (uint64_t)guest_folder, guest_text("file"), LINUX_O_PATH, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(GUEST_CALL(fstat, (uint64_t)fd, room), 0);
	guest_get(&by_fd, room, sizeof by_fd);
	ck_assert_int_eq(GUEST_CALL(newfstatat, (uint64_t)fd, guest_text(""), room,
				    LINUX_AT_EMPTY_PATH), 0);
	guest_get(&by_name, room, sizeof by_name);
	ck_assert_mem_eq(&by_fd, &by_name, sizeof by_fd);
	ck_assert_int_eq(by_fd.size, 10);
	ck_assert_int_eq(GUEST_CALL(newfstatat, (uint64_t)fd, guest_text(""), room, 0),
			 -LINUX_ENOENT);
	ck_assert_int_eq(GUEST_CALL(newfstatat, (uint64_t)fd, guest_text("x"), room, 0),
			 -LINUX_ENOTDIR);
	ck_assert_int_eq(GUEST_CALL(newfstatat, (uint64_t)fd, guest_text(""), room, 0x8000),
			 -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(statx, (uint64_t)fd, guest_text(""), LINUX_AT_EMPTY_PATH,
				    0x80000000, room), -LINUX_EINVAL);
	/* what is only a name */
	ck_assert_int_eq(GUEST_CALL(fchmod, (uint64_t)fd, 0600), -LINUX_EBADF);
	ck_assert_int_eq(GUEST_CALL(ftruncate, (uint64_t)fd, 0), -LINUX_EBADF);
}
END_TEST

START_TEST(statfs_tells_what_the_kernel_tells)
{
	struct linux_statfs got;
	struct statfs expected;
	uint64_t room = guest_room(sizeof got);

	ck_assert_int_eq(statfs("/", &expected), 0);
	ck_assert_int_eq(GUEST_CALL(statfs, guest_text("/"), room), 0);
	guest_get(&got, room, sizeof got);
	ck_assert_int_eq(got.type, expected.f_type);
	ck_assert_int_eq(got.bsize, expected.f_bsize);
	ck_assert_uint_eq(got.blocks, expected.f_blocks);
	ck_assert_uint_eq(got.files, expected.f_files);
	ck_assert_int_eq(got.namelen, expected.f_namelen);
	ck_assert_int_eq(got.frsize, expected.f_frsize);
	ck_assert_mem_eq(got.fsid, &expected.f_fsid, sizeof got.fsid);
	ck_assert_int_eq(GUEST_CALL(statfs, guest_text("/proc/self"), room), 0);
	guest_get(&got, room, sizeof got);
	ck_assert_int_eq(got.type, LINUX_PROC_SUPER_MAGIC);
}
END_TEST

/* -------------------------------------------------------------------------
 * Folders.
 */
enum { FILES = 300, SMALL = 200 };

static void make_many(void)
{
	char name[32];

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "file-%d", i);
		if (i % 3 == 0)
			ck_assert_int_eq(mkdirat(guest_host_folder, name, 0700), 0);
		else if (i % 3 == 1)
			ck_assert_int_eq(symlinkat("x", guest_host_folder, name), 0);
		else
			make_file(guest_host_folder, name, "");
	}
}

struct seen {
	unsigned int count[FILES], dots, others;
	int64_t after_hundred;	/* d_off of the hundredth */
	char at_hundred[32];	/* the one behind it */
	unsigned int all;
};

static void see(struct seen *seen, const struct linux_dirent64 *entry)
{
	int number;

	seen->all++;
	if (seen->all == 100)
		seen->after_hundred = entry->off;
	if (seen->all == 101)
		snprintf(seen->at_hundred, sizeof seen->at_hundred, "%s", entry->name);
	if (sscanf(entry->name, "file-%d", &number) == 1) {
		static const enum linux_type types[] = { LINUX_DT_DIR, LINUX_DT_LNK, LINUX_DT_REG };

		seen->count[number]++;
		ck_assert_int_eq(entry->type, types[number % 3]);
	} else if (!strcmp(entry->name, ".") || !strcmp(entry->name, "..")) {
		seen->dots++;
	} else {
		seen->others++;
	}
	ck_assert_uint_ne(entry->ino, 0);
}

/* To its end; -errno, or how many entries there were. */
static int64_t read_folder(int fd, size_t room, struct seen *seen)
{
	char buffer[4096];
	int64_t size, entries = 0;

	guest_room_begin();
	const uint64_t at = guest_room(room);

	while ((size = GUEST_CALL(getdents64, (uint64_t)fd, at, room)) > 0) {
		ck_assert_int_le(size, (int64_t)room);
		guest_get(buffer, at, (size_t)size);
		for (int64_t i = 0; i < size; entries++) {
			const struct linux_dirent64 *entry = (void *)(buffer + i);

			ck_assert_uint_eq(entry->reclen % 8, 0);
			if (seen)
				see(seen, entry);
			i += entry->reclen;
		}
	}
	return size < 0 ? size : entries;
}

static void check_seen(const struct seen *seen)
{
	for (int i = 0; i < FILES; i++)
		ck_assert_msg(seen->count[i] == 1, "file-%d: %u times", i, seen->count[i]);
	ck_assert_uint_eq(seen->dots, 2);
	ck_assert_uint_eq(seen->others, 0);
}

START_TEST(folders_are_listed_once)
{
	struct seen seen = { 0 }, again = { 0 };
	char buffer[SMALL];
	uint64_t at;

	make_many();
	ck_assert_int_eq(read_folder(guest_folder, SMALL, &seen), FILES + 2);
	check_seen(&seen);
	ck_assert_int_eq(read_folder(guest_folder, SMALL, NULL), 0);
	/* from its beginning, and from what an entry says of the next */
	ck_assert_int_eq(guest_seek(guest_folder, 0), 0);
	ck_assert_int_eq(read_folder(guest_folder, 4096, &again), FILES + 2);
	check_seen(&again);
	ck_assert_int_eq(guest_seek(guest_folder, seen.after_hundred), seen.after_hundred);
	at = guest_room(SMALL);
	ck_assert_int_gt(GUEST_CALL(getdents64, (uint64_t)guest_folder, at, SMALL), 0);
	guest_get(buffer, at, SMALL);
	ck_assert_str_eq(((struct linux_dirent64 *)(void *)buffer)->name, seen.at_hundred);
}
END_TEST

START_TEST(folders_say_what_is_wrong)
{
	int64_t file;

	make_file(guest_host_folder, "file", "");
	ck_assert_int_eq(read_folder(guest_folder, 8, NULL), -LINUX_EINVAL);
	ck_assert_int_gt(read_folder(guest_folder, SMALL, NULL), 0);
	file = GUEST_CALL(openat, (uint64_t)guest_folder, guest_text("file"), 0, 0);
	ck_assert_int_eq(read_folder((int)file, SMALL, NULL), -LINUX_ENOTDIR);
	file = GUEST_CALL(openat, (uint64_t)guest_folder, guest_text("."), LINUX_O_PATH, 0);
	ck_assert_int_eq(read_folder((int)file, SMALL, NULL), -LINUX_EBADF);
	ck_assert_int_eq(read_folder(999, SMALL, NULL), -LINUX_EBADF);
}
END_TEST

static void check_here(const char *expected)
{
	char name[LINUX_PATH_MAX];
	uint64_t room = guest_room(sizeof name);
	int64_t size = GUEST_CALL(getcwd, room, sizeof name);

	ck_assert_int_eq(size, (int64_t)strlen(expected) + 1);
	guest_get(name, room, (size_t)size);
	ck_assert_str_eq(name, expected);
}

START_TEST(the_program_is_somewhere)
{
	uint64_t room = guest_room(256);
	int64_t fd;

	make_file(guest_host_folder, "file", "x");
	ck_assert_int_eq(GUEST_CALL(fchdir, (uint64_t)guest_folder), 0);
	check_here(guest_name);
	ck_assert_int_eq(GUEST_CALL(newfstatat, (uint64_t)LINUX_AT_FDCWD, guest_text("file"), room,
				    0), 0);
	ck_assert_int_eq(GUEST_CALL(chdir, guest_text("file")), -LINUX_ENOTDIR);
	ck_assert_int_eq(GUEST_CALL(chdir, guest_text("none")), -LINUX_ENOENT);
	ck_assert_int_eq(GUEST_CALL(chdir, guest_text("/proc/self")), 0);
	{
		char own[32];

		snprintf(own, sizeof own, "/proc/%d", (int)getpid());
		check_here(own);
	}
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)LINUX_AT_FDCWD, guest_text("stat"), 0), 0);
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)LINUX_AT_FDCWD, guest_text("../uptime"),
				    0), 0);
	fd = GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text(".."), LINUX_O_DIRECTORY, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)fd, guest_text("uptime"), 0), 0);
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)fd, guest_text("../usr"), 0), 0);
	ck_assert_int_eq(GUEST_CALL(fchdir, (uint64_t)fd), 0);
	check_here("/proc");
	ck_assert_int_eq(GUEST_CALL(chdir, guest_text("..")), 0);
	check_here("/");
	/* from there, /proc is ours again */
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)LINUX_AT_FDCWD,
				    guest_text("proc/sys/kernel/ostype"), 0), 0);
	ck_assert_int_eq(GUEST_CALL(chroot, guest_text("/usr")), -LINUX_EPERM);
	ck_assert_int_eq(GUEST_CALL(chroot, guest_text("/none")), -LINUX_ENOENT);
}
END_TEST

/* -------------------------------------------------------------------------
 * What is made up.
 */
static const char *text_of(const char *name)
{
	static char text[65536];
	int64_t fd;
	ssize_t size = 0, some;
	int host;

	guest_room_begin();
	fd = GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text(name), 0, 0);
	ck_assert_msg(fd >= 0, "%s: %lld", name, (long long)fd);
	host = guest_host((int)fd);
	while ((some = read(host, text + size, sizeof text - 1 - (size_t)size)) > 0)
		size += some;
	text[size] = 0;
	guest_close((int)fd);
	return text;
}

static int64_t link_of(const char *name, char *text, size_t room)
{
	uint64_t at;
	int64_t length;

	guest_room_begin();
	at = guest_room(room);
	length = GUEST_CALL(readlinkat, (uint64_t)LINUX_AT_FDCWD, guest_text(name), at, room);
	if (length >= 0) {
		guest_get(text, at, (size_t)length);
		text[length] = 0;
	}
	return length;
}

START_TEST(what_programs_read_of_proc)
{
	static const char *const names[] = {
		"/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/uptime", "/proc/loadavg",
		"/proc/version", "/proc/mounts", "/proc/filesystems", "/proc/self/stat",
		"/proc/self/statm", "/proc/self/status", "/proc/self/comm", "/proc/self/limits",
		"/proc/self/mountinfo", "/proc/self/cgroup", "/proc/self/oom_score_adj",
		"/proc/thread-self/comm", "/proc/sys/kernel/osrelease",
		"/proc/sys/kernel/hostname", "/proc/sys/kernel/pid_max",
		"/proc/sys/kernel/ngroups_max", "/proc/sys/kernel/random/uuid",
		"/proc/sys/kernel/random/boot_id", "/proc/sys/vm/overcommit_memory",
		"/sys/devices/system/cpu/online", "/sys/devices/system/cpu/possible",
		"/sys/devices/system/cpu/present", "/sys/kernel/mm/transparent_hugepage/enabled",
	};
	unsigned long memory, first, second;
	char name[64];
	int pid, parent;

	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert_msg(*text_of(names[i]), "%s is empty", names[i]);
	ck_assert_int_eq(sscanf(text_of("/proc/meminfo"), "MemTotal: %lu kB", &memory), 1);
	ck_assert_uint_gt(memory, 1024);
	ck_assert_int_eq(sscanf(text_of("/proc/self/stat"), "%d (%63[^)]) R %d", &pid, name,
				&parent), 3);
	ck_assert_int_eq(pid, getpid());
	ck_assert_int_eq(parent, getppid());
	ck_assert_str_eq(name, "program");
	snprintf(name, sizeof name, "/proc/%d/comm", (int)getpid());
	ck_assert_str_eq(text_of(name), "program\n");
	ck_assert_int_eq(sscanf(text_of("/proc/uptime"), "%lu.%lu ", &first, &second), 2);
	ck_assert_ptr_nonnull(strstr(text_of("/proc/self/status"), "\nThreads:\t1\n"));
	ck_assert_ptr_nonnull(strstr(text_of("/proc/mounts"), " /proc proc "));
}
END_TEST

/* As many columns as the kernel's, so that who counts them finds the same. */
START_TEST(proc_has_the_kernels_form)
{
	static const char *const names[] = { "/proc/self/stat", "/proc/self/statm", "/proc/loadavg",
					     "/proc/uptime", "/proc/sys/kernel/random/uuid" };
	char expected[4096];

	for (size_t i = 0; i < COUNT(names); i++) {
		FILE *file = fopen(names[i], "r");
		unsigned int wanted = 0, got = 0;
		const char *text;

		ck_assert_ptr_nonnull(fgets(expected, sizeof expected, file));
		fclose(file);
		text = text_of(names[i]);
		for (const char *at = expected; *at; at++)
			wanted += *at == ' ';
		for (const char *at = text; *at; at++)
			got += *at == ' ';
		ck_assert_msg(got == wanted, "%s: %u columns, not %u", names[i], got, wanted);
	}
	ck_assert_uint_eq(strlen(text_of("/proc/sys/kernel/random/uuid")), 37);
}
END_TEST

/* Each line of the kernel's that programs look for is there, in that order. */
START_TEST(status_has_the_kernels_lines)
{
	static const char *const lines[] = {
		"Name:", "Umask:", "State:", "Tgid:", "Pid:", "PPid:", "TracerPid:", "Uid:", "Gid:",
		"FDSize:", "Groups:", "VmPeak:", "VmSize:", "VmHWM:", "VmRSS:", "VmData:",
		"Threads:", "SigQ:", "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:",
		"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:", "Seccomp:",
		"Cpus_allowed:", "Cpus_allowed_list:", "Mems_allowed:", "Mems_allowed_list:",
		"voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:",
	};
	char kernels[8192] = "", *ours = strdup(text_of("/proc/self/status")), *at = ours;
	FILE *file = fopen("/proc/self/status", "r");
	const char *kernel = kernels;

	ck_assert_uint_gt(fread(kernels, 1, sizeof kernels - 1, file), 0);
	fclose(file);
	for (size_t i = 0; i < COUNT(lines); i++) {
		at = strstr(at, lines[i]);
		ck_assert_msg(at != NULL, "%s is not there", lines[i]);
		kernel = strstr(kernel, lines[i]);
		ck_assert_msg(kernel != NULL, "%s is not the kernel's", lines[i]);
	}
	free(ours);
}
END_TEST

START_TEST(links_of_proc)
{
	char text[LINUX_PATH_MAX], expected[64];
	struct place place;
	int64_t fd;

	snprintf(expected, sizeof expected, "%d", (int)getpid());
	ck_assert_int_gt(link_of("/proc/self", text, sizeof text - 1), 0);
	ck_assert_str_eq(text, expected);
	ck_assert_int_gt(link_of("/proc/self/exe", text, sizeof text - 1), 0);
	ck_assert_str_eq(text, GUEST_PROGRAM);
	ck_assert_int_eq(link_of("/proc/self/exe", text, 4), 4);
	/* before there is a program */
	ck_assert_int_eq(place_find_name(NULL, (uint64_t)LINUX_AT_FDCWD, "/proc/self/exe", 0,
					 &place), -ENOENT);
	ck_assert_int_eq(place_find_name(NULL, (uint64_t)LINUX_AT_FDCWD, "/proc/thread-self/stat",
					 0, &place), 0);
	ck_assert_int_eq(place.kind, PLACE_SYNTHETIC);
	place_end(&place);
	ck_assert_int_gt(link_of("/proc/self/cwd", text, sizeof text - 1), 0);
	/* by the link itself */
	fd = GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/proc/self/exe"),
			LINUX_O_PATH | LINUX_O_NOFOLLOW, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(GUEST_CALL(readlinkat, (uint64_t)fd, guest_text(""), guest_room(256), 256),
			 (int64_t)strlen(GUEST_PROGRAM));
	ck_assert_int_eq(GUEST_CALL(getdents64, (uint64_t)fd, guest_room(256), 256), -LINUX_EBADF);
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)fd, guest_text("x"), 0), -LINUX_ENOTDIR);
	ck_assert_int_eq(link_of("/proc/self/stat", text, sizeof text - 1), -LINUX_EINVAL);
	ck_assert_int_eq(link_of("/proc/self/none", text, sizeof text - 1), -LINUX_ENOENT);
	ck_assert_int_eq(link_of("/proc/1/stat", text, sizeof text - 1), -LINUX_ENOENT);
	ck_assert_int_eq(link_of("/proc/self/fd/999", text, sizeof text - 1), -LINUX_ENOENT);
	ck_assert_int_eq(link_of("/proc/self/stat/x", text, sizeof text - 1), -LINUX_ENOTDIR);
	ck_assert_int_eq(GUEST_CALL(newfstatat, (uint64_t)LINUX_AT_FDCWD,
				    guest_text("/proc/self/fd/999"), guest_room(256),
				    LINUX_AT_SYMLINK_NOFOLLOW), -LINUX_ENOENT);
	make_file(guest_host_folder, "file", "text");
	fd = GUEST_CALL(openat, (uint64_t)guest_folder, guest_text("file"), 0, 0);
	snprintf(expected, sizeof expected, "/proc/self/fd/%d", (int)fd);
	ck_assert_int_gt(link_of(expected, text, sizeof text - 1), 0);
	ck_assert_int_eq(strncmp(text, guest_name, strlen(guest_name)), 0);
	ck_assert_str_eq(text + strlen(guest_name), "/file");
	/* another one, from the beginning */
	ck_assert_str_eq(text_of(expected), "text");
	lseek(guest_host((int)fd), 3, SEEK_SET);
	snprintf(text, sizeof text, "/proc/self/fdinfo/%d", (int)fd);
	ck_assert_ptr_nonnull(strstr(text_of(text), "pos:\t3\nflags:\t0400000\n"));
	snprintf(expected, sizeof expected, "/dev/fd/%d", (int)fd);
	ck_assert_str_eq(text_of(expected), "text");
	snprintf(expected, sizeof expected, "/proc/self/fd/%d/file", guest_folder);
	ck_assert_str_eq(text_of(expected), "text");
	snprintf(expected, sizeof expected, "/proc/self/fd/%d/../x", (int)fd);
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)LINUX_AT_FDCWD, guest_text(expected), 0),
			 -LINUX_ENOTDIR);
}
END_TEST

static bool is_listed(const char *folder, const char *name)
{
	char buffer[4096];
	int64_t fd, size;
	uint64_t at;
	bool found = false;

	guest_room_begin();
	at = guest_room(sizeof buffer);
	fd = GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text(folder), LINUX_O_DIRECTORY, 0);
	ck_assert_int_ge(fd, 0);
	while ((size = GUEST_CALL(getdents64, (uint64_t)fd, at, sizeof buffer)) > 0) {
		guest_get(buffer, at, (size_t)size);
		for (int64_t i = 0; i < size;) {
			const struct linux_dirent64 *entry = (void *)(buffer + i);

			found |= !strcmp(entry->name, name);
			i += entry->reclen;
		}
	}
	ck_assert_int_eq(size, 0);
	guest_close((int)fd);
	return found;
}

START_TEST(folders_of_proc)
{
	char own[32], fd[32];

	snprintf(own, sizeof own, "%d", (int)getpid());
	snprintf(fd, sizeof fd, "%d", guest_folder);
	ck_assert(is_listed("/proc", "self"));
	ck_assert(is_listed("/proc", own));
	ck_assert(is_listed("/proc", "."));
	ck_assert(!is_listed("/proc", "1"));
	ck_assert(is_listed("/proc/self", "maps"));
	ck_assert(is_listed("/proc/self/task", own));
	ck_assert(is_listed("/proc/self/fd", fd));
	ck_assert(!is_listed("/proc/self/fd", "999"));
	ck_assert(is_listed("/sys/devices/system/cpu", "cpu0"));
	ck_assert(is_listed("/dev", "null"));
	/* what is open there is a folder */
	ck_assert_int_eq(GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/proc/self"),
				    LINUX_O_WRONLY, 0), -LINUX_EISDIR);
	ck_assert_int_eq(GUEST_CALL(mkdirat, (uint64_t)LINUX_AT_FDCWD, guest_text("/proc/self"),
				    0700), -LINUX_EEXIST);
	ck_assert_int_eq(GUEST_CALL(unlinkat, (uint64_t)LINUX_AT_FDCWD, guest_text("/proc/stat"),
				    0), -LINUX_EPERM);
}
END_TEST

static void check_once(const char *folder, const char *list, int64_t size)
{
	for (int64_t i = 0, other; i < size; i = other) {
		const struct linux_dirent64 *entry = (const void *)(list + i), *another;

		other = i + entry->reclen;
		for (int64_t j = other; j < size; j += another->reclen) {
			another = (const void *)(list + j);
			ck_assert_msg(strcmp(entry->name, another->name), "%s/%s: twice", folder,
				      entry->name);
		}
	}
}

/* Everything in every folder can be asked what it is, and what is listed is there. */
static unsigned int walk(const char *folder, unsigned int depth)
{
	char *list = malloc(65536), name[256];
	uint64_t room;
	int64_t fd, size, all = 0;
	unsigned int count = 0;

	guest_room_begin();
	room = guest_room(4096);
	fd = GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text(folder), LINUX_O_DIRECTORY, 0);
	ck_assert_msg(fd >= 0, "%s: %lld", folder, (long long)fd);
	while ((size = GUEST_CALL(getdents64, (uint64_t)fd, room, 4096)) > 0) {
		guest_get(list + all, room, (size_t)size);
		all += size;
	}
	guest_close((int)fd);
	check_once(folder, list, all);
	for (int64_t i = 0; i < all;) {
		const struct linux_dirent64 *entry = (void *)(list + i);
		struct linux_stat status;

		i += entry->reclen;
		if (entry->name[0] == '.')
			continue;
		count++;
		snprintf(name, sizeof name, "%s/%s", folder, entry->name);
		/* that of the list itself */
		if (strstr(name, "/fd/") || strstr(name, "/fdinfo/"))
			continue;
		guest_room_begin();
		room = guest_room(sizeof status);
		fd = GUEST_CALL(newfstatat, (uint64_t)LINUX_AT_FDCWD, guest_text(name), room,
				LINUX_AT_SYMLINK_NOFOLLOW);
		ck_assert_msg(!fd, "%s: %lld", name, (long long)fd);
		guest_get(&status, room, sizeof status);
		ck_assert_msg(status.mode >> LINUX_DT_SHIFT == entry->type, "%s: %o", name,
			      status.mode);
		if (entry->type == LINUX_DT_REG && status.mode & 0444)
			text_of(name);
		if (entry->type == LINUX_DT_DIR && depth && !strstr(name, "/shm"))
			count += walk(name, depth - 1);
	}
	free(list);
	return count;
}

START_TEST(all_that_is_made_up)
{
	ck_assert_uint_gt(walk("/proc", 6), 60);
	ck_assert_uint_gt(walk("/sys", 6), 10);
	ck_assert_uint_gt(walk("/dev", 2), 10);
}
END_TEST

START_TEST(devices)
{
	struct linux_stat status;
	uint64_t room = guest_room(sizeof status);
	char shared[64];
	int64_t fd;

	fd = GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/dev/full"), LINUX_O_RDWR, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(GUEST_CALL(fstat, (uint64_t)fd, room), 0);
	guest_get(&status, room, sizeof status);
	ck_assert_uint_eq(status.rdev, makedev(1, 7));
	ck_assert_uint_eq(status.mode & LINUX_S_IFMT, LINUX_S_IFCHR);
	ck_assert_int_ge(GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/dev/null"),
				    LINUX_O_RDWR, 0), 0);
	ck_assert_int_eq(GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/dev/null/x"),
				    LINUX_O_RDWR, 0), -LINUX_ENOTDIR);
	snprintf(shared, sizeof shared, "/dev/shm/check_files-%d", (int)getpid());
	fd = GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text(shared),
			LINUX_O_RDWR | LINUX_O_CREAT | LINUX_O_EXCL, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(GUEST_CALL(unlinkat, (uint64_t)LINUX_AT_FDCWD, guest_text(shared), 0), 0);
}
END_TEST

START_TEST(texts_are_not_written_to)
{
	ck_assert_int_eq(GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/proc/meminfo"),
				    LINUX_O_RDWR, 0), -LINUX_EACCES);
	ck_assert_int_ge(GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD,
				    guest_text("/proc/self/oom_score_adj"), LINUX_O_WRONLY, 0), 0);
	ck_assert_int_eq(GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/proc/meminfo"),
				    LINUX_O_CREAT | LINUX_O_EXCL, 0), -LINUX_EEXIST);
	ck_assert_int_eq(GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/proc/meminfo"),
				    LINUX_O_DIRECTORY, 0), -LINUX_ENOTDIR);
	ck_assert_int_eq(GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/proc/self"),
				    LINUX_O_NOFOLLOW, 0), -LINUX_ELOOP);
}
END_TEST

START_TEST(what_is_made_up_outlives_execve)
{
	FILE *file = tmpfile();
	const uint64_t room = guest_room(256);
	struct registry_held held;
	struct registry_new new = { .class = &synthetic_class, .host = -1 };
	char own[32];
	int64_t fd;

	snprintf(own, sizeof own, "/proc/%d", (int)getpid());
	fd = GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/proc/self"), 0, 0);
	ck_assert_int_gt(GUEST_CALL(getdents64, (uint64_t)fd, room, 64), 0);
	ck_assert_int_eq(GUEST_CALL(chdir, guest_text("/proc/self/task")), 0);
	ck_assert_int_eq(descriptor_hold((uint64_t)fd, &held), 0);
	names_save(file);
	synthetic_ops.save(held.payload, file);
	descriptor_let_go(&held);
	guest_close((int)fd);
	ck_assert_int_eq(GUEST_CALL(chdir, guest_text("/")), 0);

	rewind(file);
	ck_assert_int_eq(names_restore(file), 0);
	new.payload = synthetic_ops.restore(file);
	ck_assert_ptr_nonnull(new.payload);
	ck_assert_int_eq(registry_open(&descriptors, &new, NULL), fd);
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)fd, guest_text("stat"), 0), 0);
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)LINUX_AT_FDCWD, guest_text("../stat"), 0),
			 0);
	ck_assert_int_eq(descriptor_hold((uint64_t)fd, &held), 0);
	ck_assert_int_gt(folder_seek(&held, 0, LINUX_SEEK_CUR), 0);
	ck_assert_str_eq(folder_synthetic(&held)->name, own);
	descriptor_let_go(&held);
	/* there is no more */
	ck_assert_int_eq(names_restore(file), -EIO);
	ck_assert_ptr_null(synthetic_ops.restore(file));
	fclose(file);
}
END_TEST

/* -------------------------------------------------------------------------
 * Another root.
 */
START_TEST(links_lead_to_the_other_root)
{
	char here[LINUX_PATH_MAX];
	int64_t fd;

	ck_assert_int_eq(mkdirat(guest_host_folder, "bin", 0700), 0);
	ck_assert_int_eq(mkdirat(guest_host_folder, "only", 0700), 0);
	ck_assert_int_eq(mkdirat(guest_host_folder, "only/in", 0700), 0);
	make_file(guest_host_folder, "bin/busybox-of-the-root", "busy");
	ck_assert_int_eq(symlinkat("/bin/busybox-of-the-root", guest_host_folder, "bin/sh"), 0);
	ck_assert_int_eq(symlinkat("../only", guest_host_folder, "bin/up"), 0);
	ck_assert_int_eq(symlinkat("/proc/self/mounts", guest_host_folder, "only/mtab"), 0);
	ck_assert_int_eq(symlinkat("/a", guest_host_folder, "b"), 0);
	ck_assert_int_eq(symlinkat("/b", guest_host_folder, "a"), 0);
	ck_assert_int_eq(sysroot_set(guest_name), 0);
	ck_assert_str_eq(text_of("/bin/sh"), "busy");
	ck_assert_str_eq(text_of("//only/./in/../../bin/sh"), "busy");
	ck_assert_str_eq(text_of("/../bin/sh"), "busy");
	ck_assert_ptr_nonnull(strstr(text_of("/only/mtab"), "proc"));
	ck_assert_ptr_nonnull(strstr(text_of("/bin/up/mtab"), "proc"));
	ck_assert_int_eq(link_of("/bin/sh", here, sizeof here - 1),
			 (int64_t)strlen("/bin/busybox-of-the-root"));
	/* what is not there is the host's */
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)LINUX_AT_FDCWD, guest_text("/usr/bin"),
				    0), 0);
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)LINUX_AT_FDCWD, guest_text("/a"), 0),
			 -LINUX_ELOOP);
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)LINUX_AT_FDCWD, guest_text("/none/x"), 0),
			 -LINUX_ENOENT);
	ck_assert_int_eq(GUEST_CALL(faccessat, (uint64_t)LINUX_AT_FDCWD,
				    guest_text("/none/../bin"), 0), -LINUX_ENOENT);
	ck_assert_int_eq(GUEST_CALL(linkat, (uint64_t)LINUX_AT_FDCWD, guest_text("/bin/sh"),
				    (uint64_t)LINUX_AT_FDCWD, guest_text("/only/linked"),
				    LINUX_AT_SYMLINK_FOLLOW), 0);
	ck_assert_str_eq(text_of("/only/linked"), "busy");
	/* a new file goes to where its folder is */
	fd = GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/only/in/new"),
			LINUX_O_CREAT | LINUX_O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(faccessat(guest_host_folder, "only/in/new", F_OK, 0), 0);
	ck_assert_int_eq(GUEST_CALL(chdir, guest_text("/only/in")), 0);
	check_here("/only/in");
	ck_assert_str_eq(text_of("../../bin/sh"), "busy");
	ck_assert_int_eq(GUEST_CALL(chdir, guest_text("../..")), 0);
	check_here("/");
	ck_assert_str_eq(text_of("bin/sh"), "busy");
	ck_assert_str_eq(text_of("proc/sys/kernel/ostype"), "Linux\n");
	/* relative to a descriptor, too */
	fd = GUEST_CALL(openat, (uint64_t)LINUX_AT_FDCWD, guest_text("/bin"), LINUX_O_DIRECTORY, 0);
	ck_assert_int_ge(GUEST_CALL(openat, (uint64_t)fd, guest_text("sh"), 0, 0), 0);
	ck_assert_int_eq(GUEST_CALL(openat, (uint64_t)fd, guest_text("sh"), LINUX_O_NOFOLLOW, 0),
			 -LINUX_ELOOP);
	ck_assert_int_eq(GUEST_CALL(openat, (uint64_t)fd, guest_text("sh/"), 0, 0),
			 -LINUX_ENOTDIR);
}
END_TEST

/* -------------------------------------------------------------------------
 * Bytes.
 */
static uint64_t open_guest(const char *name, uint64_t flags)
{
	int64_t fd = GUEST_CALL(openat, (uint64_t)guest_folder, guest_text(name), flags, 0600);

	ck_assert_msg(fd >= 0, "%s: %lld", name, (long long)fd);
	return (uint64_t)fd;
}

static void check_file(const char *name, const char *expected)
{
	char text[128] = "";
	int fd = openat(guest_host_folder, name, O_RDONLY);

	ck_assert_int_ge(read(fd, text, sizeof text - 1), 0);
	close(fd);
	ck_assert_str_eq(text, expected);
}

START_TEST(bytes_go_from_file_to_file)
{
	uint64_t in, out, offset = guest_room(8), second = guest_room(8);
	int64_t where = 2;

	make_file(guest_host_folder, "in", "0123456789");
	in = open_guest("in", LINUX_O_RDONLY);
	out = open_guest("out", LINUX_O_CREAT | LINUX_O_RDWR);
	ck_assert_int_eq(GUEST_CALL(sendfile, out, in, 0, 4), 4);
	ck_assert_int_eq(guest_seek_current((int)in), 4);
	guest_put(offset, &where, sizeof where);
	ck_assert_int_eq(GUEST_CALL(sendfile, out, in, offset, 100), 8);
	guest_get(&where, offset, sizeof where);
	ck_assert_int_eq(where, 10);
	ck_assert_int_eq(guest_seek_current((int)in), 4);
	check_file("out", "012323456789");
	ck_assert_int_eq(GUEST_CALL(sendfile, in, out, 0, 4), -LINUX_EBADF);
	where = -1;
	guest_put(offset, &where, sizeof where);
	ck_assert_int_eq(GUEST_CALL(sendfile, out, in, offset, 4), -LINUX_EINVAL);

	where = 1;
	guest_put(offset, &where, sizeof where);
	where = 6;
	guest_put(second, &where, sizeof where);
	ck_assert_int_eq(GUEST_CALL(copy_file_range, in, offset, out, second, 3, 0), 3);
	check_file("out", "012323123789");
	guest_get(&where, second, sizeof where);
	ck_assert_int_eq(where, 9);
	ck_assert_int_eq(GUEST_CALL(copy_file_range, in, 0, out, 0, 3, 1), -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(copy_file_range, (uint64_t)guest_folder, 0, out, 0, 3, 0),
			 -LINUX_EISDIR);
	where = 0;
	guest_put(second, &where, sizeof where);
	where = 1;
	guest_put(offset, &where, sizeof where);
	ck_assert_int_eq(GUEST_CALL(copy_file_range, out, offset, out, second, 3, 0),
			 -LINUX_EINVAL);
}
END_TEST

START_TEST(bytes_go_through_pipes)
{
	int64_t where = 3;
	uint64_t in, out, offset = guest_room(8);
	int host[2], ends[2];

	ck_assert_int_eq(pipe(host), 0);
	ends[0] = guest_descriptor(host[0]);
	ends[1] = guest_descriptor(host[1]);
	make_file(guest_host_folder, "in", "0123456789");
	in = open_guest("in", LINUX_O_RDONLY);
	out = open_guest("out", LINUX_O_CREAT | LINUX_O_RDWR);
	guest_put(offset, &where, sizeof where);
	ck_assert_int_eq(GUEST_CALL(splice, in, offset, (uint64_t)ends[1], 0, 100, 0), 7);
	guest_get(&where, offset, sizeof where);
	ck_assert_int_eq(where, 10);
	ck_assert_int_eq(GUEST_CALL(splice, (uint64_t)ends[0], 0, out, 0, 5, 0), 5);
	check_file("out", "34567");
	ck_assert_int_eq(GUEST_CALL(splice, (uint64_t)ends[0], 0, out, 0, 100, 0), 2);
	check_file("out", "3456789");
	ck_assert_int_eq(GUEST_CALL(splice, (uint64_t)ends[0], 0, out, 0, 1,
				    LINUX_SPLICE_F_NONBLOCK), -LINUX_EAGAIN);
	ck_assert_int_eq(GUEST_CALL(splice, in, 0, out, 0, 1, 0), -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(splice, (uint64_t)ends[0], 0,
				    open_guest("out", LINUX_O_WRONLY | LINUX_O_APPEND), 0, 1, 0),
			 -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(splice, (uint64_t)ends[0], offset, out, 0, 1, 0),
			 -LINUX_ESPIPE);
	ck_assert_int_eq(GUEST_CALL(splice, in, 0, (uint64_t)ends[1], 0, 1, 0x100),
			 -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(sendfile, out, (uint64_t)ends[0], 0, 1), -LINUX_EINVAL);
	/* as the kernel has it: the word is read first */
	ck_assert_int_eq(GUEST_CALL(sendfile, out, (uint64_t)ends[0], offset, 1), -LINUX_ESPIPE);
	ck_assert_int_eq(GUEST_CALL(sendfile, out, (uint64_t)ends[0], 8, 1), -LINUX_EFAULT);
}
END_TEST

START_TEST(files_grow_and_shrink)
{
	uint64_t fd;

	make_file(guest_host_folder, "file", "0123456789");
	fd = open_guest("file", LINUX_O_RDWR);
	ck_assert_int_eq(GUEST_CALL(ftruncate, fd, 4), 0);
	check_file("file", "0123");
	ck_assert_int_eq(GUEST_CALL(ftruncate, fd, (uint64_t)-1), -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(fallocate, fd, 0, 0, 20), 0);
	ck_assert_int_eq(GUEST_CALL(fallocate, fd, 0, (uint64_t)-1, 20), -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(fallocate, fd, 0, 0, 0), -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(fallocate, fd, 0x40, 0, 4096), -LINUX_EOPNOTSUPP);
	ck_assert_int_eq(GUEST_CALL(fallocate, fd, 0, 1, INT64_MAX), -LINUX_EFBIG);
	ck_assert_int_eq(GUEST_CALL(fadvise64, fd, 0, 0, 5), 0);
	ck_assert_int_eq(GUEST_CALL(fadvise64, fd, 0, 0, 6), -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(readahead, fd, 0, 1), 0);
	ck_assert_int_eq(GUEST_CALL(fsync, fd), 0);
	ck_assert_int_eq(GUEST_CALL(fdatasync, fd), 0);
	ck_assert_int_eq(GUEST_CALL(fsync, 999), -LINUX_EBADF);
	ck_assert_int_eq(GUEST_CALL(sync_file_range, fd, 0, 0, 8), -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(fallocate, open_guest("file", LINUX_O_RDONLY), 0, 0, 1),
			 -LINUX_EBADF);
	ck_assert_int_eq(GUEST_CALL(openat, (uint64_t)guest_folder, guest_text("."),
				    LINUX_O_TMPFILE | LINUX_O_RDWR, 0600), -LINUX_EOPNOTSUPP);
}
END_TEST

START_TEST(times_are_set)
{
	const struct linux_timespec times[2] = { { 5, 6 }, { 7, LINUX_UTIME_OMIT } };
	uint64_t at = guest_room(sizeof times), fd;
	struct stat before, after;

	make_file(guest_host_folder, "file", "");
	ck_assert_int_eq(fstatat(guest_host_folder, "file", &before, 0), 0);
	guest_put(at, times, sizeof times);
	ck_assert_int_eq(GUEST_CALL(utimensat, (uint64_t)guest_folder, guest_text("file"), at, 0),
			 0);
	ck_assert_int_eq(fstatat(guest_host_folder, "file", &after, 0), 0);
	ck_assert_int_eq(after.st_atim.tv_sec, 5);
	ck_assert_int_eq(after.st_atim.tv_nsec, 6);
	ck_assert_int_eq(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
	fd = open_guest("file", LINUX_O_RDWR);
	ck_assert_int_eq(GUEST_CALL(utimensat, fd, 0, 0, 0), 0);
	ck_assert_int_eq(fstatat(guest_host_folder, "file", &after, 0), 0);
	ck_assert_int_gt(after.st_atim.tv_sec, 5);
	ck_assert_int_eq(GUEST_CALL(utimensat, fd, 0, 0, LINUX_AT_SYMLINK_NOFOLLOW), -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(utimensat, (uint64_t)LINUX_AT_FDCWD, 0, 0, 0), -LINUX_EFAULT);
	/* a link's own */
	ck_assert_int_eq(symlinkat("file", guest_host_folder, "link"), 0);
	ck_assert_int_eq(GUEST_CALL(utimensat, (uint64_t)guest_folder, guest_text("link"), at,
				    LINUX_AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(fstatat(guest_host_folder, "link", &after, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(after.st_atim.tv_sec, 5);
	ck_assert_int_eq(fstatat(guest_host_folder, "file", &after, 0), 0);
	ck_assert_int_gt(after.st_atim.tv_sec, 5);
}
END_TEST

START_TEST(locks_are_the_opened_files)
{
	uint64_t first, second;

	make_file(guest_host_folder, "file", "");
	first = open_guest("file", LINUX_O_RDWR);
	second = open_guest("file", LINUX_O_RDWR);
	ck_assert_int_eq(GUEST_CALL(flock, first, LINUX_LOCK_EX), 0);
	ck_assert_int_eq(GUEST_CALL(flock, second, LINUX_LOCK_SH | LINUX_LOCK_NB), -LINUX_EAGAIN);
	ck_assert_int_eq(GUEST_CALL(flock, first, LINUX_LOCK_UN), 0);
	ck_assert_int_eq(GUEST_CALL(flock, second, LINUX_LOCK_SH | LINUX_LOCK_NB), 0);
	ck_assert_int_eq(GUEST_CALL(flock, second, 0), -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(flock, 999, LINUX_LOCK_SH), -LINUX_EBADF);
}
END_TEST

START_TEST(memory_is_a_file)
{
	char long_name[LINUX_NAME_MAX + 1];
	struct linux_stat status;
	uint64_t room = guest_room(sizeof status);
	int64_t fd = GUEST_CALL(memfd_create, guest_text("x"), LINUX_MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(GUEST_CALL(ftruncate, (uint64_t)fd, 100), 0);
	ck_assert_int_eq(GUEST_CALL(fstat, (uint64_t)fd, room), 0);
	guest_get(&status, room, sizeof status);
	ck_assert_uint_eq(status.nlink, 0);
	ck_assert_int_eq(status.size, 100);
	memset(long_name, 'x', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = 0;
	ck_assert_int_eq(GUEST_CALL(memfd_create, guest_text(long_name), 0), -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(memfd_create, guest_text("x"), 0x100), -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(memfd_create, guest_text("x"), LINUX_MFD_HUGETLB),
			 -LINUX_EINVAL);
}
END_TEST

/* As the kernel's, wherever the folder is, which may have none of them. */
START_TEST(attributes_are_the_kernels)
{
	char value[16] = "", name[PATH_MAX];
	const uint64_t room = guest_room(256);
	int expected;

	make_file(guest_host_folder, "file", "");
	make_file(native_folder, "file", "");
	ck_assert_int_eq(GUEST_CALL(fchdir, (uint64_t)guest_folder), 0);
	snprintf(name, sizeof name, "%s/file", native_name);
	expected = (int)syscall(SYS_setxattr, name, "user.test", "value", 5, 0);
	expected = expected ? -errno : 0;
	ck_assert_int_eq(GUEST_CALL(setxattr, guest_text("file"), guest_text("user.test"),
				    guest_text("value"), 5, 0), expected);
	if (!expected) {
		ck_assert_int_eq(GUEST_CALL(getxattr, guest_text("file"), guest_text("user.test"),
					    room, 256), 5);
		guest_get(value, room, 5);
		ck_assert_str_eq(value, "value");
		ck_assert_int_eq(GUEST_CALL(getxattr, guest_text("file"), guest_text("user.test"),
					    room, 3), -LINUX_ERANGE);
		ck_assert_int_eq(GUEST_CALL(getxattr, guest_text("file"), guest_text("user.test"),
					    0, 0), 5);
		ck_assert_int_ge(GUEST_CALL(listxattr, guest_text("file"), room, 256), 10);
		ck_assert_int_eq(GUEST_CALL(setxattr, guest_text("file"), guest_text("user.test"),
					    guest_text("value"), 5, LINUX_XATTR_CREATE),
				 -LINUX_EEXIST);
		ck_assert_int_eq(GUEST_CALL(removexattr, guest_text("file"),
					    guest_text("user.test")), 0);
		ck_assert_int_eq(GUEST_CALL(getxattr, guest_text("file"), guest_text("user.test"),
					    room, 256), -LINUX_ENODATA);
	}
	ck_assert_int_eq(GUEST_CALL(setxattr, guest_text("file"), guest_text(""), room, 1, 0),
			 -LINUX_ERANGE);
	ck_assert_int_eq(GUEST_CALL(setxattr, guest_text("file"), guest_text("user.x"), room, 1, 4),
			 -LINUX_EINVAL);
	ck_assert_int_eq(GUEST_CALL(setxattr, guest_text("file"), guest_text("user.x"), room,
				    65537, 0), -LINUX_E2BIG);
	ck_assert_int_eq(GUEST_CALL(getxattr, guest_text("none"), guest_text("user.x"), room, 1),
			 -LINUX_ENOENT);
}
END_TEST

START_TEST(openat2_says_no_to_what_it_cannot_promise)
{
	struct linux_open_how how = { .flags = LINUX_O_RDONLY };
	uint64_t at = guest_room(64), zeros[8] = { 0 };

	make_file(guest_host_folder, "file", "");
	guest_put(at, zeros, sizeof zeros);
	guest_put(at, &how, sizeof how);
	ck_assert_int_ge(GUEST_CALL(openat2, (uint64_t)guest_folder, guest_text("file"), at,
				    sizeof how), 0);
	ck_assert_int_ge(GUEST_CALL(openat2, (uint64_t)guest_folder, guest_text("file"), at, 64),
			 0);
	ck_assert_int_eq(GUEST_CALL(openat2, (uint64_t)guest_folder, guest_text("file"), at, 8),
			 -LINUX_EINVAL);
	how.resolve = LINUX_RESOLVE_BENEATH;
	guest_put(at, &how, sizeof how);
	ck_assert_int_eq(GUEST_CALL(openat2, (uint64_t)guest_folder, guest_text("file"), at,
				    sizeof how), -LINUX_ENOSYS);
	how.resolve = 0x40;
	guest_put(at, &how, sizeof how);
	ck_assert_int_eq(GUEST_CALL(openat2, (uint64_t)guest_folder, guest_text("file"), at,
				    sizeof how), -LINUX_EINVAL);
	how = (struct linux_open_how){ .mode = 0600 };
	guest_put(at, &how, sizeof how);
	ck_assert_int_eq(GUEST_CALL(openat2, (uint64_t)guest_folder, guest_text("file"), at,
				    sizeof how), -LINUX_EINVAL);
	how = (struct linux_open_how){ 0 };
	zeros[3] = 1;
	guest_put(at, zeros, sizeof zeros);
	ck_assert_int_eq(GUEST_CALL(openat2, (uint64_t)guest_folder, guest_text("file"), at, 64),
			 -LINUX_E2BIG);
}
END_TEST

static Suite *files_suite(void)
{
	Suite *suite = suite_create("files");
	TCase *numbers = tcase_create("numbers"), *calls = tcase_create("calls");
	TCase *walked = tcase_create("walked");

	tcase_add_test(numbers, open_flags_are_the_hosts);
	tcase_add_test(numbers, devices_have_linux_numbers);
	tcase_add_test(numbers, times_are_checked);
	suite_add_tcase(suite, numbers);
	tcase_add_checked_fixture(calls, files_begin, files_end);
	tcase_add_test(calls, names_come_and_go_as_the_kernel_has_it);
	tcase_add_test(calls, names_change_as_the_kernel_has_it);
	tcase_add_test(calls, rights_and_sizes_change_as_the_kernel_has_it);
	tcase_add_test(calls, pointers_are_looked_at);
	tcase_add_test(calls, stat_tells_what_the_kernel_tells);
	tcase_add_test(calls, stat_of_a_descriptor);
	tcase_add_test(calls, statfs_tells_what_the_kernel_tells);
	tcase_add_test(calls, folders_are_listed_once);
	tcase_add_test(calls, folders_say_what_is_wrong);
	tcase_add_test(calls, the_program_is_somewhere);
	tcase_add_test(calls, what_programs_read_of_proc);
	tcase_add_test(calls, proc_has_the_kernels_form);
	tcase_add_test(calls, status_has_the_kernels_lines);
	tcase_add_test(calls, links_of_proc);
	tcase_add_test(calls, folders_of_proc);
	tcase_add_test(calls, all_that_is_made_up);
	tcase_add_test(calls, devices);
	tcase_add_test(calls, texts_are_not_written_to);
	tcase_add_test(calls, what_is_made_up_outlives_execve);
	tcase_add_test(calls, links_lead_to_the_other_root);
	tcase_add_test(calls, bytes_go_from_file_to_file);
	tcase_add_test(calls, bytes_go_through_pipes);
	tcase_add_test(calls, files_grow_and_shrink);
	tcase_add_test(calls, times_are_set);
	tcase_add_test(calls, locks_are_the_opened_files);
	tcase_add_test(calls, memory_is_a_file);
	tcase_add_test(calls, attributes_are_the_kernels);
	tcase_add_test(calls, openat2_says_no_to_what_it_cannot_promise);
	suite_add_tcase(suite, calls);
	/* the same, where each name is gone along here */
	tcase_add_checked_fixture(walked, files_begin_walking, files_end);
	tcase_add_test(walked, names_come_and_go_as_the_kernel_has_it);
	tcase_add_test(walked, names_change_as_the_kernel_has_it);
	tcase_add_test(walked, rights_and_sizes_change_as_the_kernel_has_it);
	tcase_add_test(walked, stat_tells_what_the_kernel_tells);
	tcase_add_test(walked, the_program_is_somewhere);
	tcase_add_test(walked, links_of_proc);
	suite_add_tcase(suite, walked);
	return suite;
}

int main(void)
{
	SRunner *runner;
	int failed;

	setenv("CK_DEFAULT_TIMEOUT", TIMEOUT, 0);
	runner = srunner_create(files_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
