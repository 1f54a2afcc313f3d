#!/usr/bin/env python3
"""Tests of tidy.py: each builds a small house in a temporary folder and expects exact findings."""

import tempfile
import unittest
from pathlib import Path

import tidy

HEADER = "#pragma once\n"


def findings(files, folders=("sql", "column", "expr")):
    """The findings for a house of `files`, as strings; floors get a README and a CMake listing."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        listed = {}
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
            listed.setdefault((root / path).parent, []).append(Path(path).name)
        for folder in folders:
            (root / "src" / folder).mkdir(parents=True, exist_ok=True)
        for folder in (p for p in (root / "src").glob("*") if p.is_dir()):
            if not (folder / "README.md").exists():
                (folder / "README.md").write_text("# here\n")
            if not (folder / "CMakeLists.txt").exists():
                (folder / "CMakeLists.txt").write_text("\n".join(listed.get(folder, [])))
        return [str(f) for f in tidy.check(root)]


class Includes(unittest.TestCase):
    def test_what_lies_below_is_fine(self):
        self.assertEqual([], findings({
            "src/column/batch.h": HEADER,
            "src/expr/expr.cc": '#include "column/batch.h"\n#include <vector>\n'
                                "#include <sys/mman.h>\n",
        }))

    def test_climbing_is_refused(self):
        self.assertEqual(
            ['src/column/batch.h:2: floor: column must not see "expr/expr.h": it may include base'],
            findings({
                "src/column/batch.h": HEADER + '#include "expr/expr.h"\n',
                "src/expr/expr.h": HEADER,
            }))

    def test_neighbours_are_refused(self):
        self.assertEqual(
            ['src/sql/ast.cc:1: floor: sql must not see "column/batch.h": it may include base'],
            findings({
                "src/sql/ast.cc": '#include "column/batch.h"\n',
                "src/column/batch.h": HEADER,
            }))

    def test_no_floor_includes_itself_from_below(self):
        for floor, below in tidy.FLOORS.items():
            for lower in below:
                self.assertNotIn(floor, tidy.FLOORS[lower], f"{floor} and {lower} see each other")
                self.assertLessEqual(tidy.FLOORS[lower], below, f"{floor} over {lower}")

    def test_paths_are_written_from_src(self):
        self.assertEqual(
            ['src/sql/a.cc:1: include: "a.h": write the path from src/, as in "sql/a.h"',
             'src/sql/a.cc:2: include: "sql/b.h" does not exist under src/'],
            findings({"src/sql/a.cc": '#include "a.h"\n#include "sql/b.h"\n'}))

    def test_third_party_has_one_door(self):
        self.assertEqual(
            ['src/sql/a.cc:1: third-party: <fmt/format.h>: include "base/fmt.h"',
             "src/sql/a.cc:2: third-party: <re2/re2.h>: regular expressions are functions of expr",
             "src/sql/a.cc:3: third-party: <gtest/gtest.h>: only tests include GoogleTest",
             "src/sql/a.cc:4: third-party: <leveldb/db.h> is in no table: add it to tools/tidy.py,"
             " with its folder"],
            findings({
                "src/sql/a.cc": "#include <fmt/format.h>\n#include <re2/re2.h>\n"
                                "#include <gtest/gtest.h>\n#include <leveldb/db.h>\n",
                "src/sql/a_test.cc": "#include <gtest/gtest.h>\n",
                "src/expr/b.cc": "#include <re2/re2.h>\n",
                "src/base/fmt.h": HEADER + "#include <fmt/format.h>\n",
            }))

    def test_slow_standard_headers(self):
        found = findings({"src/sql/a.cc": "#include <iostream>\n#include <regex>\n"})
        self.assertEqual(2, len(found))
        self.assertTrue(found[0].startswith("src/sql/a.cc:1: include: use std::fprintf"))
        self.assertTrue(found[1].startswith("src/sql/a.cc:2: include: use RE2"))

    def test_fuzzers_and_benchmarks_see_every_floor(self):
        self.assertEqual([], findings({
            "fuzz/sql_fuzz.cc": '#include "sql/parser.h"\n',
            "fuzz/CMakeLists.txt": "add_fuzzer(sql velo_sql)\n",
            "bench/b.cc": '#include <benchmark/benchmark.h>\n#include "sql/parser.h"\n',
            "bench/CMakeLists.txt": "add_executable(b b.cc)\n",
        }))


class Lengths(unittest.TestCase):
    LONG = "void f(int a,\n       int b) {\n" + "  g();\n" * 69 + "}\n"
    FITS = "void f(int a,\n       int b) {\n" + "  g();\n" * 68 + "}\n"

    def test_functions(self):
        message = "function length: 71 lines > 70: name its parts"
        self.assertEqual([f"src/sql/a.cc:3: {message}"],
                         findings({"src/sql/a.cc": "// {\n" + self.LONG + self.FITS}))
        self.assertEqual(
            [f"src/sql/a.cc:4: {message}"],
            findings({"src/sql/a.cc": "namespace velo {\nclass A : B<C(int)> {\n" + self.LONG
                                      + "};\n}\n"}))

    def test_tables_and_classes_are_no_functions(self):
        rows = "  {1, f(2)},\n" * 80
        self.assertEqual([], findings({
            "src/sql/a.cc": "const Row kRows[] = {\n" + rows + "};\n",
            "src/sql/b.h": HEADER + "class B {\n" + "  void g() { h(); }\n" * 80 + "};\n",
            "src/sql/a_test.cc": self.LONG,
        }))

    def test_braces_in_literals_do_not_count(self):
        self.assertEqual([], findings({
            "src/sql/a.cc": "char f() { return '{'; }\n"
                            + 'auto s = R"x({ " )x";\nauto t = "\\"{";\n'
                            + "int k = 1'000;\n" + self.FITS}))

    def test_files(self):
        self.assertEqual(["src/sql/a.cc:1: file length: 601 lines > 600: split it by topic"],
                         findings({"src/sql/a.cc": "int a;\n" * 601,
                                   "src/sql/b.cc": "int a;\n" * 600,
                                   "src/sql/key_table.cc": "int a;\n" * 601}))

    def test_columns_count_characters(self):
        self.assertEqual(["src/sql/a.cc:1: columns: 101 > 100: break the line"],
                         findings({"src/sql/a.cc": "//" + "é" * 99 + "\n//" + "é" * 98 + "\n"}))


class Names(unittest.TestCase):
    def test_files_and_types(self):
        self.assertEqual(
            ["src/sql/a.cc:1: name: 'impl' in ParserImpl says nothing: name it after what it does",
             "src/sql/text_util.cc:1: name: 'util' says nothing: name the file after what it does"],
            findings({"src/sql/a.cc": "struct ParserImpl;\nstruct Implicit;  // struct Manager\n",
                      "src/sql/text_util.cc": ""}))

    def test_types_of_one_name(self):
        self.assertEqual(
            ["src/expr/kernel.h:3: one definition: velo::Output is defined in src/column/port.h "
             "too: name them apart"],
            findings({
                "src/column/port.h": HEADER + "namespace velo {\nclass Output {\n  int a;\n};\n"
                                              "}  // namespace velo\n",
                "src/expr/kernel.h": HEADER + "namespace velo {\nstruct Output final : Kernel {\n"
                                              "};\n}  // namespace velo\n",
                "src/expr/hidden.cc": "namespace velo {\nnamespace {\nstruct Output {\n};\n"
                                      "}  // namespace\nclass Output;\nstruct Output::Part {\n};\n"
                                      "}  // namespace velo\n",
                "src/sql/ast.h": HEADER + "namespace velo::ast {\nstruct Output {};\n"
                                          "}  // namespace velo::ast\n",
            }))

    def test_unfinished(self):
        self.assertEqual(
            ["src/sql/a.cc:1: unfinished: finish it, or write down the limit and why"],
            findings({"src/sql/a.cc": "// TO" "DO: later\n// TODOS are fine\n"}))


class EarlyReturns(unittest.TestCase):
    MESSAGE = "try: its return leaks what is half built here: a statement before"

    def lines(self, *body):
        found = findings({"src/sql/a.cc": "void f() {\n" + "\n".join(body) + "\n}\n"})
        self.assertTrue(all(f.endswith(self.MESSAGE) for f in found), found)
        return [int(f.split(":")[1]) - 1 for f in found]

    def test_no_half_built_lists(self):
        self.assertEqual([1, 2, 4, 6, 7], self.lines(
            "A a{b, TRY(c)};",
            "return {b, f(TRY(c))};",
            "A a = {b,",
            "       {TRY(c)}};",
            "for (;;) {",
            "  g({1, 2}, {TRY(b), TRY(c)}); }",
            'return fmt("{", A{.b = b, .c = TRY(c)});'))

    def test_no_half_built_objects_of_new(self):
        self.assertEqual([1, 2], self.lines(
            "return P(new A<int, B>(TRY(c)));",
            "p.reset(new velo::A{g(TRY(c))});"))

    def test_whole_statements_calls_and_first_elements(self):
        self.assertEqual([], self.lines(
            "TRY(a);",
            "if (TRY(a)) { TRY(b); } else { for (int i : {1, 2}) TRY(f(i, TRY(g()))); }",
            "const A a = f(b, TRY(c)), d{TRY(e)};",
            "g({a, [&](int i, int j) -> Status { return TRY(h(i, j)); }});",
            "const int renew = 1; P p = make<A>(b, TRY(c));",
            "// {b, TRY(c)}"))


class Folders(unittest.TestCase):
    def test_every_file_is_in_cmake(self):
        self.assertEqual(["src/sql/ast.h:1: cmake: list it in src/sql/CMakeLists.txt"],
                         findings({"src/sql/ast.h": HEADER,
                                   "src/sql/CMakeLists.txt": "past.h ast.hh  # ast.h\n"}))

    def test_a_page_of_readme(self):
        message = "readme: 41 lines > 40: keep what a newcomer needs first"
        self.assertEqual([f"src/sql/README.md:41: {message}"],
                         findings({"src/sql/README.md": "x\n" * 41}))

    def test_a_folder_is_a_floor(self):
        message = "floor: on no floor yet: add it to the table in tools/tidy.py"
        self.assertEqual([f"src/attic:1: {message}"], findings({"src/attic/a.cc": ""}))

    def test_headers_are_included_once(self):
        self.assertEqual(["src/sql/a.h:1: pragma once: headers start with #pragma once"],
                         findings({"src/sql/a.h": "#ifndef A\n#endif\n"}))


if __name__ == "__main__":
    unittest.main()
