/* SPDX-License-Identifier: BSD-2-Clause */
/* What all hosts do with a process' actions. */
#include <stdlib.h>
#include <string.h>

#include "signals.h"

struct signals *signals_copy(struct signals *signals)
{
	struct signals *copy = calloc(1, sizeof *copy);

	if (!copy)
		return NULL;
	signals_lock(signals);
	memcpy(copy->action, signals->action, sizeof copy->action);
	copy->caught = signals->caught;
	signals_unlock(signals);
	pthread_mutex_init(&copy->lock, NULL);
	return copy;
}

void signals_destroy(struct signals *signals)
{
	if (!signals)
		return;
	pthread_mutex_destroy(&signals->lock);
	free(signals);
}

void signals_lock(struct signals *signals)
{
	pthread_mutex_lock(&signals->lock);
}

void signals_unlock(struct signals *signals)
{
	pthread_mutex_unlock(&signals->lock);
}
