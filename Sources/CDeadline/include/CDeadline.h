// A deadline for calls that wait on a socket and take none themselves: when it passes, a signal handler shuts
// the sockets down, so that the call comes back with an error. In C, since a signal handler may do next to
// nothing (signal-safety(7)). One deadline at a time in a thread.
#ifndef BIVOUAC_CDEADLINE_H
#define BIVOUAC_CDEADLINE_H

#include <stdint.h>

/// A set of the descriptor numbers below 1024, one bit for each.
struct deadline_set {
    uint64_t words[16];
};

/// Fills `set` with every number that is no open socket: one that is in use for something else may be closed by
/// another thread and become a socket.
void deadline_all_but_sockets(struct deadline_set *set);

/// Takes what is no open socket out of `set`.
void deadline_keep_sockets(struct deadline_set *set);

/// From now until `deadline_disarm`: when `milliseconds` have passed, shuts down every socket in `watched`
/// (shutdown(2)) and interrupts the calling thread's system call, and again every tenth of a second. Uses
/// signal SIGRTMIN + 5. Returns -1, with errno set and nothing armed, when there is no timer to be had.
int deadline_arm(const struct deadline_set *watched, long milliseconds);

/// Ends the deadline, in the thread that armed it. Returns whether it had passed.
int deadline_disarm(void);

#endif
