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


def ask(path, body=None):
    """The registry's answer."""
    data = json.dumps(body).encode() if body else None
    headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    request = urllib.request.Request(broker.registry_url() + path, data, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def newest(subject):
    return ask(f"/subjects/{subject}/versions/latest")


def topic_options(topic, *options):
    """Options of a table that is written; and of one that is read to its end."""
    written = ", ".join(
        [
            f"'connector' = 'kafka', 'topic' = '{topic}'",
            f"'properties.bootstrap.servers' = '{broker.bootstrap()}'",
            *options,
        ]
    )
    end = "'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset'"
    return written, f"{written}, {end}"


def avro():
    topic = broker.new_topic("avro")
    kafka, bounded = topic_options(
        topic, "'format' = 'avro-confluent'", f"'avro-confluent.url' = '{broker.registry_url()}'"
    )
    good(
        f"CREATE TABLE t (a BIGINT, s STRING) WITH ({kafka}); "
        "INSERT INTO t SELECT * FROM (VALUES (1, 'x'), (2, CAST(NULL AS STRING))) AS v(a, s)"
    )
    schema = json.loads(newest(f"{topic}-value")["schema"])
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


def protobuf():
    topic = broker.new_topic("protobuf")
    kafka, bounded = topic_options(
        topic,
        "'format' = 'protobuf-confluent'",
        f"'protobuf-confluent.url' = '{broker.registry_url()}'",
    )
    good(
        f"CREATE TABLE t (a BIGINT, s STRING, at TIMESTAMP_LTZ(3), l ARRAY<INT>) WITH ({kafka}); "
        "INSERT INTO t SELECT 1, 'x', TO_TIMESTAMP_LTZ(1500, 3), ARRAY[7, 8]"
    )
    answer = newest(f"{topic}-value")
    assert answer["schemaType"] == "PROTOBUF", answer
    rows = good(f"CREATE TABLE t WITH ({bounded}); SELECT * FROM t")
    assert rows == [{"a": 1, "s": "x", "at": "1970-01-01T00:00:01.500Z", "l": [7, 8]}], rows
    # A schema of somebody else, which refers to one more; its message is the second one inside of
    # the second one of the file.
    part = 'syntax = "proto3"; package part; message Money { int64 units = 1; int32 nanos = 2; }'
    ask(f"/subjects/{topic}-money/versions", {"schemaType": "PROTOBUF", "schema": part})
    schema = (
        'syntax = "proto3"; import "money.proto"; message Other { int32 x = 1; } '
        "message Outer { message First { string y = 1; } "
        "message Second { int64 a = 3; part.Money price = 2; } }"
    )
    reference = {"name": "money.proto", "subject": f"{topic}-money", "version": 1}
    body = {"schemaType": "PROTOBUF", "schema": schema, "references": [reference]}
    number = ask(f"/subjects/{topic}-other/versions", body)["id"]
    # Money {units 5, nanos 10} and a = 2.
    message = bytes([0]) + number.to_bytes(4, "big") + bytes([4, 2, 2])
    message += bytes([0x12, 4, 0x08, 5, 0x10, 10, 0x18, 2])
    raw, _ = topic_options(topic, "'format' = 'raw'")
    good(f"CREATE TABLE r (b BYTES) WITH ({raw}); INSERT INTO r SELECT UNHEX('{message.hex()}')")
    rows = good(
        f"CREATE TABLE t (a BIGINT, s STRING, price ROW<nanos INT, units BIGINT>) WITH ({bounded}); "
        "SELECT a, s, price.units AS units, price.nanos AS nanos FROM t"
    )
    assert rows == [
        {"a": 1, "s": "x", "units": None, "nanos": None},
        {"a": 2, "s": None, "units": 5, "nanos": 10},
    ], rows
    # A number that nobody registered is a bad record.
    broken = bytes([0, 0, 0x7F, 0xFF, 0xFF, 0])
    good(f"CREATE TABLE r (b BYTES) WITH ({raw}); INSERT INTO r SELECT UNHEX('{broken.hex()}')")
    failing = f"{bounded}, 'bad-records' = 'fail'"
    code, _, error = velo(f"CREATE TABLE t (a BIGINT) WITH ({failing}); SELECT a FROM t")
    assert code != 0 and "schema 8388607" in error, error
    rows = good(f"CREATE TABLE t (a BIGINT) WITH ({bounded}); SELECT a FROM t")
    assert [row["a"] for row in rows] == [1, 2], rows


def keys():
    """Keys by schemas: their own options stand behind 'key.'; the registry is the value's."""
    url = broker.registry_url()
    for key, value in [("avro-confluent", "avro-confluent"), ("protobuf-confluent", "json"),
                       ("avro", "protobuf")]:
        topic = broker.new_topic("keys")
        options = [f"'format' = '{value}'", f"'key.format' = '{key}'", "'key.fields' = 'k_id;k_name'",
                   "'key.fields-prefix' = 'k_'", "'value.fields-include' = 'EXCEPT_KEY'"]
        if value == "avro-confluent":
            options.append(f"'value.avro-confluent.url' = '{url}'")
        elif key == "protobuf-confluent":
            options.append(f"'key.protobuf-confluent.url' = '{url}'")
        kafka, bounded = topic_options(topic, *options)
        columns = "(k_id BIGINT, k_name STRING, v DOUBLE)"
        good(
            f"CREATE TABLE t {columns} WITH ({kafka}); INSERT INTO t SELECT * FROM "
            "(VALUES (CAST(1 AS BIGINT), 'a', CAST(0.5 AS DOUBLE)), (2, 'b', 1.5)) AS x(i, n, v)"
        )
        rows = good(f"CREATE TABLE t {columns} WITH ({bounded}); SELECT k_name, v, k_id FROM t")
        assert rows == [
            {"k_name": "a", "v": 0.5, "k_id": 1},
            {"k_name": "b", "v": 1.5, "k_id": 2},
        ], (key, value, rows)
        if key.endswith("-confluent"):
            assert "name" in newest(f"{topic}-key")["schema"]
    code, _, error = velo(
        f"CREATE TABLE t {columns} WITH ({bounded}, 'key.avro.shema' = 'x'); SELECT v FROM t"
    )
    assert code != 0 and "did you mean 'key.avro.schema'" in error, error


def main():
    for test in [avro, protobuf, keys]:
        test()
        print(f"{test.__name__}: good")


main()
