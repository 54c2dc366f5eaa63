"""Limits, exit codes, approvals and autonomy: pure functions."""

import pytest

from baseline_pipeline.comparison import Cell, Comparison, Contrast, Side
from baseline_pipeline.decision import Decision
from baseline_pipeline.errors import UsageError
from baseline_pipeline.governance.approvals import approvals, autonomy, standing_override
from baseline_pipeline.governance.criteria import check, read_criterion, require_known
from baseline_pipeline.governance.events import Event
from baseline_pipeline.governance.gate import gate_exit

NOTHING = dict.fromkeys(
    ["clusters", "changed_rows", "interval", "harm_bounds", "p_value", "p_adjusted", "severe"]
    + ["minimum_detectable_effect", "rows_required", "tier"]
)


def cell(metric="recall", part="carrier=EV", baseline=0.8, candidate=0.79, gain=-0.01, better="higher"):
    return Cell(
        metric=metric,
        slice=part,
        role="guardrail",
        unit="share",
        better=better,
        rows=500,
        baseline=baseline,
        candidate=candidate,
        gain=gain,
        margin=0.1,
        verdict="unchanged",
        note="too few" if gain is None else "",
        **NOTHING,
    )


def comparison(*cells):
    side = Side(evaluation="e", scores_file="f", version="1", snapshot="s")
    contrast = Contrast(
        moved="model",
        pairing="paired",
        question="?",
        baseline=side,
        candidate=side,
        rows=500,
        rows_left_out=0,
        left_out_because="",
        changes=None,
        cells=cells,
        not_comparable=None,
        seed=1,
    )
    return Comparison(
        model="m",
        baseline_revision=1,
        candidate="e",
        changed=(),
        contrasts=(contrast,),
        drift=None,
        evidence_missing=(),
        policy="p",
    )


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("recall@carrier=EV:-1%", False),
        ("recall@carrier=EV:-2%", True),
        ("recall@carrier=EV:-0.01", True),
        ("recall@carrier=EV:-.009", False),
        ("recall@carrier=EV:>=0.79", True),
        ("recall@carrier=EV:>=0.8", False),
        ("recall@carrier=EV:<=0.5", False),
        ("recall@carrier=XX:-1%", None),
        ("recall:-1%", None),
    ],
)
def test_limits_are_held_against_what_was_measured(text, passed):
    (found,) = check([read_criterion(text)], comparison(cell()))

    assert found.passed is passed
    assert text in found.words()


def test_what_has_no_value_passes_no_limit():
    (found,) = check([read_criterion("recall@carrier=EV:-1%")], comparison(cell(candidate=None, gain=None)))

    assert found.passed is None
    assert "not measured: too few" in found.why


@pytest.mark.parametrize(
    "text", ["recall", "recall:1%", "recall:+1%", ":-1%", "recall:-x", "recall:>=5%", "recall:-nan"]
)
def test_what_is_no_limit_is_refused(text):
    with pytest.raises(UsageError, match="stood here"):
        read_criterion(text)


def test_a_limit_on_what_is_not_measured_is_refused_with_what_is():
    with pytest.raises(UsageError, match="measures no 'recal'"):
        require_known([read_criterion("recal:-1%")], ["recall"])


def decision(outcome="promote", hold=None, tier=None):
    return Decision(
        model="m",
        comparison="c",
        candidate="e",
        outcome=outcome,
        hold=hold,
        tier=tier,
        reasons=("r",),
        actions=(),
        approvals_required=0,
        baseline_revision=1,
    )


@pytest.mark.parametrize(
    ("given", "options", "code"),
    [
        (decision(), {}, 0),
        (decision(tier="minor"), {}, 0),
        (decision(tier="minor"), {"fail_on": "minor"}, 1),
        (decision("hold", "needs_approval", "minor"), {"fail_on": "minor"}, 1),
        (decision("reject", None, "moderate"), {}, 1),
        (decision("reject", None, "moderate"), {"fail_on": "severe"}, 0),
        (decision("reject", None, "severe"), {"fail_on": "severe"}, 1),
        (decision("hold", "harm_unresolved", "moderate"), {}, 1),
        (decision("hold", "inconclusive"), {}, 4),
        (decision("hold", "inconclusive"), {"inconclusive": "warn"}, 0),
        (decision("hold", "inconclusive"), {"inconclusive": "pass"}, 0),
        (decision("hold", "needs_approval"), {}, 5),
        (decision("hold", "evidence_missing"), {"inconclusive": "pass", "fail_on": "severe"}, 3),
        (decision("hold", "not_comparable"), {"experiment": True}, 3),
        (decision("reject", None, "severe"), {"experiment": True}, 0),
    ],
)
def test_exit_codes(given, options, code):
    assert gate_exit(given, (), **options).code == code


def test_limits_come_after_missing_evidence_and_before_approvals():
    failed = check([read_criterion("recall@carrier=EV:-1%")], comparison(cell()))
    unknown = check([read_criterion("recall@x=1:-1%")], comparison(cell()))

    assert gate_exit(decision("hold", "needs_approval"), failed).code == 1
    assert gate_exit(decision(), unknown).code == 3
    assert gate_exit(decision("hold", "evidence_missing"), failed).code == 3
    assert gate_exit(decision(), failed, experiment=True).code == 0


def said(kind, person="ada", revision=1, expires="2026-12-31T00:00:00Z", seq=1, subject="d", **more):
    purpose = {"approval": "approve", "rejection": "reject"}.get(kind, kind)
    statement = {
        "purpose": purpose,
        "model": "m",
        "subject": subject,
        "revision": revision,
        "person": person,
        "reason": "because",
        "expires": expires,
    }
    content = {"statement": statement, "signature": "s", "decision": subject, **more}
    return Event(
        kind=kind, model="m", actor=person, reason="because", key=f"{seq}", content=content, seq=seq, at="2026-06-01T"
    )


NOW = "2026-06-15T00:00:00Z"


def test_approvals_are_counted_by_person_and_one_no_outweighs_them():
    yes = [said("approval"), said("approval", seq=2), said("approval", "bob", seq=3)]

    assert approvals(yes, "d", 1, NOW).by == ("ada", "bob")
    assert approvals(yes, "d", 2, NOW).by == ()
    assert approvals(yes, "other", 1, NOW).by == ()
    assert approvals([said("approval", expires="2026-06-14T00:00:00Z")], "d", 1, NOW).by == ()
    assert approvals([*yes, said("rejection", "eve", seq=4)], "d", 1, NOW).rejected_by == "eve"


def done(seq, **content):
    return Event(
        kind="promotion_done",
        model="m",
        actor="p",
        reason="r",
        key=f"{seq}",
        content={"moved_model": True, "restores": None, **content},
        seq=seq,
        at="2026-06-01T00:00:00Z",
    )


def harmed(seq, *, challenged):
    content = {"tier": "severe", "challenged": challenged}
    return Event(
        kind="decision",
        model="m",
        actor="p",
        reason="r",
        key=f"{seq}",
        content=content,
        seq=seq,
        at="2026-06-02T00:00:00Z",
    )


def test_autonomy_is_earned_by_clean_promotions_and_taken_away():
    earned = [done(1), done(2)]

    assert autonomy(earned, needed=2, critical=False).earned
    assert not autonomy(earned[:1], needed=2, critical=False).earned
    assert not autonomy(earned, needed=2, critical=True).earned
    assert autonomy([], needed=0, critical=False).earned
    assert not autonomy([done(1, moved_model=False), done(2)], needed=2, critical=False).earned
    for loss in (harmed(3, challenged=False), said("rollback", seq=3), said("override", seq=3)):
        taken = autonomy([*earned, loss], needed=2, critical=False)
        assert not taken.earned
        assert "(record 3)" in taken.words()
    assert autonomy([*earned, harmed(3, challenged=True)], needed=2, critical=False).earned
    assert not autonomy([*earned, said("rollback", seq=3), done(4, restores=1)], needed=1, critical=False).earned


def test_what_stands_by_an_override_says_so():
    proof = said("override").content
    revision = Event(kind="baseline_revised", model="m", actor="a", reason="r", key="k", content={"proof": proof})
    later = revision.model_copy(update={"content": {"proof": None}})

    assert standing_override([revision], NOW).endswith("ada overrode decision d (because), until 2026-12-31T00:00:00Z")
    assert "expired at 2026-12-31T00:00:00Z: establish what stands" in standing_override(
        [revision], "2027-01-01T00:00:00Z"
    )
    assert standing_override([revision, later], NOW) == ""
    assert standing_override([], NOW) == ""
