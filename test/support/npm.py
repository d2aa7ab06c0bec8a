"""Node.js, and the packages of npm that test/run.sh installs."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

PATIENCE = 60  # seconds until a program that should have ended counts as stuck


def folder():
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("COKIT_NPM") or pathlib.Path(home) / "cokit" / "npm")


def needs(*packages):
    """Skips tests where those are missing."""
    present = shutil.which("node") and all(package(p).exists() for p in packages)
    return unittest.skipUnless(
        present, f"needs Node.js and {', '.join(packages)} in {package('')}, see test/run.sh")


def package(name):
    return folder() / "node_modules" / name


def run(script, value):
    """What a module prints, given a JSON value as its input; `script` is its text, or its file."""
    text = script.read_text() if isinstance(script, pathlib.Path) else script
    done = subprocess.run(
        ["node", "--input-type=module", "-e", text],
        cwd=folder(), input=json.dumps(value), capture_output=True, text=True, timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
