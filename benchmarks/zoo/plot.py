"""A picture of the zoo's results: power of every gate on every damage.

`python -m benchmarks.zoo.plot build/zoo/results.json docs/images/zoo.png`
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.zoo.results import OURS

GREY, BLUE = "#9a9a9a", "#1f5fa8"


def draw(results: dict[str, Any], path: Path) -> None:
    """One panel a number of rows: ours as it is, peers with the threshold that gives them 1 % false alarms."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    sizes = results["rows"]
    figure, panels = plt.subplots(1, len(sizes), figsize=(5.2 * len(sizes), 5.6), sharey=True, squeeze=False)
    for panel, size in zip(panels[0], sizes, strict=True):
        mine = next(gate for gate in size["gates"] if gate["gate"] == OURS)
        peers = [gate for gate in size["gates"] if gate["gate"] != OURS]
        cases = list(mine["power"])[::-1]
        for place, case in enumerate(cases):
            panel.plot([gate["power_tuned"][case] for gate in peers], [place] * len(peers), "|", color=GREY, ms=9)
            panel.plot(mine["power"][case], place, "o", color=BLUE, ms=7)
        panel.set_yticks(range(len(cases)), cases)
        panel.set_xlim(-0.03, 1.03)
        panel.set_xlabel("share of runs in which the damage is seen")
        panel.set_title(f"{size['rows']:,} rows: mean power {mine['mean_power']:.2f}")
        panel.grid(axis="x", color="#e4e4e4")
        panel.set_axisbelow(True)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    panels[0][0].plot([], [], "o", color=BLUE, label="ours, as shipped")
    panels[0][0].plot([], [], "|", color=GREY, ms=9, label="peers' rules, tuned to 1 % false alarms")
    figure.legend(loc="lower center", ncols=2, frameon=False)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
