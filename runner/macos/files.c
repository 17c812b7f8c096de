/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "translate.h"

/* -------------------------------------------------------------------------
 * open()
 */
#ifndef O_DIRECT
#define O_DIRECT 0	/* a wish: macOS has it for a file that is open, as F_NOCACHE */
#endif
#ifndef O_NOATIME
#define O_NOATIME 0
#endif

TRANSLATE(open_flags,
	{ LINUX_O_RDWR, O_RDWR }, { LINUX_O_WRONLY, O_WRONLY }, { LINUX_O_CREAT, O_CREAT },
	{ LINUX_O_EXCL, O_EXCL }, { LINUX_O_NOCTTY, O_NOCTTY }, { LINUX_O_TRUNC, O_TRUNC },
	{ LINUX_O_APPEND, O_APPEND }, { LINUX_O_NONBLOCK, O_NONBLOCK }, { LINUX_O_SYNC, O_SYNC },
	{ LINUX_O_DSYNC, O_DSYNC }, { LINUX_O_ASYNC, O_ASYNC }, { LINUX_O_DIRECTORY, O_DIRECTORY },
	{ LINUX_O_NOFOLLOW, O_NOFOLLOW }, { LINUX_O_DIRECT, O_DIRECT }, { LINUX_O_LARGEFILE, 0 },
	{ LINUX_O_NOATIME, O_NOATIME }, { LINUX_O_CLOEXEC, O_CLOEXEC });

int files_open_flags(uint64_t flags)
{
	return (int)translate_flags_to_host(&open_flags, flags, NULL);
}

uint64_t files_opened_flags(int host)
{
	return translate_flags_to_guest(&open_flags, (uint64_t)host, NULL) | LINUX_O_LARGEFILE;
}

/* -------------------------------------------------------------------------
 * Devices.
 */
enum { MINOR_LOW = 8, MAJOR_BITS = 12 };

uint64_t files_device(unsigned int major, unsigned int minor)
{
	const unsigned int low = minor & ((1u << MINOR_LOW) - 1);

	return low | (uint64_t)major << MINOR_LOW | (uint64_t)(minor & ~low) << MAJOR_BITS;
}

unsigned int files_major(uint64_t device)
{
	return (unsigned int)(device >> MINOR_LOW) & ((1u << MAJOR_BITS) - 1);
}

unsigned int files_minor(uint64_t device)
{
	const unsigned int low = (1u << MINOR_LOW) - 1;

	return (unsigned int)((device & low) | (device >> MAJOR_BITS & ~(uint64_t)low));
}

static uint64_t number_of(dev_t device)
{
	return files_device(darwin_major(device), darwin_minor(device));
}

/* Programs know some by their numbers. */
static uint64_t device_file(dev_t device)
{
	static const struct {
		const char *name;
		uint64_t number;
	} known[] = {
		{ "/dev/null", LINUX_DEV_NULL },     { "/dev/zero", LINUX_DEV_ZERO },
		{ "/dev/random", LINUX_DEV_RANDOM }, { "/dev/urandom", LINUX_DEV_URANDOM },
		{ "/dev/tty", LINUX_DEV_TTY },	     { "/dev/ptmx", LINUX_DEV_PTMX },
	};
	struct stat status;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!stat(known[i].name, &status) && S_ISCHR(status.st_mode) &&
		    status.st_rdev == device)
			return known[i].number;
	return number_of(device);
}

/* -------------------------------------------------------------------------
 * stat() and its like.
 */
static struct linux_timespec time_of(struct timespec time)
{
	return (struct linux_timespec){ time.tv_sec, time.tv_nsec };
}

/* Types have the same numbers everywhere: <sys/stat.h> of 4.2BSD. */
_Static_assert((int)S_IFMT == LINUX_S_IFMT && (int)S_IFSOCK == LINUX_S_IFSOCK &&
	       (int)S_IFLNK == LINUX_S_IFLNK && (int)S_IFREG == LINUX_S_IFREG &&
	       (int)S_IFBLK == LINUX_S_IFBLK && (int)S_IFDIR == LINUX_S_IFDIR &&
	       (int)S_IFCHR == LINUX_S_IFCHR && (int)S_IFIFO == LINUX_S_IFIFO, "modes");

void files_stat(const struct stat *host, struct linux_stat *status)
{
	*status = (struct linux_stat){
		.dev = number_of(host->st_dev),
		.ino = host->st_ino,
		.mode = host->st_mode,
		.nlink = (uint32_t)host->st_nlink,
		.uid = host->st_uid,
		.gid = host->st_gid,
		.rdev = S_ISCHR(host->st_mode) ? device_file(host->st_rdev)
			: S_ISBLK(host->st_mode) ? number_of(host->st_rdev)
						 : 0,
		.size = host->st_size,
		.blksize = (int32_t)host->st_blksize,
		.blocks = host->st_blocks,
		.atime = time_of(darwin_atime(host)),
		.mtime = time_of(darwin_mtime(host)),
		.ctime = time_of(darwin_ctime(host)),
	};
}

static struct linux_statx_timestamp timestamp(struct linux_timespec time)
{
	return (struct linux_statx_timestamp){ .tv_sec = time.sec, .tv_nsec = (uint32_t)time.nsec };
}

void files_statx(const struct linux_stat *status, struct linux_statx *extended)
{
	*extended = (struct linux_statx){
		.mask = LINUX_STATX_BASIC_STATS,
		.blksize = (uint32_t)status->blksize,
		.nlink = status->nlink,
		.uid = status->uid,
		.gid = status->gid,
		.mode = (uint16_t)status->mode,
		.ino = status->ino,
		.size = (uint64_t)status->size,
		.blocks = (uint64_t)status->blocks,
		.atime = timestamp(status->atime),
		.ctime = timestamp(status->ctime),
		.mtime = timestamp(status->mtime),
		.rdev_major = files_major(status->rdev),
		.rdev_minor = files_minor(status->rdev),
		.dev_major = files_major(status->dev),
		.dev_minor = files_minor(status->dev),
	};
}

/* -------------------------------------------------------------------------
 * statfs()
 */
static int64_t magic_of(const char *type)
{
	static const struct {
		const char *type;
		int64_t magic;
	} known[] = {
		{ "hfs", LINUX_HFSPLUS_SUPER_MAGIC }, { "nfs", LINUX_NFS_SUPER_MAGIC },
		{ "msdos", LINUX_MSDOS_SUPER_MAGIC }, { "exfat", LINUX_MSDOS_SUPER_MAGIC },
		{ "tmpfs", LINUX_TMPFS_MAGIC },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(type, known[i].type))
			return known[i].magic;
	return LINUX_EXT4_SUPER_MAGIC;	/* apfs, which Linux has not: one that can as much */
}

void files_statfs(const struct darwin_volume *volume, struct linux_statfs *status)
{
	*status = (struct linux_statfs){
		.type = volume->type[0] ? magic_of(volume->type) : volume->magic,
		.bsize = (int64_t)volume->block,
		.blocks = volume->blocks,
		.bfree = volume->free,
		.bavail = volume->available,
		.files = volume->files,
		.ffree = volume->files_free,
		.fsid = { (int32_t)volume->id[0], (int32_t)volume->id[1] },
		.namelen = (int64_t)volume->name_max,
		.frsize = (int64_t)volume->fragment,
		.flags = LINUX_ST_VALID | (volume->read_only ? LINUX_ST_RDONLY : 0) |
			 (volume->no_exec ? LINUX_ST_NOEXEC : 0) |
			 (volume->no_suid ? LINUX_ST_NOSUID : 0) |
			 (volume->no_dev ? LINUX_ST_NODEV : 0) |
			 (volume->no_atime ? LINUX_ST_NOATIME : 0) |
			 (volume->synchronous ? LINUX_ST_SYNCHRONOUS : 0),
	};
}

/* -------------------------------------------------------------------------
 * utimensat()
 */
int files_time(const struct linux_timespec *time, struct timespec *host)
{
	*host = (struct timespec){ .tv_sec = time->sec, .tv_nsec = (long)time->nsec };
	if (time->nsec == LINUX_UTIME_NOW)
		host->tv_nsec = UTIME_NOW;
	else if (time->nsec == LINUX_UTIME_OMIT)
		host->tv_nsec = UTIME_OMIT;
	else if (time->nsec < 0 || time->nsec >= (int64_t)LINUX_NSEC_PER_SEC)
		return -EINVAL;
	return 0;
}
