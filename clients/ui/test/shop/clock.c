// Preloaded into a server, it adds to the time of day the seconds that stand in the file SHOP_CLOCK, whoever changes them.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const char *seconds = "0";

__attribute__((constructor)) static void open_clock(void) {
    const char *name = getenv("SHOP_CLOCK");
    const int file = name == NULL ? -1 : open(name, O_RDONLY);
    void *text = file < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
    if (text != MAP_FAILED)
        seconds = text;
    if (file >= 0)
        close(file);
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    const int result = (int)syscall(SYS_gettimeofday, now, zone);
    now->tv_sec += atol(seconds);
    return result;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    const int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME)
        now->tv_sec += atol(seconds);
    return result;
}

time_t time(time_t *copy) {
    struct timeval now;
    gettimeofday(&now, NULL);
    if (copy != NULL)
        *copy = now.tv_sec;
    return now.tv_sec;
}
