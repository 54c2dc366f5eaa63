"""Environments built by uv from a lockfile: once, under a lock, marked when whole, reused, and thrown away when old."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout
from packaging.version import Version

from baseline_pipeline.adapters.environments.built import MARKER, Built, NotBuilt
from baseline_pipeline.adapters.environments.calling_uv import QUESTION, Answer, call_uv
from baseline_pipeline.adapters.environments.compiled import lend_compiled
from baseline_pipeline.adapters.environments.complaint import MAKE_ROOM, complaint
from baseline_pipeline.adapters.environments.installer import LONGEST, Installer
from baseline_pipeline.adapters.environments.room import make_room, remove_unfinished, size_of
from baseline_pipeline.environment.installable import Installable, pinned
from baseline_pipeline.environment.python_range import admits
from baseline_pipeline.figures import counted
from baseline_pipeline.records import Digest, digest_of, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = LONGEST + 60
"""Seconds to wait while another process builds the same environment."""
MOST_VERSIONS = 100
OLDEST = [3, 8]
"""Python that the worker runs on."""
NONE_LEFT, OFFLINE = "No solution found", "network was disabled"
"""What uv says where no version is left, and where it may not look."""


def build(
    wanted: Installable,
    root: Path,
    *,
    name: str,
    python: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """The environment of a lockfile, found or built; what was built before needs no network.

    Args:
        wanted: The lockfile's content.
        root: Folder of all environments.
        name: The lockfile's name, for people.
        python: Version (`3.12`) or path of the interpreter; the lockfile's own, else this one's by default.
        progress: Told what is being done.

    Raises:
        NotBuilt: naming the package and the reason, or the Pythons that the lockfile is for; nothing is left behind.
    """
    interpreter = _interpreter(python or wanted.python or sys.executable)
    if not admits(wanted.python_range, interpreter.version):
        message = f"{name} is for Python {wanted.python_range}, and this is Python {interpreter.version}"
        there = _interpreters(wanted.python_range) or "none of them"
        raise NotBuilt(message, next_step=f"name one that it is for: --python VERSION; there is {there}")
    key = digest_of([interpreter.version, platform.system(), platform.machine(), wanted.digest])
    folder = root / key[:24]
    root.mkdir(parents=True, exist_ok=True)
    found = _there(folder, key)
    if found is not None:
        return found
    try:
        with _locked(
            f"{folder}.lock", lambda: progress(f"another process is building the environment of {name}: waiting")
        ):
            found = _there(folder, key)
            if found is not None:
                return found
            make_room(root, keep=folder)
            return _made(wanted, folder, key, interpreter, name, progress)
    except Timeout as error:
        message = f"another process has been building the environment of {name} for {PATIENCE:.0f} s"
        raise NotBuilt(message, next_step=f"see that it is alive, or remove {folder}") from error


@contextmanager
def _locked(place: str, waiting: Callable[[], None]) -> Iterator[None]:
    """The lock on one environment; who has to wait for it says so.

    Raises:
        Timeout: when it is not free after `PATIENCE` seconds.
    """
    lock = FileLock(place)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        lock.release()


def find(wanted: Installable, root: Path, python: str | None = None) -> Built | None:
    """The environment of a lockfile, where it was built before."""
    exact = _interpreter(python or wanted.python or sys.executable).version
    key = digest_of([exact, platform.system(), platform.machine(), wanted.digest])
    return _there(root / key[:24], key) if admits(wanted.python_range, exact) else None


def _there(folder: Path, key: Digest) -> Built | None:
    marker = folder / MARKER
    try:
        said = json.loads(marker.read_text())
    except (FileNotFoundError, ValueError):
        return None
    os.utime(marker)
    return Built(key, folder, said["packages"], tuple(said["left_out"]), tuple(said["beyond"]), said["python"])


def _made(
    wanted: Installable,
    folder: Path,
    key: Digest,
    interpreter: _Interpreter,
    name: str,
    progress: Callable[[str], None],
) -> Built:
    started = time.monotonic()
    progress(
        f"building the environment of {name}: {counted(len(wanted.lines), 'package')}, Python {interpreter.version}"
    )
    for left in folder.parent.glob(f"{folder.name}-*/"):  # by a killed process, whose installer may still be writing
        remove_unfinished(left)
    unfinished = folder.with_name(f"{folder.name}-{os.getpid()}")
    lines, limits = unfinished.with_suffix(".txt"), unfinished.with_suffix(".limits")
    uv = Installer(name, folder.with_suffix(".log"), progress)
    try:
        venv = ["venv", "--quiet", "--no-project", "--relocatable", "--python", interpreter.path, str(unfinished)]
        uv.does(venv)
        lines.write_text("\n".join(wanted.lines) + "\n")
        command = ["pip", "install", "--python", str(unfinished / "bin" / "python"), "-r", str(lines)]
        command += ["--require-hashes"] if wanted.hashed else []
        command += ["--no-deps"] if wanted.whole else []
        if wanted.constraints:
            limits.write_text("\n".join(wanted.constraints) + "\n")
            command += ["-c", str(limits)]
        if wanted.lines and not uv.tries([*command, "--offline"]):
            uv.does(command)
        if interpreter.version == platform.python_version():
            lend_compiled(unfinished)
        packages = _installed(unfinished / "bin" / "python")
        named = {pinned(line) for line in wanted.lines}
        beyond = tuple(sorted(f"{one} {version}" for one, version in packages.items() if one not in named))
        body = {
            "key": key,
            "python": interpreter.version,
            "packages": packages,
            "left_out": list(wanted.left_out),
            "beyond": list(beyond),
            "seconds": round(time.monotonic() - started, 1),
            "bytes": size_of(unfinished),
        }
        (unfinished / MARKER).write_text(json.dumps(body, indent=1))
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
        uv.log.unlink(missing_ok=True)
    except OSError as error:
        message = f"the environment of {name} cannot be built: {error.strerror or error} ({unfinished})"
        raise NotBuilt(message, next_step=MAKE_ROOM) from error
    finally:
        remove_unfinished(unfinished)
    progress(f"built in {body['seconds']} s: {counted(len(packages), 'package')} ({short(key)})")
    return Built(key, folder, packages, wanted.left_out, beyond, interpreter.version)


@dataclass(frozen=True)
class _Interpreter:
    path: str
    version: str


def _interpreter(wanted: str) -> _Interpreter:
    """The interpreter that a version or a path means.

    Raises:
        NotBuilt: when there is no such interpreter here, or it is too old.
    """
    if wanted == sys.executable:
        return _Interpreter(wanted, platform.python_version())
    found = _python("find", "--no-project", "--system", "--", wanted)
    if found.code != 0:
        message = f"no Python {wanted} is found on this machine; there is {_interpreters() or 'none'}"
        raise NotBuilt(message, next_step="install it, or name one by its path: --python /path/to/bin/python")
    path = found.out.strip()
    told = subprocess.run(  # noqa: S603  # what uv has just found
        [path, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True, check=True
    )
    version = told.stdout.strip()
    if _numbers(version) < OLDEST:
        message = f"Python {version} is too old: models are loaded by 3.8 and later"
        raise NotBuilt(message, next_step=f"name another one: --python 3.8; there is {_interpreters()}")
    return _Interpreter(path, version)


def marker_facts(python: str) -> dict[str, str]:
    """What a lockfile's markers are asked about another interpreter (names of PEP 508).

    Raises:
        NotBuilt: when there is no such interpreter here, or it is too old.
    """
    version = _interpreter(python).version
    return {"python_version": ".".join(version.split(".")[:2]), "python_full_version": version}


def _interpreters(among: str = "") -> str:
    """Versions that uv finds and the worker runs on, of those that a lockfile is for."""
    told = _python("list", "--only-installed", "--offline", "--output-format", "json")
    found = {str(one["version"]) for one in json.loads(told.out or "[]")}
    usable = (one for one in found if _numbers(one) >= OLDEST and admits(among, one))
    return ", ".join(sorted(usable, key=_numbers))


def _python(*words: str) -> Answer:
    """`uv python`; pyenv's interpreters come first, since its shims fail for every version but the chosen one."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = sorted(pyenv.glob("*/bin"), key=lambda place: _numbers(place.parent.name), reverse=True)
    path = os.pathsep.join([*map(str, kept), os.environ.get("PATH", "")])
    return call_uv(["python", *words], variables={"PATH": path})


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _installed(python: Path) -> dict[str, str]:
    code = (
        "import json, re; from importlib import metadata; print(json.dumps({re.sub('[-_.]+', '-', "
        "one.metadata['Name']).lower(): one.version for one in metadata.distributions() if one.metadata['Name']}))"
    )
    told = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    found: dict[str, str] = json.loads(told.stdout)
    return dict(sorted(found.items()))


def versions_between(
    package: str, first: str, last: str, python: str, progress: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Released versions between two, in the direction from the first to the last, that install on a Python.

    Pre-releases are among them only where one of the two is one.

    Args:
        package: Its name.
        first: One version.
        last: The other, later or earlier.
        python: Version of the interpreter that they are to run on.
        progress: Told what the index is asked, version by version.

    Raises:
        NotBuilt: when the index cannot be asked.
    """
    low, high = sorted((Version(first), Version(last)))
    found: list[str] = []
    below = high.public
    command = [
        "pip",
        "compile",
        "--no-deps",
        "--no-header",
        "--no-annotate",
        "--quiet",
        "--python-version",
        python,
        "-",
    ]
    command += ["--prerelease", "allow" if low.is_prerelease or high.is_prerelease else "disallow"]
    while len(found) < MOST_VERSIONS:
        progress(f"asking the index for the last {package} before {below} ({counted(len(found), 'version')} so far)")
        told = call_uv(command, given=f"{package}>{low.public},<{below}\n")
        if told.code != 0 and (NONE_LEFT not in told.said or OFFLINE in told.said):
            words = f"no answer within {QUESTION:.0f} s" if told.code is None else complaint(told.said)
            message = f"the index cannot be asked for versions of {package}: {words}"
            raise NotBuilt(message, next_step="begin again with a network: finished work is found again")
        below = (told.out.strip().partition("==")[2].split() or [""])[0]
        if not below:
            break
        found.append(below)
    return found[::-1] if low == Version(first) else found
