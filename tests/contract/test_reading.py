"""Broken contracts: each names file and line, what stood there, and what would be accepted."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from baseline_pipeline.contract.reading import (
    COMPONENT_TYPE,
    contract_path,
    contract_paths,
    parse_contract,
    read_contract,
)
from baseline_pipeline.errors import ContractError, UsageError
from tests.contract.broken import BROKEN, GOOD

PROJECT = Path(__file__).resolve().parents[2]


def read(text):
    return parse_contract("churn/defs.yaml", text, folder="churn")


@pytest.mark.parametrize("word", ["true", "True", "'yes'", "12", "-1"])
def test_a_class_that_yaml_reads_as_it_stands_is_accepted(word):
    assert read(GOOD.replace("positive_class: 1", f"positive_class: {word}")).model.positive_class is not None


def test_the_good_contract_is_read():
    contract = read(GOOD)

    assert contract.data.label == "left"
    assert contract.metrics[0].role == "primary"


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_contract_is_refused_with_file_line_and_what_is_accepted(what):
    old, new, line, words = BROKEN[what]
    assert old in GOOD

    with pytest.raises(ContractError) as refused:
        read(GOOD.replace(old, new))

    message = str(refused.value)
    assert message.startswith("churn/defs.yaml:")
    if line is not None:
        assert f"churn/defs.yaml:{line}:" in message, message
    for word in words:
        assert word in message, message


def test_queries_are_the_clusters_of_a_ranking_unless_it_names_larger_ones():
    text = GOOD.replace("task: binary_classification", "task: ranking").replace("metric: roc_auc", "metric: ndcg")
    contract = read(text.replace("label: left", "label: left\n    query: asked"))
    larger = read(text.replace("label: left", "label: left\n    query: asked\n    cluster: user"))

    assert (contract.data.query, contract.data.cluster) == ("asked", "asked")
    assert (larger.data.query, larger.data.cluster) == ("asked", "user")
    assert contract.definition()["query"] == "asked"


@pytest.mark.parametrize(
    ("text", "stood"),
    [
        ("", "the file is empty"),
        ("# later\n", "the file is empty"),
        ("- name: churn\n", "a list stood here"),
        ("churn\n", "a text stood here"),
        ("7\n", "a number stood here"),
        ("{}\n", "a mapping of nothing stood here"),
        ("name: churn\ntask: regression\n", "a mapping of name, task stood here"),
    ],
)
def test_a_file_that_is_no_contract_says_what_stands_there_under_its_models_name(tmp_path, text, stood):
    (tmp_path / "churn").mkdir()
    (tmp_path / "churn" / "defs.yaml").write_text(text)

    with pytest.raises(ContractError) as refused:
        contract_path(tmp_path, "churn")
    assert f"churn/defs.yaml:1: {stood}; a contract starts with `type: {COMPONENT_TYPE}` and `attributes:`" in str(
        refused.value
    )
    with pytest.raises(UsageError, match="there is no model 'chrun'; models here: none"):
        contract_path(tmp_path, "chrun")


def test_a_misspelt_component_is_a_contract_and_another_librarys_is_none(tmp_path):
    for name, text in {"churn": "type: baseline_pipeline.MonitoredModl\n", "loads": "type: dagster.Sling\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "defs.yaml").write_text(text)

    assert list(contract_paths(tmp_path)) == ["churn"]


def test_an_alias_bomb_is_refused_before_it_grows():
    lines = ["a0: &a0 [x, x]"] + [f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}]" for k in range(1, 40)]

    with pytest.raises(ContractError, match="anchors"):
        read("\n".join(lines))


def test_deep_and_large_files_are_refused():
    with pytest.raises(ContractError, match="nested deeper"):
        read("a: " + "[" * 50 + "]" * 50)
    with pytest.raises(ContractError, match="at most"):
        read("# " + "x" * 300_000)


@pytest.mark.parametrize("text", ["", "just words", "[1, 2]", "attributes: {}"])
def test_a_file_that_is_no_contract_says_how_one_starts(text):
    with pytest.raises(ContractError, match="a contract starts with"):
        read(text)


def test_several_errors_are_told_at_once_in_the_order_of_the_file():
    with pytest.raises(ContractError) as refused:
        read(GOOD.replace("label: left", "lable: left").replace("absolute: 0.01", "absolute: -1"))

    lines = str(refused.value).splitlines()
    assert len(lines) >= 3
    assert [int(line.split(":")[1]) for line in lines] == sorted(int(line.split(":")[1]) for line in lines)


def test_a_list_of_the_wrong_kind_is_told_at_once_and_in_few_lines():
    wrong = "[" + ", ".join(map(str, range(3000))) + "]"  # the square of this many comparisons would be 9,000,000

    with pytest.raises(ContractError) as refused:
        read(GOOD.replace("row_id: [customer]", f"row_id: {wrong}"))

    *lines, last = str(refused.value).splitlines()
    assert last == "churn/defs.yaml: and 2950 further errors"
    assert len(lines) == 50


def test_what_stood_there_is_shown_as_far_as_it_helps():
    with pytest.raises(ContractError) as refused:
        read(GOOD.replace("label: left", f"label: {'left' * 2000}"))

    assert "(8002 characters) stood here; accepted: a text, not empty" in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("zone", ["x" * 300, "../../etc/passwd", "America", "Europe/Berlln"])
def test_a_timezone_that_is_none_is_refused(zone):
    with pytest.raises(ContractError, match=r"timezone '.*' is not known; accepted: names such as Europe/Berlin"):
        read(GOOD + f"  monitoring: {{timezone: {zone!r}}}\n")


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (
            "error_rates: {looks: 0}",
            "error_rates.looks: 0 stood here; accepted: a whole number from 1 to 1000, or open",
        ),
        ("engine: polars", "engine: 'polars' stood here; accepted: duckdb, or a mapping with spark"),
        (
            "engine: {spark: {mastr: a, master: b}}",
            "engine.spark.mastr: 'mastr' is not a word of the contract; did you",
        ),
    ],
)
def test_what_may_stand_in_several_ways_is_refused_in_one_line(section, told):
    with pytest.raises(ContractError) as refused:
        read(GOOD.replace("  slices:\n", f"  {section}\n  slices:\n"))

    message = str(refused.value)
    assert message.startswith(f"churn/defs.yaml:12: {told}")
    assert message.count("churn/defs.yaml:") == 1


def test_margins_are_policy_and_labels_are_definition():
    plain = read(GOOD)
    wider = read(GOOD.replace("absolute: 0.01", "absolute: 0.02"))
    other = read(GOOD.replace("label: left", "label: gone"))

    assert plain.definition() == wider.definition() != other.definition()
    assert plain.policy_digest() != wider.policy_digest()


def test_the_json_schema_takes_the_shipped_contract_and_refuses_a_misspelt_one(capsys):
    from baseline_pipeline.cli.schema import command

    command(metrics=False)
    schema = json.loads(capsys.readouterr().out)
    file = PROJECT / "assets" / "flight_delays" / "defs.yaml"
    document = yaml.load(file.read_text(), Loader=_Texts)

    jsonschema.validate(document, schema)
    document["attributes"]["lable"] = "x"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_the_list_of_metrics_says_what_each_may_be_told(capsys):
    from baseline_pipeline.cli.schema import command

    command(metrics=True)
    lines = {line.split()[0]: " ".join(line.split()) for line in capsys.readouterr().out.splitlines()}

    assert "parameters: beta (a number above 0; required)" in lines["f_beta"]
    assert "parameters: k (a whole number from 1 on; default 5)" in lines["top_k_accuracy"]
    assert "parameters" not in lines["accuracy"]


class _Texts(yaml.SafeLoader):
    """JSON knows no dates."""


_Texts.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


@pytest.mark.parametrize("file", sorted((PROJECT / "assets").glob("*/defs.yaml")), ids=lambda file: file.parent.name)
def test_every_shipped_contract_is_valid(file):
    assert read_contract(file).name == file.parent.name
