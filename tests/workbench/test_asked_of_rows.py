"""What a contract asks of rows, from weights to looks: measured, counted and told in the verdict."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, fbeta_score, roc_auc_score

from baseline_pipeline.errors import DataUnreadable, EvidenceUnavailable
from baseline_pipeline.workbench.inspection.planning import outlook
from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation


def test_unlabelled_rows_are_left_out_and_counted(project):
    frame = project.rows()
    frame["y"] = frame["y"].astype("Int64")
    frame.loc[:99, "y"] = None
    project.write(frame)
    decision = project.run()
    evaluation = load_evaluation(project.bench(), "small", decision.candidate)

    assert (evaluation.rows, evaluation.unlabelled) == (1400, 100)
    assert np.isfinite(evaluation.metrics[0].value)


def test_weights_parameters_and_group_gaps_reach_from_the_contract_to_the_verdict(project):
    """A metric with a parameter, one that reads a column, and rows that count unequally."""
    contract = project.root / "assets" / "small" / "defs.yaml"
    text = contract.read_text().replace("    cluster: day\n", "    cluster: day\n    weight: w\n")
    contract.write_text(
        text
        + "    - {metric: f_beta, parameters: {beta: 2}, role: guardrail, margin: {absolute: 0.05}}\n"
        + "    - {metric: demographic_parity_gap, parameters: {column: sex}, role: report_only}\n"
    )
    rows = project.rows()
    rows["w"] = np.where(rows["y"] == 1, 3.0, 1.0)
    rows["sex"] = np.where(rows["x"] > 0, "f", "m")
    project.write(rows)
    project.run()
    baseline = project.establish()
    bench = project.bench()
    values = {(m.metric, m.slice): m.value for m in load_evaluation(bench, "small", baseline.evaluation).metrics}
    score = 1 / (1 + np.exp(-rows["x"]))
    brier = np.average((score - rows["y"]) ** 2, weights=rows["w"])

    assert values["brier", "all"] == pytest.approx(brier)
    assert values["demographic_parity_gap(column=sex)", "all"] == pytest.approx(1.0)
    assert values["f_beta(beta=2)", "all"] == pytest.approx(
        fbeta_score(rows["y"], score >= 0.5, beta=2, sample_weight=rows["w"])
    )


def test_a_weight_that_is_none_is_refused_with_its_row(project):
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace("    cluster: day\n", "    cluster: day\n    weight: w\n"))
    rows = project.rows()
    rows["w"] = 1.0
    rows.loc[7, "w"] = -2.0
    project.write(rows)

    with pytest.raises(DataUnreadable, match=r"weight -2 in column 'w' of row 7 \(1 such rows\)"):
        project.run()


def test_looks_at_growing_rows_share_one_rate_and_end(project):
    """Three looks are planned since the baseline; the same rows again are no look of their own."""
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text() + "  error_rates: {looks: 3}\n  promotion: {mode: experiment}\n")
    rows = project.rows(rows=1500)
    project.write(rows)
    project.run()
    project.establish()
    seen = []
    for number in range(4):
        project.write(project.rows(seed=5 + number, rows=800, start=2000 + 1000 * number), f"later{number}.csv")
        for _ in range(2):
            comparison = load_comparison(project.bench(), "small", project.run(force=False).comparison)
        seen.append(comparison.contrasts[-1])

    assert [one.moved for one in seen] == ["population"] * 4
    assert [one.look for one in seen] == [1, 2, 3, 4]
    assert "look 4 of 3 planned" in seen[-1].cells[0].note


def test_changed_values_are_judged_among_the_rows_that_stayed_where_a_metric_orders_rows(project, monkeypatch):
    monkeypatch.chdir(project.root)
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace("metric: brier", "metric: roc_auc").replace("[group]", "[day]"))
    rows = project.rows()
    project.run()
    project.establish()
    project.write(rows.assign(x=rows["x"] + 3 * (rows["group"] == "a")))
    decision = project.run()
    among, all_rows = load_comparison(project.bench(), "small", decision.comparison).contrasts
    auc = roc_auc_score(rows["y"], rows["x"] + 3 * (rows["group"] == "a")) - roc_auc_score(rows["y"], rows["x"])

    assert {cell.verdict for cell in among.cells if cell.metric == "roc_auc"} <= {"unchanged", "not_evaluated"}
    assert (all_rows.beside_unchanged, all_rows.rows, {cell.metric for cell in all_rows.cells}) == (
        True,
        len(rows),
        {"roc_auc"},
    )
    assert all_rows.cells[0].gain == pytest.approx(auc, abs=1e-9)
    assert decision.outcome == "reject"
    assert decision.reasons[0].startswith("roc_auc degraded (data values among all rows, paired)")


def test_what_the_contract_came_to_ask_for_is_measured_and_told(project):
    from baseline_pipeline.report.terminal import decision_text
    from baseline_pipeline.workbench.reporting import decision_story

    project.run()
    project.establish()
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text() + "    - {metric: recall, role: report_only}\n")
    decision = project.run()
    bench = project.bench()
    told = decision_text(decision_story(bench, bench.contract("small"), decision))

    assert (decision.outcome, decision.exit_code) == ("promote", 0)
    assert decision.reasons[0].startswith("nothing but the contract moved since baseline 1")
    assert "measures recall" in told
    assert "recall  0." in told
    assert project.run().reasons == ("nothing moved since baseline 2",)


def test_a_primary_that_the_contract_came_to_ask_for_and_nobody_can_measure_is_missing_evidence(project):
    project.write(project.rows().assign(one="a"))
    project.run()
    project.establish()
    contract = project.root / "assets" / "small" / "defs.yaml"
    gap = "{metric: equal_opportunity_gap, parameters: {column: one}, margin: {absolute: 0.1}}"
    contract.write_text(contract.read_text() + f"    - {gap}\n")
    decision = project.run()

    assert (decision.outcome, decision.hold, decision.exit_code) == ("hold", "evidence_missing", 3)
    assert decision.reasons[0].startswith("equal_opportunity_gap(column=one) not evaluated: ")


@pytest.mark.parametrize(("until", "measured"), [("2026-01-20", 400), ("2026-01-30", 1200)])
def test_what_is_measured_is_of_rows_that_the_model_did_not_learn_from_where_there_are_others(project, until, measured):
    contract = project.root / "assets" / "small" / "defs.yaml"
    window = f"training: {{window: [2026-01-01, {until}]}}"
    text = contract.read_text().replace("    cluster: day\n", "    time: at\n")
    contract.write_text(text.replace("positive_class: 1}", f"positive_class: 1, {window}}}"))
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"id": np.arange(1200), "x": rng.normal(0, 1, 1200), "z": 0.5, "group": "a"})
    frame["y"] = (rng.random(1200) < 1 / (1 + np.exp(-frame["x"]))).astype(int)
    day = frame["id"] % 30 + 1
    frame["at"] = day.map("2026-01-{:02d}T12:00".format)
    project.write(frame)

    bench = project.bench()
    evaluation = load_evaluation(bench, "small", project.run().candidate)

    brier = next(one for one in evaluation.metrics if (one.metric, one.slice) == ("brier", "all"))
    later = frame[day > int(until[-2:])] if measured < 1200 else frame
    assert (evaluation.rows, evaluation.learned) == (1200, 1200 - measured or 1200)
    assert brier.rows == measured
    assert brier.value == pytest.approx(brier_score_loss(later["y"], 1 / (1 + np.exp(-later["x"]))))
    if measured < 1200:
        assert {one.rows for one in outlook(bench, bench.contract("small")).prospects if one.slice == "all"} == {400}
    else:
        with pytest.raises(EvidenceUnavailable, match="all 1200 rows lie in the training window of version"):
            outlook(bench, bench.contract("small"))
