/* The C client against one server: `checks HOST:PORT`. The cases stand in sync.c, async.c and session.c. */
#include "harness.h"

const char *program;

int main(int argc, char **argv) {
    program = argv[0];
    if (argc == 4 && strcmp(argv[2], "leave-session") == 0) {
        return leave_session(argv[1], argv[3]);
    }
    if (argc != 2) {
        fprintf(stderr, "usage: checks HOST:PORT\n");
        return 2;
    }
    zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
    printf("plan %d\n", sync_count + async_count + session_count);
    fflush(stdout);
    run_cases(argv[1], sync_cases, sync_count);
    run_cases(argv[1], async_cases, async_count);
    run_cases(argv[1], session_cases, session_count);
    return 0;
}
