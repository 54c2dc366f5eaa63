from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from baseline_pipeline.contract.reading import read_contract
from baseline_pipeline.demo import flights
from baseline_pipeline.demo.training import CHAMPION

ASSETS = Path(__file__).parents[2] / "assets" / "flight_delays"


def read(name: str) -> Any:
    return yaml.safe_load((ASSETS / name).read_text(encoding="utf-8"))


def test_the_contract_is_valid_and_speaks_of_the_columns_that_are_there() -> None:
    contract = read_contract(ASSETS / "defs.yaml")
    data = contract.data

    assert (data.row_id, data.time, data.cluster, data.label, data.feature_names) == (
        flights.ROW_ID,
        flights.TIME,
        flights.CLUSTER,
        flights.LABEL,
        flights.FEATURES,
    )


def test_the_contract_names_the_window_the_champion_learns_from() -> None:
    training = read_contract(ASSETS / "defs.yaml").model.training
    assert training is not None

    assert tuple(day.isoformat() for day in training.window) == CHAMPION


def test_every_gated_metric_says_what_a_loss_costs() -> None:
    gated = [rule for rule in read_contract(ASSETS / "defs.yaml").metrics if rule.role != "report_only"]

    assert [rule.metric for rule in gated if not rule.why] == []


def test_expectations_speak_of_columns_that_are_there() -> None:
    named = [
        arguments["column"]
        for rule in read("expectations.yaml")
        for arguments in rule.values()
        if "column" in arguments
    ]

    assert set(named) <= set(flights.COLUMNS)


@pytest.mark.parametrize("event", read("incidents.yaml"), ids=lambda event: str(event["date"]))
def test_every_incident_has_days_of_2013_a_description_and_a_source(event: dict[str, Any]) -> None:
    days = event["date"] if isinstance(event["date"], list) else [event["date"]]
    within = all(isinstance(day, dt.date) and day.year == 2013 for day in days)

    assert (set(event), within, days == sorted(days)) == ({"date", "what", "source"}, True, True)


@pytest.mark.parametrize("tier", ["minor", "moderate", "severe"])
def test_every_tier_has_a_playbook_with_numbered_steps(tier: str) -> None:
    text = (ASSETS / "playbooks" / f"{tier}.md").read_text(encoding="utf-8")

    assert "\n1. " in text
