"""What a running job says of its topics: --stats=json."""

import json
import time
import unittest

import broker
import velo


def stats(sql, *arguments):
    """(rows, the object that --stats=json prints) of a job that ends."""
    rows, said = velo.run(sql, "--stats=json", *arguments)
    return rows, json.loads(next(line for line in said.splitlines() if line.startswith("{")))


class Metrics(unittest.TestCase):
    def test_of_each_partition(self):
        topic, out = broker.new_topic("in", partitions=2), broker.new_topic("out")
        group = broker.topic_name("group")
        records = [{"value": f'{{"a":{i}}}', "partition": i % 3 % 2} for i in range(30)]
        velo.send(topic, records)
        sql = velo.table(
            "t", "a INT", topic, scan__bounded__mode="latest-offset", properties__group__id=group
        ) + velo.table("o", "a INT", out)
        _, said = stats(sql + "INSERT INTO o SELECT a FROM t", "--parallelism=2")
        (source,) = said["sources"]
        self.assertEqual((source["lag"], source["rebalances"], source["errors"]), (0, 0, 0))
        partitions = {p["partition"]: p for p in source["partitions"]}
        self.assertEqual(set(partitions), {f"{topic}-0", f"{topic}-1"})
        for name, count in ((f"{topic}-0", 20), (f"{topic}-1", 10)):
            found = partitions[name]
            self.assertEqual(
                [found[k] for k in ("records", "next", "end", "lag", "committed", "waiting")],
                [count, count, count, 0, count, 0],
            )
            self.assertGreater(found["records_per_second"], 0)
            self.assertFalse(found["paused"])
        (sink,) = said["sinks"]
        self.assertEqual((sink["rows_out"], sink["waiting"], sink["errors"]), (30, 0, 0))

    def test_lag_of_what_is_left(self):
        topic = broker.new_topic("in")
        velo.send(topic, [f'{{"a":{i}}}' for i in range(20000)])
        sql = velo.table("t", "a INT", topic)
        _, said = stats(sql + "SELECT a FROM t LIMIT 1", "--batch-rows=10")
        (partition,) = said["sources"][0]["partitions"]
        self.assertEqual(partition["end"], 20000)
        self.assertEqual(partition["lag"], 20000 - partition["next"])
        self.assertGreater(partition["lag"], 0)
        self.assertEqual(said["sources"][0]["lag"], partition["lag"])

    def test_rebalances_are_counted(self):
        topic, out = broker.new_topic("in", partitions=2), broker.new_topic("out")
        velo.send(topic, [{"value": '{"a":1}', "partition": p} for p in (0, 1)])
        name = broker.topic_name("app")
        sql = velo.table("t", "a INT", topic) + velo.table("o", "a INT", out)
        sql += "INSERT INTO o SELECT a FROM t"
        share = f"--set=application.id={name}"
        first = velo.start(sql, share, "--stats=json")
        velo.wait_for(lambda: len(velo.values(out)) == 2, what="the first rows")
        second = velo.start(sql, share)
        velo.wait_for(lambda: sum(velo.committed(name, topic, 2)) == 2, what="a commit")
        time.sleep(8)  # the group deals the partitions anew
        velo.stop(second)
        _, said = velo.stop(first)
        found = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
        self.assertGreaterEqual(found["sources"][0]["rebalances"], 2, found["sources"])


if __name__ == "__main__":
    unittest.main()
