"""Values that are stored and read again."""

import pytest

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.records import Record


class Shelf(Record):
    books: int


def test_what_was_stored_is_read_again():
    assert Shelf.stored(Shelf(books=3).body()) == Shelf(books=3)


@pytest.mark.parametrize(
    ("body", "words"), [({"books": 3, "dust": 1}, "dust: Extra inputs"), ({}, "books: Field required")]
)
def test_evidence_of_another_version_is_unavailable_and_says_so(body, words):
    with pytest.raises(EvidenceUnavailable, match="stored Shelf was written by another version") as refused:
        Shelf.stored(body)

    assert words in refused.value.message
    assert "BASELINE_HOME" in refused.value.next_step
