#!/usr/bin/env python3
"""Runs random window stories through `velo test`.

    stories_test.py VELO COUNT [FIRST]

A story that fails can be written again and looked at: window_stories.py N N FOLDER.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
from window_stories import Story  # noqa: E402


def main():
    velo, count = sys.argv[1], int(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            (Path(folder) / f"story_{seed}.slt").write_text(Story(seed).tell())
        sys.exit(subprocess.run([velo, "test", folder], check=False).returncode)


if __name__ == "__main__":
    main()
