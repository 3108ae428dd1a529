// A 32-bit program without a library: gcc -m32 -static -nostdlib needs none of 32 bits.
// It prints a line for each attempt: what it got, and the errno (as attack.c does).
#define NR_WRITE 4
#define NR_EXIT 1
#define NR_SOCKETCALL 102
#define NR_SOCKET 359
#define NR_SOCKETPAIR 360
#define NR_SETSOCKOPT 366

static long call(long number, long a, long b, long c, long d, long e) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
    return result;
}

static void say(long result) {
    char text[16];
    int at = sizeof text;
    long number = result < 0 ? -result : 0;
    text[--at] = '\n';
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    text[--at] = ' ';
    text[--at] = result < 0 ? '0' : '1';
    call(NR_WRITE, 1, (long)(text + at), (long)sizeof text - at, 0, 0);
}

static long muxed(long which, long a, long b, long c, long d) {
    long arguments[4] = {a, b, c, d};
    return call(NR_SOCKETCALL, which, (long)arguments, 0, 0, 0);
}

void _start(void) {
    int pair[2];
    struct { unsigned short length; void *code; } filter = {0, 0};
    long socket = call(NR_SOCKET, 2, 1, 0, 0, 0);
    say(socket);                                                    // TCP
    say(call(NR_SOCKET, 1, 1, 0, 0, 0));                            // Unix
    say(call(NR_SOCKET, 16, 3, 0, 0, 0));                           // netlink, routes
    say(call(NR_SOCKETPAIR, 1, 1, 0, (long)pair, 0));               // a Unix pair
    say(call(NR_SOCKET, 16, 3, 9, 0, 0));                           // netlink, audit
    say(call(NR_SOCKET, 17, 3, 0, 0, 0));                           // packet
    say(call(NR_SOCKET, 2, 3, 255, 0, 0));                          // raw IP
    say(call(NR_SOCKETPAIR, 16, 3, 0, (long)pair, 0));              // a netlink pair
    say(call(NR_SETSOCKOPT, socket, 1, 26, (long)&filter, 8));      // SO_ATTACH_FILTER
    say(muxed(1, 17, 3, 0, 0));                                     // the same by socketcall
    say(muxed(1, 16, 3, 9, 0));
    say(muxed(1, 2, 3, 255, 0));
    say(muxed(8, 16, 3, 0, (long)pair));
    say(muxed(14, socket, 1, 26, (long)&filter));
    call(NR_EXIT, 0, 0, 0, 0, 0);
}
