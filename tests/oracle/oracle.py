"""Random queries over random data, velo's answers compared with DuckDB's (README.md)."""

import argparse
import json
import multiprocessing
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / ".deps" / "python"))

import compare  # noqa: E402
import engines  # noqa: E402
import golden  # noqa: E402
from choices import Choices  # noqa: E402
from families import FAMILIES  # noqa: E402
from shrink import Shrinker  # noqa: E402

STORY_EVERY = 5  # so many cases are also pushed, with restarts, in all the ways of `velo test`
SKIPPED = 77  # ctest's SKIP_RETURN_CODE


def make_case(given, number, replay=None):
    """The case of this number, and the choices it was made from."""
    c = Choices(f"{given.seed} {number}", replay)
    names = list(given.families)
    family = names[number % len(names)]
    parallelism, batch_rows = c.of([1, 1, 2, 3]), c.of([1024, 1, 3, 7, 64])
    case = FAMILIES[family](c)
    case.seed, case.number, case.family = given.seed, number, family
    case.parallelism, case.batch_rows = parallelism, batch_rows
    return case, c


def title_of(case):
    return f"{case.family}, found by tools/oracle --seed {case.seed} --case {case.number}"


class Judge:
    """Asks both about one case after the other."""

    def __init__(self, given):
        self.given = given
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.scratch = Path(tempfile.mkdtemp(prefix="oracle-", dir=base))
        self.velo = engines.Velo(given.velo, self.scratch / "case", given.timeout)
        self.duck = engines.Duck()

    def judge(self, case):
        """(what is wrong or None, the right rows)"""
        try:
            expected = self.duck.answer(case)
        except engines.Refused as refused:
            return f"DuckDB refuses, so the generator is wrong: {refused}", []
        answer = self.velo.answer(case)
        problem = compare.problem_of(case, expected, answer)
        if problem is None and case.golden and case.number % STORY_EVERY == 0:
            problem = self.velo.test(golden.story_text(case, answer.texts, title_of(case)))
        return problem, expected

    def look_at(self, number):
        """(family, rows of the answer, text about the failure or None)"""
        case, made = make_case(self.given, number)
        problem, expected = self.judge(case)
        if problem is None:
            return case.family, len(expected), None
        kind = compare.kind_of(problem)
        return case.family, len(expected), self.failure(number, made, kind)

    def failure(self, number, made, kind):
        def fails(choices):
            case, remade = make_case(self.given, number, choices)
            problem, _ = self.judge(case)
            return remade if problem is not None and compare.kind_of(problem) == kind else None

        if self.given.shrink_seconds:
            small = Shrinker(fails, self.given.shrink_seconds).shrink(made)
            case, _ = make_case(self.given, number, small.made)
        else:
            case, _ = make_case(self.given, number)
        problem, expected = self.judge(case)
        return self.report(case, problem or kind, expected)

    def report(self, case, problem, expected):
        """Leaves the case in a folder of its own and tells about it."""
        folder = Path(self.given.keep) / f"{case.family}-{self.given.seed}-{case.number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.velo.write(case, folder)
        title = title_of(case)
        story = self.velo.scratch / "story.slt"
        if story.exists() and problem.startswith("velo test"):
            shutil.copy(story, folder / "story.slt")
        (folder / "case.slt").write_text(golden.golden_text(case, expected, title))
        duck = [
            statement
            for table in case.tables + case.duck_tables
            for statement in table.duck_statements()
        ]
        (folder / "duckdb.sql").write_text(
            ";\n".join(duck + case.duck_setup + [case.duck_query]) + ";\n"
        )
        (folder / "problem.txt").write_text(problem + "\n")
        again = [
            "tools/oracle",
            "--seed",
            self.given.seed,
            "--cases",
            str(self.given.cases),
            "--case",
            str(case.number),
        ]
        if len(self.given.families) < len(FAMILIES):
            again += ["--families", ",".join(self.given.families)]
        command = " ".join(map(shlex.quote, self.velo.command(case)))
        return "\n".join(
            [
                f"FAILED {title}",
                indented(problem),
                indented(case.script()),
                f"  again:  {' '.join(again)}",
                f"  small:  (cd {folder} && {command})",
                f"  golden: {folder}/case.slt, DuckDB's side: {folder}/duckdb.sql",
            ]
        )

    def close(self):
        shutil.rmtree(self.scratch, ignore_errors=True)


def indented(text):
    return "\n".join("    " + line for line in text.rstrip().split("\n"))


JUDGE = None


def start_worker(given):
    global JUDGE
    JUDGE = Judge(given)


def look_at(number):
    try:
        return JUDGE.look_at(number)
    except Exception as error:  # a bug of the generator: say where, go on
        import traceback

        return (
            "generator",
            0,
            f"FAILED case {number} could not be made: {error}\n{traceback.format_exc()}",
        )


def run(given):
    begun, last = time.monotonic(), time.monotonic()
    cases, filled, failures = Counter(), Counter(), []
    numbers = [given.case] if given.case is not None else range(given.cases)
    with multiprocessing.Pool(given.jobs, start_worker, (given,)) as pool:
        for family, rows, failure in pool.imap_unordered(
            look_at, numbers, chunksize=1 if given.case is not None else 8
        ):
            cases[family] += 1
            filled[family] += rows > 0
            if failure:
                failures.append(failure)
                print(failure, flush=True)
                if len(failures) >= given.max_failures:
                    print(f"oracle: {len(failures)} failures are enough; stopped")
                    break
            if time.monotonic() - last > 30:
                last = time.monotonic()
                print(
                    f"oracle: {sum(cases.values())} cases, {len(failures)} failed",
                    file=sys.stderr,
                    flush=True,
                )
    for family in cases:
        print(f"  {family:12} {cases[family]:6} cases, {filled[family]:6} with rows")
    total = sum(cases.values())
    print(
        f"oracle: seed {given.seed}: {total - len(failures)} of {total} cases agree with DuckDB "
        f"{duckdb_version()} in {time.monotonic() - begun:.0f} s"
    )
    return 1 if failures else 0


def duckdb_version():
    import duckdb

    return duckdb.__version__


def arguments():
    parser = argparse.ArgumentParser(prog="tools/oracle", description=__doc__)
    parser.add_argument("--seed", default="1", help="other seeds, other cases (default 1)")
    parser.add_argument("--cases", type=int, default=1000, help="so many (default 1000)")
    parser.add_argument("--case", type=int, help="only this one")
    parser.add_argument(
        "--families", default=",".join(FAMILIES), help=f"some of {','.join(FAMILIES)}"
    )
    parser.add_argument(
        "--velo", help="the program (default build/release/velo, else build/dev/velo)"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="processes (default: one per core)"
    )
    parser.add_argument(
        "--keep", default=str(ROOT / "build" / "oracle"), help="where failing cases are left"
    )
    parser.add_argument(
        "--shrink-seconds", type=float, default=30, help="time to make a failing case small"
    )
    parser.add_argument("--max-failures", type=int, default=10, help="stop after so many")
    parser.add_argument(
        "--timeout", type=float, default=60, help="seconds that velo may take for a case"
    )
    parser.add_argument("--list", action="store_true", help="show the families")
    given = parser.parse_args()
    given.families = given.families.split(",")
    for family in given.families:
        if family not in FAMILIES:
            parser.error(f"no family '{family}': there are {', '.join(FAMILIES)}")
    if given.velo is None:
        built = [
            path for path in (ROOT / "build/release/velo", ROOT / "build/dev/velo") if path.exists()
        ]
        if not built:
            parser.error("no velo in build/release or build/dev; build it or name one by --velo")
        given.velo = str(built[0])
    given.velo = str(Path(given.velo).resolve())
    return given


def main():
    given = arguments()
    if given.list:
        for name, make in FAMILIES.items():
            print(f"{name:12} {sys.modules[make.__module__].__doc__.splitlines()[0]}")
        return 0
    try:
        import duckdb  # noqa: F401
    except ImportError as error:
        print(
            f"oracle: SKIPPED, nothing was compared: DuckDB is not there ({error}); tools/setup --oracle installs it"
        )
        return SKIPPED
    return run(given)
