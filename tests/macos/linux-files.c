/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Not run: compiled, by each compiler for arm64 Linux that there is, and by that of the
 * machine for what processors agree on. Linux's own headers against runner/macos's.
 */
#ifdef __linux__
#define _GNU_SOURCE
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/falloc.h>
#include <linux/fadvise.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <linux/xattr.h>
#include <stddef.h>

#include "macos/linux-files.h"

#define SAME(name) _Static_assert((long long)LINUX_##name == (long long)(name), #name)
#define PLACED(one, field, other, its) \
	_Static_assert(offsetof(struct one, field) == offsetof(struct other, its) && \
		       sizeof ((struct one *)0)->field == sizeof ((struct other *)0)->its, #its)

SAME(O_RDONLY); SAME(O_WRONLY); SAME(O_RDWR); SAME(O_ACCMODE); SAME(O_CREAT); SAME(O_EXCL);
SAME(O_NOCTTY); SAME(O_TRUNC); SAME(O_APPEND); SAME(O_NONBLOCK); SAME(O_DSYNC); SAME(O_NOATIME);
SAME(O_CLOEXEC); SAME(O_SYNC); SAME(O_PATH);
_Static_assert(LINUX_O_ASYNC == FASYNC, "O_ASYNC");
_Static_assert(LINUX_O_SYNC_ONLY == __O_SYNC, "__O_SYNC");
_Static_assert(LINUX_O_TMPFILE_ONLY == __O_TMPFILE, "__O_TMPFILE");

SAME(RESOLVE_NO_XDEV); SAME(RESOLVE_NO_MAGICLINKS); SAME(RESOLVE_NO_SYMLINKS);
SAME(RESOLVE_BENEATH); SAME(RESOLVE_IN_ROOT); SAME(RESOLVE_CACHED);
_Static_assert(sizeof(struct linux_open_how) == sizeof(struct open_how), "open_how");
PLACED(linux_open_how, flags, open_how, flags);
PLACED(linux_open_how, mode, open_how, mode);
PLACED(linux_open_how, resolve, open_how, resolve);

SAME(AT_FDCWD); SAME(AT_SYMLINK_NOFOLLOW); SAME(AT_EACCESS); SAME(AT_REMOVEDIR);
SAME(AT_SYMLINK_FOLLOW); SAME(AT_NO_AUTOMOUNT); SAME(AT_EMPTY_PATH); SAME(AT_STATX_SYNC_TYPE);

SAME(S_IFMT); SAME(S_IFSOCK); SAME(S_IFLNK); SAME(S_IFREG); SAME(S_IFBLK); SAME(S_IFDIR);
SAME(S_IFCHR); SAME(S_IFIFO);
SAME(SEEK_SET); SAME(SEEK_CUR); SAME(SEEK_END); SAME(SEEK_DATA); SAME(SEEK_HOLE);

SAME(STATX_TYPE); SAME(STATX_MODE); SAME(STATX_BASIC_STATS); SAME(STATX_BTIME);
_Static_assert((unsigned int)LINUX_STATX_RESERVED == STATX__RESERVED, "STATX__RESERVED");
_Static_assert(sizeof(struct linux_statx) == sizeof(struct statx), "statx");
PLACED(linux_statx, mask, statx, stx_mask);
PLACED(linux_statx, blksize, statx, stx_blksize);
PLACED(linux_statx, attributes, statx, stx_attributes);
PLACED(linux_statx, nlink, statx, stx_nlink);
PLACED(linux_statx, uid, statx, stx_uid);
PLACED(linux_statx, gid, statx, stx_gid);
PLACED(linux_statx, mode, statx, stx_mode);
PLACED(linux_statx, ino, statx, stx_ino);
PLACED(linux_statx, size, statx, stx_size);
PLACED(linux_statx, blocks, statx, stx_blocks);
PLACED(linux_statx, attributes_mask, statx, stx_attributes_mask);
PLACED(linux_statx, atime, statx, stx_atime);
PLACED(linux_statx, btime, statx, stx_btime);
PLACED(linux_statx, ctime, statx, stx_ctime);
PLACED(linux_statx, mtime, statx, stx_mtime);
PLACED(linux_statx_timestamp, tv_sec, statx_timestamp, tv_sec);
PLACED(linux_statx_timestamp, tv_nsec, statx_timestamp, tv_nsec);
PLACED(linux_statx, rdev_major, statx, stx_rdev_major);
PLACED(linux_statx, rdev_minor, statx, stx_rdev_minor);
PLACED(linux_statx, dev_major, statx, stx_dev_major);
PLACED(linux_statx, dev_minor, statx, stx_dev_minor);
PLACED(linux_statx, mnt_id, statx, stx_mnt_id);

_Static_assert(sizeof(struct linux_statfs) == sizeof(struct statfs), "statfs");
PLACED(linux_statfs, type, statfs, f_type);
PLACED(linux_statfs, bsize, statfs, f_bsize);
PLACED(linux_statfs, blocks, statfs, f_blocks);
PLACED(linux_statfs, bfree, statfs, f_bfree);
PLACED(linux_statfs, bavail, statfs, f_bavail);
PLACED(linux_statfs, files, statfs, f_files);
PLACED(linux_statfs, ffree, statfs, f_ffree);
PLACED(linux_statfs, fsid, statfs, f_fsid);
PLACED(linux_statfs, namelen, statfs, f_namelen);
PLACED(linux_statfs, frsize, statfs, f_frsize);
PLACED(linux_statfs, flags, statfs, f_flags);
SAME(PROC_SUPER_MAGIC); SAME(SYSFS_MAGIC); SAME(TMPFS_MAGIC); SAME(EXT4_SUPER_MAGIC);
SAME(NFS_SUPER_MAGIC); SAME(MSDOS_SUPER_MAGIC);

SAME(RENAME_NOREPLACE); SAME(RENAME_EXCHANGE); SAME(RENAME_WHITEOUT);
SAME(FALLOC_FL_KEEP_SIZE); SAME(FALLOC_FL_PUNCH_HOLE);
SAME(POSIX_FADV_NORMAL); SAME(POSIX_FADV_NOREUSE);
SAME(XATTR_CREATE); SAME(XATTR_REPLACE);
SAME(XATTR_NAME_MAX); SAME(XATTR_SIZE_MAX); SAME(XATTR_LIST_MAX); SAME(PATH_MAX); SAME(NAME_MAX);
SAME(LOCK_SH); SAME(LOCK_EX); SAME(LOCK_NB); SAME(LOCK_UN);
SAME(MFD_CLOEXEC); SAME(MFD_ALLOW_SEALING); SAME(MFD_HUGETLB);

#ifdef __aarch64__
SAME(O_DIRECTORY); SAME(O_NOFOLLOW); SAME(O_DIRECT); SAME(O_LARGEFILE); SAME(O_TMPFILE);
_Static_assert(sizeof(struct linux_stat) == sizeof(struct stat), "stat");
PLACED(linux_stat, dev, stat, st_dev);
PLACED(linux_stat, ino, stat, st_ino);
PLACED(linux_stat, mode, stat, st_mode);
PLACED(linux_stat, nlink, stat, st_nlink);
PLACED(linux_stat, uid, stat, st_uid);
PLACED(linux_stat, gid, stat, st_gid);
PLACED(linux_stat, rdev, stat, st_rdev);
PLACED(linux_stat, size, stat, st_size);
PLACED(linux_stat, blksize, stat, st_blksize);
PLACED(linux_stat, blocks, stat, st_blocks);
PLACED(linux_stat, atime.sec, stat, st_atime);
PLACED(linux_stat, atime.nsec, stat, st_atime_nsec);
PLACED(linux_stat, mtime.sec, stat, st_mtime);
PLACED(linux_stat, ctime.nsec, stat, st_ctime_nsec);
#endif
#endif
