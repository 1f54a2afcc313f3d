"""Connectors 'kafka' and 'upsert-kafka' against a real broker: what they read, write and refuse."""

import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

import broker
import velo

BOUNDED = {"scan__bounded__mode": "latest-offset"}


class Reading(unittest.TestCase):
    def setUp(self):
        self.topic = broker.new_topic("in", partitions=2)

    def rows(self, columns, select="*", more="", status=0, **options):
        topic = options.pop("topic", self.topic)
        sql = velo.table("t", columns, topic, **{**BOUNDED, **options})
        return velo.run(f"{sql} SELECT {select} FROM t {more}", status=status)

    def test_what_is_known_of_a_record(self):
        self.topic = broker.new_topic("in", partitions=2, config=("retention.ms=-1",))
        record = {"key": "k", "value": '{"a":1}', "partition": 1, "timestamp": 1_700_000_000_123}
        velo.send(self.topic, [{**record, "headers": {"h": "x", "i": "y"}}])
        rows, _ = self.rows(
            "a INT, topic STRING METADATA, p INT METADATA FROM 'partition', o BIGINT METADATA FROM"
            " 'offset', ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', kind STRING METADATA FROM"
            " 'timestamp-type', k STRING METADATA FROM 'key', h MAP<STRING, BYTES> METADATA FROM"
            " 'headers'",
            "a, topic, p, o, ts, kind, k, CAST(h['i'] AS STRING) AS i, CARDINALITY(h) AS n",
        )
        expected = {"a": 1, "topic": self.topic, "p": 1, "o": 0, "ts": "2023-11-14T22:13:20.123Z"}
        expected |= {"kind": "CreateTime", "k": "k", "i": "y", "n": 2}
        self.assertEqual(rows, [expected])

    def test_columns_of_the_key(self):
        velo.send(self.topic, [("7", '{"b":"x"}'), ("8", '{"b":"y"}'), ("z", '{"b":"bad"}')])
        rows, said = self.rows(
            "k_id INT, b STRING",
            more="ORDER BY 1",
            key__format="csv",
            key__fields="k_id",
            key__fields_prefix="k_",
            value__fields_include="EXCEPT_KEY",
        )
        self.assertEqual(rows, [{"k_id": 7, "b": "x"}, {"k_id": 8, "b": "y"}])
        self.assertIn("key: column 'id': 'z' is no INTEGER", said)

    def test_bad_records_are_counted_with_their_place(self):
        good = [{"value": f'{{"a":{i}}}', "partition": 0} for i in range(3000)]
        good[1000] = {"value": '{"a":"x"}', "partition": 0}
        good[2000] = {"value": "", "partition": 0}
        good[2001] = {"partition": 0}
        velo.send(self.topic, good)
        rows, said = self.rows("a INT", "COUNT(*) AS n, SUM(a) AS s")
        self.assertEqual(rows, [{"n": 2997, "s": sum(range(3000)) - 1000 - 2000 - 2001}])
        for offset in (1000, 2000, 2001):
            self.assertIn(f"{self.topic}-0 at offset {offset}: ", said.replace("partition ", ""))
        _, said = self.rows("a INT", status=1, bad_records="fail")
        self.assertIn("column 'a': '\"x\"' is no INTEGER", said)

    def test_where_reading_begins_and_ends(self):
        now = int(time.time() * 1000)  # much older ones would be deleted at once
        velo.send(
            self.topic,
            [{"value": f'{{"a":{i}}}', "partition": 0, "timestamp": now + i} for i in range(10)],
        )
        offsets = "partition:0,offset:{};partition:1,offset:0".format

        def between(start, end):
            rows, _ = self.rows("a INT", more="ORDER BY 1", **start, **end)
            return [row["a"] for row in rows]

        by_offset = {
            "scan__startup__mode": "specific-offsets",
            "scan__startup__specific_offsets": offsets(7),
        }
        self.assertEqual(between(by_offset, {}), [7, 8, 9])
        until = {
            "scan__bounded__mode": "specific-offsets",
            "scan__bounded__specific_offsets": offsets(8),
        }
        self.assertEqual(between(by_offset, until), [7])
        by_time = {"scan__startup__mode": "timestamp", "scan__startup__timestamp_millis": str(now + 8)}
        self.assertEqual(between(by_time, {}), [8, 9])
        self.assertEqual(between({"scan__startup__mode": "latest-offset"}, {}), [])
        until = {
            "scan__bounded__mode": "timestamp",
            "scan__bounded__timestamp_millis": str(now + 2),
        }
        self.assertEqual(between({}, until), [0, 1])

    def test_several_topics_by_list_and_pattern(self):
        other = self.topic + "-more"
        velo.topics.create(velo.BOOTSTRAP, other, 1, None, ())
        velo.send(self.topic, ['{"a":1}'])
        velo.send(other, ['{"a":2}'])
        rows, _ = self.rows("a INT", more="ORDER BY 1", topic=f"{self.topic};{other}")
        self.assertEqual(rows, [{"a": 1}, {"a": 2}])
        sql = velo.table("t", "a INT, topic STRING METADATA", "", **BOUNDED).replace(
            "'topic' = ''", f"'topic-pattern' = '{self.topic}-m.*'"
        )
        rows, _ = velo.run(f"{sql} SELECT * FROM t")
        self.assertEqual(rows, [{"a": 2, "topic": other}])

    def test_what_was_deleted_unread_is_never_passed_over_in_silence(self):
        velo.send(self.topic, [{"value": f'{{"a":{i}}}', "partition": 0} for i in range(10)])
        velo.topics.truncate(velo.BOOTSTRAP, self.topic, 0, 6)
        start = {
            "scan__startup__mode": "specific-offsets",
            "scan__startup__specific_offsets": "partition:0,offset:2;partition:1,offset:0",
        }
        _, said = self.rows("a INT", status=1, **start)
        self.assertIn(f"{self.topic}-0: the next offset is 2, the broker has 6 to 10", said)
        rows, said = self.rows("a INT", scan__on_data_loss="earliest", **start)
        self.assertEqual([row["a"] for row in rows], [6, 7, 8, 9])
        self.assertIn("going on at 6", said)

    def test_a_topic_that_is_not_there(self):
        sql = velo.table("t", "a INT", self.topic + "x", **BOUNDED)
        _, said = velo.run(f"{sql} SELECT * FROM t", status=1)
        self.assertIn(f"there is no topic '{self.topic}x'", said)
        self.assertIn(f"did you mean '{self.topic}'?", said)

    def test_partitions_and_rows_that_come_later(self):
        out = broker.new_topic("out")
        job = velo.start(
            velo.table("t", "a INT", self.topic, scan__topic_partition_discovery__interval="200 ms")
            + velo.table("o", "a INT", out)
            + "INSERT INTO o SELECT a FROM t"
        )
        velo.send(self.topic, ['{"a":1}'])
        velo.wait_for(lambda: velo.values(out) == [{"a": 1}], what="the first row")
        velo.topics.add_partitions(velo.BOOTSTRAP, self.topic, 3)
        velo.send(self.topic, [{"value": '{"a":2}', "partition": 2}])
        velo.wait_for(lambda: velo.values(out) == [{"a": 1}, {"a": 2}], what="the second row")
        velo.stop(job)


class Writing(unittest.TestCase):
    def test_keys_timestamps_and_headers(self):
        out = broker.new_topic("out", partitions=4, config=("retention.ms=-1",))
        sql = velo.table(
            "o",
            "k STRING, n INT, ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp', h MAP<STRING, BYTES>"
            " METADATA FROM 'headers', PRIMARY KEY (k) NOT ENFORCED",
            out,
            value__fields_include="EXCEPT_KEY",
        )
        velo.run(
            sql + "INSERT INTO o VALUES ('c', 1, TO_TIMESTAMP_LTZ(1700000000123, 3),"
            " MAP['x', CAST('y' AS BYTES)]), ('d', 2, NULL, NULL)"
        )
        found = {record["key"]: record for record in velo.read(out)}
        a, b = found["c"], found["d"]
        self.assertEqual((a["value"], a["timestamp"]), ('{"n":1}', 1_700_000_000_123))
        self.assertEqual((a["headers"], b["headers"], b["value"]), ({"x": "y"}, {}, '{"n":2}'))
        # Where the Java clients would put these keys: murmur2.
        self.assertEqual((a["partition"], b["partition"]), (2, 1))

    def test_upserts_there_and_back(self):
        out = broker.new_topic("out", config=("cleanup.policy=compact",))
        source = broker.new_topic("in")
        velo.send(source, [f'{{"k":"{k}","v":{v}}}' for k, v in [("a", 1), ("b", 2), ("a", -1)]])
        table = velo.table(
            "o",
            "k STRING, total BIGINT, PRIMARY KEY (k) NOT ENFORCED",
            out,
            connector="upsert-kafka",
            **BOUNDED,
        )
        velo.run(
            "SET 'state.unbounded' = 'allow';"
            + velo.table("t", "k STRING, v INT", source, scan__bounded="false", **BOUNDED)
            + table
            + "INSERT INTO o SELECT k, SUM(v) FROM t GROUP BY k HAVING SUM(v) <> 0",
            "--batch-rows=1",
        )
        found = [(record["key"], record["value"]) for record in velo.read(out)]
        self.assertEqual(
            found, [("a", '{"k":"a","total":1}'), ("b", '{"k":"b","total":2}'), ("a", None)]
        )
        rows, _ = velo.run("SET 'state.unbounded' = 'allow';" + table + "SELECT k, total FROM o ORDER BY k")
        self.assertEqual(rows, [{"k": "b", "total": 2}])

    def test_a_record_that_the_broker_refuses_ends_the_job(self):
        out = broker.new_topic("out", config=("max.message.bytes=1000",))
        sql = velo.table("o", "s STRING", out) + "INSERT INTO o SELECT REPEAT('x', 5000)"
        _, said = velo.run(sql, status=1)
        self.assertIn(f"writing to topic '{out}'", said)
        self.assertIn("Message size too large", said)


class BadRecords(unittest.TestCase):
    def test_dead_letters_are_the_messages_as_they_came(self):
        source, letters = broker.new_topic("in", partitions=2), broker.new_topic("dlq")
        records = [{"key": f"k{i}", "value": f'{{"a":{i}}}'} for i in range(20_000)]
        poison = {n: f"poison {n}" for n in range(777, 20_000, 2000)}
        for n, text in poison.items():
            records[n] |= {"value": text, "headers": {"trace": f"t{n}"}, "partition": 1}
        velo.send(source, records)
        rows, said = velo.run(
            velo.table(
                "t",
                "a INT",
                source,
                bad_records="dlq",
                bad_records__sink="letters",
                **BOUNDED,
            )
            + velo.table("letters", "record BYTES", letters, format="raw")
            + "SELECT COUNT(*) AS n FROM t"
        )
        self.assertEqual(rows, [{"n": 20_000 - len(poison)}])
        self.assertIn(f"{len(poison)} bad", said)
        came = {record["value"]: record for record in velo.read(source)}
        found = velo.read(letters)
        self.assertEqual(sorted(r["value"] for r in found), sorted(poison.values()))
        for letter in found:
            original = came[letter["value"]]
            self.assertEqual(letter["key"], original["key"])
            headers = letter["headers"]
            self.assertEqual(headers["trace"], original["headers"]["trace"])
            self.assertEqual(headers["__connect.errors.topic"], source)
            self.assertEqual(headers["__connect.errors.partition"], "1")
            self.assertEqual(headers["__connect.errors.offset"], str(original["offset"]))
            self.assertEqual(headers["__connect.errors.stage"], "VALUE_CONVERTER")
            self.assertEqual(headers["velo.errors.reason"], "value")


class Secrets(unittest.TestCase):
    CANARY = "canary-5f2b"

    def said(self, sql, password, **environment):
        done = subprocess.run(
            [velo.VELO, "run", "-e", sql.replace("SECRET", password), "--stats=json"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, **environment},
        )
        return done.stdout + done.stderr

    def test_nothing_shows_them(self):
        options = {"properties__security__protocol": "SASL_PLAINTEXT"}
        options |= {"properties__sasl__mechanism": "PLAIN", "properties__sasl__username": "u"}
        table = velo.table("t", "a INT", "x", properties__sasl__password="SECRET", **options)
        table = table.replace(velo.BOOTSTRAP, "127.0.0.1:1")
        for query in (
            "SHOW CREATE TABLE t; DESCRIBE EXTENDED t; EXPLAIN SELECT * FROM t",
            "SELECT * FROM t",
            "SELECT nothing FROM t",
        ):
            said = self.said(table + query, "${PASSWORD}", PASSWORD=self.CANARY)
            self.assertNotIn(self.CANARY, said)
            self.assertNotEqual(said, "")
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(self.CANARY + "\n")
            file.flush()
            said = self.said(table + "SHOW CREATE TABLE t", "${file:%s}" % file.name)
            self.assertIn("'properties.sasl.password' = '******'", said)
        said = self.said(table + "SELECT * FROM t", self.CANARY)
        self.assertIn("option 'properties.sasl.password': a secret does not stand in SQL", said)
        self.assertNotIn(self.CANARY, said)


class Restarting(unittest.TestCase):
    def story(self, kill):
        """Rows come while the job is stopped or killed again and again: afterwards every window is
        there, whole, however often."""
        source, out = broker.new_topic("in", partitions=3), broker.new_topic("out")
        group = broker.topic_name("group")
        sql = (
            "SET 'commit.interval' = '50 ms';"
            + velo.table(
                "t",
                "k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND",
                source,
                properties__group__id=group,
            )
            + velo.table("o", "k STRING, w TIMESTAMP(3), n BIGINT, s BIGINT", out)
            + "INSERT INTO o SELECT k, window_start, COUNT(*), SUM(v) FROM TUMBLE(TABLE t,"
            " DESCRIPTOR(ts), INTERVAL '10' SECOND) GROUP BY k, window_start, window_end"
        )
        expected, said = {}, ""
        jobs = 0
        for second in range(0, 100, 5):
            records = []
            for i in range(second * 10, second * 10 + 50):
                key = f"k{i % 7}"
                at = f"2024-01-01T00:{i // 600:02d}:{i // 10 % 60:02d}"
                records.append((key, json.dumps({"k": key, "v": i, "ts": at})))
                window = expected.setdefault((key, i // 100), [0, 0])
                window[0] += 1
                window[1] += i
            velo.send(source, records)
            if second % 20 == 0:
                job = velo.start(sql)
                jobs += 1
            if second % 20 == 15:
                if jobs > 1:  # the first may not have read anything yet
                    velo.wait_for(lambda: sum(velo.committed(group, source, 3)) > 0, what="a commit")
                said += velo.stop(job, signal.SIGKILL if kill else signal.SIGINT)[1]
        job = velo.start(sql)
        closed = {key: found for key, found in expected.items() if key[1] < 9}

        def windows():
            rows = velo.values(out)
            return {(row["k"], int(row["w"][14:16]) * 6 + int(row["w"][17])): row for row in rows}

        velo.wait_for(lambda: windows().keys() >= closed.keys(), what="the last window")
        said += velo.stop(job)[1]
        for row in velo.values(out):  # each of them, not only the last of its window
            window = (row["k"], int(row["w"][14:16]) * 6 + int(row["w"][17]))
            self.assertEqual([row["n"], row["s"]], expected[window], row)
        self.assertNotIn("late", said)
        return len(velo.values(out)) - len(closed), sum(velo.committed(group, source, 3))

    def test_stopped(self):
        repeated, offsets = self.story(kill=False)
        self.assertEqual(repeated, 0)
        self.assertGreater(offsets, 0)

    def test_killed(self):
        repeated, offsets = self.story(kill=True)
        self.assertGreaterEqual(repeated, 0)
        self.assertGreater(offsets, 0)

    def test_rows_go_on_where_they_stood(self):
        source, out = broker.new_topic("in", partitions=2), broker.new_topic("out")
        group = broker.topic_name("group")
        sql = (
            velo.table("t", "a INT", source, properties__group__id=group, **BOUNDED)
            + velo.table("o", "a INT", out)
            + "INSERT INTO o SELECT a FROM t"
        )
        for first in (0, 10, 20):
            velo.send(source, [f'{{"a":{i}}}' for i in range(first, first + 10)])
            velo.run(sql, "--parallelism=2")
        self.assertEqual(sorted(row["a"] for row in velo.values(out)), list(range(30)))
        self.assertEqual(sum(velo.committed(group, source, 2)), 30)

    def test_what_cannot_be_replayed_says_so(self):
        source = broker.new_topic("in")
        velo.send(source, ['{"a":1}', '{"a":1}'])
        group = broker.topic_name("group")
        sql = velo.table("t", "a INT", source, properties__group__id=group, **BOUNDED)
        rows, said = velo.run(sql + "SELECT a, COUNT(*) AS n FROM t GROUP BY a")
        self.assertEqual(rows, [{"a": 1, "n": 2}])
        self.assertIn("offsets are not committed: GROUP BY without a window keeps state", said)
        self.assertEqual(velo.committed(group, source, 1), [0])


if __name__ == "__main__":
    unittest.main()
