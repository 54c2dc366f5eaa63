"""What a gate found, as an in-toto statement next to the model: others can check it without us.

Source: in-toto Attestation Framework v1, predicate test-result v0.1; DSSE v1. The signature is OpenSSH's SSHSIG over
DSSE's pre-authentication encoding, in the namespace `dsse@baseline-pipeline`.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.decision import gating
from baseline_pipeline.records import canonical_json
from baseline_pipeline.workbench.reporting import write_whole

if TYPE_CHECKING:
    from baseline_pipeline.comparison import Cell, Comparison
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.promotions.gating import Gated
    from baseline_pipeline.workbench.workbench import Workbench

PAYLOAD = "application/vnd.in-toto+json"
NAMESPACE = "dsse@baseline-pipeline"
KEY_VARIABLE = "BASELINE_SIGNING_KEY"


def attest(
    bench: Workbench,
    contract: Contract,
    found: Gated,
    comparison: Comparison,
    *,
    out: Path | None,
    key: Path | None,
    keep: bool,
) -> dict[str, Any]:
    """Make the statement, sign it where there is a key, and put it beside the evaluation's MLflow run.

    Args:
        bench: The project.
        contract: The model's contract.
        found: How the gate ended.
        comparison: What was compared.
        out: Where to write it too.
        key: SSH key; `BASELINE_SIGNING_KEY` by default, unsigned without either.
        keep: Whether to keep it in the home and beside the model's run.
    """
    named = key or (Path(os.environ[KEY_VARIABLE]) if os.environ.get(KEY_VARIABLE) else None)
    envelope = enveloped(canonical_json(statement(contract, found, comparison)), named)
    text = json.dumps(envelope, indent=2) + "\n"
    if out is not None:
        write_whole(out, text)
    if keep:
        file = bench.settings.home / "attestations" / contract.name / f"{found.digest}.dsse.json"
        write_whole(file, text)
        _beside_the_run(bench, contract, found, file)
    return envelope


def statement(contract: Contract, found: Gated, comparison: Comparison) -> dict[str, Any]:
    """The in-toto statement: the model's digest, the policy, and the names of what passed, warned and failed."""
    passed: list[str] = []
    warned: list[str] = []
    failed: list[str] = []
    for contrast in gating(comparison):
        for cell in contrast.cells:
            if cell.role == "report_only":
                continue
            {"degraded": failed, "improved": passed, "unchanged": passed}.get(cell.verdict, warned).append(_name(cell))
    for one in found.checked:
        (passed if one.passed else failed).append(f"limit {one.criterion.text}")
    result = "PASSED" if found.exit.code == 0 else "FAILED"
    if result == "PASSED" and (found.exit.warnings or warned):
        result = "WARNED"
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": found.candidate.uri, "digest": {"sha256": found.candidate.digest}}],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": result,
            "configuration": [
                {"name": f"policy of {contract.name}", "digest": {"sha256": comparison.policy}},
                {"name": f"comparison of {contract.name}", "digest": {"sha256": found.decision.comparison}},
                {"name": f"decision of {contract.name}", "digest": {"sha256": found.digest}},
            ],
            "passedTests": passed,
            "warnedTests": warned,
            "failedTests": failed,
        },
    }


def _name(cell: Cell) -> str:
    return cell.metric if cell.slice == ALL_ROWS else f"{cell.metric}[{cell.slice}]"


def enveloped(payload: bytes, key: Path | None) -> dict[str, Any]:
    """A DSSE envelope, signed where there is a key."""
    signatures = []
    if key is not None:
        from baseline_pipeline.adapters.signatures.ssh_keygen import public_half, sign
        from baseline_pipeline.adapters.signatures.sshsig import fingerprint

        armored = sign(pre_authentication(payload), NAMESPACE, key)
        signatures.append({"keyid": fingerprint(public_half(key)), "sig": base64.b64encode(armored.encode()).decode()})
    return {"payloadType": PAYLOAD, "payload": base64.b64encode(payload).decode(), "signatures": signatures}


def pre_authentication(payload: bytes) -> bytes:
    """DSSE's encoding of what is signed.

    Example:
        >>> pre_authentication(b"{}")
        b'DSSEv1 28 application/vnd.in-toto+json 2 {}'
    """
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)


def _beside_the_run(bench: Workbench, contract: Contract, found: Gated, file: Path) -> None:
    candidate = found.decision.candidate
    body = None if candidate is None else bench.store.load("tracked", contract.name, candidate)
    if body is None:
        return
    from baseline_pipeline.adapters.registries.mlflow import connect, quietly

    uri = bench.settings.tracking_uri
    client = connect(uri)
    with quietly(uri):
        client.log_artifact(str(body["run_id"]), str(file), "gate")
