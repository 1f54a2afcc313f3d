#!/usr/bin/env python3
"""Every ```cpp and ```cmake block of a page stands, word for word, in a file that a test builds.

    snippets_test.py PAGE FILE…
"""

import re
import sys
from pathlib import Path


def squeezed(text):
    """Without what only layout says."""
    return re.sub(r"\s+", " ", text).strip()


def main():
    page, *files = (Path(argument) for argument in sys.argv[1:])
    sources = [squeezed(file.read_text()) for file in files]
    blocks = re.findall(r"^```(?:cpp|cmake)\n(.*?)^```", page.read_text(), re.M | re.S)
    if not blocks:
        print(f"{page}: no snippets found")
        return 1
    missing = [b for b in blocks if not any(squeezed(b) in source for source in sources)]
    for block in missing:
        print(f"{page}: this snippet is in none of {', '.join(f.name for f in files)}:\n{block}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
