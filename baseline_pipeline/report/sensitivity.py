"""The sensitivity matrix: lines for a terminal, cells for a heat map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.workbench.inspection.sensing import Dosed, Sensed, Sensitivity

WIDTH = 11
"""Columns that a metric takes at the least."""


def sensitivity_lines(found: Sensitivity) -> list[str]:
    """Power in percent, by scenario and dose; the slice that sees most stands at the end."""
    against = f"baseline revision {found.baseline_revision}" if found.baseline_revision else "no baseline yet"
    first = max([20, *(len(visible(one.scenario)) for one in found.scenarios)])
    lines = [
        f"{found.model}, {found.rows} rows, {against}: chance (%) that the gate sees it on as many new rows",
        f"{'scenario':{first}} {'dose':>7} {_cells(found, found.metrics)}",
    ]
    if found.left_out:
        lines.insert(1, f"  {found.left_out} rows are left out: they lie in the training window")
    for one in found.scenarios:
        if one.skipped:
            lines.append(f"{visible(one.scenario):{first}} {'-':>7} {one.skipped}")
        for number, dosed in enumerate(one.doses):
            name = visible(one.scenario) if number == 0 else ""
            lines.append(f"{name:{first}} {dosed.dose:7g} {_row(found, dosed)}")
        if one.doses and not one.skipped:
            cells = _cells(found, [smallest(one, metric) for metric in found.metrics])
            lines.append(f"{f'found with {found.power:.0%} from':>{first + 8}} {cells}")
    unseen, unjudged = unseen_of(found), unjudged_of(found)
    if unseen:
        lines += [
            "",
            f"not seen with {found.power:.0%} at any dose tried, by any metric over all rows: {', '.join(unseen)}",
        ]
    return lines + ([""] if unjudged else []) + [f"-  {one}" for one in unjudged]


def smallest(one: Sensed, metric: str) -> str:
    """The smallest dose that a metric finds, in words: at most the smallest that was tried."""
    dose = one.detectable[metric]
    if dose is None:
        return "-" if all(dosed.power(metric) is None for dosed in one.doses) else "not found"
    return f"<= {dose:g}" if dose == one.doses[0].dose else f"{dose:g}"


def unjudged_of(found: Sensitivity) -> list[str]:
    """Why metrics over all rows could not be judged, where they could not."""
    return sorted(
        {
            f"{visible(seen.metric)}: {visible(seen.problem)}"
            for one in found.scenarios
            for dosed in one.doses
            for seen in dosed.seen
            if seen.slice == ALL_ROWS and seen.power is None
        }
    )


def unseen_of(found: Sensitivity) -> list[str]:
    """Scenarios that no metric over all rows finds with the contract's power, of those that some can judge."""
    return [
        one.scenario
        for one in found.scenarios
        if all(dose is None for dose in one.detectable.values())
        and any(dosed.power(metric) is not None for dosed in one.doses for metric in found.metrics)
    ]


def _cells(found: Sensitivity, texts: Sequence[str]) -> str:
    """A text for each metric, below its whole name: two may begin alike."""
    pairs = zip(found.metrics, texts, strict=True)
    return " ".join(f"{visible(text):>{max(WIDTH, len(visible(metric)))}}" for metric, text in pairs)


def _row(found: Sensitivity, dosed: Dosed) -> str:
    if dosed.failure:
        return f"the model fails: {visible(dosed.failure.rpartition('does not predict: ')[2])[:80]}"
    cells = _cells(found, [percent(dosed.power(metric)) for metric in found.metrics])
    slices = [one for one in dosed.seen if one.slice != ALL_ROWS and one.power is not None]
    best = max(slices, key=lambda one: one.power or 0.0, default=None)
    return cells + (f"  {visible(best.metric)}[{visible(best.slice)}] {percent(best.power)}%" if best else "")


def percent(power: float | None) -> str:
    """Whole percents that a chance reaches, for 79.6 is not the 80 that is asked; a dash where there is none.

    Example:
        >>> percent(0.796), percent(0.29), percent(0.99999), percent(None)
        ('79', '29', '100', '-')
    """
    return "-" if power is None else str(math.floor(round(100 * power, 2)))


def heat_rows(found: Sensitivity) -> list[tuple[Sensed, Dosed, list[tuple[str, str]]]]:
    """Every dose with its cells: the text, and a style whose background is the deeper the likelier it is seen."""
    rows = []
    for one in found.scenarios:
        for dosed in one.doses:
            cells = []
            for metric in found.metrics:
                power = dosed.power(metric)
                deep = round(75 * (power or 0.0))
                cells.append((percent(power), f"background: color-mix(in srgb, var(--good) {deep}%, transparent)"))
            rows.append((one, dosed, cells))
    return rows
