/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioctl(): what a request's argument is, only the request's number tells. Where that has
 * direction and size in it, they are true for some drivers and not for others, and a
 * structure may have pointers inside: so what is not in the list, and of no driver that
 * keeps to its numbers, is none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/blkzoned.h>
#include <linux/cdrom.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/if_tun.h>
#include <linux/input.h>
#include <linux/kd.h>
#include <linux/loop.h>
#include <linux/nsfs.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/serial.h>
#include <linux/sockios.h>
#include <linux/vt.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "calls-own.h"
#include "kernel.h"

static const struct {
	unsigned int number;
	struct argument is;
} known[] = {
	/* any descriptor */
	{ FIOCLEX, N }, { FIONCLEX, N },
	{ FIONBIO, IN(int) }, { FIOASYNC, IN(int) },
	{ FIONREAD, OUT(int) }, { TIOCOUTQ, OUT(int) }, { FIOQSIZE, OUT(uint64_t) },

	/* terminals */
	{ TCGETS, OUT(struct kernel_termios) }, { TCSETS, IN(struct kernel_termios) },
	{ TCSETSW, IN(struct kernel_termios) }, { TCSETSF, IN(struct kernel_termios) },
	{ KERNEL_TCGETS2, OUT(struct kernel_termios2) },
	{ KERNEL_TCSETS2, IN(struct kernel_termios2) },
	{ KERNEL_TCSETSW2, IN(struct kernel_termios2) },
	{ KERNEL_TCSETSF2, IN(struct kernel_termios2) },
	{ TCGETA, OUT(struct kernel_termio) }, { TCSETA, IN(struct kernel_termio) },
	{ TCSETAW, IN(struct kernel_termio) }, { TCSETAF, IN(struct kernel_termio) },
	{ TIOCGLCKTRMIOS, OUT(struct kernel_termios) },
	{ TIOCSLCKTRMIOS, IN(struct kernel_termios) },
	{ TCSBRK, N }, { TCSBRKP, N }, { TIOCSBRK, N }, { TIOCCBRK, N }, { TCXONC, N },
	{ TCFLSH, N },
	{ TIOCGWINSZ, OUT(struct winsize) }, { TIOCSWINSZ, IN(struct winsize) },
	{ TIOCSCTTY, N }, { TIOCNOTTY, N }, { TIOCCONS, N }, { TIOCVHANGUP, N },
	{ TIOCGPGRP, OUT(int) }, { TIOCSPGRP, IN(int) }, { TIOCGSID, OUT(int) },
	{ TIOCEXCL, N }, { TIOCNXCL, N }, { TIOCGEXCL, OUT(int) },
	{ TIOCSTI, IN(char) }, { TIOCSETD, IN(int) }, { TIOCGETD, OUT(int) },
	{ TIOCPKT, IN(int) }, { TIOCGPKT, OUT(int) }, { TIOCGPTN, OUT(int) },
	{ TIOCSPTLCK, IN(int) }, { TIOCGPTLCK, OUT(int) }, { TIOCGPTPEER, N },
	{ TIOCGDEV, OUT(int) },
	{ TIOCSIG, N }, { TIOCMGET, OUT(int) }, { TIOCMSET, IN(int) },
	{ TIOCMBIS, IN(int) }, { TIOCMBIC, IN(int) }, { TIOCMIWAIT, N },
	{ TIOCGSOFTCAR, OUT(int) }, { TIOCSSOFTCAR, IN(int) }, { TIOCSERGETLSR, OUT(int) },
	{ TIOCGICOUNT, OUT(struct serial_icounter_struct) },
	{ TIOCGSERIAL, OUT(struct serial_struct) },

	/* the console */
	{ KDGKBTYPE, OUT(char) }, { KDGETMODE, OUT(int) }, { KDSETMODE, N },
	{ KDGKBMODE, OUT(int) },
	{ KDSKBMODE, N }, { KDGETLED, OUT(char) }, { KDSETLED, N }, { KDGKBLED, OUT(char) },
	{ KDSKBLED, N }, { KIOCSOUND, N }, { KDMKTONE, N },
	{ VT_OPENQRY, OUT(int) }, { VT_GETMODE, OUT(struct vt_mode) },
	{ VT_SETMODE, IN(struct vt_mode) },
	{ VT_GETSTATE, OUT(struct vt_stat) }, { VT_ACTIVATE, N }, { VT_WAITACTIVE, N },
	{ VT_RELDISP, N }, { VT_DISALLOCATE, N },

	/* files and their systems */
	{ FIBMAP, OUT(int) }, { FIGETBSZ, OUT(int) }, { FIFREEZE, N }, { FITHAW, N },
	{ FITRIM, OUT(struct fstrim_range) },
	{ FS_IOC_GETFLAGS, OUT(int) }, { FS_IOC_SETFLAGS, IN(int) },
	{ FS_IOC_GETVERSION, OUT(int) }, { FS_IOC_SETVERSION, IN(int) },
	{ FS_IOC_FSGETXATTR, OUT(struct fsxattr) }, { FS_IOC_FSSETXATTR, IN(struct fsxattr) },
	{ FS_IOC_GETFSLABEL, OUT(char[FSLABEL_MAX]) }, { FS_IOC_SETFSLABEL, IN(char[FSLABEL_MAX]) },
	{ FICLONE, FD }, { FICLONERANGE, IN(struct file_clone_range) },

	/* disks */
	{ BLKGETSIZE, OUT(unsigned long) }, { BLKGETSIZE64, OUT(uint64_t) },
	{ BLKROGET, OUT(int) }, { BLKROSET, IN(int) }, { BLKRRPART, N }, { BLKFLSBUF, N },
	{ BLKRAGET, OUT(long) }, { BLKRASET, N }, { BLKFRAGET, OUT(long) }, { BLKFRASET, N },
	{ BLKSSZGET, OUT(int) }, { BLKBSZGET, OUT(int) }, { BLKBSZSET, IN(int) },
	{ BLKSECTGET, OUT(unsigned short) }, { BLKIOMIN, OUT(int) }, { BLKIOOPT, OUT(int) },
	{ BLKALIGNOFF, OUT(int) }, { BLKPBSZGET, OUT(int) }, { BLKROTATIONAL, OUT(unsigned short) },
	{ BLKDISCARDZEROES, OUT(int) }, { BLKDISCARD, IN(uint64_t[2]) },
	{ BLKSECDISCARD, IN(uint64_t[2]) }, { BLKZEROOUT, IN(uint64_t[2]) },
	{ BLKGETZONESZ, OUT(uint32_t) }, { BLKGETNRZONES, OUT(uint32_t) },
	{ BLKGETDISKSEQ, OUT(uint64_t) },
	{ HDIO_GETGEO, OUT(struct hd_geometry) },
	{ LOOP_SET_FD, FD }, { LOOP_CLR_FD, N }, { LOOP_CHANGE_FD, FD }, { LOOP_SET_CAPACITY, N },
	{ LOOP_SET_DIRECT_IO, N }, { LOOP_SET_BLOCK_SIZE, N },
	{ LOOP_CONFIGURE, IN(struct loop_config) },
	{ LOOP_SET_STATUS64, IN(struct loop_info64) },
	{ LOOP_GET_STATUS64, OUT(struct loop_info64) },
	{ LOOP_CTL_ADD, N }, { LOOP_CTL_REMOVE, N }, { LOOP_CTL_GET_FREE, N },
	{ CDROM_DRIVE_STATUS, N }, { CDROM_GET_CAPABILITY, N }, { CDROMEJECT, N },
	{ CDROMCLOSETRAY, N },
	{ CDROM_DISC_STATUS, N }, { CDROM_LOCKDOOR, N },

	/* sockets and interfaces */
	{ SIOCATMARK, OUT(int) }, { SIOCSPGRP, IN(int) }, { SIOCGPGRP, OUT(int) },
	{ FIOSETOWN, IN(int) },
	{ FIOGETOWN, OUT(int) }, { SIOCGSTAMP_OLD, OUT(struct timeval) },
	{ SIOCGSTAMPNS_OLD, OUT(struct timespec) }, { SIOCOUTQNSD, OUT(int) },
	{ SIOCGIFNAME, OUT(struct ifreq) }, { SIOCGIFINDEX, OUT(struct ifreq) },
	{ SIOCGIFFLAGS, OUT(struct ifreq) }, { SIOCSIFFLAGS, IN(struct ifreq) },
	{ SIOCGIFADDR, OUT(struct ifreq) }, { SIOCSIFADDR, IN(struct ifreq) },
	{ SIOCGIFDSTADDR, OUT(struct ifreq) }, { SIOCSIFDSTADDR, IN(struct ifreq) },
	{ SIOCGIFBRDADDR, OUT(struct ifreq) }, { SIOCSIFBRDADDR, IN(struct ifreq) },
	{ SIOCGIFNETMASK, OUT(struct ifreq) }, { SIOCSIFNETMASK, IN(struct ifreq) },
	{ SIOCGIFMETRIC, OUT(struct ifreq) }, { SIOCSIFMETRIC, IN(struct ifreq) },
	{ SIOCGIFMTU, OUT(struct ifreq) }, { SIOCSIFMTU, IN(struct ifreq) },
	{ SIOCGIFHWADDR, OUT(struct ifreq) }, { SIOCSIFHWADDR, IN(struct ifreq) },
	{ SIOCGIFMAP, OUT(struct ifreq) }, { SIOCSIFNAME, IN(struct ifreq) },
	{ SIOCGIFTXQLEN, OUT(struct ifreq) }, { SIOCSIFTXQLEN, IN(struct ifreq) },
	{ SIOCADDMULTI, IN(struct ifreq) }, { SIOCDELMULTI, IN(struct ifreq) },
	{ SIOCGARP, OUT(struct arpreq) }, { SIOCSARP, IN(struct arpreq) },
	{ SIOCDARP, IN(struct arpreq) },
	{ SIOCBRADDBR, IN(char[IFNAMSIZ]) }, { SIOCBRDELBR, IN(char[IFNAMSIZ]) },
	{ TUNSETIFF, OUT(struct ifreq) }, { TUNGETIFF, OUT(struct ifreq) }, { TUNSETPERSIST, N },
	{ TUNSETOWNER, N }, { TUNSETGROUP, N }, { TUNSETNOCSUM, N }, { TUNSETOFFLOAD, N },
	{ TUNGETFEATURES, OUT(int) }, { TUNSETVNETHDRSZ, IN(int) }, { TUNGETVNETHDRSZ, OUT(int) },

	/* names of processes, random numbers */
	{ NS_GET_USERNS, N }, { NS_GET_PARENT, N }, { NS_GET_NSTYPE, N },
	{ NS_GET_OWNER_UID, OUT(uid_t) },
	{ RNDGETENTCNT, OUT(int) }, { RNDADDTOENTCNT, IN(int) }, { RNDZAPENTCNT, N },
	{ RNDCLEARPOOL, N }, { RNDRESEEDCRNG, N },
};

/*
 * Drivers whose numbers say what their argument is, and whose structures have no pointers.
 * Of the others, and of requests without a direction, nothing can be said.
 */
static bool of_number(unsigned int number, struct argument *is)
{
	static const char honest[] = { 'j', 'W', 'p' }; /* joysticks, watchdogs, clocks */
	const unsigned int direction = _IOC_DIR(number);

	if (!memchr(honest, (int)_IOC_TYPE(number), sizeof honest) || direction == _IOC_NONE ||
	    !_IOC_SIZE(number))
		return false;
	*is = (struct argument){ .kind = MEMORY,
				 .prot = direction & _IOC_READ ? GUEST_WRITE : GUEST_READ,
				 .size = (uint16_t)_IOC_SIZE(number) };
	return true;
}

static bool find(unsigned int number, struct argument *is)
{
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].number == number) {
			*is = known[i].is;
			return true;
		}
	return of_number(number, is);
}

/* -------------------------------------------------------------------------
 * Those with more than one piece of memory.
 */

/* A length and where the list of interfaces goes. */
static int64_t list_interfaces(struct thread *thread, const uint64_t *a)
{
	struct passage passage = passage_begin(thread);
	struct ifconf guest, host;
	int64_t result;
	long at = (long)&host;

	if (space_read(thread->process->space, &guest, guest_at(a[2]), sizeof guest)) {
		at = a[2] ? passage_nowhere(&passage, a[2]) : 0;
	} else {
		host = guest;
		host.ifc_buf = (char *)passage_memory(&passage, (uintptr_t)guest.ifc_buf,
						      guest.ifc_len < 0 ? 0 : (size_t)guest.ifc_len,
						      GUEST_WRITE, 0);
	}
	result = PASSAGE_CALL(&passage, SYS_ioctl, passage_descriptor(a[0]), SIOCGIFCONF, at);
	if (result >= 0 &&
	    space_write(thread->process->space, guest_at(a[2]), &host.ifc_len, sizeof host.ifc_len))
		result = -EFAULT;
	passage_end(&passage, -1);
	return result;
}

/* A structure with an array of `count` behind it, which the structure tells. */
static int64_t ask_array(struct thread *thread, const uint64_t *a, size_t head, size_t at,
			 size_t one)
{
	const uint32_t most = 1 << 16;
	struct passage passage = passage_begin(thread);
	uint32_t count = 0;
	int64_t result;

	/* if it cannot be read, the host finds out, too */
	if (!space_read(thread->process->space, &count, guest_at(a[2] + at), sizeof count) &&
	    count > most)
		count = most;
	result = PASSAGE_CALL(
		&passage, SYS_ioctl, passage_descriptor(a[0]), (long)a[1],
		passage_memory(&passage, a[2], head + count * one, GUEST_WRITE, PASSAGE_EXACT));
	passage_end(&passage, -1);
	return result;
}

/* If there is a descriptor at all. */
static int64_t refuse(struct thread *thread, const uint64_t *a)
{
	struct passage passage = passage_begin(thread);
	int64_t result = PASSAGE_CALL(&passage, SYS_fcntl, passage_descriptor(a[0]), F_GETFL);

	if (passage_names(&passage, (unsigned int)a[1]))
		fprintf(stderr, "vdsorun: ioctl %#x is not there\n", (unsigned int)a[1]);
	return result < 0 ? result : -ENOTTY;
}

int64_t call_ioctl(struct thread *thread, const uint64_t *a)
{
	struct argument is[CALLS_ARGUMENTS] = { FD, N };
	unsigned int number = (unsigned int)a[1];

	switch (number) {
	case SIOCGIFCONF:
		return list_interfaces(thread, a);
	case FS_IOC_FIEMAP:
		return ask_array(thread, a, sizeof(struct fiemap),
				 offsetof(struct fiemap, fm_extent_count),
				 sizeof(struct fiemap_extent));
	case RNDADDENTROPY:
		return ask_array(thread, a, sizeof(struct rand_pool_info),
				 offsetof(struct rand_pool_info, buf_size), 1);
	default:
		return find(number, &is[2]) ? passage_wait(thread, SYS_ioctl, is, a)
					    : refuse(thread, a);
	}
}
