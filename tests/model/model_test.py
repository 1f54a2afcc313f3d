#!/usr/bin/env python3
"""Random stories, with what must come out worked out by a model, run by `velo test`.

    model_test.py VELO [--seeds FIRST LAST] [--keep DIR]
"""

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import calendars
import cascades
import changelogs
import changes
import expressions
import first_rows
import frames
import grouping_sets
import joins
import subqueries
import transfers
import unnest
import windows

MODELS = {"windows": windows, "cascades": cascades, "changes": changes,
          "changelogs": changelogs, "calendars": calendars,
          "expressions": expressions, "first_rows": first_rows, "frames": frames, "joins": joins,
          "grouping_sets": grouping_sets, "subqueries": subqueries,
          "transfers": transfers, "unnest": unnest}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("velo")
    parser.add_argument("--seeds", nargs=2, type=int, default=(0, 30))
    parser.add_argument("--keep", help="leave the stories in this directory")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(given.keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for seed in range(*given.seeds):
            for name, model in MODELS.items():
                story = model.make(random.Random(f"{name} {seed}"), seed)
                (folder / f"{name}_{seed:05}.slt").write_text(story)
        sys.exit(subprocess.run([given.velo, "test", str(folder)], check=False).returncode)


if __name__ == "__main__":
    main()
