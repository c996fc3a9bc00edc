/* The C client's blocking calls: every operation, multi, ACLs. */
#include "harness.h"

#include <stdlib.h>

static const char *create_get_set_delete(struct env *env) {
    char buffer[64], made[128];
    struct Stat stat;
    int length = sizeof buffer;
    const char *n = path_of(env, "n");
    RC(ZOK, zoo_create(env->zh, n, "one", 3, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, made, sizeof made));
    EXPECT(strcmp(made, n) == 0);
    RC(ZOK, zoo_get(env->zh, n, 0, buffer, &length, &stat));
    EXPECT(length == 3 && memcmp(buffer, "one", 3) == 0);
    EXPECT(stat.version == 0 && stat.dataLength == 3 && stat.czxid == stat.mzxid && stat.ephemeralOwner == 0);
    RC(ZOK, zoo_set2(env->zh, n, "four", 4, 0, &stat));
    EXPECT(stat.version == 1 && stat.mzxid > stat.czxid && stat.dataLength == 4);
    RC(ZBADVERSION, zoo_set(env->zh, n, "x", 1, 0));
    RC(ZBADVERSION, zoo_delete(env->zh, n, 0));
    RC(ZOK, zoo_exists(env->zh, n, 0, &stat));
    RC(ZOK, zoo_delete(env->zh, n, 1));
    RC(ZNONODE, zoo_exists(env->zh, n, 0, &stat));
    return NULL;
}

static const char *null_and_empty_data(struct env *env) {
    char buffer[8];
    int length = sizeof buffer;
    RC(ZOK, make(env, "none", NULL));
    RC(ZOK, zoo_get(env->zh, path_of(env, "none"), 0, buffer, &length, NULL));
    EXPECT(length == -1);
    length = sizeof buffer;
    RC(ZOK, make(env, "empty", ""));
    RC(ZOK, zoo_get(env->zh, path_of(env, "empty"), 0, buffer, &length, NULL));
    EXPECT(length == 0);
    return NULL;
}

static const char *node_kinds(struct env *env) {
    char made[128];
    struct Stat stat;
    const char *s = path_of(env, "s-");
    RC(ZOK, zoo_create(env->zh, s, NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL, made, sizeof made));
    EXPECT(strcmp(made + strlen(made) - 10, "0000000000") == 0);
    RC(ZOK, zoo_create(env->zh, s, NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL_SEQUENTIAL, made, sizeof made));
    EXPECT(strcmp(made + strlen(made) - 10, "0000000001") == 0);
    RC(ZOK, zoo_exists(env->zh, made, 0, &stat));
    EXPECT(stat.ephemeralOwner == zoo_client_id(env->zh)->client_id);
    RC(ZOK, zoo_create2(env->zh, path_of(env, "c"), "x", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_CONTAINER, made, sizeof made,
                        &stat));
    EXPECT(stat.ephemeralOwner == 0 && stat.dataLength == 1);
    RC(ZOK, zoo_create2_ttl(env->zh, path_of(env, "t"), "xy", 2, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL,
                            600000, made, sizeof made, &stat));
    EXPECT(stat.ephemeralOwner == 0 && stat.dataLength == 2);
    return NULL;
}

static const char *errors(struct env *env) {
    char buffer[8];
    int length = sizeof buffer;
    struct String_vector names;
    RC(ZNONODE, zoo_get(env->zh, path_of(env, "none"), 0, buffer, &length, NULL));
    RC(ZNONODE, zoo_set(env->zh, path_of(env, "none"), "", 0, -1));
    RC(ZNONODE, zoo_delete(env->zh, path_of(env, "none"), -1));
    RC(ZNONODE, zoo_get_children(env->zh, path_of(env, "none"), 0, &names));
    RC(ZNONODE, make(env, "no/parent", NULL));
    RC(ZOK, make(env, "a", NULL));
    RC(ZNODEEXISTS, make(env, "a", NULL));
    RC(ZOK, make(env, "a/b", NULL));
    RC(ZNOTEMPTY, zoo_delete(env->zh, path_of(env, "a"), -1));
    RC(ZOK, zoo_create(env->zh, path_of(env, "e"), NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0));
    RC(ZNOCHILDRENFOREPHEMERALS, make(env, "e/k", NULL));
    RC(ZINVALIDACL, zoo_create(env->zh, path_of(env, "x"), NULL, -1, &ZOO_CREATOR_ALL_ACL, ZOO_PERSISTENT, NULL, 0));
    return NULL;
}

static const char *children(struct env *env) {
    struct String_vector names;
    struct Stat stat;
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        RC(ZOK, make(env, name, NULL));
    }
    RC(ZOK, zoo_get_children(env->zh, env->root, 0, &names));
    EXPECT(names.count == 100);
    deallocate_String_vector(&names);
    RC(ZOK, zoo_get_children2(env->zh, env->root, 0, &names, &stat));
    EXPECT(names.count == 100 && stat.numChildren == 100 && stat.cversion == 100);
    deallocate_String_vector(&names);
    return NULL;
}

static const char *large_data(struct env *env) {
    int length = 1000000;
    char *data = malloc(length);
    EXPECT(data);
    memset(data, 'x', length);
    RC(ZOK, zoo_create(env->zh, path_of(env, "n"), data, length, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0));
    memset(data, 0, length);
    RC(ZOK, zoo_get(env->zh, path_of(env, "n"), 0, data, &length, NULL));
    EXPECT(length == 1000000 && data[0] == 'x' && data[999999] == 'x');
    free(data);
    return NULL;
}

static const char *acls(struct env *env) {
    struct ACL_vector acl;
    struct Stat stat;
    RC(ZOK, make(env, "n", "x"));
    RC(ZOK, zoo_get_acl(env->zh, path_of(env, "n"), &acl, &stat));
    EXPECT(acl.count == 1 && acl.data[0].perms == ZOO_PERM_ALL && strcmp(acl.data[0].id.scheme, "world") == 0);
    deallocate_ACL_vector(&acl);
    RC(ZOK, zoo_set_acl(env->zh, path_of(env, "n"), 0, &ZOO_READ_ACL_UNSAFE));
    RC(ZNOAUTH, zoo_set(env->zh, path_of(env, "n"), "y", 1, -1));
    RC(ZNOAUTH, zoo_set_acl(env->zh, path_of(env, "n"), -1, &ZOO_OPEN_ACL_UNSAFE));
    RC(ZOK, zoo_exists(env->zh, path_of(env, "n"), 0, &stat));
    EXPECT(stat.aversion == 1);
    return NULL;
}

static const char *multi_succeeds(struct env *env) {
    zoo_op_t ops[5];
    zoo_op_result_t results[5];
    char made[128];
    struct Stat stat;
    RC(ZOK, make(env, "kept", "x"));
    zoo_check_op_init(&ops[0], path_of(env, "kept"), 0);
    zoo_create_op_init(&ops[1], path_of(env, "n"), "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, made, sizeof made);
    zoo_set_op_init(&ops[2], path_of(env, "n"), "22", 2, 0, &stat);
    zoo_set_op_init(&ops[3], path_of(env, "kept"), "yy", 2, 0, NULL);
    zoo_delete_op_init(&ops[4], path_of(env, "n"), 1);
    RC(ZOK, zoo_multi(env->zh, 5, ops, results));
    for (int i = 0; i < 5; i++) {
        RC(ZOK, results[i].err);
    }
    EXPECT(strcmp(made, path_of(env, "n")) == 0 && stat.version == 1);
    RC(ZNONODE, zoo_exists(env->zh, path_of(env, "n"), 0, &stat));
    return NULL;
}

static const char *multi_fails_whole(struct env *env) {
    zoo_op_t ops[3];
    zoo_op_result_t results[3];
    struct Stat stat;
    zoo_create_op_init(&ops[0], path_of(env, "n"), "1", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0);
    zoo_delete_op_init(&ops[1], path_of(env, "none"), -1);
    zoo_check_op_init(&ops[2], path_of(env, "n"), 0);
    RC(ZNONODE, zoo_multi(env->zh, 3, ops, results));
    RC(ZOK, results[0].err);
    RC(ZNONODE, results[1].err);
    RC(ZRUNTIMEINCONSISTENCY, results[2].err);
    RC(ZNONODE, zoo_exists(env->zh, path_of(env, "n"), 0, &stat));
    return NULL;
}

static const char *config_and_reconfig(struct env *env) {
    char buffer[1024];
    int length = sizeof buffer;
    struct Stat stat;
    RC(ZOK, zoo_getconfig(env->zh, 0, buffer, &length, &stat));
    EXPECT(stat.aversion == -1);
    length = sizeof buffer;
    RC(ZRECONFIGDISABLED, zoo_reconfig(env->zh, "server.9=127.0.0.1:1:2;3", NULL, NULL, -1, buffer, &length, &stat));
    return NULL;
}

const struct named_case sync_cases[] = {
    {"create_get_set_delete", create_get_set_delete},
    {"null_and_empty_data", null_and_empty_data},
    {"node_kinds", node_kinds},
    {"errors", errors},
    {"children", children},
    {"large_data", large_data},
    {"acls", acls},
    {"multi_succeeds", multi_succeeds},
    {"multi_fails_whole", multi_fails_whole},
    {"config_and_reconfig", config_and_reconfig},
};
const int sync_count = sizeof sync_cases / sizeof sync_cases[0];
