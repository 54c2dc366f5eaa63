"""Which rows are scored to learn whose changed values did it."""

from types import SimpleNamespace

import pyarrow as pa

from baseline_pipeline.workbench.replays import feature_values


def test_rows_with_the_same_values_put_back_have_one_name_so_that_they_are_scored_once(monkeypatch):
    names = pa.array(["a", "b"])
    sides = [
        SimpleNamespace(names=names, table=pa.table({"x": [n, n], "z": [n, n], "y": [0, 1]}), classes=(), key=key)
        for n, key in ((1, "old"), (2, "new"))
    ]
    for one in sides:
        one.snapshot = one.key
    monkeypatch.setattr(feature_values, "row_set", lambda _bench, _contract, table, *rest: (rest[1], table))
    monkeypatch.setattr(feature_values, "_harm", lambda *_: SimpleNamespace(harm=0.0))
    asked = []
    contract = SimpleNamespace(data=SimpleNamespace(feature_names=["x", "z"], label="y"))
    bench = SimpleNamespace(progress=lambda _: None)

    feature_values.feature_harms(bench, contract, None, *sides, [asked.append])

    tables = dict(asked)
    assert all(tables[name].equals(table) for name, table in asked)
    assert len(tables) == len(["all put back", "none", "x", "z"])
