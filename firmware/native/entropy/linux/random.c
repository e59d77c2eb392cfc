/* getrandom(2): blocks until the kernel's generator is seeded, never less than that. */
#include "../entropy.h"

#include <errno.h>
#include <sys/random.h>

int entropyFill(uint8_t *out, size_t length)
{
	while (length > 0) {
		ssize_t got = getrandom(out, length, 0);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			return errno;
		}
		out += got;
		length -= (size_t)got;
	}
	return 0;
}
