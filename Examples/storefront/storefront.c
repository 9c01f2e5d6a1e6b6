/* A small shop that answers over HTTP/1.1: the sample service of Slipway.
 *
 *   ./storefront --port 7000
 *
 * One thread, one poll(2) loop, keep-alive, bounded memory. SIGTERM: takes no new connections, answers what is under
 * way, then ends. What the shop offers stands in offers.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "offers.h"

enum { MAX_CONNECTIONS = 512, MAX_REQUEST = 8192, MAX_ANSWER = 2048, WARM_UP_MS = 300, LAST_WORDS_MS = 5000 };

struct connection {
    int fd;
    size_t got;             /* bytes of the request read so far */
    size_t queued, written; /* bytes of the answer, and how many of them went out */
    int closes;             /* after this answer */
    char request[MAX_REQUEST + 1];
    char answer[MAX_ANSWER];
};

static volatile sig_atomic_t ending = 0;
static struct connection *connections[MAX_CONNECTIONS];
static long long started;

static void end(int number) {
    (void)number;
    ending = 1;
}

static long long now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (long long)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void say(const char *text) {
    printf("storefront %s: %s\n", version(), text);
    fflush(stdout);
}

static void drop(int index) {
    close(connections[index]->fd);
    free(connections[index]);
    connections[index] = NULL;
}

/* The value of a header, compared without case, in a request that ends with an empty line; "" if there is none. */
static const char *header(const char *request, const char *name) {
    size_t length = strlen(name);
    for (const char *line = strstr(request, "\r\n"); line && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':') {
            const char *value = line + 3 + length;
            return value + strspn(value, " \t");
        }
    }
    return "";
}

static void reply(struct connection *c, int status, const char *reason, const char *body, int head) {
    size_t length = strlen(body);
    int size = snprintf(c->answer, MAX_ANSWER,
                        "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
                        "Storefront-Version: %s\r\n%s\r\n%s",
                        status, reason, length, version(), c->closes ? "Connection: close\r\n" : "", head ? "" : body);
    c->queued = size < MAX_ANSWER ? (size_t)size : MAX_ANSWER;
    c->written = 0;
}

static void answer(struct connection *c) {
    char method[8] = "", path[1024] = "", body[1024];
    int minor = 0;
    if (sscanf(c->request, "%7[A-Z] %1023[^ \r\n] HTTP/1.%d", method, path, &minor) != 3) {
        c->closes = 1;
        reply(c, 400, "Bad Request", "this is no HTTP/1.1 request\n", 0);
        return;
    }
    int head = strcmp(method, "HEAD") == 0;
    c->closes = c->closes || ending || minor == 0 || strncasecmp(header(c->request, "Connection"), "close", 5) == 0;
    if (strcmp(method, "GET") != 0 && !head) {
        c->closes = 1; /* what follows may be a body that nobody reads */
        reply(c, 405, "Method Not Allowed", "the shop only answers GET and HEAD\n", 0);
        return;
    }
    path[strcspn(path, "?#")] = '\0';
    if (strcmp(path, "/healthz") == 0) {
        if (now_ms() - started < WARM_UP_MS)
            reply(c, 503, "Service Unavailable", "the catalogue is being read\n", head);
        else
            reply(c, 200, "OK", "ok\n", head);
        return;
    }
    int status = offer(path, body, sizeof body);
    reply(c, status, status == 200 ? "OK" : status == 404 ? "Not Found" : "Internal Server Error", body, head);
}

/* 0: this connection is done with. */
static int serve(struct connection *c, short events) {
    if (events & POLLIN && c->queued == 0) {
        ssize_t count = read(c->fd, c->request + c->got, MAX_REQUEST - c->got);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return 0;
        if (count > 0) c->got += (size_t)count;
        c->request[c->got] = '\0';
        char *stop = strstr(c->request, "\r\n\r\n");
        if (stop) {
            answer(c);
            size_t used = (size_t)(stop + 4 - c->request);
            memmove(c->request, c->request + used, c->got - used + 1);
            c->got -= used;
        } else if (c->got == MAX_REQUEST) {
            c->closes = 1;
            reply(c, 431, "Request Header Fields Too Large", "at most 8192 bytes\n", 0);
        }
    } else if (events & (POLLERR | POLLHUP | POLLNVAL)) {
        return 0;
    }
    if (c->queued > 0) {
        ssize_t count = write(c->fd, c->answer + c->written, c->queued - c->written);
        if (count < 0 && errno != EAGAIN && errno != EINTR) return 0;
        if (count > 0) c->written += (size_t)count;
        if (c->written == c->queued) {
            c->queued = 0;
            if (c->closes) return 0;
            if (strstr(c->request, "\r\n\r\n")) { /* the next request came along with the last one */
                char *stop = strstr(c->request, "\r\n\r\n");
                answer(c);
                size_t used = (size_t)(stop + 4 - c->request);
                memmove(c->request, c->request + used, c->got - used + 1);
                c->got -= used;
            }
        }
    }
    return 1;
}

static void take(int listener) {
    int fd = accept(listener, NULL, NULL), yes = 1;
    if (fd < 0) return;
    for (int i = 0; i < MAX_CONNECTIONS; i++) {
        if (connections[i]) continue;
        struct connection *c = calloc(1, sizeof *c);
        if (!c) break;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        c->fd = fd;
        connections[i] = c;
        return;
    }
    close(fd); /* full */
}

static int open_listener(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 511) < 0) {
        fprintf(stderr, "storefront: can't listen on port %d: %s\n", port, strerror(errno));
        exit(1);
    }
    return listener;
}

static void run(int listener) {
    long long give_up = 0;
    for (;;) {
        struct pollfd polled[MAX_CONNECTIONS + 1];
        int owners[MAX_CONNECTIONS + 1], count = 0;
        if (ending && give_up == 0) give_up = now_ms() + LAST_WORDS_MS;
        if (!ending) polled[count] = (struct pollfd){.fd = listener, .events = POLLIN}, owners[count++] = -1;
        for (int i = 0; i < MAX_CONNECTIONS; i++) {
            if (!connections[i]) continue;
            if (ending && connections[i]->queued == 0 && connections[i]->got == 0) {
                drop(i);
                continue;
            }
            polled[count] = (struct pollfd){.fd = connections[i]->fd, .events = connections[i]->queued ? POLLOUT : POLLIN};
            owners[count++] = i;
        }
        if (ending && (count == 0 || now_ms() > give_up)) return;
        if (poll(polled, (nfds_t)count, 200) <= 0) continue;
        for (int i = 0; i < count; i++) {
            if (polled[i].revents == 0) continue;
            if (owners[i] < 0)
                take(listener);
            else if (!serve(connections[owners[i]], polled[i].revents))
                drop(owners[i]);
        }
    }
}

int main(int count, char **words) {
    int port = count == 3 && strcmp(words[1], "--port") == 0 ? atoi(words[2]) : 0;
    if (port < 1 || port > 65535) {
        fprintf(stderr, "usage: storefront --port PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, end);
    signal(SIGINT, end);
    started = now_ms();
    int listener = open_listener(port);
    say("open");
    run(listener);
    say("closed");
    return 0;
}
