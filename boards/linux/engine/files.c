/* Reading files, and writing them so that a crash leaves the old or the new contents whole. */
#include "xsmc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE (1024 * 1024)

static int readAll(int file, uint8_t *data, size_t length)
{
	while (length > 0) {
		ssize_t got = read(file, data, length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		data += got;
		length -= (size_t)got;
	}
	return 0;
}

static int writeAll(int file, const uint8_t *data, size_t length)
{
	while (length > 0) {
		ssize_t put = write(file, data, length);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		data += put;
		length -= (size_t)put;
	}
	return 0;
}

/* The whole file in memory to be freed, one byte of 0 behind it; NULL when there is no such file. */
static uint8_t *load(xsMachine *the, size_t *length)
{
	char path[PATH_MAX];
	struct stat status;
	uint8_t *data;
	int file;

	xsmcToStringBuffer(xsArg(0), path, sizeof(path));
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) {
		if (errno == ENOENT)
			return NULL;
		xsUnknownError("%s: %s", path, strerror(errno));
	}
	if (fstat(file, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size > MAX_FILE) {
		close(file);
		xsUnknownError("%s: not a file that can be read", path);
	}
	*length = (size_t)status.st_size;
	data = calloc(1, *length + 1);
	if (data == NULL || readAll(file, data, *length) < 0) {
		close(file);
		free(data);
		xsUnknownError("%s: can't be read", path);
	}
	close(file);
	return data;
}

/* xs_file_read(path): an ArrayBuffer, or undefined when there is no such file */
void xs_file_read(xsMachine *the)
{
	size_t length;
	uint8_t *data = load(the, &length);

	if (data != NULL) {
		xsmcSetArrayBuffer(xsResult, data, (xsIntegerValue)length);
		free(data);
	}
}

/* xs_file_text(path): a string of UTF-8, or undefined when there is no such file */
void xs_file_text(xsMachine *the)
{
	size_t length;
	uint8_t *data = load(the, &length);

	if (data != NULL) {
		xsmcSetString(xsResult, (char *)data);
		free(data);
	}
}

/*
 * xs_file_write(folder, name, bytes): durable when it returns. The new contents go to another file, which takes the
 * name once it is on the disk; the folder holds the name, so it is synchronised too.
 */
void xs_file_write(xsMachine *the)
{
	char folder[PATH_MAX], name[256], temporary[260];
	void *data;
	xsUnsignedValue length;
	int directory, file, error = 0;

	xsmcToStringBuffer(xsArg(0), folder, sizeof(folder));
	xsmcToStringBuffer(xsArg(1), name, sizeof(name));
	xsmcGetBufferReadable(xsArg(2), &data, &length);
	snprintf(temporary, sizeof(temporary), "%s~", name);
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		xsUnknownError("%s: %s", folder, strerror(errno));
	directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		xsUnknownError("%s: %s", folder, strerror(errno));
	file = openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0)
		error = errno;
	else {
		if (writeAll(file, data, length) < 0 || fsync(file) < 0)
			error = errno;
		if (close(file) < 0 && error == 0)
			error = errno;
	}
	if (error == 0 && (renameat(directory, temporary, directory, name) < 0 || fsync(directory) < 0))
		error = errno;
	close(directory);
	if (error != 0)
		xsUnknownError("%s/%s: %s", folder, name, strerror(error));
}
