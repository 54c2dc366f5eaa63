"""Who answers, who promotes, and when things run by the clock."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from baseline_pipeline.contract.section import CallableRef, CronExpression, Duration, Section, Text

Action = Literal["investigate", "experiment", "page", "freeze"]


class Owners(Section):
    """Whom a finding concerns."""

    model: Text | None = None
    data: Text | None = None
    evaluation: Text | None = None
    on_call: Text | None = None


class Response(Section):
    """What each tier asks for; the playbook of the same name says how."""

    minor: Action | list[Action] = "investigate"
    moderate: Action | list[Action] = "experiment"
    severe: Action | list[Action] = Field(default_factory=lambda: list[Action](("page", "freeze")))

    def actions(self, tier: str) -> list[str]:
        """What to do for a tier, as a list."""
        found = getattr(self, tier)
        return [found] if isinstance(found, str) else list(found)


class Promotion(Section):
    """What stands between a good verdict and a new baseline."""

    mode: Literal["gate", "experiment"] = "gate"
    """`experiment` measures and compares but never moves the baseline."""
    approvals_until: int = Field(default=1, ge=0)
    """People approve promotions of the model until so many in a row went well; severe harm, a rollback or an override
    begin the count anew. 0: nobody is asked. A baseline that moves with data, dependencies or machine asks nobody."""
    critical: bool = False
    """People approve every promotion, and two of them unless `approvers` says otherwise."""
    approvers: int | None = Field(default=None, ge=1)
    """How many people must approve; the author of a candidate is never one of them."""
    rule: CallableRef | None = None
    """`module:function` that decides instead of the default rule; see `docs/gate.md`. What it says is recorded."""
    expires: Duration = "7d"
    """How long an approval or an override counts."""
    anchor_margin: float = Field(default=1.0, gt=0)
    """Margin against the anchor, the last baseline that a person established, as a multiple of each primary's
    own: promotions that lose a little each may not lose more than this together."""

    @property
    def people(self) -> int:
        """How many must approve where somebody must."""
        return self.approvers or (2 if self.critical else 1)


class Schedules(Section):
    """Five-field cron expressions, UTC."""

    evaluation: CronExpression | None = None
    backtest: CronExpression | None = None
    monitor: CronExpression | None = None
    review: CronExpression | None = None
