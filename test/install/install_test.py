#!/usr/bin/env python3
"""Installs the build into a scratch folder, then builds and runs a project outside against it.

usage: install_test.py pkg-config|cmake SOURCE_DIR BUILD_DIR PREFIX COMPILER...
Works in BUILD_DIR/test/install/<tool>: a fixed place, so that a compiler cache knows the files again.
Exit status 77 (skipped) where the tool is not installed.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

SKIPPED = 77
# name.cpp: what it is built against; those whose library was not built are left out.
PROGRAMS = {
    "core": "cokit",
    "secure": "cokit-tls",
    "signed": "cokit-aws",
    "authorized": "cokit-casbin",
    "token": "cokit-jwt",
    "constrained": "cokit-pattern",
    "service": "cokit-http",
    "client": "cokit-http-client",
    "compression": "cokit-http-compression",
}
INCLUDE = re.compile(r"^\s*#\s*include\s*<((?:kit|middleware|transports|test|examples)/[^>]+)>", re.MULTILINE)


def run(command, **kwargs):
    command = [str(word) for word in command]
    print("+", " ".join(command), flush=True)
    return subprocess.run(command, check=True, **kwargs)


def output(command, **kwargs):
    return run(command, stdout=subprocess.PIPE, text=True, **kwargs).stdout


def check_headers(include):
    """Whatever an installed header of ours includes is installed."""
    headers = list(include.rglob("*.hpp"))
    missing = [
        f"{header.relative_to(include)} includes {name}, which is not installed"
        for header in headers
        for name in INCLUDE.findall(header.read_text())
        if not (include / name).exists()
    ]
    if missing or not headers:
        raise SystemExit("\n".join(missing) or f"no headers in {include}")


def installed_programs(prefix):
    packages = {p.stem for p in prefix.rglob("cokit*.pc")}
    return {program: package for program, package in PROGRAMS.items() if package in packages}


def build_with_pkg_config(outside, prefix, work, compiler):
    """The plain compiler call that the README shows."""
    folders = {str(p.parent) for p in prefix.rglob("cokit.pc")}
    environment = os.environ | {"PKG_CONFIG_PATH": ":".join(folders)}
    for program, package in installed_programs(prefix).items():
        query = ["pkg-config", f"--define-variable=prefix={prefix}", package]
        cflags = shlex.split(output([*query, "--cflags"], env=environment))
        libs = shlex.split(output([*query, "--libs"], env=environment))
        source, built = outside / f"{program}.cpp", work / f"{program}.o"
        # In two steps: a compiler cache knows only single ones.
        run([*compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", *cflags, "-c", source, "-o", built])
        run([*compiler, built, "-o", work / program, *libs])


def build_with_cmake(outside, prefix, work, compiler):
    *launcher, program = compiler
    run(
        ["cmake", "-G", "Ninja", "-S", outside, "-B", work, f"-DCMAKE_PREFIX_PATH={prefix}"]
        + [f"-DCMAKE_CXX_COMPILER={program}", f"-DCMAKE_CXX_COMPILER_LAUNCHER={';'.join(launcher)}"]
    )
    run(["cmake", "--build", work])


def main(tool, source, build, prefix, *compiler):
    if not shutil.which(tool):
        print(f"{tool} is not installed")
        return SKIPPED
    scratch = pathlib.Path(build) / "test" / "install" / tool
    shutil.rmtree(scratch, ignore_errors=True)
    work = scratch / "work"
    work.mkdir(parents=True)
    run(["meson", "install", "-C", build, "--no-rebuild", "--quiet"], env=os.environ | {"DESTDIR": str(scratch)})
    installed = scratch / pathlib.Path(prefix).relative_to("/")
    check_headers(installed / "include" / "cokit")
    outside = pathlib.Path(source) / "test" / "install" / "outside"
    {"pkg-config": build_with_pkg_config, "cmake": build_with_cmake}[tool](outside, installed, work, compiler)
    libraries = ":".join({str(p.parent) for p in installed.rglob("libcokit*")})
    for program in installed_programs(installed):
        run([work / program], env=os.environ | {"LD_LIBRARY_PATH": libraries}, timeout=60)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
