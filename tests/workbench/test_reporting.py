"""Files that are written for people and machines."""

import pytest

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.workbench.reporting import append, write_whole


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
