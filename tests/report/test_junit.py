"""JUnit XML as CI systems read it."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from baseline_pipeline.report.findings import model_findings
from baseline_pipeline.report.junit import gate_junit

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))


@pytest.mark.parametrize(
    ("outcome", "hold", "tag"),
    [
        ("reject", None, "failure"),
        ("promote", None, "system-out"),
        ("hold", "evidence_missing", "error"),
        ("hold", "inconclusive", "skipped"),
        ("hold", "needs_approval", "skipped"),
    ],
)
def test_every_outcome_is_what_the_common_schema_allows(decision_story, outcome, hold, tag):
    hostile = 'brier[region=<&"\x1b]'
    decision = decision_story.decision.model_copy(update={"outcome": outcome, "hold": hold})
    limits = [(hostile, False, "0.2 < 0.3"), ("recall", None, "not measured"), ("precision", True, "0.9")]

    text = gate_junit(decision, decision_story.comparison, limits)

    SCHEMA.validate(text)
    root = ET.fromstring(text)
    for name in ("failure", "error"):
        assert int(root.get(f"{name}s")) == len(root.findall(f".//{name}")) > 0
    assert int(root.get("tests")) == len(root.findall(".//testcase"))
    assert root[-1][0][0].tag == tag


def test_a_model_that_does_not_load_is_a_failed_case(decision_story):
    def case(failures):
        comparison = decision_story.comparison.model_copy(update={"failures": failures})
        text = gate_junit(decision_story.decision, comparison)
        SCHEMA.validate(text)
        return ET.fromstring(text).find(".//testcase[@name='loads and predicts']")[0]

    assert case(()).tag == "system-out"
    failed = case(("challenger (version 3) failed: no module named '_loss'",))
    assert (failed.tag, failed.get("type")) == ("failure", "severe")
    assert "_loss" in failed.get("message")


def test_the_schema_itself_refuses_what_readers_would(decision_story):
    text = gate_junit(decision_story.decision, decision_story.comparison)

    for wrong in (text.replace('tests="', 'test="', 1), text.replace("<system-out>", "<output>", 1), "<testsuites/>"):
        assert not is_valid(wrong)


def is_valid(text):
    try:
        return SCHEMA.is_valid(text)
    except ET.ParseError:
        return False


def test_the_budget_of_small_harms_is_said_for_every_primary(decision_story, cell):
    harmed = cell(
        metric="brier", slice="all", role="primary", gain=-0.004, margin=0.01, interval=(-0.006, -0.002),
        harm_bounds=(0.002, 0.0057),
    )  # fmt: skip
    contrast = decision_story.comparison.contrasts[0].model_copy(
        update={"anchor_revision": 3, "cells": (harmed, cell()), "leanings": (), "joint": None}
    )

    assert list(model_findings(contrast)) == [
        "creep budget of brier since revision 3: 0.004 of 0.010 used (40%, at most 0.006)"
    ]
