"""tools/kafka and tools/registry do what their pages say, over the broker that ctest started."""

import json
import subprocess
import sys
import unittest
import urllib.request

sys.dont_write_bytecode = True

import broker  # noqa: E402

BOOTSTRAP = broker.bootstrap()
topics = broker.topics()


def kafka(*arguments, stdin="", status=0):
    """What tools/kafka prints."""
    done = subprocess.run(
        [sys.executable, "-B", broker.TOOLS / "kafka", *arguments, "--bootstrap", BOOTSTRAP],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, (arguments, done)
    return done.stdout if status == 0 else done.stderr


def read(topic, *options):
    return kafka("consume", topic, "--from-beginning", "--to-end", *options)


class Records(unittest.TestCase):
    def setUp(self):
        self.topic = broker.new_topic("tools", partitions=3)

    def test_lines_come_back_in_the_order_of_their_partition(self):
        lines = "".join(f"line {i}\n" for i in range(1000))
        kafka("produce", self.topic, "--partition", "1", stdin=lines)
        self.assertEqual(read(self.topic), lines)

    def test_keys_and_tombstones(self):
        kafka(
            "produce", self.topic, "--key-separator", ":", "--null", "-", stdin="a:1\na:-\na:3:4\n"
        )
        self.assertEqual(
            read(self.topic, "--key-separator", ":", "--null", "-"), "a:1\na:-\na:3:4\n"
        )

    def test_everything_about_a_record(self):
        record = {
            "partition": 2,
            "timestamp": 1234,
            "key": "k",
            "value": "v",
            "headers": {"h": "x"},
        }
        kafka("produce", self.topic, "--json", stdin=json.dumps(record) + "\n")
        self.assertEqual(json.loads(read(self.topic, "--json")), {**record, "offset": 0})

    def test_stops_at_the_number_asked_for(self):
        kafka("produce", self.topic, "--partition", "0", stdin="1\n2\n3\n")
        self.assertEqual(kafka("consume", self.topic, "--from-beginning", "--max", "2"), "1\n2\n")

    def test_what_retention_would_take_is_gone(self):
        kafka("produce", self.topic, "--partition", "0", stdin="1\n2\n3\n")
        kafka("topic", "truncate", self.topic, "--before", "2")
        self.assertEqual(read(self.topic), "3\n")
        described = kafka("topic", "describe", self.topic).splitlines()
        self.assertEqual(described[0], "partition=0 leader=1 replicas=[1] isr=[1] offsets=2..3")

    def test_partitions_are_added(self):
        kafka("topic", "grow", self.topic, "--partitions", "5")
        self.assertEqual(len(kafka("topic", "describe", self.topic).splitlines()), 5)


class Topics(unittest.TestCase):
    def test_names_come_and_go(self):
        name = broker.topic_name("made")
        kafka("topic", "create", name, "--config", "cleanup.policy=compact")
        self.assertIn(name, kafka("topic", "list").split())
        self.assertIn("already exists", kafka("topic", "create", name, status=1))
        kafka("topic", "delete", name)
        self.assertNotIn(name, kafka("topic", "list").split())

    def test_what_is_not_there_is_an_error(self):
        self.assertIn("Unknown topic", kafka("consume", "no-such-topic", "--to-end", status=1))
        self.assertIn("Unknown topic", kafka("topic", "describe", "no-such-topic", status=1))


class Registry(unittest.TestCase):
    def ask(self, path, body=None):
        request = urllib.request.Request(
            broker.registry_url() + path,
            json.dumps(body).encode() if body else None,
            {"Content-Type": "application/vnd.schemaregistry.v1+json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def test_a_schema_comes_back_by_its_number_with_what_it_refers_to(self):
        base, user = broker.topic_name("base"), broker.topic_name("user")
        self.ask(
            f"/subjects/{base}/versions",
            {"schemaType": "PROTOBUF", "schema": 'syntax = "proto3"; message B { int32 a = 1; }'},
        )
        schema = 'syntax = "proto3"; import "b.proto"; message U { B b = 1; }'
        references = [{"name": "b.proto", "subject": base, "version": 1}]
        number = self.ask(
            f"/subjects/{user}/versions",
            {"schemaType": "PROTOBUF", "schema": schema, "references": references},
        )["id"]
        found = self.ask(f"/schemas/ids/{number}")
        self.assertEqual((found["schema"], found["references"]), (schema, references))


if __name__ == "__main__":
    unittest.main()
