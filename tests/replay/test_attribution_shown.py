"""Which attribution of a decision is shown, where there are several."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.workbench.replays.attributing import attribute
from baseline_pipeline.workbench.replays.attributions import Attribution, attribution_of, keep_attribution

DECISION = "d" * 64


def attributed(words, *left_open):
    return Attribution(
        model="small",
        decision=DECISION,
        baseline="0" * 64,
        candidate="1" * 64,
        moved={},
        factors=(),
        dropped={},
        shared=(),
        unmeasured={},
        features=(),
        sentence=words,
        advice="",
        left_open=left_open,
    )


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ([], None),
        ([("first", "code", "dependencies"), ("with lockfiles",)], "with lockfiles"),
        ([("with lockfiles",), ("by the sensor", "dependencies")], "with lockfiles"),
        ([("first",), ("second",)], "second"),
        ([("first",), ("second",), ("first",)], "first"),
    ],
)
def test_the_last_that_leaves_least_open_is_shown(project, kept, shown):
    bench = project.bench()

    for words, *left_open in kept:
        for _ in range(2):  # the same once more adds nothing
            keep_attribution(bench, "small", DECISION, attributed(words, *left_open))

    found = attribution_of(bench, "small", DECISION)
    assert (found and found.sentence) == shown
    assert len(list(bench.store.records("attribution_of", "small"))) == len(kept)


def test_of_two_at_once_both_are_kept(project):
    bench = project.bench()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: keep_attribution(bench, "small", DECISION, attributed(f"{n}")), range(4)))

    assert len({body["sentence"] for body in bench.store.records("attribution_of", "small")}) == 4


def test_a_decision_that_compared_nothing_says_why(project):
    project.run()
    bench = project.bench()

    with pytest.raises(EvidenceUnavailable, match="compared nothing with a baseline: there is no baseline yet"):
        attribute(bench, bench.contract("small"))
