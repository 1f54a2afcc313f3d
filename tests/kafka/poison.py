#!/usr/bin/env python3
"""Ten poison records among a million: no one of them stops the job, and each stands in the
dead-letter topic with the partition and offset at which it was.

    tests/kafka/poison.py build/release/velo [--records 1000000] [--poison 10] [--seed 1]

Prints one JSON object; exit status 1 if anything is not so. Over the broker of tools/kafka.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import broker

PARTITIONS = 4
POISON = [
    b"",
    b"no json",
    b'{"id":',
    b'{"id":"seven"}',
    b'{"id":1e99}',
    b"\xff\xfe\x00",
    b"[1,2]",
    b'{"id":1}}',
    b"null",
    b'{"id":true}',
]


def produce(topics, topic, records, poison, seed):
    """Where the poison went: {(partition, offset): value}."""
    places = set(random.Random(seed).sample(range(records), poison))
    where, kinds = {}, 0
    producer = topics.kafka.Producer(
        topics.quiet(velo_bootstrap, **{"linger.ms": 20, "queue.buffering.max.messages": 1000000})
    )

    def delivered(error, message):
        assert error is None, error
        where[message.partition(), message.offset()] = message.value()

    for i in range(records):
        if i in places:
            value, report = POISON[kinds % len(POISON)], delivered
            kinds += 1
        else:
            value, report = b'{"id":%d,"name":"n%d"}' % (i, i % 1000), None
        while True:
            try:
                producer.produce(topic, value, partition=i % PARTITIONS, on_delivery=report)
                break
            except BufferError:
                producer.poll(0.1)
        if i % 10000 == 0:
            producer.poll(0)
    producer.flush()
    return where


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("velo")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--poison", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ["VELO"] = options.velo
    import velo

    global velo_bootstrap
    velo_bootstrap = velo.BOOTSTRAP
    source = broker.new_topic("in", partitions=PARTITIONS)
    dead = broker.new_topic("dead")
    where = produce(velo.topics, source, options.records, options.poison, options.seed)
    sql = velo.table("dead", "record BYTES", dead, format="raw") + velo.table(
        "t",
        "id BIGINT, name STRING",
        source,
        scan__bounded__mode="latest-offset",
        bad_records="dlq",
        bad_records__sink="dead",
    )
    began = time.monotonic()
    rows, _ = velo.run(sql + "SELECT COUNT(id + CHAR_LENGTH(name)) AS n FROM t", timeout=600)
    seconds = time.monotonic() - began
    shown = subprocess.run(
        [options.velo, "dlq", "show", dead, "-b", velo.BOOTSTRAP, "-o", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    letters = [json.loads(line) for line in shown.stdout.splitlines()]
    found = {(r["topic_partition"], r["topic_offset"]) for r in letters if r["topic"] == source}
    report = {
        "records": options.records,
        "poison": options.poison,
        "rows": rows[0]["n"],
        "letters": len(letters),
        "letters_at_their_places": len(found & set(where)),
        "seconds": round(seconds, 2),
    }
    report["ok"] = (
        report["rows"] == options.records - options.poison
        and len(letters) == options.poison
        and found == set(where)
    )
    print(json.dumps(report))
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
