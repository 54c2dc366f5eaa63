"""What a notification says: bounded texts, the worst first, every change counted."""

import pytest

from baseline_pipeline.response.messages import LONGEST_BODY, LONGEST_TITLE, payload, plain_text
from tests.response.told import message, silence


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
