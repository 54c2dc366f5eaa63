"""Shares and reservoirs: every record is as likely to stay, and weights say how many it stands for."""

import numpy as np
import pytest
from scipy.stats import chisquare

from baseline_pipeline.recorder import Recorder
from baseline_pipeline.recorder.buffer import LEFT_OUT, Reservoir
from baseline_pipeline.recorder.tally import Tally
from tests.recorder.reading import balanced, one_file, read


def test_a_share_is_kept_and_its_weights_add_up_to_what_was_seen(tmp_path):
    with Recorder(tmp_path, model="m", sample=0.1, seed=1) as recorder:
        for k in range(5_000):
            recorder.record(k)
        recorder.record_batch({"request_id": np.arange(5_000)})
    facts, table = recorder.facts(), one_file(tmp_path)

    assert 850 < facts.written < 1150
    assert facts.sampled_out == 10_000 - facts.written
    assert sum(table.column("sampling_weight").to_pylist()) == pytest.approx(10_000)


def test_a_reservoir_keeps_its_number_and_its_weights_add_up(tmp_path):
    with Recorder(tmp_path, model="m", reservoir=50, seed=1) as recorder:
        for k in range(1_000):
            recorder.record(k)
        recorder.flush()
        recorder.record_batch({"request_id": np.arange(3_000)})
    first, second = read(tmp_path)

    assert (first.num_rows, second.num_rows) == (50, 50)
    assert first.column("sampling_weight")[0].as_py() == 20.0
    assert second.column("sampling_weight")[0].as_py() == 60.0
    assert second.schema.metadata[b"seen"] == b"3000"
    assert balanced(recorder.facts())


@pytest.mark.parametrize("batched", [False, True])
def test_every_record_is_as_likely_to_stay_in_the_reservoir(batched):
    records, capacity, runs = 40, 8, 4_000
    stayed = np.zeros(records)
    reservoir = Reservoir(10**6, capacity, seed=2026, tally=Tally())
    for _ in range(runs):
        if batched:
            chosen, places = reservoir.places(records)
            offered = zip(places.tolist(), chosen.tolist(), strict=True)
        else:
            offered = ((reservoir.place(), k) for k in range(records))
        for place, k in offered:
            if place != LEFT_OUT:
                reservoir.put(place, (None, 10, k))
        stayed[[row[2] for row in reservoir.take().rows]] += 1

    assert stayed.sum() == runs * capacity
    # within a run records exclude each other: the statistic is scaled to its mean
    statistic = chisquare(stayed).statistic * (records - 1) / (records - capacity)
    assert 15 < statistic < 72  # 39 degrees of freedom: 0.1 % on either side


def test_a_reservoir_short_of_memory_shrinks_and_stays_uniform():
    stayed = np.zeros(40)
    tally = Tally()
    reservoir = Reservoir(100, 8, seed=7, tally=tally)
    for _ in range(4_000):
        for k in range(40):
            if (place := reservoir.place()) != LEFT_OUT:
                reservoir.put(place, (None, 20, k))
        rows = reservoir.take().rows
        stayed[[row[2] for row in rows]] += 1

        assert len(rows) == 5

    assert 15 < chisquare(stayed).statistic * 39 / 35 < 72
    assert tally.recorded == tally.sampled_out + tally.dropped_full + stayed.sum()
