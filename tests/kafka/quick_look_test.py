"""Topics that nobody has declared: kafka('topic'), SHOW TOPICS, DESCRIBE kafka('topic')."""

import json
import os
import unittest

import broker
import velo

os.environ["VELO_KAFKA_BROKERS"] = velo.BOOTSTRAP


def answer(sql, *arguments, status=0):
    """What a statement without rows prints."""
    import subprocess

    done = subprocess.run(
        [velo.VELO, "run", "-e", sql, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stderr


class QuickLook(unittest.TestCase):
    def topic(self, records, partitions=1):
        name = broker.new_topic("look", partitions=partitions)
        velo.send(name, records)
        return name

    def look(self, topic, options="", select="*", more=""):
        rows, said = velo.run(f"SELECT {select} FROM kafka('{topic}'{options}) {more}")
        return rows, said

    def test_a_look_ends_and_says_what_it_guessed(self):
        topic = self.topic(
            [(f"k{i % 3}", json.dumps({"k": f"k{i % 3}", "n": i})) for i in range(50)], partitions=3
        )
        rows, said = self.look(topic, more="ORDER BY n LIMIT 2")
        self.assertEqual(rows, [{"k": "k0", "n": 0}, {"k": "k1", "n": 1}])
        self.assertIn(f"'{topic}' is read as format 'json' with columns k STRING, n BIGINT", said)
        self.assertIn(f"guessed from all 50 messages of '{topic}' (3 partitions)", said)
        rows, _ = self.look(topic, select="COUNT(*) AS n, SUM(n) AS s")
        self.assertEqual(rows, [{"n": 50, "s": sum(range(50))}])

    def test_keys_that_are_no_column(self):
        topic = self.topic([("7", '{"a":1}'), (None, '{"a":2}')])
        rows, _ = self.look(topic, more="ORDER BY a")
        self.assertEqual(rows, [{"a": 1, "key": "7"}, {"a": 2, "key": None}])

    def test_poison_does_not_hide_the_rest(self):
        topic = self.topic(['{"a":1}', "poison", '{"a":2}'])
        rows, said = self.look(topic)
        self.assertEqual(rows, [{"a": 1}, {"a": 2}])
        self.assertIn("of which 1 cannot be read so", said)
        self.assertIn("1 bad", said)

    def test_other_formats(self):
        rows, said = self.look(self.topic(["1;x", "2;y"]))
        self.assertEqual(rows, [{"column1": 1, "column2": "x"}, {"column1": 2, "column2": "y"}])
        self.assertIn("format 'csv'", said)
        rows, _ = self.look(self.topic(["just a line"]))
        self.assertEqual(rows, [{"value": "just a line"}])
        change = '{"before":null,"after":{"id":1,"x":"y"},"op":"c"}'
        rows, said = self.look(self.topic([change]), select="COUNT(*) AS n")
        self.assertIn("format 'debezium-json' with columns id BIGINT, x STRING", said)

    def test_options(self):
        topic = self.topic(['{"a":1}', '{"a":2}'])
        for options in (", format => 'raw'", ", MAP['format', 'raw']", ", \"format\" => 'raw'"):
            rows, _ = self.look(topic, options)
            self.assertEqual(rows, [{"value": '{"a":1}'}, {"value": '{"a":2}'}], options)
        rows, _ = self.look(
            topic,
            ", scan_startup_mode => 'specific-offsets',"
            " \"scan.startup.specific-offsets\" => 'partition:0,offset:1'",
        )
        self.assertEqual(rows, [{"a": 2}])
        rows, _ = velo.run(
            f"SET 'kafka.format' = 'raw'; SELECT * FROM kafka('{topic}') ORDER BY 1 LIMIT 1"
        )
        self.assertEqual(rows, [{"value": '{"a":1}'}])

    def test_without_messages_there_is_nothing_to_guess(self):
        said = answer(f"SELECT * FROM kafka('{self.topic([])}')", status=1)
        self.assertIn("holds no messages from which its columns could be guessed", said)
        self.assertIn("hint: name the columns in CREATE TABLE", said)
        topic = self.topic(['{"a":1}'])
        said = answer(f"SELECT * FROM kafka('{topic}x')", status=1)
        self.assertIn(f"did you mean '{topic}'?", said)

    def test_what_describe_proposes_runs(self):
        records = [
            ("x", json.dumps({"order": i, "User-Id": "u", "at": f"2024-01-01T00:00:0{i}", "in": {"a b": [1]}}))
            for i in range(5)
        ]
        topic = self.topic(records)
        ddl = answer(f"DESCRIBE kafka('{topic}')")
        self.assertIn(f"-- guessed from all 5 messages of '{topic}' (1 partition)\n", ddl)
        self.assertIn("WATERMARK FOR `at` AS `at` - INTERVAL '5' SECOND", ddl)
        rows, _ = velo.run(
            f"{ddl}\nSELECT `order`, `User-Id`, `in`.`a b`[1] AS x, key FROM `{topic}`"
            " WITH ('scan.bounded.mode' = 'latest-offset') WHERE `order` = 4"
        )
        self.assertEqual(rows, [{"order": 4, "User-Id": "u", "x": 1, "key": "x"}])

    def test_topics_are_listed(self):
        topic = self.topic(["a", "b", "c"], partitions=2)
        rows, _ = velo.run(f"SHOW TOPICS LIKE '{topic}'")
        self.assertEqual(rows, [{"name": topic, "partitions": "2", "messages": "3"}])
        said = answer("SHOW TOPICS", "--set", "kafka.properties.bootstrap.servers=127.0.0.1:1", status=1)
        self.assertIn("no answer from '127.0.0.1:1'", said)

    def test_secrets_stay_variables(self):
        topic = self.topic(['{"a":1}'])
        os.environ["CANARY"] = "canary-7f3a"
        ddl = answer(
            "SET 'kafka.properties.sasl.password' = '${CANARY}'; SET;"
            f" DESCRIBE kafka('{topic}'); SHOW TOPICS LIKE '{topic}'"
        )
        self.assertIn("'properties.sasl.password' = '${CANARY}'", ddl)
        self.assertNotIn("canary-7f3a", ddl)
        said = answer("SET 'kafka.properties.sasl.password' = 'plain'", status=2)
        self.assertIn("a secret does not stand in SQL", said)


if __name__ == "__main__":
    unittest.main()
