"""Two snapshots of 28 columns: 20 numbers, 5 categories, three to slice by, with label and score; seven drift."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NUMBERS = [f"n{place:02d}" for place in range(20)]
CATEGORIES = {"c0": 3, "c1": 5, "c2": 10, "c3": 20, "c4": 100}
SLICES = {"region": ("R", 5), "segment": ("S", 4), "device": ("D", 3)}
MOVED = {"n00": 0.1, "n03": 0.1, "n06": 0.1, "n13": 0.2, "n17": 0.3}
GROUP, CHUNK = 125_000, 1_000_000


def make(folder: Path, rows: int, seed: int) -> tuple[Path, Path]:
    """The baseline's file and the present one; found again where they were made before."""
    paths = (folder / "baseline.parquet", folder / "current.parquet")
    folder.mkdir(parents=True, exist_ok=True)
    for place, path in enumerate(paths):
        if not path.exists():
            unfinished = path.with_suffix(".unfinished")
            _write(unfinished, rows, np.random.default_rng([seed, place]), drift=place == 1)
            unfinished.replace(path)
    return paths


def _write(path: Path, rows: int, rng: np.random.Generator, *, drift: bool) -> None:
    schema = _chunk(1, np.random.default_rng(0), drift=False).schema
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, CHUNK):
            writer.write_table(_chunk(min(CHUNK, rows - start), rng, drift=drift), row_group_size=GROUP)


def _chunk(rows: int, rng: np.random.Generator, *, drift: bool) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for place, name in enumerate(NUMBERS):
        move = MOVED.get(name, 0.0) if drift else 0.0
        values = rng.poisson(5 + move, rows) if place >= 16 else rng.normal(move, 1, rows)
        if 12 <= place < 16:
            values = values.round(2)
        missing = rng.random(rows) < (0.06 if drift else 0.03) if name in {"n02", "n08"} else None
        columns[name] = pa.array(values, mask=missing)
    for name, count in CATEGORIES.items():
        weights = np.ones(count)
        weights[0] += drift and name in {"c1", "c3"}
        columns[name] = _words("v", rng.choice(count, rows, p=weights / weights.sum()), count)
    for name, (letter, count) in SLICES.items():
        columns[name] = _words(letter, rng.integers(0, count, rows), count)
    odds = rng.normal(-1, 1.5, rows)
    score = 1 / (1 + np.exp(-odds - rng.normal(0, 0.3, rows)))
    columns["label"] = pa.array((rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64))
    columns["prediction"] = pa.array((score >= 0.5).astype(np.int64))
    columns["score"] = pa.array(score)
    return pa.table(columns)


def _words(letter: str, codes: np.ndarray, count: int) -> pa.Array:
    words = pa.array([f"{letter}{place}" for place in range(count)])
    return pa.DictionaryArray.from_arrays(pa.array(codes), words).cast(pa.string())
