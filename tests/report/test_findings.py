"""What is said of two models beside their verdicts."""

import pytest

from baseline_pipeline.comparison import Adjusted, JointShift, Leaning
from baseline_pipeline.report.findings import model_findings
from tests.report.compared import comparison_

JOINT = JointShift(
    auc=0.866,
    error=0.01,
    p_value=1e-9,
    effective_rows=611.8,
    adjusted=(Adjusted(metric="log_loss", baseline=0.5217, candidate=0.51999, gain=0.00171, interval=(-0.04, 0.043)),),
)
LEANS = Leaning(feature="depth", baseline=0.251, candidate=0.38, p_adjusted=0.0001, found=True)


def test_what_is_left_of_a_change_is_told_with_the_rows_that_it_rests_on():
    said = list(model_findings(comparison_().contrasts[0].model_copy(update={"joint": JOINT})))

    assert (
        "on the baseline's rows weighted to look like the present (worth 612 as they are): log_loss "
        "0.522 -> 0.520, gain +0.002 [-0.040, +0.043]" in said
    )


@pytest.mark.parametrize(
    ("moved", "words"),
    [("model", "leans on another feature"), ("population", "the same model, on other values")],
)
def test_a_model_leans_on_another_feature_only_where_it_is_another_model(moved, words):
    said = list(model_findings(comparison_().contrasts[0].model_copy(update={"moved": moved, "leanings": (LEANS,)})))

    assert f"{words}: depth makes 25% -> 38% of what moves the score" in said
