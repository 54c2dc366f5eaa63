"""Exactly one finished MLflow run per evaluation, whatever happened on the way."""

import signal
import subprocess
import sys
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from baseline_pipeline.adapters.registries.mlflow import check_store, connect, quietly
from baseline_pipeline.errors import TrackingUnavailable
from baseline_pipeline.workbench.iteration.evaluating import ensure_tracked

pytestmark = pytest.mark.usefixtures("pictures")


def runs(project, key):
    client = connect(project.settings.tracking_uri)
    experiment = client.get_experiment_by_name("baseline-pipeline")
    return client.search_runs([experiment.experiment_id], f"tags.`baseline.evaluation` = '{key}'")


def artifacts(project, run_id, path=None):
    client = connect(project.settings.tracking_uri)
    found = []
    for one in client.list_artifacts(run_id, path):
        found += artifacts(project, run_id, one.path) if one.is_dir else [one.path]
    return found


def test_a_run_holds_params_metrics_tags_input_plots_and_worst_rows(project):
    from matplotlib import pyplot as plt

    open_before = plt.get_fignums()
    decision = project.run()
    assert plt.get_fignums() == open_before
    (run,) = runs(project, decision.candidate)
    names = artifacts(project, run.info.run_id)

    assert run.info.status == "FINISHED"
    assert run.data.params["rows"] == "1500"
    assert {"brier", "brier/group_a", "seconds.predict", "latency_ms.p95"} <= run.data.metrics.keys()
    assert run.data.tags["baseline.snapshot"] == run.data.tags["baseline.data"]
    assert run.inputs.dataset_inputs[0].dataset.name == "small-snapshot"
    assert {"evaluation.json", "worst_rows.csv"} <= set(names)
    for plot in ("confusion_matrix", "roc_curve", "precision_recall_curve", "importances.png"):
        assert any(plot in name for name in names), names


OWN = """
def table(rows, folder):
    rows.groupby("group")["score"].mean().to_csv(folder / "by_group.csv")


def broken(rows, folder):
    (folder / "half.txt").write_text("half")
    raise RuntimeError("no ink")
"""


def test_files_of_ones_own_are_kept_and_a_function_that_fails_says_why(project, monkeypatch):
    import mlflow

    from baseline_pipeline.workbench.upkeep.checking import check_contract

    (project.root / "ownfiles.py").write_text(OWN)
    monkeypatch.syspath_prepend(project.root)
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text() + '  artifacts: ["ownfiles:table", "ownfiles:broken", "nowhere:at_all"]\n')
    decision = project.run()
    (run,) = runs(project, decision.candidate)
    names = artifacts(project, run.info.run_id)
    why = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/ownfiles_broken/failed.txt")
    bench = project.bench()
    findings, _ = check_contract(bench.settings, bench.contract("small"))

    assert run.info.status == "FINISHED"
    assert "ownfiles_table/by_group.csv" in names
    assert why == "ownfiles:broken failed: RuntimeError: no ink\n"
    assert any("nowhere:at_all cannot be imported" in one for one in findings)


def test_cells_that_a_spreadsheet_would_run_are_quoted(project):
    import mlflow

    frame = project.rows()
    frame["group"] = "=cmd|x"
    project.write(frame)
    decision = project.run()
    (run,) = runs(project, decision.candidate)
    text = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/worst_rows.csv")

    assert "'=cmd|x" in text
    assert ",=cmd" not in text


def test_slices_whose_names_look_like_paths_are_kept_as_metrics(project):
    frame = project.rows()
    frame["group"] = "https://hives.example/a/../b/"
    project.write(frame)
    decision = project.run()
    (run,) = runs(project, decision.candidate)

    assert run.data.metrics["brier/group_https___hives.example_a_.._b_"] == run.data.metrics["brier"]


def test_tracking_again_finds_the_finished_run(project):
    decision = project.run()
    bench = project.bench()
    contract = bench.contract("small")
    file = project.root / ".baseline" / "store" / "small" / "tracked" / f"{decision.candidate}.json"
    file.chmod(0o644)
    file.unlink()
    again = ensure_tracked(bench, contract, decision.candidate)

    (run,) = runs(project, decision.candidate)
    assert again.run_id == run.info.run_id


def test_a_writer_killed_half_way_is_made_up_for_by_one_finished_run(project):
    code = (
        "import sys, time; from pathlib import Path; import baseline_pipeline.adapters.tracking.mlflow as t; "
        "t.log_standard_plots = lambda *a, **k: (print('now', flush=True), time.sleep(60)); "
        "from baseline_pipeline.workbench.workbench import Workbench; "
        "from baseline_pipeline.workbench.iteration.pipeline import run; run(Workbench.here(Path(sys.argv[1])), 'small')"
    )
    script = project.root / "writer.py"
    script.write_text(code)
    writer = subprocess.Popen([sys.executable, script, str(project.root)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout.readline().strip() == "now"
    writer.send_signal(signal.SIGKILL)
    writer.wait(10)
    decision = project.run()
    states = sorted(run.info.status for run in runs(project, decision.candidate))

    assert states == ["FAILED", "FINISHED"]


def test_a_store_of_another_home_or_without_our_experiment_is_refused(project):
    uri = project.settings.tracking_uri

    with pytest.raises(TrackingUnavailable, match="belongs to store"):
        check_store(uri, "baseline-pipeline", "another")
    with pytest.raises(TrackingUnavailable, match="has no experiment 'typo'"):
        check_store(uri, "typo", project.bench().store_id)


def test_a_server_that_is_asked_with_a_login_answers():
    import mlflow

    before = mlflow.get_tracking_uri()
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = connect(f"http://ana:hunter2@127.0.0.1:{server.server_port}")
        server.shutdown()
    mlflow.set_tracking_uri(before)
    mlflow.set_registry_uri(before)

    assert client.tracking_uri.endswith(str(server.server_port))


@pytest.mark.parametrize("login", ["ana:hunter2", "hunter2", "ana:x/hunter2"])
def test_no_word_about_a_tracking_server_holds_its_login(login, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    uri = f"http://{login}@127.0.0.1:9"
    with pytest.raises(TrackingUnavailable) as probed:
        connect(uri)
    with pytest.raises(TrackingUnavailable) as asked, quietly(uri):
        MlflowClient(uri).get_experiment_by_name("x")
    said = f"{probed.value} {asked.value}"

    assert "hunter2" not in said
    assert said.count("http://***@127.0.0.1:9") >= 2


def test_a_server_that_is_down_is_said_at_once():
    started = time.monotonic()

    with pytest.raises(TrackingUnavailable, match="does not answer"):
        check_store("http://127.0.0.1:9", "e", "s")
    assert time.monotonic() - started < 60
