"""Words in texts: where they are found is where they stand."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from baseline_pipeline import text_words
from baseline_pipeline.text_words import rows_with

WORDS = ["cold", "späte", "Öl", "x9", "Москва", "no1", "old"]


@pytest.mark.parametrize("at_once", [7, 1000])
def test_rows_are_those_in_which_a_word_stands_anywhere(monkeypatch, at_once):
    monkeypatch.setattr(text_words, "AT_ONCE", at_once)
    rng = np.random.default_rng(5)
    pieces = [*WORDS, "colder", "c old", "COLD", "x", "9", "Ö-l", "no12", "no", "1", "", "späte-re", "\u0301"]
    texts = ["".join(rng.choice([*pieces, " ", ", ", "\n", "-"], 6)) for _ in range(300)]
    column = pa.chunked_array([pa.array([*texts[:90], None, ""]), pa.array(texts[90:])])

    found = rows_with(column, WORDS)

    for word, holds in zip(WORDS, found, strict=True):
        assert holds.tolist() == pc.fill_null(pc.match_substring(column, word), fill_value=False).to_pylist()
    assert found.any(axis=1).all()


def test_texts_without_a_word_hold_none():
    assert not rows_with(pa.chunked_array([pa.array([None, "", " - "], pa.string())]), ["cold"]).any()
    assert rows_with(pa.chunked_array([["cold"]]), []).shape == (0, 1)
