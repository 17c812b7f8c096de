/* SPDX-License-Identifier: BSD-2-Clause */
/* Files, descriptors, pipes, ioctl: with good and bad arguments, in the current folder. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <utime.h>
#if __has_include(<linux/fs.h>)
#include <linux/fs.h>
#endif

#include "table.h"

/* Names of calls, not of functions. */
#undef pread64
#undef pwrite64

enum { FILE_FD = 60, FOLDER_FD, READ_FD, WRITE_FD, ZERO_FD, OTHER_FD, TERMINAL_FD, CLOSED_FD = 90 };
enum { STATX_ALL_BASIC = 0x7ff, NO_REPLACE = 1 };

static const char bytes[] = "0123456789abcdefghijklmnopqrstuvwxyz\n";
static char contents[8000];
static char long_name[PATH_MAX + 100];

static void become(int fd, int number)
{
	if (fd < 0 || dup2(fd, number) < 0) {
		perror("open");
		exit(99);
	}
	close(fd);
}

/* The same whatever a call has done. */
static void make(void)
{
	static const char value[] = "value";
	int fd[2];

	unlink("new");
	rmdir("new");
	unlink("renamed");
	unlink("file");
	unlink("link");
	become(open("file", O_RDWR | O_CREAT | O_TRUNC, 0644), FILE_FD);
	if (pwrite(FILE_FD, contents, sizeof contents, 0) < 0)
		exit(99);
	lseek(FILE_FD, 0, SEEK_SET);
	become(open(".", O_RDONLY | O_DIRECTORY), FOLDER_FD);
	if (pipe2(fd, O_NONBLOCK))
		exit(99);
	become(fd[0], READ_FD);
	become(fd[1], WRITE_FD);
	if (write(WRITE_FD, bytes, sizeof bytes - 1) < 0 || symlink("file", "link"))
		exit(99);
	become(open("/dev/zero", O_RDWR), ZERO_FD);
	become(open("other", O_RDWR | O_CREAT | O_TRUNC, 0600), OTHER_FD);
	fsetxattr(FILE_FD, "user.one", value, sizeof value, 0);
}

static void close_it(long result)
{
	if (result >= 0)
		close((int)result);
}

#define MAKE(call, ...) CALL_BETWEEN(call, make, NULL, __VA_ARGS__)
#define OPEN(call, ...) CALL_BETWEEN(call, make, close_it, __VA_ARGS__)

static const struct timespec times[2] = { { 1000000000, 5 }, { 1100000000, 7 } };
#ifdef SYS_open
static const struct timeval old_times[2] = { { 1000000000, 5 }, { 1100000000, 7 } };
static const struct utimbuf oldest_times = { 1000000000, 1100000000 };
#endif
static const uint64_t how[3] = { O_RDONLY },
		      bad_how[3] = { 0, 0, 1ull << 40 }; /* struct open_how */
static const struct timespec moment = { 0, 1000 };
static const off_t offset = 10;
static const struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
static const struct {
	uint32_t version;
	int process;
} capabilities = { 0x20080522, 0 }, no_capabilities = { 1, 0 };
static const int one = 1;
static const uint64_t hint = 2;
static struct {
	unsigned int bytes;
	int type;
	char handle[128];
} file_handle = { .bytes = 128 };

static const struct table_call calls[] = {
	/* what is read and written */
	MAKE(read, NUM(FILE_FD), ROOM(1000), NUM(1000)),
	MAKE(read, NUM(FILE_FD), ROOM(100000), NUM(100000)),
	MAKE(read, NUM(READ_FD), ROOM(30), NUM(30)),
	MAKE(read, NUM(READ_FD), ROOM(100), NUM(100)),
	MAKE(read, NUM(ZERO_FD), ROOM(100000), NUM(100000)),
	MAKE(read, NUM(ZERO_FD), ROOM(100), NUM(-1)),
	MAKE(read, NUM(ZERO_FD), ROOM(100), NUM(LONG_MAX)),
	MAKE(read, NUM(ZERO_FD), ROOM(100), NUM(0)),
	MAKE(read, NUM(FOLDER_FD), ROOM(100), NUM(100)),
	MAKE(read, NUM(WRITE_FD), ROOM(100), NUM(100)),
	MAKE(read, NUM(CLOSED_FD), ROOM(100), NUM(100)),
	MAKE(read, NUM(FILE_FD | 1L << 32), ROOM(100), NUM(100)),
	MAKE(write, NUM(FILE_FD), ROOM(1000), NUM(1000)),
	MAKE(write, NUM(OTHER_FD), ROOM(100000), NUM(100000)),
	MAKE(write, NUM(WRITE_FD), ROOM(1000), NUM(1000)),
	MAKE(write, NUM(WRITE_FD), ROOM(1000), NUM(0)),
	MAKE(write, NUM(WRITE_FD), ROOM(1000), NUM(-1)),
	MAKE(write, NUM(READ_FD), ROOM(1000), NUM(1000)),
	MAKE(write, NUM(CLOSED_FD), ROOM(1000), NUM(1000)),
	MAKE(pread64, NUM(FILE_FD), ROOM(1000), NUM(1000), NUM(3)),
	MAKE(pread64, NUM(ZERO_FD), ROOM(120000), NUM(120000), NUM(3)),
	MAKE(pread64, NUM(FILE_FD), ROOM(1000), NUM(1000), NUM(-3)),
	MAKE(pread64, NUM(READ_FD), ROOM(1000), NUM(1000), NUM(0)),
	MAKE(pwrite64, NUM(OTHER_FD), ROOM(1000), NUM(1000), NUM(3)),
	MAKE(pwrite64, NUM(OTHER_FD), ROOM(120000), NUM(120000), NUM(1 << 20)),
	MAKE(getrandom, SECRET(100), NUM(100), NUM(0)),
	MAKE(getrandom, SECRET(100), NUM(100), NUM(8)),
	MAKE(getrandom, SECRET(100), NUM(100), NUM(6)),
	MAKE(getrandom, SECRET(120000), NUM(120000), NUM(0)),

	/* opened by name */
	OPEN(openat, NUM(AT_FDCWD), TEXT("file"), NUM(O_RDWR)),
	OPEN(openat, NUM(FOLDER_FD), TEXT("file"), NUM(O_RDONLY | O_CLOEXEC)),
	OPEN(openat, NUM(FOLDER_FD), TEXT("new"), NUM(O_RDWR | O_CREAT | O_EXCL), NUM(0600)),
	OPEN(openat, NUM(FOLDER_FD), TEXT("file"), NUM(O_RDWR | O_CREAT | O_EXCL), NUM(0600)),
	OPEN(openat, NUM(FOLDER_FD), TEXT("link"), NUM(O_RDONLY | O_NOFOLLOW)),
	OPEN(openat, NUM(FOLDER_FD), TEXT(""), NUM(O_RDONLY)),
	OPEN(openat, NUM(CLOSED_FD), TEXT("file"), NUM(O_RDONLY)),
	OPEN(openat, NUM(CLOSED_FD), TEXT("/dev/null"), NUM(O_RDONLY)),
	OPEN(openat, NUM(AT_FDCWD), DATA(long_name), NUM(O_RDONLY)),
	OPEN(openat, NUM(AT_FDCWD), TEXT("."), NUM(O_RDWR | O_TMPFILE), NUM(0600)),
	OPEN(openat2, NUM(AT_FDCWD), TEXT("file"), DATA(how), NUM(sizeof how)),
	OPEN(openat2, NUM(AT_FDCWD), TEXT("file"), DATA(bad_how), NUM(sizeof bad_how)),
	OPEN(openat2, NUM(AT_FDCWD), TEXT("file"), DATA(how), NUM(3)),
#ifdef SYS_open
	OPEN(open, TEXT("file"), NUM(O_RDONLY)),
	OPEN(open, TEXT("file/file"), NUM(O_RDONLY)),
	OPEN(open, DATA(long_name), NUM(O_RDONLY)),
	OPEN(creat, TEXT("new"), NUM(0600)),
#endif
	OPEN(memfd_create, TEXT("name"), NUM(0)),
	OPEN(memfd_create, DATA(long_name), NUM(0)),
	OPEN(memfd_create, TEXT("name"), NUM(-1)),

	/* what is known of a file */
	MAKE(fstat, NUM(CLOSED_FD), ROOM(sizeof(struct stat))),
	MAKE(fstat, NUM(ZERO_FD), SECRET(sizeof(struct stat))),
	MAKE(newfstatat, NUM(AT_FDCWD), TEXT("/dev/null"), SECRET(sizeof(struct stat)), NUM(0)),
	MAKE(newfstatat, NUM(AT_FDCWD), TEXT("nobody"), ROOM(sizeof(struct stat)), NUM(0)),
	MAKE(newfstatat, NUM(FOLDER_FD), TEXT(""), SECRET(sizeof(struct stat)), NUM(AT_EMPTY_PATH)),
	MAKE(newfstatat, NUM(FOLDER_FD), TEXT("file"), SECRET(sizeof(struct stat)), NUM(-1)),
	MAKE(statx, NUM(AT_FDCWD), TEXT("file"), NUM(0), NUM(STATX_ALL_BASIC), SECRET(256)),
	MAKE(statfs, TEXT("."), SECRET(sizeof(struct statfs))),
	MAKE(fstatfs, NUM(FILE_FD), SECRET(sizeof(struct statfs))),
	MAKE(faccessat, NUM(AT_FDCWD), TEXT("file"), NUM(R_OK)),
	MAKE(faccessat2, NUM(AT_FDCWD), TEXT("nobody"), NUM(R_OK), NUM(0)),
	MAKE(readlinkat, NUM(AT_FDCWD), TEXT("link"), ROOM(100), NUM(100)),
	MAKE(readlinkat, NUM(AT_FDCWD), TEXT("link"), ROOM(3), NUM(3)),
	MAKE(readlinkat, NUM(AT_FDCWD), TEXT("link"), ROOM(100), NUM(0)),
	MAKE(readlinkat, NUM(AT_FDCWD), TEXT("link"), ROOM(100), NUM(-1)),
	MAKE(readlinkat, NUM(AT_FDCWD), TEXT("file"), ROOM(100), NUM(100)),
	MAKE(readlinkat, NUM(CLOSED_FD), TEXT("link"), ROOM(100), NUM(100)),
	MAKE(getcwd, ROOM(PATH_MAX), NUM(PATH_MAX)),
	MAKE(getcwd, ROOM(100), NUM(1)),
	MAKE(getdents64, NUM(FILE_FD), ROOM(4096), NUM(4096)),
	MAKE(getdents64, NUM(FOLDER_FD), SECRET(20), NUM(20)),
	MAKE(name_to_handle_at, NUM(AT_FDCWD), TEXT("."), DATA(file_handle), SECRET(4), NUM(0)),
#ifdef SYS_stat
	MAKE(stat, TEXT("/dev/zero"), SECRET(sizeof(struct stat))),
	MAKE(lstat, TEXT("nobody"), ROOM(sizeof(struct stat))),
	MAKE(access, TEXT("file"), NUM(-1)),
	MAKE(readlink, TEXT("link"), ROOM(100), NUM(100)),
#endif

	/* what is changed */
	MAKE(mkdirat, NUM(AT_FDCWD), TEXT("new"), NUM(0700)),
	MAKE(mknodat, NUM(AT_FDCWD), TEXT("new"), NUM(S_IFIFO | 0600), NUM(0)),
	MAKE(unlinkat, NUM(AT_FDCWD), TEXT("file"), NUM(0)),
	MAKE(unlinkat, NUM(AT_FDCWD), TEXT("file"), NUM(AT_REMOVEDIR)),
	MAKE(renameat2, NUM(AT_FDCWD), TEXT("file"), NUM(AT_FDCWD), TEXT("renamed"), NUM(0)),
	MAKE(renameat2, NUM(AT_FDCWD), TEXT("file"), NUM(AT_FDCWD), TEXT("link"), NUM(NO_REPLACE)),
	MAKE(linkat, NUM(AT_FDCWD), TEXT("file"), NUM(FOLDER_FD), TEXT("renamed"), NUM(0)),
	MAKE(symlinkat, TEXT("file"), NUM(FOLDER_FD), TEXT("renamed")),
	MAKE(fchmodat, NUM(AT_FDCWD), TEXT("file"), NUM(0600)),
	MAKE(fchownat, NUM(AT_FDCWD), TEXT("file"), NUM(-1), NUM(-1), NUM(0)),
	MAKE(truncate, TEXT("file"), NUM(10)),
	MAKE(truncate, TEXT("file"), NUM(-10)),
	MAKE(ftruncate, NUM(FILE_FD), NUM(-10)),
	MAKE(fallocate, NUM(FILE_FD), NUM(0), NUM(0), NUM(100)),
	MAKE(fallocate, NUM(FILE_FD), NUM(0), NUM(-1), NUM(100)),
	MAKE(utimensat, NUM(AT_FDCWD), TEXT("file"), DATA(times), NUM(0)),
	MAKE(utimensat, NUM(FILE_FD), NUM(0), DATA(times), NUM(0)),
#ifdef SYS_utime
	MAKE(utime, TEXT("file"), DATA(oldest_times)),
	MAKE(utimes, TEXT("file"), DATA(old_times)),
	MAKE(futimesat, NUM(FOLDER_FD), TEXT("file"), DATA(old_times)),
#endif
	MAKE(chdir, TEXT("file")),
	MAKE(chroot, TEXT("file")),
	MAKE(mount, TEXT("a"), TEXT("nobody"), TEXT("nothing"), NUM(0), TEXT("data")),
	MAKE(umount2, TEXT("nobody"), NUM(0)),

	/* attributes */
	MAKE(setxattr, TEXT("file"), TEXT("user.two"), TEXT("second"), NUM(7), NUM(0)),
	MAKE(setxattr, TEXT("file"), TEXT("user.two"), TEXT("second"), NUM(1 << 20), NUM(0)),
	MAKE(setxattr, TEXT("file"), DATA(long_name), TEXT("second"), NUM(7), NUM(0)),
	MAKE(fsetxattr, NUM(FILE_FD), TEXT("user.one"), TEXT("second"), NUM(7), NUM(XATTR_CREATE)),
	MAKE(getxattr, TEXT("file"), TEXT("user.one"), ROOM(100), NUM(100)),
	MAKE(getxattr, TEXT("file"), TEXT("user.one"), ROOM(100), NUM(0)),
	MAKE(fgetxattr, NUM(FILE_FD), TEXT("user.one"), ROOM(3), NUM(3)),
	MAKE(fgetxattr, NUM(FILE_FD), TEXT("user.none"), ROOM(3), NUM(3)),
	MAKE(listxattr, TEXT("file"), ROOM(100), NUM(100)),
	MAKE(flistxattr, NUM(FILE_FD), ROOM(100), NUM(0)),
	MAKE(removexattr, TEXT("file"), TEXT("user.one")),
	MAKE(lremovexattr, TEXT("link"), TEXT("user.one")),

	/* from one descriptor to another */
	MAKE(sendfile, NUM(OTHER_FD), NUM(FILE_FD), DATA(offset), NUM(100)),
	MAKE(sendfile, NUM(OTHER_FD), NUM(READ_FD), DATA(offset), NUM(100)),
	MAKE(copy_file_range, NUM(FILE_FD), DATA(offset), NUM(OTHER_FD), DATA(offset), NUM(100),
	     NUM(0)),
	MAKE(splice, NUM(FILE_FD), DATA(offset), NUM(WRITE_FD), NUM(0), NUM(100), NUM(0)),
	MAKE(splice, NUM(READ_FD), NUM(0), NUM(OTHER_FD), DATA(offset), NUM(100), NUM(0)),
	MAKE(splice, NUM(READ_FD), DATA(offset), NUM(OTHER_FD), NUM(0), NUM(100), NUM(0)),
	MAKE(tee, NUM(READ_FD), NUM(CLOSED_FD), NUM(10), NUM(0)),
	OPEN(pipe2, SECRET(sizeof(int[2])), NUM(-1)),
	OPEN(dup3, NUM(FILE_FD), NUM(FILE_FD), NUM(0)),

	/* fcntl */
	MAKE(fcntl, NUM(FILE_FD), NUM(F_GETFD)),
	MAKE(fcntl, NUM(FILE_FD), NUM(F_GETFL), NUM(0)),
	MAKE(fcntl, NUM(CLOSED_FD), NUM(F_GETFL), NUM(0)),
	OPEN(fcntl, NUM(FILE_FD), NUM(F_DUPFD_CLOEXEC), NUM(70)),
	MAKE(fcntl, NUM(FILE_FD), NUM(F_SETLK), DATA(lock)),
	MAKE(fcntl, NUM(FILE_FD), NUM(F_GETLK), DATA(lock)),
	MAKE(fcntl, NUM(FILE_FD), NUM(F_OFD_GETLK), DATA(lock)),
	MAKE(fcntl, NUM(FILE_FD), NUM(F_GETOWN_EX), ROOM(sizeof(struct f_owner_ex))),
	MAKE(fcntl, NUM(READ_FD), NUM(F_SETPIPE_SZ), NUM(4096)),
	MAKE(fcntl, NUM(READ_FD), NUM(F_GETPIPE_SZ)),
	MAKE(fcntl, NUM(FILE_FD), NUM(F_GET_SEALS)),
	MAKE(fcntl, NUM(FILE_FD), NUM(F_ADD_SEALS), NUM(1)),
	MAKE(fcntl, NUM(FILE_FD), NUM(F_SET_RW_HINT), DATA(hint)),
	MAKE(fcntl, NUM(FILE_FD), NUM(F_GET_RW_HINT), ROOM(8)),
	MAKE(fcntl, NUM(FILE_FD), NUM(F_SETLEASE), NUM(F_RDLCK)),
	MAKE(fcntl, NUM(FILE_FD), NUM(F_GETLEASE)),
	MAKE(fcntl, NUM(FILE_FD), NUM(9999), ROOM(8)),
	MAKE(flock, NUM(FILE_FD), NUM(-1)),

	/* ioctl */
	MAKE(ioctl, NUM(READ_FD), NUM(FIONREAD), ROOM(4)),
	MAKE(ioctl, NUM(FILE_FD), NUM(FIONREAD), ROOM(4)),
	MAKE(ioctl, NUM(CLOSED_FD), NUM(FIONREAD), ROOM(4)),
	MAKE(ioctl, NUM(READ_FD), NUM(FIONBIO), DATA(one)),
	MAKE(ioctl, NUM(READ_FD), NUM(FIOASYNC), DATA(one)),
	MAKE(ioctl, NUM(FILE_FD), NUM(FIOCLEX)),
	MAKE(ioctl, NUM(FILE_FD), NUM(TCGETS), ROOM(36)),
	MAKE(ioctl, NUM(ZERO_FD), NUM(TIOCGWINSZ), ROOM(8)),
#ifdef FS_IOC_GETFLAGS
	MAKE(ioctl, NUM(FILE_FD), NUM(FIGETBSZ), SECRET(4)),
	MAKE(ioctl, NUM(FILE_FD), NUM(FS_IOC_GETFLAGS), SECRET(8)),
	MAKE(ioctl, NUM(FILE_FD), NUM(FS_IOC_FSGETXATTR), SECRET(sizeof(struct fsxattr))),
	MAKE(ioctl, NUM(FILE_FD), NUM(BLKGETSIZE64), ROOM(8)),
	MAKE(ioctl, NUM(OTHER_FD), NUM(FICLONE), NUM(CLOSED_FD)),
#endif
	MAKE(ioctl, NUM(CLOSED_FD), NUM(0x1234), ROOM(8)),
	MAKE(ioctl, NUM(FILE_FD), NUM(0x1234), ROOM(8)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCGPTN), SECRET(4)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCGPTLCK), ROOM(4)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCSPTLCK), DATA(one)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TCGETS), ROOM(36)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(0x802c542a), ROOM(44)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TCGETA), ROOM(18)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCGWINSZ), ROOM(8)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCSWINSZ), TEXT("winsize")),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCGWINSZ), ROOM(8)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCGPGRP), ROOM(4)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCGSID), ROOM(4)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCGETD), ROOM(4)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCPKT), DATA(one)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCGPKT), ROOM(4)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCOUTQ), ROOM(4)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TIOCGEXCL), ROOM(4)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TCFLSH), NUM(TCIOFLUSH)),
	CALL(ioctl, NUM(TERMINAL_FD), NUM(TCSBRK), NUM(1)),

	/* what is asked of the system */
	CALL(uname, SECRET(sizeof(struct utsname))),
	CALL(sysinfo, SECRET(112)),
	CALL(getcpu, SECRET(4), SECRET(4), NUM(0)),
	CALL(getgroups, NUM(0), ROOM(100)),
	CALL(getgroups, NUM(-1), ROOM(100)),
	CALL(getgroups, NUM(1000), ROOM(4000)),
	CALL(getresuid, ROOM(4), ROOM(4), ROOM(4)),
	CALL(capget, DATA(capabilities), SECRET(24)),
	CALL(capget, DATA(no_capabilities), SECRET(24)),
	CALL(getrusage, NUM(0), SECRET(sizeof(struct rusage))),
	CALL(getrusage, NUM(99), ROOM(sizeof(struct rusage))),
	CALL(sethostname, TEXT("name"), NUM(-1)),
	CALL(clock_gettime, NUM(CLOCK_MONOTONIC), SECRET(16)),
	CALL(clock_gettime, NUM(CLOCK_PROCESS_CPUTIME_ID), SECRET(16)),
	CALL(clock_gettime, NUM(99), ROOM(16)),
	CALL(clock_getres, NUM(CLOCK_REALTIME), ROOM(16)),
	CALL(clock_getres, NUM(CLOCK_REALTIME_COARSE), ROOM(16)),
	CALL(clock_getres, NUM(99), ROOM(16)),
	CALL(clock_settime, NUM(99), DATA(times[0])),
	CALL(gettimeofday, SECRET(16), ROOM(8)),
	CALL(nanosleep, DATA(moment), ROOM(16)),
	CALL(clock_nanosleep, NUM(99), NUM(0), DATA(times[0]), ROOM(16)),
	CALL(timerfd_settime, NUM(CLOSED_FD), NUM(0), ROOM(32), ROOM(32)),
	CALL(inotify_add_watch, NUM(CLOSED_FD), TEXT("file"), NUM(1)),
	CALL(mq_unlink, TEXT("/nobody-is-there")),
};

/* -------------------------------------------------------------------------
 * Vectors: each of three parts in turn is bad, or of another length.
 */
static void vectors(void)
{
	static const struct {
		const char *name;
		long number;
		int fd;
	} call[] = {
		{ "readv", SYS_readv, FILE_FD },	{ "writev", SYS_writev, OTHER_FD },
		{ "preadv", SYS_preadv, FILE_FD },	{ "pwritev", SYS_pwritev, OTHER_FD },
		{ "preadv2", SYS_preadv2, FILE_FD },	{ "pwritev2", SYS_pwritev2, OTHER_FD },
		{ "readv", SYS_readv, READ_FD },	{ "writev", SYS_writev, WRITE_FD },
		{ "vmsplice", SYS_vmsplice, WRITE_FD }, { "vmsplice", SYS_vmsplice, READ_FD },
		{ "vmsplice", SYS_vmsplice, FILE_FD },
	};
	static const long length[] = { 0, 1, 10, 5000, -1, LONG_MAX };
	static struct iovec many[1100];

	for (size_t c = 0; c < sizeof call / sizeof call[0]; c++) {
		for (int bad = 0; bad < 3; bad++)
			for (enum table_way way = GOOD; way < TABLE_WAYS; way++) {
				struct table_argument part = { .kind = TABLE_MEMORY, .size = 1000 };
				struct iovec vector[3];
				size_t good;
				long result;

				make();
				for (int i = 0; i < 3; i++)
					vector[i] = (struct iovec){
						table_place(i, &part, i == bad ? way : GOOD, &good),
						1000
					};
				errno = 0;
				result = syscall(call[c].number, call[c].fd, vector, 3, 0, 0, 0);
				printf("%s, part %d %s: %ld %s\n", call[c].name, bad,
				       table_way_name[way], result, strerror(errno));
			}
		for (size_t i = 0; i < sizeof length / sizeof length[0]; i++) {
			struct iovec vector[2] = { { table_area[0] + TABLE_AREA - 100,
						     (size_t)length[i] },
						   { table_area[1], 100 } };
			long result;

			make();
			errno = 0;
			result = syscall(call[c].number, call[c].fd, vector, 2, 0, 0, 0);
			printf("%s, length %ld: %ld %s\n", call[c].name, length[i], result,
			       strerror(errno));
		}
	}
	for (size_t i = 0; i < sizeof many / sizeof many[0]; i++)
		many[i] = (struct iovec){ table_area[0] + TABLE_AREA - i, 1 };
	for (int n = 1023; n < 1026; n++) {
		long result;

		make();
		errno = 0;
		result = syscall(SYS_writev, OTHER_FD, many, n);
		printf("%d parts: %ld %s\n", n, result, strerror(errno));
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof contents; i++)
		contents[i] = bytes[i % (sizeof bytes - 1)];
	memset(long_name, 'n', sizeof long_name - 1);
	make();
	become(open("/dev/ptmx", O_RDWR | O_NOCTTY), TERMINAL_FD);
	table_run(calls);
	vectors();
	return 0;
}
