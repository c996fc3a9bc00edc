/* The C client's asynchronous calls, in order, and its watches. */
#include "harness.h"

#define WRITES 500

/* What the completions told, in their order. */
struct told {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    int count;
    int rc[2 * WRITES + 8];
    int detail[2 * WRITES + 8];
};

static void told_init(struct told *told) {
    memset(told, 0, sizeof *told);
    pthread_mutex_init(&told->mutex, NULL);
    pthread_cond_init(&told->more, NULL);
}

static void tell(const void *data, int rc, int detail) {
    struct told *told = (struct told *)data;
    pthread_mutex_lock(&told->mutex);
    told->rc[told->count] = rc;
    told->detail[told->count++] = detail;
    pthread_cond_broadcast(&told->more);
    pthread_mutex_unlock(&told->mutex);
}

static int wait_for(struct told *told, int count) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE;
    int late = 0;
    pthread_mutex_lock(&told->mutex);
    while (told->count < count && !late) {
        late = pthread_cond_timedwait(&told->more, &told->mutex, &until) != 0;
    }
    pthread_mutex_unlock(&told->mutex);
    return told->count == count;
}

static void on_string(int rc, const char *value, const void *data) {
    tell(data, rc, value ? (int)strlen(value) : -1);
}

static void on_stat(int rc, const struct Stat *stat, const void *data) {
    tell(data, rc, stat ? stat->version : -1);
}

static void on_data(int rc, const char *value, int length, const struct Stat *stat, const void *data) {
    (void)value;
    (void)stat;
    tell(data, rc, length);
}

static void on_void(int rc, const void *data) {
    tell(data, rc, 0);
}

static void on_strings(int rc, const struct String_vector *names, const struct Stat *stat, const void *data) {
    (void)stat;
    tell(data, rc, names ? names->count : -1);
}

static void on_acl(int rc, struct ACL_vector *acl, struct Stat *stat, const void *data) {
    (void)stat;
    tell(data, rc, acl ? acl->count : -1);
}

static const char *every_operation(struct env *env) {
    struct told told;
    const char *n = path_of(env, "n");
    told_init(&told);
    RC(ZOK, zoo_acreate(env->zh, n, "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, on_string, &told));
    RC(ZOK, zoo_aexists(env->zh, n, 0, on_stat, &told));
    RC(ZOK, zoo_aset(env->zh, n, "22", 2, 0, on_stat, &told));
    RC(ZOK, zoo_aget(env->zh, n, 0, on_data, &told));
    RC(ZOK, zoo_aget_children2(env->zh, env->root, 0, on_strings, &told));
    RC(ZOK, zoo_aset_acl(env->zh, n, 0, &ZOO_OPEN_ACL_UNSAFE, on_void, &told));
    RC(ZOK, zoo_aget_acl(env->zh, n, on_acl, &told));
    RC(ZOK, zoo_async(env->zh, n, on_string, &told));
    RC(ZOK, zoo_adelete(env->zh, n, 1, on_void, &told));
    RC(ZOK, zoo_adelete(env->zh, n, 1, on_void, &told));
    EXPECT(wait_for(&told, 10));
    int details[] = {(int)strlen(n), 0, 1, 2, 1, 0, 1, (int)strlen(n), 0, 0};
    for (int i = 0; i < 10; i++) {
        RC(i == 9 ? ZNONODE : ZOK, told.rc[i]);
        EXPECT(told.detail[i] == details[i]);
    }
    return NULL;
}

static const char *pipelined_order(struct env *env) {
    static struct told told;
    told_init(&told);
    RC(ZOK, make(env, "n", ""));
    for (int i = 1; i <= WRITES; i++) {
        RC(ZOK, zoo_aset(env->zh, path_of(env, "n"), "x", 1, -1, on_stat, &told));
        RC(ZOK, zoo_aexists(env->zh, path_of(env, "n"), 0, on_stat, &told));
    }
    EXPECT(wait_for(&told, 2 * WRITES));
    for (int i = 0; i < 2 * WRITES; i++) {
        RC(ZOK, told.rc[i]);
        EXPECT(told.detail[i] == i / 2 + 1); /* each read sees the write before it and none after */
    }
    return NULL;
}

static const char *multi_async(struct env *env) {
    struct told told;
    zoo_op_t ops[2];
    zoo_op_result_t results[2];
    told_init(&told);
    zoo_create_op_init(&ops[0], path_of(env, "a"), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0);
    zoo_create_op_init(&ops[1], path_of(env, "b"), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0);
    RC(ZOK, zoo_amulti(env->zh, 2, ops, results, on_void, &told));
    EXPECT(wait_for(&told, 1));
    RC(ZOK, told.rc[0]);
    struct Stat a, b;
    RC(ZOK, zoo_exists(env->zh, path_of(env, "a"), 0, &a));
    RC(ZOK, zoo_exists(env->zh, path_of(env, "b"), 0, &b));
    EXPECT(a.czxid == b.czxid && b.ephemeralOwner == zoo_client_id(env->zh)->client_id);
    return NULL;
}

static const char *watches(struct env *env) {
    static struct events seen;
    struct Stat stat;
    struct String_vector names;
    char buffer[8];
    int length = sizeof buffer;
    char n[256];
    snprintf(n, sizeof n, "%s", path_of(env, "n"));
    events_init(&seen);
    RC(ZNONODE, zoo_wexists(env->zh, n, watcher, &seen, &stat));
    RC(ZOK, make(env, "n", "1"));
    EXPECT(next_event(&seen, ZOO_CREATED_EVENT, n));
    RC(ZOK, zoo_wget(env->zh, n, watcher, &seen, buffer, &length, &stat));
    RC(ZOK, zoo_set(env->zh, n, "2", 1, -1));
    EXPECT(next_event(&seen, ZOO_CHANGED_EVENT, n));
    RC(ZOK, zoo_set(env->zh, n, "3", 1, -1));
    RC(ZOK, zoo_wget_children(env->zh, n, watcher, &seen, &names));
    deallocate_String_vector(&names);
    RC(ZOK, make(env, "n/k", ""));
    EXPECT(next_event(&seen, ZOO_CHILD_EVENT, n));
    RC(ZOK, zoo_delete(env->zh, path_of(env, "n/k"), -1));
    RC(ZOK, zoo_wexists(env->zh, n, watcher, &seen, &stat));
    RC(ZOK, zoo_delete(env->zh, n, -1));
    EXPECT(next_event(&seen, ZOO_DELETED_EVENT, n));
    EXPECT(no_event(&seen));
    return NULL;
}

static const char *watches_removed(struct env *env) {
    static struct events seen;
    char buffer[8];
    int length = sizeof buffer;
    events_init(&seen);
    RC(ZOK, make(env, "n", "1"));
    RC(ZNOWATCHER, zoo_remove_all_watches(env->zh, path_of(env, "n"), ZWATCHTYPE_DATA, 0));
    RC(ZOK, zoo_wget(env->zh, path_of(env, "n"), watcher, &seen, buffer, &length, NULL));
    RC(ZOK, zoo_remove_watches(env->zh, path_of(env, "n"), ZWATCHTYPE_DATA, watcher, &seen, 0));
    RC(ZOK, zoo_set(env->zh, path_of(env, "n"), "2", 1, -1));
    RC(ZOK, make(env, "after", ""));
    EXPECT(seen.count == 0 || seen.type[0] != ZOO_CHANGED_EVENT);
    return NULL;
}

const struct named_case async_cases[] = {
    {"async_every_operation", every_operation},
    {"async_pipelined_order", pipelined_order},
    {"async_multi", multi_async},
    {"watches", watches},
    {"watches_removed", watches_removed},
};
const int async_count = sizeof async_cases / sizeof async_cases[0];
