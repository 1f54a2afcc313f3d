#!/usr/bin/env python3
"""Formats whose schemas are in a registry, over a real one: velo writes, and reads what it wrote
with the columns that the registry gives; a later schema is read beside an older one."""

import base64
import http.server
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.error
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


def protobuf_files():
    """Files that import others are registered with these, and read with their references."""
    topic = broker.new_topic("files")
    part = f"{topic}/money.proto"
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/{topic}")
        with open(f"{folder}/{part}", "w", encoding="utf-8") as file:
            file.write('syntax = "proto3"; message Money { int64 units = 1; }')
        with open(f"{folder}/order.proto", "w", encoding="utf-8") as file:
            file.write(
                f'syntax = "proto3"; import "{part}"; message Lone {{}} '
                "message Order { uint32 id = 5; Money price = 1; }"
            )
        kafka, bounded = topic_options(
            topic,
            "'format' = 'protobuf-confluent'",
            f"'protobuf-confluent.url' = '{broker.registry_url()}'",
        )
        by_file = (
            f"'protobuf-confluent.schema.file' = '{folder}/order.proto', "
            "'protobuf-confluent.message-name' = 'Order'"
        )
        good(
            f"CREATE TABLE t (id BIGINT, price ROW<units BIGINT>) WITH ({kafka}, {by_file}); "
            "INSERT INTO t SELECT 7, ROW(CAST(3 AS BIGINT))"
        )
    references = newest(f"{topic}-value")["references"]
    assert references == [{"name": part, "subject": part, "version": 1}], references
    rows = good(
        f"CREATE TABLE t (id BIGINT, price ROW<units BIGINT>) WITH ({bounded}, "
        "'protobuf-confluent.message-name' = 'Order'); SELECT id, price.units AS u FROM t"
    )
    assert rows == [{"id": 7, "u": 3}], rows


def changes():
    topic = broker.new_topic("changes")
    name = "debezium-avro-confluent"
    kafka, bounded = topic_options(
        topic, f"'format' = '{name}'", f"'{name}.url' = '{broker.registry_url()}'"
    )
    good(
        f"CREATE TABLE t (k STRING, n BIGINT) WITH ({kafka}); INSERT INTO t "
        "SELECT k, COUNT(*) FROM (VALUES ('a'), ('b'), ('a')) AS v(k) GROUP BY k"
    )
    # ('a', 2) goes again.
    number = newest(f"{topic}-value")["id"]
    gone = bytes([0]) + number.to_bytes(4, "big")
    gone += bytes([2, 2, 2]) + b"a" + bytes([2, 4, 0, 2, 2]) + b"d"
    raw, _ = topic_options(topic, "'format' = 'raw'")
    good(f"CREATE TABLE r (b BYTES) WITH ({raw}); INSERT INTO r SELECT UNHEX('{gone.hex()}')")
    rows = good(f"CREATE TABLE t WITH ({bounded}); SELECT MIN(k) AS k, SUM(n) AS n FROM t")
    assert rows[-1]["k"] == "b" and rows[-1]["n"] == 1, rows


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


class SecureRegistry(http.server.BaseHTTPRequestHandler):
    """The registry behind TLS and a password."""

    password = "Basic " + base64.b64encode(b"me:word").decode()

    def do_GET(self):  # noqa: N802
        if self.headers["Authorization"] != self.password:
            return self.answer(401, b"{}")
        length = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(length) if length else None
        headers = {"Content-Type": self.headers["Content-Type"]} if data else {}
        path = self.path.removeprefix("/behind")
        request = urllib.request.Request(broker.registry_url() + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return self.answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return self.answer(error.code, error.read())

    do_POST = do_GET  # noqa: N815

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def make_certificate(folder, name):
    """Of localhost, signed by itself: its file and its key's."""
    files = [f"{folder}/{name}.pem", f"{folder}/{name}.key"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-out", files[0],
         "-keyout", files[1], "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return files


def tls():
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(folder, "server")
        other, _ = make_certificate(folder, "other")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SecureRegistry)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        os.environ["REGISTRY_USER"] = "me:word"

        def table(host, trusted, *more):
            return topic_options(
                topic,
                "'format' = 'avro-confluent'",
                f"'avro-confluent.url' = 'https://{host}:{port}/behind'",
                f"'avro-confluent.ssl.ca.pem' = '${{file:{trusted}}}'",
                *more,
            )

        topic = broker.new_topic("tls")
        user = ["'avro-confluent.basic-auth.credentials-source' = 'USER_INFO'",
                "'avro-confluent.basic-auth.user-info' = '${REGISTRY_USER}'"]
        written, bounded = table("localhost", certificate, *user)
        good(f"CREATE TABLE t (a BIGINT) WITH ({written}); INSERT INTO t VALUES (7)")
        rows = good(f"CREATE TABLE t WITH ({bounded}); SELECT a FROM t")
        assert rows == [{"a": 7}], rows
        # No password; another certificate; the right one, for another name.
        for options, said in [(table("localhost", certificate), "gives status 401"),
                              (table("localhost", other, *user), "certificate verify failed"),
                              (table("127.0.0.1", certificate, *user), "certificate verify failed")]:
            code, out, error = velo(f"CREATE TABLE t WITH ({options[1]}); SELECT a FROM t")
            assert code != 0 and said in error, error
            assert "me:word" not in out + error, error
        server.shutdown()


def main():
    for test in [avro, protobuf, protobuf_files, keys, changes, tls]:
        test()
        print(f"{test.__name__}: good")


main()
