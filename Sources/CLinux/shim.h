// What the Glibc module of Swift leaves out: GNU functions, variadic functions and expression macros.
// Each shim is the prefix `linux_` and the exact C name, nothing else.
#ifndef BIVOUAC_CLINUX_H
#define BIVOUAC_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fsverity.h>
#include <poll.h>
#include <pwd.h>
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static inline int linux_errno(void) { return errno; }
// errno is 0 at the end of the directory.
static inline struct dirent *linux_readdir(DIR *stream) {
    errno = 0;
    return readdir(stream);
}
static inline int linux_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }
static inline int linux_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}
static inline int linux_fcntl(int fd, int command, int argument) { return fcntl(fd, command, argument); }
static inline int linux_ioctl(int fd, unsigned long request, void *argument) {
    return ioctl(fd, request, argument);
}
static inline int linux_ioctl_value(int fd, unsigned long request, unsigned long argument) {
    return ioctl(fd, request, argument);
}
static inline int linux_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    return prctl(option, a, b, c, d);
}
static inline void linux_syslog(int priority, const char *message) { syslog(priority, "%s", message); }
static inline int linux_wifexited(int status) { return WIFEXITED(status); }
static inline int linux_wexitstatus(int status) { return WEXITSTATUS(status); }
static inline int linux_wifsignaled(int status) { return WIFSIGNALED(status); }
static inline int linux_wtermsig(int status) { return WTERMSIG(status); }
static inline int linux_isreg(mode_t mode) { return S_ISREG(mode); }
static inline int linux_isdir(mode_t mode) { return S_ISDIR(mode); }
static inline int linux_issock(mode_t mode) { return S_ISSOCK(mode); }
static inline int linux_getrlimit(int resource, struct rlimit *limit) { return getrlimit(resource, limit); }
static inline int linux_setrlimit(int resource, const struct rlimit *limit) {
    return setrlimit(resource, limit);
}
static inline int linux_pipe2(int *ends, int flags) { return pipe2(ends, flags); }
static inline int linux_close_range(unsigned int first, unsigned int last, unsigned int flags) {
    return close_range(first, last, (int)flags);
}
// The system call's result is the size of the mask in bytes; glibc's wrapper hides it.
static inline long linux_sched_getaffinity(int pid, unsigned long size, void *mask) {
    return syscall(SYS_sched_getaffinity, pid, size, mask);
}
static inline int linux_bind(int fd, const struct sockaddr_un *address, socklen_t length) {
    return bind(fd, (const struct sockaddr *)address, length);
}
static inline int linux_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC); }
static inline int linux_connect(int fd, const struct sockaddr_un *address, socklen_t length) {
    return connect(fd, (const struct sockaddr *)address, length);
}
static inline int linux_fs_ioc_enable_verity(int fd) {
    struct fsverity_enable_arg argument = {
        .version = 1, .hash_algorithm = FS_VERITY_HASH_ALG_SHA256, .block_size = 4096};
    return ioctl(fd, FS_IOC_ENABLE_VERITY, &argument);
}
// The SHA-256 that the kernel computes of the file's hash tree.
static inline int linux_fs_ioc_measure_verity(int fd, uint8_t *digest) {
    union {
        struct fsverity_digest header;
        uint8_t bytes[sizeof(struct fsverity_digest) + 32];
    } answer = {.header = {.digest_size = 32}};
    int result = ioctl(fd, FS_IOC_MEASURE_VERITY, &answer);
    if (result == 0 && answer.header.digest_algorithm != FS_VERITY_HASH_ALG_SHA256) return -1;
    memcpy(digest, answer.bytes + sizeof(struct fsverity_digest), 32);
    return result;
}
static inline int linux_futimens(int fd, int64_t seconds) {
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    return futimens(fd, times);
}
static inline int linux_adjtimex(struct timex *state) { return adjtimex(state); }
static inline int linux_unshare(int flags) { return unshare(flags); }
static inline void linux_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }
static const int linux_posix_spawn_setsid = POSIX_SPAWN_SETSID;
static inline unsigned int linux_major(dev_t device) { return gnu_dev_major(device); }
static inline unsigned int linux_minor(dev_t device) { return gnu_dev_minor(device); }

#endif
