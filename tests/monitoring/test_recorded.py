"""Stage timings, importances and representations of a request log, window by window."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.monitoring.detection import exceedances, learn
from baseline_pipeline.monitoring.recorded import recorded
from baseline_pipeline.monitoring.recorded_streams import RecordedReader
from baseline_pipeline.monitoring.streams import readings
from baseline_pipeline.monitoring.windows import Windowing

DAYS, ROWS = 60, 80
DAY = Windowing(86400, 86400)
N = DAYS * ROWS


def read(columns, calm_days=40, score="score"):
    """Streams of 60 days of 80 requests; the first 40 are calm."""
    found = recorded(pa.table(columns), np.arange(N), score)
    reader = RecordedReader(found, np.arange(N) < calm_days * ROWS)
    windows = [reader.window(slice(day * ROWS, (day + 1) * ROWS)) for day in range(DAYS)]
    return readings(np.datetime64("2026-01-05", "s") + np.arange(DAYS) * np.timedelta64(1, "D"), windows), found


def judged(columns):
    """Largest sudden and slow harm over the limit of the last twenty days, by stream."""
    values, _ = read(columns)
    over = exceedances(learn(values.windows(np.arange(40)), DAY, per_month=1.0), values)
    largest = np.fmax(np.nan_to_num(over.sudden), np.nan_to_num(over.slow))[40:].max(axis=0)
    return {stream.name: float(one) for stream, one in zip(over.readings.streams, largest, strict=True)}


def lists(matrix):
    return pa.array(list(matrix))


@pytest.mark.parametrize("width", [1, 16, 1200])
def test_a_representation_that_turned_is_seen_though_its_norm_stayed(width):
    rng = np.random.default_rng(width)
    cells = rng.normal(0, 1, (N, width)).astype(np.float32)
    level = rng.normal(0, 1, width)
    calm = judged({"extra.e": lists(cells)})
    cells[50 * ROWS :] += (1.5 * level / np.sqrt((level**2).mean())).astype(np.float32)
    cells[50 * ROWS :] /= np.sqrt(1 + 1.5**2)
    moved = judged({"extra.e": lists(cells)})

    assert calm["drift(extra.e)"] < 1
    assert moved["drift(extra.e)"] > 1
    assert set(moved) == {"drift(extra.e)", "norm(extra.e)", "missing(extra.e)"}


def test_distances_of_calm_windows_are_zero_in_the_mean_and_stray_as_said():
    values, _ = read({"extra.e": lists(np.random.default_rng(2).normal(0, 1, (N, 8)))})
    place = [stream.name for stream in values.streams].index("drift(extra.e)")
    drift, error = values.values[:, place], values.errors[0, place]

    assert abs(drift[40:].mean()) < error
    assert 0.5 * error < drift[40:].std() < 1.5 * error


def test_representations_that_end_up_ragged_absent_or_no_number_are_missing_and_said_to_be():
    rng = np.random.default_rng(3)
    cells = [list(row) for row in rng.normal(0, 1, (N, 4))]
    for row in range(50 * ROWS, N):
        cells[row] = [None, [1.0] * 5, [float("nan")] * 4, [None, 1.0, 2.0, 3.0], [float("inf")] * 4][row % 5]
    values, found = read({"extra.e": pa.array(cells)})
    place = [stream.name for stream in values.streams].index("missing(extra.e)")

    assert values.values[49, place] == 0
    assert values.values[50, place] == 1
    assert found.notes == ("extra.e: 640 of 4640 rows have another length than 4, or no number",)
    assert judged({"extra.e": pa.array(cells)})["missing(extra.e)"] > 1


@pytest.mark.parametrize(
    "column", [pa.array(["a"] * N), pa.array([["a"]] * N), pa.array([True] * N), pa.array([[[1.0]]] * N)]
)
def test_what_holds_no_numbers_is_said_to_hold_none(column):
    found = recorded(pa.table({"extra.e": column, "stage.s": ["x"] * N}), np.arange(N), "score")

    assert not found.representations
    assert [words.split(";")[0] for words in found.notes] == [f"extra.e holds {column.type}", "stage.s holds string"]


def test_a_share_of_importance_that_moved_is_seen_and_one_that_is_given_no_more():
    rng = np.random.default_rng(4)
    one, two, three = rng.exponential(1, (3, N))
    two[45 * ROWS :] *= 3
    three[55 * ROWS :] = np.nan
    found = judged({"importance.a": one, "importance.b": -two, "importance.c": three})

    assert found["importance(b)"] > 1
    assert found["importance missing(c)"] > 1
    assert found["importance missing(a)"] < 1


def test_a_stage_that_became_slow_is_named():
    rng = np.random.default_rng(5)
    io, predict = rng.lognormal(-6, 0.3, (2, N))
    io[50 * ROWS :] *= 2
    found = judged({"stage.io": io, "stage.predict": predict})

    assert found["log stage io p50"] > 1
    assert found["log stage io p95"] > 1
    assert max(found["log stage predict p50"], found["log stage predict p95"]) < 1


def test_the_confidence_of_several_classes_is_their_largest_score():
    scores = pa.array([[0.2, 0.7, 0.1]] * N)
    values, _ = read({"score": scores})

    assert values.streams[0].name == "mean confidence"
    assert values.values[0, 0] == pytest.approx(0.7)


def test_rows_before_the_log_are_no_missing_ones():
    found = recorded(pa.table({"extra.e": [[1.0, 2.0]] * 30}), np.arange(30), "score").after(30)
    reader = RecordedReader(found, np.ones(60, dtype=bool))

    assert reader.window(slice(0, 30)) == {}
    assert {stream.name for stream in reader.window(slice(30, 60))} == {"missing(extra.e)"}


def test_a_contract_without_slices_is_watched():
    from baseline_pipeline.monitoring.reading import Reader
    from tests.monitoring.test_weighting import REGRESSION, regression

    rows, _ = regression(0.0)
    reader = Reader(REGRESSION, rows, Windowing(1000, 1000), np.arange(3800) < 3000)
    names = {stream.name for stream in reader.window(rows.at[0])}

    assert {"rows", "mean_absolute_error", "drift(x)"} <= names
