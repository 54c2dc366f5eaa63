"""Files that a user's functions make of an evaluation, and the picture of what the model leans on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.metrics.custom import frame, resolved

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation, Importance, Scores


def own_artifacts(contract: Contract, scores: Scores, folder: Path) -> None:
    """Call every function of `artifacts` with the scored rows and a folder of its own; what it writes there is kept.

    A function that fails leaves its reason in words in place of its files: a plot that cannot be drawn is no
    reason to lose an evaluation.

    Args:
        contract: Names the functions.
        scores: The rows: label, prediction, score, and the columns that slices and metrics read.
        folder: An empty folder.
    """
    for reference in contract.artifacts:
        place = folder / re.sub(r"[^A-Za-z0-9_.]", "_", reference)
        place.mkdir()
        rows = frame(scores.outcomes).assign(
            **{name: scores.columns.column(name).to_pandas().to_numpy() for name in scores.columns.column_names}
        )
        try:
            resolved(reference)(rows, place)
        except Exception as error:  # whatever a user's function raises
            (place / "failed.txt").write_text(f"{reference} failed: {type(error).__name__}: {error}\n")


def importance_plots(evaluation: Evaluation, folder: Path) -> None:
    """`importances.png` and `shap_importances.png`: how far each feature moves the score, with 95 % intervals."""
    words = "mean movement of the score when the feature is permuted"
    _importance_plot(evaluation.importances, words, folder / "importances.png")
    if evaluation.shap is not None:
        words = f"mean |SHAP value|, {evaluation.shap.rows} rows"
        _importance_plot(evaluation.shap.importances, words, folder / "shap_importances.png")


def _importance_plot(importances: tuple[Importance, ...], words: str, path: Path) -> None:
    """The 25 largest, the largest first."""
    if not importances:
        return
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    ranked = sorted(importances, key=lambda one: one.movement)[-25:]
    figure = Figure(figsize=(6, 1 + 0.28 * len(ranked)), layout="constrained")
    axes = figure.add_subplot()
    names = [one.feature for one in ranked]
    axes.barh(names, [one.movement for one in ranked], xerr=[1.96 * one.movement_error for one in ranked])
    axes.set_xlabel(words)
    figure.savefig(path, dpi=120)
