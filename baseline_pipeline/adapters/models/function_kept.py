"""Earlier versions of plain functions: the files that they rest on, kept when they were scored."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.models.function_files import files_behind, function_digest, import_root
from baseline_pipeline.adapters.stores.durable import sha256_of
from baseline_pipeline.records import Digest, Record

if TYPE_CHECKING:
    from baseline_pipeline.ports import ModelVersion, Store

KIND = "functions"
MOST_MB = 256
"""Size of all files of a version."""
SECRET = re.compile(
    r"(^|[^a-z0-9])(secrets?|credentials?|passwords?|passwd|tokens?|apikey|(api|access|private)[-_]?key|id_rsa|id_ed25519)"
    r"([^a-z0-9]|$)|^\.(env|netrc|pgpass|npmrc|pypirc)|\.(pem|key|p12|pfx|jks|kdbx)$"
)
"""Names of files that are copied nowhere."""


class KeptFunction(Record):
    """A version of a function."""

    function: str
    imports: str
    """Folder that it is imported from, relative to the project."""
    files: dict[str, Digest]
    """Bytes of every file, by its path relative to the project."""


@dataclass(frozen=True)
class KeptFunctions:
    """Versions of the functions of one model.

    Attributes:
        store: Keeps their files.
        model: The model's name.
        project: Root of the project; nothing outside it is kept.
        folder: Versions are laid out below it as they stood in the project.
    """

    store: Store
    model: str
    project: Path
    folder: Path

    def keep(self, version: ModelVersion, module: Path, *, named: bool) -> str:
        """Keep all files that a version rests on, if it was not done before.

        Args:
            version: As it stands in the project now.
            module: Source of its module.
            named: Whether its name is part of the digest; see `function_digest`.

        Returns:
            Why it cannot be kept; empty where it is.
        """
        if self.store.load(KIND, self.model, version.digest) is not None:
            return ""
        root, source = self.project.resolve(), module.resolve()
        if not source.is_relative_to(root) or "site-packages" in source.parts:
            return f"{source.name} lies outside the project"
        imports = import_root(version.uri, source, root)
        files = [one.relative_to(root) for one in (source, *files_behind(source, root, imports))]
        secret = next((one for one in files if SECRET.search(one.name.lower())), None)
        if secret is not None:
            return f"by its name {secret} holds a secret"
        size = sum((root / one).stat().st_size for one in files) / 2**20
        if size > MOST_MB:
            return f"{size:.0f} MB lie behind it, and at most {MOST_MB} are kept"
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            copy = Path(name).resolve()
            for one in files:
                _copied(root / one, copy / one)
            if function_digest(version.uri, copy / source.relative_to(root), copy, named=named) != version.digest:
                return "a file behind it was edited meanwhile, or is named by its absolute path or through a link"
            kept = KeptFunction(
                function=version.uri,
                imports=str(imports.relative_to(root)),
                files={str(one): self.store.put_file(copy / one) for one in files},
            )
        self.store.save(KIND, self.model, version.digest, kept)
        return ""

    def laid_out(self, version: ModelVersion) -> tuple[Path, Path] | None:
        """A version's files as they stood in the project, and the folder among them that it is imported from.

        `None` where it was not kept. Whole or not at all, however many ask at once; a damaged copy is replaced.
        """
        body = self.store.load(KIND, self.model, version.digest)
        if body is None:
            return None
        kept = KeptFunction.stored(body)
        place = self.folder / f"function-{version.digest[:24]}"
        if not all(_holds(place / name, digest) for name, digest in kept.files.items()):
            self.folder.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(dir=self.folder))
            for name, digest in kept.files.items():
                _copied(self.store.file(digest), made / name)
            shutil.rmtree(place, ignore_errors=True)
            try:
                made.rename(place)
            except OSError:  # another process was first
                shutil.rmtree(made)
        return place, place / kept.imports


def _copied(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, place)


def _holds(file: Path, digest: Digest) -> bool:
    return file.is_file() and sha256_of(file) == digest
