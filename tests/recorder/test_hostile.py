"""Nothing that is passed to a recorder reaches its caller as an exception."""

import dataclasses
import tempfile
import threading
from datetime import UTC

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baseline_pipeline.recorder import Recorder
from tests.recorder.reading import balanced, one_file, read


class Hostile:
    """Raises whatever it is asked."""

    def __str__(self):
        raise RuntimeError

    __repr__ = __len__ = __iter__ = __hash__ = __eq__ = __array__ = __float__ = __bool__ = __str__


class HostileError(Exception):
    __str__ = Hostile.__str__


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(alphabet=st.characters(categories=["Cs"])),
    st.binary(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.decimals(),
    st.complex_numbers(),
    st.uuids(),
    st.builds(Hostile),
    st.builds(HostileError),
    st.sampled_from(
        [np.float16(1), np.longdouble(2), np.datetime64("NaT"), np.timedelta64(3, "D"), object(), open, 1j]
    ),
    st.builds(np.array, st.lists(st.floats(), max_size=3)),
    st.just(np.ma.masked),
    st.just(np.zeros((2, 2), dtype=[("a", "i4")])),
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(), st.integers(), st.none(), st.tuples(st.text())), inner, max_size=3),
        st.sets(st.integers(), max_size=2),
    ),
    max_leaves=6,
)
NAMED = st.one_of(JUNK, st.dictionaries(st.one_of(st.text(), st.integers()), JUNK, max_size=3))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.fixed_dictionaries({"id": JUNK, "own": JUNK, "parts": st.tuples(NAMED, NAMED, NAMED, NAMED)}), max_size=8
    ),
    st.lists(NAMED, max_size=3),
    st.booleans(),
)
def test_nothing_that_is_passed_raises(records, batches, sampled):
    with tempfile.TemporaryDirectory() as folder:
        with Recorder(folder, model="m", reservoir=5 if sampled else None, max_memory_mb=1) as recorder:
            for record in records:
                own, (features, stages, extra, importances) = record["own"], record["parts"]
                recorder.record(
                    record["id"],
                    features=features,
                    score=own,
                    prediction=own,
                    version=own,
                    stages=stages,
                    latency=own,
                    error=own,
                    extra=extra,
                    importances=importances,
                )
            recorder.record("fine")
            for batch in batches:
                recorder.record_batch(batch)
        facts = recorder.facts()

        assert balanced(facts)
        assert facts.pending == 0
        assert sum(table.num_rows for table in read(folder)) == facts.written
        assert sampled or any("fine" in table.column("request_id").to_pylist() for table in read(folder))


def test_what_cannot_be_taken_is_counted_with_its_reason(tmp_path):
    with Recorder(tmp_path, model="m") as recorder:
        recorder.record("a", features={"x": Hostile()})
        recorder.record("b", error=HostileError())
        recorder.record("c", features=17)
        recorder.record_batch(None)
        endless = []
        endless.append(endless)
        recorder.record("d", extra={"endless": endless})
    facts = recorder.facts()

    assert (facts.recorded, facts.failed, facts.written) == (5, 3, 2)
    assert facts.last_error is not None
    assert one_file(tmp_path).column("error").to_pylist() == ["HostileError", None]


def test_after_closing_records_count_as_failed_and_closing_again_does_nothing(tmp_path):
    recorder = Recorder(tmp_path, model="m")
    recorder.record("a")
    recorder.close()
    recorder.close()
    recorder.record("b")
    recorder.record_batch({"request_id": ["c", "d"]})
    facts = recorder.facts()

    assert (facts.written, facts.failed, facts.pending, facts.files) == (1, 3, 0, 1)
    assert facts.last_error == "RuntimeError: the recorder is closed"
    assert recorder.flush(1)


def test_a_recorder_that_records_nothing_writes_nothing(tmp_path):
    with Recorder(tmp_path / "requests", model="m") as recorder:
        pass

    assert not (tmp_path / "requests").exists()
    assert set(dataclasses.asdict(recorder.facts()).values()) == {0, None}


def test_counts_are_exact_with_several_threads(tmp_path):
    def work():
        for k in range(2_000):
            recorder.record(k, features={"x": float(k)})

    with Recorder(tmp_path, model="m") as recorder:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert recorder.facts().written == 8_000
    assert sum(table.num_rows for table in read(tmp_path)) == 8_000
