"""What is held still before a worker imports anything heavy: variables, folder, time, cores, memory, clocks.

`worker` loads this file from beside itself. It runs on every Python from 3.8 on.
"""

from __future__ import annotations

import faulthandler
import importlib
import importlib.machinery
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable  # noqa: UP035  # 3.8

SECRETS = ("TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "PRIVATE", "API_KEY", "ACCESS_KEY")
OWN = ("PYTHON", "BASELINE_", "MLFLOW_", "DAGSTER_", "VIRTUAL_ENV", "PYTEST_", "UV_")
PIPES = "DAGSTER_PIPES_"
"""How variables begin that Dagster gives to what it launches."""


def kept(variables: Any) -> dict[str, str]:
    """Of environment variables what is neither secret nor meant for Baseline Pipeline itself."""
    return {
        name: value
        for name, value in variables.items()
        if not name.startswith(OWN) and not any(word in name.upper() for word in SECRETS)
    }


def pin(job: dict[str, Any], arguments: list[str]) -> None:
    """Begin anew with the variables that are wanted, where they are not those: most of them count at the start only."""
    pipes = {name: value for name, value in os.environ.items() if name.startswith(PIPES)}
    wanted = {**kept(os.environ), **pipes, **job["variables"]}
    if wanted != dict(os.environ) and "pinned" not in arguments:
        os.execve(sys.executable, [sys.executable, "-s", *arguments, "pinned"], wanted)  # noqa: S606  # itself


def begin(job: dict[str, Any]) -> None:
    """The job's own folder, and its time from now on."""
    os.chdir(job["output"])
    if job.get("seconds") and not job.get("serve"):
        place = Path(job["output"]) / "late.txt"
        faulthandler.dump_traceback_later(job["seconds"], exit=True, file=place.open("w"))  # to the end


def prepare(job: dict[str, Any]) -> None:
    """Folder, time, cores and memory, before anything heavy is imported."""
    begin(job)
    if job.get("cores") and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cores"])
    if job.get("memory_mb"):
        import resource

        most = int(job["memory_mb"]) * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    if job.get("clock_s"):
        set_clocks(job["clock_s"])
    if job.get("project"):
        import_from(Path(job["project"]))
    sys.dont_write_bytecode = True
    if job.get("own_environment"):
        keep_compiled_libraries()


def import_from(project: Path) -> None:
    """Let the project's modules be imported, and after all that is installed those in its `src` (no package itself)."""
    sys.path.insert(0, str(project))
    source = project / "src"
    if source.is_dir() and not (source / "__init__.py").exists():
        sys.path.append(str(source))


def kept_apart() -> Any:
    """Where answers are written; what a model or a library of its own prints from now on is none of them."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def keep_compiled_libraries() -> None:
    """Write compiled libraries into the environment, so that the next worker starts in a third of the time.

    What does not belong to it is compiled anew: Python tells versions of a file apart by the second and its size.
    """
    loader: Any = importlib.machinery.SourceFileLoader
    written = loader.set_data

    def set_data(self: Any, path: str, data: bytes, **more: Any) -> None:
        place = Path(self.path)
        if Path(sys.prefix) in place.parents and "site-packages" in place.parts:
            written(self, path, data, **more)

    loader.set_data = set_data
    sys.dont_write_bytecode = False


def set_clocks(ahead: float) -> None:
    """Python's clocks so many seconds ahead; code that asks the system by itself does not see it."""
    import datetime as dt

    for name in ("pandas", "pyarrow"):  # built on the type as it was, and cannot be loaded on another
        with suppress(ImportError):
            importlib.import_module(name)
    clock, clock_ns, strftime, asctime = time.time, time.time_ns, time.strftime, time.asctime

    def of_now(convert: Callable[[float], Any]) -> Callable[..., Any]:
        return lambda seconds=None: convert(time.time() if seconds is None else seconds)

    changed: dict[str, Any] = {
        "time": lambda: clock() + ahead,
        "time_ns": lambda: clock_ns() + int(ahead * 1e9),
        "strftime": lambda form, moment=None: strftime(form, time.localtime() if moment is None else moment),
        "asctime": lambda moment=None: asctime(time.localtime() if moment is None else moment),
        **{name: of_now(getattr(time, name)) for name in ("localtime", "gmtime", "ctime")},
    }
    for name, function in changed.items():
        setattr(time, name, function)
    dt.datetime = later(dt.datetime)  # type: ignore[misc]


def later(real: Any) -> Any:
    """`datetime.datetime` whose present is `time.time()`; what the original made counts as its own."""

    class Same(type):
        def __instancecheck__(cls, one: Any) -> bool:
            return isinstance(one, real) if cls is Later else type.__instancecheck__(cls, one)

        def __subclasscheck__(cls, one: type) -> bool:
            return issubclass(one, real) if cls is Later else type.__subclasscheck__(cls, one)

    class Later(real, metaclass=Same):  # type: ignore[misc]  # whatever it is given
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls.fromtimestamp(time.time(), tz)

        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(time.time())

        @classmethod
        def utcnow(cls) -> Any:
            return cls(*time.gmtime()[:6])

    Later.__name__ = Later.__qualname__ = real.__name__
    Later.__module__ = real.__module__
    return Later
