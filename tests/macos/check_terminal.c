/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals: what the host's C library says of one becomes what Linux's kernel says of it. The
 * kernel's own structures are told by system calls alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "descriptor-suites.h"
#include "flat.h"
#include "runner/macos/terminal.h"

#define SAME(name) _Static_assert((uint64_t)LINUX_##name == (uint64_t)name, #name)
SAME(TCGETS); SAME(TCSETS); SAME(TCSETSW); SAME(TCSETSF); SAME(TCSBRK); SAME(TCXONC); SAME(TCFLSH);
SAME(TIOCEXCL); SAME(TIOCNXCL); SAME(TIOCSCTTY); SAME(TIOCGPGRP); SAME(TIOCSPGRP); SAME(TIOCOUTQ);
SAME(TIOCGWINSZ); SAME(TIOCSWINSZ); SAME(FIONREAD); SAME(FIONBIO); SAME(TIOCNOTTY); SAME(TCSBRKP);
SAME(TIOCSBRK); SAME(TIOCCBRK); SAME(TIOCGSID); SAME(FIONCLEX); SAME(FIOCLEX); SAME(FIOASYNC);
SAME(TIOCGPTN); SAME(TIOCSPTLCK);
SAME(VINTR); SAME(VQUIT); SAME(VERASE); SAME(VKILL); SAME(VEOF); SAME(VTIME); SAME(VMIN);
SAME(VSWTC); SAME(VSTART); SAME(VSTOP); SAME(VSUSP); SAME(VEOL); SAME(VREPRINT); SAME(VDISCARD);
SAME(VWERASE); SAME(VLNEXT); SAME(VEOL2);
SAME(IGNBRK); SAME(BRKINT); SAME(IGNPAR); SAME(PARMRK); SAME(INPCK); SAME(ISTRIP); SAME(INLCR);
SAME(IGNCR); SAME(ICRNL); SAME(IUCLC); SAME(IXON); SAME(IXANY); SAME(IXOFF); SAME(IMAXBEL);
SAME(IUTF8);
SAME(OPOST); SAME(OLCUC); SAME(ONLCR); SAME(OCRNL); SAME(ONOCR); SAME(ONLRET); SAME(OFILL);
SAME(OFDEL); SAME(TABDLY); SAME(TAB3);
SAME(CBAUD); SAME(CSIZE); SAME(CS5); SAME(CS6); SAME(CS7); SAME(CS8); SAME(CSTOPB); SAME(CREAD);
SAME(PARENB); SAME(PARODD); SAME(HUPCL); SAME(CLOCAL); SAME(CRTSCTS);
SAME(ISIG); SAME(ICANON); SAME(ECHO); SAME(ECHOE); SAME(ECHOK); SAME(ECHONL); SAME(NOFLSH);
SAME(TOSTOP); SAME(ECHOCTL); SAME(ECHOPRT); SAME(ECHOKE); SAME(FLUSHO); SAME(PENDIN);
SAME(IEXTEN); SAME(EXTPROC);
SAME(B0); SAME(B50); SAME(B9600); SAME(B38400); SAME(B57600); SAME(B115200); SAME(B230400);

static int host[2];
static uint64_t guest[2];

static void begin(void)
{
	flat_begin();
	host[0] = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_eq(grantpt(host[0]), 0);
	ck_assert_int_eq(unlockpt(host[0]), 0);
	host[1] = open(ptsname(host[0]), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(host[1], 0);
	for (int i = 0; i < 2; i++)
		guest[i] = (uint64_t)descriptor_open(NULL, descriptors_host(dup(host[i])), false);
}

static void end(void)
{
	close(host[0]);
	close(host[1]);
	flat_end();
}

static void compare(void)
{
	struct linux_termios right, is;

	memset(&is, 0, sizeof is);
	ck_assert_int_eq(syscall(SYS_ioctl, host[1], TCGETS, &right), 0);
	ck_assert_int_eq(CALL(ioctl, guest[1], LINUX_TCGETS, ADDRESS(&is)), 0);
	ck_assert_uint_eq(is.input, right.input);
	ck_assert_uint_eq(is.output, right.output);
	ck_assert_uint_eq(is.control, right.control);
	ck_assert_uint_eq(is.local, right.local);
	ck_assert_mem_eq(is.characters, right.characters, sizeof is.characters);
}

START_TEST(settings_are_told_as_linux_tells_them)
{
	struct termios settings;

	compare();
	ck_assert_int_eq(tcgetattr(host[1], &settings), 0);
	cfmakeraw(&settings);
	cfsetspeed(&settings, B115200);
	settings.c_cc[VMIN] = 3;
	settings.c_cc[VTIME] = 7;
	settings.c_oflag |= TAB3;
	ck_assert_int_eq(tcsetattr(host[1], TCSANOW, &settings), 0);
	compare();
}
END_TEST

/* Each bit that has a name, by itself. */
START_TEST(settings_are_set_as_linux_sets_them)
{
	static const unsigned int requests[] = { LINUX_TCSETS, LINUX_TCSETSW, LINUX_TCSETSF };
	static const uint32_t names[4] = { 0047777 & ~(uint32_t)IUCLC, 0000075 | TAB3, 0, 0157773 };
	struct linux_termios base, new;
	int times = 0;

	ck_assert_int_eq(CALL(ioctl, guest[1], LINUX_TCGETS, ADDRESS(&base)), 0);
	for (int bit = 0; bit < 17; bit++)
		for (int word = 0; word < 4; word++) {
			uint32_t *words[] = { &new.input, &new.output, &new.control, &new.local };

			if (!(names[word] >> bit & 1) || (word == 1 && 1u << bit & TAB3))
				continue;
			new = base;
			*words[word] ^= 1u << bit;
			ck_assert_int_eq(CALL(ioctl, guest[1], requests[times++ % 3],
					      ADDRESS(&new)),
					 0);
			compare();
			{
				struct linux_termios now;

				syscall(SYS_ioctl, host[1], TCGETS, &now);
				ck_assert_uint_eq(now.input, new.input);
				ck_assert_uint_eq(now.output, new.output);
				ck_assert_uint_eq(now.local, new.local);
			}
		}
	for (uint8_t i = 0; i < 17; i++) {
		new = base;
		new.characters[i] = (uint8_t)(i + 40);
		ck_assert_int_eq(CALL(ioctl, guest[1], LINUX_TCSETS, ADDRESS(&new)), 0);
		if (i != LINUX_VSWTC)
			compare();
	}
}
END_TEST

START_TEST(speeds_are_rates)
{
	struct linux_termios2 two;

	ck_assert_int_eq(CALL(ioctl, guest[1], LINUX_TCGETS2, ADDRESS(&two)), 0);
	ck_assert_uint_eq(two.output_speed, 38400);
	two.termios.control = (two.termios.control & ~(uint32_t)LINUX_CBAUD) | LINUX_BOTHER;
	two.output_speed = two.input_speed = 9600;
	ck_assert_int_eq(CALL(ioctl, guest[1], LINUX_TCSETS2, ADDRESS(&two)), 0);
	ck_assert_int_eq(CALL(ioctl, guest[1], LINUX_TCGETS2, ADDRESS(&two)), 0);
	ck_assert_uint_eq(two.output_speed, 9600);
	ck_assert_uint_eq(two.termios.control & LINUX_CBAUD, LINUX_B9600);
	ck_assert_uint_eq(terminal_rate(terminal_speed(10000)), 9600);
	ck_assert_uint_eq(terminal_rate(terminal_speed(0)), 0);
}
END_TEST

START_TEST(terminals_have_a_size_and_a_number)
{
	struct linux_winsize size = { 12, 34, 56, 78 };
	struct winsize now;
	int number = -1, theirs = -2, locked = 0;

	ck_assert_int_eq(CALL(ioctl, guest[1], LINUX_TIOCSWINSZ, ADDRESS(&size)), 0);
	ck_assert_int_eq(ioctl(host[0], TIOCGWINSZ, &now), 0);
	ck_assert_int_eq(now.ws_row, 12);
	ck_assert_int_eq(now.ws_col, 34);
	memset(&size, 0, sizeof size);
	ck_assert_int_eq(CALL(ioctl, guest[0], LINUX_TIOCGWINSZ, ADDRESS(&size)), 0);
	ck_assert_int_eq(size.height, 78);
	ck_assert_int_eq(CALL(ioctl, guest[0], LINUX_TIOCGPTN, ADDRESS(&number)), 0);
	ck_assert_int_eq(ioctl(host[0], TIOCGPTN, &theirs), 0);
	ck_assert_int_eq(number, theirs);
	ck_assert_int_eq(CALL(ioctl, guest[0], LINUX_TIOCSPTLCK, ADDRESS(&locked)), 0);
	ck_assert_int_eq(CALL(ioctl, guest[1], LINUX_TIOCGPTN, ADDRESS(&number)), -ENOTTY);
	ck_assert_int_eq(CALL(ioctl, guest[1], LINUX_TCFLSH, 3), -EINVAL);
	ck_assert_int_eq(CALL(ioctl, guest[1], LINUX_TCGETS, 1), -EFAULT);
}
END_TEST

START_TEST(any_descriptor_has_some)
{
	int fd[2], on = 1, n = 0;
	struct linux_termios settings;
	uint64_t event;

	ck_assert_int_eq(CALL(pipe2, ADDRESS(fd), 0), 0);
	ck_assert_int_eq(CALL(write, (uint64_t)fd[1], ADDRESS("abc"), 3), 3);
	ck_assert_int_eq(CALL(ioctl, (uint64_t)fd[0], LINUX_FIONREAD, ADDRESS(&n)), 0);
	ck_assert_int_eq(n, 3);
	ck_assert_int_eq(CALL(ioctl, (uint64_t)fd[0], LINUX_FIOCLEX, 0), 0);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)fd[0], F_GETFD), 1);
	ck_assert_int_eq(CALL(ioctl, (uint64_t)fd[0], LINUX_FIONCLEX, 0), 0);
	ck_assert_int_eq(CALL(fcntl, (uint64_t)fd[0], F_GETFD), 0);
	ck_assert_int_eq(CALL(ioctl, (uint64_t)fd[0], LINUX_TCGETS, ADDRESS(&settings)), -ENOTTY);
	ck_assert_int_eq(CALL(ioctl, (uint64_t)fd[0], 0x1234, 0), -ENOTTY);
	ck_assert_int_eq(CALL(ioctl, 99, LINUX_FIOCLEX, 0), -EBADF);
	event = (uint64_t)CALL(eventfd2, 0, 0);
	ck_assert_int_eq(CALL(ioctl, event, LINUX_FIONBIO, ADDRESS(&on)), 0);
	ck_assert_int_eq(CALL(read, event, ADDRESS(&event), 8), -EAGAIN);
	ck_assert_int_eq(CALL(ioctl, (uint64_t)fd[0], LINUX_FIONBIO, ADDRESS(&on)), 0);
	ck_assert_int_eq(CALL(read, (uint64_t)fd[0], ADDRESS(&settings), 8), 3);
	ck_assert_int_eq(CALL(read, (uint64_t)fd[0], ADDRESS(&settings), 8), -EAGAIN);
}
END_TEST

Suite *terminal_suite(void)
{
	Suite *suite = suite_create("terminal");
	TCase *tc = tcase_create("as Linux's");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, settings_are_told_as_linux_tells_them);
	tcase_add_test(tc, settings_are_set_as_linux_sets_them);
	tcase_add_test(tc, speeds_are_rates);
	tcase_add_test(tc, terminals_have_a_size_and_a_number);
	tcase_add_test(tc, any_descriptor_has_some);
	suite_add_tcase(suite, tc);
	return suite;
}
