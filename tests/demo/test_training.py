from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score
from threadpoolctl import threadpool_limits

from baseline_pipeline.demo.flights import FEATURES, LABEL, ROW_ID, build
from baseline_pipeline.demo.training import CHALLENGER, CHAMPION, break_label_join, register, rows_within, train
from baseline_pipeline.errors import DataUnreadable, TrackingUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARCH = ("2013-03-01", "2013-03-31")


@pytest.fixture(scope="module")
def champion(year: pd.DataFrame) -> Any:
    return train(year, CHAMPION)


@pytest.fixture(scope="module")
def challenger(year: pd.DataFrame) -> Any:
    return train(year, CHALLENGER)


@pytest.fixture(scope="module")
def damaged(year: pd.DataFrame) -> Any:
    return train(break_label_join(year, "EV"), CHALLENGER)


@pytest.fixture(scope="module")
def july(year: pd.DataFrame) -> pd.DataFrame:
    return year[year["date"].str.startswith("2013-07")]


def score(model: Any, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
    return np.asarray(model.predict_proba(rows[FEATURES])[:, 1])


def worse_by(rows: pd.DataFrame, before: np.ndarray[Any, Any], after: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Change of the Brier score and its t over days, cluster sums and all."""
    label = rows[LABEL].to_numpy()
    harm = pd.Series((after - label) ** 2 - (before - label) ** 2, index=rows.index)
    sums = (harm - harm.mean()).groupby(rows["scheduled_day"]).sum()
    error = np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / len(rows)
    return float(harm.mean()), float(harm.mean() / error)


def test_row_order_changes_no_prediction(march: pd.DataFrame) -> None:
    usual = score(train(march, MARCH), march)
    shuffled = score(train(march.sample(frac=1, random_state=7), MARCH), march)

    np.testing.assert_array_equal(usual, shuffled)


def test_a_model_is_the_same_byte_for_byte_however_many_cores_there_are(march: pd.DataFrame) -> None:
    made = []
    for cores in (1, 2):
        with threadpool_limits(cores):
            made.append(pickle.dumps(train(march, MARCH)))

    assert made[0] == made[1]


def test_a_window_is_counted_in_utc_days_so_that_no_judged_row_was_learned_from(year: pd.DataFrame) -> None:
    last = rows_within(year, CHAMPION)["scheduled_departure"].max()

    assert last.isoformat() == "2013-04-30T23:58:00+00:00"


@pytest.mark.parametrize("window", [("2014-06-01", "2014-06-30"), ("2013-04-30", "2013-01-01")])
def test_a_window_without_rows_is_refused(window: tuple[str, str], march: pd.DataFrame) -> None:
    with pytest.raises(DataUnreadable, match="0 rows between"):
        train(march, window)


def test_words_never_seen_in_training_are_scored_as_missing(champion: Any, july: pd.DataFrame) -> None:
    strange = july.head(3).assign(carrier="??", dest="NOWHERE")

    assert np.isfinite(score(champion, strange)).all()


def test_the_champion_is_worth_having_and_ages(champion: Any, year: pd.DataFrame) -> None:
    months = {month: year[year["date"].str.startswith(month)] for month in ("2013-05", "2013-07")}
    area = {month: roc_auc_score(rows[LABEL], score(champion, rows)) for month, rows in months.items()}

    assert area == pytest.approx({"2013-05": 0.748, "2013-07": 0.703}, abs=0.003)


def test_the_challenger_beats_the_champion_in_july(champion: Any, challenger: Any, july: pd.DataFrame) -> None:
    rows = rows_within(july, ("2013-07-01", "2013-08-01"))
    harm, t = worse_by(rows, score(champion, rows), score(challenger, rows))

    assert (harm == pytest.approx(-0.013, abs=0.002), t < -3) == (True, True)


def test_the_damaged_challenger_is_no_worse_over_all_rows(champion: Any, damaged: Any, july: pd.DataFrame) -> None:
    label = july[LABEL]

    assert brier_score_loss(label, score(damaged, july)) < brier_score_loss(label, score(champion, july))


def test_the_damaged_challenger_is_clearly_worse_for_the_damaged_carrier_alone(
    champion: Any, damaged: Any, july: pd.DataFrame
) -> None:
    carriers = {str(name): rows for name, rows in july.groupby("carrier") if len(rows) >= 200}
    changes = {name: worse_by(rows, score(champion, rows), score(damaged, rows)) for name, rows in carriers.items()}

    assert {name for name, (harm, t) in changes.items() if harm > 0.012 and t > 4} == {"EV"}


def test_reading_the_weather_in_the_wrong_time_zone_costs_quality_on_the_same_flights(
    champion: Any, year: pd.DataFrame
) -> None:
    june = year["date"].str.startswith("2013-06")
    right, wrong = year[june], build("utc")[june]
    harm, t = worse_by(right, score(champion, right), score(champion, wrong))

    assert (harm == pytest.approx(0.009, abs=0.001), t > 3) == (True, True)


def test_a_broken_join_keeps_every_value_plausible(year: pd.DataFrame) -> None:
    broken = break_label_join(year, "EV")
    whole = year.sort_values(ROW_ID).reset_index(drop=True)
    keys = [whole["carrier"], whole["date"].str.slice(0, 7)]

    pd.testing.assert_series_equal(broken[LABEL].groupby(keys).mean(), whole[LABEL].groupby(keys).mean())


def test_a_broken_join_touches_one_carrier(year: pd.DataFrame) -> None:
    broken = break_label_join(year, "EV")
    whole = year.sort_values(ROW_ID).reset_index(drop=True)

    assert set(whole.loc[whole[LABEL] != broken[LABEL], "carrier"]) == {"EV"}


@pytest.fixture(scope="module")
def registered(
    champion: Any, july: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Path, list[str]]]:
    """A real store in a folder, with the same model registered twice."""
    from mlflow import MlflowClient

    folder = tmp_path_factory.mktemp("store")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.create_experiment("demo", artifact_location=(folder / "artifacts").as_uri())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        versions = [
            register(
                champion,
                july,
                tracking_uri=uri,
                experiment="demo",
                name="flight_delays",
                alias="champion",
                window=CHAMPION,
            )
            for _ in range(2)
        ]
        yield client, folder, versions


def test_registering_twice_gives_two_versions_and_the_alias_follows(
    registered: tuple[Any, Path, list[str]],
) -> None:
    client, _, versions = registered
    alias = client.get_model_version_by_alias("flight_delays", "champion").version

    assert (versions, str(alias)) == (["1", "2"], "2")


def test_a_version_says_what_it_learned_from(registered: tuple[Any, Path, list[str]]) -> None:
    client, _, _ = registered

    assert client.get_model_version("flight_delays", "1").tags == {"training_window": "2013-01-01/2013-04-30"}


def test_a_registered_model_is_stored_without_pickle(registered: tuple[Any, Path, list[str]]) -> None:
    _, folder, _ = registered
    stored = {path.suffix for path in (folder / "artifacts").rglob("*") if path.is_file()}

    assert (".skops" in stored, stored & {".pkl", ".pickle"}) == (True, set())


def test_registering_leaves_no_global_trace_of_mlflow(registered: tuple[Any, Path, list[str]]) -> None:
    import mlflow

    _, folder, _ = registered
    found = {path.name for path in folder.iterdir()}

    assert (mlflow.active_run(), found) == (None, {"mlflow.db", "artifacts"})


def test_the_stored_model_predicts_bit_for_bit_the_same(
    registered: tuple[Any, Path, list[str]], champion: Any, july: pd.DataFrame
) -> None:
    import mlflow.sklearn

    client, _, _ = registered
    location = client.get_model_version_download_uri("flight_delays", "2")
    stored = mlflow.sklearn.load_model(location)

    np.testing.assert_array_equal(score(stored, july), score(champion, july))


def test_an_unknown_experiment_is_refused(
    registered: tuple[Any, Path, list[str]], champion: Any, july: pd.DataFrame
) -> None:
    _, folder, _ = registered
    uri = f"sqlite:///{folder / 'mlflow.db'}"

    with pytest.raises(TrackingUnavailable, match="no experiment 'dmeo'"):
        register(champion, july, tracking_uri=uri, experiment="dmeo", name="m", alias="champion", window=CHAMPION)
