/* Runs cases and prints the driver's lines; keeps events. No check lives here. */
#include "harness.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static char top[64];

const char *wrong_code(int line, const char *call, int wanted, int got) {
    static char text[512];
    snprintf(text, sizeof text, "line %d: %.300s: wanted %d, got %d (%s)", line, call, wanted, got, zerror(got));
    return text;
}

const char *path_of(struct env *env, const char *name) {
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", env->root, name);
    return path;
}

int make(struct env *env, const char *name, const char *data) {
    return zoo_create(env->zh, path_of(env, name), data, data ? (int)strlen(data) : -1, &ZOO_OPEN_ACL_UNSAFE,
                      ZOO_PERSISTENT, NULL, 0);
}

void events_init(struct events *events) {
    memset(events, 0, sizeof *events);
    pthread_mutex_init(&events->mutex, NULL);
    pthread_cond_init(&events->more, NULL);
}

void watcher(zhandle_t *zh, int type, int state, const char *path, void *context) {
    struct events *events = context ? context : (struct events *)zoo_get_context(zh);
    if (events == NULL) {
        return;
    }
    pthread_mutex_lock(&events->mutex);
    if (events->count < 256) {
        events->type[events->count] = type;
        events->state[events->count] = state;
        snprintf(events->path[events->count], sizeof events->path[0], "%s", path ? path : "");
        events->count++;
    }
    pthread_cond_broadcast(&events->more);
    pthread_mutex_unlock(&events->mutex);
}

/* Waits, with the mutex held, until there is an untaken event; its place, or -1. */
static int await(struct events *events) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE;
    while (events->taken == events->count) {
        if (pthread_cond_timedwait(&events->more, &events->mutex, &until) != 0) {
            return -1;
        }
    }
    return events->taken++;
}

int next_event(struct events *events, int type, const char *path) {
    pthread_mutex_lock(&events->mutex);
    int at = await(events);
    int right = at >= 0 && events->type[at] == type && strcmp(events->path[at], path) == 0;
    if (!right) {
        fprintf(stderr, "wanted event %d %s, got %d %s\n", type, path, at < 0 ? -1 : events->type[at],
                at < 0 ? "nothing" : events->path[at]);
    }
    pthread_mutex_unlock(&events->mutex);
    return right;
}

int no_event(struct events *events) {
    pthread_mutex_lock(&events->mutex);
    int none = events->taken == events->count;
    pthread_mutex_unlock(&events->mutex);
    return none;
}

int reached(struct events *events, int state) {
    int at;
    pthread_mutex_lock(&events->mutex);
    do {
        at = await(events);
    } while (at >= 0 && !(events->type[at] == ZOO_SESSION_EVENT && events->state[at] == state));
    pthread_mutex_unlock(&events->mutex);
    return at >= 0;
}

zhandle_t *open_session(const char *address, struct events *events, const clientid_t *id, int timeout) {
    zhandle_t *zh = zookeeper_init(address, watcher, timeout, id, events, 0);
    return zh;
}

static void run_case(const char *address, const struct named_case *one) {
    struct env env = {.address = address};
    struct events session;
    events_init(&session);
    env.zh = open_session(address, &session, NULL, TIMEOUT);
    const char *reason = "no connection";
    if (env.zh && reached(&session, ZOO_CONNECTED_STATE)) {
        zoo_create(env.zh, top, NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0);
        snprintf(env.root, sizeof env.root, "%s/%s", top, one->name);
        zoo_create(env.zh, env.root, NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0);
        reason = one->run(&env);
    }
    if (reason) {
        printf("FAILED %s: %s\n", one->name, reason);
    } else {
        printf("ok %s\n", one->name);
    }
    fflush(stdout);
    if (env.zh) {
        zookeeper_close(env.zh);
    }
}

void run_cases(const char *address, const struct named_case *cases, int count) {
    if (!top[0]) {
        snprintf(top, sizeof top, "/c-%lx-%lx", (unsigned long)time(NULL), (unsigned long)getpid());
    }
    for (int i = 0; i < count; i++) {
        run_case(address, &cases[i]);
    }
}
