#!/usr/bin/env python3
"""A lint that cannot fail is worthless: each rule is shown trees that break it.

usage: self_test.py COMPILER...
"""

import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "support")]
sys.dont_write_bytecode = True

import count  # noqa: E402
import headers  # noqa: E402
import layering  # noqa: E402
import paths  # noqa: E402
import readme  # noqa: E402
import tree  # noqa: E402

GOOD = {
    "kit/meson.build": "files('a.cpp')",
    "kit/a.hpp": "#pragma once\n#include <vector>\n#include <asio/awaitable.hpp>\n#include <kit/detail/b.hpp>\n",
    "kit/a.cpp": '#include <kit/a.hpp>\n#include <simdjson.h>\n// asio::detached, std::cout << "in a comment"\n',
    "kit/detail/b.hpp": "#pragma once\n",
    "middleware/retry.hpp": "#include <kit/a.hpp>\n",
    "transports/http/meson.build": "files('server.cpp')",
    "transports/http/server.cpp": "#include <kit/a.hpp>\n#include <transports/http/detail/x.hpp>\n",
    "transports/http/detail/x.hpp": "#pragma once\n#include <string>\n",
    "examples/meson.build": "{'hello': http_dep}",
    "examples/hello.cpp": "#include <transports/http/server.hpp>\n#include <middleware/retry.hpp>\n",
    "test/unit/kit/meson.build": "files('a_test.cpp')",
    "test/unit/kit/a_test.cpp": "#include <kit/detail/b.hpp>\n#include <doctest/doctest.h>\n",
}

LAMBDA = """
auto f(int x) {
  return [%s](request r) -> asio::awaitable<response> {
    %s
  };
}
"""

# What breaks a rule: file, text, and a part of the complaint.
BAD = [
    ("kit/x.hpp", "#include <middleware/retry.hpp>", "kit may not include middleware"),
    ("kit/x.hpp", "#  include <transports/http/server.hpp>", "kit may not include transports"),
    ("middleware/x.hpp", "#include <transports/http/server.hpp>", "middleware may not include transports"),
    ("transports/http/x.hpp", "#include <middleware/retry.hpp>", "transports may not include middleware"),
    ("transports/http/x.hpp", "#include <examples/hello.hpp>", "transports may not include examples"),
    ("kit/x.hpp", "#include <test/support/loop.hpp>", "kit may not include test"),
    ("kit/x.hpp", '#include "../middleware/retry.hpp"', "kit may not include middleware"),
    ("kit/x.hpp", '#include "a.hpp"', "the path from the root"),
    ("middleware/x.hpp", "#include <kit/detail/b.hpp>", "a detail of kit"),
    ("kit/x.hpp", "#include <kit/http/detail/b.hpp>", "a detail of kit/http"),
    ("examples/hello.cpp", "#include <kit/detail/b.hpp>", "a detail of kit"),
    ("test/integration/x.hpp", "#include <kit/detail/b.hpp>", "a detail of kit"),
    ("kit/a.cpp", "#include <asio.hpp>", "narrow headers"),
    ("examples/hello.cpp", "#include <asio.hpp>", "narrow headers"),
    ("kit/x.hpp", "#include <simdjson.h>", "a public header includes <simdjson.h>"),
    ("kit/x.hpp", "#include <curl/curl.h>", "a public header includes <curl/curl.h>"),
    ("kit/x.hpp", "#include <spdlog/spdlog.h>", "a public header includes <spdlog/spdlog.h>"),
    ("kit/x.hpp", "#include <emmintrin.h>", "a public header includes <emmintrin.h>"),
    ("kit/x.hpp", "#include <tl/expected.hpp>", "a public header includes <tl/expected.hpp>"),
    ("kit/a.cpp", "co_spawn(ex, f(), asio::detached);", "asio::detached"),
    ("kit/a.cpp", "thread_local int x;", "thread_local"),
    ("kit/metrics/detail/thread_slots.hpp", "thread_local int x;", "thread_local"),
    ("kit/metrics/thread_slot.hpp", "thread_local int x;", "thread_local"),
    ("kit/metrics/detail/thread_slot.hpp", "co_spawn(ex, f(), asio::detached);", "asio::detached"),
    ("kit/a.cpp", 'std::cerr << "x";', "prints nothing"),
    ("kit/a.cpp", 'printf("x");', "prints nothing"),
    ("kit/a.cpp", LAMBDA % ("x", "co_return co_await call(r, x);"), "capturing lambda"),
    ("kit/a.cpp", LAMBDA % ("x = 1, &y", "if (x) { y(); } co_return response{};"), "capturing lambda"),
    ("kit/a.cpp", "\n" * 501, "501 lines"),
    ("kit/new.cpp", "", "stands in no meson.build"),
    ("test/unit/kit/new_test.cpp", "", "stands in no meson.build"),
]

# What looks like a breach and is none.
FINE = [
    ("kit/a.cpp", LAMBDA % ("x", "return call(r, x);")),
    ("kit/a.cpp", LAMBDA % ("", "co_return response{};")),
    ("kit/a.cpp", "int x = names[i](y) -> z;\nstd::snprintf(b, 1, f);\nlog.printf(x);\n"),
    ("kit/a.cpp", "/* #include nothing\n asio::detached */ auto s = R\"(thread_local)\";\n"),
    ("kit/result.hpp", "#include <tl/expected.hpp>\n"),
    ("kit/detail/b.hpp", "#include <emmintrin.h>\n"),
    ("kit/metrics/detail/thread_slot.hpp", "extern thread_local int x;\n"),
    ("test/bench/x.hpp", "#include <transports/http/detail/x.hpp>\n"),
]


class Tree(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = pathlib.Path(holder.name)
        for name, text in GOOD.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class Layering(Tree):
    def complaints(self):
        return [f"{path}: {complaint}" for path, _, complaint in layering.check(self.root)]

    def test_good_tree(self):
        self.assertEqual(self.complaints(), [])

    def test_each_breach_is_found(self):
        for name, text, complaint in BAD:
            with self.subTest(name=name, text=text):
                self.setUp()
                self.write(name, text)
                found = self.complaints()
                self.assertTrue(any(name in c and complaint in c for c in found), found)

    def test_no_false_alarm(self):
        for name, text in FINE:
            with self.subTest(name=name, text=text):
                self.setUp()
                self.write(name, text)
                self.assertEqual(self.complaints(), [])


class Others(Tree):
    compiler = ["c++"]

    def test_paths(self):
        self.assertEqual(list(paths.check(self.root)), [])
        self.write("notes.md", "see /" + "work/main/x\nand https://registry" + ".npmjs.org\n")
        self.assertEqual([n for _, n, _ in paths.check(self.root)], [1, 2])

    def test_readme(self):
        code = self.root.joinpath("examples/hello.cpp").read_text()
        block = f"<!-- examples/hello.cpp -->\n```cpp\n{code}```\n"
        self.write("README.md", block)
        self.assertEqual(list(readme.check(self.root)), [])
        for broken in (block.replace("retry", "retri"), block.replace("hello", "gone"), "no block"):
            self.write("README.md", broken)
            self.assertEqual(len(list(readme.check(self.root))), 1, broken)

    def test_readme_section(self):
        self.write("examples/hello.cpp", "int a;\n// [part]\nint b;\n// [end]\nint c;\n")
        block = "<!-- examples/hello.cpp: part -->\n```cpp\nint b;\n```\n"
        self.write("README.md", block)
        self.assertEqual(list(readme.check(self.root)), [])
        self.write("CONTRIBUTING.md", block)
        self.assertEqual(list(readme.check(self.root)), [])
        for broken in (block.replace("int b", "int a"), block.replace("part", "gone")):
            self.write("CONTRIBUTING.md", broken)
            self.assertEqual(len(list(readme.check(self.root))), 1, broken)

    def test_headers(self):
        compiler = [*self.compiler, "-fsyntax-only", f"-I{self.root}"]
        self.write("kit/needs_more.hpp", "#pragma once\nstd::string s();\n")
        self.write("kit/unguarded.hpp", "struct twice {};\n")
        self.write("kit/right.hpp", "#pragma once\n#include <string>\nstd::string s();\n")
        for name, right in (("needs_more", False), ("unguarded", False), ("right", True)):
            answer = headers.compile_alone(pathlib.Path(f"kit/{name}.hpp"), self.root, compiler)
            self.assertEqual(answer is None, right, name)

    def test_headers_behind_a_prelude(self):
        self.write("kit/task.hpp", "#pragma once\n#include <asio/awaitable.hpp>\nasio::awaitable<int> t;\n")
        self.write("kit/lacks.hpp", "#pragma once\n#include <optional>\nstd::string s();\n")
        self.write("kit/both.hpp", "#pragma once\n#include <kit/lacks.hpp>\n#include <kit/task.hpp>\n")
        preludes = {"task": ("asio/awaitable.hpp",), "lacks": None, "both": ("asio/awaitable.hpp",)}
        for name, prelude in preludes.items():
            self.assertEqual(headers.prelude_of(self.root, pathlib.Path(f"kit/{name}.hpp")), prelude)

    def test_tree_leaves_foreign_folders_out(self):
        for name in ("out/meson-private/x", ".git/x", "subprojects/asio-1/x", "test/__pycache__/x"):
            self.write(name, "")
        self.write("subprojects/packagefiles/asio/meson.build", "")
        self.write(".ci/run", "")
        self.assertEqual(
            {p.as_posix() for p in tree.files(self.root)} - set(GOOD),
            {"subprojects/packagefiles/asio/meson.build", ".ci/run"},
        )


class Count(unittest.TestCase):
    """test/support/count.py, which decides whether a test run has passed."""

    RIGHT = "[doctest] doctest version is \"2\"\n[doctest] test cases:  5 |  5 passed | 0 failed | 2 skipped\n"

    def count(self, stdout="", result="OK", suite="unit"):
        return count.count_test({"name": f"cokit:{suite} / x", "stdout": stdout, "result": result})[:3]

    def test_doctest_program(self):
        failing = self.RIGHT.replace("5 passed | 0", "3 passed | 2")
        self.assertEqual(self.count(self.RIGHT), (5, 0, 2))
        self.assertEqual(self.count("partial " + self.RIGHT + "more"), (5, 0, 2))
        self.assertEqual(self.count(failing, "FAIL"), (3, 2, 2))
        self.assertEqual(self.count(self.RIGHT, "FAIL"), (5, 1, 2))  # e.g. a leak at exit
        self.assertEqual(self.count(self.RIGHT.replace("5", "0")), (0, 1, 0))
        self.assertEqual(self.count(self.RIGHT.splitlines()[0], "TIMEOUT"), (0, 1, 0))
        self.assertEqual(self.count(self.RIGHT.splitlines()[0], suite="integration"), (0, 1, 0))
        self.assertEqual(self.count(""), (0, 1, 0))

    def test_script(self):
        for result, counts in {"OK": (1, 0, 0), "SKIP": (0, 0, 1), "FAIL": (0, 1, 0), "ERROR": (0, 1, 0)}.items():
            self.assertEqual(self.count("", result, "lint"), counts)

    def test_unittest_script(self):
        def counted(closing, result):
            record = {"name": "cokit:lint / x", "stdout": "", "stderr": closing, "result": result}
            return count.count_test(record)[:3]

        self.assertEqual(counted("....\nRan 4 tests in 0.1s\n\nOK\n", "OK"), (4, 0, 0))
        self.assertEqual(counted("Ran 4 tests in 0.1s\n\nOK (skipped=1)\n", "OK"), (3, 0, 1))
        self.assertEqual(counted("Ran 4 tests in 0.1s\n\nFAILED (failures=1, errors=1)\n", "FAIL"), (2, 2, 0))
        self.assertEqual(counted("Ran 1 test in 0.1s\n\nFAILED (failures=3)\n", "FAIL"), (0, 1, 0))
        self.assertEqual(counted("Ran 4 tests in 0.1s\n\nOK\n", "FAIL"), (3, 1, 0))

    def test_build(self):
        self.assertEqual(count.count_build("debug", "build", "")[:3], (0, 1, 0))
        self.assertEqual(count.count_build("debug", "0", "")[:3], (1, 0, 0))
        self.assertEqual(count.count_build("debug", "1", "")[:3], (0, 1, 0))
        self.assertEqual(count.count_build("debug", "0", "/nonexistent")[:3], (0, 1, 0))


if __name__ == "__main__":
    Others.compiler = sys.argv[1:] or Others.compiler
    unittest.main(argv=sys.argv[:1])
