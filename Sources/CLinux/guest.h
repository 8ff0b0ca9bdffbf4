// What the guest's agent and the launcher need of the kernel beside shim.h: event descriptors, mounts and the
// giving up of privileges. Each shim is the prefix `linux_` and the exact C name, nothing else.
#ifndef BIVOUAC_CLINUX_GUEST_H
#define BIVOUAC_CLINUX_GUEST_H

#include "shim.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sys/epoll.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <termios.h>

static inline int linux_signalfd(int fd, const sigset_t *mask, int flags) { return signalfd(fd, mask, flags); }
static inline int linux_epoll_create1(int flags) { return epoll_create1(flags); }
static inline int linux_epoll_ctl(int epoll, int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data = {.fd = fd}};
    return epoll_ctl(epoll, operation, fd, &event);
}
static inline int linux_epoll_wait(int epoll, int milliseconds) {
    struct epoll_event event;
    return epoll_wait(epoll, &event, 1, milliseconds);
}
static const uint32_t linux_epollet = 1u << 31;

static inline int linux_setgroups(size_t count, const gid_t *groups) { return setgroups(count, groups); }
static inline int linux_setresgid(gid_t real, gid_t effective, gid_t saved) {
    return setresgid(real, effective, saved);
}
static inline int linux_setresuid(uid_t real, uid_t effective, uid_t saved) {
    return setresuid(real, effective, saved);
}
static inline int linux_getresuid(uid_t *real, uid_t *effective, uid_t *saved) {
    return getresuid(real, effective, saved);
}
static inline int linux_getresgid(gid_t *real, gid_t *effective, gid_t *saved) {
    return getresgid(real, effective, saved);
}
// Every set of capabilities made empty.
static inline int linux_capset_none(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2] = {{0}};
    return (int)syscall(SYS_capset, &header, data);
}
// Every capability that is permitted made inheritable.
static inline int linux_capset_inheritable(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0) return -1;
    for (int i = 0; i < 2; i++) data[i].inheritable = data[i].permitted;
    return (int)syscall(SYS_capset, &header, data);
}
static inline int linux_prctl_filter(const struct sock_fprog *program) {
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program);
}
static const int linux_securebits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;

static inline int linux_mount(
    const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
    return mount(source, target, type, flags, data);
}
// MOUNT_ATTR_RDONLY for the mount and all below it; the C library has the call from 2.36 on.
static inline int linux_mount_setattr_readonly(const char *path) {
    const uint64_t attributes[4] = {1};
    const unsigned int recursive = 0x8000;
    return (int)syscall(442, AT_FDCWD, path, recursive, attributes, sizeof attributes);
}
static inline int linux_umount2(const char *target, int flags) { return umount2(target, flags); }
static inline int linux_execve(const char *path, char *const *argv, char *const *envp) {
    return execve(path, argv, envp);
}
static inline int linux_sched_setscheduler(int policy) {
    struct sched_param none = {0};
    return sched_setscheduler(0, policy, &none);
}
static const int linux_sched_batch = SCHED_BATCH;
static const int linux_sched_other = SCHED_OTHER;
static inline int linux_timerfd_create(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); }
static inline int linux_timerfd_settime(int fd, time_t seconds) {
    struct itimerspec time = {.it_interval = {.tv_sec = seconds}, .it_value = {.tv_sec = seconds}};
    return timerfd_settime(fd, 0, &time, (void *)0);
}
static const int linux_f_setpipe_sz = F_SETPIPE_SZ;
static inline void linux_closefrom(int first) { closefrom(first); }
static inline int linux_fionread(int fd) {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) == 0 ? count : -1;
}
static inline void linux_default_signal(int signal_number) { signal(signal_number, SIG_DFL); }
// For the two signals that glibc keeps to itself: posix_spawn leaves them ignored.
static inline void linux_default_signal_raw(int signal_number) {
    const char action[64] = {0};
    syscall(SYS_rt_sigaction, signal_number, action, (void *)0, 8);
}
static inline void linux_ignore_signal(int signal_number) { signal(signal_number, SIG_IGN); }
static inline ssize_t linux_send_nowait(int fd, const void *bytes, size_t count) {
    return send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}
static inline int linux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }
static inline int linux_wait4(pid_t pid, int *status, int flags, struct rusage *usage) {
    return wait4(pid, status, flags, usage);
}
static inline int linux_sethostname(const char *name, size_t length) { return sethostname(name, length); }
static inline long linux_uptime(void) {
    struct timespec time = {0};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}
static inline char **linux_environ(void) { return environ; }
static inline void linux_set_environ(char **variables) { environ = variables; }

static inline int linux_tiocgwinsz(int fd, struct winsize *size) { return ioctl(fd, TIOCGWINSZ, size); }
static inline int linux_tiocswinsz(int fd, const struct winsize *size) { return ioctl(fd, TIOCSWINSZ, size); }
static inline int linux_tiocsctty(int fd) { return ioctl(fd, TIOCSCTTY, 0); }
static inline int linux_posix_openpt(void) { return posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC); }
static inline int linux_ptsname_r(int fd, char *name, size_t length) { return ptsname_r(fd, name, length); }
static inline int linux_unlockpt(int fd) { return unlockpt(fd); }
static inline int linux_setfsuid(uid_t uid) { return setfsuid(uid); }
static inline int linux_setfsgid(gid_t gid) { return setfsgid(gid); }
static const int linux_o_path = O_PATH;
static const int linux_seek_data = SEEK_DATA;
static const int linux_seek_hole = SEEK_HOLE;
// Nanoseconds since 1970; the moment of the last access stays.
static inline struct timespec bivouac_moment(int64_t nanoseconds) {
    const int64_t second = 1000000000;
    int64_t rest = nanoseconds % second;
    struct timespec time = {.tv_sec = nanoseconds / second, .tv_nsec = rest};
    if (rest < 0) {
        time.tv_sec -= 1;
        time.tv_nsec += second;
    }
    return time;
}
static inline int linux_futimens_exact(int fd, int64_t nanoseconds) {
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, bivouac_moment(nanoseconds)};
    return futimens(fd, times);
}
static inline int linux_utimensat(int directory, const char *name, int64_t nanoseconds) {
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, bivouac_moment(nanoseconds)};
    return utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW);
}
static inline int linux_utimensat_following(const char *path, int64_t nanoseconds) {
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, bivouac_moment(nanoseconds)};
    return utimensat(AT_FDCWD, path, times, 0);
}
static inline mode_t linux_umask(mode_t mask) { return umask(mask); }

#endif
