"""`baseline replay --bisect`: from the packages that moved to the one that did it, and to its version."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.environments.built import NotBuilt
from baseline_pipeline.adapters.environments.uv import build, versions_between
from baseline_pipeline.environment.installable import Installable, mixed, pin_of, pinned
from baseline_pipeline.records import Record
from baseline_pipeline.replay.bisection import fewest, first_that_differs
from baseline_pipeline.replay.numeric_difference import numeric_difference
from baseline_pipeline.replay.outcome import WORST
from baseline_pipeline.row_differences import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from baseline_pipeline.replay.outcome import Trial, WorkerRun
    from baseline_pipeline.workbench.replays.dependency_replay import Replay
    from baseline_pipeline.workbench.replays.locked import Locked
    from baseline_pipeline.workbench.replays.replaying import Replaying

IMPORTED_AS = {"sklearn": "scikit-learn", "cv2": "opencv-python", "PIL": "pillow", "yaml": "pyyaml"}


class Guilty(Record):
    """A package that the difference needs."""

    package: str
    old: str
    new: str
    last_same: str
    """The last version that does not show the difference, as far as versions in between can be installed."""
    first_different: str
    unasked: str = ""
    """Why no version in between was looked at."""
    failure: str = ""
    """How the model fails with the first version that differs, if it does."""


class Bisection(Record):
    """What a search for the guilty packages found."""

    how: str
    """Which trial the difference is of."""
    sought: str
    """What counts as the difference, in words."""
    moved: int
    asked: int
    """Combinations that were looked at."""
    unresolvable: int
    """Of those, what cannot be installed together."""
    guilty: tuple[Guilty, ...]
    cut_short: int = 0
    """Combinations that a limit of time or memory stopped; they say neither."""
    unknown: str = ""
    """Why nobody is named; empty where somebody is."""

    def lines(self) -> list[str]:
        """The same for people."""
        if self.unknown:
            return [f"Guilty: not known: {self.unknown}"]
        found = [
            f"{one.package} {one.old} -> {one.new}: begins between {one.last_same} and {one.first_different}"
            for one in self.guilty
        ]
        unasked = [f"  versions in between are open: {one.unasked}" for one in self.guilty if one.unasked]
        fails = [f"  with {one.package} {one.first_different}: {one.failure}" for one in self.guilty if one.failure]
        joined = " (all of them together)" if len(found) > 1 else ""
        stopped = f", and {self.cut_short} met a limit of time or memory" if self.cut_short else ""
        return [
            f"Guilty{joined}: {'; '.join(found)}",
            (
                f"  sought: {self.sought}; {self.asked} combinations of {self.moved} moved packages were asked, "
                f"{self.unresolvable} cannot be installed together{stopped}"
            ),
            *unasked,
            *fails,
        ]


def bisect(work: Replaying, old: Locked, new: Locked, found: Replay) -> Bisection | None:
    """The fewest packages that show what a replay found, and the version of each where it begins.

    Returns:
        `None` where nothing differs.
    """
    differing = [one for one in found.trials if _differs(one)]
    if not differing:
        missing = next((one for one in found.trials if one.ending == "evidence_missing"), None)
        return None if missing is None else _unknown(missing)
    return _Bisecting(work, old, new, min(differing, key=_urgency)).found()


def _unknown(trial: Trial) -> Bisection:
    """Nothing was compared: nobody is cleared by that."""
    return Bisection(how=trial.how, sought="", moved=0, asked=0, unresolvable=0, guilty=(), unknown=trial.why)


def _urgency(trial: Trial) -> tuple[int, int]:
    """The worst ending first; of equal ones, the one that changes most decisions."""
    changes = trial.contrast.changes if trial.contrast else None
    return WORST.index(trial.ending), -((changes.decisions_changed if changes else 0) or 0)


def _differs(trial: Trial) -> bool:
    failed = trial.new is not None and trial.new.failure is not None and not trial.new.cut_short
    return trial.how != "way_back" and (failed or (trial.difference is not None and not trial.difference.identical))


class _Bisecting:
    def __init__(self, work: Replaying, old: Locked, new: Locked, trial: Trial) -> None:
        self.work = work
        self.trial = trial
        self.old, self.new = old.wanted, new.wanted
        self.locked = old
        self.python = work.environment(old).version
        before, after = (_pins(locked.wanted) for locked in (old, new))
        self.versions = {
            name: (before[name], after[name])
            for name in sorted(before.keys() & after.keys())
            if before[name] != after[name]
        }
        self.moved = list(self.versions)
        self.sought, self.shows = _oracle(work, trial)
        self.asked = self.unresolvable = self.cut_short = self.left = 0

    def found(self) -> Bisection:
        noise = 0.0 if self.trial.noise is None or self.trial.difference is None else self.trial.noise.largest_absolute
        if noise > ROUNDING:
            return self._told(
                unknown=f"two runs with {self.trial.old.lock} differ by up to {noise:.3g} already: no combination can "
                "be told from chance; let the model, or its training, take `seed`"
            )
        everything = frozenset(self.moved)
        if not self.moved or self._differs(dict.fromkeys(everything)) is not True:
            return self._told(
                unknown=f"with Python {self.python}, packages that both lockfiles name with different versions do not "
                "show it, or cannot be installed together; see what was added or removed, and whether Python moved"
            )
        ahead = partial(setattr, self, "left")
        guilty = fewest(self.moved, lambda some: self._differs(dict.fromkeys(some)), self._suspects(), ahead)
        return self._told(guilty=tuple(self._narrowed(name, guilty) for name in sorted(guilty)))

    def _told(self, guilty: tuple[Guilty, ...] = (), unknown: str = "") -> Bisection:
        return Bisection(
            how=self.trial.how,
            sought=self.sought,
            moved=len(self.moved),
            asked=self.asked,
            unresolvable=self.unresolvable,
            cut_short=self.cut_short,
            guilty=guilty,
            unknown=unknown,
        )

    def _suspects(self) -> list[str]:
        """The package that the model is made by."""
        module = self.trial.old.model.partition(".")[0]
        return [IMPORTED_AS.get(module, module)]

    def _narrowed(self, name: str, guilty: frozenset[str]) -> Guilty:
        old, new = self.versions[name]
        self.work.bench.progress(f"{name} is needed for the difference; looking for its version")
        try:
            between = [old, *versions_between(name, old, new, self.python, self.work.bench.progress), new]
        except NotBuilt as failure:
            return Guilty(package=name, old=old, new=new, last_same=old, first_different=new, unasked=failure.message)
        last, first = first_that_differs(
            between,
            lambda version: self._differs({**dict.fromkeys(guilty), name: version}),
            partial(setattr, self, "left"),
        )
        run = self._run({**dict.fromkeys(guilty), name: first})
        words = run.words if run is not None and run.failure is not None else ""
        return Guilty(package=name, old=old, new=new, last_same=last, first_different=first, failure=words)

    def _differs(self, upgraded: Mapping[str, str | None]) -> bool | None:
        """Whether a combination shows the difference; `None` where it cannot be installed."""
        self.asked += 1
        left = f" (environments to go: about {self.left})" if self.left else ""
        self.work.bench.progress(f"combination {self.asked}{left}: old, with {self._few(upgraded)}")
        run = self._run(upgraded)
        return None if run is None else self.shows(run)

    def _few(self, upgraded: Mapping[str, str | None]) -> str:
        """A combination in words that fit into a line."""
        shown = ", ".join(f"{name} {version or self.versions[name][1]}" for name, version in sorted(upgraded.items()))
        return shown if len(upgraded) < 4 else f"{len(upgraded)} of {len(self.moved)} packages"  # noqa: PLR2004  # a line

    def _run(self, upgraded: Mapping[str, str | None]) -> WorkerRun | None:
        """The trial's run in a combination, found or made; `None` where it cannot be installed or met a limit."""
        few = self._few(upgraded)
        try:
            built = build(
                mixed(self.old, self.new, upgraded),
                self.work.bench.settings.home / "environments",
                name=f"the old lockfile with {few}",
                python=self.locked.python,
                progress=self.work.bench.progress,
            )
        except NotBuilt:
            self.unresolvable += 1
            return None
        run = self.work.once(self.trial.how, replace(self.locked, name=f"old with {few}"), built)
        if run.cut_short:
            self.cut_short += 1
            return None
        return run


def _pins(wanted: Installable) -> dict[str, str]:
    """Version by package, of what is pinned to one."""
    return {pinned(line): pin for line in wanted.lines if (pin := pin_of(line)) is not None}


def _oracle(work: Replaying, trial: Trial) -> tuple[str, Callable[[WorkerRun], bool]]:
    """What counts as the difference: a failure, else changed decisions, else more than rounding, else any bit."""
    if trial.new is not None and trial.new.failure is not None:
        kind = trial.new.failure
        return f"the model fails ({kind})", lambda run: run.failure is not None
    before = work.jobs.outputs(trial.old)
    decided = work.jobs.scores(trial.old).outcomes.prediction

    def apart(run: WorkerRun) -> float:
        return numeric_difference(before, work.jobs.outputs(run)).largest_absolute

    changes = trial.contrast.changes if trial.contrast else None
    if changes is not None and changes.decisions_changed and not work.contract.gives_numbers:
        return (
            "decisions change",
            lambda run: run.failure is not None or bool((work.jobs.scores(run).outcomes.prediction != decided).any()),
        )
    if trial.difference is not None and trial.difference.largest_absolute > ROUNDING:
        return f"outputs move by more than {ROUNDING:g}", lambda run: run.failure is not None or apart(run) > ROUNDING
    return "any bit of any output differs", lambda run: run.failure is not None or apart(run) > 0
