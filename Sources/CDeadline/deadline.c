#define _GNU_SOURCE
#include "CDeadline.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT = 1024 };

// A signal that nothing else sends, so that SIGALRM stays the program's own.
#define SIGNAL (SIGRTMIN + 5)

// The timer's signal comes to the thread that armed it, so every thread can have a deadline of its own.
static _Thread_local struct deadline_set sockets;
static _Thread_local volatile sig_atomic_t armed;
static _Thread_local volatile sig_atomic_t passed;
static _Thread_local timer_t timer;
static _Thread_local sigset_t previous_mask;

static int has(const struct deadline_set *set, int fd) { return set->words[fd / 64] >> fd % 64 & 1; }

static void expire(int number) {
    (void)number;
    if (!armed) return;
    int saved = errno;
    passed = 1;
    for (int fd = 0; fd < LIMIT; fd++)
        if (has(&sockets, fd)) shutdown(fd, SHUT_RDWR);
    errno = saved;
}

static int is_socket(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

void deadline_all_but_sockets(struct deadline_set *set) {
    *set = (struct deadline_set){0};
    for (int fd = 0; fd < LIMIT; fd++)
        if (!is_socket(fd)) set->words[fd / 64] |= UINT64_C(1) << fd % 64;
}

void deadline_keep_sockets(struct deadline_set *set) {
    for (int fd = 0; fd < LIMIT; fd++)
        if (has(set, fd) && !is_socket(fd)) set->words[fd / 64] &= ~(UINT64_C(1) << fd % 64);
}

int deadline_arm(const struct deadline_set *watched, long milliseconds) {
    sockets = *watched;
    passed = 0;
    // Without SA_RESTART: a connect(2) to a full backlog has no peer to be shut down and must be interrupted.
    struct sigaction action = {.sa_handler = expire};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGNAL, &action, 0) != 0) return -1;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGNAL};
    event._sigev_un._tid = gettid();
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return -1;
    armed = 1;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &signals, &previous_mask);
    // Again and again: the first signal may come just before the system call that would wait.
    struct itimerspec when = {
        .it_value = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000},
        .it_interval = {.tv_nsec = 100 * 1000000},
    };
    timer_settime(timer, 0, &when, 0);
    return 0;
}

int deadline_disarm(void) {
    armed = 0;
    timer_delete(timer);
    pthread_sigmask(SIG_SETMASK, &previous_mask, 0);
    return passed;
}
