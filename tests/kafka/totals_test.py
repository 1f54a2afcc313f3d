#!/usr/bin/env python3
"""Several instances of one script whose state is of all rows there ever were: whatever instances come,
go and are killed, what stands in the end is right to the row.

Run by ctest with VELO pointing to the program."""

import collections
import json
import signal
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

import broker  # noqa: E402
import velo  # noqa: E402

ROWS = "id INT, k STRING, g INT, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND"
UNBOUNDED = "SET 'state.unbounded' = 'allow';"


def at(second):
    return f"2024-01-01T00:{second // 60:02d}:{second % 60:02d}"


def totals(rows, key):
    """Count and sum of `v` by what `key` says of a row."""
    found = collections.defaultdict(lambda: [0, 0])
    for row in rows:
        found[key(row)][0] += 1
        found[key(row)][1] += row["v"]
    return {key: tuple(total) for key, total in found.items()}


class Story:
    """A topic of numbered rows, a hundred for each second, keyed by `k`; a table `o` to write to, and
    instances of a script that does."""

    def __init__(self, query, out, key=None, more="", application=None, **options):
        self.source = broker.new_topic("in", partitions=6)
        self.out = broker.new_topic("out", partitions=3)
        self.application = application or broker.topic_name("app")
        options = {
            "key__fields": "k",
            "properties__session__timeout__ms": "6000",
            # A machine that is busy is no partition that has gone silent.
            "scan__watermark__idle_timeout": "2 min",
            **options,
        }
        connector = "kafka"
        if key:
            connector = "upsert-kafka"
            out += f", PRIMARY KEY ({key}) NOT ENFORCED"
        self.sql = (
            f"SET 'application.id' = '{self.application}'; SET 'commit.interval' = '100 ms';{UNBOUNDED}"
            + more
            + velo.table("t", ROWS, self.source, **options)
            + velo.table("o", out, self.out, connector)
            + "INSERT INTO o "
            + query
        )
        self.rows, self.jobs, self.said = [], [], ""

    def row(self, i):
        return {"id": i, "k": f"k{i % 31}", "g": i % 7, "v": i % 1000, "ts": at(i // 100)}

    def feed(self, count):
        first = len(self.rows)
        new = [self.row(i) for i in range(first, first + count)]
        velo.send(self.source, [(row["k"], json.dumps(row)) for row in new])
        self.rows += new

    def start(self, count=1, *arguments):
        self.jobs += [velo.start(self.sql, *arguments) for _ in range(count)]

    def end(self, with_signal=signal.SIGINT):
        self.said += velo.stop(self.jobs.pop(0), with_signal)[1]

    def end_all(self):
        while self.jobs:
            self.end()

    def last(self, keys=1):
        """What a reader of the upserts has in the end: by key, the other columns."""
        found = {}
        for record in velo.read(self.out):
            found.pop(record["key"], None)
            if record["value"] is not None:
                found[record["key"]] = tuple(json.loads(record["value"]).values())
        return {row[:keys] if keys > 1 else row[0]: row[keys:] for row in found.values()}

    def wait_for(self, found, expected, seconds=60):
        try:
            velo.wait_for(lambda: found() == expected(), seconds, "the last totals")
        except AssertionError:
            for job in self.jobs:
                job.kill()
                self.said += job.communicate()[1]
            self.jobs = []
            raise AssertionError((self.said[-2000:], found(), expected())) from None

    def come_and_go(self, test, found, expected):
        """Instances come, are killed and told to go while rows come; `found` ends as `expected`."""
        self.feed(2000)
        self.start()
        self.wait_for(found, expected)
        self.start(2)
        self.feed(2000)
        self.wait_for(found, expected)
        self.end(signal.SIGKILL)
        self.feed(2000)
        self.end(signal.SIGTERM)
        self.feed(1000)
        self.wait_for(found, expected)
        self.end_all()
        test.assertEqual(found(), expected())
        test.assertNotIn("late", self.said)


class Groups(unittest.TestCase):
    def test_by_the_key_of_the_messages(self):
        story = Story("SELECT k, COUNT(*), SUM(v) FROM t GROUP BY k", "k STRING, n BIGINT, s BIGINT", "k")
        story.come_and_go(self, story.last, lambda: totals(story.rows, lambda row: row["k"]))
        self.assertIn("read again from where the application began", story.said)

    def test_by_something_else(self):
        story = Story("SELECT g, COUNT(*), SUM(v) FROM t GROUP BY g", "g INT, n BIGINT, s BIGINT", "g")
        story.come_and_go(self, story.last, lambda: totals(story.rows, lambda row: row["g"]))

    def test_whoever_reads_the_totals_sees_none_go_back(self):
        story = Story("SELECT g, COUNT(*), SUM(v) FROM t GROUP BY g", "g INT, n BIGINT, s BIGINT", "g")
        expected = lambda: totals(story.rows, lambda row: row["g"])  # noqa: E731
        for with_signal in (None, None, signal.SIGTERM, None, signal.SIGTERM):
            if with_signal:
                story.end(with_signal)
            else:
                story.start()
            story.feed(3000)
            story.wait_for(story.last, expected)
        story.end_all()
        seen = {}
        for row in velo.values(story.out):
            self.assertGreaterEqual(row["n"], seen.get(row["g"], 0))
            seen[row["g"]] = row["n"]

    def test_changes_by_key(self):
        """The rows of the topic are by `k`, and change; all go through one instance."""
        topic = broker.new_topic("states", partitions=4)
        story = Story(
            "SELECT g, COUNT(*), SUM(v) FROM u GROUP BY g",
            "g INT, n BIGINT, s BIGINT",
            "g",
            more=velo.table(
                "u", "k STRING, g INT, v INT, PRIMARY KEY (k) NOT ENFORCED", topic, "upsert-kafka",
                properties__session__timeout__ms="6000",
            ),
        )  # fmt: skip
        states = {}

        def feed(count):
            first, records = len(story.rows), []
            for i in range(first, first + count):
                key = f"k{i * 7 % 300}"
                value = None if i % 5 == 0 else {"k": key, "g": i % 4, "v": i}
                states[key] = value
                records.append((key, None if value is None else json.dumps(value)))
            story.rows += [None] * count
            velo.send(topic, records)

        story.feed = feed
        story.come_and_go(
            self, story.last, lambda: totals([row for row in states.values() if row], lambda row: row["g"])
        )

    def test_over_everything(self):
        story = Story(
            "SELECT 'all', COUNT(*), SUM(v) FROM t", "what STRING, n BIGINT, s BIGINT", "what"
        )
        story.come_and_go(self, story.last, lambda: totals(story.rows, lambda row: "all"))

    def test_several_threads(self):
        story = Story("SELECT g, COUNT(*), SUM(v) FROM t GROUP BY g", "g INT, n BIGINT, s BIGINT", "g")
        story.start(2, "--parallelism=2")
        story.feed(3000)
        expected = lambda: totals(story.rows, lambda row: row["g"])  # noqa: E731
        story.wait_for(story.last, expected)
        story.end(signal.SIGKILL)
        story.feed(1000)
        story.wait_for(story.last, expected)
        story.end_all()


class Operators(unittest.TestCase):
    """Each by something else than the key of the messages."""

    def test_the_first_rows_of_a_group(self):
        story = Story(
            "SELECT g, rn, id FROM (SELECT g, id, ROW_NUMBER() OVER (PARTITION BY g ORDER BY v DESC, id) AS rn"
            " FROM t) WHERE rn <= 3",
            "g INT, rn BIGINT, id INT",
            "g, rn",
        )

        def expected():
            found = {}
            for g in range(7):
                rows = sorted((-row["v"], row["id"]) for row in story.rows if row["g"] == g)
                found.update({(g, i + 1): (row[1],) for i, row in enumerate(rows[:3])})
            return found

        story.come_and_go(self, lambda: story.last(2), expected)

    def test_the_first_totals_of_a_group(self):
        """The counts are by more than the rows are dealt by."""
        story = Story(
            "SELECT g, rn, k, n FROM (SELECT g, k, n, ROW_NUMBER() OVER (PARTITION BY g ORDER BY n DESC, k)"
            " AS rn FROM (SELECT g, k, COUNT(*) AS n FROM t GROUP BY g, k)) WHERE rn <= 2",
            "g INT, rn BIGINT, k STRING, n BIGINT",
            "g, rn",
        )

        def expected():
            counts = collections.Counter((row["g"], row["k"]) for row in story.rows)
            found = {}
            for g in range(7):
                best = sorted((-n, k) for (of, k), n in counts.items() if of == g)
                found.update({(g, i + 1): (k, -n) for i, (n, k) in enumerate(best[:2])})
            return found

        story.come_and_go(self, lambda: story.last(2), expected)

    def test_sessions(self):
        story = Story(
            "SELECT g, window_start, COUNT(*), SUM(v) FROM SESSION(TABLE t PARTITION BY g, DESCRIPTOR(ts),"
            " INTERVAL '3' SECOND) GROUP BY g, window_start, window_end",
            "g INT, w TIMESTAMP(3), n BIGINT, s BIGINT",
        )
        # Each group has rows for five seconds, and then none for as long.
        story.row = lambda i: {
            "id": i, "k": f"k{i % 31}", "g": i % 7 + 7 * (i // 500 % 2), "v": i % 1000, "ts": at(i // 100)
        }  # fmt: skip

        def found():
            return {(row["g"], row["w"][:19]): (row["n"], row["s"]) for row in velo.values(story.out)}

        def expected():
            over = len(story.rows) - 600  # of those before, no session is open
            rows = [row for row in story.rows if row["id"] // 500 * 500 + 500 <= over]
            return totals(rows, lambda row: (row["g"], at(row["id"] // 500 * 5)))

        def some_of(what):
            return {key: value for key, value in what.items() if key in expected()}

        story.come_and_go(self, lambda: some_of(found()), expected)
        whole = totals(story.rows, lambda row: (row["g"], at(row["id"] // 500 * 5)))
        for row in velo.values(story.out):
            self.assertEqual((row["n"], row["s"]), whole[(row["g"], row["w"][:19])], row)

    def test_running_totals(self):
        story = Story(
            "SELECT id, SUM(v) OVER (PARTITION BY g ORDER BY ts) FROM t", "id INT, s BIGINT"
        )

        def running():
            sums, found = collections.Counter(), {}
            for second in range(len(story.rows) // 100):
                rows = story.rows[second * 100 : second * 100 + 100]
                for row in rows:
                    sums[row["g"]] += row["v"]
                found.update({row["id"]: sums[row["g"]] for row in rows})
            return found

        def expected():
            return {id: total for id, total in running().items() if id < len(story.rows) - 300}

        def found():
            return {row["id"]: row["s"] for row in velo.values(story.out)}

        def some_of(what):
            return {key: value for key, value in what.items() if key in expected()}

        story.come_and_go(self, lambda: some_of(found()), expected)
        whole = running()
        for row in velo.values(story.out):
            self.assertEqual(row["s"], whole[row["id"]], row)


class Joins(unittest.TestCase):
    def test_rows_with_and_without_partners(self):
        right = broker.new_topic("right", partitions=4)
        story = Story(
            "SELECT t.id, t.v, r.w FROM t LEFT JOIN r ON t.id = r.id",
            "id INT, v INT, w INT",
            "id",
            more=velo.table("r", "id INT, w INT", right, properties__session__timeout__ms="6000"),
        )
        feed = story.feed

        def both(count):
            first = len(story.rows)
            feed(count)
            velo.send(right, [f'{{"id":{i},"w":{i * 3}}}' for i in range(first, first + count) if i % 3])

        story.feed = both
        expected = lambda: {  # noqa: E731
            row["id"]: (row["v"], row["id"] * 3 if row["id"] % 3 else None) for row in story.rows
        }
        story.come_and_go(self, story.last, expected)

    def test_a_file_that_every_instance_reads(self):
        with tempfile.TemporaryDirectory() as folder:
            names = Path(folder) / "names.json"
            names.write_text("".join(f'{{"g":{g},"name":"n{g}"}}\n' for g in range(5)))
            story = Story(
                "SELECT id, name FROM t LEFT JOIN f ON t.g = f.g",
                "id INT, name STRING",
                more="CREATE TABLE f (g INT, name STRING) WITH ('connector' = 'filesystem', 'path' ="
                f" '{names}', 'format' = 'json');",
            )
            expected = lambda: {  # noqa: E731
                (row["id"], f"n{row['g']}" if row["g"] < 5 else None) for row in story.rows
            }
            found = lambda: {(row["id"], row["name"]) for row in velo.values(story.out)}  # noqa: E731
            story.come_and_go(self, found, expected)
            self.assertNotIn("read again", story.said)


class Beginnings(unittest.TestCase):
    QUERY = "SELECT g, COUNT(*), SUM(v) FROM t GROUP BY g"
    OUT = "g INT, n BIGINT, s BIGINT"

    def committed(self, story):
        return velo.committed(story.application, story.source, 6)

    def test_that_of_the_first_instance_is_that_of_all(self):
        for keys in ("k", "g"):
            with self.subTest(keys):
                story = Story(
                    f"SELECT {keys}, COUNT(*), SUM(v) FROM t GROUP BY {keys}",
                    f"{keys} {'STRING' if keys == 'k' else 'INT'}, n BIGINT, s BIGINT",
                    keys,
                    scan__startup__mode="latest-offset",
                )
                story.feed(700)
                story.start()
                velo.wait_for(lambda: sum(self.committed(story)) == 700, 60, "the beginning")
                story.rows, before = [], story.rows
                story.row = lambda i, row=story.row: row(i + len(before))
                expected = lambda: totals(story.rows, lambda row: row[keys])  # noqa: E731, B023
                story.feed(1000)
                story.wait_for(story.last, expected)
                story.start()
                story.feed(1000)
                story.wait_for(story.last, expected)
                story.end(signal.SIGKILL)
                story.feed(1000)
                story.wait_for(story.last, expected)
                story.end_all()
                if keys == "k":
                    self.assertEqual(sum(self.committed(story)), 700)

    def test_rows_of_windows_are_not_skipped_either(self):
        story = Story(
            "SELECT id FROM t", "id INT", scan__startup__mode="latest-offset"
        )
        story.feed(700)
        story.start()
        velo.wait_for(lambda: sum(self.committed(story)) == 700, 60, "the beginning")
        found = lambda: {row["id"] for row in velo.values(story.out)}  # noqa: E731
        story.feed(500)
        story.start()
        story.feed(500)
        story.wait_for(found, lambda: set(range(700, 1700)))
        story.end(signal.SIGKILL)
        story.feed(500)
        story.wait_for(found, lambda: set(range(700, 2200)))
        story.end_all()

    def test_positions_of_another_script_are_no_beginning(self):
        window = "TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' SECOND)"
        for keys in ("k", "g"):
            with self.subTest(keys):
                before = Story(
                    f"SELECT {keys}, COUNT(*) FROM {window} GROUP BY {keys}, window_start, window_end",
                    f"{keys} {'STRING' if keys == 'k' else 'INT'}, n BIGINT",
                    scan__watermark__idle_timeout="2 s",  # positions go on as the last windows end
                )
                before.start()
                before.feed(2000)
                velo.wait_for(lambda: sum(self.committed(before)) > 1000, 60, "positions")
                before.end_all()
                query = f"SELECT {keys}, COUNT(*) FROM t GROUP BY {keys}"
                start = before.sql[: before.sql.index("INSERT INTO o")]
                _, said = velo.run(start + query, status=1)
                self.assertIn("for another script", said)
                self.assertIn("another 'application.id' begins anew", said)


if __name__ == "__main__":
    unittest.main()
