#!/usr/bin/env python3
"""The oracle itself: it finds a wrong answer, makes the case small, and says when it cannot compare."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import compare  # noqa: E402
import oracle  # noqa: E402
import values  # noqa: E402
from case import Case  # noqa: E402
from choices import Choices  # noqa: E402
from shrink import Shrinker  # noqa: E402

# Answers no rows, whatever is asked.
SILENT_VELO = '#!/bin/sh\necho \'{"rows_late": 0, "rows_bad": 0}\' >&2\n'


def has_duckdb():
    try:
        import duckdb  # noqa: F401

        return True
    except ImportError:
        return False


class OracleTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = Path(self.scratch.name)
        self.addCleanup(self.scratch.cleanup)

    def test_a_wrong_answer_is_found_and_made_small(self):
        if not has_duckdb():
            self.skipTest("DuckDB is not there")
        velo = self.folder / "velo"
        velo.write_text(SILENT_VELO)
        velo.chmod(0o755)
        ran = subprocess.run(
            [
                oracle.ROOT / "tools" / "oracle",
                "--velo",
                velo,
                "--cases",
                "4",
                "--families",
                "select",
                "--keep",
                self.folder / "kept",
                "--jobs",
                "1",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn("FAILED select", ran.stdout)
        self.assertIn("again:  tools/oracle --seed 1", ran.stdout)
        kept = sorted((self.folder / "kept").iterdir())
        self.assertTrue(kept)
        for case in kept:
            rows = [
                row
                for row in next(case.glob("t.*")).read_text().splitlines()
                if not row.startswith("id,")
            ]
            self.assertEqual(len(rows), 1, rows)
            self.assertIn("query rowsort", (case / "case.slt").read_text())

    def test_without_duckdb_it_is_skipped_not_passed(self):
        (self.folder / "velo").touch()
        with mock.patch.dict(sys.modules, {"duckdb": None}), mock.patch.object(
            sys, "argv", ["oracle", "--velo", str(self.folder / "velo")]
        ):
            self.assertEqual(oracle.main(), oracle.SKIPPED)

    def test_a_replayed_case_is_the_same(self):
        first = Choices("seed")
        made = [first.between(-5, 5), first.many(lambda: first.below(9), 4), first.chance(50)]
        again = Choices(replay=first.made)
        self.assertEqual(
            made, [again.between(-5, 5), again.many(lambda: again.below(9), 4), again.chance(50)]
        )

    def test_shrinking_finds_the_smallest(self):
        def make(choices):
            c = Choices(replay=choices)
            return c, c.many(lambda: c.between(-50, 50), 10, label="row")

        def fails(choices):
            c, numbers = make(choices)
            return c if any(number >= 13 for number in numbers) else None

        random = Choices("another seed")
        while not any(
            number >= 13 for number in random.many(lambda: random.between(-50, 50), 10, label="row")
        ):
            random = Choices(str(random.made))
        small = Shrinker(fails, 10).shrink(random)
        self.assertEqual(make(small.made)[1], [13])

    def test_doubles_are_compared_by_their_bits(self):
        case = Case([], "", "", [values.DOUBLE])
        self.assertIsNone(compare.rows_problem(case, [[0.1 + 0.2]], [[0.30000000000000004]]))
        self.assertIsNotNone(compare.rows_problem(case, [[0.3]], [[0.30000000000000004]]))
        self.assertIsNotNone(compare.rows_problem(case, [[0.0]], [[-0.0]]))
        case.near = {0: 1e-9}
        self.assertIsNone(compare.rows_problem(case, [[0.3]], [[0.30000000000000004]]))
        self.assertIsNotNone(compare.rows_problem(case, [[0.3], [0.3]], [[0.3]]))


if __name__ == "__main__":
    unittest.main()
