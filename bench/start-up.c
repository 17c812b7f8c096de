/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long commands take from fork to wait, in turns: each round runs each once.
 *
 *	start-up ROUNDS -- COMMAND ... [-- COMMAND ...]
 *
 * A line for each: median and least of its microseconds; median of the ratios to the first command
 * of the same round, and the ratio of the least. Exits 1 if a command does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS = 16, ROUNDS = 1000 };
static const double us_per_s = 1e6, ns_per_us = 1e3;
static double took[COMMANDS][ROUNDS];
static posix_spawn_file_actions_t silent;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * us_per_s + (double)time.tv_nsec / ns_per_us;
}

static double run(char **command)
{
	double start = now();
	int status, error;
	pid_t child;

	error = posix_spawnp(&child, command[0], &silent, NULL, command, environ);
	if (error) {
		fprintf(stderr, "start-up: %s: %s\n", command[0], strerror(error));
		exit(1);
	}
	if (waitpid(child, &status, 0) != child || status) {
		fprintf(stderr, "start-up: %s: status %#x\n", command[0], (unsigned int)status);
		exit(1);
	}
	return now() - start;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(const double *values, int count, double *least)
{
	static double sorted[ROUNDS];

	memcpy(sorted, values, (size_t)count * sizeof *values);
	qsort(sorted, (size_t)count, sizeof *sorted, compare);
	*least = sorted[0];
	return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

static void print_words(char **words)
{
	for (; *words; words++) {
		const char *slash = strrchr(*words, '/');

		printf(" %s", slash ? slash + 1 : *words);
	}
	printf("\n");
}

static void report(char ***commands, int count, int rounds)
{
	static double ratios[ROUNDS];
	double first_least, least, unused;

	median(took[0], rounds, &first_least);
	printf("%12s %12s %10s %10s\n", "median us", "least us", "ratio", "of least");
	for (int i = 0; i < count; i++) {
		double middle = median(took[i], rounds, &least);

		for (int r = 0; r < rounds; r++)
			ratios[r] = took[i][r] / took[0][r];
		printf("%12.0f %12.0f %10.2f %10.2f ", middle, least,
		       median(ratios, rounds, &unused), least / first_least);
		print_words(commands[i]);
	}
}

int main(int argc, char **argv)
{
	char **commands[COMMANDS];
	int rounds = argc > 1 ? atoi(argv[1]) : 0, count = 0;

	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i], "--") && argv[i + 1] && count < COMMANDS) {
			argv[i] = NULL;
			commands[count++] = &argv[i + 1];
		}
	if (rounds < 1 || rounds > ROUNDS || !count) {
		fprintf(stderr, "usage: start-up ROUNDS -- COMMAND ... [-- COMMAND ...]\n");
		return 2;
	}
	posix_spawn_file_actions_init(&silent);
	posix_spawn_file_actions_addopen(&silent, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	for (int r = -1; r < rounds; r++)	/* the first is not counted */
		for (int i = 0; i < count; i++)
			took[i][r < 0 ? 0 : r] = run(commands[i]);
	report(commands, count, rounds);
	return 0;
}
