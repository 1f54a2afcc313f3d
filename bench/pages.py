"""docs/benchmarks.md is written by several programs, each its part, which begins with a heading."""

import re


def replace_part(path, heading, text):
    """Writes `text`, which begins with `heading`, in the place of the part that does so now."""
    parts = re.split(r"(?m)^(?=#{1,2} )", path.read_text()) if path.exists() else []
    parts = [part.rstrip() + "\n" for part in parts if part.strip()]
    places = [i for i, part in enumerate(parts) if part.splitlines()[0] == heading]
    if places:
        parts[places[0]] = text
    else:
        parts.append(text)
    path.write_text("\n".join(parts))
