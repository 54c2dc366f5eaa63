"""A small model's service: what it was asked, what it recorded of that, and the tick that looks at it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from baseline_pipeline.recorder import Recorder
from baseline_pipeline.workbench.over_time.responding import monitor
from tests.conftest import SMALL
from tests.workbench.test_backtesting import past

LOGGED = (
    SMALL.replace("    cluster: day\n", "    time: at\n    label_delay: 1d\n").replace(
        "    expectations: expectations.yaml\n", ""
    )
    + "  monitoring: {false_alarms_per_month: 0.2, reference: [2026-01-01, 2026-02-09], requests: {parquet: requests/*.parquet}}\n"
    + "  response: {severe: [page, freeze]}\n"
    + "  owners: {on_call: ada}\n"
)


FIRST = pd.Timestamp("2026-02-20")


def write_contract(project, text):
    (project.root / "assets" / "small" / "defs.yaml").write_text(text)


def service(project, frame, *, broken_from=None, labels_until=None):
    """The data as far as they are known, and the requests that a service recorded; its feature may break."""
    at = pd.to_datetime(frame["at"])
    data = frame.copy()
    if labels_until is not None:
        data["y"] = data["y"].where(at < pd.Timestamp(labels_until)).astype("Int64")
    project.write(data)
    asked = frame[at >= FIRST].copy()
    if broken_from is not None:
        broken = pd.to_datetime(asked["at"]) >= pd.Timestamp(broken_from)
        asked.loc[broken, "x"] = -asked.loc[broken, "x"]
    folder = project.root / "requests"
    with Recorder(folder, model="small") as recorder:
        recorder.record_batch(
            {
                "request_id": asked["id"].to_numpy(),
                "x": asked["x"].to_numpy(),
                "z": asked["z"].to_numpy(),
                "score": 1 / (1 + np.exp(-asked["x"].to_numpy())),
                "latency_seconds": np.full(len(asked), 0.004),
            }
        )
    assert recorder.facts().written == len(asked)
    for path in folder.glob("*.parquet"):  # as if it had been recorded then
        table = pq.read_table(path)
        times = pa.array(pd.to_datetime(asked["at"]).dt.tz_localize("UTC"), pa.timestamp("us", "UTC"))
        pq.write_table(table.set_column(table.column_names.index("time"), "time", times), path)


def looked(project, now, **more):
    bench = project.bench()
    return monitor(bench, bench.contract("small"), now=now, **more)


def healthy(days=60):
    frame = past(days=days, rows=150)
    wrong = pd.to_datetime(frame["at"]).dt.normalize() == pd.Timestamp("2026-03-02")
    frame.loc[wrong, "y"] = 1 - frame.loc[wrong, "y"]
    return frame
