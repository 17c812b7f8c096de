/* SPDX-License-Identifier: BSD-2-Clause */
#define _DEFAULT_SOURCE
#include "terminal.h"

#include <string.h>
#include <unistd.h>

#include "translate.h"

TRANSLATE(input,
	{ LINUX_IGNBRK, IGNBRK }, { LINUX_BRKINT, BRKINT }, { LINUX_IGNPAR, IGNPAR },
	{ LINUX_PARMRK, PARMRK }, { LINUX_INPCK, INPCK }, { LINUX_ISTRIP, ISTRIP },
	{ LINUX_INLCR, INLCR }, { LINUX_IGNCR, IGNCR }, { LINUX_ICRNL, ICRNL },
	{ LINUX_IXON, IXON }, { LINUX_IXANY, IXANY }, { LINUX_IXOFF, IXOFF },
	{ LINUX_IMAXBEL, IMAXBEL },
#ifdef IUTF8
	{ LINUX_IUTF8, IUTF8 },
#endif
);
TRANSLATE(output,
	{ LINUX_OPOST, OPOST }, { LINUX_ONLCR, ONLCR }, { LINUX_OCRNL, OCRNL },
	{ LINUX_ONOCR, ONOCR }, { LINUX_ONLRET, ONLRET },
	/* tabs become spaces */
#ifdef TAB3
	{ LINUX_TAB3, TAB3 },
#else
	{ LINUX_TAB3, OXTABS },
#endif
);
TRANSLATE(control,
	{ LINUX_CSTOPB, CSTOPB }, { LINUX_CREAD, CREAD }, { LINUX_PARENB, PARENB },
	{ LINUX_PARODD, PARODD }, { LINUX_HUPCL, HUPCL }, { LINUX_CLOCAL, CLOCAL },
	{ LINUX_CRTSCTS, CRTSCTS },
);
TRANSLATE(sizes,
	{ LINUX_CS5, CS5 }, { LINUX_CS6, CS6 }, { LINUX_CS7, CS7 }, { LINUX_CS8, CS8 },
);
TRANSLATE(local,
	{ LINUX_ISIG, ISIG }, { LINUX_ICANON, ICANON }, { LINUX_ECHO, ECHO },
	{ LINUX_ECHOE, ECHOE }, { LINUX_ECHOK, ECHOK }, { LINUX_ECHONL, ECHONL },
	{ LINUX_NOFLSH, NOFLSH }, { LINUX_TOSTOP, TOSTOP }, { LINUX_ECHOCTL, ECHOCTL },
	{ LINUX_ECHOPRT, ECHOPRT }, { LINUX_ECHOKE, ECHOKE }, { LINUX_FLUSHO, FLUSHO },
	{ LINUX_PENDIN, PENDIN }, { LINUX_IEXTEN, IEXTEN }, { LINUX_EXTPROC, EXTPROC },
);
TRANSLATE(characters,
	{ LINUX_VINTR, VINTR }, { LINUX_VQUIT, VQUIT }, { LINUX_VERASE, VERASE },
	{ LINUX_VKILL, VKILL }, { LINUX_VEOF, VEOF }, { LINUX_VTIME, VTIME },
	{ LINUX_VMIN, VMIN }, { LINUX_VSTART, VSTART }, { LINUX_VSTOP, VSTOP },
	{ LINUX_VSUSP, VSUSP }, { LINUX_VEOL, VEOL }, { LINUX_VREPRINT, VREPRINT },
	{ LINUX_VDISCARD, VDISCARD }, { LINUX_VWERASE, VWERASE }, { LINUX_VLNEXT, VLNEXT },
	{ LINUX_VEOL2, VEOL2 },
);

/* Rising. A host's speed may be the rate itself, or a number of its own. */
static const struct {
	unsigned int rate;
	uint32_t guest;
	speed_t host;
} speeds[] = {
#define SPEED(rate) { rate, LINUX_B##rate, B##rate }
	SPEED(0), SPEED(50), SPEED(75), SPEED(110), SPEED(134), SPEED(150), SPEED(200), SPEED(300),
	SPEED(600), SPEED(1200), SPEED(1800), SPEED(2400), SPEED(4800), SPEED(9600), SPEED(19200),
	SPEED(38400), SPEED(57600), SPEED(115200), SPEED(230400),
#undef SPEED
};
enum { SPEEDS = sizeof speeds / sizeof speeds[0] };

unsigned int terminal_rate(speed_t host)
{
	for (size_t i = 0; i < SPEEDS; i++)
		if (speeds[i].host == host)
			return speeds[i].rate;
	return 0;
}

speed_t terminal_speed(unsigned int rate)
{
	size_t i = SPEEDS - 1;

	while (i && speeds[i].rate > rate)
		i--;
	return speeds[i].host;
}

static uint32_t speed_to_guest(speed_t host)
{
	for (size_t i = 0; i < SPEEDS; i++)
		if (speeds[i].host == host)
			return speeds[i].guest;
	return LINUX_BOTHER;
}

/* A byte that says: no such character. */
static uint8_t character(uint8_t value, long from, uint8_t to)
{
	return value == (uint8_t)from ? to : value;
}

void terminal_to_guest(const struct termios *host, struct linux_termios *guest)
{
	int64_t size = LINUX_CS8;

	memset(guest, 0, sizeof *guest);
	guest->input = (uint32_t)translate_flags_to_guest(&input, host->c_iflag, NULL);
	guest->output = (uint32_t)translate_flags_to_guest(&output, host->c_oflag, NULL);
	guest->local = (uint32_t)translate_flags_to_guest(&local, host->c_lflag, NULL);
	translate_to_guest(&sizes, host->c_cflag & CSIZE, &size);
	guest->control = (uint32_t)translate_flags_to_guest(&control, host->c_cflag, NULL) |
			 (uint32_t)size | speed_to_guest(cfgetospeed(host));
	for (size_t i = 0; i < characters.count; i++) {
		const struct translate_pair *pair = &characters.pair[i];
		uint8_t value = host->c_cc[pair->host];
		bool is_number = pair->host == VMIN || pair->host == VTIME;

		guest->characters[pair->guest] = is_number ? value :
						 character(value, _POSIX_VDISABLE, 0);
	}
}

/* Only what the guest can name is changed. */
static tcflag_t set(const struct translate *table, uint32_t guest, tcflag_t host)
{
	tcflag_t named = (tcflag_t)translate_flags_to_host(table, UINT32_MAX, NULL);

	return (host & ~named) | (tcflag_t)translate_flags_to_host(table, guest, NULL);
}

void terminal_to_host(const struct linux_termios *guest, struct termios *host)
{
	int64_t size = CS8;

	host->c_iflag = set(&input, guest->input, host->c_iflag);
	host->c_oflag = set(&output, guest->output, host->c_oflag);
	host->c_lflag = set(&local, guest->local, host->c_lflag);
	host->c_cflag = set(&control, guest->control, host->c_cflag);
	translate_to_host(&sizes, guest->control & LINUX_CSIZE, &size);
	host->c_cflag = (host->c_cflag & ~(tcflag_t)CSIZE) | (tcflag_t)size;
	for (size_t i = 0; i < characters.count; i++) {
		const struct translate_pair *pair = &characters.pair[i];
		uint8_t value = guest->characters[pair->guest];
		bool is_number = pair->host == VMIN || pair->host == VTIME;

		host->c_cc[pair->host] = is_number ? value :
					 character(value, 0, (uint8_t)_POSIX_VDISABLE);
	}
	for (size_t i = 0; i < SPEEDS; i++)
		if (speeds[i].guest == (guest->control & LINUX_CBAUD)) {
			cfsetispeed(host, speeds[i].host);
			cfsetospeed(host, speeds[i].host);
		}
}
