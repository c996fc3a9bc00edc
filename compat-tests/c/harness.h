/* What a case of the C client works with: a handle, its own root node, and the events that a watcher saw. */
#ifndef COMPAT_HARNESS_H
#define COMPAT_HARNESS_H

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <zookeeper.h>

#define PATIENCE 20 /* seconds for anything that has to happen */
#define TIMEOUT 30000

struct env {
    const char *address;
    char root[128];
    zhandle_t *zh;
};

/* Events of one watcher or session, in order. */
struct events {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    int count, taken;
    int type[256], state[256];
    char path[256][128];
};

typedef const char *(*case_fn)(struct env *env);

struct named_case {
    const char *name;
    case_fn run;
};

/* A case answers NULL, or why it failed. */
#define STRING_(x) #x
#define STRING(x) STRING_(x)
#define EXPECT(what) \
    do { \
        if (!(what)) return __FILE__ ":" STRING(__LINE__) " " #what; \
    } while (0)
/* As EXPECT, and tells the return code. */
#define RC(wanted, call) \
    do { \
        int rc_ = (call); \
        if (rc_ != (wanted)) return wrong_code(__LINE__, #call, wanted, rc_); \
    } while (0)

const char *wrong_code(int line, const char *call, int wanted, int got);
/* The path of a node below the case's root; the text lives until the eighth call after it. */
const char *path_of(struct env *env, const char *name);
int make(struct env *env, const char *name, const char *data);

void events_init(struct events *events);
void watcher(zhandle_t *zh, int type, int state, const char *path, void *events);
/* The next event is of this type and path; waits for it. */
int next_event(struct events *events, int type, const char *path);
int no_event(struct events *events);
/* Waits until the session's watcher saw this state. */
int reached(struct events *events, int state);

zhandle_t *open_session(const char *address, struct events *events, const clientid_t *id, int timeout);
/* Runs `count` cases; each gets a root node of its own. */
void run_cases(const char *address, const struct named_case *cases, int count);

/* The path of this program. */
extern const char *program;
/* Opens a session, makes an ephemeral node in it, prints its id and password, and is gone without closing it. */
int leave_session(const char *address, const char *path);

extern const struct named_case sync_cases[], async_cases[], session_cases[];
extern const int sync_count, async_count, session_count;

#endif
