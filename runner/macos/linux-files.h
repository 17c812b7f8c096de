/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files as Linux numbers them for its programs, on arm64: include/uapi/asm-generic/fcntl.h
 * and arch/arm64/include/uapi/asm/fcntl.h, uapi/linux/{fcntl,fs,stat,openat2,xattr,falloc,
 * memfd}.h, asm-generic/{stat,statfs}.h, linux/dirent.h. The host's are others.
 * tests/macos/linux-files.c compares them with Linux's own headers.
 */
#ifndef MACOS_LINUX_FILES_H
#define MACOS_LINUX_FILES_H

#include <stdint.h>

#include "linux-time.h"

enum { LINUX_PATH_MAX = 4096, LINUX_NAME_MAX = 255, LINUX_LINKS_MAX = 40 };

/* open(). Those of arm64 that other processors have elsewhere: DIRECTORY to LARGEFILE. */
enum linux_open {
	LINUX_O_RDONLY = 00,
	LINUX_O_WRONLY = 01,
	LINUX_O_RDWR = 02,
	LINUX_O_ACCMODE = 03,
	LINUX_O_CREAT = 0100,
	LINUX_O_EXCL = 0200,
	LINUX_O_NOCTTY = 0400,
	LINUX_O_TRUNC = 01000,
	LINUX_O_APPEND = 02000,
	LINUX_O_NONBLOCK = 04000,
	LINUX_O_DSYNC = 010000,
	LINUX_O_ASYNC = 020000,
	LINUX_O_DIRECTORY = 040000,
	LINUX_O_NOFOLLOW = 0100000,
	LINUX_O_DIRECT = 0200000,
	LINUX_O_LARGEFILE = 0400000,
	LINUX_O_NOATIME = 01000000,
	LINUX_O_CLOEXEC = 02000000,
	LINUX_O_SYNC_ONLY = 04000000,		/* __O_SYNC */
	LINUX_O_SYNC = LINUX_O_SYNC_ONLY | LINUX_O_DSYNC,
	LINUX_O_PATH = 010000000,
	LINUX_O_TMPFILE_ONLY = 020000000,	/* __O_TMPFILE */
	LINUX_O_TMPFILE = LINUX_O_TMPFILE_ONLY | LINUX_O_DIRECTORY,
};

/* What openat2() says no to. */
enum linux_resolve {
	LINUX_RESOLVE_NO_XDEV = 0x01,
	LINUX_RESOLVE_NO_MAGICLINKS = 0x02,
	LINUX_RESOLVE_NO_SYMLINKS = 0x04,
	LINUX_RESOLVE_BENEATH = 0x08,
	LINUX_RESOLVE_IN_ROOT = 0x10,
	LINUX_RESOLVE_CACHED = 0x20,
};

struct linux_open_how {
	uint64_t flags, mode, resolve;
};

enum linux_at {
	LINUX_AT_FDCWD = -100,
	LINUX_AT_SYMLINK_NOFOLLOW = 0x100,
	LINUX_AT_EACCESS = 0x200,	/* of faccessat2() */
	LINUX_AT_REMOVEDIR = 0x200,	/* of unlinkat() */
	LINUX_AT_SYMLINK_FOLLOW = 0x400,
	LINUX_AT_NO_AUTOMOUNT = 0x800,
	LINUX_AT_EMPTY_PATH = 0x1000,
	LINUX_AT_STATX_SYNC_TYPE = 0x6000,
};

enum linux_access { LINUX_F_OK = 0, LINUX_X_OK = 1, LINUX_W_OK = 2, LINUX_R_OK = 4 };

enum linux_mode {
	LINUX_S_IFMT = 0170000,
	LINUX_S_IFSOCK = 0140000,
	LINUX_S_IFLNK = 0120000,
	LINUX_S_IFREG = 0100000,
	LINUX_S_IFBLK = 0060000,
	LINUX_S_IFDIR = 0040000,
	LINUX_S_IFCHR = 0020000,
	LINUX_S_IFIFO = 0010000,
	LINUX_S_PERMISSIONS = 07777,	/* S_IALLUGO */
};

enum linux_seek {
	LINUX_SEEK_SET, LINUX_SEEK_CUR, LINUX_SEEK_END, LINUX_SEEK_DATA, LINUX_SEEK_HOLE,
};

/* The type is that of the mode. */
enum { LINUX_DT_SHIFT = 12 };
enum linux_type {
	LINUX_DT_UNKNOWN = 0,
	LINUX_DT_FIFO = 1,
	LINUX_DT_CHR = 2,
	LINUX_DT_DIR = 4,
	LINUX_DT_BLK = 6,
	LINUX_DT_REG = 8,
	LINUX_DT_LNK = 10,
	LINUX_DT_SOCK = 12,
};

/* In `nsec`, for utimensat(). */
enum linux_utime {
	LINUX_UTIME_NOW = (1 << 30) - 1,
	LINUX_UTIME_OMIT = (1 << 30) - 2,
};

struct linux_stat {
	uint64_t dev, ino;
	uint32_t mode, nlink, uid, gid;
	uint64_t rdev, pad1;
	int64_t size;
	int32_t blksize, pad2;
	int64_t blocks;
	struct linux_timespec atime, mtime, ctime;
	uint32_t unused[2];
};

enum linux_statx_mask {
	LINUX_STATX_TYPE = 0x001,
	LINUX_STATX_MODE = 0x002,
	LINUX_STATX_BASIC_STATS = 0x7ff,
	LINUX_STATX_BTIME = 0x800,
	LINUX_STATX_RESERVED = (int)0x80000000,
};

struct linux_statx_timestamp {
	int64_t tv_sec;
	uint32_t tv_nsec;
	int32_t reserved;
};

struct linux_statx {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, spare0;
	uint64_t ino, size, blocks, attributes_mask;
	struct linux_statx_timestamp atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mnt_id;
	uint32_t dio_mem_align, dio_offset_align;
	uint64_t spare3[12];
};

struct linux_statfs {
	int64_t type, bsize;
	uint64_t blocks, bfree, bavail, files, ffree;
	int32_t fsid[2];
	int64_t namelen, frsize, flags;
	int64_t spare[4];
};

/* include/uapi/linux/magic.h */
enum linux_magic {
	LINUX_PROC_SUPER_MAGIC = 0x9fa0,
	LINUX_SYSFS_MAGIC = 0x62656572,
	LINUX_TMPFS_MAGIC = 0x01021994,
	LINUX_EXT4_SUPER_MAGIC = 0xef53,
	LINUX_NFS_SUPER_MAGIC = 0x6969,
	LINUX_MSDOS_SUPER_MAGIC = 0x4d44,
	LINUX_HFSPLUS_SUPER_MAGIC = 0x482b,	/* fs/hfsplus */
};

/* include/linux/statfs.h */
enum linux_statfs_flags {
	LINUX_ST_RDONLY = 0x0001,
	LINUX_ST_NOSUID = 0x0002,
	LINUX_ST_NODEV = 0x0004,
	LINUX_ST_NOEXEC = 0x0008,
	LINUX_ST_SYNCHRONOUS = 0x0010,
	LINUX_ST_VALID = 0x0020,
	LINUX_ST_NOATIME = 0x0400,
};

struct linux_dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

enum linux_rename {
	LINUX_RENAME_NOREPLACE = 1,
	LINUX_RENAME_EXCHANGE = 2,
	LINUX_RENAME_WHITEOUT = 4,
};

enum linux_falloc {
	LINUX_FALLOC_FL_KEEP_SIZE = 0x01,
	LINUX_FALLOC_FL_PUNCH_HOLE = 0x02,
};

enum linux_fadvise { LINUX_POSIX_FADV_NORMAL = 0, LINUX_POSIX_FADV_NOREUSE = 5 };

enum linux_xattr { LINUX_XATTR_CREATE = 1, LINUX_XATTR_REPLACE = 2 };
enum { LINUX_XATTR_NAME_MAX = 255, LINUX_XATTR_SIZE_MAX = 65536, LINUX_XATTR_LIST_MAX = 65536 };

enum linux_flock {
	LINUX_LOCK_SH = 1,
	LINUX_LOCK_EX = 2,
	LINUX_LOCK_NB = 4,
	LINUX_LOCK_UN = 8,
};

enum linux_memfd {
	LINUX_MFD_CLOEXEC = 0x01,
	LINUX_MFD_ALLOW_SEALING = 0x02,
	LINUX_MFD_HUGETLB = 0x04,
	LINUX_MFD_NOEXEC_SEAL = 0x08,
	LINUX_MFD_EXEC = 0x10,
};
enum { LINUX_MFD_NAME_MAX = LINUX_NAME_MAX - 6 };	/* "memfd:" is before it */

enum linux_splice {
	LINUX_SPLICE_F_MOVE = 1,
	LINUX_SPLICE_F_NONBLOCK = 2,
	LINUX_SPLICE_F_MORE = 4,
	LINUX_SPLICE_F_GIFT = 8,
};

/* Documentation/admin-guide/devices.txt; a number as struct stat has it */
enum linux_device {
	LINUX_DEV_NULL = 1 << 8 | 3,
	LINUX_DEV_ZERO = 1 << 8 | 5,
	LINUX_DEV_FULL = 1 << 8 | 7,
	LINUX_DEV_RANDOM = 1 << 8 | 8,
	LINUX_DEV_URANDOM = 1 << 8 | 9,
	LINUX_DEV_TTY = 5 << 8 | 0,
	LINUX_DEV_PTMX = 5 << 8 | 2,
};

/* read() and its like give no more at once: MAX_RW_COUNT, INT_MAX in whole pages. */
enum { LINUX_RW_MAX = 0x7ffff000 };

#endif
