"""Nothing is lost and nothing is told twice, whatever happens in whatever order."""

import shutil
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from baseline_pipeline.adapters.notifiers.addresses import receiver_name
from baseline_pipeline.adapters.notifiers.outbox import Outbox
from baseline_pipeline.response.delivery import HOUR, LEASE, NotDelivered, wanted
from baseline_pipeline.response.silences import silenced
from baseline_pipeline.verdicts import TIERS
from tests.response.told import BROKEN, CHAT, LATE, PAGER, REFUSED, T0, message, silence

BOTH = {receiver_name(one): one for one in (CHAT, PAGER)}
LIMIT = 3
MANNERS = ["takes", "refuses", "fails", "takes and answers too late", "takes while we die"]


class Killed(BaseException):
    """The process died."""


class Histories(RuleBasedStateMachine):
    """Nothing is lost, nothing is told twice, whatever happens in whatever order."""

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.now, self.number = T0, 0
        self.manner = dict.fromkeys(BOTH, "takes")
        self.silences = []
        self.expected = defaultdict(dict)  # receiver -> key -> state it was added with
        self.taken = defaultdict(dict)  # receiver -> idempotency key -> message keys
        self.known = set()  # idempotency keys of which the outbox knows that they were taken
        self.here = set(BOTH)  # whom the contract names
        self.held = {}  # until when a dead process holds a lane
        self.problems = []
        self.told = []  # (time, receiver)
        self.tick_sends = Counter()
        self.restart()

    def restart(self):
        self.outbox = Outbox(self.folder / "outbox.sqlite", per_hour=LIMIT, send=self.send)

    restarts = rule()(restart)

    def send(self, receiver, messages, key, seconds):
        try:
            self.receive(receiver_name(receiver), messages, key)
        except AssertionError as error:  # which the outbox would take for a failure of the receiver
            self.problems.append(error)

    def receive(self, name, messages, key):
        owners = {one.owner for one in messages}
        keys = frozenset(one.key for one in messages)
        hour = [at for at, other in self.told if other == name and self.now - HOUR < at <= self.now]
        manner = self.manner[name]
        self.tick_sends[name, *owners] += 1
        assert len(owners) == 1
        assert len(hour) < LIMIT or any(one.tier == "severe" for one in messages)
        assert self.now >= self.held.get((name, *owners), 0), "another process is sending"
        if manner == "refuses":
            raise NotDelivered(REFUSED, surely=True)
        if manner == "fails":
            raise NotDelivered(BROKEN)
        assert self.taken[name].setdefault(key, keys) == keys
        assert key not in self.known
        if manner == "takes and answers too late":
            raise NotDelivered(LATE)
        if manner == "takes while we die":
            self.held[name, *owners] = self.now + LEASE
            raise Killed
        self.known.add(key)
        self.told.append((self.now, name))

    @rule(
        tiers=st.lists(st.sampled_from(TIERS), min_size=1, max_size=5),
        owner=st.sampled_from(["ana", "ben"]),
        model=st.sampled_from(["credit", "fraud"]),
        again=st.booleans(),
    )
    def adds(self, tiers, owner, model, again):
        added = [message(f"k{self.number + n}", tier, owner, model=model) for n, tier in enumerate(tiers)]
        self.number += len(tiers)
        new = 0
        for name, receiver in BOTH.items():
            for one in added:
                if name in self.here and wanted(one, receiver.since):
                    quiet = silenced(one, self.silences, self.now)
                    self.expected[name][one.key] = "silenced" if quiet else "pending"
                    new += 1

        assert self.outbox.add(added, self.named(), self.silences, self.now) == new
        if again:
            assert self.outbox.add(added, self.named(), (), self.now) == 0

    @rule(
        seconds=st.sampled_from([1, 31, 61, 1800, 3601, 90_000]),
        manners=st.tuples(st.sampled_from(MANNERS), st.sampled_from(MANNERS)),
    )
    def ticks(self, seconds, manners):
        self.now += seconds
        self.manner = dict(zip(BOTH, manners, strict=True))
        self.tick()

    def tick(self):
        self.tick_sends.clear()
        try:
            found = self.outbox.deliver(self.named(), now=self.now)
        except Killed:
            self.restart()
        else:
            assert found.pending == sum(one.pending for one in self.outbox.status(self.now))

        assert self.problems == []
        assert max(self.tick_sends.values(), default=0) <= 1

    def named(self):
        return [BOTH[name] for name in sorted(self.here)]

    @rule(name=st.sampled_from(sorted(BOTH)))
    def leaves_or_comes_back(self, name):
        self.here ^= {name}
        for model in ("credit", "fraud"):
            self.outbox.settle(model, self.named(), self.now)

    @rule(model=st.sampled_from(["*", "fraud"]), hours=st.integers(1, 3))
    def silences_some(self, model, hours):
        import datetime as dt

        until = dt.datetime.fromtimestamp(self.now + hours * HOUR, dt.UTC).isoformat()
        self.silences.append(silence(model=model, until=until))

    @rule(first=st.integers(0, 20), count=st.integers(1, 5))
    def wakes_some(self, first, count):
        chosen = [message(f"k{number}") for number in range(first, first + count)]
        hidden = [
            (name, one.key) for name in self.here for one in chosen if self.expected[name].get(one.key) == "silenced"
        ]
        for name, key in hidden:
            self.expected[name][key] = "pending"

        assert self.outbox.wake(chosen, self.named(), self.now) == len(hidden)

    @invariant()
    def each_change_left_in_one_notification(self):
        for name in BOTH:
            left = Counter(key for keys in self.taken[name].values() for key in keys)
            assert max(left.values(), default=0) <= 1
            assert set(left) <= {key for key, state in self.expected[name].items() if state == "pending"}

    @invariant()
    def everything_is_accounted_for(self):
        for one in self.outbox.status(self.now):
            name = one.name.partition(" ")[2]
            expected = self.expected[name]
            assert one.pending + one.sent + one.silenced + one.left == len(expected)
            assert (one.pending if name not in self.here else one.left) == 0
            assert one.silenced == sum(state == "silenced" for state in expected.values())
            assert one.sent <= sum(len(keys) for keys in self.taken[name].values())

    def teardown(self):
        if not hasattr(self, "folder"):
            return
        self.manner = dict.fromkeys(BOTH, "takes")
        for name in set(BOTH) - self.here:
            self.leaves_or_comes_back(name)
        for _ in range(400):
            self.now += 1800
            self.tick()
            if not sum(one.pending for one in self.outbox.status(self.now)):
                break
        for name in BOTH:
            taken = {key for keys in self.taken[name].values() for key in keys}
            assert taken == {key for key, state in self.expected[name].items() if state == "pending"}
        shutil.rmtree(self.folder)


TestHistories = Histories.TestCase


TestHistories.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
