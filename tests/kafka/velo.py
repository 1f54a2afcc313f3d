"""Runs velo over the broker of these tests: what it prints, what it leaves in topics."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

import broker  # noqa: E402

BOOTSTRAP = broker.bootstrap()
topics = broker.topics()
VELO = os.environ.get("VELO") or str(
    Path(__file__).resolve().parent.parent.parent / "build/release/velo"
)


def table(name, columns, topic, connector="kafka", **options):
    """CREATE TABLE; `scan__bounded__mode` stands for 'scan.bounded.mode', `_` in it for '-'."""
    given = {
        "connector": connector,
        "topic": topic,
        "properties.bootstrap.servers": BOOTSTRAP,
        "format": "json",
    }
    for key, value in options.items():
        given[key.replace("__", ".").replace("_", "-")] = value
    listed = ", ".join(f"'{key}' = '{value}'" for key, value in given.items())
    return f"CREATE TABLE {name} ({columns}) WITH ({listed});\n"


def run(sql, *arguments, status=0, timeout=60):
    """(rows of standard output, standard error) of a job that ends."""
    done = subprocess.run(
        [VELO, "run", "-e", sql, "--progress=never", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], (
        done.stderr
    )


def start(sql, *arguments):
    """A job that goes on; end it with `stop` or `kill`."""
    return subprocess.Popen(
        [VELO, "run", "-e", sql, "--progress=never", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stop(job, with_signal=signal.SIGINT):
    job.send_signal(with_signal)
    out, err = job.communicate(timeout=30)
    return out, err


def send(topic, records):
    """Records: values, or (key, value), or dicts as `tools/kafka produce --json` takes them."""
    producer = topics.kafka.Producer(topics.quiet(BOOTSTRAP, **{"linger.ms": 1}))
    for record in records:
        if isinstance(record, dict):
            headers = record.get("headers")
            producer.produce(
                topic,
                value=record.get("value"),
                key=record.get("key"),
                partition=record.get("partition", -1),
                timestamp=record.get("timestamp", 0),
                headers=list(headers.items()) if headers else None,
            )
        elif isinstance(record, tuple):
            producer.produce(topic, key=record[0], value=record[1])
        else:
            producer.produce(topic, value=record)
        producer.poll(0)
    producer.flush(20)


def read(topic):
    """Every record of the topic by now: dicts of partition, offset, key, value, headers, timestamp;
    in the order of each partition, partitions one after the other."""
    settings = {"group.id": "reader", "enable.partition.eof": True, "enable.auto.commit": False}
    consumer = topics.kafka.Consumer(topics.quiet(BOOTSTRAP, **settings))
    partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
    consumer.assign([topics.kafka.TopicPartition(topic, p, 0) for p in partitions])
    found, left = [], len(partitions)
    while left > 0:
        message = consumer.poll(20)
        assert message is not None, "the broker does not answer"
        if message.error():
            assert message.error().code() == topics.kafka.KafkaError._PARTITION_EOF, message.error()
            left -= 1
            continue
        decode = lambda text: None if text is None else text.decode("utf-8", "backslashreplace")  # noqa: E731
        found.append(
            {
                "partition": message.partition(),
                "offset": message.offset(),
                "key": decode(message.key()),
                "value": decode(message.value()),
                "headers": {k: decode(v) for k, v in message.headers() or []},
                "timestamp": message.timestamp()[1],
            }
        )
    consumer.close()
    return sorted(found, key=lambda record: (record["partition"], record["offset"]))


def values(topic):
    return [json.loads(record["value"]) for record in read(topic)]


def committed(group, topic, partitions):
    consumer = topics.kafka.Consumer(topics.quiet(BOOTSTRAP, **{"group.id": group}))
    asked = [topics.kafka.TopicPartition(topic, p) for p in range(partitions)]
    offsets = [max(p.offset, 0) for p in consumer.committed(asked, timeout=20)]
    consumer.close()
    return offsets


def wait_for(condition, seconds=30, what="it"):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s"
        time.sleep(0.05)
