"""What is known of a baseline in advance: which damage it would not see, on which machines a guardrail would fire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.records import Record
from baseline_pipeline.report.sensitivity import smallest
from baseline_pipeline.report.visible import visible
from baseline_pipeline.workbench.asked import in_order
from baseline_pipeline.workbench.inspection.sensing import Sensed, Sensitivity
from baseline_pipeline.workbench.replays.simulating import Simulated, Simulation

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.governance.events import Baseline
    from baseline_pipeline.workbench.workbench import Workbench


class Found(Record):
    """A scenario, and the smallest dose that any metric over all rows finds."""

    scenario: str
    dose: float | None
    words: str
    """The dose in its unit, and what finds it."""


class Foreseen(Record):
    """What sensitivities and simulations of one baseline said, under the contract as it is."""

    power: float
    scenarios: tuple[Found, ...]
    machines: tuple[Simulated, ...]

    def lines(self, model: str) -> list[str]:
        """The same for people."""
        if not self.scenarios:
            said = [f"  which damage it would see is not known yet: `baseline power {model} --sensitivity`"]
        else:
            seen = [f"{one.scenario} from {one.words}" for one in self.scenarios if one.dose is not None]
            unseen = [one.scenario for one in self.scenarios if one.dose is None]
            said = [
                f"  damage it would see with {self.power:.0%}: {'; '.join(seen) or 'none that was tried'}",
                *([f"  damage it would not see: {', '.join(unseen)}"] if unseen else []),
            ]
        if not self.machines:
            return [*said, f"  what other machines do to it is not known yet: `baseline simulate {model}`"]
        return [*said, *(f"  on {one.profile}: {visible(one.short)}" for one in self.machines)]


def foreseen(bench: Workbench, contract: Contract, baseline: Baseline) -> Foreseen:
    """The last that was found out about a revision of the baseline; of another policy it says nothing."""
    policy = contract.policy_digest()
    scenarios: dict[str, Found] = {}
    for sensed in in_order(bench, "sensitivities", contract.name, Sensitivity):
        if (sensed.evaluation, sensed.policy) != (baseline.evaluation, policy):
            continue
        for one in sensed.scenarios:
            if one.skipped or not one.doses:
                continue
            scenarios[one.scenario] = _found(one)
    machines: dict[str, Simulated] = {}
    for found in in_order(bench, "simulations", contract.name, Simulation):
        if (found.snapshot, found.version, found.policy) != (baseline.snapshot, baseline.version, policy):
            continue
        for each in found.profiles:
            if each.run or each.profile not in machines:
                machines[each.profile] = each
    return Foreseen(
        power=contract.error_rates.power,
        scenarios=tuple(scenarios[name] for name in sorted(scenarios)),
        machines=tuple(machines[name] for name in sorted(machines)),
    )


def _found(one: Sensed) -> Found:
    doses = [(dose, metric) for metric, dose in one.detectable.items() if dose is not None]
    if not doses:
        return Found(scenario=one.scenario, dose=None, words="")
    dose, metric = min(doses)
    fails = any(dosed.failure for dosed in one.doses if dosed.dose == dose)
    words = f"{smallest(one, metric)} {one.unit} ({'the model fails' if fails else metric})"
    return Found(scenario=one.scenario, dose=dose, words=words)
