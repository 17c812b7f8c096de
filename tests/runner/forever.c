/* SPDX-License-Identifier: BSD-2-Clause */
/* Says that it started, and does not end. */
#include <unistd.h>
int main(void)
{
	if (write(1, "started\n", 8) == 8)
		for (;;)
			;
	return 1;
}
