"""One finished MLflow run per evaluation, also after a retry or a crash."""

from __future__ import annotations

import csv
import io
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.adapters.registries.mlflow import connect, quietly
from baseline_pipeline.adapters.tracking.own_artifacts import importance_plots, own_artifacts
from baseline_pipeline.adapters.tracking.standard_plots import log_standard_plots
from baseline_pipeline.records import canonical_json
from baseline_pipeline.worst_rows import worst_rows

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow import MlflowClient

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation, Scores

KEY_TAG = "baseline.evaluation"
OpenRun = Callable[[str], AbstractContextManager[object]]


class MlflowTracker:
    """Writes evaluations into an experiment.

    Args:
        uri: MLflow tracking URI.
        experiment: Name of an existing experiment.
        open_run: Enters a run by its id while it is written; MLflow's own `start_run` by default.
    """

    def __init__(self, uri: str, experiment: str, open_run: OpenRun | None = None) -> None:
        self._uri = uri
        self._experiment = experiment
        self._open_run = open_run or active

    def track(
        self,
        contract: Contract,
        evaluation: Evaluation,
        scores: Scores,
        features: pa.Table,
        plots: Mapping[str, Path] = MappingProxyType({}),
    ) -> str:
        """The id of the evaluation's finished run, found or written now.

        A run that an earlier attempt left unfinished is set to FAILED, so that exactly one is FINISHED.

        Args:
            contract: What the columns mean.
            evaluation: What was measured.
            scores: Row-level results.
            features: n rows as the model saw them.
            plots: PNG files of SHAP values, by name.

        Raises:
            TrackingUnavailable: when the server does not answer or refuses.
        """
        client = connect(self._uri)
        with quietly(self._uri):
            experiment: Any = client.get_experiment_by_name(self._experiment)
            finished = _settle(client, experiment.experiment_id, evaluation.key)
            if finished is not None:
                return finished
            run = client.create_run(
                experiment.experiment_id,
                run_name=f"{contract.name} v{evaluation.subject.version} {evaluation.key[:8]}",
                tags={KEY_TAG: evaluation.key, **_tags(evaluation)},
            )
            run_id = str(run.info.run_id)
            try:
                with self._open_run(run_id):
                    self._write(client, run_id, contract, evaluation, scores, features, plots)
                client.set_terminated(run_id, "FINISHED")
            except BaseException:
                client.set_terminated(run_id, "FAILED")
                raise
        return run_id

    def _write(
        self,
        client: MlflowClient,
        run_id: str,
        contract: Contract,
        evaluation: Evaluation,
        scores: Scores,
        features: pa.Table,
        plots: Mapping[str, Path],
    ) -> None:
        import mlflow
        from mlflow.entities import Metric, Param

        params = [Param(name, str(value)) for name, value in _params(evaluation).items()]
        metrics = [Metric(name, value, 0, 0) for name, value in _metrics(evaluation).items()]
        client.log_batch(run_id, params=params, metrics=metrics[:1000])
        _log_input(client, run_id, evaluation, features)
        client.log_text(run_id, canonical_json(evaluation.body()).decode(), "evaluation.json")
        client.log_text(run_id, _csv(contract, scores), "worst_rows.csv")
        if contract.classifies or contract.task == "regression":
            log_standard_plots(
                scores.outcomes, regression=contract.task == "regression", seed=int(evaluation.key[:8], 16)
            )
        with tempfile.TemporaryDirectory() as folder:
            if contract.task == "regression":
                _residuals(scores, Path(folder))
            importance_plots(evaluation, Path(folder))
            for name, plot in plots.items():
                shutil.copyfile(plot, Path(folder) / f"{name}.png")
            own_artifacts(contract, scores, Path(folder))
            client.log_artifacts(run_id, folder)
        assert mlflow.active_run() is None or mlflow.active_run().info.run_id == run_id  # noqa: S101  # plots go where we mean


def active(run_id: str) -> AbstractContextManager[object]:
    """Enter a run, whatever experiment the process or MLFLOW_EXPERIMENT_NAME takes for the active one."""
    import mlflow

    mlflow.set_experiment(experiment_id=mlflow.get_run(run_id).info.experiment_id)
    return mlflow.start_run(run_id=run_id)  # type: ignore[no-any-return]  # untyped


def _settle(client: MlflowClient, experiment: str, key: str) -> str | None:
    """The finished run of a key; others of the same key are set to FAILED."""
    found = client.search_runs([experiment], f"tags.`{KEY_TAG}` = '{key}'")
    finished = [run.info.run_id for run in found if run.info.status == "FINISHED"]
    for run in found:
        if run.info.status not in {"FINISHED", "FAILED", "KILLED"}:
            client.set_terminated(run.info.run_id, "FAILED")
    return str(finished[-1]) if finished else None


def _tags(evaluation: Evaluation) -> dict[str, str]:
    digests = {f"baseline.{facet}": value or "" for facet, value in evaluation.fingerprint.body().items()}
    return {
        **digests,
        "baseline.model_name": evaluation.model,
        "baseline.snapshot": evaluation.snapshot,
        "baseline.scores_file": evaluation.scores_file,
        "baseline.engine": evaluation.engine,
        "baseline.trustworthy": str(evaluation.trustworthy).lower(),
    }


def _params(evaluation: Evaluation) -> dict[str, object]:
    return {
        "model": evaluation.subject.name,
        "version": evaluation.subject.version,
        "uri": evaluation.subject.uri,
        "rows": evaluation.rows,
        "unlabelled": evaluation.unlabelled,
        "training_window": "/".join(evaluation.subject.training_window or ()),
        "lockfile": evaluation.environment.lockfile,
        **{f"machine.{name}": value for name, value in evaluation.environment.facts.items()},
    }


def _metrics(evaluation: Evaluation) -> dict[str, float]:
    timing = evaluation.timing
    found = {
        "seconds.load": timing.load,
        "seconds.preprocess": timing.preprocess,
        "seconds.predict": timing.predict,
        "seconds.postprocess": timing.postprocess,
        "peak_memory_mb": timing.peak_memory_mb,
        **{f"latency_ms.{name}": value for name, value in timing.latency_ms.items()},
    }
    for one in evaluation.metrics:
        if one.value is not None:
            found[_metric_name(one.metric, one.slice)] = one.value
    return found


def _metric_name(metric: str, part: str) -> str:
    """A name that MLflow takes: it may become the path of a file, and leads nowhere else, whatever a slice is called.

    Example:
        >>> _metric_name("brier", "all"), _metric_name("brier", "site=https://a.example/b/")
        ('brier', 'brier/site_https___a.example_b_')
        >>> _metric_name("brier", "..")
        'brier/_.'
    """
    parts = [metric] if part == "all" else [metric, part]
    return "/".join(re.sub(r"^\.|[^A-Za-z0-9_. -]", "_", one) for one in parts)[:250]


def _log_input(client: MlflowClient, run_id: str, evaluation: Evaluation, features: pa.Table) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    schema = canonical_json({field.name: str(field.type) for field in features.schema}).decode()
    source = canonical_json({"store": f"blobs/{evaluation.snapshot}"}).decode()
    dataset = Dataset(
        name=f"{evaluation.model}-snapshot",
        digest=evaluation.snapshot[:36],
        source_type="baseline-pipeline",
        source=source,
        schema=schema[:65_000],
        profile=canonical_json({"num_rows": evaluation.rows}).decode(),
    )
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "evaluation")])])


def _csv(contract: Contract, scores: Scores) -> str:
    """The worst rows as CSV; a cell that a spreadsheet would run as a formula gets a leading quote."""
    table = worst_rows(contract, scores)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table.columns)
    writer.writerows(
        [f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in row]
        for row in table.rows
    )
    return out.getvalue()


def _residuals(scores: Scores, folder: Path) -> Path:
    """Residuals over predictions: what MLflow does not draw for a regression."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    label, prediction = scores.outcomes.label, scores.outcomes.prediction
    rows = np.linspace(0, len(label) - 1, min(len(label), 20_000)).astype(int)
    axes.scatter(prediction[rows], label[rows] - prediction[rows], s=6, alpha=0.4, linewidths=0)
    axes.axhline(0, color="black", linewidth=1)
    axes.set_xlabel("prediction")
    axes.set_ylabel("label - prediction")
    path = folder / "residuals.png"
    figure.savefig(path, dpi=120)
    return path
