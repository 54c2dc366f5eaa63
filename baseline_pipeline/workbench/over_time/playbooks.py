"""A model's playbooks, and the one for an incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.response.incidents import Incident
from baseline_pipeline.response.playbooks import Playbook, chosen, read_playbook

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.workbench import Workbench


def playbooks_of(bench: Workbench, contract: Contract) -> list[Playbook]:
    """The model's playbooks, then those that are shipped, in the order of their names."""
    from importlib.resources import files

    own = bench.settings.assets / contract.name / "playbooks"
    found = [
        read_playbook(f"{contract.name}/playbooks/{path.name}", path.read_text(encoding="utf-8"))
        for path in sorted(own.glob("*.md"))
    ]
    shipped = files("baseline_pipeline.response") / "playbooks"
    entries = sorted(shipped.iterdir(), key=lambda one: one.name) if shipped.is_dir() else []
    return found + [
        read_playbook(entry.name, entry.read_text(encoding="utf-8")) for entry in entries if entry.name.endswith(".md")
    ]


def playbook_of(bench: Workbench, contract: Contract, incident: Incident) -> Playbook | None:
    """What to do about an incident."""
    found = [incident.category] if incident.category else []
    return chosen(playbooks_of(bench, contract), incident.tier, found, incident.families)
