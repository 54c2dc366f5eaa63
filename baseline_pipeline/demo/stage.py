"""The demo's stage: folders, lockfile, manifest and models, all below `demo/` and the home."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.errors import UsageError

if TYPE_CHECKING:
    from baseline_pipeline.settings import Settings

MODEL = "flight_delays"
MODEL_PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy", "skops", "joblib", "threadpoolctl")
"""What the model needs to load and predict: its lockfile."""
REMOVING = "removing the last demo"
"""The name of the thread that does."""


def clear(settings: Settings) -> Path:
    """An empty `demo/` and no home; refuses to touch a home that other models live in.

    The last demo's home is put aside at once; `bring_environments_back` does with it what is to be done.

    Raises:
        UsageError: when the home holds anything but the demo.
    """
    store = settings.home / "store"
    others = (
        sorted(path.name for path in store.iterdir() if path.name not in {MODEL, "blobs"}) if store.is_dir() else []
    )
    if others:
        message = f"home {settings.home} holds other models ({', '.join(others)}); the demo starts from nothing"
        raise UsageError(message, next_step="run it with BASELINE_HOME=.baseline-demo")
    folder = settings.project / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    _put_aside(settings.home)
    (folder / "flights").mkdir(parents=True)
    return folder


def _put_aside(home: Path) -> None:
    """Nothing stands at the place any more."""
    shutil.rmtree(_aside(home), ignore_errors=True)  # left by a demo that was ended early
    try:
        home.rename(_aside(home))
    except FileNotFoundError:
        return
    except OSError:  # a volume of its own cannot be renamed
        shutil.rmtree(home, ignore_errors=True)


def _aside(home: Path) -> Path:
    return home.with_name(f"{home.name}-removed")


def bring_environments_back(settings: Settings, _store_id: str) -> None:
    """A part of a new home: the last demo's environments. They are named by what they hold, and hold no state.

    All else of the last home, thousands of files, goes on a thread of its own while the story begins.
    """
    aside = _aside(settings.home)
    with suppress(FileNotFoundError):
        (aside / "environments").rename(settings.home / "environments")
    threading.Thread(target=shutil.rmtree, args=(aside, True), name=REMOVING).start()


def write_lockfile(folder: Path, *, comment: str = "", moved: dict[str, str] | None = None) -> None:
    """The model's lockfile, from what is installed here; with a comment, or with other versions."""
    from importlib.metadata import version

    versions = {name: version(name) for name in MODEL_PACKAGES} | (moved or {})
    lines = [f"# {comment}"] if comment else []
    lines += [f"{name}=={number}" for name, number in versions.items()]
    _replace(folder / "requirements.lock", "\n".join(lines) + "\n")


LOCKS = ("before.lock", "after.lock")
ANOTHER = {"scikit-learn": "1.8.0"}
"""A version that the champion was not trained with."""


def write_update(folder: Path) -> tuple[str, str]:
    """Two lockfiles that differ in one library, for a replay; the names of what differs."""
    from importlib.metadata import version

    installed = {name: version(name) for name in (*MODEL_PACKAGES, "pyarrow")}
    for name, versions in zip(LOCKS, (installed, installed | ANOTHER), strict=True):
        _replace(folder / name, "\n".join(f"{one}=={number}" for one, number in versions.items()) + "\n")
    (package, other) = next(iter(ANOTHER.items()))
    return f"{package} {installed[package]}", f"{package} {other}"


def write_manifest(folder: Path, *, comment: str = "", moved: dict[str, object] | None = None) -> None:
    """The infrastructure manifest, from this machine; with a comment, or with other facts."""
    import json

    from baseline_pipeline.adapters.environments.machine import observed_facts

    facts = observed_facts()
    declared = {key: facts[key] for key in ("architecture", "cores", "memory_gb", "python")} | (moved or {})
    lines = [f"# {comment}"] if comment else []
    lines += [f"{key}: {json.dumps(value)}" for key, value in declared.items()]
    _replace(folder / "infrastructure.yaml", "\n".join(lines) + "\n")


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text)
    temporary.replace(path)


def next_patch(version: str) -> str:
    """The next version in the last number: `1.9.1` -> `1.9.2`."""
    head, _, tail = version.rpartition(".")
    return f"{head}.{int(tail) + 1}" if tail.isdigit() else f"{version}.post1"
