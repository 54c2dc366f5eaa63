"""`baseline check` tries a contract on the rows at hand: slices, and the model."""

import sys
from dataclasses import replace
from itertools import chain

import pytest

from baseline_pipeline.errors import DataNotThereYet
from baseline_pipeline.evaluating import window_doubt
from baseline_pipeline.ports import ModelVersion
from baseline_pipeline.workbench.upkeep.checking import check_contract


@pytest.fixture
def checked(project):
    """Findings about a contract in which words were replaced."""
    file = project.root / "assets" / "small" / "defs.yaml"
    whole = file.read_text()

    def found(*replaced):
        text = whole
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text)
        sys.modules.pop("smallmodel", None)
        return " | ".join(map(str, chain(*check_contract(project.settings, project.bench().contract("small")))))

    found.project = project
    return found


def test_a_contract_whose_slices_and_model_work_has_nothing_to_look_at(checked):
    assert checked(("{by: [group], min_rows: 50}", '{by: ["length(group)"], min_rows: 50}')) == ""


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ('by: ["length(grup)"]', "not there: column 'grup' (slices), nearest: 'group'"),
        ('by: ["length(x)"]', "slices[0]: slice 'length(x)': column 'x' is double; accepted: text"),
        ("by: [group], quantiles: 3", "slices[0]: slice column 'group' is string and is to be cut at quantiles"),
        ('name: odd, where: "group > 3"', "slices[0]: 'group > 3'"),
        ("by: [group], min_rows: 900", "none of its 3 slices is judged: the largest has"),
    ],
)
def test_slices_are_tried_on_the_rows(checked, by, words):
    assert words in checked(("by: [group], min_rows: 50", by))


def test_no_evaluation_gets_past_a_lockfile_that_is_not_there(checked):
    (checked.project.root / "requirements.lock").unlink()
    bench = checked.project.bench()

    findings, stops = check_contract(checked.project.settings, bench.contract("small"))

    assert findings == []
    assert [one.message.partition(" (")[0] for one in stops] == ["lockfile requirements.lock is not there"]
    with pytest.raises(DataNotThereYet, match="lock is not there"):
        checked.project.run()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('    return features["w"]', "model: version"),
        ('    return features["x"] * 0 + 2', "accepted: a probability between 0 and 1"),
        ("    return [0.5]", "gave output of shape (1,) for 50 rows"),
    ],
)
def test_the_model_is_tried_on_some_rows(checked, body, words):
    (checked.project.root / "smallmodel.py").write_text(f"def predict(features):\n{body}\n")

    assert words in checked()


def test_predictions_that_are_no_classes_of_the_label_are_told(checked):
    (checked.project.root / "smallmodel.py").write_text('def predict(features):\n    return ["yes"] * len(features)\n')
    contract = [
        ('"smallmodel:predict", positive_class: 1', '"smallmodel:predict", positive_class: 1, output: prediction'),
        ("metric: brier", "metric: accuracy"),
    ]

    assert "predicts none of the label's classes (0, 1) on 50 rows" in checked(*contract)


@pytest.mark.parametrize(
    ("body", "output", "told"),
    [
        ('(features["x"] > 0)', "", True),
        ('(features["x"] > 0).astype(float)', "", True),
        ('(features["x"] > 0)', ", output: prediction", False),
        ('features["x"] * 0', "", False),
        ('(features["x"] > 0) * 0.98 + 0.01', "", False),
    ],
)
def test_labels_that_stand_for_probabilities_are_told(checked, body, output, told):
    (checked.project.root / "smallmodel.py").write_text(f"def predict(features):\n    return {body}\n")
    words = checked(("positive_class: 1", f"positive_class: 1{output}"), ("metric: brier", "metric: accuracy"))

    assert ("all 50 scores are exactly 0 or 1, as labels are" in words) is told


def test_labels_that_the_model_cannot_give_are_told(checked):
    (checked.project.root / "smallmodel.py").write_text(
        "def predict(features):\n    return [[0.5, 0.5]] * len(features)\n"
    )
    words = checked(
        ("task: binary_classification", "task: multiclass_classification"),
        ('"smallmodel:predict", positive_class: 1', '"smallmodel:predict", classes: [0, one]'),
    )

    assert "label 'y' is '1' in" in words
    assert "which model.classes does not name" in words


def test_a_positive_class_that_no_row_has_is_told(checked):
    rows = checked.project.rows()
    checked.project.write(rows.assign(y=0))

    assert "label 'y' is '0' in all rows, never '1' (model.positive_class)" in checked()


def test_a_model_is_not_tried_in_another_environment_than_its_lockfiles(checked):
    checked.project.lock("numpy==1.0.0\n")
    (checked.project.root / "smallmodel.py").unlink()

    words = checked()

    assert "numpy 1.0.0 is locked" in words
    assert "model:" not in words


def test_labels_of_several_values_are_told(checked):
    assert "a binary label has two, model.positive_class ('1') one of them" in checked(("label: y", "label: group"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("label: y", "label: y\n    time: x", "column 'x' (data.time) is double, and not all of it reads as times"),
        (
            "label: y",
            "label: y\n    time: group",
            "column 'group' (data.time) is string, and not all of it reads as times",
        ),
        ("row_id: [id]", "row_id: [group]", "repeat the row id (group) of another row"),
    ],
)
def test_rows_that_no_snapshot_would_take_are_told(checked, old, new, words):
    assert words in checked((old, new))


@pytest.mark.parametrize(
    ("metric", "words"), [("calibration_slope", "does not move"), ("expected_calibration_error", "moves too little")]
)
def test_calibration_without_its_level_is_told(checked, metric, words):
    added = f"    - {{metric: {metric}, margin: {{absolute: 0.1}}}}\n    - {{metric: brier"
    level = added.replace(
        "    - {metric: brier", "    - {metric: calibration_intercept, margin: {absolute: 0.1}}\n    - {metric: brier"
    )

    assert f"{metric} {words}" in checked(("    - {metric: brier", added))
    assert checked(("    - {metric: brier", level)) == ""


def test_a_training_window_without_times_is_told_to_leave_no_row_out(checked):
    window = "training: {window: [2026-01-01, 2026-01-31]}"

    assert "learned from 2026-01-01 to 2026-01-31, and without data.time no row is left out" in checked(
        ("positive_class: 1}", f"positive_class: 1, {window}}}")
    )


def test_a_registered_version_that_nobody_knows_the_days_of_is_told(checked):
    whole = checked.project.bench().contract("small")
    data = whole.data.model_copy(update={"time": "at"})
    model = whole.model.model_copy(update={"function": None, "registered": "small"})
    version = ModelVersion("small", "3", "models:/small/3", "0" * 64)
    words = [
        window_doubt(whole.model_copy(update={"data": data, "model": model}), one)
        for one in (version, replace(version, training_window=("2026-01-01", "2026-01-31")))
    ]

    assert words[0].startswith("which days version 3 learned from is not known, so it is judged on all rows; tag")
    assert words[1] == window_doubt(whole, version) == ""
