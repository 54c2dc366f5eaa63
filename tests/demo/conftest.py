"""The real flights, built once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from baseline_pipeline.demo import flights

if TYPE_CHECKING:
    import pandas as pd


@pytest.fixture(scope="session")
def year() -> pd.DataFrame:
    return flights.build()


@pytest.fixture(scope="session")
def march(year: pd.DataFrame) -> pd.DataFrame:
    return year[year["date"].str.startswith("2013-03")]
