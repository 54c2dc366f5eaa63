"""Of several answers about one baseline the last one counts, whatever they are named."""

from types import SimpleNamespace

import pytest

from baseline_pipeline.adapters.stores.filesystem import FilesystemStore
from baseline_pipeline.workbench.asked import Asked, in_order, keep_last


class Answer(Asked):
    words: str


@pytest.fixture
def bench(tmp_path):
    return SimpleNamespace(store=FilesystemStore(tmp_path))


def test_the_last_answer_comes_last_also_where_it_was_given_before(bench):
    for words in ("one", "two", "two", "three", "one"):
        keep_last(bench, "answers", "trams", Answer(words=words))

    assert [one.words for one in in_order(bench, "answers", "trams", Answer)] == ["one", "two", "three", "one"]
