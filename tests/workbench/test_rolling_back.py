"""Bringing an old revision back, and taking one out of use."""

import shutil

import pytest

from baseline_pipeline.errors import ModelFailed, UsageError
from baseline_pipeline.workbench.people import Voice
from baseline_pipeline.workbench.promotions.approving import speak
from baseline_pipeline.workbench.promotions.rolling_back import roll_back


def test_a_rollback_tests_the_old_model_first_and_moves_model_and_baseline_together(gated):
    first = gated.bench().baseline("small")
    found = gated.waiting()
    speak(gated.bench(), "approve", found.digest, Voice("Ada", "looked"))
    contract = gated.bench().contract("small")

    with pytest.raises(UsageError, match="no baseline revision 7; there are 1, 2"):
        roll_back(gated.bench(), contract, 7, Voice("Ada", "wrong"))
    with pytest.raises(UsageError, match="revision 2 is what stands"):
        roll_back(gated.bench(), contract, 2, Voice("Ada", "wrong"))
    back = roll_back(gated.bench(), contract, 1, Voice("Ada", "wrong refunds"))

    stands = gated.bench().baseline("small")
    assert (back.revision, back.restores, back.largest_difference) == (3, 1, 0.0)
    assert (stands.evaluation, stands.restores, stands.reason) == (first.evaluation, 1, "wrong refunds")
    assert [event.content["restores"] for event in gated.events("rollback")] == [1]

    assert "other files" not in back.words()


@pytest.mark.parametrize("kept", [True, False])
def test_a_version_that_was_edited_since_comes_back_from_its_kept_files_or_not_at_all(gated, kept):
    speak(gated.bench(), "approve", gated.waiting().digest, Voice("Ada", "looked"))
    contract = gated.bench().contract("small")
    roll_back(gated.bench(), contract, 1, Voice("Ada", "wrong refunds"))
    (gated.root / "othermodel.py").write_text(gated.other.replace("1.02", "1.5"))
    if kept:
        back = roll_back(gated.bench(), contract, 2, Voice("Ada", "back again"))
        assert (back.revision, back.largest_difference) == (4, 0.0)
        assert "holds other files than that version's: bring those back too" in back.words()
        return

    shutil.rmtree(gated.bench().settings.home / "store" / "small" / "functions")
    with pytest.raises(ModelFailed, match="no longer version"):
        roll_back(gated.bench(), contract, 2, Voice("Ada", "back again"))
    assert gated.bench().baseline("small").revision == 3


def test_a_retired_baseline_is_compared_with_nothing_and_its_number_is_not_given_again(gated):
    from baseline_pipeline.workbench.iteration.deciding import retire

    contract = gated.bench().contract("small")
    assert retire(gated.bench(), contract, Voice("Ada", "labels mean something else now")) == 1
    assert gated.bench().baseline("small") is None
    with pytest.raises(UsageError, match="no baseline to retire"):
        retire(gated.bench(), contract, Voice("Ada", "once more"))

    assert gated.run().hold == "needs_approval"
    gated.establish()
    assert gated.bench().baseline("small").revision == 2
