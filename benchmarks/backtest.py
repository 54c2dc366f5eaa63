"""The flights of 2013, day by day: which dated events the guardrails find, how soon, and what is noise.

    python -m benchmarks.backtest [--out build/backtest]

Trains the demo's champion on January to April in a scratch project, scores these months out of fold, and runs
`baseline backtest` over the whole year against the demo's dated events. Writes the page and the result as JSON, with
the seconds that the backtest took after scoring. About three minutes.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

from baseline_pipeline.demo import stage
from baseline_pipeline.demo.feeds import write_month
from baseline_pipeline.demo.flights import FEATURES, build
from baseline_pipeline.demo.training import CHAMPION, register, train
from baseline_pipeline.report.backtest import backtest_html, backtest_lines
from baseline_pipeline.settings import Settings, load_settings
from baseline_pipeline.workbench.over_time.backtesting import backtest
from baseline_pipeline.workbench.over_time.history import scored_past
from baseline_pipeline.workbench.setup import make_home
from baseline_pipeline.workbench.workbench import Workbench

ROOT = Path(__file__).resolve().parents[1]
MONTHS = [f"2013-{month:02}" for month in range(1, 13)]


def main() -> int:
    """Set the stage, score, judge, and write down; 1 where an event is missed or false alarms exceed the rate."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--out", type=Path, default=Path("build/backtest"))
    place: Path = asked.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        settings = _project(Path(folder))
        bench = Workbench(settings, progress=lambda text: print(f"  {text}", file=sys.stderr))
        contract = bench.contract(stage.MODEL)
        began = time.monotonic()
        scored_past(bench, contract)
        scored = time.monotonic()
        found = backtest(bench, contract)
        ended = time.monotonic()
        place.mkdir(parents=True, exist_ok=True)
        (place / "flights.html").write_text(backtest_html(contract, found), encoding="utf-8")
    facts = {
        "scoring_seconds": round(scored - began, 1),
        "backtest_seconds": round(ended - scored, 1),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    body = {**found.model_dump(mode="json", exclude={"trajectories", "starts"}), "facts": facts}
    (place / "flights.json").write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    print("\n".join(backtest_lines(found)))
    print(f"scored in {facts['scoring_seconds']} s, judged in {facts['backtest_seconds']} s after that; {place}")
    return int(bool(found.missed) or not found.within_rate)


def _project(folder: Path) -> Settings:
    """A scratch project with the demo's contract, the year's flights, and the champion registered."""
    shutil.copytree(ROOT / "assets", folder / "assets")
    shutil.copy(ROOT / "pyproject.toml", folder)
    settings = load_settings(folder)
    make_home(settings)
    flights = build()
    feed = folder / "demo"
    feed.mkdir()
    stage.write_lockfile(feed)
    stage.write_manifest(feed)
    for month in MONTHS:
        write_month(feed / "flights", month, flights)
    register(
        train(flights, CHAMPION),
        flights[FEATURES].head(),
        tracking_uri=settings.tracking_uri,
        experiment=settings.experiment,
        name=stage.MODEL,
        alias="champion",
        window=CHAMPION,
    )
    return settings


if __name__ == "__main__":
    sys.exit(main())
