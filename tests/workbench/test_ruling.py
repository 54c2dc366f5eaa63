"""Rules of the user's own in place of the default's outcome."""

import sys

import pytest

from baseline_pipeline.errors import EvidenceUnavailable

RULES = """\
def cautious(comparison, decision):
    gained = any(cell.verdict == "improved" for one in comparison.contrasts for cell in one.cells)
    if decision.outcome == "promote" and not gained:
        return "hold", "needs_approval", "nothing gained"
    return decision.outcome, decision.hold, "as the default says"


def broken(comparison, decision):
    return "promote"


def failing(comparison, decision):
    raise RuntimeError("no bandit today")
"""


def ruled_by(project, name):
    contract = project.root / "assets" / "small" / "defs.yaml"
    text = contract.read_text().partition("  promotion:")[0]
    contract.write_text(text + f"  promotion: {{approvals_until: 0, rule: 'myrules:{name}'}}\n")
    (project.root / "myrules.py").write_text(RULES)
    sys.modules.pop("myrules", None)


def test_a_rule_of_the_users_own_stands_in_for_the_default_and_is_recorded(gated):
    ruled_by(gated, "cautious")

    found = gated.waiting()

    assert (found.decision.outcome, found.decision.hold, found.exit.code) == ("hold", "needs_approval", 5)
    assert found.decision.reasons[0].startswith("myrules:cautious (source ")
    assert found.decision.reasons[0].endswith(": nothing gained")
    assert found.decision.approvals_required == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [("broken", "answered 'promote'"), ("failing", "no bandit today"), ("absent", "no such function")],
)
def test_a_rule_that_gives_no_outcome_decides_nothing(gated, name, words):
    ruled_by(gated, name)

    with pytest.raises(EvidenceUnavailable, match=words):
        gated.waiting()
    assert gated.bench().baseline("small").revision == 1


def test_a_rule_that_was_edited_decides_as_it_stands(gated):
    ruled_by(gated, "cautious")
    gated.waiting()
    file = gated.root / "myrules.py"
    file.write_text(file.read_text().replace('"nothing gained"', '"a person should want this"'))

    (gated.root / "thirdmodel.py").write_text((gated.root / "othermodel.py").read_text() + "# another one\n")

    found = gated.waiting("thirdmodel:predict")

    assert found.decision.reasons[0].endswith(": a person should want this")
