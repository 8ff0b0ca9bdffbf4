// A deadline for calls that wait on a socket and take none themselves: when it passes, a signal handler shuts
// the sockets down, so that the call comes back with an error. In C, since a signal handler may do next to
// nothing (signal-safety(7)). One deadline at a time in a process.
#ifndef BIVOUAC_CDEADLINE_H
#define BIVOUAC_CDEADLINE_H

#include <sys/select.h>

/// Fills `set` with every descriptor number below FD_SETSIZE that is not in use.
void deadline_unused(fd_set *set);

/// Takes what is no open socket out of `set`.
void deadline_keep_sockets(fd_set *set);

/// From now until `deadline_disarm`: when `milliseconds` have passed, shuts down every socket in `watched`
/// (shutdown(2)) and interrupts the calling thread's system call, and again every tenth of a second.
void deadline_arm(const fd_set *watched, long milliseconds);

/// Ends the deadline and puts back the handling of SIGALRM. Returns whether it had passed.
int deadline_disarm(void);

#endif
