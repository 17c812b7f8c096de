/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals that both the guest and the host have. */
#ifndef MACOS_SIGNAL_NUMBERS_H
#define MACOS_SIGNAL_NUMBERS_H

#include "translate.h"

extern const struct translate signal_numbers;

/* The host's number for one of the guest's, or 0, and back. */
int deliver_host_number(int guest);
int deliver_guest_number(int host);

#endif
