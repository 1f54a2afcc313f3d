"""SASL and TLS against a real broker that wants them, with right and wrong credentials; and what
becomes of the secrets: nothing that velo prints or writes shows one."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

import broker

PASSWORD = "velo-test-password"  # tools/kafka_security.py
WRONG = "wrong-canary-41c9"
VELO = os.environ["VELO"]


def tool(*arguments):
    done = subprocess.run(
        [sys.executable, "-B", broker.TOOLS / "kafka", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == broker.UNAVAILABLE:
        sys.exit(broker.UNAVAILABLE)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Secured(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.dir = Path(cls.folder.name) / "kafka"
        said = tool("start", "--sasl", "--tls", "--dir", cls.dir)
        cls.at = dict(line.split("=", 1) for line in said.splitlines())
        cls.plain = cls.at["bootstrap.servers"]
        broker.topics().create(cls.plain, "in", 1, None, ())
        broker.topics().create(cls.plain, "dead", 1, None, ())
        records = [{"value": '{"a":1}'}, {"value": "poison"}, {"value": '{"a":2}'}]
        broker.topics().produce(cls.plain, "in", records)

    @classmethod
    def tearDownClass(cls):
        tool("stop", "--now", "--dir", cls.dir)
        cls.folder.cleanup()

    def client(self, protocol, password="${PASSWORD}", mechanism="PLAIN", ca=True):
        options = {
            "properties.bootstrap.servers": self.at[protocol],
            "properties.security.protocol": protocol.upper(),
        }
        if protocol.startswith("sasl"):
            options |= {
                "properties.sasl.mechanism": mechanism,
                "properties.sasl.username": self.at["username"],
                "properties.sasl.password": password,
            }
        if protocol.endswith("ssl") and ca:
            options["properties.ssl.ca.pem"] = "${file:%s}" % self.at["ca"]
        return options

    def tables(self, client):
        def table(name, columns, topic, **more):
            options = {"connector": "kafka", "topic": topic, **client, **more}
            listed = ", ".join(f"'{key}' = '{value}'" for key, value in options.items())
            return f"CREATE TABLE {name} ({columns}) WITH ({listed});\n"

        bad = {"bad-records": "dlq", "bad-records.sink": "dead"}
        bounded = {"scan.bounded.mode": "latest-offset"}
        return table("dead", "record BYTES", "dead", format="raw") + table(
            "t", "a INT", "in", format="json", **bad, **bounded
        )

    def velo(self, *arguments, password=PASSWORD, status=0):
        done = subprocess.run(
            [VELO, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PASSWORD": password, "WRONG": WRONG},
        )
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, status, said)
        for secret in (PASSWORD, WRONG):
            self.assertNotIn(secret, said)
        return said

    def count(self, client, **more):
        return self.velo("run", "-e", self.tables(client) + "SELECT SUM(a) AS s FROM t", **more)

    def test_right_credentials(self):
        for protocol, mechanism in [
            ("sasl_plaintext", "PLAIN"),
            ("sasl_plaintext", "SCRAM-SHA-256"),
            ("ssl", ""),
            ("sasl_ssl", "SCRAM-SHA-256"),
        ]:
            with self.subTest(protocol=protocol, mechanism=mechanism):
                said = self.count(self.client(protocol, mechanism=mechanism))
                self.assertIn('{"s":3}', said)
        login = (
            "org.apache.kafka.common.security.plain.PlainLoginModule required"
            ' username="velo" password="%s";' % PASSWORD
        )
        client = self.client("sasl_plaintext")
        del client["properties.sasl.username"], client["properties.sasl.password"]
        client["properties.sasl.jaas.config"] = "${PASSWORD}"
        said = self.count(client, password=login)
        self.assertIn('{"s":3}', said)

    def test_wrong_credentials(self):
        for mechanism in ("PLAIN", "SCRAM-SHA-256"):
            client = self.client("sasl_plaintext", mechanism=mechanism)
            said = self.count(client, password=WRONG, status=1)
            self.assertIn("does not accept the credentials", said)
            self.assertIn("hint: check 'properties.sasl.username'", said)

    def test_a_certificate_that_nobody_vouches_for(self):
        said = self.count(self.client("ssl", ca=False), status=1)
        self.assertIn("no secure connection", said)
        self.assertIn("hint: 'properties.ssl.ca.pem' = '${file:/path/ca.pem}'", said)
        with tempfile.TemporaryDirectory() as other:
            sys.path.insert(0, str(broker.TOOLS))
            import kafka_security

            kafka_security.make_certificates(Path(other) / "tls")
            client = self.client("ssl")
            client["properties.ssl.ca.pem"] = "${file:%s/tls/ca.pem}" % other
            said = self.count(client, status=1)
            self.assertIn("no secure connection", said)

    def test_the_wrong_protocol(self):
        for listener in ("ssl", "sasl_plaintext"):
            client = {"properties.bootstrap.servers": self.at[listener]}
            said = self.count(client, status=1)
            self.assertIn("security.protocol", said)

    def test_checks_cannot_be_switched_off_by_sql(self):
        client = self.client("ssl", ca=False)
        client["properties.enable.ssl.certificate.verification"] = "false"
        said = self.count(client, status=2)
        self.assertIn("SQL may not set this property of the Kafka client", said)
        os.environ["VELO_KAFKA_PROPERTIES"] = "enable.ssl.certificate.verification"
        try:
            self.assertIn('{"s":3}', self.count(client))
        finally:
            del os.environ["VELO_KAFKA_PROPERTIES"]

    def test_nothing_shows_a_secret(self):
        """`velo` looks for both passwords in all that is printed."""
        client = self.client("sasl_ssl")
        tables = self.tables(client)
        self.velo("run", "--stats=json", "--progress=always", "-e", tables + "SELECT a FROM t")
        self.velo("run", "-e", tables + "SHOW CREATE TABLE t; DESCRIBE EXTENDED t; SHOW TABLES; SET")
        self.velo("run", "-e", tables + "EXPLAIN SELECT a FROM t; EXPLAIN ANALYZE SELECT a FROM t")
        self.velo("explain", "-e", tables + "SELECT a FROM t")
        self.velo("check", "-e", tables + "SELECT a FROM t")
        self.velo("fmt", "-e", tables + "SELECT a FROM t")
        self.velo("run", "-e", tables + "SELECT nothing FROM t", status=2)
        self.velo("run", "-e", tables + "SELECT 1 / (a - 1) AS x FROM t")
        wrong = self.tables(self.client("sasl_ssl", password="${WRONG}"))
        self.velo("run", "--stats=json", "-e", wrong + "SELECT a FROM t", status=1)
        plain = self.tables(self.client("sasl_ssl", password=PASSWORD.replace("-", "+")))
        self.velo("run", "-e", plain + "SELECT a FROM t", status=2)
        settings = [f"--set=kafka.{name}={value}" for name, value in client.items()]
        said = self.velo("run", *settings, "-e", "SHOW TOPICS; SET; DESCRIBE kafka('in')")
        self.assertIn("${PASSWORD}", said)
        ddl = said[said.index("CREATE TABLE") :]
        self.assertIn('{"n":2}', self.velo("run", "-e", ddl.replace("`in`", "again").replace(
            "CREATE TABLE in ", "CREATE TABLE again ") + "SELECT COUNT(a) AS n FROM again"
            " WITH ('scan.bounded.mode' = 'latest-offset') WHERE a > 0"))
        self.velo("run", *settings, "-e", "SELECT * FROM kafka('in')")
        said = self.velo("dlq", "show", "dead", *settings)
        self.assertIn("poison", said)
        self.velo("dlq", "replay", "dead", "--dry-run", *settings)
        dead = list(broker.topics().consume(self.plain, "dead", to_end=True))
        self.assertGreater(len(dead), 0)
        for message in dead:
            text = broker.topics().json_of(message)
            for secret in (PASSWORD, WRONG):
                self.assertNotIn(secret, text)


if __name__ == "__main__":
    unittest.main()
