"""What a model does on its way to scores: each stage's output, digested by row and by column, in a foreign environment.

`worker` loads this file from beside itself. Only numpy has to be there. It runs on every Python from 3.8 on.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import time
from typing import Any, Callable, Iterator  # noqa: UP035  # 3.8

import numpy as np

KEPT = 2_000_000
"""Values of a stage that are kept, rows from the first on; all of them are digested."""
BLOCK = 1_000_000
"""Values that are held dense at once."""
INNER = ("best_estimator_", "regressor_")
"""Where a search, or a regressor of a transformed target, holds the pipeline."""


class Stage:
    """One stage's output, taken up batch by batch."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.names: list[str] = []
        self.rows: list[Any] = []
        self.columns: Any = None
        self.kept: list[Any] = []
        self.seen = 0

    def add(self, output: Any, names: list[str]) -> None:
        """The output for the next rows."""
        width = np.shape(output)[1] if len(np.shape(output)) > 1 else 1
        if self.columns is None:
            self.columns = np.zeros(width, dtype=np.uint64)
            self.names = names if len(names) == width else [f"column {number}" for number in range(width)]
        room = KEPT // max(width, 1)
        for values, bits in dense_blocks(output, max(BLOCK // max(width, 1), 1)):
            mixed = scrambled(bits)
            place = np.arange(self.seen, self.seen + len(mixed))
            self.rows.append((mixed * odd(np.arange(width))).sum(axis=1, dtype=np.uint64))
            self.columns += (mixed * odd(place)[:, None]).sum(axis=0, dtype=np.uint64)
            if self.seen < room:
                self.kept.append(values[: room - self.seen])
            self.seen += len(mixed)

    def arrays(self, number: int) -> dict[str, Any]:
        """As members of an archive."""
        width = len(self.columns)
        return {
            f"{number}/rows": np.concatenate(self.rows),
            f"{number}/columns": self.columns,
            f"{number}/values": np.concatenate(self.kept) if self.kept else np.zeros((0, width)),
            f"{number}/names": np.array(self.names, dtype=str),
        }


def scrambled(bits: Any) -> Any:
    """Bits spread over the word, nothing from nothing: a sparse output's zeros need not be looked at.

    Source: the finaliser of MurmurHash3 (Appleby 2011), a bijection.
    """
    found = bits ^ (bits >> np.uint64(33))
    found = found * np.uint64(0xFF51AFD7ED558CCD)
    found ^= found >> np.uint64(33)
    found *= np.uint64(0xC4CEB9FE1A85EC53)
    found ^= found >> np.uint64(33)
    return found


def odd(places: Any) -> Any:
    """An odd factor for every place, so that values that change places change the sum."""
    return scrambled(places.astype(np.uint64) + np.uint64(1)) | np.uint64(1)


def dense_blocks(output: Any, step: int) -> Iterator[tuple[Any, Any]]:
    """(b, k) numbers and their bits, `step` rows at a time; a text is no number (NaN) and has a digest for bits."""
    sparse = output.tocsr() if hasattr(output, "tocsr") else None
    framed = hasattr(output, "iloc")
    plain: Any = None if sparse is not None or framed else np.asarray(output)
    if plain is not None:
        plain = plain.reshape(len(plain), -1)
    for start in range(0, np.shape(output)[0], step):
        if sparse is not None:
            values = sparse[start : start + step].toarray()
        elif framed:
            part = output.iloc[start : start + step]
            part = part.to_frame() if part.ndim == 1 else part
            numbers = all(getattr(kind, "kind", "O") in "biuf" for kind in part.dtypes)
            values = part.to_numpy(dtype=np.float64 if numbers else object)
        else:
            values = plain[start : start + step]
        yield numbers_and_bits(values)


def numbers_and_bits(values: Any) -> tuple[Any, Any]:
    """The same as doubles, and as words that are equal where the values are."""
    if values.dtype.kind in "biuf":
        found = values.astype(np.float64) + 0.0  # -0.0 becomes 0.0
        found[np.isnan(found)] = np.nan
        return found, found.view(np.uint64)
    pairs = [column_of(values[:, number]) for number in range(values.shape[1])]
    empty = np.zeros((len(values), 0))
    numbers = np.column_stack([one for one, _ in pairs]) if pairs else empty
    return numbers, np.column_stack([two for _, two in pairs]) if pairs else empty.view(np.uint64)


def column_of(values: Any) -> tuple[Any, Any]:
    """One column of mixed values."""
    if values.dtype.kind == "O" and all(one is None or isinstance(one, (int, float, np.number)) for one in values):
        numbers, bits = numbers_and_bits(values.astype(np.float64).reshape(-1, 1))
        return numbers[:, 0], bits[:, 0]
    texts, place = np.unique(values.astype(str), return_inverse=True)
    digests = [int.from_bytes(hashlib.blake2b(one.encode(), digest_size=8).digest(), "little") for one in texts]
    return np.full(len(values), np.nan), np.array(digests, dtype=np.uint64)[place.reshape(-1)]


def all_steps(held: Any) -> list[tuple[str, Any]]:
    """Every step of a scikit-learn Pipeline, by name; none where the model is no such thing."""
    if hasattr(held, "get_raw_model"):  # MLflow's wrapper
        held = held.get_raw_model()
    for name in INNER:
        held = getattr(held, name, held)
    steps = getattr(held, "steps", None)
    return steps if isinstance(steps, list) else []


def steps_of(held: Any) -> list[tuple[str, Any]]:
    """The fitted transformers among them."""
    return [(name, step) for name, step in all_steps(held)[:-1] if hasattr(step, "transform")]


@contextlib.contextmanager
def steps_timed(held: Any, seconds: dict[str, float]) -> Iterator[None]:
    """Add up what every transformer takes of each answer meanwhile, as `predict: NAME`."""

    def timed(name: str, transform: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return transform(*args, **kwargs)
            finally:
                seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started

        return run

    held_back = []
    for name, step in steps_of(held):
        with contextlib.suppress(AttributeError, TypeError):  # one that takes no attributes is part of the last step
            step.transform = timed(f"predict: {name}", step.transform)
            held_back.append(step)
    try:
        yield
    finally:
        for step in held_back:
            del step.transform


def names_of(step: Any, before: list[str]) -> list[str]:
    """What a transformer calls its columns; nothing where it does not say."""
    for given in ((before,), ()):
        try:
            return [str(one) for one in step.get_feature_names_out(*given)]
        except Exception:  # noqa: S112  # the words of other people's transformers: a name is all that is lost
            continue
    return []


def exposed(held: Any, function: Callable[..., Any] | None, rows: Any, batch: int) -> list[Stage]:
    """Every stage that the model exposes, in order.

    Args:
        held: The model.
        function: Of features (and of the model, where it takes two), giving arrays by name; a Pipeline's steps are
            taken where there is none.
        rows: n rows of features.
        batch: Rows given at once, as when they are scored.
    """
    found: dict[str, Stage] = {}
    steps = [] if function is not None else steps_of(held)
    more = [held] if function is not None and len(inspect.signature(function).parameters) > 1 else []
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        if function is not None:
            told = {name: (output, named(output)) for name, output in function(part, *more).items()}
        else:
            told = through(steps, part)
        for name, (output, names) in told.items():
            if np.shape(output)[0] != len(part):
                message = f"stage {name} gives {np.shape(output)[0]} outputs for {len(part)} rows"
                raise ValueError(message)
            found.setdefault(str(name), Stage(str(name))).add(output, names)
    return list(found.values())


def named(output: Any) -> list[str]:
    """A frame's columns."""
    return [str(one) for one in output.columns] if hasattr(output, "columns") else []


def through(steps: list[tuple[str, Any]], rows: Any) -> dict[str, tuple[Any, list[str]]]:
    """What every transformer makes of what the one before it made."""
    found, names = {}, named(rows)
    for name, step in steps:
        rows = step.transform(rows)
        names = names_of(step, names)
        found[name] = rows, names
    return found


def archived(path: str, stages: list[Stage]) -> None:
    """All stages in one file."""
    held: dict[str, Any] = {"stages": np.array([one.name for one in stages], dtype=str)}
    for number, stage in enumerate(stages):
        held.update(stage.arrays(number))
    np.savez_compressed(path, **held)
