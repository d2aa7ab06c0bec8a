#!/usr/bin/env python3
"""Checks what the build cannot see: who includes whom, and constructs the design rules out.

usage: layering.py ROOT
Prints `file:line: complaint` for each finding; the exit status tells whether there was one.
"""

import pathlib
import re
import sys

import tree

# Folder -> the folders of ours that it may include. `test` may include any.
MAY_INCLUDE = {
    "kit": {"kit"},
    "middleware": {"kit", "middleware"},
    "transports": {"kit", "transports"},
    "examples": {"kit", "middleware", "transports", "examples"},
}
# Headers of other libraries that a public header of ours may include, and which one may.
FOREIGN_IN_HEADERS = {"tl/expected.hpp": "kit/result.hpp", "fmt/format.h": "kit/log/fmt.hpp"}
# The compiler's own headers of vector instructions: any detail header may include them.
INTRINSICS = re.compile(r"\w+intrin\.h")
# Test folders that look inside: they include the detail headers of what they test.
MAY_LOOK_INSIDE = ("test/unit/", "test/fuzz/", "test/bench/")
MAX_LINES = 500

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
RULED_OUT = [
    (re.compile(r"\basio::detached\b"), "asio::detached hides errors; give the work an owner (task_set)"),
    (
        re.compile(r"\bstd::(cout|cerr|clog)\b|(?<![\w.>])(std::)?(f?printf|f?puts)\s*\("),
        "a library prints nothing",
    ),
]
# What a request has is never a thread's: it suspends here and goes on there. The files that may tell
# threads apart do so for memory only: where to count, where to find a block.
THREAD_LOCAL = re.compile(r"\bthread_local\b")
MAY_USE_THREAD_LOCAL = {
    "kit/detail/node_memory.cpp",  # blocks that a thread keeps for the next ones
    "kit/metrics/detail/thread_slot.cpp",  # numbers of threads, so that each counts in cells of its own
    "kit/metrics/detail/thread_slot.hpp",
}
CAPTURING_LAMBDA = re.compile(
    r"\[\s*[^\s\[\]][^\[\]]*\]\s*(<[^{}]*?>\s*)?\([^{}]*?\)\s*(mutable\s*)?(noexcept\s*)?"
    r"->\s*(asio::)?awaitable<[^{};]*\{"
)


def check(root):
    """All findings in the tree at `root`, as (path, line number, complaint)."""
    findings = []
    for path in tree.files(root, tree.CODE_FOLDERS, {".hpp", ".cpp"}):
        text = (root / path).read_text(encoding="utf-8")
        lines = text.splitlines()
        if len(lines) > MAX_LINES:
            findings.append((path, MAX_LINES, f"{len(lines)} lines; {MAX_LINES} is the limit"))
        for number, line in enumerate(lines, 1):
            if match := INCLUDE.match(line):
                findings += ((path, number, c) for c in check_include(root, path, *match.groups()))
        if path.parts[0] in tree.LIBRARY_FOLDERS:
            code = without_comments(text)
            findings += ((path, number, c) for number, c in check_constructs(code))
            if path.as_posix() not in MAY_USE_THREAD_LOCAL:
                findings += ((path, number, c) for number, c in check_thread_local(code))
    findings += check_listed(root)
    return findings


def check_include(root, path, quote, name):
    """Complaints about one include directive."""
    folder = path.parts[0]
    if quote == '"':
        beside = (root / path.parent / name).resolve()
        if folder in tree.LIBRARY_FOLDERS:
            yield f'write <...> and the path from the root, not "{name}"'
        if beside.is_relative_to(root.resolve()):
            name = beside.relative_to(root.resolve()).as_posix()
    target = name.split("/")[0] if "/" in name else ""

    if name == "asio.hpp":
        yield "<asio.hpp> brings in all of Asio; include the narrow headers"
    if target in tree.CODE_FOLDERS:
        if target not in MAY_INCLUDE.get(folder, {target}):
            yield f"{folder} may not include {target}"
        owner, inside, _ = name.partition("/detail/")
        looks_inside = path.as_posix().startswith((owner + "/",) + MAY_LOOK_INSIDE)
        if inside and not looks_inside:
            yield f"{name} is a detail of {owner}"
    elif path.suffix == ".hpp" and folder in tree.LIBRARY_FOLDERS:
        standard = "/" not in name and "." not in name
        if "detail" in path.parts and INTRINSICS.fullmatch(name):
            return
        if not standard and target != "asio" and FOREIGN_IN_HEADERS.get(name) != path.as_posix():
            yield f"a public header includes <{name}>; only the standard library and Asio may show there"


def check_constructs(code):
    """(line number, complaint) for what library code must not contain."""
    for pattern, complaint in RULED_OUT:
        for match in pattern.finditer(code):
            yield line_of(code, match.start()), complaint
    for match in CAPTURING_LAMBDA.finditer(code):
        if re.search(r"\bco_(await|return|yield)\b", code[match.end() : closing_brace(code, match.end())]):
            yield line_of(code, match.start()), (
                "a capturing lambda is itself a coroutine: its captures die with the closure; "
                "forward to a static coroutine that takes them by value"
            )


def check_thread_local(code):
    """(line number, complaint) for each thread_local."""
    for match in THREAD_LOCAL.finditer(code):
        yield line_of(code, match.start()), "thread_local is wrong with coroutines; use the context"


def check_listed(root):
    """Every source file stands in a build file: one that does not is never built."""
    for path in tree.files(root, tree.CODE_FOLDERS, {".cpp"}):
        name, stem = re.escape(path.name), re.escape(path.stem)
        listed = re.compile(rf"['/\s]{name}['\s)]|'([\w-]+/)*{stem}'")
        build_files = [root / f / b for f in path.parents for b in ("meson.build", "CMakeLists.txt")]
        if not any(f.exists() and listed.search(f.read_text(encoding="utf-8")) for f in build_files):
            yield path, 1, "stands in no meson.build, so it is not built"


def without_comments(text):
    """The text with comments and string literals blanked out; line breaks stay."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL
    )
    return token.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def closing_brace(code, start):
    depth = 1
    for i in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[i], 0)
        if depth == 0:
            return i
    return len(code)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def main(root):
    findings = check(pathlib.Path(root))
    for path, number, complaint in findings:
        print(f"{path}:{number}: {complaint}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
