import re
import shutil

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.adapters.drift.evidently import EvidentlyPage
from baseline_pipeline.drift.kinds import Kinds

pytestmark = pytest.mark.usefixtures("pictures")


def table(rng, rows=500):
    return pa.table({"x": rng.normal(0, 1, rows), "c": rng.choice(["a", "b"], rows)})


def test_the_page_is_kept_and_opens_without_a_network(tmp_path):
    rng = np.random.default_rng(0)
    maker = EvidentlyPage(lambda path: str(shutil.move(path, tmp_path / "kept.html")), tmp_path)
    maker.make(Kinds(("x",), ("c",), {}), table(rng), table(rng))
    page = (tmp_path / "kept.html").read_text()

    assert "<html" in page
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']https?:", page)


def test_decimals_are_numbers_to_evidently(tmp_path):
    price = pa.array(["1.50", "2.25", "0.35", None] * 50).cast(pa.decimal128(9, 2))
    maker = EvidentlyPage(lambda path: str(shutil.move(path, tmp_path / "kept.html")), tmp_path)
    maker.make(Kinds(("price",), (), {}), pa.table({"price": price}), pa.table({"price": price}))

    assert "<html" in (tmp_path / "kept.html").read_text()


def test_days_and_times_are_numbers_to_evidently(tmp_path):
    at = pa.array(
        np.datetime64("2026-05-01", "us") + np.arange(200) * np.timedelta64(7, "h"), pa.timestamp("us", "UTC")
    )
    rows = pa.table({"at": at, "day": at.cast(pa.timestamp("us")).cast(pa.date32(), safe=False)})
    maker = EvidentlyPage(lambda path: str(shutil.move(path, tmp_path / "kept.html")), tmp_path)
    maker.make(Kinds(("at", "day"), (), {}), rows, rows)

    assert "<html" in (tmp_path / "kept.html").read_text()


def test_no_column_makes_no_page(tmp_path):
    nothing = table(np.random.default_rng(0))

    assert EvidentlyPage(str, tmp_path).make(Kinds((), (), {"x": "why"}), nothing, nothing) is None
