"""Which features' values, or labels, did it: several at once, though each hides what the others do."""

import sys

import pytest

from baseline_pipeline.workbench.replays.attributing import attribute

MODEL = """\
import numpy as np


def predict(features):
    known = (features[["x", "z"]].abs() < 15).all(axis=1)
    return np.where(known, 1 / (1 + np.exp(-features["x"].clip(-9, 9))), 0.9)
"""


@pytest.fixture
def approved(project):
    """A model that gives up where either feature is out of its range."""
    (project.root / "smallmodel.py").write_text(MODEL)
    sys.modules.pop("smallmodel", None)
    project.run()
    project.establish()
    return project


def attributed(project):
    project.run()
    bench = project.bench()
    return attribute(bench, bench.contract("small"))


def test_two_features_that_broke_at_once_share_what_neither_alone_undoes(approved):
    rows = approved.rows()
    broken = rows.id < 600
    approved.write(rows.assign(x=rows.x + 30 * broken, z=rows.z + 30 * broken))

    found = attributed(approved)
    harm = found.shared[0].harm

    assert [(one.feature, one.rows, one.found) for one in found.features] == [("x", 600, True), ("z", 600, True)]
    assert [one.harm for one in found.features] == [pytest.approx(harm / 2)] * 2
    assert "repair the feed: x, z first" in found.advice


def test_labels_that_changed_are_named(approved):
    rows = approved.rows()
    approved.write(rows.assign(y=rows.y.where(rows.id >= 300, 1 - rows.y)))

    found = attributed(approved)

    assert [(one.feature, one.rows, one.found) for one in found.features] == [("y", 300, True)]
    assert found.features[0].harm == pytest.approx(found.shared[0].harm)
    assert "come from the changed values of the same rows (y, the label), interval" in found.sentence
    assert found.advice == (
        "look at the changed labels (y): if they are right, the old figure was too good, and "
        "`baseline establish small --by NAME --reason TEXT`"
    )


def test_a_share_stands_halfway_between_what_values_do_to_the_old_model_and_to_the_new_one(approved):
    rows = approved.rows()
    approved.write(rows.assign(x=rows.x + 30 * (rows.id < 600)))
    (approved.root / "smallmodel.py").write_text(MODEL.replace("-9, 9", "-9, 0.5").replace("0.9)", "0.5)"))
    sys.modules.pop("smallmodel", None)

    found = attributed(approved)
    shares = {one.factor: one.harm for one in found.shared[0].contributions}

    assert set(shares) == {"data_values", "model"}
    assert [one.harm for one in found.features] == [pytest.approx(shares["data_values"])]


def test_values_that_became_whole_numbers_are_put_back_as_they_were(approved):
    rows = approved.rows()
    approved.write(rows.assign(x=(rows.x * 1.8 + 32).round().astype(int)))

    found = attributed(approved)

    assert [(one.feature, one.found) for one in found.features] == [("x", True)]
    assert found.features[0].harm == pytest.approx(found.shared[0].harm)
