import pytest

from baseline_pipeline.governance.events import Watched
from baseline_pipeline.monitoring.trigger import WAITS, Attempt, Request, Skip, state_key, trigger

A = Watched(data="a", dependencies="l", infrastructure=None, registry="r", code="c")
B = A.model_copy(update={"data": "b"})


def ask(wanted=B, done=A, facet="data", decided=3, attempts=(), now=1000.0):
    return trigger(facet, wanted, done, decided=decided, attempts=list(attempts), now=now)


def test_the_first_look_asks_for_a_run():
    answer = ask(done=None, decided=0)

    assert isinstance(answer, Request)


def test_an_unchanged_facet_stays_quiet_while_another_one_moves():
    answer = ask(facet="dependencies")

    assert answer == Skip("dependencies is as it was at the last decision")


def test_going_back_to_an_earlier_state_is_a_new_need():
    first = ask(wanted=B, done=A, decided=3)
    back = ask(wanted=A, done=B, decided=4)
    again = ask(wanted=B, done=A, decided=5)

    assert len({first.run_key, back.run_key, again.run_key}) == 3


def test_the_same_need_seen_twice_has_the_same_run_key():
    assert ask().run_key == ask().run_key


def test_a_run_under_way_is_waited_for():
    answer = ask(attempts=[Attempt("failed", 0.0), Attempt("unfinished")])

    assert isinstance(answer, Skip)
    assert "under way" in answer.reason


def test_a_failed_run_is_tried_again_at_once_and_then_ever_more_slowly():
    for failures, wait in enumerate(WAITS, start=1):
        attempts = [Attempt("failed", 0.0)] * failures

        assert isinstance(ask(attempts=attempts, now=wait + 0.0), Request)
        assert wait == 0 or isinstance(ask(attempts=attempts, now=wait - 1.0), Skip)


def test_a_state_that_never_succeeds_is_never_given_up():
    answer = ask(attempts=[Attempt("failed", 0.0)] * 100, now=WAITS[-1] + 1.0)

    assert isinstance(answer, Request)


def test_several_facets_changing_at_once_name_one_need():
    both = B.model_copy(update={"dependencies": "m"})

    assert ask(wanted=both, facet="data").run_key == ask(wanted=both, facet="dependencies").run_key


@pytest.mark.parametrize("facet", ["data", "dependencies", "infrastructure", "registry", "code"])
def test_the_state_key_depends_on_every_facet(facet):
    moved = A.model_copy(update={facet: "moved"})

    assert state_key(moved, 1) != state_key(A, 1)
