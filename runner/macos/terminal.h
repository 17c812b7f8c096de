/* SPDX-License-Identifier: BSD-2-Clause */
/* Terminals: the guest's settings are the host's by another name. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <termios.h>

#include "linux-terminal.h"

/* What the other side has no name for is left out, and stays as it is in `host`. */
void terminal_to_guest(const struct termios *host, struct linux_termios *guest);
void terminal_to_host(const struct linux_termios *guest, struct termios *host);

/* In bits a second, of what cfgetospeed() says, or 0; and back, the nearest one below. */
unsigned int terminal_rate(speed_t host);
speed_t terminal_speed(unsigned int rate);

#endif
