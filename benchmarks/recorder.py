"""What recording costs a service: records a second in one thread, writing included, the caller's wait, and the memory.

Each record has ten features, two stages, a score, a prediction and a request id; the files go to a temporary folder.
Each way runs in a process of its own. Processor time is both threads' together, and depends less on what else the
machine does; making the values is counted in, and `nothing` shows it alone. Exits 1 where `record` stays below 50,000
records a second, the added memory reaches 100 MB, or a record is lost.

    python -m benchmarks.recorder --records 500000
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import numpy as np

from baseline_pipeline.recorder import Recorder

RATE, MEMORY_MB = 50_000, 100
BATCH = 1_000
PACED_SECONDS = 4.0
WAYS = ("nothing", "record", "paced", "batch", "sample 0.01", "reservoir 10000", "embedding 256", "features as text")


def memory_mb() -> float:
    """Resident memory of this process, MB of 10^6 bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


class Peak:
    """The most resident memory while it watches."""

    def __enter__(self) -> Self:
        self.before = self.most = memory_mb()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self.most = max(self.most, memory_mb())

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def added(self) -> float:
        return self.most - self.before


def run(way: str, records: int) -> dict[str, float]:
    """One way of recording: records/s called, rows/s on the disk, processor time, memory, quantiles of the wait."""
    settings: dict[str, float] = {"sample": 0.01} if way.startswith("sample") else {}
    settings |= {"reservoir": 10_000} if way.startswith("reservoir") else {}
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(folder, model="benchmark", **settings)  # type: ignore[arg-type]
        record = _nothing if way == "nothing" else recorder.record
        calls = batches(recorder, records) if way == "batch" else singles(record, way, records)
        gc.collect()
        with Peak() as peak:
            started, busy = time.perf_counter(), time.process_time()
            waits = calls()
            called = time.perf_counter() - started
            recorder.close(60)
            written, busy = time.perf_counter() - started, time.process_time() - busy
        facts = recorder.facts()
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    result = {"called": records / called, "sustained": facts.written / written, "memory": peak.added}
    result |= {"busy": busy / records * 1e6}
    result |= {"lost": facts.dropped_full + facts.failed + facts.pending, "bytes": size / max(facts.written, 1)}
    if waits is not None:
        result |= {f"p{q}": float(np.quantile(waits, q / 100)) * 1e6 for q in (50, 99, 99.9, 100)}
    return result


def _nothing(*_: object, **__: object) -> None:
    """What the loop costs that makes the values."""


def singles(record: Callable[..., None], way: str, records: int) -> Callable[[], np.ndarray | None]:
    """Every value is made anew, as a service would; that takes its part of the seconds measured."""
    drawn = np.random.default_rng(2026).normal(size=(1_000, 10)).tolist()
    names = [f"feature_{k}" for k in range(10)]
    vector = np.linspace(0, 1, 256, dtype=np.float32) if way.startswith("embedding") else None
    texts = way.endswith("text")

    def one(k: int) -> None:
        values = drawn[k % 1_000]
        made = [f"level {value:.1f}" for value in values] if texts else [value + k for value in values]
        record(
            f"request-{k}",
            features=dict(zip(names, made, strict=True)),
            score=k * 1e-9,
            prediction=k & 1,
            version="7",
            stages={"features": k * 1e-8, "predict": k * 2e-8},
            latency=k * 3e-8,
            extra=None if vector is None else {"embedding": vector},
        )

    def as_fast_as_possible() -> None:
        for k in range(records):
            one(k)

    def paced() -> np.ndarray:
        waits, started = np.empty(records), time.perf_counter()
        for k in range(records):
            while time.perf_counter() < started + k / RATE:
                pass
            before = time.perf_counter()
            one(k)
            waits[k] = time.perf_counter() - before
        return waits

    return paced if way == "paced" else as_fast_as_possible


def batches(recorder: Recorder, records: int) -> Callable[[], None]:
    rng = np.random.default_rng(2026)
    columns = {f"feature_{k}": rng.normal(size=BATCH) for k in range(10)}
    columns |= {"score": rng.random(BATCH), "prediction": rng.integers(0, 2, BATCH)}

    def calls() -> None:
        for start in range(0, records, BATCH):
            names = [f"request-{k}" for k in range(start, start + BATCH)]
            recorder.record_batch({"request_id": names, "version": "7", "latency_seconds": 0.004, **columns})

    return calls


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=500_000)
    options.add_argument("--way", choices=WAYS)
    given = options.parse_args()
    if given.way:
        print(json.dumps(run(given.way, given.records)))
        return
    print(f"python {platform.python_version()}, {platform.machine()}, {given.records} records")
    missed = False
    for way in WAYS:
        records = {"embedding 256": given.records // 10, "paced": int(RATE * PACED_SECONDS)}.get(way, given.records)
        command = [sys.executable, "-m", "benchmarks.recorder", "--way", way, "--records", str(records)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        waits = "".join(f", p{q} {found[f'p{q}']:.1f} us" for q in (50, 99, 99.9, 100) if f"p{q}" in found)
        print(
            f"{way}: {found['called']:,.0f} records/s called, {found['sustained']:,.0f} rows/s written, "
            f"{found['busy']:.1f} us of processor each; "
            f"{found['memory']:.0f} MB added at the peak, {found['lost']:.0f} lost, "
            f"{found['bytes']:.0f} bytes a row written{waits}"
        )
        if way in {"record", "paced"}:
            missed |= found["memory"] >= MEMORY_MB or (way == "record" and found["sustained"] < RATE)
            missed |= way == "paced" and found["lost"] > 0
    sys.exit(missed)


if __name__ == "__main__":
    main()
