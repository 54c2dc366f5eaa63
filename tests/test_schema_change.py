import pytest

from baseline_pipeline.schema_change import schema_changes
from baseline_pipeline.snapshot import Column


def columns(**types):
    return [Column(name=name, type=kind) for name, kind in types.items()]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (columns(a="int64", b="double"), columns(b="double", a="int64"), ()),
        (columns(temp="double"), columns(temp="string"), ("column temp: double -> string",)),
        (columns(a="int64"), columns(a="int64", x="int64"), ("column x: new (int64)",)),
        (columns(a="int64", zzz="int64"), columns(a="int64"), ("column zzz: gone",)),
        (
            columns(gust="double"),
            columns(wind_gust="double"),
            ("column gust: gone (nearest new: wind_gust)", "column wind_gust: new (double)"),
        ),
        ((), (), ()),
    ],
)
def test_every_column_that_differs_is_named_once(before, after, words):
    assert schema_changes(before, after) == words
