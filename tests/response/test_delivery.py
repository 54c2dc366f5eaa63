"""What is told, when and how often: the rules by themselves, and histories of them."""

import shutil
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from baseline_pipeline.adapters.notifiers.addresses import receiver_name
from baseline_pipeline.adapters.notifiers.outbox import Outbox
from baseline_pipeline.contract.monitoring import Receiver
from baseline_pipeline.response.delivery import (
    DEAD_AFTER,
    HOUR,
    LARGEST,
    LEASE,
    Lane,
    NotDelivered,
    Silence,
    Waiting,
    after_failure,
    is_dead,
    next_notification,
    silenced,
    wanted,
)
from baseline_pipeline.response.messages import (
    LONGEST_BODY,
    LONGEST_TITLE,
    Message,
    instant,
    payload,
    plain_text,
)
from baseline_pipeline.verdicts import TIERS

T0 = instant("2026-01-05T00:00:00Z")


def message(key="k", tier="minor", owner="ana", **more):
    given = {"model": "credit", "incident": "i1", "kind": "opened", "title": "auc fell", "at": "2026-01-05T00:00:00Z"}
    return Message(key=key, tier=tier, owner=owner, **(given | more))


def silence(**more):
    return Silence(**({"until": "2026-01-06T00:00:00Z", "reason": "migration", "actor": "ana"} | more))


# Messages


def test_the_worst_is_told_first_and_what_does_not_fit_is_counted():
    many = [message(f"k{n}", title=f"change {n} " + "x" * 80, lines=("owner: ana",)) for n in range(500)]
    title, body = plain_text([*many, message("worst", "severe", title="everything fell", lines=("look: now",))])

    assert title == "[severe] 501 changes (1 severe, 500 minor): credit"
    assert body.splitlines()[:2] == ["credit: everything fell (opened)", "  look: now"]
    told = body.count("change ")
    assert body.splitlines()[-2] == f"and {500 - told} more"
    assert len(body) <= LONGEST_BODY


@pytest.mark.parametrize("size", [1, 150, 5000])
def test_texts_are_bounded_and_stay_in_their_line(size):
    wild = message(title="a\n\x1b[2J\u202e" * size, lines=("l\r\n" * size,) * 50, slices=("s" * size,) * 50)
    title, body = plain_text([wild])

    assert len(title) <= LONGEST_TITLE
    assert len(body) <= LONGEST_BODY
    assert len(body.splitlines()) <= 14
    assert all(one.isprintable() for one in [title, *body.splitlines()])
    assert len(str(payload([wild]))) < 30_000


def test_the_reference_is_that_of_the_messages_whatever_their_order():
    one, two = message("a"), message("b")

    assert plain_text([one, two]) == plain_text([two, one])
    assert plain_text([one, two])[1].splitlines()[-1] != plain_text([one])[1].splitlines()[-1]


def test_every_key_is_in_a_payload():
    found = payload([message(f"k{n:04}") for n in range(2000)])

    assert [one["key"] for one in found["messages"] + found["others"]] == [f"k{n:04}" for n in range(2000)]
    assert found["count"] == 2000


def test_half_characters_can_be_stored():
    assert message(title="a\ud800").title == "a\\ud800"


def test_nothing_is_no_notification():
    with pytest.raises(ValueError, match="nothing to tell"):
        plain_text([])


@pytest.mark.parametrize("at", ["yesterday", ""])
def test_a_time_must_be_one(at):
    with pytest.raises(ValueError, match="isoformat"):
        message(at=at)
    with pytest.raises(ValueError, match="isoformat"):
        silence(until=at)


# Silences


@pytest.mark.parametrize(
    ("silences", "expected"),
    [
        ([silence()], True),
        ([silence(model="cred*")], True),
        ([silence(model="fraud")], False),
        ([silence(guardrail="auc")], False),
        ([silence(guardrail="auc"), silence(guardrail="brier")], True),
        ([silence(guardrail="auc"), silence(guardrail="brier", slice="other")], False),
        ([silence(slice="carrier=[AA]")], True),
        ([silence(since="2026-01-05T13:00:00Z")], False),
        ([silence(since="2026-01-05T12:00:00Z")], True),
        ([silence(until="2026-01-05T12:00:00Z")], False),
        ([], False),
    ],
)
def test_a_message_is_silenced_where_all_it_tells_of_is(silences, expected):
    told = message(tier="severe", guardrails=("auc", "brier"), slices=("carrier=[AA]",))

    assert silenced(told, silences, instant("2026-01-05T12:00:00Z")) is expected


def test_a_message_without_guardrails_is_not_silenced_by_ones_name():
    assert not silenced(message(), [silence(guardrail="auc")], T0)


# What goes next


def waiting(key, tier="minor", owner="ana", tried=0.0, **more):
    return Waiting(key, owner, tier, tried, **more)


def chosen(there, now=100.0, lanes=None, **more):
    found = next_notification("chat", there, lanes or {}, now, **more)
    return None if found is None else found.messages


def test_tiers_below_the_receivers_are_not_wanted():
    assert [wanted(message(tier=tier), "moderate") for tier in TIERS] == [False, True, True]


def test_what_waits_for_one_owner_leaves_together():
    there = [waiting("a"), waiting("b", "severe"), waiting("c", owner="ben")]

    assert chosen(there) == ("b", "a")
    assert chosen(there, told={"ana"}) == ("c",)
    assert chosen(there, told={"ana", "ben"}) is None


def test_a_lane_that_failed_waits_unless_something_severe_is_new():
    lanes = {"ana": Lane(3, 200.0)}

    assert chosen([waiting("a")], lanes=lanes) is None
    assert chosen([waiting("a"), waiting("b", "severe", attempts=1)], lanes=lanes) is None
    assert chosen([waiting("a"), waiting("b", "severe")], lanes=lanes) == ("b", "a")
    assert chosen([waiting("a")], now=200.0, lanes=lanes) == ("a",)


def test_beyond_the_limit_only_the_severe_leave():
    minor, severe = waiting("a"), waiting("b", "severe", attempts=1)

    assert chosen([minor], recent=19) == ("a",)
    assert chosen([minor], recent=20) is None
    assert chosen([minor, severe], recent=20) == ("b", "a")
    assert chosen([minor, waiting("c", notification="n1"), waiting("d", "severe", notification="n2")], recent=20) == (
        "d",
    )


def test_what_may_have_arrived_keeps_its_key_and_its_messages():
    bound = [waiting("a", attempts=1, notification="n1"), waiting("b", attempts=1, notification="n1")]
    found = next_notification("chat", [*bound, waiting("c", tried=50.0)], {}, 100.0)

    assert (found.key, found.messages, found.again) == ("n1", ("a", "b"), True)
    assert chosen([waiting("a", tried=50.0, attempts=9, notification="n1"), waiting("c")]) == ("c",)


def test_a_lane_is_one_processs_while_its_lease_lasts():
    leased = waiting("a", notification="n1", lease=100.0 + LEASE)

    assert chosen([leased, waiting("b", "severe")]) is None
    assert chosen([leased], now=100.0 + LEASE) == ("a",)


def test_a_clock_that_was_set_back_holds_nothing_up():
    assert chosen([waiting("a", notification="n1", lease=1e6)], lanes={"ana": Lane(1, 1e6)}) == ("a",)


def test_a_notification_is_no_larger_than_can_be_taken():
    there = [waiting(f"{n}") for n in range(LARGEST + 5)]

    assert len(chosen([*there, waiting("x", "severe", tried=9.0)])) == LARGEST
    assert chosen([*there, waiting("x", "severe", tried=9.0)])[0] == "x"


def test_waits_double_to_an_hour_and_differ_between_lanes():
    for key in ("chat/ana", "chat/ben"):
        lane, waits = Lane(), []
        for _ in range(200):
            lane = after_failure(lane, key, T0)
            waits.append(lane.opens - T0)

        longest = [min(30 * 2**n, 3600) for n in range(200)]
        assert all(0.8 * most <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert after_failure(Lane(), "chat/ana", T0) == after_failure(Lane(), "chat/ana", T0)
    assert after_failure(Lane(), "chat/ana", T0) != after_failure(Lane(), "chat/ben", T0)


def test_a_receiver_is_dead_after_a_day_of_failures_and_nothing_taken():
    assert is_dead(T0, None, T0 + DEAD_AFTER)
    assert not is_dead(T0, None, T0 + DEAD_AFTER - 1)
    assert not is_dead(T0, T0 + 10, T0 + DEAD_AFTER)
    assert not is_dead(None, None, T0 + DEAD_AFTER)


def test_a_silence_over_a_change_of_clocks_lasts_by_its_offsets():
    lasting = silence(since="2026-10-25T02:30+02:00", until="2026-10-25T02:30+01:00")
    inside, after = instant("2026-10-25T01:29:59Z"), instant("2026-10-25T01:30:00Z")

    assert silenced(message(), [lasting], inside)
    assert not silenced(message(), [lasting], after)


# Histories

CHAT, PAGER = Receiver(webhook="https://chat.example/a"), Receiver(webhook="https://pager.example/b", since="severe")
BOTH = {receiver_name(one): one for one in (CHAT, PAGER)}
LIMIT = 3


REFUSED, BROKEN, LATE, BAD = "connection refused", "it answered 500", "it did not answer", "it answered 400 Bad Request"


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


def test_a_severe_message_goes_in_the_next_tick_though_the_limit_is_reached_and_the_lane_waits(tmp_path):
    sent, up = [], [True]

    def send(receiver, messages, key, seconds):
        if not up[0]:
            raise NotDelivered(BROKEN)
        sent.append([one.key for one in messages])

    outbox = Outbox(tmp_path / "outbox.sqlite", per_hour=1, send=send)
    outbox.add([message("a")], [CHAT], now=T0)
    outbox.deliver([CHAT], now=T0)
    outbox.add([message("b")], [CHAT], now=T0 + 1)
    outbox.deliver([CHAT], now=T0 + 2)
    assert sent == [["a"]]

    up[0] = False
    outbox.deliver([CHAT], now=T0 + HOUR)
    up[0] = True
    outbox.add([message("c", "severe")], [CHAT], now=T0 + HOUR + 1)
    outbox.deliver([CHAT], now=T0 + HOUR + 2)

    assert sent == [["a"], ["c"]]
    outbox.deliver([CHAT], now=T0 + 2 * HOUR + 3)
    assert sent == [["a"], ["c"], ["b"]]


def test_a_notification_that_is_never_taken_does_not_hold_up_the_others(tmp_path):
    sent = []

    def send(receiver, messages, key, seconds):
        if any(one.key == "poison" for one in messages):
            raise NotDelivered(BAD)
        sent.extend(one.key for one in messages)

    outbox = Outbox(tmp_path / "outbox.sqlite", send=send)
    outbox.add([message("poison", "severe")], [CHAT], now=T0)
    outbox.deliver([CHAT], now=T0)
    for number in range(5):
        outbox.add([message(f"k{number}")], [CHAT], now=T0 + 60 * number + 1)
        outbox.deliver([CHAT], now=T0 + 60 * number + 31)
        outbox.deliver([CHAT], now=T0 + 60 * number + 62)

    assert sent == [f"k{number}" for number in range(5)]
    assert [(one.pending, one.last_error, one.dead) for one in outbox.status(T0 + DEAD_AFTER)] == [(1, BAD, False)]


def test_what_may_have_arrived_stays_what_it_is_though_a_later_attempt_surely_failed(tmp_path):
    sent, answers = [], [NotDelivered(LATE), NotDelivered(REFUSED, surely=True), None, None]

    def send(receiver, messages, key, seconds):
        sent.append((key, [one.key for one in messages]))
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    outbox = Outbox(tmp_path / "outbox.sqlite", send=send)
    for number in range(4):
        outbox.add([message(f"k{number}")], [CHAT], now=T0 + HOUR * number - number)
        outbox.deliver([CHAT], now=T0 + HOUR * number)
    groups = [keys for _, keys in sent]

    assert groups == [["k0"], ["k0"], ["k1", "k2"], ["k0"]]
    assert len({key for key, _ in sent}) == 2


def test_a_sender_whose_lease_was_over_does_not_undo_what_another_did(tmp_path):
    answers = []

    def send(receiver, messages, key, seconds):
        answers.append(key)
        if len(answers) == 1:  # while this one hangs, another process takes over
            assert outbox.deliver([CHAT], now=T0 + LEASE + 1).failed == 1
            raise NotDelivered(REFUSED, surely=True)
        raise NotDelivered(LATE)

    outbox = Outbox(tmp_path / "outbox.sqlite", send=send)
    outbox.add([message()], [CHAT], now=T0)
    outbox.deliver([CHAT], now=T0)

    assert outbox.status(T0)[0].last_error == LATE
    assert len(set(answers)) == 1


def test_a_receiver_that_refused_for_a_day_is_dead_and_then_gets_all_at_once(tmp_path):
    sent, up = [], [False]

    def send(receiver, messages, key, seconds):
        if not up[0]:
            raise NotDelivered(REFUSED, surely=True)
        sent.append(len(messages))

    outbox = Outbox(tmp_path / "outbox.sqlite", send=send)
    for hour in range(26):
        outbox.add([message(f"k{hour}")], [CHAT], now=T0 + HOUR * hour)
        outbox.deliver([CHAT], now=T0 + HOUR * hour)
    (before,) = outbox.status(T0 + HOUR * 26)
    up[0] = True
    outbox.deliver([CHAT], now=T0 + HOUR * 27)
    (after,) = outbox.status(T0 + HOUR * 27)

    assert (before.dead, before.failing_since, before.last_error) == (
        True,
        "2026-01-05T00:00:00Z",
        REFUSED,
    )
    assert sent == [26]
    assert (after.dead, after.failing_since, after.last_error, after.sent) == (False, None, "", 26)
