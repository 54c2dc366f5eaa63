"""Slices and metrics that a contract comes to name after its baseline was established."""

import pytest

from baseline_pipeline.workbench.inspection.finding import last_contrasts
from baseline_pipeline.workbench.inspection.planning import outlook


@pytest.fixture
def later(project):
    """A baseline, more words in the contract, other values: `later(where, column)` runs and gives bench and contrast."""
    project.write(project.rows())
    project.run()
    project.establish()

    def words(where, column, **more):
        file = project.root / "assets" / "small" / "defs.yaml"
        text = file.read_text().replace("  metrics:", f"    - {{name: later, where: '{where}'}}\n  metrics:")
        gap = f"{{metric: demographic_parity_gap, parameters: {{column: {column}}}, role: report_only}}"
        file.write_text(text + f"    - {gap}\n")
        rows = project.rows().assign(**more)
        project.write(rows.assign(x=rows["x"] + 0.01))
        project.run()
        bench = project.bench()
        return bench, last_contrasts(bench, bench.contract("small"))[-1]

    return words


def test_a_column_that_the_snapshot_has_is_taken_from_it(later):
    bench, contrast = later("z > 0", "group")
    found = {(one.metric, one.slice): one for one in contrast.cells}

    assert contrast.not_comparable is None
    assert found["brier", "later"].rows > 500
    assert found["demographic_parity_gap(column=group)", "all"].baseline is not None
    assert "later" in {one.slice for one in outlook(bench, bench.contract("small")).prospects}


def test_a_column_that_the_baseline_never_had_is_not_comparable_and_named(later):
    _, contrast = later("tier > 1", "tier", tier=2.0)

    assert contrast.not_comparable == "The baseline's rows have no column 'tier', which slices or metrics name."


def test_a_feature_that_the_baseline_never_had_is_not_comparable_and_a_new_baseline_can_stand(project):
    project.write(project.rows())
    project.run()
    project.establish()
    file = project.root / "assets" / "small" / "defs.yaml"
    text = file.read_text()
    assert "features: [" in text
    file.write_text(text.replace("features: [", "features: [{name: tier}, "))
    project.write(project.rows().assign(tier=2.0))
    held = project.run()

    assert (held.outcome, held.hold) == ("hold", "not_comparable")
    assert "Definition or schema changed: features" in held.reasons[0]
    project.establish()
    assert project.run().outcome == "promote"
