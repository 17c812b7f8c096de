/* SPDX-License-Identifier: BSD-2-Clause */
/* What every program does: printf, malloc, a file, arguments, environment, a status. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static unsigned int sum_of(const char *name)
{
	char buf[1000];
	unsigned int sum = 0;
	size_t got;
	FILE *file = fopen(name, "r");

	if (!file) {
		printf("%s: %s\n", name, strerror(errno));
		return 0;
	}
	while ((got = fread(buf, 1, sizeof buf, file)) > 0)
		for (size_t i = 0; i < got; i++)
			sum = sum * 31 + (unsigned char)buf[i];
	printf("%s: descriptor %d\n", name, fileno(file));
	fclose(file);
	return sum;
}

int main(int argc, char **argv)
{
	const size_t large = 50 << 20;
	struct utsname uts;
	struct stat st;
	char *p = malloc(large), link[4096], name[] = "./written-XXXXXX";
	ssize_t length = readlink("/proc/self/exe", link, sizeof link);
	int fd;

	for (int i = 0; i < argc; i++)
		printf("argument %d: %s\n", i, argv[i]);
	printf("environment: %s\n", getenv("RUNNER_TEST"));
	printf("file: %u\n", sum_of(argv[0]));
	printf("file: %u\n", sum_of("/nonexistent"));
	if (!p)
		return 1;
	memset(p, 'x', large);
	p = realloc(p, 2 * large);
	printf("memory: %c%c %d\n", p[0], p[large - 1], p[2 * large - 1]);
	free(p);
	printf("numbers: %.10f %s\n", sqrt(argc), uname(&uts) ? "?" : uts.sysname);
	printf("exe: %.*s\n", (int)length, link);
	fd = mkstemp(name);
	printf("written: %zd %d\n", write(fd, "abc", 3), fstat(fd, &st) ? -1 : (int)st.st_size);
	unlink(name);
	close(fd);
	printf("closed twice: %d", close(fd));
	printf(" %s\n", strerror(errno));
	fprintf(stderr, "standard error\n");
	return argc > 1 ? atoi(argv[1]) : 0;
}
