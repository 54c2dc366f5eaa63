"""Files that are written for people and machines."""

import pandas as pd
import pytest

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.report.markdown import decision_markdown
from baseline_pipeline.report.terminal import decision_text
from baseline_pipeline.workbench.reporting import append, decision_story, write_whole


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing_behind(tmp_path):
    (tmp_path / "gate.xml").mkdir()
    (tmp_path / "file").touch()

    for place, why in ((tmp_path / "gate.xml", "Is a directory"), (tmp_path / "file" / "gate.xml", "")):
        with pytest.raises(EvidenceUnavailable, match=f"gate.xml cannot be written: {why}") as refused:
            write_whole(place, "words")
        assert "name a place that can be written" in str(refused.value)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "gate.xml"]


def test_a_summary_that_cannot_be_appended_to_is_named(tmp_path):
    append(tmp_path / "job" / "step.md", "one ")
    append(tmp_path / "job" / "step.md", "two")

    assert (tmp_path / "job" / "step.md").read_text() == "one two"
    with pytest.raises(EvidenceUnavailable, match="job cannot be written: Is a directory"):
        append(tmp_path / "job", "three")


def test_a_few_corrected_rows_do_not_hide_that_the_new_ones_drifted(project):
    before = project.rows()
    project.write(before)
    project.run()
    project.establish()
    before.loc[:9, "z"] += 0.1
    project.write(pd.concat([before, project.rows(seed=2, rows=600, start=5000).assign(x=lambda rows: rows["x"] + 2)]))

    bench = project.bench()
    story = decision_story(bench, bench.contract("small"), project.run())

    drifted = {column.column: column.drifted for column in story.drift.columns}
    assert (drifted["x"], drifted["z"]) == (True, False)
    assert (story.drift.reference_rows, story.drift.current_rows) == (1500, 600)
    assert (story.changed_drift.reference_rows, story.changed_drift.current_rows) == (10, 10)
    assert "\nDrift of the changed rows\n" in decision_text(story)
    assert "Drift of the changed rows" in decision_markdown(story)
