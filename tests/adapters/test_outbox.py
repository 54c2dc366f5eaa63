"""The outbox through bad times: receivers that are down, slow, failing, gone; senders that are killed."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from email.utils import formatdate

import pytest

from baseline_pipeline.adapters.notifiers import webhook
from baseline_pipeline.adapters.notifiers.outbox import Outbox, send
from baseline_pipeline.contract.monitoring import Receiver
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.response.delivery import LEASE
from baseline_pipeline.response.silences import Silence
from tests.adapters.listening import closed_port, listening, message


def test_down_then_slow_then_failing_then_well_nothing_is_lost_and_each_change_is_taken_once(outbox):
    port, now = closed_port(), time.time()
    receiver = Receiver(webhook=f"http://127.0.0.1:{port}/hook")
    said = []

    def tick(name):
        nonlocal now
        now += 3700
        outbox.add([message(name)], [receiver], now=now)
        found = outbox.deliver([receiver], now=now, deadline_seconds=2)
        said.append((found.sent, outbox.status(now)[0].last_error))

    tick("down 1")
    tick("down 2")
    with listening(port=port, wait=6) as listener:
        tick("slow")
        listener.wait, listener.status = 0.0, 500
        tick("failing")
        listener.status = 200
        tick("well 1")
        tick("well 2")
        tick("well 3")
        taken = listener.taken()

    assert [sent for sent, _ in said] == [0, 0, 0, 0, 1, 1, 1]
    assert [error for _, error in said[:4]] == [
        "connection refused",
        "connection refused",
        "it did not answer within 2 s",
        "it answered 500 Internal Server Error",
    ]
    keys = sorted(key for keys in taken.values() for key in keys)
    assert keys == sorted(["down 1", "down 2", "slow", "failing", "well 1", "well 2", "well 3"])
    assert {"down 1", "down 2", "slow"} in taken.values()


def test_two_thousand_messages_to_one_owner_leave_as_one_notification_for_each_receiver(outbox, listener):
    receivers = [Receiver(webhook=listener.url()), Receiver(apprise=listener.url("json", "/chat"))]
    many = [message(f"k{n}", lines=("owner: ana", "look: baseline show"), slices=("a", "b")) for n in range(2000)]

    assert outbox.add(many, receivers) == 4000
    found = outbox.deliver(receivers, deadline_seconds=60)

    assert (found.sent, found.failed, found.pending) == (2, 0, 0)
    assert sorted(path for path, *_ in listener.requests) == ["/chat", "/hook"]


@pytest.mark.parametrize(
    ("asks", "waits"),
    [("600", 600), (formatdate(1_900_000_700, usegmt=True), 700), ("9" * 12, 3600), ("soon", 25), ("-5", 25), ("", 25)],
)
def test_a_receiver_that_asks_for_time_gets_it(outbox, listener, asks, waits, monkeypatch):
    now = 1_900_000_000.0
    monkeypatch.setattr(webhook.time, "time", lambda: now)
    listener.status, listener.retry_after = 429, asks
    receiver = Receiver(webhook=listener.url())
    outbox.add([message()], [receiver], now=now)

    assert outbox.deliver([receiver], now=now).failed == 1
    assert outbox.deliver([receiver], now=now + waits - 2).failed == 0
    assert outbox.deliver([receiver], now=now + waits + 30).failed == 1


def test_what_is_silenced_is_kept_and_not_told_when_the_silence_ends(outbox, listener):
    receiver, now = Receiver(webhook=listener.url()), time.time()
    until = dt.datetime.fromtimestamp(now + 60, dt.UTC).isoformat()
    outbox.add([message("a", "severe")], [receiver], [Silence(until=until, reason="migration", actor="ana")], now=now)
    outbox.add([message("b", "severe")], [receiver], now=now)
    outbox.deliver([receiver], now=now + 120)
    (status,) = outbox.status()

    assert (status.pending, status.sent, status.silenced) == (0, 1, 1)
    assert list(listener.taken().values()) == [{"b"}]


def test_what_was_silenced_and_is_woken_is_told_and_nothing_else_moves(outbox, listener):
    receiver, now = Receiver(webhook=listener.url()), time.time()
    until = dt.datetime.fromtimestamp(now + 60, dt.UTC).isoformat()
    quiet = [Silence(until=until, reason="migration", actor="ana")]
    outbox.add([message("a"), message("b")], [receiver], quiet, now=now)
    outbox.add([message("c")], [receiver], now=now)
    outbox.deliver([receiver], now=now)

    assert outbox.wake([message("a"), message("c"), message("d")], [receiver], now=now + 61) == 1
    assert outbox.deliver([receiver], now=now + 61).sent == 1
    assert list(listener.taken().values()) == [{"c"}, {"a"}]
    assert outbox.status()[0].silenced == 1


def test_a_receiver_is_told_from_its_tier_on_and_once(outbox, listener):
    receiver = Receiver(webhook=listener.url(), since="severe")

    assert outbox.add([message("a"), message("b", "severe")], [receiver, receiver]) == 1
    assert outbox.add([message("b", "severe", title="other words")], [receiver]) == 0
    outbox.deliver([receiver, receiver])
    outbox.deliver([receiver])
    assert [json.loads(body)["title"] for _, _, body, _ in listener.requests] == ["[severe] credit: auc fell"]


def test_a_receiver_that_hangs_delays_another_once(outbox, listener):
    with listening(wait=30) as hanging:
        bad, good = Receiver(webhook=hanging.url()), Receiver(webhook=listener.url())
        outbox.add([message(f"k{n}", owner=f"o{n}") for n in range(5)], [bad, good])
        first = outbox.deliver([bad, good], deadline_seconds=4)
        begun = time.monotonic()
        second = outbox.deliver([bad, good], deadline_seconds=4)

    assert first.sent + second.sent == 5
    assert time.monotonic() - begun < 20
    assert len(hanging.requests) <= 2
    assert sorted(one.pending for one in outbox.status()) == [0, 5]


def test_what_waits_for_a_receiver_that_left_the_contract_ends_and_is_shown(outbox, listener):
    here, gone, now = Receiver(webhook=listener.url()), Receiver(webhook=f"http://127.0.0.1:{closed_port()}/"), 1e9
    outbox.add([message("a"), message("b")], [here, gone], now=now)
    outbox.deliver([here, gone], now=now)
    ended = outbox.settle("credit", [here], now=now)
    (left,) = [one for one in outbox.status(now + 1e6) if one.left]

    assert ended == 2
    assert (left.pending, left.sent, left.dead) == (0, 0, False)
    assert "left the contract and was not told of 2" in left.lines()[0]
    assert outbox.settle("credit", [here], now=now) == 0
    assert outbox.waiting_models() == []


def test_a_receiver_that_comes_back_is_told_of_what_it_missed(outbox, listener):
    receiver = Receiver(webhook=listener.url())
    outbox.add([message("a")], [receiver])
    outbox.settle("credit", [])
    missed = outbox.deliver([receiver])
    outbox.settle("credit", [receiver])
    told = outbox.deliver([receiver])

    assert (missed.sent, told.sent, outbox.status()[0].left) == (0, 1, 0)


def test_a_receiver_that_another_model_names_goes_on_with_that_one(outbox, listener):
    receiver = Receiver(webhook=listener.url())
    outbox.add([message("a"), message("b", model="churn")], [receiver])
    outbox.settle("credit", [])

    assert outbox.waiting_models() == ["churn"]
    assert outbox.deliver([receiver]).sent == 1
    assert list(listener.taken().values()) == [{"b"}]


def test_a_change_whose_notification_went_without_it_while_its_model_was_gone_is_told_later(outbox, listener):
    receiver, now = Receiver(webhook=listener.url()), 1e9
    outbox.add([message("a"), message("b", model="churn")], [receiver], now=now)
    listener.status = 500  # it may have arrived: the two stay together
    outbox.deliver([receiver], now=now)
    outbox.settle("credit", [], now=now)
    listener.status = 200
    outbox.deliver([receiver], now=now + 60)
    outbox.settle("credit", [receiver], now=now + 61)
    outbox.deliver([receiver], now=now + 62)

    assert sorted(sorted(keys) for keys in listener.taken().values()) == [["a"], ["b"]]


def test_one_that_was_being_told_when_it_left_counts_as_told(tmp_path, listener):
    receiver = Receiver(webhook=listener.url())

    def left_meanwhile(*given):
        Outbox(tmp_path / "outbox.sqlite").settle("credit", [])
        send(*given)

    outbox = Outbox(tmp_path / "outbox.sqlite", send=left_meanwhile)
    outbox.add([message("a")], [receiver])
    outbox.deliver([receiver])
    (status,) = outbox.status()

    assert (status.sent, status.left) == (1, 0)


DELIVERS = """
import sys, time
from baseline_pipeline.adapters.notifiers.outbox import Outbox
from baseline_pipeline.contract.monitoring import Receiver
from baseline_pipeline.response.messages import Message
path, url, starts = sys.argv[1], sys.argv[2], float(sys.argv[3])
receiver = Receiver(webhook=url)
messages = [Message(key=f"k{n}", model="credit", incident="i", kind="opened", tier="severe", title="auc fell",
                    owner=f"o{n % 8}", at="2026-01-05T00:00:00Z") for n in range(80)]
outbox = Outbox(path)
time.sleep(max(0, starts - time.time()))
outbox.add(messages, [receiver])
while outbox.status()[0].pending:
    outbox.deliver([receiver])
"""

DIES = """
import sys, time
from baseline_pipeline.adapters.notifiers.outbox import Outbox, send
from baseline_pipeline.contract.monitoring import Receiver
def send_and_wait(*given):
    send(*given)
    print("sent", flush=True)
    time.sleep(60)
Outbox(sys.argv[1], send=send_and_wait).deliver([Receiver(webhook=sys.argv[2])])
"""


def test_two_processes_that_deliver_at_once_send_each_notification_once(outbox, listener):
    listener.wait = 0.2
    given = [sys.executable, "-c", DELIVERS, str(outbox.path), listener.url(), str(time.time() + 4)]
    both = [subprocess.Popen(given) for _ in range(2)]

    assert [one.wait(60) for one in both] == [0, 0]
    assert len(listener.requests) == len(listener.taken()) == 8
    assert sorted(key for keys in listener.taken().values() for key in keys) == sorted(f"k{n}" for n in range(80))


def test_a_process_that_is_killed_after_sending_costs_one_repetition_under_the_same_key(outbox, listener):
    receiver = Receiver(webhook=listener.url())
    outbox.add([message("a"), message("b")], [receiver])
    with subprocess.Popen(
        [sys.executable, "-c", DIES, str(outbox.path), listener.url()], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout.readline() == b"sent\n"
        os.kill(child.pid, signal.SIGKILL)
    outbox.add([message("c", "severe")], [receiver])
    meanwhile = outbox.deliver([receiver])
    later = time.time() + LEASE
    ticks = [outbox.deliver([receiver], now=later + n).sent for n in range(3)]

    assert (meanwhile.sent, meanwhile.pending) == (0, 3)
    assert ticks == [1, 1, 0]
    assert [set(keys) for keys in listener.taken().values()] == [{"a", "b"}, {"c"}]
    keys = [(headers["Idempotency-Key"], body) for _, headers, body, _ in listener.requests]
    assert len(keys) == 3
    assert len(set(keys)) == 2


def test_nothing_is_made_before_something_is_added(outbox):
    receiver = Receiver(webhook="http://host/", since="severe")

    assert outbox.status() == []
    assert outbox.deliver([receiver]).sent == 0
    assert outbox.add([message()], [receiver]) == 0
    assert not outbox.path.exists()


def test_a_file_that_is_no_outbox_is_told(outbox):
    outbox.path.write_text("something else entirely" * 100)

    with pytest.raises(EvidenceUnavailable, match="not a database"):
        outbox.add([message()], [Receiver(webhook="http://host/")])


def test_a_file_of_another_version_is_told(outbox):
    import sqlite3

    with sqlite3.connect(outbox.path) as connection:
        connection.execute("PRAGMA user_version=99")

    with pytest.raises(EvidenceUnavailable, match="another version"):
        outbox.status()


def test_the_file_survives_a_power_cut_by_its_settings(outbox):
    import sqlite3

    outbox.add([message()], [Receiver(webhook="http://host/")])
    with sqlite3.connect(outbox.path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
