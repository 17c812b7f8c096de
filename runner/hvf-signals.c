/* SPDX-License-Identifier: BSD-2-Clause */
/* A host whose signals are not the guest's sees to those itself, and kicks whom they are for. */
#include "hvf.h"

void hvf_signals_begin(uint64_t blocked)
{
	(void)blocked;
}

bool hvf_signals_wait(void)
{
	return false;
}
