/* SPDX-License-Identifier: BSD-2-Clause */
/* A system call that nobody has, more than once. */
#include <errno.h>
#include <unistd.h>
int main(void)
{
	for (int i = 0; i < 3; i++)
		if (syscall(500) != -1 || errno != ENOSYS)
			return 1;
	return 0;
}
