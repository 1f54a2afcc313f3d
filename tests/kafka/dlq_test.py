"""velo dlq show and replay over dead letters that a job has left."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import broker
import velo

BOUNDED = {"scan__bounded__mode": "latest-offset"}


def dlq(*arguments, status=0):
    done = subprocess.run(
        [velo.VELO, "dlq", *arguments, "--brokers", velo.BOOTSTRAP],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stderr


def show(topic, *arguments):
    return [json.loads(line) for line in dlq("show", topic, *arguments).splitlines()]


class Letters(unittest.TestCase):
    def setUp(self):
        self.topic = broker.new_topic("in", partitions=2)
        self.dead = broker.new_topic("dead")
        records = [
            {"value": '{"a":1}', "partition": 0},
            {"key": "k1", "value": '{"a":"x"}', "partition": 0, "headers": {"h": "1", "i": "2"}},
            {"key": "k2", "value": "no json", "partition": 1},
            {"key": "k3", "partition": 1},
            {"value": b'\xff{"a":2}', "partition": 1},
        ]
        velo.send(self.topic, records)
        self.run_job()

    def run_job(self, **more):
        sql = velo.table("dead", "record BYTES", self.dead, format="raw")
        sql += velo.table(
            "t", "a INT", self.topic, bad_records="dlq", bad_records__sink="dead", **BOUNDED, **more
        )
        return velo.run(sql + "SELECT COUNT(a) AS n FROM t")

    def originals(self, topic):
        return [(r["key"], r["value"], r["headers"]) for r in velo.read(topic)]

    def test_show(self):
        letters = show(self.dead)
        self.assertEqual(len(letters), 4)
        by_place = {(r["topic_partition"], r["topic_offset"]): r for r in letters}
        self.assertEqual(set(by_place), {(0, 1), (1, 0), (1, 1), (1, 2)})
        first = by_place[0, 1]
        self.assertEqual(first["topic"], self.topic)
        self.assertEqual((first["key"], first["value"]), ("k1", '{"a":"x"}'))
        self.assertEqual((first["table_name"], first["stage"]), ("t", "VALUE_CONVERTER"))
        self.assertIn("is no INTEGER", first["error"])
        self.assertTrue(first["time"].startswith("20"))
        self.assertIsNone(by_place[1, 1]["value"])
        self.assertEqual(by_place[1, 2]["value"], "\\xFF7B2261223A327D")
        some = show(self.dead, "--filter", "topic_partition = 1 AND key IS NOT NULL", "--limit", "1")
        self.assertEqual([r["key"] for r in some], ["k2"])
        said = dlq("show", self.dead, "--filter", "topic_part = 1", status=2)
        self.assertIn("topic_part = 1", said)
        self.assertIn("did you mean", said)

    def test_replay_is_of_what_came(self):
        copy = broker.new_topic("copy")
        said = dlq("replay", self.dead, "--to", copy)
        self.assertEqual(said, f"replayed 4 letters of '{self.dead}': 4 to '{copy}'\n")
        came = [r for r in self.originals(self.topic) if r[1] != '{"a":1}']
        key = lambda r: (str(r[0]), str(r[1]))  # noqa: E731
        self.assertEqual(sorted(self.originals(copy), key=key), sorted(came, key=key))

    def test_a_second_replay_says_that_there_was_one(self):
        said = dlq("replay", self.dead, "--filter", "topic_partition = 0")
        self.assertIn("replayed 1 letter", said)
        said = dlq("replay", self.dead)
        self.assertIn(f"replayed 3 letters of '{self.dead}': 3 to '{self.topic}'\n", said)
        self.assertIn("1 letter left alone: replayed before", said)
        self.assertEqual(len(velo.read(self.topic)), 9)
        said = dlq("replay", self.dead)
        self.assertIn("replayed 0 letters", said)
        self.assertIn("4 letters left alone: replayed before (--again replays them once more)", said)
        self.assertEqual(len(velo.read(self.topic)), 9)
        self.assertIn("replayed 4 letters", dlq("replay", self.dead, "--again"))
        self.assertEqual(len(velo.read(self.topic)), 13)

    def test_new_letters_are_replayed_after_old_ones(self):
        dlq("replay", self.dead)  # they are as bad as they were: dead letters once more
        self.run_job(
            scan__startup__mode="specific-offsets",
            scan__startup__specific_offsets="partition:0,offset:2;partition:1,offset:3",
        )
        self.assertEqual(len(show(self.dead)), 8)
        copy = broker.new_topic("copy")
        said = dlq("replay", self.dead, "--to", copy)
        self.assertIn("replayed 4 letters", said)
        self.assertIn("4 letters left alone", said)
        self.assertEqual([h for _, _, h in self.originals(copy) if h], [{"h": "1", "i": "2"}])

    def test_dry_run(self):
        said = dlq("replay", self.dead, "--dry-run", "--filter", "key = 'k1'")
        self.assertIn(f" to '{self.topic}'\nwould replay 1 letter", said)
        self.assertEqual(len(velo.read(self.topic)), 5)
        self.assertIn("would replay 4 letters", dlq("replay", self.dead, "--dry-run"))

    def test_rows_that_failed_are_no_messages(self):
        dead = broker.new_topic("dead")
        sql = velo.table("dead", "record BYTES", dead, format="raw")
        sql += velo.table("t", "a INT", self.topic, bad_records="dlq", bad_records__sink="dead", **BOUNDED)
        velo.run(sql + "SELECT 1 / (a - 1) AS x FROM t")
        failed = [r for r in show(dead) if r["topic"] is None]
        self.assertEqual([r["value"] for r in failed], ["a=1"])
        said = dlq("replay", dead, "--filter", "topic IS NULL")
        self.assertIn("replayed 0 letters", said)
        self.assertIn("1 letter left alone: no message", said)

    def test_a_message_of_several_bad_records_is_one_letter(self):
        self.topic, self.dead = broker.new_topic("in"), broker.new_topic("dead")
        velo.send(self.topic, ['[1,{"a":2},"x"]', '[3]'])
        rows, said = self.run_job()
        self.assertEqual(rows, [{"n": 1}])
        self.assertIn("3 bad", said)
        self.assertEqual([r["topic_offset"] for r in show(self.dead)], [0, 1])

    def test_refusals(self):
        said = dlq("replay", self.dead, "--to", self.dead, status=2)
        self.assertIn("is the topic of the dead letters themselves", said)
        self.assertIn("there is no topic", dlq("replay", self.dead + "x", status=1))
        self.assertIn("there is no topic", dlq("show", self.dead + "x", status=1))
        self.assertIn("--to is for dlq replay", dlq("show", self.dead, "--to", "x", status=2))
        self.assertIn("holds no keys and headers", dlq("replay", "x.json", status=2))
        self.assertIn("dlq show, or dlq replay, is wanted", dlq(status=2))

    def test_letters_in_files(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "dead.json"
            velo.run(
                "CREATE TABLE dead (record STRING, source STRING, `offset` BIGINT, reason STRING,"
                f" message STRING) WITH ('connector'='filesystem', 'path'='{file}',"
                " 'format'='json');"
                + velo.table("t", "a INT", self.topic, bad_records="dlq", bad_records__sink="dead", **BOUNDED)
                + "SELECT COUNT(a) AS n FROM t"
            )
            letters = show(str(file), "--filter", "`value` LIKE '%x%'")
            self.assertEqual(len(letters), 1)
            self.assertEqual((letters[0]["source"], letters[0]["offset"]), (self.topic, 1))
            self.assertIn("is no INTEGER", letters[0]["error"])


if __name__ == "__main__":
    unittest.main()
