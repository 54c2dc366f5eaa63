"""The recorder itself: what the service calls, and the thread behind it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from baseline_pipeline.recorder.batch_columns import Cells, row_bytes, rows_of
from baseline_pipeline.recorder.buffer import LEFT_OUT, Buffer, Reservoir, Stream
from baseline_pipeline.recorder.cells import TooLarge
from baseline_pipeline.recorder.forking import importing, look_after
from baseline_pipeline.recorder.rows import Rows
from baseline_pipeline.recorder.tally import Facts, Tally

if TYPE_CHECKING:
    from baseline_pipeline.recorder.writer import Writer

CLOSE_SECONDS = 10.0
_MEGABYTE = 2**20
_MOST_MEMORY_MB = 2_000
_PAUSE_SECONDS = 1.0


class Recorder:
    """Records the requests a prediction service answers, as Parquet files in a folder.

    `record` and `record_batch` take microseconds: they neither touch the disk nor raise, whatever values they are
    given (an unknown keyword is a mistake in the program, and raises as ever); what goes wrong is counted, see
    `facts`. KeyboardInterrupt and SystemExit pass. One daemon thread turns rows into columns and writes
    `<stamp>-<pid>-<counter>.parquet`: hidden and `.partial` until whole and synced, with page checksums. A process that
    is killed loses at most the rows not yet in a file. A failed write is tried again (after 1 s, then at most every
    60 s) while the rows fit the memory; then the newest are dropped. A forked child records into files of its own,
    and leaves the rows waiting in its parent to the parent. Safe to call from several threads.

    Columns, one row a record; what is absent is null, and NaN stays NaN:

    - `request_id`, `version`, `error`: text. An exception stands as `<type>: <message>`.
    - `time`: when `record` was called, UTC, microseconds.
    - `score`, `prediction`: as given; a list of scores makes a list column.
    - `latency_seconds`, and `stage.<name>` for each stage: seconds.
    - `importance.<name>`, `extra.<name>`: numbers, texts, or lists: embeddings, for example.
    - `sampling_weight`: seen / kept, the records of this file's time per row of it: its rows, weighted so, stand for
      all of them, those dropped for want of memory included. The file's metadata says `seen`, `kept` and `model`.
    - Features under their own names. One that is called like a column above, or begins like one (`stage.`,
      `importance.`, `extra.`, `feature.`), stands as `feature.<name>`. Of two keys with the same text the later counts.

    Integers beside floats in a column become floats. Where the values of a column share no type within a file, the
    column becomes text, and counts in `failed_casts`. Values other than numbers, texts, bytes, dates, times, decimals,
    lists and arrays are recorded as their text, time differences in seconds.

    Args:
        directory: Where the files go; made where absent, by the writer.
        model: The name of the model, for the files' metadata.
        sample: Share of the records kept, each on its own; 0 < sample <= 1.
        reservoir: Keep a uniform sample of at most so many records between two files instead (algorithm R of
            Vitter, 1985; see `Reservoir`).
        seed: Of the sampling; every process forked draws on its own.
        max_memory_mb: For rows that wait, their columns and the file being written, in MiB; at most 2,000. A record
            that takes more than an eighth of it is dropped. On top come pyarrow, some 40 MB, and what the allocators
            keep, up to some 30 MB.
        rotate_seconds: Between two files.
        rotate_rows: Rows of a file, at most.

    Raises:
        ValueError: on settings out of their range; only here.

    Example:
        >>> import tempfile
        >>> import pyarrow.parquet
        >>> folder = tempfile.TemporaryDirectory()
        >>> with Recorder(folder.name, model="flights") as recorder:
        ...     recorder.record("a", features={"distance": 541.0}, score=0.3, prediction=1, latency=0.004)
        ...     recorder.record("b", features={"distance": 902.0}, error=TimeoutError("no answer"))
        >>> (facts := recorder.facts()).written, facts.files, facts.failed
        (2, 1, 0)
        >>> [path] = Path(folder.name).iterdir()
        >>> table = pyarrow.parquet.read_table(path, page_checksum_verification=True)
        >>> table.select(["request_id", "distance", "error", "sampling_weight"]).to_pylist()[1]
        {'request_id': 'b', 'distance': 902.0, 'error': 'TimeoutError: no answer', 'sampling_weight': 1.0}
        >>> folder.cleanup()
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        model: str,
        sample: float = 1.0,
        reservoir: int | None = None,
        seed: int | None = None,
        max_memory_mb: float = 48,
        rotate_seconds: float = 60,
        rotate_rows: int = 100_000,
    ) -> None:
        _check(sample=sample, reservoir=reservoir, memory=max_memory_mb, seconds=rotate_seconds, rows=rotate_rows)
        self._directory = Path(directory).absolute()
        self._model, self._sample, self._reservoir, self._seed = str(model), sample, reservoir, seed
        self._limit = int(max_memory_mb * _MEGABYTE)
        self._rotate_seconds, self._rotate_rows = rotate_seconds, rotate_rows
        self._closed = False
        self._begin(seed)
        look_after(self)

    def _begin(self, seed: int | str | None) -> None:
        """Everything that belongs to one process."""
        self._tally = Tally()
        self._buffer: Buffer
        if self._reservoir is None:
            self._buffer = Stream(self._limit // 2, self._sample, seed, self._tally)
        else:
            self._buffer = Reservoir(self._limit // 4, self._reservoir, seed, self._tally)
        self._rows = Rows(self._limit // 8)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._working = threading.Lock()
        """Held while the thread works, and while the process forks: no child inherits a lock taken within Arrow."""
        self._requests: SimpleQueue[_Request | None] = SimpleQueue()

    def rest(self, timeout: float) -> bool:
        """Keep the thread from working, before a fork; whether it rests within so many seconds."""
        return self._working.acquire(timeout=timeout)

    def resume(self) -> None:
        """The end of `rest`, where it was granted."""
        self._working.release()

    def begin_in_child(self) -> None:
        """Start afresh after a fork: locks, rows and counts of the parent are the parent's."""
        self._begin(None if self._seed is None else f"{self._seed}-{os.getpid()}")

    def record(
        self,
        request_id: object,
        *,
        features: Mapping[str, Any] | None = None,
        score: object = None,
        prediction: object = None,
        version: object = None,
        stages: Mapping[str, float] | None = None,
        latency: float | None = None,
        error: object = None,
        extra: Mapping[str, Any] | None = None,
        importances: Mapping[str, float] | None = None,
    ) -> None:
        """Record one request; the class says which column becomes of what.

        Args:
            request_id: Becomes text.
            features: The model's inputs by name.
            score: A number, or one per class.
            prediction: The answer given.
            version: Of the model that answered.
            stages: Seconds by stage.
            latency: Seconds in all.
            error: An exception or a text, where the request failed.
            extra: Intermediate representations by name; lists and one-dimensional arrays are copied.
            importances: Of the features, by name.
        """
        try:
            place = self._buffer.place()
            if place == LEFT_OUT:
                return
            try:
                self._refuse_closed()
                row = self._rows.row(
                    (request_id, score, prediction, version, latency, error),
                    features=features,
                    stages=stages,
                    extra=extra,
                    importances=importances,
                )
            except TooLarge as problem:
                self._drop(1, problem)
                return
            except Exception as problem:  # the service answers on, whatever its values do
                self._tally.fail(1, problem)
                return
            self._wake(full=self._buffer.put(place, row))
        except Exception as problem:  # no thread to be had: the row waits, the next record tries again
            self._tally.fail(0, problem)

    def record_batch(self, columns: Mapping[str, Any]) -> None:
        """Record many requests, given as columns of one length under the names they get in the file.

        An array of two dimensions makes a list column; a single number or text holds for all rows. `time` is in
        seconds since 1970 or a datetime (UTC where it names no zone); the time of the call where absent. Of a batch
        that exceeds the room, the last rows are dropped.

        Args:
            columns: (n,) or (n, width) each, by name: `request_id`, `score`, `latency_seconds`, `stage.predict`, a
                feature's own name or `feature.<name>`, and so on.
        """
        rows = 1
        try:
            rows = rows_of(columns)
            self._refuse_closed()
            cells = self._rows.columns(columns, rows)
            step = max(1, self._limit // 8 // max(1, row_bytes(cells, rows)))
        except Exception as problem:  # as in `record`
            self._tally.refuse(rows, problem)
            return
        for start in range(0, rows, step):
            part = {name: values[start : start + step] for name, values in cells.items()}
            self._record_part(part, min(step, rows - start))

    def _record_part(self, cells: Mapping[str, Cells], rows: int) -> None:
        try:
            chosen, places = self._buffer.places(rows)
            kept = rows if chosen is None else len(chosen)
            try:
                batch = self._rows.batch(cells, chosen)
            except TooLarge as problem:
                self._drop(kept, problem)
                return
            except Exception as problem:  # as in `record`
                self._tally.fail(kept, problem)
                return
            self._wake(full=self._buffer.put_batch(places, batch))
        except Exception as problem:  # as in `record`
            self._tally.fail(0, problem)

    def _drop(self, rows: int, problem: TooLarge) -> None:
        with self._tally.lock:
            self._tally.dropped_full += rows
            self._tally.last_error = str(problem)

    def _refuse_closed(self) -> None:
        if self._closed:
            message = "the recorder is closed"
            raise RuntimeError(message)

    def _wake(self, *, full: bool) -> None:
        if self._thread is None:
            self._start()
        if full:
            self._requests.put(None)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._closed:
                thread = threading.Thread(target=self._serve, name=f"recorder of {self._model}", daemon=True)
                thread.start()
                self._thread = thread

    def _serve(self) -> None:
        writer: Writer | None = None
        ended = False
        while not ended:
            request = self._next_request(writer.idle_seconds() if writer else 0.0)
            done = False
            try:
                with self._working:
                    writer = writer or self._writer()
                    done = writer.step(now=request is not None)
            except Exception as problem:  # the thread outlives what it cannot do now
                self._tally.fail(0, problem)
                time.sleep(_PAUSE_SECONDS)
            if request is not None:
                ended = request.last
                if ended and writer is not None:
                    writer.give_up()
                request.done = done
                request.answered.set()

    def _next_request(self, timeout: float) -> _Request | None:
        try:
            return self._requests.get(timeout=timeout)
        except Empty:
            return None

    def _writer(self) -> Writer:
        with importing:
            from baseline_pipeline.recorder.writer import Writer
        kept = f"at most {self._reservoir} at random" if self._reservoir else f"a share of {self._sample}"
        return Writer(
            self._directory,
            self._buffer,
            sampled=self._reservoir is not None,
            tally=self._tally,
            limit=self._limit // 4,
            rotate_seconds=self._rotate_seconds,
            rotate_rows=self._rotate_rows,
            metadata={"model": self._model, "sampling": kept},
        )

    def flush(self, timeout: float = CLOSE_SECONDS) -> bool:
        """Write what was recorded so far into a file now.

        Args:
            timeout: Seconds to wait for it.

        Returns:
            Whether it is all on the disk.
        """
        return self._ask(_Request(last=False), timeout)

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Write what was recorded, and record no more; again, it does nothing. Also called as the process exits.

        Args:
            timeout: Seconds to wait at most; a disk that hangs longer keeps the rows pending.
        """
        with self._starting:
            closed, self._closed = self._closed, True
        if not closed:
            self._ask(_Request(last=True), timeout)

    def _ask(self, request: _Request, timeout: float) -> bool:
        thread = self._thread
        if thread is None or not thread.is_alive():
            return self._tally.facts().pending == 0
        self._requests.put(request)
        request.answered.wait(timeout)
        if request.last:
            thread.join(timeout if request.answered.is_set() else 0)
        return request.done

    def facts(self) -> Facts:
        """How many records went where, up to now."""
        return self._tally.facts()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()


@dataclass(eq=False)
class _Request:
    """To write now; the last one ends the thread."""

    last: bool
    done: bool = False
    answered: threading.Event = field(default_factory=threading.Event)


def _check(*, sample: float, reservoir: int | None, memory: float, seconds: float, rows: int) -> None:
    accepted = {
        f"sample={sample!r}; accepted: above 0, at most 1": 0 < sample <= 1,
        f"reservoir={reservoir!r}; accepted: 1 and more, or None": reservoir is None or reservoir >= 1,
        "sample and reservoir; accepted: one of them": reservoir is None or sample == 1,
        f"max_memory_mb={memory!r}; accepted: above 0, at most 2000": 0 < memory <= _MOST_MEMORY_MB,
        f"rotate_seconds={seconds!r}; accepted: above 0": seconds > 0,
        f"rotate_rows={rows!r}; accepted: 1 and more": rows >= 1,
    }
    for message, holds in accepted.items():
        if not holds:
            raise ValueError(message)
