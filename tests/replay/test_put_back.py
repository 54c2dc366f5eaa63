"""Values that strayed: undone where a rule undoes it, named where nothing can."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.replay.put_back import lost, put_back, with_lost

RNG = np.random.default_rng(3)
CALM = pa.array(RNG.gamma(2.0, 5.0, 4000))
TRUE = RNG.gamma(2.0, 5.0, 1000)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_a_wrong_unit_in_any_share_of_the_rows_is_undone(share):
    hit = RNG.random(1000) < share
    found, *_ = put_back("km", CALM, pa.array(np.where(hit, TRUE * 1000, TRUE)))
    back = found.column.to_numpy()

    assert np.abs(back[hit] - TRUE[hit]).mean() < 0.2 * TRUE.std()
    assert (back == TRUE)[~hit].sum() >= 0.98 * (~hit).sum()
    assert "about 1000 times as large" in found.words


def test_an_offset_of_all_values_is_undone_by_their_ranks():
    ways = put_back("km", CALM, pa.array(TRUE + 12))
    errors = [np.abs(one.column.to_numpy() - TRUE).mean() for one in ways]

    assert min(errors) < 0.2 * TRUE.std()
    assert "about +12 off" in ways[int(np.argmin(errors))].words


def test_calm_values_are_left_alone():
    assert put_back("km", CALM, pa.array(TRUE)) == []
    assert put_back("town", pa.array(["a", "b"]), pa.array(["b", "c"])) == []
    assert lost("km", CALM, pa.array(TRUE)) is None
    assert lost("flag", pa.array([0, 1] * 50), pa.array([1] * 100)) is None  # other rows come; nothing stands still


def test_whole_numbers_stay_whole_and_empty_cells_empty():
    now = pa.array([None, *(np.arange(1, 100) * 1000)], pa.int64())
    (found,) = put_back("age", pa.array(np.arange(1, 100)), now)

    assert found.column.type == pa.int64()
    assert found.column.null_count == 1
    assert found.column.to_pylist()[50] == 50


@pytest.mark.parametrize(
    ("calm", "now", "words"),
    [
        (CALM, pa.array([None] * 400 + [1.0] * 600), "40 % of its cells are empty"),
        (CALM, pa.array(np.where(np.arange(1000) < 700, -1.0, TRUE)), "70 % of its values are -1"),
        (pa.array(["a", "b"] * 50), pa.array(["a"] * 80 + ["x"] * 20), "20 % of its values were never seen"),
    ],
)
def test_what_says_nothing_any_more_is_named_and_can_be_done_to_calm_rows(calm, now, words):
    found = lost("f", calm, now)
    done = with_lost(pa.table({"f": calm, "g": calm}), [found], np.random.default_rng(0))

    assert words in found.words
    changed = np.array([one != two for one, two in zip(done["f"].to_pylist(), calm.to_pylist(), strict=True)])
    assert changed.mean() == pytest.approx(found.share, abs=0.1)
    assert done["g"].combine_chunks().equals(calm)


def test_a_few_zeros_where_none_were_are_put_back_without_a_factor():
    now = np.where(np.arange(1000) % 20, TRUE, 0.0)
    (found,) = put_back("f", pa.array(TRUE + 10), pa.array(now + 10 * (now > 0)))

    assert found.rows >= 50
    assert "times as large" not in found.words
