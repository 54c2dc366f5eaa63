"""Where rows wait for the writer: bounded in bytes, as they come or as a reservoir."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from baseline_pipeline.recorder.cells import Array
from baseline_pipeline.recorder.rows import Batch, Row
from baseline_pipeline.recorder.tally import Tally

LEFT_OUT = -1
"""The place of a record that sampling leaves out."""
WAKE_ROWS = 4_096


@dataclass(frozen=True)
class Taken:
    """What the writer takes over: rows and batches, out of so many records seen."""

    rows: list[Row]
    batches: list[Batch]
    seen: int


class Buffer(Protocol):
    """Records are first given a place, which costs next to nothing, and made into rows only where they have one."""

    def place(self) -> int:
        """The place of the next record, or `LEFT_OUT`; counts it as recorded."""

    def places(self, rows: int) -> tuple[Array | None, Array | None]:
        """Which of so many rows stay (None: all), and their places (None: the order they come in)."""

    def put(self, place: int, row: Row) -> bool:
        """Keep a row, or count it as dropped; whether it is time to wake the writer."""

    def put_batch(self, places: Array | None, batch: Batch) -> bool: ...

    def take(self) -> Taken: ...

    def release(self, size: int) -> None:
        """So many of the bytes taken are free again."""


class Stream:
    """Rows in the order they come; the newest are dropped while the bytes are used up.

    Args:
        limit: Bytes, for rows that wait and for rows the writer has taken but not yet turned into columns.
        share: Of records kept, each on its own.
        seed: Of the choice.
        tally: Where records are counted.
    """

    def __init__(self, limit: int, share: float, seed: int | str | None, tally: Tally) -> None:
        self._limit, self._share, self._tally = limit, share, tally
        self._random = random.Random(seed)  # noqa: S311  # sampling, no secrets
        self._rows: list[Row] = []
        self._batches: list[Batch] = []
        self._bytes = self._seen_before = 0
        self._woken = False

    def place(self) -> int:
        left_out = self._share < 1 and self._random.random() >= self._share
        with self._tally.lock:
            self._tally.recorded += 1
            self._tally.sampled_out += left_out
        return LEFT_OUT if left_out else 0

    def places(self, rows: int) -> tuple[Array | None, Array | None]:
        with self._tally.lock:
            self._tally.recorded += rows
            if self._share >= 1:
                return None, None
            chance = np.random.default_rng(self._random.getrandbits(64)).random(rows)
            chosen = np.flatnonzero(chance < self._share)
            self._tally.sampled_out += rows - len(chosen)
        return chosen, None

    def put(self, place: int, row: Row) -> bool:  # noqa: ARG002  # the port's promise; rows keep their order here
        with self._tally.lock:
            if self._bytes + row[1] > self._limit:
                self._tally.dropped_full += 1
                return False
            self._bytes += row[1]
            self._rows.append(row)
            return self._wake()

    def put_batch(self, places: Array | None, batch: Batch) -> bool:  # noqa: ARG002  # as above
        with self._tally.lock:
            room = self._limit - self._bytes
            fitting = batch.rows if batch.size <= room else max(0, batch.rows * room // batch.size)
            self._tally.dropped_full += batch.rows - fitting
            if fitting == 0:
                return False
            kept = batch if fitting == batch.rows else batch.part(0, fitting)
            self._bytes += kept.size
            self._batches.append(kept)
            return self._wake()

    def _wake(self) -> bool:
        if self._woken or (len(self._rows) < WAKE_ROWS and self._bytes < self._limit // 4):
            return False
        self._woken = True
        return True

    def take(self) -> Taken:
        with self._tally.lock:
            taken = Taken(self._rows, self._batches, self._tally.recorded - self._seen_before)
            self._rows, self._batches, self._woken = [], [], False
            self._seen_before = self._tally.recorded
        return taken

    def release(self, size: int) -> None:
        with self._tally.lock:
            self._bytes -= size


class Reservoir:
    """A uniform sample of the records between two takings: each of n stays with probability capacity / n.

    Algorithm R: the n-th record takes the place floor(n U), U uniform on [0, 1), where there is such a place, and
    another record loses it. Algorithm L would draw less often by skipping ahead, but rests on a capacity that does not
    change; here, where the kept rows outgrow their bytes, rows are taken out at random and the capacity is what is
    left, until the next taking. One draw costs less than the call that brings the record.

    Sources: Vitter (1985), Random sampling with a reservoir, ACM TOMS 11(1), algorithm R. Li (1994), Reservoir-sampling
    algorithms of time complexity O(n(1 + log(N/n))), ACM TOMS 20(4), algorithm L.

    Args:
        limit: Bytes, for the rows kept since the last taking.
        capacity: Rows.
        seed: Of the choice.
        tally: Where records are counted.

    Example:
        >>> reservoir = Reservoir(10_000, capacity=2, seed=1, tally=Tally())
        >>> for word in "abcdefgh":
        ...     place = reservoir.place()
        ...     if place != LEFT_OUT:
        ...         _ = reservoir.put(place, (None, 100, word))
        >>> taken = reservoir.take()
        >>> len(taken.rows), taken.seen
        (2, 8)
    """

    def __init__(self, limit: int, capacity: int, seed: int | str | None, tally: Tally) -> None:
        self._limit, self._wanted, self._tally = limit, capacity, tally
        self._random = random.Random(seed)  # noqa: S311  # sampling, no secrets
        self._capacity = capacity
        self._rows: list[Row] = []
        self._bytes = self._seen_before = 0

    def place(self) -> int:
        with self._tally.lock:
            self._tally.recorded += 1
            seen = self._tally.recorded - self._seen_before
            place = seen - 1 if seen <= self._capacity else int(self._random.random() * seen)
            if place < self._capacity:
                return place
            self._tally.sampled_out += 1
        return LEFT_OUT

    def places(self, rows: int) -> tuple[Array | None, Array | None]:
        with self._tally.lock:
            before = self._tally.recorded - self._seen_before
            self._tally.recorded += rows
            seen = np.arange(before + 1, before + rows + 1)
            drawn = np.random.default_rng(self._random.getrandbits(64)).random(rows) * seen
            places = np.where(seen <= self._capacity, seen - 1, drawn.astype(np.int64))
            chosen = np.flatnonzero(places < self._capacity)
            self._tally.sampled_out += rows - len(chosen)
        return chosen, places[chosen]

    def put(self, place: int, row: Row) -> bool:
        with self._tally.lock:
            if place < len(self._rows):
                self._bytes -= self._rows[place][1]
                self._rows[place] = row
                self._tally.sampled_out += 1
            elif len(self._rows) < self._capacity:
                self._rows.append(row)
            else:  # the capacity shrank since the place was given
                self._tally.sampled_out += 1
                return False
            self._bytes += row[1]
            while self._bytes > self._limit:
                self._evict()
        return False

    def _evict(self) -> None:
        loser = int(self._random.random() * len(self._rows))
        self._rows[loser], self._rows[-1] = self._rows[-1], self._rows[loser]
        self._bytes -= self._rows.pop()[1]
        self._capacity = len(self._rows)
        self._tally.dropped_full += 1

    def put_batch(self, places: Array | None, batch: Batch) -> bool:
        if places is not None:
            for place, row in zip(places.tolist(), batch.as_rows(), strict=True):
                self.put(place, row)
        return False

    def take(self) -> Taken:
        with self._tally.lock:
            taken = Taken(self._rows, [], self._tally.recorded - self._seen_before)
            self._rows, self._bytes, self._capacity = [], 0, self._wanted
            self._seen_before = self._tally.recorded
        return taken

    def release(self, size: int) -> None:
        """Nothing: rows taken no longer count here."""
