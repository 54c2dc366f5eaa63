"""Records bound to each other: whatever is done to them is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baseline_pipeline.governance.chain import (
    GENESIS,
    Checkpoint,
    Entry,
    LedgerTampered,
    entry_of,
    event_of,
    verify,
)
from baseline_pipeline.governance.events import Event

STORE = "store"


def chain(count, word="r"):
    entries, prev = [], GENESIS
    for seq in range(1, count + 1):
        event = Event(
            kind="decision",
            model=f"m{seq % 3}",
            actor="Ada",
            reason=f"{word} {seq} with \u00fcml\u00e4uts",
            key=f"{seq:064x}",
            content={"n": seq, "share": seq / 7},
            seq=seq,
            at="2026-01-01T00:00:00Z",
        )
        entries.append(entry_of(event, prev))
        prev = entries[-1].hash
    return entries


ENTRIES = chain(12)
END = verify(ENTRIES, STORE)


def test_a_true_chain_verifies_and_gives_its_events_back():
    assert Checkpoint(store=STORE, size=12, head=ENTRIES[-1].hash) == END
    assert verify(ENTRIES, STORE, [END, verify(ENTRIES[:5], STORE)]) == END
    assert verify([], STORE) == Checkpoint(store=STORE, size=0, head=GENESIS)
    assert [event_of(one).seq for one in ENTRIES] == list(range(1, 13))


@given(st.data())
def test_any_changed_byte_of_any_record_is_found(data):
    place = data.draw(st.integers(0, 11))
    field = data.draw(st.sampled_from(Entry._fields))
    old = getattr(ENTRIES[place], field)
    if field == "seq":
        new = data.draw(st.integers(0, 99).filter(lambda one: one != old))
    else:
        raw = bytearray(old.encode())
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] ^= data.draw(st.integers(1, 255))
        new = raw.decode(errors="replace")
        if new == old:
            return
    entries = [*ENTRIES]
    entries[place] = entries[place]._replace(**{field: new})

    with pytest.raises(LedgerTampered) as found:
        verify(entries, STORE)
    assert found.value.seq in {place + 1, place + 2}


@given(st.integers(0, 11), st.integers(0, 11))
def test_order_gaps_and_insertions_are_found(one, other):
    moved = [*ENTRIES]
    moved[one], moved[other] = moved[other], moved[one]
    missing = [entry for place, entry in enumerate(ENTRIES) if place != one]
    doubled = [*ENTRIES[:one], ENTRIES[other], *ENTRIES[one:]]

    for entries in ([moved] if one != other else []) + [doubled] + ([missing] if one < 11 else []):
        with pytest.raises(LedgerTampered):
            verify(entries, STORE)


@pytest.mark.parametrize("kept", range(12))
def test_a_cut_tail_is_found_by_a_checkpoint(kept):
    verify(ENTRIES[:kept], STORE)

    with pytest.raises(LedgerTampered, match="the tail was cut"):
        verify(ENTRIES[:kept], STORE, [END])


def test_a_past_that_was_rewritten_whole_is_found_by_a_checkpoint():
    rewritten = chain(15, word="s")
    verify(rewritten, STORE)

    with pytest.raises(LedgerTampered, match="the past was rewritten") as found:
        verify(rewritten, STORE, [END])
    assert found.value.seq == 12


def test_checkpoints_of_another_ledger_and_of_two_pasts_are_refused():
    with pytest.raises(LedgerTampered, match="store other"):
        verify(ENTRIES, STORE, [END.model_copy(update={"store": "other"})])
    with pytest.raises(LedgerTampered, match="two checkpoints"):
        verify(ENTRIES, STORE, [END, END.model_copy(update={"head": "0" * 64})])


def test_what_is_wrong_is_named():
    first = ENTRIES[0]
    cases = {
        "its content is not what its hash says": first._replace(body=first.body.replace("Ada", "Eve")),
        "it does not follow the record before it": first._replace(prev="1" * 64),
        "it is missing": first._replace(seq=2),
        "its columns are not those of its content": first._replace(model="m2"),
    }
    for words, entry in cases.items():
        with pytest.raises(LedgerTampered, match=words):
            verify([entry, *ENTRIES[1:]], STORE)
