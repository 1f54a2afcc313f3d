#!/usr/bin/env python3
"""Bad input and bad places, as the program meets them: a clear error or a counted bad record, the
right exit status, nothing published that is not whole, nothing left lying about.

    bad_input_test.py VELO [--sanitized] [-k PATTERN]
"""
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

VELO = ""
SLOW = 1  # a sanitizer makes the program slower and larger


class Run:
    """One run of velo: status, stderr, stdout, peak memory in bytes."""

    def __init__(self, arguments, directory, **options):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            stdout = options.pop("stdout", out)
            child = subprocess.Popen([VELO] + arguments, cwd=directory, stdin=subprocess.DEVNULL,
                                     stdout=stdout, stderr=err, **options)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self.status = child.returncode
            self.peak_bytes = usage.ru_maxrss * 1024
            out.seek(0)
            err.seek(0)
            self.out = out.read().decode("utf-8", "replace")
            self.err = err.read().decode("utf-8", "replace")


class BadInput(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="velo_bad_input_")
        self.addCleanup(shutil.rmtree, self.directory)

    def write(self, name, content):
        with open(os.path.join(self.directory, name), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)

    def read(self, name):
        with open(os.path.join(self.directory, name), "rb") as file:
            return file.read()

    def files(self):
        return sorted(os.listdir(self.directory))

    def source(self, path, options="", columns="a BIGINT, b STRING"):
        form = "json" if ".json" in path else "csv"
        header = ", 'csv.header' = 'false'" if form == "csv" else ""
        return (f"CREATE TABLE t ({columns}) WITH ('connector' = 'filesystem', 'path' = '{path}', "
                f"'format' = '{form}'{header}{options});\n")

    def sink(self, path, name="o", columns="a BIGINT, b STRING"):
        form = "json" if ".json" in path else "csv"
        return (f"CREATE TABLE {name} ({columns}) WITH ('connector' = 'filesystem', "
                f"'path' = '{path}', 'format' = '{form}');\n")

    def run_sql(self, sql, *arguments, **options):
        return Run(["run", *arguments, "-e", sql], self.directory, **options)

    def copy(self, path, to="o.csv", options="", *arguments, **run_options):
        return self.run_sql(self.source(path, options) + self.sink(to) +
                            "INSERT INTO o SELECT a, b FROM t;", *arguments, **run_options)

    def expect_failure(self, run, *words):
        """A failed run says what happened and leaves no file that was not there before."""
        self.assertEqual(run.status, 1, run.err)
        self.assertIn("error ", run.err)
        for word in words:
            self.assertIn(word, run.err)
        for name in self.files():
            self.assertFalse(name.startswith("o."), self.files())

    def expect_bad_records(self, run, count, rows, *words):
        """A run that left records out counts them loudly and publishes the rest."""
        self.assertEqual(run.status, 0, run.err)
        for word in words:
            self.assertIn(word, run.err)
        self.assertIn(f"{count} bad: could not be read", run.err)
        self.assertEqual(self.read("o.csv").decode(), "a,b\n" + rows)
        self.assertEqual([n for n in self.files() if "inprogress" in n], [])

    # --- Bytes ---

    def test_gzip_that_is_cut_short(self):
        packed = gzip.compress("".join(f"{i},x\n" for i in range(20000)).encode())
        for length in (len(packed) // 2, len(packed) - 4, 5):
            self.write("t.csv.gz", packed[:length])
            run = self.copy("t.csv.gz")
            self.expect_failure(run, "gzip data of 't.csv.gz' is cut short", "hint:")

    def test_gzip_with_broken_bytes(self):
        packed = bytearray(gzip.compress(os.urandom(5000)))
        packed[2000] ^= 0xFF
        self.write("t.csv.gz", bytes(packed))
        self.expect_failure(self.copy("t.csv.gz"), "t.csv.gz")

    def test_what_is_no_gzip_at_all(self):
        self.write("t.csv.gz", "1,x\n")
        self.expect_failure(self.copy("t.csv.gz"), "broken gzip data", "t.csv.gz")

    def test_zstd_that_is_cut_short(self):
        if not shutil.which("zstd"):
            self.skipTest("there is no zstd to pack with")
        plain = "".join(f"{i},x\n" for i in range(20000)).encode()
        packed = subprocess.run(["zstd", "-c"], input=plain, capture_output=True, check=True).stdout
        self.write("t.csv.zst", packed[:len(packed) // 2])
        self.expect_failure(self.copy("t.csv.zst"), "zstd data of 't.csv.zst' is cut short")

    def test_text_that_is_not_utf8(self):
        self.write("t.csv", b"1,x\n2,\xff\xfe\n3,\xc3\xbc\n")
        self.expect_bad_records(self.copy("t.csv"), 1, "1,x\n3,ü\n", "(encoding)", "t.csv:2",
                                "not UTF-8", "2,\\xff\\xfe")
        self.write("t.json", b'{"a":1,"b":"x"}\n{"a":2,"b":"\xff\xfe"}\n{"a":3,"b":"y"}\n')
        self.expect_bad_records(self.copy("t.json"), 1, "1,x\n3,y\n", "t.json:2")

    # --- Records ---

    def test_rows_with_too_few_and_too_many_fields(self):
        self.write("t.csv", "1,x\n2\n3,y,z\n4,w\n")
        self.expect_bad_records(self.copy("t.csv"), 2, "1,x\n4,w\n", "1 field where 2 are wanted",
                                "3 fields where 2 are wanted", "t.csv:2", "t.csv:3")

    def test_a_bad_record_fails_the_run_when_told_to(self):
        self.write("t.csv", "1,x\n2\n")
        self.expect_failure(self.copy("t.csv", options=", 'bad-records' = 'fail'"), "error 4001",
                            "t.csv:2", "hint:")

    def test_numbers_that_do_not_fit(self):
        self.write("t.csv", "1,x\n9223372036854775808,y\n99999999999999999999,z\n1e400,w\n")
        self.expect_bad_records(self.copy("t.csv"), 3, "1,x\n", "(overflow)",
                                "'9223372036854775808' does not fit into BIGINT")
        self.write("t.json", '{"a":1,"b":"x"}\n{"a":9223372036854775808,"b":"y"}\n')
        self.expect_bad_records(self.copy("t.json"), 1, "1,x\n", "does not fit into BIGINT")

    def test_json_that_breaks_off_or_is_none(self):
        self.write("t.json", '{"a":1,"b":"x"}\n{"a":2,"b":\nnull\n[]\n{"a":"z"}\n{"a":3,"b":"y"}\n{"a":4')
        run = self.copy("t.json")
        self.expect_bad_records(run, 5, "1,x\n3,y\n", "t.json:2")

    def test_a_quote_that_never_closes(self):
        self.write("t.csv", '1,x\n2,"y\n3,z\n')
        self.expect_bad_records(self.copy("t.csv"), 1, "1,x\n", "t.csv:2")

    def test_bad_records_go_to_their_table_unchanged(self):
        self.write("t.csv", b"1,x\n2\n3,\xff\xfe\n")
        sql = (self.source("t.csv", ", 'bad-records.sink' = 'bad'") +
               self.sink("bad.json", "bad", "record BYTES, source STRING, line BIGINT, "
                         "reason STRING") + self.sink("o.csv") + "INSERT INTO o SELECT a, b FROM t;")
        run = self.run_sql(sql)
        self.expect_bad_records(run, 2, "1,x\n")
        letters = [json.loads(line) for line in self.read("bad.json").splitlines()]
        self.assertEqual(letters, [
            {"record": "Mg==", "source": "t.csv", "line": 2, "reason": "field-count"},
            {"record": "Myz//g==", "source": "t.csv", "line": 3, "reason": "encoding"}])

    def test_a_line_of_100_megabytes(self):
        piece = b"z" * 1_000_000
        kinds = {"t.csv": (b"1,x\n2,", b"", b"\n3,y\n"),
                 "t.json": (b'{"a":1,"b":"x"}\n{"a":2,"b":"', b"", b'"}\n{"a":3,"b":"y"}\n'),
                 "array.json": (b'[{"a":1,"b":"x"},\n{"a":2,"b":"', b"", b'"},\n{"a":3,"b":"y"}]\n')}
        for name, (before, between, after) in kinds.items():
            with open(os.path.join(self.directory, name), "wb") as file:
                file.write(before)
                for _ in range(100):
                    file.write(piece + between)
                file.write(after)
            run = self.copy(name)
            self.expect_bad_records(run, 1, "1,x\n3,y\n", "(too-long)", f"{name}:2",
                                    "longer than 16777216 bytes")
            self.assertLess(run.peak_bytes, 80_000_000 * SLOW, name)
            os.remove(os.path.join(self.directory, name))

    def test_nothing_but_bad_records_takes_no_memory(self):
        with open(os.path.join(self.directory, "t.csv"), "wb") as file:
            for _ in range(100):
                file.write((b"z" * 999 + b"\n") * 1000)
        run = self.copy("t.csv")
        self.expect_bad_records(run, "100,000", "", "t.csv:1")
        self.assertLess(run.peak_bytes, 60_000_000 * SLOW)

    # --- Places ---

    def test_a_missing_file(self):
        self.write("trades.csv", "1,x\n")
        self.expect_failure(self.copy("trade.csv"), "file 'trade.csv' does not exist",
                            "did you mean 'trades.csv'?")
        self.expect_failure(self.copy("nowhere/t.csv"), "directory 'nowhere' does not exist")
        self.expect_failure(self.copy("*.psv"), "no file matches '*.psv'")

    def test_a_missing_script_is_an_error_of_usage(self):
        run = Run(["run", "nowhere.sql"], self.directory)
        self.assertEqual(run.status, 2, run.err)
        self.assertIn("nowhere.sql", run.err)

    def test_a_directory_where_a_file_is_named(self):
        self.write("t.csv", "1,x\n")
        os.mkdir(os.path.join(self.directory, "d"))
        run = self.run_sql(self.source("t.csv") + self.sink("d") + "INSERT INTO o SELECT * FROM t;")
        self.expect_failure(run, "'d' is a directory, not a file", "end it with a slash")
        self.assertEqual(os.listdir(os.path.join(self.directory, "d")), [])
        self.expect_failure(self.copy("d"), "no files in directory 'd'")
        self.assertEqual(Run(["run", "d"], self.directory).status, 2)

    def test_sinks_that_cannot_be_written(self):
        self.write("t.csv", "1,x\n")
        self.expect_failure(self.copy("t.csv", "t.csv/o.csv"), "cannot write", "t.csv/o.csv")
        self.expect_failure(self.copy("t.csv", "nowhere/o.csv"), "'nowhere' does not exist",
                            "make the directory first")
        self.expect_failure(self.copy("t.csv", "/proc/o.csv"), "/proc/o.csv")
        if os.getuid() != 0:
            locked = os.path.join(self.directory, "locked")
            os.mkdir(locked, 0o500)
            self.expect_failure(self.copy("t.csv", "locked/o.csv"), "ermission denied")

    def big(self):
        self.write("t.csv", "".join(f"{i},{'x' * 90}\n" for i in range(40000)))

    def test_a_full_device(self):
        self.big()
        self.expect_failure(self.copy("t.csv", "/dev/full"), "error 5004", "/dev/full",
                            "No space left")

    def test_a_file_that_may_not_grow(self):
        self.big()

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

        run = self.copy("t.csv", preexec_fn=limit)
        self.expect_failure(run, "error 5004", "o.csv", "nothing was published")
        self.assertEqual(self.files(), ["t.csv"])

    def test_a_full_disk(self):
        disk = os.path.join(self.directory, "disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "velo", disk],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("file systems cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", disk], check=False)
        self.big()
        for name in ("disk/o.csv", "disk/o.csv.gz", "disk/parts/"):
            options = ("'connector' = 'filesystem', 'format' = 'csv', "
                       f"'path' = '{name}'")
            run = self.run_sql(self.source("t.csv") + f"CREATE TABLE o (a BIGINT, b STRING) WITH "
                               f"({options}); INSERT INTO o SELECT a, b || UUID() FROM t;")
            self.expect_failure(run, "error 5004", "nothing was published")
            self.assertEqual([f for _, _, found in os.walk(disk) for f in found], [])

    def test_a_full_disk_behind_the_bad_records(self):
        self.write("t.csv", "x,y,z\n" * 200000)
        run = self.run_sql(self.source("t.csv", ", 'bad-records.sink' = 'bad'") +
                           self.sink("/dev/full", "bad", "record STRING") + self.sink("o.csv") +
                           "INSERT INTO o SELECT a, b FROM t;")
        self.expect_failure(run, "error 5004", "/dev/full")

    def test_standard_output_that_is_full_or_gone(self):
        self.big()
        sql = self.source("t.csv") + "SELECT a, b FROM t;"
        with open("/dev/full", "wb") as full:
            run = self.run_sql(sql, stdout=full)
        self.expect_failure(run, "standard output", "No space left")
        reader, writer = os.pipe()
        os.close(reader)
        run = self.run_sql(sql, stdout=writer)
        os.close(writer)
        self.assertEqual(run.status, 0, run.err)  # `velo run … | head` is no failure

    def test_several_sinks_publish_together_or_not_at_all(self):
        self.big()
        run = self.run_sql(self.source("t.csv") + self.sink("o.csv") + self.sink("/dev/full", "p") +
                           "INSERT INTO o SELECT a, b FROM t; INSERT INTO p SELECT a, b FROM t;")
        self.expect_failure(run, "/dev/full")
        self.assertEqual(self.files(), ["t.csv"])

    def test_parallel_runs_fail_alike(self):
        self.big()
        self.expect_failure(self.copy("t.csv", "/dev/full", "", "--parallelism", "2"), "error 5004")
        self.write("cut.csv.gz", gzip.compress(self.read("t.csv"))[:2000])
        self.expect_failure(self.copy("cut.csv.gz", "o.csv", "", "--parallelism", "2"), "cut short")


if __name__ == "__main__":
    VELO = os.path.abspath(sys.argv.pop(1))
    if len(sys.argv) > 1 and sys.argv[1] == "--sanitized":
        sys.argv.pop(1)
        SLOW = 10
    unittest.main()
