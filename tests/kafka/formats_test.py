#!/usr/bin/env python3
"""Formats whose schemas are in a registry, over a real one: velo writes, and reads what it wrote
with the columns that the registry gives; a later schema is read beside an older one."""

import json
import subprocess
import sys
import urllib.request

import broker

VELO = sys.argv[1]


def velo(sql):
    done = subprocess.run(
        [VELO, "run", "-e", sql, "-o", "json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def good(sql):
    code, out, error = velo(sql)
    assert code == 0, f"{sql}\n{out}{error}"
    return [json.loads(line) for line in out.splitlines()]


def main():
    url = broker.registry_url()
    topic = broker.new_topic("avro")
    kafka = (
        f"'connector' = 'kafka', 'topic' = '{topic}', 'format' = 'avro-confluent', "
        f"'properties.bootstrap.servers' = '{broker.bootstrap()}', 'avro-confluent.url' = '{url}'"
    )
    bounded = f"{kafka}, 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'"
    good(
        f"CREATE TABLE t (a BIGINT, s STRING) WITH ({kafka}); "
        "INSERT INTO t SELECT * FROM (VALUES (1, 'x'), (2, CAST(NULL AS STRING))) AS v(a, s)"
    )
    with urllib.request.urlopen(f"{url}/subjects/{topic}-value/versions/latest", timeout=10) as answer:
        schema = json.loads(json.load(answer)["schema"])
    assert [field["name"] for field in schema["fields"]] == ["a", "s"], schema
    # The columns come from the registry.
    rows = good(f"CREATE TABLE t WITH ({bounded}); SELECT a, s FROM t")
    assert rows == [{"a": 1, "s": "x"}, {"a": 2, "s": None}], rows
    # Another schema beside it: messages say which is theirs.
    good(
        f"CREATE TABLE t (a BIGINT, s STRING, d DECIMAL(5, 2)) WITH ({kafka}); "
        "INSERT INTO t SELECT * FROM (VALUES (3, 'y', CAST(1.25 AS DECIMAL(5, 2)))) AS v(a, s, d)"
    )
    rows = good(f"CREATE TABLE t WITH ({bounded}); SELECT a, d FROM t")
    assert [row["a"] for row in rows] == [1, 2, 3] and rows[0]["d"] is None, rows
    # A column that the newest schema does not fit.
    code, _, error = velo(f"CREATE TABLE t (a INT) WITH ({bounded}); SELECT a FROM t")
    assert code != 0 and "declare it as BIGINT" in error, error
    print("avro-confluent: written, registered, inferred, evolved, refused")


main()
