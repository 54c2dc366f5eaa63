"""A plain function's module as it stands on the disk, however long this process has lived."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.models.function_files import files_behind, import_root
from baseline_pipeline.adapters.own_modules import import_folders, importing_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    Seen = dict[Path, tuple[int, int, int]]

_imported: dict[str, tuple[ModuleType, Seen]] = {}
"""By a module's name: the module, and its files as they stood when it was imported."""


def standing_module(reference: str, project: Path) -> ModuleType:
    """The module of a function, imported anew where a file of the project that it rests on was edited since.

    Python imports a module once in a process: a code server or a notebook would be answered by the code of this
    morning under the digest of what stands there now. Functions that were taken before keep the code they had.

    Args:
        reference: `module:function`.
        project: Root of the project; what lies outside it, or is installed, is imported once.

    Raises:
        Exception: whatever the import raises.
    """
    name = reference.partition(":")[0]
    with importing_from(project):
        files = _files(reference, project)
        seen = {file: _state(file) for file in files}
        module, before = _imported.get(name, (None, {}))
        if module is None or before != seen or module is not sys.modules.get(name):
            _forget([file for file in files if file.suffix == ".py"])
            module = importlib.import_module(name)
            _imported[name] = module, seen
        return module


def _files(reference: str, project: Path) -> list[Path]:
    """All that a function rests on in the project, found without running it where it is top-level."""
    name = reference.partition(":")[0]
    for folder in import_folders(project):
        let_go(name, folder)
    known = getattr(sys.modules.get(name), "__file__", None)
    if known and not Path(known).is_file():  # moved or renamed since
        del sys.modules[name]
    try:
        found = importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):  # a package is not there, or a module was made without a file
        return []
    if found is None or not found.origin or not Path(found.origin).is_file():
        return []
    source, root = Path(found.origin).resolve(), project.resolve()
    if not source.is_relative_to(root) or "site-packages" in source.parts:
        return []
    imports = import_root(reference, source, root)
    files = [source, *files_behind(source, root, imports)]
    for file in files:
        if file.suffix == ".py" and file.is_relative_to(imports):
            let_go(".".join(file.relative_to(imports).with_suffix("").parts).removesuffix(".__init__"), imports)
    return files


def let_go(name: str, folder: Path) -> None:
    """Forget modules that another project brought under a name that stands in this folder, too."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        place, dotted = folder.joinpath(*parts[:depth]), ".".join(parts[:depth])
        own = next((one for one in (place / "__init__.py", place.with_suffix(".py")) if one.is_file()), None)
        known = getattr(sys.modules.get(dotted), "__file__", None)
        if own is None or known is None or _installed(Path(known)) or Path(known).resolve() == own.resolve():
            continue
        for one in [one for one in sys.modules if one == dotted or one.startswith(f"{dotted}.")]:
            del sys.modules[one]


def _installed(file: Path) -> bool:
    library = {sysconfig.get_path(one) for one in ("stdlib", "platstdlib", "purelib", "platlib")}
    return any(file.is_relative_to(one) for one in library)


def _state(file: Path) -> tuple[int, int, int]:
    """Moves with every write, also with one that leaves size and time of change as they were."""
    found = file.stat()
    return found.st_ino, found.st_size, found.st_ctime_ns


def _forget(files: Sequence[Path]) -> None:
    """Let modules be read from their source again.

    Compiled copies go, too: Python tells versions of a file apart by the second and its size.
    """
    importlib.invalidate_caches()
    for file in files:
        with suppress(OSError):  # none there, or a project that may only be read
            Path(importlib.util.cache_from_source(str(file))).unlink()
    names = {file.name for file in files}
    for name, module in list(sys.modules.items()):
        place = Path(getattr(module, "__dict__", {}).get("__file__") or "")
        if name != "__main__" and place.name in names and place.resolve() in files:
            del sys.modules[name]
            package, _, own = name.rpartition(".")
            if getattr(sys.modules.get(package), own, None) is module:
                delattr(sys.modules[package], own)
