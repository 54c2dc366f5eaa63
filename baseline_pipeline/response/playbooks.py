"""Playbooks: Markdown with front matter, chosen by tier and kind, with steps that can be ticked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from baseline_pipeline.contract.yaml_lines import read_yaml
from baseline_pipeline.errors import ContractError
from baseline_pipeline.records import Record
from baseline_pipeline.verdicts import TIERS, Tier

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP = re.compile(r"^\s*\d+\.\s+(?P<text>.+)$")
FRONT = re.compile(r"\A---\n(?P<front>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)
WORDS = ("tier", "kinds", "owner", "title")


class Playbook(Record):
    """What to do."""

    name: str
    """The file's name without its ending."""
    title: str
    tiers: tuple[Tier, ...]
    kinds: tuple[str, ...]
    """Families of alarms or categories of causes that it is for; any where empty."""
    owner: str
    steps: tuple[str, ...]
    text: str

    @property
    def named(self) -> str:
        """Its title, and whose it is where somebody is named."""
        return f"{self.title}, owned by {self.owner}" if self.owner else self.title


def read_playbook(name: str, text: str) -> Playbook:
    r"""A playbook from its file.

    Front matter, between two lines of `---`, may name `tier` (one or several), `kinds`, `owner` and `title`; without
    it the file's name is the tier. Numbered lines are the steps.

    Raises:
        ContractError: naming file and line.

    Example:
        >>> read_playbook("severe.md", "# Act\n1. Roll back.\n2. Write it down.").steps
        ('Roll back.', 'Write it down.')
    """
    found = FRONT.match(text)
    stem = name.rpartition("/")[2].removesuffix(".md")
    front = {} if found is None else read_yaml(name, found["front"]).value or {}
    body = text if found is None else found["body"]
    if not isinstance(front, dict) or set(front) - set(WORDS):
        message = f"{name}:1: front matter {front!r} stood here; accepted: {', '.join(WORDS)}"
        raise ContractError(message)
    named = front.get("tier", stem if stem in TIERS else list(TIERS))
    tiers = tuple(named if isinstance(named, list) else [named])
    for tier in tiers:
        if tier not in TIERS:
            message = f"{name}:1: tier {tier!r} stood here; accepted: {', '.join(TIERS)}"
            raise ContractError(message)
    kinds = front.get("kinds", [])
    heading = next((line.lstrip("# ").strip() for line in body.splitlines() if line.startswith("#")), stem)
    return Playbook(
        name=stem,
        title=str(front.get("title", heading)),
        tiers=tiers,
        kinds=tuple(str(one) for one in (kinds if isinstance(kinds, list) else [kinds])),
        owner=str(front.get("owner", "")),
        steps=tuple(match["text"] for line in body.splitlines() if (match := STEP.match(line))),
        text=body,
    )


def chosen(playbooks: Sequence[Playbook], tier: Tier, *kinds: Sequence[str]) -> Playbook | None:
    """The playbook for an incident: of its tier, and rather one that names one of its kinds.

    Args:
        playbooks: All there are, those that are preferred first.
        tier: Of the incident.
        kinds: What is known of it, the surest first: what a person found, then what alarms speak of.
    """
    fit = [one for one in playbooks if tier in one.tiers]
    special = [one for known in kinds for one in fit if set(one.kinds) & set(known)]
    return next(iter(special), next((one for one in fit if not one.kinds), None))
