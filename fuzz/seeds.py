#!/usr/bin/env python3
"""Makes seed corpora from the recorded files and streams in ../fixtures: corpus/TARGET/NAME.

The small ones are committed; run it again when fixtures or input forms change. Inputs begin with the bytes that a
target takes off the front (see fuzz_targets/*.rs). Nothing else is made here.
"""
import hashlib
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"
CORPUS = HERE / "corpus"
LARGEST = 8192


SEEN = set()


def put(target, data, kind=None):
    """One input; of those with the same kind (if given) only the first one."""
    if 0 < len(data) <= LARGEST and (kind is None or (target, kind) not in SEEN):
        SEEN.add((target, kind))
        place = CORPUS / target
        place.mkdir(parents=True, exist_ok=True)
        (place / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)


def frames(stream):
    while len(stream) >= 4:
        (length,) = struct.unpack(">i", stream[:4])
        if length <= 0 or 4 + length > len(stream):
            return
        yield stream[4:4 + length]
        stream = stream[4 + length:]


def records(log):
    """Payloads of a log's records, with where each record ends."""
    at = 16
    while at + 12 < len(log):
        (length,) = struct.unpack(">i", log[at + 8:at + 12])
        if length <= 0:
            return
        end = at + 12 + length + 1
        yield log[at + 12:end - 1], end
        at = end


def client_streams():
    for path in sorted((FIXTURES / "apache-3.8.0/streams/client-session").glob("session-*.c2s.bin")):
        stream = path.read_bytes()
        put("client_frames", b"\x10" + stream)
        for frame in list(frames(stream))[1:]:
            put("requests", frame[7:8] + frame[8:], (frame[7], len(frame)))
    for path in sorted((FIXTURES / "apache-3.8.0/streams/client-session").glob("session-*.s2c.bin")):
        for frame in list(frames(path.read_bytes()))[1:]:
            for op in (4, 12, 14):
                put("replies", bytes([op, 0]) + frame[16:], (op, len(frame)))


def logs_and_snapshots():
    for path in sorted(FIXTURES.glob("*/*/version-2/*")):
        data = path.read_bytes()
        if path.name.startswith("log."):
            found = list(records(data))
            for payload, _ in found:
                put("txns", payload, (path.parts[-4], payload[28:32]))
            ends = [end for _, end in found if end <= LARGEST - 200][:6]
            if ends:
                put("log_file", b"\xff" + data[:ends[-1]] + bytes(64))
                put("txns", b"".join(struct.pack(">H", len(p)) + p for p, end in found if end <= ends[-1]))
        elif path.name.startswith("snapshot."):
            kind = 1 if path.name.endswith(".gz") else 2 if path.name.endswith(".snappy") else 0
            put("snapshot", bytes([kind]) + data)


def peers():
    for path in sorted(FIXTURES.glob("apache-3.8.0/streams/**/*.bin")):
        stream = path.read_bytes()[:2048]
        if "election" in path.name:
            put("peer", b"\x01" + stream, ("election", len(stream)))
        elif "quorum" in path.name or "obsmaster" in path.name:
            put("peer", b"\x00" + stream, ("quorum", len(stream) // 256))
        if "sasl" in str(path.parent):
            put("peer", b"\x04" + stream)
    for path in sorted(FIXTURES.glob("**/zoo.cfg.dynamic*")):
        put("peer", b"\x03" + path.read_bytes())
    put("peer", b"\x03server.1=h:2888:3888:participant;2181\nserver.2=[::1]:2888:3888|b:1:2:observer\n"
                b"group.1=1:2\nweight.1=1\nweight.2=0\nversion=100000000\n")


def texts():
    for word in b"conf cons dump envi mntr ruok srvr stat wchc wchp wchs hash isro gtmk dirs crst srst".split():
        put("words", struct.pack(">H", 1) + b"*" + struct.pack(">H", 2) + b"/a" + bytes(24) + word + bytes(3))
    put("words", struct.pack(">H", 9) + b"ruok,stmk" + bytes(28) + b"stmk\x00\x08" + bytes(8) + b"ruok\x00\x00")
    stock = b"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/tmp/zookeeper\nclientPort=2181\n"
    put("config", b"\x00\x00\x00" + stock)
    put("config", b"\x00\x00\x02" + b"1\n" + stock + b"server.1=a:2888:3888\nserver.2=b:2888:3888:observer\n")
    more = b"4lw.commands.whitelist=*\nautopurge.purgeInterval=1\nmaxClientCnxns=60\nsnapshot.trust.empty=true\n"
    put("config", b"\x00\x00\x00" + stock + more + b"metricsProvider.className=x\nkey \\\n  = \\u0041 value\n")
    flag = b"-Dzookeeper.snapCount=10 -Xmx1g"
    put("config", b"\x02" + struct.pack(">H", len(flag)) + flag + stock)
    put("config", b"\x03\x00\x0a" + b"2181 /data" + stock)


def sequences():
    """Sequences mean nothing before a fuzzer has found out what they mean: any bytes are a start."""
    for n in range(8):
        noise = b"".join(hashlib.sha256(bytes([n, i])).digest() for i in range(24))
        put("tree_ops", noise)
        put("replica", noise)


for make in (client_streams, logs_and_snapshots, peers, texts, sequences):
    make()
for place in sorted(CORPUS.iterdir()):
    files = list(place.iterdir())
    print(f"{place.name}: {len(files)} seeds, {sum(f.stat().st_size for f in files)} bytes")
