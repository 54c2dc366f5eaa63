import datetime as dt

import pyarrow as pa
import pytest

from baseline_pipeline.adapters.quality.great_expectations import ExpectationSuite
from baseline_pipeline.errors import ContractError

TABLE = pa.table(
    {
        "id": list(range(6)),
        "x": [0.1, None, 2.0, 0.5, -1.0, 0.2],
        "c": list("abcabc"),
        "at": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * 6,
    }
)
RULES = {
    "expect_column_values_to_not_be_null: {column: x}": ("1 of 6 rows", ("1",)),
    "expect_column_values_to_be_between: {column: x, min_value: 0, max_value: 1}": ("2 of 6 rows", ("2", "4")),
    "expect_column_values_to_be_in_set: {column: c, value_set: [a, b]}": ("2 of 6 rows", ("2", "5")),
    "expect_column_values_to_be_unique: {column: c}": ("6 of 6 rows", ("0", "1", "2", "3", "4", "5")),
    "expect_column_values_to_match_regex: {column: c, regex: '^[ab]$'}": ("2 of 6 rows", ("2", "5")),
    "expect_column_to_exist: {column: y}": ("the column is not there", ()),
    "expect_table_row_count_to_be_between: {min_value: 10}": ("6", ()),
    "expect_column_mean_to_be_between: {column: x, min_value: 5}": ("0.36", ()),
    "expect_column_values_to_be_between: {column: y, min_value: 0}": ("could not be computed", ()),
}


def suite(tmp_path, *rules):
    file = tmp_path / "m" / "expectations.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f"- {rule}\n" for rule in rules))
    return ExpectationSuite(file)


def test_every_broken_rule_says_what_was_observed_and_where(tmp_path):
    report = suite(tmp_path, *RULES).validate(TABLE, ["id"])

    assert not report.success
    for (rule, (observed, rows)), result in zip(RULES.items(), report.results, strict=True):
        assert result.rule.split("(")[0] == rule.split(":")[0]
        assert observed in result.observed
        assert result.row_ids == rows


def test_rules_that_hold_pass_and_the_digest_counts_content(tmp_path):
    rule = "expect_column_values_to_be_between: {column: x, min_value: -1, max_value: 2}"
    one = suite(tmp_path, rule)
    report = one.validate(TABLE, ["id"])
    two = suite(tmp_path, f"{rule}  # a remark")

    assert report.success
    assert two.digest() == one.digest()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("expect_column_values_to_be_betwen: {column: x}", "did you mean 'expect_column_values_to_be_between'?"),
        ("expect_column_values_to_be_between: {column: x, min_valu: 0}", "did you mean 'min_value'?"),
        ("just words", "accepted: `- expectation_name"),
    ],
)
def test_a_misspelt_rule_is_refused_with_file_line_and_nearest_name(tmp_path, rule, words):
    with pytest.raises(ContractError) as refused:
        suite(tmp_path, rule).check()

    assert "m/expectations.yaml:1" in str(refused.value)
    assert words in str(refused.value)
