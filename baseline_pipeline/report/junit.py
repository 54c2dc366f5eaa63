"""A decision as JUnit XML, which every CI system shows: one case for every metric and slice."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # written, never read

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.decision import gating
from baseline_pipeline.report.criticality import most_critical_first
from baseline_pipeline.report.verdict_line import verdict_line
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.comparison import Cell, Comparison, Contrast
    from baseline_pipeline.decision import Decision


def gate_junit(decision: Decision, comparison: Comparison, limits: Sequence[tuple[str, bool | None, str]] = ()) -> str:
    """JUnit XML: degraded gating cells are failures, unmeasured primaries errors, undecided ones skipped.

    Args:
        decision: What followed.
        comparison: What was compared.
        limits: Name, whether it passed (`None`: not measured) and words of every limit given at the gate.
    """
    suites = ET.Element("testsuites", name=f"baseline gate {decision.model}")
    for number, contrast in enumerate(gating(comparison), start=1):
        _suite(
            suites, f"{number}. {visible(contrast.question)}", [_case(contrast, cell) for cell in _ordered(contrast)]
        )
    _suite(suites, "loads and predicts", [_loads(comparison)])
    if limits:
        _suite(suites, "limits given at the gate", [_limit(*one) for one in limits])
    _suite(suites, "decision", [_decision(decision)])
    for name in ("tests", "failures", "errors"):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _ordered(contrast: Contrast) -> tuple[Cell, ...]:
    return most_critical_first(contrast.cells)


def _suite(suites: ET.Element, name: str, cases: list[ET.Element]) -> None:
    counts = {
        kind: str(sum(case.find(tag) is not None for case in cases))
        for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    suite = ET.SubElement(suites, "testsuite", {"name": name, "tests": str(len(cases)), "time": "0", **counts})
    suite.extend(cases)


def _case(contrast: Contrast, cell: Cell) -> ET.Element:
    name = visible(cell.metric if cell.slice == ALL_ROWS else f"{cell.metric}[{cell.slice}]")
    case = ET.Element("testcase", name=name, classname=f"{contrast.moved}.{visible(cell.metric)}", time="0")
    line = visible(verdict_line(cell, contrast.pairing))
    if cell.role == "report_only":
        return _told(case, "system-out", line)
    if cell.verdict == "degraded":
        return _told(case, "failure", line, cell.tier or "degraded")
    if cell.verdict == "not_evaluated" and cell.role == "primary" and cell.slice == ALL_ROWS:
        return _told(case, "error", line, "not_evaluated")
    if cell.verdict in {"inconclusive", "not_evaluated"}:
        tag = "failure" if cell.tier == "moderate" else "skipped"
        return _told(case, tag, line, "harm_unresolved" if tag == "failure" else "")
    return _told(case, "system-out", line)


def _loads(comparison: Comparison) -> ET.Element:
    """A criterion like any other: a model that does not load or predict is degraded, severely."""
    case = ET.Element("testcase", name="loads and predicts", classname="criteria", time="0")
    if comparison.failures:
        return _told(case, "failure", "; ".join(visible(one) for one in comparison.failures), "severe")
    return _told(case, "system-out", "every model that was compared loads and predicts")


def _limit(name: str, passed: bool | None, words: str) -> ET.Element:  # three-valued
    case = ET.Element("testcase", name=visible(name), classname="limits", time="0")
    tag = {True: "system-out", False: "failure", None: "error"}[passed]
    return _told(case, tag, visible(words), "" if passed else "limit")


def _decision(decision: Decision) -> ET.Element:
    case = ET.Element("testcase", name=decision.hold or decision.outcome, classname="decision", time="0")
    words = "; ".join(visible(reason) for reason in decision.reasons)
    tag = {0: "system-out", 1: "failure", 3: "error", 4: "skipped", 5: "skipped"}[decision.exit_code]
    return _told(case, tag, words, decision.outcome if tag in {"failure", "error"} else "")


def _told(case: ET.Element, tag: str, words: str, kind: str = "") -> ET.Element:
    if tag == "system-out":
        ET.SubElement(case, tag).text = words
    else:
        ET.SubElement(case, tag, type=kind or tag, message=words)
    return case
