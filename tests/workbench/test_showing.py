"""What `baseline show` knows."""

import pytest

from baseline_pipeline.errors import UsageError


def test_everything_that_is_known_can_be_shown(gated):
    from baseline_pipeline.workbench.inspection.showing import known_of

    found = gated.waiting()
    bench = gated.bench()

    body, text = known_of(bench, found.digest[:10])
    assert body["decision"]["outcome"] == "hold"
    assert "decision" in text
    assert "gated comparisons" in text
    body, text = known_of(bench, found.decision.candidate[:12])
    assert body["evaluation"]["subject"]["version"] == found.candidate.version
    assert "MLflow run" in text
    assert "brier" in text
    body, text = known_of(bench, "small@1")
    assert body["baseline"]["actor"] == "Ada"
    assert "measured as agreed" in text
    for what, words in (
        ("ffff0000", "nothing is known"),
        ("small@9", "no baseline revision '9'"),
        ("what?", "is no model"),
    ):
        with pytest.raises(UsageError, match=words):
            known_of(bench, what)
