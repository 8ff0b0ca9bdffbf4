#define _GNU_SOURCE
#include "CDeadline.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

static fd_set sockets;
static volatile sig_atomic_t passed;
static struct sigaction previous_action;
static sigset_t previous_mask;

static void expire(int number) {
    (void)number;
    int saved = errno;
    passed = 1;
    for (int fd = 0; fd < FD_SETSIZE; fd++)
        if (FD_ISSET(fd, &sockets)) shutdown(fd, SHUT_RDWR);
    errno = saved;
}

void deadline_unused(fd_set *set) {
    FD_ZERO(set);
    for (int fd = 0; fd < FD_SETSIZE; fd++)
        if (fcntl(fd, F_GETFD) < 0) FD_SET(fd, set);
}

void deadline_keep_sockets(fd_set *set) {
    for (int fd = 0; fd < FD_SETSIZE; fd++) {
        struct stat status;
        if (FD_ISSET(fd, set) && (fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode))) FD_CLR(fd, set);
    }
}

void deadline_arm(const fd_set *watched, long milliseconds) {
    sockets = *watched;
    passed = 0;
    // Without SA_RESTART: a connect(2) to a full backlog has nothing to shut down and must be interrupted.
    struct sigaction action = {.sa_handler = expire};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, &previous_action);
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm, &previous_mask);
    // Again and again: the first signal may come just before the system call that would wait.
    struct itimerval timer = {
        .it_value = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000},
        .it_interval = {.tv_usec = 100 * 1000},
    };
    setitimer(ITIMER_REAL, &timer, 0);
}

int deadline_disarm(void) {
    struct itimerval none = {0};
    setitimer(ITIMER_REAL, &none, 0);
    pthread_sigmask(SIG_SETMASK, &previous_mask, 0);
    sigaction(SIGALRM, &previous_action, 0);
    return passed;
}
