"""What an auditor sees: decisions reproduced, ledgers verified, checkpoints signed, contracts told apart."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.adapters.signatures.sshsig import SignatureRefused
from baseline_pipeline.adapters.stores.filesystem import FilesystemStore
from baseline_pipeline.workbench.iteration.evidence import export_evidence, reproduced


def test_a_decision_is_reproduced_from_its_evidence_alone(gated, tmp_path):
    found = gated.waiting()
    folder = tmp_path / "evidence"

    words = export_evidence(gated.bench(), found.digest[:12], folder)

    assert found.digest[:12] in words
    again = reproduced(str(folder))
    assert again.same, again.differing
    assert again.outcome == "hold"
    done = subprocess.run(
        [sys.executable, "-I", "-S", folder / "verify_ledger.py", folder / "ledger.jsonl"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "are as they were written" in done.stdout) == (0, True), done.stderr
    file = next((folder / "store" / "small" / "comparisons").glob("*.json"))
    file.write_text(file.read_text().replace('"unchanged"', '"improved"', 1))
    with pytest.raises(Exception, match="is damaged"):
        reproduced(str(folder))


class OneFeature:
    """Shapley values of a model that reads `x` alone: exactly what its answer differs from the mean by."""

    identity = "one feature 1"

    def values(self, frame, predict, folder):
        from matplotlib.figure import Figure

        said = predict(frame)
        figure = Figure()
        figure.subplots().hist(said)
        figure.savefig(folder / "said.png")
        return np.column_stack([said - said.mean(), np.zeros(len(said))])


@pytest.mark.usefixtures("pictures")
def test_plots_of_shap_values_and_drift_go_with_the_evidence(project, tmp_path, monkeypatch):
    from baseline_pipeline.snapshot import DriftReport
    from baseline_pipeline.workbench.iteration import evaluating

    monkeypatch.setattr(evaluating, "_explainer", lambda *_: OneFeature())
    project.run()
    project.establish()
    project.write(pd.concat([project.rows(), project.rows(seed=2, start=5000)]))
    project.run()
    bench = project.bench()
    folder = tmp_path / "evidence"

    words = export_evidence(bench, project.events("decision")[-1].content["decision"], folder)

    kept = FilesystemStore(folder / "store")
    evaluations = [body["shap"]["plots"] for body in kept.records("evaluations", "small")]
    plots = [plot for one in evaluations for plot in one.values()]
    pages = [DriftReport.stored(body).html for body in kept.records("drift", "small")]
    assert len(pages) == 1
    assert all(kept.file(plot).read_bytes().startswith(b"\x89PNG") for plot in plots)
    assert all("said" in one for one in evaluations)
    assert all(b"<html" in kept.file(page).read_bytes() for page in pages)
    assert f"{len(set(plots)) + 1} of pictures and pages" in words


def test_the_stand_alone_verifier_finds_what_ours_finds(gated, tmp_path):
    from baseline_pipeline.governance.chain import LedgerTampered
    from baseline_pipeline.workbench.upkeep.auditing import export, read_checkpoint, take_checkpoint

    bench = gated.bench()
    early = tmp_path / "early.checkpoint"
    take_checkpoint(bench, early, None, sign=False)
    gated.waiting()
    full = tmp_path / "full.checkpoint"
    size = take_checkpoint(bench, full, None, sign=False).size
    export(bench, tmp_path / "ledger.jsonl")
    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()

    def verified(changed, *checkpoints):
        (tmp_path / "ledger.jsonl").write_text("\n".join(changed) + "\n")
        command = [sys.executable, "-I", "-S", tmp_path / "verify_ledger.py", tmp_path / "ledger.jsonl", *checkpoints]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert verified(lines, early, full)[0] == 0
    assert verified(lines[:-1], early)[0] == 0
    assert verified(lines[:-1], full) == (
        1,
        f"the tail was cut: {size - 1} records are there, a checkpoint knows of {size}\n",
    )
    assert "record 2" in verified([*lines[:2], lines[2].replace("Ada", "Eve").replace("small", "smile"), *lines[3:]])[1]
    assert "is missing" in verified([lines[0], *lines[2:]])[1]
    body = json.loads(lines[1])
    body["model"] = "other"
    assert "columns" in verified([lines[0], json.dumps(body), *lines[2:]])[1]
    assert bench.ledger.verify([read_checkpoint(early), read_checkpoint(full)]).size == size
    (tmp_path / "cut").write_text(full.read_text().replace(f"\n{size}\n", f"\n{size + 3}\n"))
    with pytest.raises(LedgerTampered, match="the tail was cut"):
        bench.ledger.verify([read_checkpoint(tmp_path / "cut")])


def test_a_signed_checkpoint_names_who_signed_it(gated, keys, tmp_path):
    from baseline_pipeline.workbench.upkeep.auditing import check_checkpoint_signature, take_checkpoint

    gated.roster(keys, ("ada", "roles=approve"))
    file = tmp_path / "ledger.checkpoint"
    take_checkpoint(gated.bench(), file, keys / "ada", sign=True)

    assert check_checkpoint_signature(gated.bench(), file) == "ada@example.com"
    file.write_text(file.read_text().replace("\n3\n", "\n2\n").replace("baseline", "Baseline"))
    with pytest.raises(SignatureRefused):
        check_checkpoint_signature(gated.bench(), file)


def test_a_contract_that_changes_is_an_event_with_its_differences(gated):
    contract = gated.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace("margin: {absolute: 0.05}", "margin: {absolute: 0.04}"))
    gated.run()

    first, second = gated.events("contract_changed")
    assert first.content["changed"] == []
    assert second.content["changed"] == ["metrics.1.margin.absolute: 0.05 -> 0.04"]
