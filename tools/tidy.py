#!/usr/bin/env python3
"""Checks the laws of the house that a compiler cannot: includes, lengths, names, folders.

    tools/tidy.py [ROOT]    a line `file:line: rule: what to do` per finding; exit status 1 if any

The tables below are the law; the functions read it. Nothing here parses C++ fully: sources are
first blanked of comments and strings, then looked at line by line or brace by brace.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

# --- The law -------------------------------------------------------------------------------------

# What each floor may include beside itself. Floors of the same height never see each other.
FLOORS = {
    "base": set(),
    "column": {"base"},
    "sql": {"base"},
    "connector": {"base"},
    "expr": {"column", "base"},
    "format": {"column", "base"},
    "state": {"expr", "column", "base"},
    "plan": {"expr", "sql", "column", "base"},
    "operator": {"state", "expr", "column", "base"},
    "runtime": {"operator", "state", "expr", "format", "column", "connector", "base"},
}
FLOORS["engine"] = set(FLOORS)
FLOORS["server"] = set(FLOORS)
FLOORS["cli"] = set(FLOORS)

# Folders outside src/ that hold C++: they may look at every floor.
OUTSIDE = {"bench", "fuzz", "tests", "examples"}

ENGINE_UP = {"engine", "server", "cli"} | OUTSIDE
RUNTIME_UP = {"runtime"} | ENGINE_UP

# Third-party headers: (pattern of the include, who may include it, what to do instead).
# A path such as "base/fmt.h" allows that single file.
THIRD_PARTY = [
    (r"fmt/", {"base/fmt.h"}, 'include "base/fmt.h"'),
    (r"xxhash\.h", {"base"}, "hash through base"),
    (r"simdjson", {"format"}, "JSON is decoded in format"),
    (r"fast_float/", {"format"}, "data is read in format; elsewhere use std::from_chars"),
    (r"re2/", {"expr"}, "regular expressions are functions of expr"),
    (r"openssl/", {"expr"}, "digests are functions of expr"),
    (r"date/", {"expr"}, "time zones live in expr"),
    (r"(zstd|zlib|lz4|lz4frame|zstd_errors)\.h", {"connector"}, "compression is for connector"),
    (r"librdkafka/", {"connector", "bench"}, "Kafka is for connector"),
    (r"regex\.h", {"connector"}, "only names of topics are matched outside of expr"),
    (r"(google/protobuf|avro)", {"format"}, "wire formats live in format"),
    (r"rocksdb/", {"state"}, "durable state lives in state"),
    (r"spdlog/", RUNTIME_UP, "below runtime nothing logs: return an Error"),
    (r"boost/", {"engine", "server", "bench"}, "asynchrony is for the edges: engine and server"),
    (r"nlohmann/", ENGINE_UP, "control-plane JSON is for engine and above"),
    (r"yaml-cpp/", ENGINE_UP, "YAML is for engine and above"),
    (r"prometheus/", ENGINE_UP, "metrics are exported from engine and above"),
    (r"(CLI/|CLI11)", {"cli"}, "flags are parsed in cli"),
    (r"(histedit\.h|editline/)", {"cli"}, "line editing is for cli"),
    (r"(gtest|gmock)/", {"*_test.cc", "*_test.h"}, "only tests include GoogleTest"),
    (r"benchmark/", {"bench"}, "benchmarks live in bench/"),
]
# What the compiler, the C library and the kernel bring along.
SYSTEM_HEADER = re.compile(
    r"([a-z0-9_]+"  # C++ standard library: no dot
    r"|(sys|linux|netinet|arpa|sanitizer|valgrind)/[a-z0-9_./]+"
    r"|(unistd|fcntl|dirent|fnmatch|glob|signal|pthread|sched|poll|termios|netdb|dlfcn|malloc|time"
    r"|immintrin|x86intrin|cpuid|arm_neon|libgen|execinfo|cxxabi|getopt|pwd|langinfo|errno|locale"
    r"|stdlib|string|stdio|stdint|math|limits|unwind|spawn)\.h)"
)
BANNED_HEADERS = {
    "iostream": "use std::fprintf, base/fmt.h or a stream passed in (it adds static constructors)",
    "regex": "use RE2 in expr (std::regex is slow and may overflow the stack)",
}
BANNED_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "impl"}
NAMES_OF_OTHERS = {"CommonTable"}  # words that SQL or a protocol coined
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b|(//|#)\s*XX" r"X\b")

COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600
README_LINES_MAX = 40


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    remedy: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.remedy}"


# --- Reading C++ ---------------------------------------------------------------------------------

TOKEN = re.compile(
    r'(?P<raw>R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)")'
    r'|(?P<comment>//[^\n]*|/\*.*?\*/)'
    r'|(?P<string>"(?:[^"\\\n]|\\.)*")'
    r"|(?<![0-9a-zA-Z_])(?P<char>'(?:[^'\\\n]|\\.)+')",
    re.DOTALL,
)


def blank(text):
    """The same text with spaces for comments and the insides of literals; line breaks stay."""

    def spaces(match):
        found = match.group()
        if match.group("comment") is not None:
            return re.sub(r"[^\n]", " ", found)
        return '"' + re.sub(r"[^\n]", " ", found[1:-1]) + '"'

    return TOKEN.sub(spaces, text)


def raw_string_lines(text):
    """Numbers of the lines that a raw string literal touches."""
    lines = set()
    for match in TOKEN.finditer(text):
        if match.group("raw") is not None:
            first = text.count("\n", 0, match.start()) + 1
            lines.update(range(first, first + match.group().count("\n") + 1))
    return lines


SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern\s*\"\s*\")")


def opens_function(head):
    """Whether `head`, the text between the last `;`, `{` or `}` and a `{`, begins a body."""
    head = re.sub(r"\b(public|private|protected)\s*:", " ", head)
    head = re.sub(r"^\s*#.*$", " ", head, flags=re.MULTILINE).strip()
    if "(" not in head or head.endswith(("=", ",", "(")):
        return False
    before = head.split("(")[0]
    return not SCOPE.search(re.sub(r"template\s*<[^{}]*?>(?=\s*\w)", " ", before))


def functions(code):
    """Yields (first line, last line) of every function body in blanked code, outermost only."""
    depth_of_function = None
    depth, head_start, begun = 0, 0, 0
    for i, c in enumerate(code):
        if c == "{":
            if depth_of_function is None and opens_function(code[head_start:i]):
                depth_of_function, begun = depth, code.count("\n", 0, i) + 1
            depth += 1
        elif c == "}":
            depth -= 1
            if depth == depth_of_function:
                depth_of_function = None
                yield begun, code.count("\n", 0, i) + 1
        if c in "{};":
            head_start = i + 1


# --- One file ------------------------------------------------------------------------------------


def folder_of(path):
    """"src/sql/lexer.h" → "sql"; "bench/x.cc" → "bench"."""
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else parts[0]


def is_allowed(path, who):
    if folder_of(path) in who:
        return True
    return any(path == f"src/{w}" or (w.startswith("*") and path.endswith(w[1:])) for w in who)


def check_system_include(path, header):
    """The remedy for `#include <header>` in `path`, or None when it is fine."""
    if header in BANNED_HEADERS:
        return "include", BANNED_HEADERS[header]
    for pattern, who, remedy in THIRD_PARTY:
        if re.match(pattern, header):
            return None if is_allowed(path, who) else ("third-party", f"<{header}>: {remedy}")
    if path.startswith("examples/") or SYSTEM_HEADER.fullmatch(header):
        return None
    return "third-party", f"<{header}> is in no table: add it to tools/tidy.py, with its folder"


def check_own_include(root, path, header):
    target = header.split("/")[0]
    folder = folder_of(path)
    if folder in OUTSIDE:
        return None
    if "/" not in header or target not in FLOORS:
        return "include", f'"{header}": write the path from src/, as in "{folder}/{header}"'
    if target != folder and target not in FLOORS.get(folder, set()):
        allowed = ", ".join(f for f in FLOORS if f in FLOORS.get(folder, set())) or "none of ours"
        return "floor", f'{folder} must not see "{header}": it may include {allowed}'
    if not (root / "src" / header).exists():
        return "include", f'"{header}" does not exist under src/'
    return None


def check_includes(root, path, text):
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        if match.group(1) == "<":
            problem = check_system_include(path, match.group(2))
        else:
            problem = check_own_include(root, path, match.group(2))
        if problem:
            yield Finding(path, number, *problem)


def is_test_or_table(path):
    return re.search(r"_(test|table|tables)\.(cc|h)$|^tests/", path) is not None


def check_lengths(path, text, code):
    lines = text.split("\n")
    in_raw = raw_string_lines(text) if path.endswith((".cc", ".h")) else set()
    for number, line in enumerate(lines, 1):
        if len(line) <= COLUMNS_MAX or number in in_raw:
            continue
        if not (is_test_or_table(path) and '"' in line):
            yield Finding(path, number, "columns", f"{len(line)} > {COLUMNS_MAX}: break the line")
    if is_test_or_table(path):
        return
    if len(lines) - 1 > FILE_LINES_MAX:
        yield Finding(path, 1, "file length",
                      f"{len(lines) - 1} lines > {FILE_LINES_MAX}: split it by topic")
    for first, last in functions(code):
        if last - first + 1 > FUNCTION_LINES_MAX:
            yield Finding(path, first, "function length",
                          f"{last - first + 1} lines > {FUNCTION_LINES_MAX}: name its parts")


def words(name):
    """"HttpServer" → http, server; "window_store" → window, store."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)]


def check_names(path, code):
    stem = Path(path).name.split(".")[0]
    for word in BANNED_NAMES.intersection(words(stem)):
        yield Finding(path, 1, "name", f"'{word}' says nothing: name the file after what it does")
    types = re.compile(
        r"\b(?:class|struct|union|enum(?:\s+class)?|using|concept|namespace)\s+(\w+)")
    for match in types.finditer(code):
        if match.group(1) in NAMES_OF_OTHERS:
            continue
        for word in BANNED_NAMES.intersection(words(match.group(1))):
            yield Finding(path, code.count("\n", 0, match.start()) + 1, "name",
                          f"'{word}' in {match.group(1)} says nothing: name it after what it does")


def type_definitions(code):
    """Yields (full name, line) of the types that blanked code defines outside functions and
    classes, where the linker can see them: not in nameless namespaces."""
    opened = []  # namespaces
    depth = 0
    for number, line in enumerate(code.split("\n"), 1):
        namespace = re.match(r"(?:inline )?namespace ?([\w:]*) ?\{", line)
        defined = re.match(r"(?:class|struct|union|enum(?: class)?) (?:\[\[\w+\]\] )?(\w+)"
                           r"(?: final)?(?: : [\w:<>, ]+)? ?\{", line)
        if namespace:
            opened.append(namespace.group(1))
        elif defined and depth == len(opened) and all(opened):
            yield "::".join([*opened, defined.group(1)]), number
        depth += line.count("{") - line.count("}")
        del opened[max(depth, 0):]


def check_one_definition(definitions):
    """Two types of one name in one namespace: the linker keeps the members of one of them for both,
    and no compiler says so. `definitions`: path → code; programs of their own are not linked."""
    first = {}
    for path, code in definitions.items():
        for name, line in type_definitions(code):
            where = first.setdefault(name, path)
            if where != path:
                yield Finding(path, line, "one definition",
                              f"{name} is defined in {where} too: name them apart")


def around(code, places):
    """Yields (place, the brackets around it) for every one of the sorted `places` in blanked code.

    A bracket is a list, innermost first: where it opens, commas of its own level before the place,
    whether its own level holds a `;` (then it is a block, else a list)."""
    open_now, found = [], []
    for i, c in enumerate(code):
        if len(found) < len(places) and i == places[len(found)]:
            found.append([(bracket, bracket["commas"]) for bracket in reversed(open_now)])
        if c in "([{":
            open_now.append({"at": i, "commas": 0, "is_block": False})
        elif c in ")]}" and open_now:
            open_now.pop()
        elif c == "," and open_now:
            open_now[-1]["commas"] += 1
        elif c == ";" and open_now:
            open_now[-1]["is_block"] = True
    for place, brackets in zip(places, found):
        yield place, [(b["at"], commas, b["is_block"]) for b, commas in brackets]


def check_try(path, code):
    """No TRY behind another element of a braced list, nor inside what `new` builds: the early
    return leaves the elements undestroyed (g++ 12) or the memory unfreed (both compilers)."""
    places = [match.start() for match in re.finditer(r"\bTRY\(", code)]
    for place, brackets in around(code, places):
        for at, commas, is_block in brackets:
            if code[at] == "{" and is_block:
                break
            if (code[at] == "{" and commas) or re.search(r"\bnew\s+[\w:<>, ]+$", code[:at][-200:]):
                yield Finding(path, code.count("\n", 0, place) + 1, "try",
                              "its return leaks what is half built here: a statement before")
                break


def check_unfinished(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if UNFINISHED.search(line):
            yield Finding(path, number, "unfinished", "finish it, or write down the limit and why")


def check_cpp(root, path, text):
    code = blank(text)
    yield from check_includes(root, path, text)
    yield from check_lengths(path, text, code)
    yield from check_names(path, code)
    yield from check_try(path, code)
    yield from check_unfinished(path, text)
    if path.endswith(".h") and not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield Finding(path, 1, "pragma once", "headers start with #pragma once")


# --- Folders -------------------------------------------------------------------------------------


def check_listed(root, path):
    """Every source stands by name in the nearest CMakeLists.txt above it."""
    for folder in (root / path).parents:
        listing = folder / "CMakeLists.txt"
        if listing.exists():
            relative = (root / path).relative_to(folder).as_posix()
            text = re.sub(r"#.*", "", listing.read_text())
            base = Path(relative).with_suffix("").as_posix()
            fuzzer = re.search(rf"add_fuzzer\({re.escape(base.removesuffix('_fuzz'))}\b", text)
            named = re.search(rf"(?<![\w/.-]){re.escape(relative)}(?![\w.-])", text)
            if not fuzzer and not named:
                where = listing.relative_to(root).as_posix()
                yield Finding(path, 1, "cmake", f"list it in {where}")
            return
        if folder == root:
            return


def check_folder(root, folder):
    """A floor has a row in FLOORS, a CMakeLists.txt and a README of one page."""
    path = folder.relative_to(root).as_posix()
    if folder.name not in FLOORS:
        yield Finding(path, 1, "floor", "on no floor yet: add it to the table in tools/tidy.py")
    if not (folder / "CMakeLists.txt").exists():
        yield Finding(path, 1, "cmake", "add a CMakeLists.txt that calls add_floor")
    readme = folder / "README.md"
    if not readme.exists():
        yield Finding(path, 1, "readme", "write README.md: purpose, way of data, main types")
        return
    lines = readme.read_text(encoding="utf-8").count("\n")
    if lines > README_LINES_MAX:
        yield Finding(f"{path}/README.md", README_LINES_MAX + 1, "readme",
                      f"{lines} lines > {README_LINES_MAX}: keep what a newcomer needs first")


# --- All of it -----------------------------------------------------------------------------------


def check(root):
    """All findings under `root`, in the order of the paths."""
    sources = []
    linked = {}  # with one another
    for top in ["src", *sorted(OUTSIDE), "tools"]:
        sources += [p for p in sorted((root / top).rglob("*")) if p.suffix in (".h", ".cc", ".py")]
    for source in sources:
        path = source.relative_to(root).as_posix()
        text = source.read_text(encoding="utf-8")
        if source.suffix == ".py":
            yield from check_lengths(path, text, "")
            yield from check_unfinished(path, text)
            continue
        yield from check_cpp(root, path, text)
        if path.startswith("src/"):
            linked[path] = blank(text)
        if not path.startswith("examples/"):
            yield from check_listed(root, path)
    yield from check_one_definition(linked)
    for folder in sorted(p for p in (root / "src").glob("*") if p.is_dir()):
        if any(folder.iterdir()):
            yield from check_folder(root, folder)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    findings = list(check(root))
    for finding in findings:
        print(finding)
    if findings:
        print(f"tidy: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
