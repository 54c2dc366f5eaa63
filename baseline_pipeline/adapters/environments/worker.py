"""Scores rows in a foreign environment: `<env>/bin/python worker.py job.json`; it never imports this package.

The job says what to load (or train) and which rows to score; the answer is a file of outputs and a file of facts, and
the exit code says what went wrong. Only numpy has to be there. It runs on every Python from 3.8 on. Whoever starts it,
and wherever: it sees to variables, folder, memory and time by itself. The files of `SCRIPTS` lie beside each other.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import os
import random
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator  # noqa: UP035  # 3.8

if TYPE_CHECKING:
    from baseline_pipeline.adapters.environments import worker_facts
    from baseline_pipeline.adapters.environments import worker_loading as loading
    from baseline_pipeline.adapters.environments import worker_pinning as pinning

HERE = str(Path(__file__).resolve().parent)
sys.path[:] = [place for place in sys.path if str(Path(place or ".").resolve()) != HERE]

OFTEN = 10.0
"""Seconds between two words on how far it is."""
SCRIPTS = ("worker.py", "worker_facts.py", "worker_loading.py", "worker_pinning.py", "worker_stages.py")
"""Files that a worker consists of."""


def beside(name: str) -> Any:
    """Another file of the worker, wherever they are; no path is searched for it, and nobody else finds it."""
    found: Any = importlib.util.spec_from_file_location(name, str(Path(__file__).with_name(f"{name}.py")))
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


if not TYPE_CHECKING:
    worker_facts, loading, pinning = map(beside, ("worker_facts", "worker_loading", "worker_pinning"))


def silent(_words: str) -> None:
    """Nobody listens."""


@contextmanager
def telling(name: str) -> Iterator[Callable[[str], None]]:
    """What shows words on the page of the Dagster run that launched this; silence where there is none."""
    if pinning.PIPES + "CONTEXT" not in os.environ:
        yield silent
        return
    try:
        pipes = pipes_module().open_dagster_pipes()
    except Exception as error:  # what is said is no result
        sys.stderr.write(f"nothing can be told to Dagster: {loading.words_of(error)}\n")
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


def predicted(
    job: dict[str, Any], model: loading.Model, rows: Any, say: Callable[[str], None] = silent
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
        except (Exception, SystemExit) as error:  # a model may even ask the process to end
            raise loading.Failed(loading.PREDICT, loading.words_of(error) + loading.given(rows)) from error
        times.append(time.perf_counter_ns() - before)
        if said.dtype.kind == "O" and any(one is None for one in said.ravel()):
            raise loading.Failed(loading.PREDICT, "an output is None")
        outputs.append(said.astype(np.float64) if said.dtype.kind in "biuf" else said.astype(str))
    found = np.concatenate(outputs)
    if len(found) != len(rows):
        raise loading.Failed(loading.PREDICT, f"{len(found)} outputs for {len(rows)} rows")
    if found.dtype.kind == "f":
        bad = ~np.isfinite(found.reshape(len(found), -1)).all(axis=1)
        if bad.any():
            first = int(bad.argmax())
            raise loading.Failed(
                loading.NON_FINITE, f"{found[first].tolist()} for row {first} ({int(bad.sum())} such rows)"
            )
    return found, times


def keep_stages(job: dict[str, Any], model: loading.Model, rows: Any, facts: dict[str, Any]) -> None:
    """Outputs of the model's stages, where it exposes any; a failure is noted, and the scores stand."""
    stages: Any = beside("worker_stages")
    try:
        function = loading.function_of(job["stages"]) if job["stages"] else None
        found = stages.exposed(model.held, function, rows, job["batch_rows"])
    except (Exception, SystemExit) as error:
        facts["stages_failure"] = loading.words_of(error)
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


def slowed(job: dict[str, Any], answer: Callable[[Any], Any], seconds: dict[str, float]) -> Callable[[Any], Any]:
    """An answer as it comes over a network, or from a processor that has other things to do.

    What is waited for the network is counted as a stage of its own, `remote call`.
    """
    delay, jitter = job.get("delay_ms") or 0.0, job.get("jitter_ms") or 0.0
    quota = job.get("quota") or 1.0
    if not delay and not jitter and quota >= 1:
        return answer
    draw = random.Random(job["seed"])  # noqa: S311  # a delay, no secret

    def late(rows: Any) -> Any:
        started = time.perf_counter()
        said = answer(rows)
        time.sleep((time.perf_counter() - started) * (1 / quota - 1))
        if delay or jitter:
            started = time.perf_counter()
            time.sleep((delay + jitter * draw.random()) / 1000)
            seconds["remote call"] = seconds.get("remote call", 0.0) + time.perf_counter() - started
        return said

    return late


def serve(job: dict[str, Any], model: loading.Model, rows: Any, answers: Any) -> None:
    """Answer until stdin ends.

    `start count` gives the nanoseconds of a block of the job's rows; `score FOLDER` scores the rows in a folder, leaves
    the outputs there and gives the nanoseconds, or `failed` and why.
    """
    gc.collect()
    gc.freeze()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        first, _, second = line.strip().partition(" ")
        if first == "score":
            print(scored(job, model, Path(second)), file=answers, flush=True)
            continue
        batch = rows[int(first) : int(first) + int(second)]
        before = time.perf_counter_ns()
        model.answer(batch)
        print(time.perf_counter_ns() - before, file=answers, flush=True)


def scored(job: dict[str, Any], model: loading.Model, folder: Path) -> str:
    """Score a folder of rows; nanoseconds, or the failure in JSON."""
    try:
        rows = loading.read_rows(str(folder), job["columns"])
        found, times = predicted({**job, "batch_rows": max(len(rows), 1)}, model, rows)
        keep(folder, found)
    except loading.Failed as failure:
        return "failed " + json.dumps(str(failure))
    return str(sum(times))


def made(job: dict[str, Any]) -> loading.Model:
    """The model, loaded or trained."""
    training = bool(job.get("train"))
    try:
        if training:
            return loading.train(job)
        return loading.load({**job["artifact"], "disk_mb_s": job.get("disk_mb_s")}, job["wants"])
    except loading.Failed:
        raise
    except BaseException as error:  # an artifact may even try to end the process
        raise loading.Failed(loading.TRAIN if training else loading.LOAD, loading.words_of(error)) from error


def work(job: dict[str, Any], facts: dict[str, Any], say: Callable[[str], None]) -> None:
    """Load or train, then score."""
    seconds, clock = facts["seconds"], time.perf_counter
    started = clock()
    try:
        rows = loading.read_rows(job["rows"], job["columns"]) if job.get("rows") else None
    except loading.Failed:
        raise
    except Exception as error:
        raise loading.Failed(loading.SCHEMA, loading.words_of(error)) from error
    if rows is not None and job.get("float32"):
        rows = rows.astype({name: "float32" for name in rows.columns if rows[name].dtype.kind == "f"})
    seconds["read rows"], started = clock() - started, clock()
    if rows is not None:
        say(f"{len(rows)} rows read; {'training' if job.get('train') else 'loading the model'}")
    answers = pinning.kept_apart() if job.get("serve") else None
    model = made(job)
    if job.get("quota"):
        time.sleep((clock() - started) * (1 / job["quota"] - 1))
    model.answer = slowed(job, model.answer, seconds)
    seconds["load"], started = clock() - started, clock()
    facts["model"] = f"{type(model.held).__module__}.{type(model.held).__name__}"
    if job.get("serve"):
        serve(job, model, rows, answers)
        return
    say(f"scoring with {facts['model']}")
    steps: dict[str, float] = {}
    stages: Any = beside("worker_stages")
    with stages.steps_timed(model.held if "stages" in job else None, steps):
        found, facts["batch_ns"] = predicted(job, model, rows, say)
    seconds["predict"] = clock() - started - seconds.get("remote call", 0.0)
    if steps:
        seconds.update({name: took / (job.get("quota") or 1.0) for name, took in steps.items()})
        last = stages.all_steps(model.held)[-1][0]
        seconds[f"predict: {last}"] = max(seconds["predict"] - sum(seconds[name] for name in steps), 0.0)
    facts["shape"] = list(found.shape)
    keep(Path(job["output"]), found)
    facts["peak_memory_mb"] = worker_facts.peak_memory()
    if "stages" in job:
        started = clock()
        keep_stages(job, model, rows, facts)
        seconds["stages"] = clock() - started


def main(path: str, arguments: list[str]) -> int:
    """Do the job, and those to be done after it; the exit code says how the first went, and the facts how each did."""
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    pinning.pin(job, arguments)
    pinning.prepare(job)
    with telling(job.get("name") or "worker") as say:
        code = noted(job, say)
        for other in job.get("then", []):
            gc.collect()
            pinning.begin({**job, **other})
            noted({**job, **other}, say)
    return code


def noted(job: dict[str, Any], say: Callable[[str], None]) -> int:
    """Do a job and leave the facts in its folder; the exit code that they say."""
    facts = done(job, say)
    place = Path(job["output"]) / "facts.json"
    unfinished = place.with_name("facts.json.unfinished")
    unfinished.write_text(json.dumps(facts), encoding="utf-8")
    unfinished.replace(place)
    for one in facts["warnings"]:
        say(f"warns {one['times']} times: {one['text']}")
    say(worker_facts.summed_up(facts))
    return int(facts["code"])


def done(job: dict[str, Any], say: Callable[[str], None]) -> dict[str, Any]:
    """What came of a job."""
    facts: dict[str, Any] = {"seconds": {}, "failure": None, "code": loading.OK}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            work(job, facts, say)
        except loading.Failed as failure:
            facts["code"], facts["failure"] = failure.code, str(failure)
            facts["lacking"] = loading.lacking(str(failure))
    seen: dict[str, int] = {}
    for one in heard:
        text = f"{one.category.__name__}: {str(one.message).strip()[:300]}"
        seen[text] = seen.get(text, 0) + 1
    facts["warnings"] = [{"text": text, "times": times} for text, times in seen.items()]
    facts.setdefault("peak_memory_mb", worker_facts.peak_memory())
    facts.update(worker_facts.environment_facts())
    return facts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv))
