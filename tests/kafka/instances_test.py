#!/usr/bin/env python3
"""Several instances of one script over a real broker: they share the partitions of its topics, come,
go and are killed, and every row that they write is a whole and right total.

Run by ctest with VELO pointing to the program."""

import json
import re
import signal
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

import broker  # noqa: E402
import velo  # noqa: E402

TRADES = "k STRING, g INT, v INT, pad STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND"
TOTALS = "g STRING, w TIMESTAMP(3), n BIGINT, s BIGINT"
TUMBLE = "TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)"
HOP = "HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)"
START = 1_704_067_200  # 2024-01-01


def at(second):
    return f"2024-01-01T00:{second // 60:02d}:{second % 60:02d}"


def second_of(text):
    return int(text[14:16]) * 60 + int(text[17:19])


class Story:
    """A topic of numbered rows, a hundred for each second, keyed by `k`, and totals of windows."""

    def __init__(self, window=TUMBLE, slide=10, keys="CAST(g AS STRING)", settings="", **options):
        self.source = broker.new_topic("in", partitions=6)
        self.out = broker.new_topic("out", partitions=2)
        self.application = broker.topic_name("app")
        self.slide, self.rows, self.message_keys = slide, [], 31
        options = {"key__fields": "k", "properties__session__timeout__ms": "6000", **options}
        self.sql = (
            f"SET 'application.id' = '{self.application}'; SET 'commit.interval' = '100 ms';"
            + settings
            + velo.table("t", TRADES, self.source, **options)
            + velo.table("o", TOTALS, self.out)
            + f"INSERT INTO o SELECT {keys}, window_start, COUNT(*), SUM(v) FROM {window}"
            + f" GROUP BY {keys}, window_start, window_end"
        )
        self.jobs, self.said = [], ""

    def group_of(self, row):
        return str(row["g"])

    def feed(self, second, seconds=10):
        records = []
        for i in range(second * 100, (second + seconds) * 100):
            row = {"k": f"k{i % self.message_keys}", "g": i % 7, "v": i, "pad": "x" * 20, "ts": at(i // 100)}
            records.append((row["k"], json.dumps(row)))
            self.rows.append(row)
        velo.send(self.source, records)

    def expected(self):
        found = {}
        for row in self.rows:
            second = second_of(row["ts"])
            start = second - second % self.slide
            while start > second - 10:
                total = found.setdefault((self.group_of(row), start), [0, 0])
                total[0] += 1
                total[1] += row["v"]
                start -= self.slide
        return found

    def written(self):
        return velo.values(self.out)

    def start(self, count=1, *arguments):
        self.jobs += [velo.start(self.sql, *arguments) for _ in range(count)]

    def end(self, with_signal=signal.SIGINT):
        self.said += velo.stop(self.jobs.pop(0), with_signal)[1]

    def wait_for_windows(self, until, seconds=60):
        """All that end at second `until` or before, of what was fed."""
        wanted = {key for key in self.expected() if 0 <= key[1] <= until - 10}

        def missing():
            there = {(row["g"], second_of(row["w"])) for row in self.written()}
            return wanted - there

        velo.wait_for(lambda: not missing(), seconds, f"windows until {until}")

    def check(self, test):
        """Every row ever written is a whole total; how many were written again."""
        while self.jobs:
            self.end()
        expected, seen = self.expected(), set()
        for row in self.written():
            key = (row["g"], second_of(row["w"]))
            if key[1] > 1800:  # before the beginning
                continue
            test.assertEqual([row["n"], row["s"]], expected[key], row)
            seen.add(key)
        if self.slide == 10:  # rows of which HOP needs a part again are late for the other
            test.assertNotIn("late", self.said)
        return len(self.written()) - len(seen)

    def own_topics(self):
        listed = velo.topics.kafka.Consumer(
            velo.topics.quiet(velo.BOOTSTRAP, **{"group.id": "lists"})
        )
        found = [name for name in listed.list_topics(timeout=20).topics]
        listed.close()
        return [name for name in found if name.startswith(self.application + "-")]


class ByKey(unittest.TestCase):
    def test_instances_come_go_and_are_killed(self):
        story = Story(keys="k")
        story.group_of = lambda row: row["k"]
        come_and_go(self, story)
        self.assertEqual(story.own_topics(), [])

    def test_what_cannot_be_shared_is_refused(self):
        start = "SET 'application.id' = 'app';" + velo.table("t", TRADES, broker.new_topic("in"))
        _, said = velo.run(start + "SELECT k FROM t LIMIT 3", status=2)
        self.assertIn("LIMIT, as each instance counts its own rows", said)


def come_and_go(test, story):
    story.feed(0, 20)
    story.start()
    story.wait_for_windows(10)
    story.start(2)
    story.feed(20, 20)
    story.wait_for_windows(30)
    story.end(signal.SIGKILL)
    story.feed(40, 20)
    story.end(signal.SIGTERM)
    story.feed(60)
    story.wait_for_windows(60)
    return story.check(test)


class OffTheKey(unittest.TestCase):
    def test_two_instances_give_one_total(self):
        story = Story()
        story.start(2)
        story.feed(0, 40)
        story.wait_for_windows(30)
        self.assertEqual(story.check(self), 0)
        (topic,) = story.own_topics()
        self.assertRegex(topic, re.escape(story.application) + r"-t-by-[a-z]+-[0-9a-f]{8}-repartition")


    def test_instances_come_go_and_are_killed(self):
        come_and_go(self, Story())

    def test_hopping_windows(self):
        come_and_go(self, Story(window=HOP, slide=5))

    def test_a_total_over_everything(self):
        story = Story(keys="'all'")
        story.group_of = lambda row: "all"
        come_and_go(self, story)

    def test_silent_partitions_hold_nobody_back(self):
        story = Story(scan__watermark__idle_timeout="1 s")
        story.message_keys = 1
        story.start(2)
        story.feed(0, 30)
        # The last one fires as the clock moves on where all are silent.
        story.wait_for_windows(30)
        story.check(self)

    def test_topics_that_end(self):
        story = Story(scan__bounded__mode="latest-offset")
        story.feed(0, 20)
        _, story.said = velo.run(story.sql)
        self.assertEqual(len(story.written()), 14)
        self.assertEqual(story.check(self), 0)

    def test_several_threads(self):
        story = Story()
        story.start(2, "--parallelism=2")
        story.feed(0, 40)
        story.wait_for_windows(30)
        story.end(signal.SIGKILL)
        story.feed(40, 20)
        story.wait_for_windows(50)
        story.check(self)


class OwnTopics(unittest.TestCase):
    def made_before(self, partitions):
        """A story whose topic for rows is there already."""
        story = Story()
        plan = subprocess.run(
            [velo.VELO, "explain", "-e", story.sql], capture_output=True, text=True, check=True
        ).stdout
        topic = re.search(r"through topic '([^']+)'", plan)[1]
        broker.topics().create(velo.BOOTSTRAP, topic, partitions, None, [])
        return story, topic

    def test_it_may_be_made_beforehand(self):
        story, topic = self.made_before(6)
        story.start()
        story.feed(0, 20)
        story.wait_for_windows(10)
        story.check(self)
        self.assertEqual(story.own_topics(), [topic])

    def test_with_another_number_of_partitions_it_is_refused(self):
        story, topic = self.made_before(4)
        _, said = velo.run(story.sql, status=1)
        self.assertIn(f"topic '{topic}' has 4 partitions where '{story.source}'", said)
        self.assertIn("whose rows go through it, has 6", said)
        self.assertIn("delete that topic, and start them again", said)

    def test_what_is_no_record_of_ours_ends_the_job_with_its_place(self):
        story, topic = self.made_before(6)
        velo.send(topic, [{"value": '{"g": 1}', "partition": 3}])
        _, said = velo.run(story.sql, status=1)
        self.assertIn(f"{topic}-3, offset 0: this is no record of rows of this job", said)
        self.assertIn("stop them all, delete it, and start again", said)


SIDE = "id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND"
PAIRS = (
    "INSERT INTO o SELECT l.id, l.v, r.v FROM l JOIN r ON {condition} AND r.ts BETWEEN"
    " l.ts - INTERVAL '5' SECOND AND l.ts + INTERVAL '5' SECOND"
)


class Joins(unittest.TestCase):
    def pairs(self, condition, partitions, key, killed=True):
        """Every row has one partner; each pair must come, and nothing else."""
        topics = [broker.new_topic("side", partitions=n) for n in partitions]
        out = broker.new_topic("out")
        application = broker.topic_name("app")
        options = {"key__fields": "k", "properties__session__timeout__ms": "6000"}
        sql = (
            f"SET 'application.id' = '{application}'; SET 'commit.interval' = '100 ms';"
            + velo.table("l", SIDE, topics[0], **options)
            + velo.table("r", SIDE, topics[1], **options)
            + velo.table("o", "id INT, lv INT, rv INT", out)
            + PAIRS.format(condition=condition)
        )

        def feed(first, count):
            for side in (0, 1):
                records = []
                for i in range(first, first + count):
                    row = {"id": i, "k": key(i, side), "v": i * 2 + side}
                    row["ts"] = at(i // 100 + side * (i % 5))
                    records.append((row["k"], json.dumps(row)))
                velo.send(topics[side], records)

        def written():
            return {(row["id"], row["lv"], row["rv"]) for row in velo.values(out)}

        jobs = [velo.start(sql) for _ in range(3)]
        feed(0, 2000)
        velo.wait_for(lambda: len(written()) >= 2000, 60, "the first pairs")
        if killed:
            feed(2000, 1000)
            velo.stop(jobs.pop(0), signal.SIGKILL)
            feed(3000, 1000)
            velo.stop(jobs.pop(0), signal.SIGTERM)
            feed(4000, 1000)
        expected = {(i, i * 2, i * 2 + 1) for i in range(5000 if killed else 2000)}
        velo.wait_for(lambda: written() >= expected, 60, "the last pairs")
        said = "".join(velo.stop(job)[1] for job in jobs)
        self.assertEqual(written(), expected)
        self.assertNotIn("late", said)
        return application

    def own_topics(self, application):
        story = Story.__new__(Story)
        story.application = application
        return story.own_topics()

    def test_by_the_keys_of_the_messages(self):
        application = self.pairs("l.id = r.id AND l.k = r.k", (4, 4), lambda i, _: f"k{i}")
        self.assertEqual(self.own_topics(application), [])

    def test_by_something_else(self):
        application = self.pairs("l.id = r.id", (4, 3), lambda i, side: f"k{i % (13 + side * 5)}")
        self.assertEqual(len(self.own_topics(application)), 2)

    def test_what_cannot_be_joined_says_what_to_do(self):
        sides = [broker.new_topic("side", partitions=n) for n in (2, 3)]
        sql = (
            f"SET 'application.id' = '{broker.topic_name('app')}';"
            + velo.table("l", SIDE, sides[0], key__fields="k")
            + velo.table("r", SIDE, sides[1], key__fields="k")
            + velo.table("o", "id INT, lv INT, rv INT", broker.new_topic("out"))
        )
        _, said = velo.run(sql + PAIRS.format(condition="l.k = r.k"), status=1)
        self.assertIn("are joined by their keys, and have 2 and 3 partitions", said)
        self.assertIn("leave 'key.fields' out of one of the tables", said)


if __name__ == "__main__":
    unittest.main()
