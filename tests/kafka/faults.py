#!/usr/bin/env python3
"""Kills, stops and restarts velo and brokers at random while records go from topic to topic, and
says whether one was lost, or velo gave up when a broker did. What comes twice is counted and
allowed: the promise is at least once. With --totals the records are counted in windows, by
something else than their keys: each total that is written must be whole and right. With --ever
they are also counted without a window, into a topic of upserts: what stands there in the end must
be right.

    tests/kafka/faults.py build/dev/velo        a dozen faults, one instance, one broker
    tests/kafka/faults.py build/release/velo --faults 200 --instances 3 --nodes 3
    tests/kafka/faults.py build/release/velo --faults 20 --instances 3 --totals --ever

It has a broker of its own. Exit status 0: nothing was lost and velo never gave up; 1: it was, or
did; 77: no Kafka can be had.
"""

import argparse
import collections
import itertools
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))

import kafka_cluster  # noqa: E402
from packages import UNAVAILABLE, Unavailable  # noqa: E402

QUERY = """CREATE TABLE came (number BIGINT, pad STRING)
WITH ('connector' = 'kafka', 'topic' = 'came', 'properties.bootstrap.servers' = '{bootstrap}',
  'properties.group.id' = 'faults', 'format' = 'json');
CREATE TABLE went (number BIGINT)
WITH ('connector' = 'kafka', 'topic' = 'went', 'properties.bootstrap.servers' = '{bootstrap}',
  'format' = 'json');
INSERT INTO went SELECT number FROM came WHERE number >= 0;
"""
# A number is its own time in milliseconds, and all partitions go on: none is left behind as idle.
TOTALS = """CREATE TABLE came (number BIGINT, pad STRING, happened AS TO_TIMESTAMP_LTZ(number, 3),
  WATERMARK FOR happened AS happened)
WITH ('connector' = 'kafka', 'topic' = 'came', 'properties.bootstrap.servers' = '{bootstrap}',
  'format' = 'json', 'scan.watermark.idle-timeout' = '0 s');
CREATE TABLE went (kind BIGINT, begins BIGINT, n BIGINT, s BIGINT)
WITH ('connector' = 'kafka', 'topic' = 'went', 'properties.bootstrap.servers' = '{bootstrap}',
  'format' = 'json');
INSERT INTO went SELECT kind, MIN(number) / 1000, COUNT(*), SUM(number)
FROM TUMBLE(TABLE (SELECT number % 7 AS kind, number, happened FROM came), DESCRIPTOR(happened),
  INTERVAL '1' SECOND) GROUP BY kind, window_start, window_end;
"""
EVER = """CREATE TABLE ever (kind BIGINT, n BIGINT, s BIGINT, PRIMARY KEY (kind) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'ever', 'format' = 'json',
  'properties.bootstrap.servers' = '{bootstrap}');
SET 'state.unbounded' = 'allow';
INSERT INTO ever SELECT kind, COUNT(*), SUM(number)
FROM (SELECT number % 7 AS kind, number FROM came) GROUP BY kind;
"""
KINDS = 7
PATIENCE_SECONDS = 60
SILENCE_SECONDS = 30  # longer than a group needs to deal partitions anew


class Instance:
    """A `velo run` that is started again whenever it ends, as a supervisor would."""

    def __init__(self, command, log):
        self.command, self.log = command, log
        self.exits = collections.Counter()
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )

    def end(self, how, seconds=30):
        """Returns when it has ended."""
        self.supervise()
        self.process.send_signal(how)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.exits[f"{how.name} ignored for {seconds} s"] += 1
            self.process.kill()
            self.process.wait()

    def supervise(self):
        if self.process.poll() is not None:
            self.exits[f"status {self.process.returncode}"] += 1
            self.start()


class Sender(threading.Thread):
    """Numbered records at a steady rate, until told to stop."""

    def __init__(self, topics, bootstrap, rate):
        super().__init__()
        self.topics, self.bootstrap, self.rate = topics, bootstrap, rate
        self.stop = threading.Event()
        self.sent = 0
        self.error = None

    def records(self):
        begun = time.monotonic()
        for number in itertools.count():
            while number > (time.monotonic() - begun) * self.rate:
                if self.stop.wait(0.01):
                    self.sent = number
                    return
            yield {"key": str(number), "value": f'{{"number":{number},"pad":"{number:040}"}}'}

    def run(self):
        try:
            self.topics.produce(self.bootstrap, "came", self.records())
        except Exception as error:  # of the client; told by the main thread
            self.error = error


class Faults:
    def __init__(self, options, folder, topics):
        self.options, self.topics = options, topics
        self.random = random.Random(options.seed)
        self.cluster = kafka_cluster.Cluster(folder / "kafka")
        self.cluster.create(options.nodes)
        self.cluster.start()
        self.bootstrap = self.cluster.bootstrap()
        topics.create(self.bootstrap, "came", options.partitions, None, [])
        topics.create(self.bootstrap, "went", options.partitions, None, [])
        topics.create(self.bootstrap, "ever", 3, None, [])
        script = folder / "query.sql"
        shared = options.instances > 1 or options.totals or options.ever
        query = TOTALS if options.totals or options.ever else QUERY
        if options.ever:
            query += EVER
        script.write_text(
            ("SET 'application.id' = 'faults';\n" if shared else "")
            + query.format(bootstrap=self.bootstrap)
        )
        self.log_path = folder / "velo.log"
        self.log = open(self.log_path, "a")
        command = [options.velo, "run", "--progress", "never", str(script)]
        self.instances = [Instance(command, self.log) for _ in range(options.instances)]
        self.done = collections.Counter()

    def kill_instance(self):
        instance = self.random.choice(self.instances)
        instance.end(signal.SIGKILL)
        instance.start()

    def terminate_instance(self):
        instance = self.random.choice(self.instances)
        instance.end(signal.SIGTERM)
        instance.start()

    def restart_broker(self):
        node = self.random.choice(list(self.cluster.nodes()))
        self.cluster.server(node).stop(self.random.choice([signal.SIGKILL, signal.SIGTERM]))
        self.cluster.start_node(node)
        self.cluster.wait_node(node)

    def pause_broker(self):
        server = self.cluster.server(self.random.choice(list(self.cluster.nodes())))
        server.send(signal.SIGSTOP)
        time.sleep(self.random.uniform(0.5, 4))
        server.send(signal.SIGCONT)

    def freeze_instance(self):
        """Perhaps for so long that the others take over what it goes on with afterwards."""
        process = self.random.choice(self.instances).process
        process.send_signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(1, 16))
        process.send_signal(signal.SIGCONT)

    def strike(self):
        kinds = [
            self.kill_instance,
            self.terminate_instance,
            self.restart_broker,
            self.pause_broker,
            self.freeze_instance,
        ]
        freezes = 1 if self.options.instances > 1 else 0
        fault = self.random.choices(kinds, weights=[4, 3, 2, 1, freezes])[0]
        fault()
        self.done[fault.__name__] += 1

    def run(self):
        """Whether all records arrived and no instance gave up."""
        sender = Sender(self.topics, self.bootstrap, self.options.rate)
        sender.start()
        try:
            for _ in range(self.options.faults):
                time.sleep(self.random.uniform(0.2, 2))
                self.strike()
                for instance in self.instances:
                    instance.supervise()
        finally:
            sender.stop.set()
            sender.join()
        if sender.error:
            raise sender.error
        if self.options.totals or self.options.ever:
            right = self.report_totals(sender.sent)
            return (not self.options.ever or self.report_ever(sender.sent)) and right
        return self.report(sender.sent, self.arrived(sender.sent))

    def consumed(self):
        """All that was written; waits as long as some still comes."""
        messages = self.topics.consume(
            self.bootstrap, "went", seconds=PATIENCE_SECONDS, isolation="read_uncommitted"
        )
        for count, message in enumerate(messages):
            if count % 1000 == 0:
                for instance in self.instances:
                    instance.supervise()
            yield json.loads(message.value())

    def report_totals(self, sent):
        """Whether every window that is over came, and each that came is whole."""
        over = (sent - 2000) // 1000  # seconds; some partitions end a little earlier
        expected = {
            (kind, second): (len(numbers), sum(numbers))
            for second in range(sent // 1000)
            for kind in range(KINDS)
            for first in [second * 1000]
            for numbers in [[n for n in range(first, first + 1000) if n % KINDS == kind]]
        }
        missing = {key for key in expected if key[1] < over}
        wrong, rows, windows = [], 0, set()
        for row in self.consumed():
            key = (row["kind"], row["begins"])
            if key[1] >= sent // 1000:
                continue  # of the last second, whatever it has
            rows += 1
            windows.add(key)
            missing.discard(key)
            if expected[key] != (row["n"], row["s"]):
                wrong.append((row, expected[key]))
            if not missing:
                break
        log = self.log_path.read_text(errors="replace")
        late = log.count("late row was dropped")
        exits = self.exits()
        print(
            f"faults: {sent} records sent; of {len(expected)} totals {len(missing)} did not come, "
            f"{len(wrong)} are wrong, {rows - len(windows)} came again; {late} rows called late"
        )
        if missing or wrong or exits:
            print(f"faults: missing {sorted(missing)[:5]}, wrong {wrong[:5]}; what velo said last:")
            print(log[-3000:])
        return not (missing or wrong or exits)

    def report_ever(self, sent):
        """Whether what stands in the topic of upserts in the end is right."""
        numbers = [range(kind, sent, KINDS) for kind in range(KINDS)]
        expected = {kind: (len(some), sum(some)) for kind, some in enumerate(numbers)}
        found, back = {}, 0
        messages = self.topics.consume(
            self.bootstrap, "ever", seconds=SILENCE_SECONDS, isolation="read_uncommitted"
        )
        for message in messages:
            for instance in self.instances:
                instance.supervise()
            row = json.loads(message.value())
            total = (row["n"], row["s"])
            back += total < found.get(row["kind"], (0, 0))
            found[row["kind"]] = total
        wrong = {kind for kind in expected if found.get(kind) != expected[kind]}
        print(f"faults: of {KINDS} totals ever {len(wrong)} are wrong; {back} times one went back")
        if wrong:
            print(f"faults: expected {expected}, found {found}; what velo said last:")
            print(self.log_path.read_text(errors="replace")[-3000:])
        return not wrong

    def exits(self):
        exits = sum((instance.exits for instance in self.instances), collections.Counter())
        print(
            f"faults: seed {self.options.seed}: {dict(self.done)}; "
            f"velo ended by itself: {dict(exits)}"
        )
        return exits

    def arrived(self, sent):
        """How often each number came; waits as long as some are missing and others still come."""
        seen = collections.Counter()
        for row in self.consumed():
            seen[row["number"]] += 1
            if len(seen) >= sent:
                break
        return seen

    def report(self, sent, seen):
        lost = sorted(set(range(sent)) - set(seen))
        twice = sum(seen.values()) - len(seen)
        exits = self.exits()
        print(f"faults: {sent} records sent, {len(lost)} lost, {twice} came more than once")
        if lost or exits:
            print(f"faults: lost: {lost[:10]}; what velo said last:")
            print(self.log_path.read_text(errors="replace")[-3000:])
        return not lost and not exits

    def close(self):
        for instance in self.instances:
            instance.end(signal.SIGKILL)
        self.cluster.stop(signal.SIGKILL)
        self.log.close()


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("velo")
    parser.add_argument("--faults", type=int, default=12)
    parser.add_argument("--instances", type=int, default=1)
    parser.add_argument("--nodes", type=int, choices=[1, 3], default=1)
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--rate", type=int, default=2000, help="records per second")
    parser.add_argument("--totals", action="store_true", help="count records in windows")
    parser.add_argument("--ever", action="store_true", help="count them without a window, too")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    return parser.parse_args()


def main():
    options = parse()
    try:
        import kafka_topics

        kafka_cluster.jars()
    except Unavailable as error:
        print(f"faults: {error}", file=sys.stderr)
        return UNAVAILABLE
    with tempfile.TemporaryDirectory(prefix="velo-faults-") as folder:
        faults = Faults(options, Path(folder), kafka_topics)
        try:
            return 0 if faults.run() else 1
        finally:
            faults.close()


if __name__ == "__main__":
    sys.exit(main())
