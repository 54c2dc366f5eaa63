"""Receivers that refuse, hang or answer too late: what is sent again, and what must not wait for them."""

from baseline_pipeline.adapters.notifiers.outbox import Outbox
from baseline_pipeline.response.delivery import DEAD_AFTER, HOUR, LEASE, NotDelivered
from tests.response.told import BAD, BROKEN, CHAT, LATE, REFUSED, T0, message


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
