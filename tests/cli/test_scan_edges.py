"""Whatever stands in the data, `baseline scan` ends in words and an exit code; order and sides do not matter."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.test_scan import CONTRACT, run, scored

ROWS = 3000


def replaced(column, values, table=None):
    table = scored(2, ROWS) if table is None else table
    return table.set_column(table.column_names.index(column), column, pa.array(values))


RNG = np.random.default_rng(0)
SCORE = scored(2, ROWS)["score"].to_numpy()
EDGES = {
    "a feature without a value": lambda: replaced("income", [None] * ROWS),
    "a feature of infinities": lambda: replaced("income", np.full(ROWS, np.inf)),
    "a hundred thousand categories": lambda: replaced("job", [f"job {n}" for n in range(100_000)], scored(2, 100_000)),
    "a feature of decimals": lambda: replaced(
        "income", pa.array([None, "0.35"] * (ROWS // 2)).cast(pa.decimal128(9, 2))
    ),
    "a feature of durations": lambda: replaced("income", pa.array(range(ROWS), pa.duration("s"))),
    "a feature of another type": lambda: replaced("income", ["much"] * ROWS),
    "a single class": lambda: replaced("defaulted", ["no"] * ROWS),
    "labels of a third class": lambda: replaced("defaulted", RNG.choice(["yes", "no", "maybe"], ROWS)),
    "no labels": lambda: replaced("defaulted", pa.nulls(ROWS, pa.string())),
    "scores that are missing": lambda: replaced("score", np.where(np.arange(ROWS) == 5, np.nan, SCORE)),
    "scores beyond one": lambda: replaced("score", SCORE * 3),
    "scores of zero and one": lambda: replaced("score", np.round(SCORE)),
    "scores that are texts": lambda: replaced("score", SCORE.astype(str)),
    "one score for all": lambda: replaced("score", np.full(ROWS, 0.3)),
    "no rows": lambda: scored(2, ROWS).slice(0, 0),
    "one row": lambda: scored(2, ROWS).slice(0, 1),
    "the same rows twice": lambda: pa.concat_tables([scored(2, ROWS)] * 2),
    "one slice only": lambda: replaced("job", ["clerk"] * ROWS),
    "a slice without a name": lambda: replaced("job", pa.array([None] * ROWS, pa.string())),
    "a slice of bytes": lambda: replaced("job", [b"\xff\xfe"] * ROWS),
    "a slice of lists": lambda: replaced("job", [["clerk"]] * ROWS),
    "names like code": lambda: replaced("job", RNG.choice(["'; DROP TABLE x; --", "<script>", "${HOME}", "\n"], ROWS)),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("edges")
    (root / "assets" / "loans").mkdir(parents=True)
    (root / "assets" / "__init__.py").touch()
    (root / "assets" / "loans" / "defs.yaml").write_text(CONTRACT)
    pq.write_table(scored(1, ROWS), root / "baseline.parquet")
    run(root, "init")
    return root


def scan(project, current, baseline="baseline.parquet"):
    done = run(project, "scan", "loans", current, "--baseline", baseline, "--json", "--quiet")
    assert "Traceback" not in done.stderr, done.stderr
    assert "internal fault" not in done.stderr, done.stderr
    return done, json.loads(done.stdout) if done.stdout.startswith("{") else None


@pytest.mark.parametrize("edge", EDGES)
def test_an_edge_ends_in_words(project, edge):
    pq.write_table(EDGES[edge](), project / "edge.parquet")
    for current, baseline in (("edge.parquet", "baseline.parquet"), ("baseline.parquet", "edge.parquet")):
        done, found = scan(project, current, baseline)

        assert done.returncode in {0, 1, 3, 4}
        if found is None:
            assert done.stderr.strip()
            assert done.returncode == 3
        else:
            assert found["decision"]["reasons"]
            assert all(
                cell["verdict"] != "unchanged" or cell["gain"] is not None for cell in found["contrast"]["cells"]
            )
            numbers = [cell[key] for cell in found["contrast"]["cells"] for key in ("baseline", "candidate", "gain")]
            assert all(number is None or np.isfinite(number) for number in numbers)


@pytest.mark.parametrize(
    "edge",
    [
        "a single class",
        "labels of a third class",
        "scores that are missing",
        "scores beyond one",
        "no rows",
        "no labels",
    ],
)
def test_what_cannot_be_measured_never_passes(project, edge):
    pq.write_table(EDGES[edge](), project / "edge.parquet")
    done, _ = scan(project, "edge.parquet")

    assert done.returncode in {3, 4}


def test_a_label_of_two_classes_has_no_third_value(project):
    pq.write_table(EDGES["labels of a third class"](), project / "edge.parquet")
    compared = run(project, "scan", "loans", "edge.parquet", "--baseline", "baseline.parquet", "--save", "no.summary")
    kept = run(project, "scan", "loans", "edge.parquet", "--save", "no.summary")

    for done in (compared, kept):
        assert done.returncode == 3
        assert "label 'defaulted' has the values maybe, no, yes; a binary label has two" in done.stderr
    assert not (project / "no.summary").exists()


@pytest.mark.parametrize("baseline", [[], ["--baseline", "baseline.parquet"]])
def test_a_summary_that_cannot_be_kept_is_told_in_words(project, baseline):
    before = (project / "baseline.parquet").read_bytes()
    over = run(project, "scan", "loans", "baseline.parquet", *baseline, "--save", "baseline.parquet")
    nowhere = run(project, "scan", "loans", "baseline.parquet", *baseline, "--save", "none/at.summary")

    assert over.returncode == 2
    assert "a summary's name ends in .summary\n  next: write --save baseline.summary" in over.stderr
    assert (project / "baseline.parquet").read_bytes() == before
    assert nowhere.returncode == 3
    assert "error: none/at.summary.unfinished: No such file or directory\n  next: check this path" in nowhere.stderr


def test_a_permuted_copy_is_unchanged_in_every_cell(project):
    table = scored(1, ROWS)
    pq.write_table(
        table.take(pa.array(np.random.default_rng(7).permutation(ROWS))), project / "copy.parquet", row_group_size=77
    )
    done, found = scan(project, "copy.parquet")

    assert {cell["gain"] for cell in found["contrast"]["cells"]} <= {0.0, -0.0}
    assert not any(cell["verdict"] == "degraded" for cell in found["contrast"]["cells"])
    assert not any(column["drifted"] for column in found["drift"]["columns"])
    assert done.returncode in {0, 4}


def test_swapping_the_sides_mirrors_the_gains(project):
    pq.write_table(scored(3, ROWS, damage=0.5), project / "worse.parquet")
    _, there = scan(project, "worse.parquet")
    _, back = scan(project, "baseline.parquet", "worse.parquet")
    gains = [{(c["metric"], c["slice"]): c["gain"] for c in one["contrast"]["cells"]} for one in (there, back)]

    assert gains[0].keys() == gains[1].keys()
    for cell, gain in gains[0].items():
        assert gain == pytest.approx(-gains[1][cell], abs=1e-12)


@pytest.mark.parametrize("column", ["income", "job", "defaulted"])
def test_a_file_that_lacks_a_column_of_the_others_is_named(project, column):
    """A feature, one that slices are made of, and the label."""
    parts = project / f"parts-{column}"
    parts.mkdir()
    pq.write_table(scored(2, ROWS), parts / "a.parquet")
    pq.write_table(scored(3, ROWS).drop_columns([column]), parts / "b.parquet")
    done, _ = scan(project, parts.name)

    assert done.returncode == 3
    assert f"b.parquet: no column '{column}'" in done.stderr
    assert "next: files of one folder or pattern need the same columns" in done.stderr


@pytest.mark.parametrize("end", [0, 3000])
def test_a_later_file_that_is_damaged_is_named(project, end):
    """Cut short, or with a hole before its end."""
    parts = project / f"cut-{end}"
    parts.mkdir()
    pq.write_table(scored(2, ROWS), parts / "a.parquet")
    pq.write_table(scored(3, ROWS), parts / "b.parquet")
    whole = (parts / "b.parquet").read_bytes()
    (parts / "b.parquet").write_bytes(whole[:5000] + whole[len(whole) - end :])
    done, _ = scan(project, parts.name)

    assert done.returncode == 3
    assert f"{parts.name}/b.parquet: " in done.stderr
    assert "next: check that the files are whole" in done.stderr


def test_rows_without_a_column_that_slices_are_made_of_are_refused_by_its_name(project):
    pq.write_table(scored(2, ROWS).drop_columns(["job"]), project / "jobless.parquet")
    done, _ = scan(project, "jobless.parquet")

    assert done.returncode == 3
    assert "no column 'job', by which the baseline was counted" in done.stderr


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("{by: [job], min_rows: 100}", '{name: rich, where: "income > 50"}', "it has no slice 'rich' of `income > 50`"),
        ("{by: [job], min_rows: 100}", "{by: [income], quantiles: 3}", "it has no 3 parts of income"),
        ("{by: [job], min_rows: 100}", "{by: [gone]}", "it has no slices by gone"),
        ('positive_class: "yes"', 'positive_class: "no"', "model.positive_class is 'no', and was 'yes'"),
        ('positive_class: "yes"', 'positive_class: "yes", threshold: 0.4', "model.threshold is 0.4, and was 0.5"),
        ("label: defaulted", "label: defaulted\n    cluster: job", "data.cluster is 'job', and was None"),
    ],
)
def test_a_summary_of_another_contract_is_refused_with_what_is_other(project, was, now, said):
    place = project / "assets" / "loans" / "defs.yaml"
    run(project, "scan", "loans", "baseline.parquet", "--save", "before.summary")
    place.write_text(CONTRACT.replace(was, now))
    try:
        done = run(project, "scan", "loans", "baseline.parquet", "--baseline", "before.summary")
    finally:
        place.write_text(CONTRACT)

    assert done.returncode == 3
    assert f"before.summary was counted under another contract: {said}" in done.stderr
    assert "next: count its rows again: `baseline scan loans ROWS --save before.summary`" in done.stderr
