"""The assumptions that a baseline rests on, one by one: which are old, with figures, and why that matters."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

from scipy.special import ndtr

from baseline_pipeline.backtest.scoring import recommended
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.figures import counted
from baseline_pipeline.governance.contract_change import changed_words
from baseline_pipeline.governance.reviews import (
    REVIEW_DAYS,
    Finding,
    State,
    contract_changes,
    last_signed,
    listed,
    moment_of,
    since_review,
)
from baseline_pipeline.planning import prospects
from baseline_pipeline.records import Digest, short
from baseline_pipeline.response.incidents import incidents
from baseline_pipeline.significance.power import normal_quantile
from baseline_pipeline.snapshot import read
from baseline_pipeline.verdicts import TIERS
from baseline_pipeline.workbench.inspection.planning import differs, disagreement_seen, times_seen
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, unseen_scores
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot
from baseline_pipeline.workbench.upkeep.guards import expectations_broken, guardrails_fired
from baseline_pipeline.workbench.upkeep.health import last_backtest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.metrics import ErrorRates
    from baseline_pipeline.governance.events import Baseline
    from baseline_pipeline.planning import Prospect
    from baseline_pipeline.workbench.workbench import Workbench

MAX_AGE = REVIEW_DAYS
"""Days after which a baseline is old."""
SETTLED = 30
"""Days in which a baseline may wait for its first new rows."""


class Assumptions:
    """One model's evidence, read once."""

    def __init__(
        self, bench: Workbench, contract: Contract, baseline: Baseline, now: dt.datetime, max_age: int
    ) -> None:
        self.bench, self.contract, self.baseline, self.now, self.max_age = bench, contract, baseline, now, max_age
        self.events = bench.events(contract.name)
        self.since = since_review(self.events, contract.name)
        self.evaluation = load_evaluation(bench, contract.name, baseline.evaluation)
        self.backtest = last_backtest(bench, contract)

    def findings(self) -> Iterator[Finding]:
        """Every assumption, in the order of the baseline's making."""
        yield self._age()
        yield self._data()
        yield self._new_rows()
        yield expectations_broken(self.bench, self.contract)
        yield from guardrails_fired(self.bench, self.contract, self.events)
        yield self._power()
        yield self._owners()
        yield self._contract()
        yield self._incidents()
        yield self._overrides()
        yield self._limits()

    def changes(self) -> tuple[str, ...]:
        """What changed in the contract since the last review, what no run has seen yet included."""
        signed = last_signed(self.events, self.contract.name)
        reviewed = signed.policy if signed else None
        if reviewed == self.contract.policy_digest():
            return ()
        return contract_changes(self.since, reviewed) + self._unseen(reviewed)

    def _unseen(self, reviewed: Digest | None) -> tuple[str, ...]:
        """What differs from the contract that was looked at last, by a run or by a person."""
        runs = self.events if reviewed is None else self.since
        seen = [str(one.content["policy"]) for one in runs if one.kind == "contract_changed"]
        last = seen[-1] if seen else reviewed
        if last is None or last == self.contract.policy_digest():
            return ()
        body = self.bench.store.load("contracts", self.contract.name, last)
        words = changed_words(body["contract"] if body else None, self.contract.declared())
        return tuple(words) or ("it is another one than at the last run",)

    def _age(self) -> Finding:
        days = (self.now - moment_of(self.baseline.at)).total_seconds() / 86400
        return Finding(
            topic="age",
            state="old" if days > self.max_age else "holds",
            what=f"revision {self.baseline.revision} is {days:.0f} days old; {self.max_age} are accepted",
            why="what was acceptable then is what every candidate is held against now",
            next_step=f"`baseline run {self.contract.name}`, and establish anew where the figures are still acceptable",
        )

    def _data(self) -> Finding:
        name = short(self.baseline.snapshot)
        try:
            snapshot = load_snapshot(self.bench, self.contract.name, self.baseline.snapshot)
            self.bench.progress(f"reading snapshot {name}")
            rows = read(snapshot, self.bench.store, list(snapshot.row_id)).num_rows
        except EvidenceUnavailable as error:
            state, what = "old", error.message
        else:
            state, what = "holds", f"snapshot {name} is there and reads: {rows} rows"
        return Finding(
            topic="data",
            state=state,
            what=what,
            why="without its rows a baseline can be compared with, but not scored again or audited",
            next_step="restore the file from a backup, or establish a baseline on rows that are there",
        )

    def _new_rows(self) -> Finding:
        decided = [one for one in self.events if one.kind == "decision" and one.content.get("snapshot")]
        last = str(decided[-1].content["snapshot"]) if decided else self.baseline.snapshot
        days = (self.now - moment_of(self.baseline.at)).total_seconds() / 86400
        state: State = "old" if days > SETTLED else "unknown"
        what = f"in {days:.0f} days nothing was decided on other rows than the baseline's {self.evaluation.rows}"
        if last != self.baseline.snapshot:
            body = self.bench.store.load("snapshots", self.contract.name, last)
            rows = body["rows"] if body else "unknown"
            state, what = "holds", f"the last decision was on snapshot {short(last)} of {rows} rows"
        return Finding(
            topic="new rows",
            state=state,
            what=what,
            why="a baseline that no new row is ever held against says nothing of the present",
            next_step=f"check the feed, then `baseline run {self.contract.name}`",
        )

    def _power(self) -> Finding:
        rates = self.contract.error_rates
        scores = unseen_scores(self.bench, self.evaluation, self.contract)
        rows = len(scores.row_id)
        self.bench.progress(f"power on the {rows} rows that the baseline did not learn from")
        disagreement, where = disagreement_seen(self.bench, self.contract)
        key = self.baseline.evaluation
        seed, times = int(key[:12], 16), times_seen(self.bench, self.contract, key)
        found = prospects(self.contract, scores, disagreement=disagreement, seed=seed, times=times) if rows else ()
        powers = {
            f"{one.metric}[{one.slice}]": power
            for one in found
            if one.role != "report_only" and (power := power_at_margin(one, rates)) is not None
        }
        weak = {name: power for name, power in sorted(powers.items(), key=lambda item: item[1]) if power < rates.power}
        what = f"{len(weak)} of {len(powers)} would find a harm of the margin's size with less than {rates.power:.0%}"
        return Finding(
            topic="detection power",
            state="unknown" if not powers else "old" if weak else "holds",
            what=(
                f"{what} on {rows} rows, where a candidate {differs(self.contract, disagreement)} "
                f"({where}){listed([f'{name} {power:.0%}' for name, power in weak.items()])}"
            ),
            why="harm that is not found is promoted, and error_rates.power promises that it is found",
            next_step=f"take more rows or wider margins: `baseline power {self.contract.name} --all`",
        )

    def _owners(self) -> Finding:
        named = self.contract.owners.model_dump()
        missing = [what for what in ("model", "data", "evaluation", "on_call") if not named.get(what)]
        return _looked_at(
            "owners",
            old=bool(missing),
            what=f"nobody is named for {', '.join(missing)}" if missing else "all are named",
            why="a finding that concerns nobody is worked off by nobody",
            next_step="name them under owners in the contract",
        )

    def _contract(self) -> Finding:
        changes = self.changes()
        signed = last_signed(self.events, self.contract.name)
        since = f"the review of {signed.at[:10]}" if signed else "the first baseline"
        return _looked_at(
            "contract",
            old=bool(changes),
            what=f"{counted(len(changes), 'place')} changed since {since}{listed(list(changes))}",
            why="what the last reviewer agreed to is not what is judged by now",
            next_step="read the changes, and sign the review off where they are right",
        )

    def _incidents(self) -> Finding:
        known = incidents(self.events, self.contract.name)
        there = [one for one in known if one.open]
        tiers = Counter(one.tier for one in there)
        words = ", ".join(f"{tiers[tier]} {tier}" for tier in reversed(TIERS) if tiers[tier])
        return _looked_at(
            "incidents",
            old=bool(there),
            what=f"{words} open{listed([one.id for one in there])}" if there else f"none of {len(known)} is open",
            why="while one is open nobody knows whether the baseline's behaviour still is that of today",
            next_step="work them off: `baseline incident list`",
        )

    def _overrides(self) -> Finding:
        found = [f"{one.at[:10]} {one.actor}: {one.reason}" for one in self.since if one.kind == "override"]
        return _looked_at(
            "overrides",
            old=bool(found),
            what=f"{len(found)} since{listed(found)}",
            why="each says that the gate's rules were wrong for a case, or that a risk was taken",
            next_step="change the rule that had to be overridden, or write down why it stays",
        )

    def _limits(self) -> Finding:
        topic, why = "limits", "limits that are too tight make noise, and too wide ones find harm late"
        past, step = self.backtest, f"baseline backtest {self.contract.name} --report backtest.html"
        if past is None:
            return Finding(topic=topic, state="unknown", what="nothing was backtested yet", why=why, next_step=step)
        rate, wanted = past.false_alarms, self.contract.monitoring.false_alarms_per_month
        said = f"{rate.per_month:.2f} false alarms a month [{rate.low:.2f}, {rate.high:.2f}], {wanted:g} accepted"
        stale = past.accepted_per_month != wanted or past.contract != self.contract.policy_digest()
        if stale:
            said += f" (the last backtest was judged by other rules, {past.accepted_per_month:g} accepted)"
        best = recommended(past.curve, wanted)
        moved = best is None or best.factor != 1.0
        if best is None:
            advice = "no setting of its limits keeps that"
        else:
            limits = f"limits {best.factor:g} times as wide" if moved else "the limits as they are"
            noise = f"{best.false_alarms.per_month:.2f} false alarms"
            advice = (
                f"it recommends {limits} ({best.found} of {best.of} known events found, {noise})"
                if best.of
                else f"{limits} keep that ({noise}); what they would find, no known event says"
            )
        state: State = "old" if moved or stale else "holds"
        return Finding(topic=topic, state=state, what=f"{said}; {advice}", why=why, next_step=step)


def power_at_margin(prospect: Prospect, rates: ErrorRates) -> float | None:
    """Chance that a harm of the margin's size is found; `None` where it cannot be said.

    The error and the critical value are those that planning used: its realistic margin is
    (z_non_inferiority + z_power) errors, its detectable harm (critical + z_power) errors.
    """
    if prospect.margin is None or prospect.realistic_margin is None or prospect.detectable is None:
        return None
    promised = normal_quantile(rates.power)
    error = prospect.realistic_margin / (normal_quantile(1 - rates.passing(1)) + promised)
    critical = prospect.detectable / error - promised
    return float(ndtr(prospect.margin / error - critical))


def _looked_at(topic: str, *, old: bool, what: str, why: str, next_step: str) -> Finding:
    """What there is to say of an assumption that either holds or is old."""
    return Finding(topic=topic, state="old" if old else "holds", what=what, why=why, next_step=next_step)
