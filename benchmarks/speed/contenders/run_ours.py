"""Ours: drift of 27 columns, eight metrics on 60 slices with intervals, one gate, from the files to the verdict."""

import sys
from contextlib import ExitStack
from pathlib import Path

import pyarrow.compute  # imports are not what is measured
import pyarrow.parquet  # noqa: F401
import scipy.special  # noqa: F401
from measured import CATEGORIES, NUMBERS, PATHS, Parts

from baseline_pipeline.adapters.engines import open_engine
from baseline_pipeline.contract import Contract
from baseline_pipeline.drift.looking import look_within
from baseline_pipeline.summaries.data import summarise
from baseline_pipeline.summaries.file import read_summary, write_summary
from baseline_pipeline.workbench.inspection.scanning import compare_summaries, plan_data

METRICS = ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss", "brier", "matthews_correlation")
SLICES = (["region"], ["segment"], ["device"], ["region", "segment"], ["region", "device"], ["segment", "device"])

contract = Contract.model_validate(
    {
        "name": "speed",
        "task": "binary_classification",
        "data": {
            "source": {"parquet": "-"},
            "row_id": ["id"],
            "label": "label",
            "features": [{"name": name} for name in NUMBERS + CATEGORIES],
        },
        "model": {"registered": "speed", "positive_class": 1},
        "slices": [{"by": by} for by in SLICES],
        "metrics": [{"metric": name, "margin": {"absolute": 0.01}} for name in METRICS],
    }
)
parts = Parts()
saved = Path(sys.argv[3]) if len(sys.argv) > 3 else None
with ExitStack() as stack:
    engine = stack.enter_context(open_engine(contract))
    if saved is not None and saved.exists():
        before = parts.time("baseline", lambda: read_summary(saved))
        after = parts.time("current", lambda: summarise(engine, PATHS[1], before.plan))
        within = {}
    else:
        plan = parts.time("plan", lambda: plan_data(contract, engine, PATHS[0]))
        before = parts.time("baseline", lambda: summarise(engine, PATHS[0], plan))
        after = parts.time("current", lambda: summarise(engine, PATHS[1], plan))
        within = look_within(engine, (PATHS[0], PATHS[1]), before.columns, after.columns)
        if saved is not None:
            write_summary(before, saved)
found = parts.time("verdict", lambda: compare_summaries(contract, before, after, within))
cells = len(found.contrast.cells)
parts.tell(f"drift of {len(found.drift.columns)} columns, {cells} metrics by slice with intervals and verdicts")
