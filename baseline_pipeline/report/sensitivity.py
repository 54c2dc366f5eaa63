"""The sensitivity matrix: lines for a terminal, cells for a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from baseline_pipeline.workbench.inspection.sensing import Dosed, Sensed, Sensitivity

WIDTH = 11


def sensitivity_lines(found: Sensitivity) -> list[str]:
    """Power in percent, by scenario and dose; the slice that sees most stands at the end."""
    against = f"baseline revision {found.baseline_revision}" if found.baseline_revision else "no baseline yet"
    lines = [
        f"{found.model}, {found.rows} rows, {against}: chance (%) that the gate sees it on as many new rows",
        f"{'scenario':20} {'dose':>7} " + " ".join(f"{visible(one)[:WIDTH]:>{WIDTH}}" for one in found.metrics),
    ]
    for one in found.scenarios:
        if one.skipped:
            lines.append(f"{one.scenario:20} {'-':>7} {one.skipped}")
        for number, dosed in enumerate(one.doses):
            name = one.scenario if number == 0 else ""
            lines.append(f"{name:20} {dosed.dose:7g} {_row(found, dosed)}")
    unseen = unseen_of(found)
    if unseen:
        lines += ["", f"not seen at any dose tried, by any metric over all rows: {', '.join(unseen)}"]
    return lines


def unseen_of(found: Sensitivity) -> list[str]:
    """Scenarios that no metric over all rows finds with the contract's power."""
    return [
        one.scenario for one in found.scenarios if one.doses and all(dose is None for dose in one.detectable.values())
    ]


def _row(found: Sensitivity, dosed: Dosed) -> str:
    if dosed.failure:
        return f"the model fails: {visible(dosed.failure)[:80]}"
    cells = " ".join(f"{100 * dosed.power(metric):>{WIDTH}.0f}" for metric in found.metrics)
    slices = [one for one in dosed.seen if one.slice != ALL_ROWS]
    best = max(slices, key=lambda one: one.power, default=None)
    return cells + (f"  {visible(best.metric)}[{visible(best.slice)}] {best.power:.0%}" if best else "")


def heat_rows(found: Sensitivity) -> list[tuple[Sensed, Dosed, list[tuple[str, str]]]]:
    """Every dose with its cells: the text, and a style whose background is the deeper the likelier it is seen."""
    rows = []
    for one in found.scenarios:
        for dosed in one.doses:
            cells = []
            for metric in found.metrics:
                power = dosed.power(metric)
                share = round(100 * power)
                cells.append(
                    (f"{share}", f"background: color-mix(in srgb, var(--good) {round(0.75 * share)}%, transparent)")
                )
            rows.append((one, dosed, cells))
    return rows
