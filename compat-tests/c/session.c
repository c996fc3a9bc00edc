/* Sessions and authentication through the C client. */
#include "harness.h"

#include <stdlib.h>
#include <unistd.h>

static void on_auth(int rc, const void *data) {
    *(volatile int *)data = rc;
}

/* addauth and a round trip behind it, so that its answer is in. */
static int authenticate(zhandle_t *zh, const char *scheme, const char *who) {
    volatile int rc = -1000;
    struct Stat stat;
    int sent = zoo_add_auth(zh, scheme, who, (int)strlen(who), on_auth, (const void *)&rc);
    if (sent != ZOK) {
        return sent;
    }
    zoo_exists(zh, "/", 0, &stat);
    return rc;
}

static const char *digest_auth(struct env *env) {
    static struct events session;
    char buffer[8];
    int length = sizeof buffer;
    events_init(&session);
    RC(ZOK, authenticate(env->zh, "digest", "bob:secret"));
    RC(ZOK, zoo_create(env->zh, path_of(env, "n"), "x", 1, &ZOO_CREATOR_ALL_ACL, ZOO_PERSISTENT, NULL, 0));
    zhandle_t *other = open_session(env->address, &session, NULL, TIMEOUT);
    EXPECT(other && reached(&session, ZOO_CONNECTED_STATE));
    RC(ZNOAUTH, zoo_get(other, path_of(env, "n"), 0, buffer, &length, NULL));
    RC(ZOK, authenticate(other, "digest", "bob:secret"));
    length = sizeof buffer;
    RC(ZOK, zoo_get(other, path_of(env, "n"), 0, buffer, &length, NULL));
    struct ACL_vector acl;
    RC(ZOK, zoo_get_acl(other, path_of(env, "n"), &acl, NULL));
    EXPECT(acl.count == 1 && strcmp(acl.data[0].id.id, "bob:fyVmFCwVbTJYrznoSu1koqYEYF0=") == 0);
    deallocate_ACL_vector(&acl);
    zookeeper_close(other);
    return NULL;
}

static const char *unknown_scheme(struct env *env) {
    static struct events session;
    events_init(&session);
    zhandle_t *other = open_session(env->address, &session, NULL, TIMEOUT);
    EXPECT(other && reached(&session, ZOO_CONNECTED_STATE));
    authenticate(other, "nonsense", "x");
    EXPECT(reached(&session, ZOO_AUTH_FAILED_STATE));
    zookeeper_close(other);
    return NULL;
}

int leave_session(const char *address, const char *path) {
    static struct events session;
    events_init(&session);
    zhandle_t *zh = open_session(address, &session, NULL, TIMEOUT);
    if (!zh || !reached(&session, ZOO_CONNECTED_STATE)
        || zoo_create(zh, path, NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0) != ZOK) {
        return 1;
    }
    const clientid_t *id = zoo_client_id(zh);
    printf("%llx ", (unsigned long long)id->client_id);
    for (int i = 0; i < 16; i++) {
        printf("%02x", (unsigned char)id->passwd[i]);
    }
    printf("\n");
    fflush(stdout);
    _exit(0); /* the connection drops and the session stays */
}

/* Runs this program once more to leave a session behind; its id and password. */
static int abandoned_session(struct env *env, const char *path, clientid_t *id) {
    char command[1024], password[40];
    unsigned long long number;
    snprintf(command, sizeof command, "exec %s %s leave-session %s", program, env->address, path);
    FILE *child = popen(command, "r");
    int got = child ? fscanf(child, "%llx %39s", &number, password) : 0;
    if (child) {
        pclose(child);
    }
    for (int i = 0; got == 2 && i < 16; i++) {
        unsigned int byte;
        got = sscanf(password + 2 * i, "%2x", &byte) == 1 ? 2 : 0;
        id->passwd[i] = (char)byte;
    }
    id->client_id = (int64_t)number;
    return got == 2;
}

static const char *reattach(struct env *env) {
    static struct events second_events, third_events;
    struct Stat stat;
    clientid_t id;
    events_init(&second_events);
    events_init(&third_events);
    EXPECT(abandoned_session(env, path_of(env, "e"), &id));
    zhandle_t *second = open_session(env->address, &second_events, &id, TIMEOUT);
    EXPECT(second && reached(&second_events, ZOO_CONNECTED_STATE));
    EXPECT(zoo_client_id(second)->client_id == id.client_id);
    RC(ZOK, zoo_exists(second, path_of(env, "e"), 0, &stat));
    EXPECT(stat.ephemeralOwner == id.client_id);
    zookeeper_close(second); /* ends the session */
    RC(ZNONODE, zoo_exists(env->zh, path_of(env, "e"), 0, &stat));
    zhandle_t *third = open_session(env->address, &third_events, &id, TIMEOUT);
    EXPECT(third && reached(&third_events, ZOO_EXPIRED_SESSION_STATE));
    zookeeper_close(third);
    return NULL;
}

static const char *wrong_password(struct env *env) {
    static struct events session;
    events_init(&session);
    clientid_t id = *zoo_client_id(env->zh);
    id.passwd[5] ^= 1;
    zhandle_t *thief = open_session(env->address, &session, &id, TIMEOUT);
    EXPECT(thief && reached(&session, ZOO_EXPIRED_SESSION_STATE));
    zookeeper_close(thief);
    return NULL;
}

static const char *negotiated_timeout(struct env *env) {
    static struct events session;
    events_init(&session);
    zhandle_t *eager = open_session(env->address, &session, NULL, 10000000);
    EXPECT(eager && reached(&session, ZOO_CONNECTED_STATE));
    EXPECT(zoo_recv_timeout(eager) == 40000);
    zookeeper_close(eager);
    return NULL;
}

static const char *chroot_suffix(struct env *env) {
    static struct events session;
    char where[512];
    struct String_vector names;
    events_init(&session);
    RC(ZOK, make(env, "n", "x"));
    snprintf(where, sizeof where, "%s%s", env->address, env->root);
    zhandle_t *below = open_session(where, &session, NULL, TIMEOUT);
    EXPECT(below && reached(&session, ZOO_CONNECTED_STATE));
    RC(ZOK, zoo_get_children(below, "/", 0, &names));
    EXPECT(names.count == 1 && strcmp(names.data[0], "n") == 0);
    deallocate_String_vector(&names);
    zookeeper_close(below);
    return NULL;
}

const struct named_case session_cases[] = {
    {"auth_digest", digest_auth},
    {"auth_unknown_scheme", unknown_scheme},
    {"session_reattach", reattach},
    {"session_wrong_password", wrong_password},
    {"session_negotiated_timeout", negotiated_timeout},
    {"chroot", chroot_suffix},
};
const int session_count = sizeof session_cases / sizeof session_cases[0];
