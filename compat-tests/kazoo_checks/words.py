"""Four-letter words while kazoo sessions live: the labels, their order, and what is told of the session."""

import re
import socket

from harness import case, same

STATISTICS = (r"Latency min/avg/max: \d+/\d+\.\d+/\d+\nReceived: \d+\nSent: \d+\nConnections: \d+\nOutstanding: \d+\n"
              r"Zxid: 0x[0-9a-f]+\nMode: standalone\nNode count: \d+\n")
VERSION = r"Zookeeper version: \d+\.\d+\.\d+\S*, built on .+\n"
SHORT = r" /[\d.]+:\d+\[[0-9a-f]+\]\(queued=\d+,recved=\d+,sent=\d+\)\n"
LONG = (r" /[\d.]+:\d+\[[0-9a-f]+\]\(queued=\d+,recved=\d+,sent=\d+(,sid=0x[0-9a-f]+,lop=\w+,est=\d+,to=\d+,"
        r"(lcxid=0x[0-9a-f]+,)?lzxid=0x[0-9a-f]+,lresp=\d+,llat=\d+,minlat=\d+,avglat=\d+,maxlat=\d+)?\)\n")
GAUGES = ("avg_latency max_latency min_latency packets_received packets_sent num_alive_connections "
          "outstanding_requests uptime znode_count watch_count ephemerals_count approximate_data_size global_sessions "
          "local_sessions open_file_descriptor_count max_file_descriptor_count").split()


def ask(env, word) -> str:
    """One word on a connection of its own, read until the server closes it."""
    host, _, port = env.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as link:
        link.sendall(word.encode())
        parts = []
        while part := link.recv(65536):
            parts.append(part)
    return b"".join(parts).decode()


def whole(env, word, pattern):
    text = ask(env, word)
    assert re.fullmatch(pattern, text), f"{word} answers {text[:1500]!r}"
    return text


@case
def word_ruok_isro(env):
    same("ruok", "imok", ask(env, "ruok"))
    same("isro", "rw", ask(env, "isro"))


@case
def word_srvr_stat(env):
    whole(env, "srvr", VERSION + STATISTICS)
    whole(env, "stat", VERSION + r"Clients:\n(" + SHORT + r")+\n" + STATISTICS)


@case
def word_cons(env):
    text = whole(env, "cons", f"({LONG})+\n")
    mine = [line for line in text.splitlines() if f"sid=0x{env.zk.client_id[0]:x}," in line]
    same("lines of this session", 1, len(mine))
    assert ",to=30000," in mine[0] and ",lop=" in mine[0], mine[0]


@case
def word_conf(env):
    keys = [line.partition("=")[0] for line in ask(env, "conf").splitlines()]
    same("keys", ["clientPort", "secureClientPort", "dataDir", "dataDirSize", "dataLogDir", "dataLogSize", "tickTime",
                  "maxClientCnxns", "minSessionTimeout", "maxSessionTimeout", "clientPortListenBacklog", "serverId"],
         keys)


@case
def word_envi(env):
    lines = ask(env, "envi").splitlines()
    same("head", "Environment:", lines[0])
    keys = [line.partition("=")[0] for line in lines[1:]]
    for key in ("zookeeper.version", "host.name", "os.name", "os.arch", "os.version", "user.name", "user.home",
                "user.dir"):
        assert key in keys, f"{key} is not among {keys}"
    same("first key", "zookeeper.version", keys[0])


@case
def word_mntr(env):
    lines = ask(env, "mntr").splitlines()
    for line in lines:
        assert re.fullmatch(r"zk_\S+\t.+", line), f"no key, tab and value: {line!r}"
    keys = [line.partition("\t")[0] for line in lines]
    same("the first two", ["zk_version", "zk_server_state"], keys[:2])
    same("missing", [], [gauge for gauge in GAUGES if f"zk_{gauge}" not in keys])
    same("keys twice", len(keys), len(set(keys)))


@case
def word_dump(env):
    env.zk.create(env.path("e"), ephemeral=True)
    text = ask(env, "dump")
    assert re.match(r"SessionTracker dump:\nSession Sets \(\d+\)/\(\d+\):\n", text), text[:300]
    assert "\nephemeral nodes dump:\nSessions with Ephemerals (" in text, text[:1500]
    sid = f"0x{env.zk.client_id[0]:x}"
    assert f"\t{sid}\n" in text, f"session {sid} is not among the sessions: {text[:1500]}"
    assert re.search(rf"^{sid}:\n\t{env.path('e')}$", text, re.M), f"its ephemeral is not told: {text[:1500]}"


@case
def word_watches(env):
    n = env.path("n")
    env.zk.exists(n, watch=lambda event: None)
    sid = f"0x{env.zk.client_id[0]:x}"
    found = re.fullmatch(r"(\d+) connections watching (\d+) paths\nTotal watches:(\d+)\n?", ask(env, "wchs"))
    assert found and int(found[1]) >= 1 and int(found[3]) >= 1, ask(env, "wchs")
    assert re.search(rf"^{sid}\n(\t.*\n)*\t{n}\n", ask(env, "wchc"), re.M), ask(env, "wchc")[:600]
    assert re.search(rf"^{n}\n(\t.*\n)*\t{sid}\n", ask(env, "wchp"), re.M), ask(env, "wchp")[:600]


@case
def word_dirs(env):
    whole(env, "dirs", r"datadir_size: \d+\nlogdir_size: \d+\n")


@case
def word_resets(env):
    same("crst", "Connection stats reset.\n", ask(env, "crst"))
    same("srst", "Server stats reset.\n", ask(env, "srst"))


@case
def word_trace_mask_and_hash(env):
    assert re.fullmatch(r"\d+", ask(env, "gtmk").strip()), ask(env, "gtmk")
    whole(env, "hash", r"([0-9a-f]+: -?\d+\n)*")
