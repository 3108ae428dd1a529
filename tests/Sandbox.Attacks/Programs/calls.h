/* attack calls: calls of the kernel that no sandbox needs, with arguments that do nothing where they are let through.
 * Prints "NAME ERRNO" for each; 0 when it went well. */
#include <linux/sched.h>
#include <sys/ptrace.h>
#include <sys/ioctl.h>

static void say(const char *name, long result) { printf("%s %d\n", name, result < 0 ? errno : 0); }

/* In a child: some would change the caller. */
static void apart(const char *name, long number, long a, long b, long c) {
    fflush(stdout);
    if (fork() == 0) {
        say(name, syscall(number, a, b, c, 0L, 0L, 0L));
        fflush(stdout);
        _exit(0);
    }
    while (wait(NULL) > 0) { }
}

static int made_in(unsigned long flags) {
    fflush(stdout);
    long child = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, 0L);
    int error = errno;
    if (child == 0) _exit(0);
    while (wait(NULL) > 0) { }
    errno = error;
    return child < 0 ? -1 : 0;
}

static int calls(void) {
    static const struct { const char *name; long number, a, b, c; } none[] = {
        {"acct", SYS_acct, 8 /* a pointer to nothing */}, {"add_key", SYS_add_key}, {"bpf", SYS_bpf, 999}, {"clock_settime", SYS_clock_settime, 0, 8},
        {"delete_module", SYS_delete_module, 8}, {"fanotify_init", SYS_fanotify_init, -1}, {"finit_module", SYS_finit_module, -1, 8},
        {"fsconfig", 431, -1, 99}, {"fsmount", 432, -1}, {"fsopen", 430, 8}, {"fspick", 433, -1, 8}, {"init_module", SYS_init_module, 8, 1, 8},
        {"io_uring_setup", 425, 0, 8}, {"io_uring_enter", 426, -1}, {"io_uring_register", 427, -1}, {"iopl", SYS_iopl, 9}, {"ioperm", SYS_ioperm, -1, -1, 1},
        {"kcmp", 312, 1, 1, 99}, {"kexec_load", SYS_kexec_load, 0, 99999}, {"kexec_file_load", 320, -1, -1}, {"keyctl", SYS_keyctl, 9999},
        {"migrate_pages", SYS_migrate_pages, -1}, {"mount", SYS_mount, 8, 8, 8}, {"mount_setattr", 442, -1, 8, -1}, {"move_mount", 429, -1, 8, -1},
        {"open_by_handle_at", SYS_open_by_handle_at, -1, 8}, {"open_tree", 428, -1, 8, -1}, {"perf_event_open", SYS_perf_event_open, 8}, {"pidfd_getfd", 438, -1},
        {"pivot_root", SYS_pivot_root, 8, 8}, {"process_madvise", 440, -1}, {"quotactl", SYS_quotactl, -1, 8}, {"reboot", SYS_reboot, 1, 2, 3},
        {"request_key", SYS_request_key, 8}, {"setdomainname", SYS_setdomainname, 8, 1}, {"sethostname", SYS_sethostname, 8, 1}, {"setns", SYS_setns, -1},
        {"settimeofday", SYS_settimeofday, 8}, {"swapoff", SYS_swapoff, 8}, {"swapon", SYS_swapon, 8}, {"syslog", SYS_syslog, 9999}, {"umount", SYS_umount2, 8, -1},
        {"userfaultfd", SYS_userfaultfd, -1},
    };
    static const struct { const char *name; int family, type, protocol; } sockets[] = {
        {"socket-sctp", AF_INET, SOCK_STREAM, 132}, {"socket-mptcp", AF_INET, SOCK_STREAM, 262}, {"socket-unknown", AF_INET, SOCK_STREAM, 200},
        {"socket-udplite", AF_INET, SOCK_DGRAM, 136}, {"socket-unknown6", AF_INET6, SOCK_DGRAM, 201}, {"socket-seqpacket", AF_INET, SOCK_SEQPACKET, 0},
        {"socket-dccp", AF_INET, 6, 33}, {"socket-can", 29, SOCK_RAW, 1}, {"socket-bluetooth", 31, SOCK_RAW, 1}, {"socket-xdp", 44, SOCK_RAW, 0},
        {"socket-rds", 21, SOCK_SEQPACKET, 0}, {"socket-tipc", 30, SOCK_STREAM, 0}, {"socket-qipcrtr", 42, SOCK_DGRAM, 0}, {"socket-key", 15, SOCK_RAW, 2},
    };
    static const struct { const char *name; unsigned long flag; } spaces[] = {
        {"user", CLONE_NEWUSER}, {"mount", CLONE_NEWNS}, {"network", CLONE_NEWNET}, {"pid", CLONE_NEWPID}, {"ipc", CLONE_NEWIPC},
        {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP},
    };
    for (unsigned i = 0; i < sizeof none / sizeof *none; i++) apart(none[i].name, none[i].number, none[i].a, none[i].b, none[i].c);
    for (unsigned i = 0; i < sizeof sockets / sizeof *sockets; i++) say(sockets[i].name, socket(sockets[i].family, sockets[i].type, sockets[i].protocol));
    for (unsigned i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        char name[32];
        snprintf(name, sizeof name, "clone-%s", spaces[i].name);
        say(name, made_in(spaces[i].flag));
        snprintf(name, sizeof name, "unshare-%s", spaces[i].name);
        apart(name, SYS_unshare, (long)spaces[i].flag, 0, 0);
    }
    struct clone_args plain = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    fflush(stdout);
    long child = syscall(435 /* clone3 */, &plain, sizeof plain);
    if (child == 0) _exit(0);
    say("clone3", child);
    return 0;
}
