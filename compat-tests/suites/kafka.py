"""Two Kafka brokers in ZooKeeper mode: topics, a dead controller, a dead and restarted ZooKeeper server."""

import queue
import subprocess
import threading

from compat import fetch, pins, procs, servers

JARS = f"kafka-{pins.KAFKA}"
STEP = 120  # seconds for one case


class Broker:
    def __init__(self, context, number, zookeeper):
        self.number, self.port = number, servers.free_port()
        self.home = context.file(f"kafka-{number}")
        self.home.mkdir()
        lines = {
            "broker.id": number, "listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "zookeeper.connect": f"{zookeeper}/kafka", "zookeeper.session.timeout.ms": 6000,
            "log.dirs": self.home / "data", "offsets.topic.replication.factor": 2,
            "offsets.topic.num.partitions": 4, "default.replication.factor": 2, "min.insync.replicas": 1,
            "auto.create.topics.enable": "false", "group.initial.rebalance.delay.ms": 0,
            "num.network.threads": 2, "num.io.threads": 4, "log.cleaner.dedupe.buffer.size": 4_194_304,
            "replica.lag.time.max.ms": 6000,
        }
        self.config = self.home / "server.properties"
        self.config.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
        self.child = None

    def start(self):
        with open(self.home / "broker.log", "ab") as log:
            self.child = procs.spawn(
                ["java", "-Xmx256m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
                 f"{fetch.HERE}/conf:{fetch.jars(JARS)}/*", "kafka.Kafka", self.config],
                cwd=self.home, stdout=log, stderr=log)
        return self


class Client:
    """The Kafka client of java/kafka: asks one question at a time."""

    def __init__(self, context, brokers, zookeeper):
        argv = fetch.java("kafka", JARS)
        with open(context.file("kafka-client.log"), "ab") as log:
            self.child = procs.spawn([*argv, ",".join(f"127.0.0.1:{b.port}" for b in brokers), zookeeper],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.answers = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.child.stdout:
            self.answers.put(line.strip())
        self.answers.put("failed the client has ended")

    def ask(self, *words, limit=90) -> str:
        self.child.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.child.stdin.flush()
        verdict, _, text = self.answers.get(timeout=limit).partition(" ")
        assert verdict == "ok", f"{' '.join(map(str, words))}: {text}"
        return text

    def expect(self, wanted, *words):
        told = self.ask(*words)
        assert told == wanted, f"{' '.join(map(str, words))}: wanted {wanted}, got {told}"

    def eventually(self, wanted, *words, limit=60):
        def asked():
            try:
                return self.ask(*words) == wanted
            except AssertionError:  # Kafka and ZooKeeper may be on their way back
                return False
        procs.wait_until(f"{' '.join(map(str, words))} answers {wanted}", asked, limit, step=0.3)


class Story:
    """The cases, in their order: each stands on the one before it."""

    def __init__(self, context):
        self.context = context
        self.server = context.own_server()

    def begin(self):
        self.server.start()
        self.brokers = {n: Broker(self.context, n, self.server.address).start() for n in (1, 2)}
        self.client = Client(self.context, self.brokers.values(), self.server.address)
        self.client.eventually("2", "brokers", limit=90)
        self.client.eventually(f"2 {self.client.ask('controller')}", "cluster")

    def topics(self):
        ask = self.client.ask
        # A broker that has not yet heard of both refuses two replicas; each hears of them in its own time.
        self.client.eventually("", "create", "t", 4, 2)
        self.client.eventually("", "create", "doomed", 2, 2)
        self.client.eventually("[doomed, t]", "topics")
        ask("grow", "t", 6)
        ask("config", "t", "retention.ms", 86_400_000)
        ask("drop", "doomed")
        self.client.eventually("[t]", "topics")
        self.client.eventually("yes", "insync", "t", 2)

    def write_and_read(self):
        self.client.expect("2000", "produce", "t", 2000)
        self.client.expect("2000", "consume", "t")
        self.client.expect("2000", "group", "t", "readers")
        self.client.expect("0", "group", "t", "readers")

    def controller_dies(self):
        first = int(self.client.ask("controller"))
        other = 3 - first
        procs.kill(self.brokers[first].child)
        self.client.eventually(str(other), "controller")
        self.client.eventually("1", "brokers")
        # Until the survivor has heard of the death, Kafka itself may place a new topic on the dead broker.
        self.client.eventually(f"1 {other}", "cluster")
        self.client.eventually("", "create", "after-failover", 2, 1)
        self.client.ask("produce", "t", 500)
        self.client.expect("2500", "consume", "t")
        self.dead, self.leader = first, other

    def broker_returns(self):
        self.brokers[self.dead].start()
        self.client.eventually("2", "brokers", limit=90)
        self.client.eventually(f"2 {self.leader}", "cluster")
        self.client.eventually("yes", "insync", "t", 2, limit=90)

    def server_dies_under_load(self):
        ask = self.client.ask
        ask("load", "t")
        start = int(ask("progress"))
        procs.wait_until("load runs", lambda: int(ask("progress")) > start + 200, 30)
        self.server.kill9()
        gone = int(ask("progress"))
        procs.wait_until("Kafka goes on without it", lambda: int(ask("progress")) > gone + 200, 30)
        self.server.start()
        back = int(ask("progress"))
        procs.wait_until("and with it", lambda: int(ask("progress")) > back + 200, 60)
        told = ask("rest")
        assert told == "last failure: none", told

    def all_is_there(self):
        self.client.eventually("2", "brokers")
        assert self.client.ask("controller") in ("1", "2")
        self.client.eventually("yes", "insync", "t", 2)
        assert int(self.client.ask("consume", "t")) > 2500
        self.client.expect("[after-failover, t]", "topics")

    def goes_on_after(self):
        self.client.eventually("", "create", "after-restart", 2, 2)
        self.client.ask("produce", "after-restart", 300)
        self.client.expect("300", "consume", "after-restart")

    def orderly_end(self):
        for broker in self.brokers.values():
            procs.stop(broker.child, 40)
        self.client.eventually("0", "brokers", limit=30)


def run(context):
    if ":" in context.spec:
        raise fetch.FetchError("this suite kills its server; it cannot use one that runs already")
    story = Story(context)
    for case in (story.begin, story.topics, story.write_and_read, story.controller_dies, story.broker_returns,
                 story.server_dies_under_load, story.all_is_there, story.goes_on_after, story.orderly_end):
        if not context.report.case(f"kafka.{case.__name__}", case, STEP):
            break
    procs.stop_all(keep=context.shared and context.shared.child)
