"""Scores rows in a foreign environment: `<env>/bin/python worker.py job.json`; it never imports this package.

The job says what to load (or train) and which rows to score; the answer is a file of outputs and a file of facts, and
the exit code says what went wrong. Only numpy has to be there. It runs on every Python from 3.8 on. Whoever starts it,
and wherever: it sees to variables, folder, memory and time by itself.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import importlib.machinery
import importlib.util
import inspect
import json
import os
import platform
import random
import sys
import time
import traceback
import warnings
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any, Callable, Iterator  # noqa: UP035  # 3.8

HERE = str(Path(__file__).resolve().parent)
sys.path[:] = [place for place in sys.path if str(Path(place or ".").resolve()) != HERE]

OK, LOAD, SCHEMA, PREDICT, NON_FINITE, TRAIN = 0, 10, 11, 12, 13, 14
PINNED = ("PYTHONHASHSEED", "NPY_DISABLE_CPU_FEATURES", "TZ", "LC_ALL")
SECRETS = ("TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "PRIVATE", "API_KEY", "ACCESS_KEY")
OWN = ("PYTHON", "BASELINE_", "MLFLOW_", "DAGSTER_", "VIRTUAL_ENV", "PYTEST_", "UV_")
PIPES = "DAGSTER_PIPES_"
"""How variables begin that Dagster gives to what it launches."""
OFTEN = 10.0
"""Seconds between two words on how far it is."""
STAGES = "worker_stages.py"
SCRIPTS = ("worker.py", STAGES)
"""Files that a worker consists of."""
SYSTEM_PACKAGES = {"libgomp.so.1": "libgomp1", "libGL.so.1": "libgl1", "libstdc++.so.6": "libstdc++6"}
"""Debian packages of shared libraries that wheels expect of the machine."""
NAMES = {"lightgbm": "LightGBM", "xgboost": "XGBoost", "sklearn": "scikit-learn"}
FLAGS = {"sse4_2", "avx", "avx2", "fma", "avx512f", "avx512vl", "amx_tile"}


class Failed(Exception):
    """A failure with the exit code that names its kind."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class Model:
    """What was loaded, and how it answers."""

    def __init__(self, held: Any, answer: Callable[[Any], Any]) -> None:
        self.held = held
        self.answer = answer


def words_of(error: BaseException) -> str:
    """Type and text of an error, and the innermost place where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" (in {frames[-1].name} of {Path(frames[-1].filename).name})" if frames else ""
    return f"{needed(error, frames)}{type(error).__name__}: {str(error).strip()[:600]}{place}"


def lacking(text: str) -> str | None:
    """The shared library that an error says is not on the machine, as far as we know who brings it."""
    return next((one for one in SYSTEM_PACKAGES if f"{one}: cannot open shared object" in text), None)


def needed(error: BaseException, frames: Any) -> str:
    """What the machine itself lacks, and who asks for it: no lockfile brings it."""
    library = lacking(str(error))
    if library is None:
        return ""
    parts = [Path(one.filename).parts for one in reversed(frames) if "site-packages" in one.filename]
    who = parts[0][parts[0].index("site-packages") + 1] if parts else "the model"
    short = library.partition(".")[0]
    return f"{NAMES.get(who, who)} needs {short} (apt install {SYSTEM_PACKAGES[library]}): "


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


def silent(_words: str) -> None:
    """Nobody listens."""


@contextmanager
def telling(name: str) -> Iterator[Callable[[str], None]]:
    """What shows words on the page of the Dagster run that launched this; silence where there is none."""
    if PIPES + "CONTEXT" not in os.environ:
        yield silent
        return
    try:
        pipes = pipes_module().open_dagster_pipes()
    except Exception as error:  # what is said is no result
        sys.stderr.write(f"nothing can be told to Dagster: {words_of(error)}\n")
        yield silent
        return
    try:
        yield lambda words: pipes.log.info("%s: %s", name, words)
    finally:
        pipes.close()


def pipes_module() -> Any:
    """`dagster_pipes` of this environment, or else the copy that came with the job."""
    try:
        return importlib.import_module("dagster_pipes")
    except ImportError:
        pass
    found: Any = importlib.util.spec_from_file_location("dagster_pipes", Path(HERE) / "dagster_pipes.py")
    module = importlib.util.module_from_spec(found)
    sys.modules["dagster_pipes"] = module
    found.loader.exec_module(module)
    return module


def prepare(job: dict[str, Any]) -> None:
    """Folder, time, cores and memory, before anything heavy is imported."""
    os.chdir(job["output"])
    if job.get("seconds") and not job.get("serve"):
        place = Path(job["output"]) / "late.txt"
        faulthandler.dump_traceback_later(job["seconds"], exit=True, file=place.open("w"))  # to the end
    if job.get("cores") and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cores"])
    if job.get("memory_mb"):
        import resource

        most = int(job["memory_mb"]) * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    if job.get("clock_s"):
        set_clocks(job["clock_s"])
    if job.get("project"):
        sys.path.insert(0, job["project"])
    sys.dont_write_bytecode = True
    if job.get("own_environment"):
        keep_compiled_libraries()


def keep_compiled_libraries() -> None:
    """Write compiled libraries into the environment, so that the next worker starts in a third of the time.

    What does not belong to it is compiled anew: Python tells versions of a file apart by the second and its size.
    """
    loader: Any = importlib.machinery.SourceFileLoader
    written = loader.set_data

    def set_data(self: Any, path: str, data: bytes, **more: Any) -> None:
        if Path(self.path).is_relative_to(sys.prefix) and "site-packages" in Path(self.path).parts:
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


def read_rows(folder: str, columns: list[str]) -> Any:
    """Rows as a DataFrame where pandas is there, else as an (n, k) array of floats."""
    try:
        import pyarrow.parquet

        return pyarrow.parquet.read_table(str(Path(folder) / "rows.parquet"), columns=columns).to_pandas()
    except ImportError:
        pass
    import numpy as np

    held = np.load(str(Path(folder) / "rows.npz"), allow_pickle=False)
    found = {}
    for name in columns:
        values = held["values/" + name]
        if "nulls/" + name in held.files:
            values = values.astype(object)
            values[held["nulls/" + name]] = None
        found[name] = values
    try:
        import pandas as pd

        return pd.DataFrame(found)
    except ImportError:
        pass
    texts = [name for name, values in found.items() if values.dtype.kind not in "biuf"]
    if texts:
        words = f"without pandas in the lockfile only numbers can be given; text columns: {', '.join(texts)}"
        raise Failed(SCHEMA, words)
    return np.column_stack([values.astype(float) for values in found.values()])


def answering(held: Any, wants: str) -> Model:
    """Probabilities where they are wanted and can be had, else what `predict` (or a call) gives."""
    if type(held).__module__.startswith("xgboost.") and type(held).__name__ == "Booster":
        return booster(held)
    if wants == "scores" and hasattr(held, "predict_proba"):
        return Model(held, held.predict_proba)
    if hasattr(held, "predict"):
        return Model(held, held.predict)
    if callable(held):
        return Model(held, held)
    raise Failed(LOAD, f"{type(held).__name__} has neither predict_proba nor predict, and is no function")


def function_of(reference: str) -> Any:
    """`module:function`."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def unpickled(path: str) -> Any:
    """A pickled object, by the library that wrote it as far as it is there."""
    for name in ("joblib", "cloudpickle", "pickle"):
        try:
            library = importlib.import_module(name)
        except ImportError:
            continue
        with Path(path).open("rb") as file:
            return library.load(file)
    return None


def xgboost_of(path: str) -> Model:
    """A booster from JSON or UBJ."""
    import xgboost

    held = xgboost.Booster()
    held.load_model(path)
    return booster(held)


def booster(held: Any) -> Model:
    """A booster of XGBoost, which takes matrices of its own kind only."""
    import xgboost

    return Model(held, lambda rows: held.predict(xgboost.DMatrix(rows)))


def onnx_of(path: str) -> Model:
    """An ONNX session; one input takes the whole matrix, several take a column each."""
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    kinds: dict[str, Any] = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}

    def answer(rows: Any) -> Any:
        if len(inputs) == 1:
            fed = {inputs[0].name: np.asarray(rows, dtype=kinds.get(inputs[0].type, np.float32))}
        else:
            fed = {
                one.name: np.asarray(rows[one.name]).astype(kinds.get(one.type, object)).reshape(-1, 1)
                for one in inputs
            }
        said = session.run(None, fed)[-1]
        if isinstance(said, list) and said and isinstance(said[0], dict):
            return np.array([[row[key] for key in sorted(row)] for row in said])
        return said

    return Model(session, answer)


def load(artifact: dict[str, Any], wants: str) -> Model:
    """The model that an artifact holds.

    Args:
        artifact: `loader` (function, pickle, skops, lightgbm, xgboost, onnx, pyfunc), `path` or `function`, and for
            skops the `trusted` types, or `all`; others are refused by skops itself. `disk_mb_s` slows reading down.
        wants: `scores` or `predictions`.
    """
    loader, path = artifact["loader"], artifact.get("path") or ""
    if path and artifact.get("disk_mb_s"):
        files = [Path(path)] if Path(path).is_file() else [one for one in Path(path).rglob("*") if one.is_file()]
        time.sleep(sum(one.stat().st_size for one in files) / 1e6 / artifact["disk_mb_s"])
    if loader == "function":
        return answering(function_of(artifact["function"]), wants)
    if loader == "pickle":
        return answering(unpickled(path), wants)
    if loader == "skops":
        import skops.io

        trusted = artifact.get("trusted") or []
        if trusted == "all":
            trusted = skops.io.get_untrusted_types(file=path)
        return answering(skops.io.load(path, trusted=trusted), wants)
    if loader == "lightgbm":
        import lightgbm

        return answering(lightgbm.Booster(model_file=path), wants)
    if loader == "xgboost":
        return xgboost_of(path)
    if loader == "onnx":
        return onnx_of(path)
    import mlflow.pyfunc

    return answering(mlflow.pyfunc.load_model(path), wants)


def train(job: dict[str, Any]) -> Model:
    """What the contract's training entry makes of the training rows; kept for the way back."""
    entry, label = function_of(job["train"]["entry"]), job["train"]["label"]
    rows = read_rows(job["train"]["rows"], [*job["columns"], label])
    named = hasattr(rows, "columns")
    features, labels = (rows[job["columns"]], rows[label]) if named else (rows[:, :-1], rows[:, -1])
    names = list(inspect.signature(entry).parameters)
    more = {"seed": job["seed"]} if "seed" in names else {}
    more.update(job["train"].get("arguments") or {})
    wanted = [name for name in names if name not in more]
    held = entry(features, labels, **more) if wanted else entry(**more)
    place = Path(job["output"]) / "model.pkl"
    try:
        import pickle

        place.write_bytes(pickle.dumps(held, protocol=4))
    except Exception as error:
        place.unlink() if place.exists() else None
        sys.stderr.write(f"the trained model cannot be pickled: {words_of(error)}\n")
    return answering(held, job["wants"])


def predicted(
    job: dict[str, Any], model: Model, rows: Any, say: Callable[[str], None] = silent
) -> tuple[Any, list[int]]:
    """Outputs of all rows in their order, and the nanoseconds of every batch."""
    import numpy as np

    outputs, times, step = [], [], job["batch_rows"]
    said_at = time.perf_counter()
    for start in range(0, len(rows), step):
        if time.perf_counter() - said_at > OFTEN:
            said_at = time.perf_counter()
            say(f"{start} of {len(rows)} rows scored")
        batch = rows[start : start + step]
        before = time.perf_counter_ns()
        try:
            said = np.asarray(model.answer(batch))
        except Exception as error:
            raise Failed(PREDICT, words_of(error)) from error
        times.append(time.perf_counter_ns() - before)
        if said.dtype.kind == "O" and any(one is None for one in said.ravel()):
            raise Failed(PREDICT, "an output is None")
        outputs.append(said.astype(np.float64) if said.dtype.kind in "biuf" else said.astype(str))
    found = np.concatenate(outputs)
    if len(found) != len(rows):
        raise Failed(PREDICT, f"{len(found)} outputs for {len(rows)} rows")
    if found.dtype.kind == "f":
        bad = ~np.isfinite(found.reshape(len(found), -1)).all(axis=1)
        if bad.any():
            first = int(bad.argmax())
            raise Failed(NON_FINITE, f"{found[first].tolist()} for row {first} ({int(bad.sum())} such rows)")
    return found, times


def keep_stages(job: dict[str, Any], model: Model, rows: Any, facts: dict[str, Any]) -> None:
    """Outputs of the model's stages, where it exposes any; a failure is noted, and the scores stand."""
    spec: Any = importlib.util.spec_from_file_location("worker_stages", str(Path(__file__).with_name(STAGES)))
    stages: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stages)
    try:
        function = function_of(job["stages"]) if job["stages"] else None
        found = stages.exposed(model.held, function, rows, job["batch_rows"])
    except Exception as error:
        facts["stages_failure"] = words_of(error)
        return
    if found:
        stages.archived(str(Path(job["output"]) / "stages.npz"), found)


def keep(folder: Path, found: Any) -> None:
    """Outputs as Parquet, or as .npy where there is no pyarrow."""
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError:
        import numpy as np

        np.save(str(folder / "outputs.npy"), found, allow_pickle=False)
        return
    table = found.reshape(len(found), -1)
    columns = {f"p{number}": table[:, number] for number in range(table.shape[1])}
    pyarrow.parquet.write_table(pa.table(columns), str(folder / "outputs.parquet"))


def environment_facts() -> dict[str, Any]:
    """Versions, BLAS, processor and what was pinned."""
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "packages": {one.metadata["Name"]: one.version for one in metadata.distributions() if one.metadata["Name"]},
        "pinned": {
            name: value
            for name, value in sorted(os.environ.items())
            if name in PINNED or name.endswith(("_NUM_THREADS", "_CORETYPE"))
        },
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "blas": None,
        "cpu_flags": None,
    }
    try:
        from threadpoolctl import threadpool_info

        names = ("internal_api", "version", "architecture", "num_threads")
        facts["blas"] = [{name: one.get(name) for name in names} for one in threadpool_info()]
    except ImportError:
        pass
    try:
        with Path("/proc/cpuinfo").open() as file:
            flags = next(line for line in file if line.startswith("flags"))
        facts["cpu_flags"] = sorted(set(flags.split()) & FLAGS)
    except (OSError, StopIteration):
        pass
    return facts


def peak_memory() -> float:
    """Most memory held so far, in MB.

    Linux hands what the starting process held on to `getrusage`; its own count begins with the program.
    """
    try:
        with Path("/proc/self/status").open() as file:
            return round(int(next(line for line in file if line.startswith("VmHWM")).split()[1]) / 2**10, 1)
    except (OSError, StopIteration, ValueError):
        pass
    import resource

    scale = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, 1)


def slowed(job: dict[str, Any], answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An answer as it comes over a network, or from a processor that has other things to do."""
    delay, jitter = job.get("delay_ms") or 0.0, job.get("jitter_ms") or 0.0
    quota = job.get("quota") or 1.0
    if not delay and not jitter and quota >= 1:
        return answer
    draw = random.Random(job["seed"])  # noqa: S311  # a delay, no secret

    def late(rows: Any) -> Any:
        started = time.perf_counter()
        said = answer(rows)
        took = time.perf_counter() - started
        time.sleep(took * (1 / quota - 1) + (delay + jitter * draw.random()) / 1000)
        return said

    return late


def serve(job: dict[str, Any], model: Model, rows: Any) -> None:
    """Answer until stdin ends.

    `start count` gives the nanoseconds of a block of the job's rows; `score FOLDER` scores the rows in a folder, leaves
    the outputs there and gives the nanoseconds, or `failed` and why.
    """
    gc.collect()
    gc.freeze()
    answered = sys.stdout
    sys.stdout = sys.stderr  # what a model prints is no answer
    print("ready", file=answered, flush=True)
    for line in sys.stdin:
        first, _, second = line.strip().partition(" ")
        if first == "score":
            print(scored(job, model, Path(second)), file=answered, flush=True)
            continue
        batch = rows[int(first) : int(first) + int(second)]
        before = time.perf_counter_ns()
        model.answer(batch)
        print(time.perf_counter_ns() - before, file=answered, flush=True)


def scored(job: dict[str, Any], model: Model, folder: Path) -> str:
    """Score a folder of rows; nanoseconds, or the failure in JSON."""
    try:
        rows = read_rows(str(folder), job["columns"])
        found, times = predicted({**job, "batch_rows": max(len(rows), 1)}, model, rows)
        keep(folder, found)
    except Failed as failure:
        return "failed " + json.dumps(str(failure))
    return str(sum(times))


def made(job: dict[str, Any]) -> Model:
    """The model, loaded or trained."""
    training = bool(job.get("train"))
    try:
        return train(job) if training else load({**job["artifact"], "disk_mb_s": job.get("disk_mb_s")}, job["wants"])
    except Failed:
        raise
    except BaseException as error:  # an artifact may even try to end the process
        raise Failed(TRAIN if training else LOAD, words_of(error)) from error


def work(job: dict[str, Any], facts: dict[str, Any], say: Callable[[str], None]) -> None:
    """Load or train, then score."""
    seconds, clock = facts["seconds"], time.perf_counter
    started = clock()
    try:
        rows = read_rows(job["rows"], job["columns"]) if job.get("rows") else None
    except Failed:
        raise
    except Exception as error:
        raise Failed(SCHEMA, words_of(error)) from error
    if rows is not None and job.get("float32"):
        rows = rows.astype({name: "float32" for name in rows.columns if rows[name].dtype.kind == "f"})
    seconds["read rows"], started = clock() - started, clock()
    if rows is not None:
        say(f"{len(rows)} rows read; {'training' if job.get('train') else 'loading the model'}")
    model = made(job)
    if job.get("quota"):
        time.sleep((clock() - started) * (1 / job["quota"] - 1))
    model.answer = slowed(job, model.answer)
    seconds["load"], started = clock() - started, clock()
    facts["model"] = f"{type(model.held).__module__}.{type(model.held).__name__}"
    if job.get("serve"):
        serve(job, model, rows)
        return
    say(f"scoring with {facts['model']}")
    found, facts["batch_ns"] = predicted(job, model, rows, say)
    seconds["predict"] = clock() - started
    facts["shape"] = list(found.shape)
    keep(Path(job["output"]), found)
    facts["peak_memory_mb"] = peak_memory()
    if "stages" in job:
        started = clock()
        keep_stages(job, model, rows, facts)
        seconds["stages"] = clock() - started


def summed_up(facts: dict[str, Any]) -> str:
    """The facts of a job in one line."""
    took = ", ".join(f"{stage} {value:.2f} s" for stage, value in facts["seconds"].items())
    place = f"Python {facts['python']} on {facts['machine']}, {facts['cores']} cores"
    ended = f"failed: {facts['failure']}" if facts["failure"] else "done"
    return f"{ended}; {took}; peak memory {facts['peak_memory_mb']} MB; {place}"


def main(path: str, arguments: list[str]) -> int:
    """Do the job; the exit code says how it went, and so do the facts."""
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    pin(job, arguments)
    prepare(job)
    with telling(job.get("name") or "worker") as say:
        facts = done(job, say)
        place = Path(job["output"]) / "facts.json"
        unfinished = place.with_name("facts.json.unfinished")
        unfinished.write_text(json.dumps(facts), encoding="utf-8")
        unfinished.replace(place)
        for one in facts["warnings"]:
            say(f"warns {one['times']} times: {one['text']}")
        say(summed_up(facts))
    return int(facts["code"])


def done(job: dict[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """What came of a job."""
    facts: dict[str, Any] = {"seconds": {}, "failure": None, "code": OK}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            work(job, facts, say)
        except Failed as failure:
            facts["code"], facts["failure"] = failure.code, str(failure)
            facts["lacking"] = lacking(str(failure))
    seen: dict[str, int] = {}
    for one in heard:
        text = f"{one.category.__name__}: {str(one.message).strip()[:300]}"
        seen[text] = seen.get(text, 0) + 1
    facts["warnings"] = [{"text": text, "times": times} for text, times in seen.items()]
    facts.setdefault("peak_memory_mb", peak_memory())
    facts.update(environment_facts())
    return facts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv))
