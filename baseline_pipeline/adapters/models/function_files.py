"""What a plain function rests on beside its own module: modules of the project, and files that these name."""

from __future__ import annotations

import ast
import hashlib
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.stores.durable import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from baseline_pipeline.records import Digest


def function_digest(reference: str, module: Path, project: Path, *, named: bool) -> Digest:
    """What a function's version is named by: its module's source, and the paths and bytes of files behind it.

    Args:
        reference: `module:function`.
        module: Source of the module.
        project: Root of the project.
        named: Whether the function's name counts: two functions may stand in one file.
    """
    digest = hashlib.sha256(module.read_bytes())
    if named:
        digest.update(reference.encode())
    for file in files_behind(module, project, import_root(reference, module, project)):
        digest.update(f"{file.relative_to(project.resolve())} {sha256_of(file)}\n".encode())
    return digest.hexdigest()


def import_root(reference: str, module: Path, project: Path) -> Path:
    """The folder that a module is imported from: the project, or `src` in it; the project where it is installed."""
    source, root = module.resolve(), project.resolve()
    if not source.is_relative_to(root) or "site-packages" in source.parts:
        return root
    depth = reference.partition(":")[0].count(".") + (source.name == "__init__.py")
    return source.parents[depth]


def files_behind(module: Path, project: Path, imports: Path | None = None) -> list[Path]:
    """Files whose content may change what a module's functions answer, sorted; the module itself is left out.

    A module of the project that is imported counts, and so on from there; and so does every file that one of them
    names whole in a string, relative to the project or to the module (`joblib.load("model.joblib")`). Names that are
    put together while the code runs are not seen.

    Args:
        module: Source of the module.
        project: Root of the project; only what lies below it counts.
        imports: Folder that the module is imported from; the project by default.
    """
    root = project.resolve()
    found = {module.resolve()}
    waiting = [module.resolve()]
    while waiting:
        source = waiting.pop()
        for file in _named(source, root, imports or root) - found:
            found.add(file)
            if file.suffix == ".py":
                waiting.append(file)
    return sorted(found - {module.resolve()})


def _named(source: Path, root: Path, imports: Path) -> set[Path]:
    try:
        tree = ast.parse(source.read_bytes())
    except SyntaxError:  # a file that is named and never imported
        return set()
    return {place.resolve() for place in _places(tree, source, root, imports) if _is_below(place, root)}


def _places(tree: ast.Module, source: Path, root: Path, imports: Path) -> Iterator[Path]:
    """Where each import and each text of a module may point to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield from _module(imports, one.name)
        elif isinstance(node, ast.ImportFrom):
            base = source.parents[node.level - 1] if node.level else imports
            for one in node.names:
                yield from _module(base, ".".join(filter(None, (node.module, one.name))))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isprintable():
            yield from (root / node.value, source.parent / node.value)


def _module(base: Path, name: str) -> Iterator[Path]:
    """A module's file, or that of the module that a name stands in, and those of the packages around them."""
    place = base
    for part in name.split("."):
        yield place / f"{part}.py"
        place /= part
        yield place / "__init__.py"


def _is_below(place: Path, root: Path) -> bool:
    try:
        return place.is_file() and place.resolve().is_relative_to(root)
    except OSError:  # no name that a file can have, or a folder that may not be read
        return False
