#!/usr/bin/env python3
"""Ctrl-C as the program takes it: once, it finishes and publishes; twice, it gives up and leaves
nothing; three times, it is gone whatever it waits for.

    stop_test.py VELO [-k PATTERN]
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

VELO = ""
PATIENCE_S = 60

ENDLESS = ("CREATE TABLE t (a BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH "
           "('connector' = 'datagen', 'rows-per-second' = '{rate}', 'fields.a.min' = '0', "
           "'fields.a.max' = '99', 'fields.ts.step' = '1 s');\n")
TO_FILE = ("CREATE TABLE o (a BIGINT) WITH ('connector' = 'filesystem', 'path' = 'o.csv', "
           "'format' = 'csv');\nINSERT INTO o SELECT a FROM t;\n")


class Stopping(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="velo_stop_")
        self.addCleanup(shutil.rmtree, self.directory)

    def start(self, sql, *arguments, **options):
        child = subprocess.Popen([VELO, "run", *arguments, "-e", sql], cwd=self.directory,
                                 stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
        self.addCleanup(lambda: (child.kill(), child.wait(), child.stderr.close()))
        return child

    def wait_until(self, condition):
        end = time.monotonic() + PATIENCE_S
        while not condition():
            self.assertLess(time.monotonic(), end, "it never came to that")
            time.sleep(0.01)

    def files(self):
        return sorted(os.listdir(self.directory))

    def is_writing(self):
        return any(os.path.getsize(os.path.join(self.directory, name)) > 0
                   for name in self.files() if "inprogress" in name)

    def end(self, child):
        _, err = child.communicate(timeout=PATIENCE_S)
        return child.returncode, err.decode("utf-8", "replace")

    def test_once_publishes_what_is_done(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for parallelism in ("1", "2"):
                child = self.start(ENDLESS.format(rate=0) + TO_FILE, "--parallelism", parallelism)
                self.wait_until(self.is_writing)
                child.send_signal(number)
                status, err = self.end(child)
                self.assertEqual(status, 0, err)
                self.assertIn("stopping: finishing what is under way", err)
                self.assertEqual(self.files(), ["o.csv"])
                with open(os.path.join(self.directory, "o.csv"), "rb") as file:
                    text = file.read()
                self.assertTrue(text.startswith(b"a\n") and text.endswith(b"\n"))
                os.remove(os.path.join(self.directory, "o.csv"))

    def test_a_slow_source_is_not_waited_for(self):
        child = self.start(ENDLESS.format(rate="0.01") + "SELECT a FROM t;", stdout=subprocess.PIPE)
        self.addCleanup(child.stdout.close)
        child.stdout.readline()
        begun = time.monotonic()
        child.send_signal(signal.SIGINT)
        status, err = self.end(child)
        self.assertEqual(status, 0, err)
        self.assertLess(time.monotonic() - begun, 20)

    def test_a_growing_file_is_not_waited_for(self):
        with open(os.path.join(self.directory, "t.csv"), "w", encoding="utf-8") as file:
            file.write("1\n")
        child = self.start("CREATE TABLE t (a BIGINT) WITH ('connector' = 'filesystem', 'path' = "
                           "'t.csv', 'format' = 'csv', 'csv.header' = 'false', "
                           "'source.watch' = 'true'); SELECT a FROM t;", stdout=subprocess.PIPE)
        self.addCleanup(child.stdout.close)
        self.assertEqual(child.stdout.readline(), b'{"a":1}\n')
        child.send_signal(signal.SIGINT)
        status, err = self.end(child)
        self.assertEqual(status, 0, err)

    def test_twice_gives_up_and_leaves_nothing(self):
        # Its reader does not read: it cannot finish what is under way.
        reader, writer = os.pipe()
        child = self.start(ENDLESS.format(rate=0) + TO_FILE + "SELECT a FROM t;", stdout=writer)
        os.close(writer)
        self.wait_until(lambda: any("inprogress" in name for name in self.files()))
        time.sleep(0.2)
        for _ in range(2):
            child.send_signal(signal.SIGINT)
            time.sleep(0.2)
        os.close(reader)
        status, err = self.end(child)
        self.assertEqual(status, 1, err)
        self.assertIn("stopped before its results were committed", err)
        self.assertEqual(self.files(), [])

    def test_twice_leaves_nothing_though_nobody_ever_reads(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        child = self.start(ENDLESS.format(rate=0) + TO_FILE + "SELECT a FROM t;", stdout=writer)
        os.close(writer)
        self.wait_until(lambda: any("inprogress" in name for name in self.files()))
        time.sleep(0.2)
        for _ in range(2):
            child.send_signal(signal.SIGINT)
            time.sleep(0.2)
        status, err = self.end(child)
        self.assertEqual(status, 1, err)
        self.assertEqual(self.files(), [])

    def test_three_times_ends_what_waits_for_ever(self):
        os.mkfifo(os.path.join(self.directory, "fifo"))
        child = self.start("CREATE TABLE t (a BIGINT) WITH ('connector' = 'filesystem', 'path' = "
                           "'fifo', 'format' = 'csv'); SELECT a FROM t;")
        time.sleep(0.5)
        for _ in range(3):
            child.send_signal(signal.SIGINT)
            time.sleep(0.2)
        status, err = self.end(child)
        self.assertEqual(status, -signal.SIGINT, err)


if __name__ == "__main__":
    VELO = os.path.abspath(sys.argv.pop(1))
    unittest.main()
