"""The files of the repository, without what builds and Meson's wraps put there."""

import pathlib

LIBRARY_FOLDERS = ("kit", "middleware", "transports")
CODE_FOLDERS = LIBRARY_FOLDERS + ("examples", "test")


def files(root, folders=(".",), suffixes=None):
    """Paths relative to `root`, sorted; of these suffixes only, when given."""
    found = []
    for folder in folders:
        found += _walk(pathlib.Path(root), pathlib.Path(folder))
    return sorted(p for p in found if suffixes is None or p.suffix in suffixes)


def _walk(root, folder):
    if not (root / folder).is_dir():
        return
    for path in sorted((root / folder).iterdir()):
        relative = path.relative_to(root)
        if path.is_dir():
            if not _is_foreign(root, relative):
                yield from _walk(root, relative)
        elif not path.is_symlink() and path.name != ".git":  # a file in a Git worktree
            yield relative


def _is_foreign(root, folder):
    name = folder.name
    if name == "__pycache__" or (name.startswith(".") and name != ".ci"):
        return True
    if (root / folder / "meson-private").exists():  # a build directory, whatever its name
        return True
    return folder.parts[0] == "subprojects" and len(folder.parts) == 2 and name != "packagefiles"
