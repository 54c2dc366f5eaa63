"""Columns of every type that Parquet knows: counted as what they are, or said to be nothing that is counted."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from baseline_pipeline.adapters.engines.duckdb import duckdb_engine
from baseline_pipeline.contract.slices import SliceSpec
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.summaries.data import summarise, summarise_baseline
from baseline_pipeline.summaries.sql import number_cells
from baseline_pipeline.workbench.inspection.scanning import compare_summaries, plan_data
from tests.two_scorings import contract

ROWS = 2000


def policy(*features):
    data = {
        "source": {"csv": "x.csv"},
        "row_id": ["id"],
        "label": "y",
        "features": [{"name": one} if isinstance(one, str) else one for one in features],
    }
    return contract([{"metric": "brier", "margin": {"absolute": 0.05}}], (), data=data)


def hives(seed, **columns):
    rng = np.random.default_rng(seed)
    score = rng.random(ROWS)
    return pa.table({"y": (rng.random(ROWS) < score).astype(int), "score": score, **columns})


def written(path, table):
    pq.write_table(table, path, row_group_size=500)
    return str(path)


def scanned(features, before, after):
    rules = policy(*features)
    with duckdb_engine(2) as engine:
        plan = plan_data(rules, engine, before)
        sides = [summarise(engine, rows, plan) for rows in (before, after)]
    drift = compare_summaries(rules, *sides).drift.columns
    return plan, sides, {one.column: one for one in drift}


def test_decimals_are_the_numbers_that_floats_of_the_same_digits_are(tmp_path):
    rng = np.random.default_rng(1)
    cents = np.where(rng.random(ROWS) < 0.3, 35, rng.integers(1, 90_000, ROWS))
    paid = pa.array([Decimal(int(one)).scaleb(-2) for one in cents], pa.decimal128(10, 2))
    before = written(tmp_path / "before.parquet", hives(1, paid=cents / 100))
    after = written(tmp_path / "after.parquet", hives(2, paid=paid))
    for one, other in ((before, after), (after, before)):
        plan, sides, drift = scanned(["paid"], one, other)

        assert 0.35 in plan.numbers["paid"].atoms
        assert (sides[0].columns["paid"].atoms == sides[1].columns["paid"].atoms).all()
        assert (sides[0].columns["paid"].counts == sides[1].columns["paid"].counts).all()
        assert drift["paid"].measures["kolmogorov_smirnov"] == 0


def test_durations_are_numbers_in_their_own_unit(tmp_path):
    rng = np.random.default_rng(2)
    gap = pa.array(rng.integers(0, 9, ROWS) * 1000).cast(pa.duration("ms"))
    path = written(tmp_path / "rows.parquet", hives(1, gap=gap))
    _, sides, _ = scanned(["gap"], path, path)

    assert (sides[0].columns["gap"].low, sides[0].columns["gap"].high) == (0.0, 8000.0)


def test_a_summary_keeps_no_values_of_which_most_rows_have_their_own(tmp_path):
    own = {
        "mark": pa.array([b"%d" % row for row in range(ROWS)]),
        "vector": pa.array([[row, 1] for row in range(ROWS)]),
        "note": pa.array([f"note {row}" for row in range(ROWS)]).dictionary_encode(),
    }
    few = {"pair": pa.array([[1, 2]] * ROWS), "gone": pa.nulls(ROWS)}
    path = written(tmp_path / "rows.parquet", hives(1, **own, **few))
    plan, sides, drift = scanned([*own, *few], path, path)

    assert set(plan.texts) == set(own)
    assert sides[0].columns.keys() >= few.keys()
    assert all(drift[name].method == "not compared" for name in own)


TIMES = {
    "day": pa.date32(),
    "at": pa.timestamp("us"),
    "zoned": pa.timestamp("ms", "Europe/Berlin"),
    "fine": pa.timestamp("ns"),
}


def times(seed, first):
    rng = np.random.default_rng(seed)
    at = np.datetime64(first, "us") + rng.integers(0, 40 * 86_400_000_000, ROWS) * np.timedelta64(1, "us")
    column = pa.array(at, mask=rng.random(ROWS) < 0.1)
    zoned = column.cast(pa.timestamp("us", "UTC")).cast(TIMES["zoned"], safe=False)
    return hives(seed, **{name: zoned if name == "zoned" else column.cast(kind) for name, kind in TIMES.items()})


@pytest.mark.parametrize("first", ["2025-12-20", "1969-12-20", "2201-01-01"])
def test_days_and_times_are_numbers_of_days(tmp_path, first):
    before, after = times(1, first), times(2, np.datetime64(first) + 20)
    paths = [written(tmp_path / f"{place}.parquet", side) for place, side in enumerate((before, after))]
    plan, sides, drift = scanned([*TIMES], *paths)
    exact = [np.asarray(side["at"].drop_null().cast(pa.int64())) / 8.64e10 for side in (before, after)]

    for name in TIMES:
        days = [np.floor(side) if name == "day" else side for side in exact]
        unit = np.diff(np.quantile(days[0], [0.05, 0.95]))[0] / 3.29
        assert drift[name].score == pytest.approx(stats.wasserstein_distance(*days) / unit, rel=0.02)
        assert "days later" in drift[name].note
        assert sides[0].columns[name].nulls == before["at"].null_count
    with duckdb_engine(2) as engine, engine.named(paths[0]) as relation:
        for name in TIMES:
            found = engine.query(number_cells(relation, name, plan.numbers[name])).to_pylist()
            counts = sides[0].columns[name].counts
            assert {one["cell"]: one["n"] for one in found if one["cell"] >= 0} == {
                cell: counts[cell] for cell in np.flatnonzero(counts)
            }


def test_days_of_a_calendar_are_told_beside_the_distance(tmp_path):
    days = np.datetime64("2026-03-01") + np.arange(ROWS) % 21
    before = written(tmp_path / "before.parquet", hives(1, inspected=days))
    after = written(tmp_path / "after.parquet", hives(2, inspected=days + 28))
    _, _, drift = scanned(["inspected"], before, after)

    assert drift["inspected"].note == "median 2026-03-11 -> 2026-04-08 (28.0 days later)"
    assert drift["inspected"].measures["kolmogorov_smirnov"] == pytest.approx(1.0)


@pytest.mark.parametrize("kind", [pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")])
def test_hours_of_any_day_are_numbers_of_a_day(tmp_path, kind):
    rng = np.random.default_rng(5)
    seconds = [rng.normal(hour * 3600, 4000, ROWS).astype(int) for hour in (8, 10)]
    hours = [pa.array(one, pa.int32(), mask=rng.random(ROWS) < 0.1).cast(pa.time32("s")).cast(kind) for one in seconds]
    paths = [
        written(tmp_path / f"{place}.parquet", hives(place, opened=column, kept=1700 + np.arange(ROWS) % 9))
        for place, column in enumerate(hours)
    ]
    plan, sides, drift = scanned(["opened", "kept"], *paths)

    found = [np.asarray(column.drop_null().cast(pa.time64("ns")).cast(pa.int64())) / 8.64e13 for column in hours]
    unit = np.subtract(*np.quantile(found[0], [0.95, 0.05])) / 3.29
    assert drift["opened"].score == pytest.approx(stats.wasserstein_distance(*found) / unit, rel=0.02)
    assert drift["opened"].measures["kolmogorov_smirnov"] == pytest.approx(stats.ks_2samp(*found).statistic, abs=0.005)
    assert drift["opened"].drifted
    assert drift["opened"].note.startswith("median 08:0")
    assert "(2.1 hours later)" in drift["opened"].note
    assert sides[0].columns["opened"].nulls == hours[0].null_count
    with duckdb_engine(2) as engine, engine.named(paths[0]) as relation:
        cells = engine.query(number_cells(relation, "opened", plan.numbers["opened"])).to_pylist()
    assert {one["cell"]: one["n"] for one in cells if one["cell"] >= 0} == {
        cell: sides[0].columns["opened"].counts[cell] for cell in np.flatnonzero(sides[0].columns["opened"].counts)
    }
    moved = written(tmp_path / "moved.parquet", hives(3, opened=np.arange(ROWS), kept=hours[0]))
    _, _, drift = scanned(["opened", "kept"], paths[0], moved)
    assert drift["opened"].note == "the type moved: it is int64"
    assert drift["kept"].note.startswith("the type moved: it is time")


def test_days_that_the_contract_declares_categories_stay_such(tmp_path):
    days = np.datetime64("2026-03-01") + np.arange(ROWS) % 21
    path = written(tmp_path / "rows.parquet", hives(1, inspected=days))
    _, sides, _ = scanned([{"name": "inspected", "categorical": True}], path, path)

    assert len(sides[0].columns["inspected"].counts) == 21


def test_numbers_where_days_were_are_not_compared(tmp_path):
    days = np.datetime64("2026-03-01") + np.arange(ROWS) % 21
    before = written(tmp_path / "before.parquet", hives(1, inspected=days, frames=np.arange(ROWS) % 11))
    after = written(tmp_path / "after.parquet", hives(2, inspected=days.astype(np.int64), frames=days))
    _, _, drift = scanned(["inspected", "frames"], before, after)

    assert drift["inspected"].note == "the type moved: it is int64"
    assert drift["frames"].note == "the type moved: it is date32[day]"


def test_numbers_where_texts_were_are_not_compared_as_texts(tmp_path):
    frames = np.arange(ROWS) % 11
    before = written(tmp_path / "before.parquet", hives(1, frames=frames.astype(str)))
    after = written(tmp_path / "after.parquet", hives(2, frames=frames))
    for one, other, word in ((before, after, "int64"), (after, before, "string")):
        _, _, drift = scanned(["frames"], one, other)

        assert (drift["frames"].method, drift["frames"].note) == ("not compared", f"the type moved: it is {word}")


def test_marks_that_doubles_cannot_tell_apart_are_not_compared_as_numbers(tmp_path):
    marks = 2**60 + np.arange(ROWS) % 40
    hashes = np.random.default_rng(3).integers(-(2**63), 2**63 - 1, ROWS)
    before = written(tmp_path / "before.parquet", hives(1, mark=marks, named=marks, hashed=hashes))
    after = written(tmp_path / "after.parquet", hives(2, mark=marks + 20, named=marks + 20, hashed=hashes))
    features = ["mark", {"name": "named", "categorical": True}, "hashed"]
    plan, _, drift = scanned(features, before, after)

    assert plan.blurred == ("mark",)
    assert "beyond 2^53" in drift["mark"].note
    assert drift["named"].drifted
    assert drift["hashed"].score == 0.0


def test_columns_that_stand_in_folders_names_are_features_like_others(tmp_path):
    table, years = hives(1), np.repeat([2024, 2025], ROWS // 2)
    for year in (2024, 2025):
        for place in ("north", "south"):
            folder = tmp_path / "split" / f"year={year}" / f"place={place}"
            folder.mkdir(parents=True)
            part = table.filter(pa.array((years == year) & (np.arange(ROWS) % 2 == (place == "south"))))
            written(folder / "rows.parquet", part)
    places = pa.array(["north", "south"] * (ROWS // 2))
    whole = written(tmp_path / "whole.parquet", table.append_column("year", [years]).append_column("place", places))
    for one, other in ((str(tmp_path / "split"), whole), (whole, str(tmp_path / "split"))):
        plan, sides, drift = scanned(["year", "place"], one, other)

        assert plan.numbers["year"].whole
        assert [side.columns["place"].counts for side in sides] == [{"north": 1000, "south": 1000}] * 2
        assert (drift["year"].score, drift["place"].score) == (0.0, 0.0)


@pytest.fixture
def recorded_late(tmp_path):
    """Rows in order of time, in one row group; columns have values from some day on."""
    paths = []
    for place, moved in enumerate((0.0, 0.5)):
        rng = np.random.default_rng(place)
        weight = rng.normal(5e5 + moved * 1e5, 1e5, 40_000)
        began = np.arange(40_000) >= 20_000
        columns = {"weight": pa.array(weight, mask=~began), "honey": np.where(began, weight, 0.0)}
        columns |= {"y": rng.integers(0, 2, 40_000), "score": rng.random(40_000)}
        paths.append(tmp_path / f"{place}.parquet")
        pq.write_table(pa.table(columns), paths[-1])
    return [str(path) for path in paths]


def test_columns_whose_first_rows_are_unlike_the_rest_get_finer_grids(recorded_late):
    rules = policy("weight", "honey")
    with duckdb_engine(2) as engine:
        before = summarise_baseline(engine, recorded_late[0], plan_data(rules, engine, recorded_late[0]))
        after = summarise(engine, recorded_late[1], before.plan)
    drift = {one.column: one for one in compare_summaries(rules, before, after).drift.columns}
    for name in ("weight", "honey"):
        values = [pq.read_table(path)[name].drop_null().to_numpy() for path in recorded_late]
        unit = np.subtract(*np.quantile(values[0], [0.95, 0.05])) / 3.29

        assert drift[name].drifted
        assert drift[name].score == pytest.approx(stats.wasserstein_distance(*values) / unit, rel=0.02)
        assert drift[name].measures["kolmogorov_smirnov"] == pytest.approx(stats.ks_2samp(*values).statistic, abs=0.005)


def test_quantiles_cut_rows_in_order_into_parts_of_like_size(tmp_path):
    path = written(tmp_path / "rows.parquet", hives(1, kept=np.arange(ROWS) / 7))
    ordered = str(tmp_path / "ordered.parquet")
    pq.write_table(pa.concat_tables([pq.read_table(path)] * 50).sort_by("kept"), ordered)
    rules = policy("kept").model_copy(update={"slices": [SliceSpec(by=["kept"], quantiles=4)]})
    with duckdb_engine(2) as engine:
        (cut,) = plan_data(rules, engine, ordered).outcomes.cuts

    assert cut.edges == pytest.approx(np.quantile(np.arange(ROWS) / 7, [0.25, 0.5, 0.75]), rel=0.01)


@pytest.mark.parametrize("other", ["AGE", "age"])
def test_columns_whose_names_differ_in_case_alone_are_refused_by_name(tmp_path, other):
    plain = hives(1, Age=np.arange(ROWS))
    paths = [
        written(tmp_path / "before.parquet", plain),
        written(tmp_path / "after.parquet", plain.append_column(other, plain["Age"])),
    ]
    for before, after in (paths, paths[::-1]):
        with pytest.raises(DataUnreadable, match=f"columns 'Age' and '{other}' are one to SQL") as refused:
            scanned(["Age"], before, after)
        assert refused.value.next_step == "rename one of them at the source"


def test_nothing_is_compared_with_no_rows(tmp_path):
    table = hives(1, weight=np.arange(ROWS) / 7.0, queen=["carnica", "buckfast"] * (ROWS // 2))
    before, after = written(tmp_path / "before.parquet", table), written(tmp_path / "after.parquet", table.slice(0, 0))
    _, _, drift = scanned(["weight", "queen"], before, after)

    assert {one.method for one in drift.values()} == {"not compared"}
    assert {one.note for one in drift.values()} == {"no rows on one side"}


def test_numbers_that_are_whole_in_one_file_and_not_in_another_are_one_column(tmp_path):
    plain = written(tmp_path / "plain.parquet", hives(2, frames=np.arange(ROWS) * 1.0))
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for part, kind in enumerate((np.int64, np.float64)):
        written(mixed / f"{part}.parquet", hives(part, frames=np.arange(ROWS).astype(kind)))
    for before, after in ((str(mixed), plain), (plain, str(mixed))):
        assert scanned(["frames"], before, after)[2]["frames"].measures["kolmogorov_smirnov"] < 0.001


@pytest.mark.parametrize("other", [pa.int32(), pa.string()])
def test_hours_in_one_file_and_something_else_in_another_are_refused_by_name(tmp_path, other):
    hours = pa.array(np.arange(ROWS) * 1000, pa.int32())
    plain = written(tmp_path / "plain.parquet", hives(1, opened=hours.cast(pa.time32("ms"))))
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for part, kind in enumerate((pa.time32("ms"), other)):
        written(mixed / f"{part}.parquet", hives(part, opened=hours.cast(kind)))
    with pytest.raises(
        DataUnreadable, match=rf"column 'opened' is time32\[ms\] in .*0.parquet and {other} in "
    ) as refused:
        scanned(["opened"], plain, str(mixed))
    assert "one type in all files" in refused.value.next_step


def test_files_that_do_not_go_together_or_are_damaged_end_in_words_and_a_next_step(tmp_path):
    plain = written(tmp_path / "plain.parquet", hives(1, frames=np.arange(ROWS)))
    content = (tmp_path / "plain.parquet").read_bytes()
    (tmp_path / "page.parquet").write_bytes(content[:4] + b"\0" * 3000 + content[3004:])
    (tmp_path / "torn.parquet").write_bytes(content[:3000])
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for part, frames in enumerate((np.arange(ROWS), np.repeat("many", ROWS))):
        written(mixed / f"{part}.parquet", hives(part, frames=frames))
    for name in ("page.parquet", "torn.parquet", "mixed"):
        for before, after in ((plain, str(tmp_path / name)), (str(tmp_path / name), plain)):
            with pytest.raises(DataUnreadable) as refused:
                scanned(["frames"], before, after)
            assert "files are whole" in refused.value.next_step
