#!/usr/bin/env python3
"""Drives the binary as a person does: words on a command line, a terminal, Ctrl-C, pipes, a shell's completion.

    tests/cli/cli_test.py build/dev/velo [--complete] [unittest arguments]
"""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

VELO = ""
COMPLETE = False  # write docs instead of comparing; then read the diff
ROOT = pathlib.Path(__file__).resolve().parents[2]
ENDLESS = ("CREATE TABLE t (id BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) "
           "WITH ('connector' = 'datagen', 'rows-per-second' = '{}');")
PER_SECOND = ("SELECT window_start, COUNT(*) AS n FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' SECOND) "
              "GROUP BY window_start, window_end;")


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="velo-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return name

    def velo(self, *words, stdin="", env=None):
        """stdout, stderr, exit status; none of the three is a terminal."""
        done = subprocess.run([VELO, *words], input=stdin, text=True, capture_output=True,
                              timeout=60, cwd=self.folder, env={**os.environ, **(env or {})})
        return done.stdout, done.stderr, done.returncode

    def answer(self, sql, *words):
        out, err, status = self.velo("run", *words, "-e", sql)
        self.assertEqual((err, status), ("", 0))
        return out

    def terminal(self, *words, typed=(), columns=80, timeout=30):
        """All that a terminal shows, and the exit status. `typed`: once this is shown, type that."""
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.environ["TERM"] = "xterm"
            time.sleep(0.1)  # until the window has its size
            os.execv(VELO, ["velo", *words])
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        shown, typed, end = "", list(typed), time.time() + timeout
        while time.time() < end:
            if not select.select([fd], [], [], 0.05)[0]:
                continue
            try:
                piece = os.read(fd, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece.decode()
            if typed and typed[0][0] in shown:
                os.write(fd, typed.pop(0)[1].encode())
        else:
            os.kill(pid, signal.SIGKILL)
            shown += "<<still running>>"
        os.close(fd)
        return shown.replace("\r\n", "\n"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def start(self, *words, **more):
        child = subprocess.Popen([VELO, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 cwd=self.folder, **more)
        self.addCleanup(child.stderr.close)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.kill)
        return child


class Help(Case):
    COMMANDS = "run check explain fmt test version completion help".split()

    def test_no_words_explain_all(self):
        out, err, status = self.velo()
        self.assertEqual((err, status), ("", 0))
        for name in self.COMMANDS:
            self.assertIn(f"\n  {name} ", out)
        self.assertEqual(out, self.velo("--help")[0])
        self.assertEqual(out, self.velo("help")[0])

    def test_every_command_teaches_by_example(self):
        for name in self.COMMANDS:
            out, err, status = self.velo(name, "--help")
            self.assertEqual((err, status), ("", 0))
            self.assertIn("\nExamples:\n  ", out)
            self.assertLessEqual(max(map(len, out.splitlines())), 100, name)
            self.assertEqual(out, self.velo("help", name)[0])

    def test_the_example_of_the_overview_is_right(self):
        out = self.velo("--help")[0]
        sql = out[out.index("  CREATE TABLE"):out.index("Commands:")]
        self.write("orders.csv", "symbol,price,ts\nA,2,2024-01-01 00:00:00\nA,4,2024-01-01 00:00:10\n")
        self.assertEqual(self.answer(sql), '{"symbol":"A","window_end":"2024-01-01T00:01:00","price":3.0}\n')

    def test_examples_that_need_nothing_run(self):
        self.assertEqual(self.velo("run", "-e", "SELECT 1 + 1 AS two"), ('{"two":2}\n', "", 0))
        self.assertEqual(self.velo("explain", "-e", "SELECT 1")[2], 0)
        self.assertEqual(self.velo("fmt", "-e", "select a from t window tumbling(1m)")[2], 0)


class Reference(Case):
    def test_docs_hold_what_help_prints(self):
        for topic in ("connectors", "functions"):
            out, err, status = self.velo("help", topic)
            self.assertEqual((err, status), ("", 0))
            page = ROOT / "docs" / f"{topic}.md"
            if COMPLETE:
                page.write_text(out)
            self.assertEqual(out, page.read_text(), f"velo help {topic} > docs/{topic}.md")

    def test_every_option_is_explained(self):
        for topic in ("connectors", "functions"):
            for line in self.velo("help", topic)[0].splitlines():
                if line.startswith("| `"):
                    self.assertNotIn("|  |", line.removesuffix("|  |"), line)

    BLOCK = re.compile(r"```sql( orders)?\n(.*?)```\n```text\n(.*?)```", re.S)

    def test_the_tour_shows_what_comes_out(self):
        page = ROOT / "docs" / "sql.md"
        text = page.read_text()
        for name, rows in re.findall(r"```(?:csv|json) (\S+)\n(.*?)```", text, re.S):
            self.write(name, rows)
        orders = re.search(r"CREATE TABLE orders.*?;\n", text, re.S)[0]

        def run(block):
            sql = (orders if block[1] else "") + block[2]
            done = subprocess.run([VELO, "run", "-o", "table", "-e", sql], text=True, timeout=60,
                                  cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            return f"```sql{block[1] or ''}\n{block[2]}```\n```text\n{done.stdout}```"

        shown = self.BLOCK.sub(run, text)
        if COMPLETE:
            page.write_text(shown)
        self.assertGreater(len(self.BLOCK.findall(text)), 10)
        self.assertEqual(shown, text)


class ExitStatus(Case):
    def check_status(self, wanted, words, *parts, stdin=""):
        out, err, status = self.velo(*words, stdin=stdin)
        self.assertEqual((out.replace("1 error\n", ""), status), ("", wanted), err)
        for part in parts:
            self.assertIn(part, err)

    def test_usage_is_2(self):
        self.check_status(2, ["rum"], "there is no command 'rum'", "did you mean 'run'?")
        self.check_status(2, ["orders.sql"], "to run a file: velo run orders.sql")
        self.check_status(2, ["run"], "takes one file or -e SQL")
        self.check_status(2, ["run", "a.sql", "b.sql"], "takes one file or -e SQL")
        self.check_status(2, ["run", "--ouput", "csv", "a.sql"], "did you mean '--output'?")
        self.check_status(2, ["run", "--output", "xml", "a.sql"], "must be one of table|json|csv")
        self.check_status(2, ["run", "-p", "0", "-e", "SELECT 1"], "not a number above zero")
        self.check_status(2, ["completion", "csh"], "no completion for 'csh'")

    def test_a_script_that_is_not_there_is_2(self):
        self.check_status(2, ["run", "none.sql"], "cannot open 'none.sql'")
        self.check_status(2, ["check", "none.sql"], "cannot open 'none.sql'")
        self.check_status(2, ["run", "SELECT 1"], "velo run -e 'SELECT 1'")
        self.check_status(2, ["run", "."], "cannot open '.': Is a directory")

    def test_unknown_settings_are_2(self):
        self.check_status(2, ["run", "--set", "state.tll=1 h", "-e", "SELECT 1"],
                          "there is no setting 'state.tll'", "did you mean 'state.ttl'?")
        self.check_status(2, ["check", "--set", "state.ttl=soon", "-e", "SELECT 1"], "'state.ttl'", "soon")
        self.check_status(2, ["run", "--set", "x", "-e", "SELECT 1"], "must be KEY=VALUE")

    def test_sql_errors_are_2_with_place_and_remedy(self):
        self.write("q.sql", "-- a comment\nSELECT\n  UPPERR('x');\n")
        self.check_status(2, ["run", "q.sql"], "at q.sql:3:3", "  3 |   UPPERR('x');\n    |   ^^^^^^\n",
                          "did you mean 'UPPER'?")
        self.check_status(2, ["run", "-"], "at standard input:1:11", stdin="SELECT 1 +")

    def test_options_of_columns_are_checked_where_they_stand(self):
        table = "CREATE TABLE t (a INT) WITH ('connector' = 'datagen', 'fields.{}' = '{}')"
        self.check_status(2, ["check", "-e", table.format("a.mim", 1)], "'fields.a.mim' is not known",
                          "at SQL:1:55", "did you mean 'min'?")
        self.check_status(2, ["check", "-e", table.format("a.min", "x")], "a whole number is wanted",
                          "at SQL:1:55")
        self.check_status(2, ["check", "-e", table.format("b.min", 1)], "'fields.b.min'", "at SQL:1:55")

    def test_a_failing_query_is_1(self):
        self.write("t.csv", "a\n1\nx\n")
        table = "CREATE TABLE t (a INT) WITH ('connector'='filesystem','path'='{}','format'='csv'{});"
        sql = table.format("t.csv", ",'bad-records'='fail'") + "SELECT * FROM t"
        out, err, status = self.velo("run", "-e", sql)
        self.assertEqual(status, 1)
        self.assertIn("at t.csv:3", err)
        sql = table.format("none.csv", "") + "SELECT * FROM t"
        out, err, status = self.velo("run", "-e", sql)
        self.assertEqual((out, status), ("", 1))
        self.assertIn("none.csv", err)

    def test_nothing_to_do_is_0(self):
        self.assertEqual(self.velo("run", "-e", ""), ("", "", 0))
        self.assertEqual(self.velo("run", "-", stdin="-- nothing\n"), ("", "", 0))


class Input(Case):
    def test_sql_from_standard_input_and_from_the_command_line(self):
        self.assertEqual(self.velo("run", "-", stdin="SELECT 2 AS two"), ('{"two":2}\n', "", 0))
        self.assertEqual(self.velo("run", "-e", "SELECT 2 AS two"), ('{"two":2}\n', "", 0))

    def test_rows_from_standard_input(self):
        sql = "CREATE TABLE t (a INT) WITH ('connector'='filesystem','path'='-','format'='{}'); SELECT a + 1 AS b FROM t"
        self.assertEqual(self.velo("run", "-e", sql.format("csv"), stdin="a\n1\n2\n"), ('{"b":2}\n{"b":3}\n', "", 0))
        self.assertEqual(self.velo("run", "-e", sql.format("json"), stdin='{"a":1}\n{"a":2}'),
                         ('{"b":2}\n{"b":3}\n', "", 0))

    def test_variables_come_from_the_environment(self):
        self.write("t.csv", "a\n1\n")
        sql = "CREATE TABLE t (a INT) WITH ('connector'='filesystem','path'='${WHERE}','format'='csv'); SELECT * FROM t"
        self.assertEqual(self.velo("run", "-e", sql, env={"WHERE": "t.csv"})[0], '{"a":1}\n')
        self.assertIn("WHERE", self.velo("run", "-e", sql)[1])


class Output(Case):
    SQL = "SELECT * FROM (VALUES (1, 'x'), (20, NULL)) AS v(a, b)"

    def test_forms(self):
        self.assertEqual(self.answer(self.SQL), '{"a":1,"b":"x"}\n{"a":20,"b":null}\n')
        self.assertEqual(self.answer(self.SQL, "-o", "csv"), "a,b\n1,x\n20,\n")
        self.assertEqual(self.answer(self.SQL, "-o", "table"),
                         " a  | b\n----+------\n  1 | x\n 20 | NULL\n")

    def test_a_terminal_gets_a_table(self):
        shown, status = self.terminal("run", "-e", self.SQL)
        self.assertEqual((shown, status),
                         (" a  | b\n----+------\n  1 | x\n 20 | NULL\n(2 rows)\n"
                          "0 rows in, 2 rows out, {} s, 0 rows/s\n".format(shown.split(" s,")[0].split()[-1]), 0))

    def test_stats_are_one_json_object_on_stderr(self):
        self.write("t.csv", "a,ts\n1,2024-01-01 00:00:00\nx,2024-01-01 00:00:00\n2,2024-01-01 00:02:00\n"
                            "3,2024-01-01 00:00:00\n")
        sql = ("CREATE TABLE t (a INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) "
               "WITH ('connector'='filesystem','path'='t.csv','format'='csv');"
               "SELECT window_start, SUM(a) AS s FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE) "
               "GROUP BY window_start, window_end")
        out, err, status = self.velo("run", "--stats=json", "-e", sql)
        self.assertEqual(status, 0)
        self.assertEqual(len(out.splitlines()), 2)
        stats = json.loads(err.splitlines()[-1])
        self.assertEqual([stats[k] for k in ("state", "rows_in", "rows_out", "rows_late", "rows_bad")],
                         ["done", 3, 2, 1, 1])
        self.assertEqual([stats["sources"][0][k] for k in ("table", "rows_in", "bad")], ["t", 3, 1])
        self.assertEqual(sum(o["late"] for o in stats["operators"]), 1)
        for key in ("wall_seconds", "cpu_seconds", "rss_bytes_max"):
            self.assertGreater(stats[key], 0)

    def test_stats_tell_what_a_stored_row_costs(self):
        names = ("o", "p")
        for name in names:
            rows = "".join(f"{i},2024-01-01 00:00:{i % 60:02}\n" for i in range(5000))
            self.write(f"{name}.csv", "a,ts\n" + rows)
        tables = "".join(f"CREATE TABLE {name} (a BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' "
                         f"MINUTE) WITH ('connector'='filesystem','path'='{name}.csv','format'='csv');"
                         for name in names)
        sql = tables + ("SELECT o.a FROM o JOIN p ON o.a = p.a AND p.ts BETWEEN o.ts AND o.ts + INTERVAL '1' HOUR "
                        "WHERE o.a + p.a < 0")
        out, err, status = self.velo("run", "--stats=json", "-e", sql)
        self.assertEqual((out, status), ("", 0))
        join = [o for o in json.loads(err.splitlines()[-1])["operators"] if o["operator"].startswith("Join")][0]
        self.assertEqual(join["column_bytes_per_row"], 16)
        self.assertGreater(join["bytes_per_row"], 16)
        self.assertLess(join["bytes_per_row"], 32)
        self.assertEqual((join["state_keys_max"], join["bytes_per_key"]), (0, None))

    def test_stats_tell_keys_from_rows(self):
        rows = "".join(f"{i % 1000},{i},2024-01-01 00:{i // 60:02}:{i % 60:02}\n" for i in range(3000))
        self.write("t.csv", "k,v,ts\n" + rows)
        sql = ("CREATE TABLE t (k BIGINT, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) "
               "WITH ('connector'='filesystem','path'='t.csv','format'='csv');"
               "SELECT SUM(v) OVER (PARTITION BY k ORDER BY ts ROWS 2 PRECEDING) AS s FROM t")
        out, err, status = self.velo("run", "--stats=json", "-e", sql)
        self.assertEqual((len(out.splitlines()), status), (3000, 0))
        over = [o for o in json.loads(err.splitlines()[-1])["operators"] if o["operator"].startswith("Over")][0]
        self.assertEqual(over["state_keys_max"], 1000)
        self.assertLess(over["bytes_per_row"], 1.5 * over["column_bytes_per_row"])
        self.assertGreater(over["bytes_per_key"], 8)
        out, _, status = self.velo("run", "-e", sql.replace("SELECT", "EXPLAIN ANALYZE SELECT", 1))
        self.assertEqual(status, 0)
        self.assertRegex(out, r"Over per k.*state up to \d+ rows, \d+ bytes: \d+\.\d per row, of them \d+\.\d in "
                              r"columns; 1000 keys, \d+\.\d bytes each")

    def test_losses_are_said_once(self):
        self.write("t.csv", "a\n1\nx\n")
        sql = "CREATE TABLE t (a INT) WITH ('connector'='filesystem','path'='t.csv','format'='csv'); SELECT * FROM t"
        out, err, status = self.velo("run", "-e", sql)
        self.assertEqual((out, status), ('{"a":1}\n', 0))
        self.assertEqual(err, "warning: bad record (value) in table 't', t.csv:3: column 'a': 'x' is no INTEGER: x\n"
                              "warning: 1 row did not make it into the answers (1 row in):\n"
                              "  1 bad: could not be read, or an expression failed\n")

    def test_broken_pipe_ends_the_run_quietly(self):
        child = self.start("run", "-e", ENDLESS.format(100000) + "SELECT * FROM t")
        child.stdout.readline()
        child.stdout.close()
        child.wait(timeout=20)
        self.assertEqual((child.stderr.read(), child.returncode), (b"", 0))

    def test_the_first_row_comes_at_once(self):
        child = self.start("run", "-e", "CREATE TABLE t (a INT) WITH ('connector'='filesystem','path'='-',"
                           "'format'='csv'); SELECT a FROM t", stdin=subprocess.PIPE)
        child.stdin.write(b"a\n7\n")
        child.stdin.flush()
        self.assertEqual(child.stdout.readline(), b'{"a":7}\n')
        child.stdin.close()
        self.assertEqual(child.wait(timeout=20), 0)


class Catalog(Case):
    TABLE = ("CREATE TABLE t (\n  id BIGINT NOT NULL COMMENT 'a number',\n  twice AS id * 2,\n  ts TIMESTAMP(3),\n"
             "  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,\n  PRIMARY KEY (id) NOT ENFORCED\n"
             ") COMMENT 'it''s' WITH (\n  'connector' = 'datagen'\n)")

    def test_show_create_is_what_was_written(self):
        self.assertEqual(self.answer(self.TABLE + "; SHOW CREATE TABLE t"), self.TABLE + "\n")

    def test_show_and_describe(self):
        self.assertEqual(self.answer(self.TABLE + "; SHOW TABLES"), '{"name":"t","kind":"table"}\n')
        self.assertEqual(self.answer(self.TABLE + "; DESCRIBE t", "-o", "csv"),
                         "name,type,null,key,extra\nid,BIGINT,NOT NULL,PRIMARY KEY,a number\ntwice,BIGINT,\"\",\"\",AS id * 2\n"
                         "ts,TIMESTAMP(3),\"\",\"\",WATERMARK AS ts - INTERVAL '5' SECOND\n")

    def test_show_functions_says_what_they_do(self):
        self.assertEqual(
            self.answer("SHOW FUNCTIONS LIKE 'JSON_TYPE'", "-o", "csv").splitlines()[1],
            'JSON_TYPE,scalar,"JSON_TYPE(json STRING [, path STRING]) -> STRING",'
            '"object, array, string, number, boolean or null; NULL if there is none"')
        self.assertIn('"name":"DATE_ADD"', self.answer("SHOW FUNCTIONS LIKE 'date_%'"))

    def test_a_file_is_a_table(self):
        self.write("orders.csv", "id,name\n7,pen\n")
        self.assertEqual(self.answer("SELECT name FROM 'orders.csv' WHERE id = 7"), '{"name":"pen"}\n')


class Terminal(Case):
    def test_progress_and_ctrl_c(self):
        shown, status = self.terminal("run", "-e", ENDLESS.format(2000) + PER_SECOND,
                                      typed=[("00:00:00 | 1000", "\x03")])
        self.assertEqual(status, 0, shown)
        self.assertIn("rows/s  watermark 2024", shown)
        self.assertIn("\x1b[Kstopping: finishing what is under way; once more to give up\n", shown)
        self.assertRegex(shown, r"\n[\d,]+ rows in, \d+ rows? out, [\d.]+ s, [\d.k ]+ rows/s\n$")

    def test_progress_stays_on_one_line_of_a_narrow_terminal(self):
        shown, status = self.terminal("run", "-e", ENDLESS.format(2000) + PER_SECOND, columns=30,
                                      typed=[("00:00:00 | 1000", "\x03")])
        self.assertEqual(status, 0)
        lines = [line for line in shown.replace("\n", "\r").split("\r") if line.startswith("\x1b[K") and "rows in" in line]
        self.assertTrue(lines)
        for line in lines:
            self.assertLess(len(line) - len("\x1b[K"), 30, line)

    def test_never_and_always(self):
        shown, _ = self.terminal("run", "--progress=never", "-e", "SELECT 1 AS a")
        self.assertEqual(shown, " a\n---\n 1\n(1 row)\n")
        err = self.velo("run", "--progress=always", "-e", "SELECT 1 AS a")[1]
        self.assertRegex(err, r"^0 rows in, 1 row out, ")

    def test_ctrl_c_publishes_what_was_written(self):
        self.write("q.sql", ENDLESS.format(50000) + "CREATE TABLE o (id BIGINT) WITH ('connector'='filesystem',"
                   "'path'='out.csv','format'='csv'); INSERT INTO o SELECT id FROM t;")
        child = self.start("run", "q.sql")
        time.sleep(1)
        self.assertFalse((self.folder / "out.csv").exists())
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=20), 0)
        lines = (self.folder / "out.csv").read_text().splitlines()
        self.assertEqual(lines[0], "id")
        self.assertGreater(len(lines), 1000)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["out.csv", "q.sql"])

    def test_the_second_ctrl_c_gives_up_even_if_nobody_reads(self):
        child = self.start("run", "-e", ENDLESS.format(1000000) + "SELECT * FROM t")
        time.sleep(1)  # the pipe is full by now
        child.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertIsNone(child.poll())
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=20), 1)
        self.assertIn(b"given up", child.stderr.read())

    def test_ctrl_c_while_standard_input_is_silent(self):
        child = self.start("run", "-e", "CREATE TABLE t (a INT) WITH ('connector'='filesystem','path'='-',"
                           "'format'='csv'); SELECT COUNT(*) AS n FROM t EMIT FINAL", stdin=subprocess.PIPE)
        child.stdin.write(b"a\n7\n8\n")
        child.stdin.flush()
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=20), 0)
        child.stdin.close()

    def test_sigterm_is_like_ctrl_c(self):
        child = self.start("run", "-e", ENDLESS.format(1000) + "SELECT id FROM t")
        child.stdout.readline()
        child.send_signal(signal.SIGTERM)
        rest = child.stdout.read()
        self.assertEqual(child.wait(timeout=20), 0)
        self.assertTrue(rest.endswith(b"}\n"), rest[-80:])


class Language(Case):
    def test_check_finds_all_errors(self):
        self.write("q.sql", "SELECT 1 +;\nSELECT x FROM nowhere;\nSELECT upperr('a');\n")
        out, err, status = self.velo("check", "q.sql")
        self.assertEqual((out, status), ("3 errors\n", 2))
        for place in ("at q.sql:1:11", "at q.sql:2:15", "at q.sql:3:8"):
            self.assertIn(place, err)

    def test_check_says_what_bounds_the_state(self):
        self.write("q.sql", ENDLESS.format(10) + "\n" + PER_SECOND + "\nSELECT id FROM t;\n")
        out, err, status = self.velo("check", "q.sql")
        self.assertEqual((err, status), ("", 0))
        self.assertEqual(out, "q.sql:2: WindowAggregate TUMBLE(ts, INTERVAL '1' SECOND): state until the watermark passes\n"
                              "q.sql:3: no state\nok\n")

    def test_check_says_what_bounds_a_join(self):
        table = ENDLESS.format(10)
        sql = table + table.replace(" t ", " u ") + (
            "SELECT t.id FROM t JOIN u ON t.id = u.id "
            "AND u.ts BETWEEN t.ts - INTERVAL '1' MINUTE AND t.ts;")
        out, err, status = self.velo("check", "-e", sql)
        self.assertEqual((err, status), ("", 0))
        self.assertRegex(out, r"^SQL:1: .*Join.*: state until the watermark passes, "
                              r"16 bytes per left row, 16 bytes per right row\nok\n$")

    def test_check_notes(self):
        self.write("q.sql", ENDLESS.format(10) + "\nCREATE TABLE spare (a INT) WITH ('connector'='datagen');\n"
                   "SELECT id FROM t WHERE id = NULL;\n")
        out, err, status = self.velo("check", "q.sql")
        self.assertEqual(status, 0)
        self.assertIn("warning: table 'spare' is not used\n  at q.sql:2:14", err)
        self.assertIn("warning: '= NULL' is never true\n  at q.sql:3:24", err)
        self.assertIn("IS NULL", err)

    def test_explain_names_each_query(self):
        self.write("q.sql", ENDLESS.format(10) + "\nCREATE TABLE o (id BIGINT) WITH ('connector'='blackhole');\n"
                   "INSERT INTO o SELECT id FROM t;\nSELECT id FROM t;\n")
        out, err, status = self.velo("explain", "q.sql")
        self.assertEqual((err, status), ("", 0))
        self.assertEqual(out, "q.sql:3: INSERT INTO o SELECT id FROM t\nSink o: id; written as append\n  Scan t: id\n\n"
                              "q.sql:4: SELECT id FROM t\nScan t: id\n")

    def test_fmt_is_idempotent_on_every_file_there_is(self):
        files = [p for p in ROOT.rglob("*.sql") if "build" not in p.parts and "fuzz" not in p.parts]
        self.assertTrue(files)
        for path in files:
            out, err, status = self.velo("fmt", str(path))
            self.assertEqual((err, status), ("", 0), path)
            self.assertEqual(self.velo("fmt", "-", stdin=out), (out, "", 0), path)

    def test_fmt_in_place_and_check(self):
        self.write("q.sql", "select a from t -- why\n")
        out, err, status = self.velo("fmt", "--check", "q.sql")
        self.assertEqual((out, err, status), ("", "q.sql: not laid out; velo fmt -w q.sql\n", 1))
        self.assertEqual(self.velo("fmt", "-w", "q.sql"), ("", "", 0))
        self.assertIn("SELECT a", (self.folder / "q.sql").read_text())
        self.assertEqual(self.velo("fmt", "--check", "q.sql"), ("", "", 0))


class Dialect(Case):
    def test_everything_named_runs_or_is_refused_at_its_place(self):
        lines = (ROOT / "tests" / "cli" / "dialect.txt").read_text().splitlines()
        tables = "\n".join(line[2:] for line in lines if line.startswith("= "))
        statements = [line for line in lines if line and not line.startswith(("= ", "#"))]
        self.assertGreater(len(statements), 140)
        for statement in statements:
            _, err, status = self.velo("check", "-e", tables + "\n" + statement)
            if status != 0:
                self.assertRegex(err, r"^error 2004: not supported yet: .+\n  at SQL:6:\d+\n", statement)
            laid_out, err, status = self.velo("fmt", "-e", statement)
            self.assertEqual((err, status), ("", 0), statement)
            self.assertEqual(self.velo("fmt", "-e", laid_out), (laid_out, "", 0), statement)


class DeadLetters(Case):
    """velo dlq, as far as it needs no broker; the rest is in tests/kafka."""

    def test_letters_in_a_file(self):
        letters = [{"record": "1,x", "source": "a.csv", "offset": 7, "line": 2, "reason": "value",
                    "message": "column 'b': 'x' is no INTEGER"},
                   {"record": "2,y", "source": "b.csv", "offset": 9, "line": 3, "reason": "value", "message": "so"}]
        self.write("dead.json", "".join(json.dumps(letter) + "\n" for letter in letters))
        out, err, status = self.velo("dlq", "show", "dead.json", "--filter", "source = 'a.csv'")
        self.assertEqual((err, status), ("", 0))
        self.assertEqual(json.loads(out), {
            "source": "a.csv", "partition": None, "offset": 7, "line": 2, "table_name": None, "reason": "value",
            "error": "column 'b': 'x' is no INTEGER", "value": "1,x"})
        self.assertEqual(self.velo("dlq", "show", "dead.json", "-n", "1", "-o", "csv")[0].count("\n"), 2)
        out, err, status = self.velo("dlq", "show", "dead.json", "--filter", "sauce = 'a.csv'")
        self.assertEqual((out, status), ("", 2))
        self.assertIn("sauce = 'a.csv'", err)
        self.assertIn("did you mean 'source'?", err)

    def test_what_is_wanted(self):
        for words, said in (((), "dlq show, or dlq replay, is wanted"), (("show",), "one topic is wanted"),
                            (("replay", "dead.json"), "holds no keys and headers"),
                            (("show", "t", "--again"), "--again is for dlq replay"),
                            (("replay", "t"), "the brokers of 't' are not known")):
            out, err, status = self.velo("dlq", *words, env={"VELO_KAFKA_BROKERS": ""})
            self.assertEqual((out, status), ("", 2), words)
            self.assertIn(said, err)


class Completion(Case):
    def bash(self, line):
        """What bash offers after `line` (its last word may be begun, or empty after a blank)."""
        script = """
            source <(VELO completion bash)
            COMP_LINE=$1 COMP_POINT=${#1}
            read -ra COMP_WORDS <<< "$1"; [[ $1 == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _velo velo "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
        """.replace("VELO", VELO)
        done = subprocess.run(["bash", "-c", script, "bash", line], text=True, capture_output=True, cwd=self.folder)
        self.assertEqual(done.stderr, "")
        return sorted(filter(None, done.stdout.split("\n")))

    def test_bash(self):
        self.write("orders.sql", "")
        self.write("my orders.sql", "")
        self.write("notes.txt", "")
        (self.folder / "more").mkdir()
        self.assertEqual(self.bash("velo r"), ["run"])
        self.assertEqual(self.bash("velo run --out"), ["--output"])
        self.assertIn("--execute", self.bash("velo explain -"))
        self.assertEqual(self.bash("velo run --output "), ["csv", "json", "table"])
        self.assertEqual(self.bash("velo run -o t"), ["table"])
        self.assertEqual(self.bash("velo run o"), ["orders.sql"])
        self.assertEqual(self.bash("velo run m"), ["more", "my orders.sql"])
        self.assertEqual(self.bash("velo completion "), ["bash", "fish", "zsh"])
        self.assertIn("explain", self.bash("velo help "))

    def test_bash_in_earnest(self):
        if not shutil.which("bash"):
            self.skipTest("no bash")
        done = subprocess.run(["bash", "-c", f"source <({VELO} completion bash); complete -p velo"], text=True,
                              capture_output=True)
        self.assertEqual((done.stdout.strip(), done.stderr), ("complete -o filenames -F _velo velo", ""))

    def test_zsh_and_fish_read_their_scripts(self):
        for shell in ("zsh", "fish"):
            script, err, status = self.velo("completion", shell)
            self.assertEqual((err, status), ("", 0))
            says = "run SQL: events in, answers out"
            self.assertIn(says.replace(":", "\\:") if shell == "zsh" else says, script)
            # Quotes are closed even where the shell is not there to say so.
            for line in script.splitlines():
                self.assertEqual(line.replace("'\\''", "").replace("\\'", "").count("'") % 2, 0, line)
            if shutil.which(shell):
                self.write(f"velo.{shell}", script)
                done = subprocess.run([shell, "-n", f"velo.{shell}"], text=True, capture_output=True, cwd=self.folder)
                self.assertEqual((done.stderr, done.returncode), ("", 0))

    @unittest.skipUnless(shutil.which("fish"), "no fish")
    def test_fish(self):
        def offered(line):
            done = subprocess.run(["fish", "-c", f"{VELO} completion fish | source; complete -C '{line}'"],
                                  text=True, capture_output=True, cwd=self.folder,
                                  env={**os.environ, "HOME": str(self.folder)})
            return [word.split("\t")[0] for word in done.stdout.splitlines()]

        self.write("orders.sql", "")
        self.assertEqual(offered("velo r"), ["run"])
        self.assertEqual(offered("velo run --output "), ["csv", "json", "table"])
        self.assertEqual(offered("velo run ord"), ["orders.sql"])
        self.assertEqual(offered("velo completion "), ["bash", "fish", "zsh"])


if __name__ == "__main__":
    COMPLETE = "--complete" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--complete"]
    VELO = os.path.abspath(sys.argv.pop(1))
    unittest.main()
