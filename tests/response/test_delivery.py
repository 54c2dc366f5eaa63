"""What leaves next, and when: the rules by themselves."""

from baseline_pipeline.response.delivery import (
    DEAD_AFTER,
    LARGEST,
    LEASE,
    Lane,
    Waiting,
    after_failure,
    is_dead,
    next_notification,
    wanted,
)
from baseline_pipeline.verdicts import TIERS
from tests.response.told import T0, message


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
