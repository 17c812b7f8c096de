/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program with a filter that kills a process for any system call of its page:
 * a fast path never makes one, nor does vdsogen run on its behalf.
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "identity.h"

void test_filter(void)
{
	pid_t pid;

	expect("with a filter", ALL, 0);
	for (int i = 0; i < 10; i++) {
		pid = begin_child();
		if (!pid) {
			/* Without root, nobody can put another page there. */
			expect("child with a filter", is_root() ? ALL : 0, 0);
			finish();
		}
		compare("parent with a filter");
		wait_for("child with a filter", pid);
	}
	if (is_root())
		expect("with a filter, afterwards", ALL, 0);
	else
		expect_soon("with a filter, afterwards", ALL);
}
