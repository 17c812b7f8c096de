/* SPDX-License-Identifier: BSD-2-Clause */
#include "darwin-machine.h"

#include <mach/mach.h>
#include <sys/sysctl.h>

void darwin_boot_id(char id[DARWIN_BOOT_ID])
{
	size_t size = DARWIN_BOOT_ID;

	if (sysctlbyname("kern.bootsessionuuid", id, &size, NULL, 0))
		id[0] = 0;
}

void darwin_ticks(struct darwin_ticks *ticks)
{
	host_cpu_load_info_data_t load = { { 0 } };
	mach_msg_type_number_t count = HOST_CPU_LOAD_INFO_COUNT;
	const mach_port_t host = mach_host_self();

	host_statistics(host, HOST_CPU_LOAD_INFO, (host_info_t)&load, &count);
	mach_port_deallocate(mach_task_self(), host);
	*ticks = (struct darwin_ticks){
		.user = load.cpu_ticks[CPU_STATE_USER],
		.nice = load.cpu_ticks[CPU_STATE_NICE],
		.system = load.cpu_ticks[CPU_STATE_SYSTEM],
		.idle = load.cpu_ticks[CPU_STATE_IDLE],
	};
}

uint64_t darwin_resident(void)
{
	mach_task_basic_info_data_t info = { 0 };
	mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;

	task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&info, &count);
	return info.resident_size;
}
