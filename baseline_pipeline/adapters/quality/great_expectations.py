"""Expectation suites run by Great Expectations, in memory and without a word to anybody."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.quality.suite_file import Rule, check_rules, read_rules
from baseline_pipeline.content import row_names
from baseline_pipeline.errors import ContractError
from baseline_pipeline.quality import ExpectationResult, QualityReport
from baseline_pipeline.records import Digest, digest_of

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_ROWS = 10
_NOT_ARGUMENTS = {"id", "meta", "notes", "rendered_content", "windows", "batch_id", "description", "severity"}


class ExpectationSuite:
    """A suite file behind the quality port.

    Args:
        path: YAML list of `- expectation_name: {column: ..., ...}`.

    Raises:
        ContractError: with file and line, when the file is not a list of rules.
    """

    def __init__(self, path: Path) -> None:
        self._name = "/".join(path.parts[-2:])
        _, self._rules = read_rules(self._name, path.read_text(encoding="utf-8"))

    def digest(self) -> Digest:
        """Moves with the rules' content; not with comments or formatting."""
        return digest_of([[rule.name, rule.arguments] for rule in self._rules])

    def check(self) -> None:
        """Refuse rules and arguments that Great Expectations does not have.

        Raises:
            ContractError: with file, line, and the nearest accepted name.
        """
        check_rules(self._name, self._rules, _accepted(_quiet_import()))

    def validate(self, table: pa.Table, row_id: Sequence[str]) -> QualityReport:
        """Every rule against all rows; a rule that cannot be computed has failed, and says why.

        Raises:
            ContractError: when a rule or an argument is none that Great Expectations has.
        """
        gx = _quiet_import()
        check_rules(self._name, self._rules, _accepted(gx))
        expectations = [_expectation(gx, self._name, rule, number) for number, rule in enumerate(self._rules)]
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        batch = (
            context.data_sources.add_pandas("rows")
            .add_dataframe_asset("rows")
            .add_batch_definition_whole_dataframe("all")
        )
        suite = gx.ExpectationSuite(name="suite", expectations=expectations)
        names = row_names(table, row_id)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's own deprecations, hundreds of them
            answer = batch.get_batch(batch_parameters={"dataframe": table.to_pandas()}).validate(
                suite, result_format={"result_format": "COMPLETE", "partial_unexpected_count": 0}
            )
        by_order = {result.expectation_config.meta["order"]: result for result in answer.results}
        results = tuple(_result(rule, by_order[number], names) for number, rule in enumerate(self._rules))
        return QualityReport(suite=self.digest(), success=all(one.success for one in results), results=results)


def _quiet_import() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the library
        import great_expectations as gx
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return gx


def _accepted(gx: Any) -> dict[str, set[str]]:
    """Argument names by expectation name, from the library's own classes."""
    found = {}
    for name in dir(gx.expectations):
        kind: Any = getattr(gx.expectations, name)
        if name.startswith("Expect") and hasattr(kind, "__fields__"):
            found[_snake(name)] = set(kind.__fields__) - _NOT_ARGUMENTS
    return found


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _expectation(gx: Any, name: str, rule: Rule, number: int) -> Any:
    kind = next(
        getattr(gx.expectations, one)
        for one in dir(gx.expectations)
        if one.startswith("Expect") and _snake(one) == rule.name
    )
    try:
        made = kind(**rule.arguments)
    except (ValueError, TypeError) as error:
        words = " ".join(str(error).split())[:300]
        message = f"{name}:{rule.line}: {rule.shown}: {words}"
        raise ContractError(message, next_step="correct the arguments") from error
    made.meta = {"order": number}
    return made


def _result(rule: Rule, result: Any, names: pa.Array) -> ExpectationResult:
    details = result.result or {}
    problem = (result.exception_info or {}).get("exception_message") if not result.success else None
    positions = [int(index) for index in details.get("unexpected_index_list") or []]
    count = details.get("unexpected_count")
    return ExpectationResult(
        column=rule.arguments.get("column"),
        rule=rule.shown,
        success=bool(result.success),
        observed=_observed(details, result, problem),
        unexpected_rows=None if count is None else int(count),
        row_ids=tuple(names[position].as_py() for position in positions[:SHOWN_ROWS]),
    )


def _observed(details: dict[str, Any], result: Any, problem: str | None) -> str:
    if problem:
        return f"could not be computed: {str(problem)[:300]}"
    raised = [one.get("exception_message") for one in (result.exception_info or {}).values() if isinstance(one, dict)]
    if not result.success and raised:
        return f"could not be computed: {str(raised[0])[:300]}"
    if "unexpected_count" in details:
        values = list(
            dict.fromkeys(
                str(value) for value in details.get("partial_unexpected_list") or details.get("unexpected_list") or []
            )
        )
        shown = f" (such as {', '.join(values[:5])})" if values else ""
        return f"{details['unexpected_count']} of {details.get('element_count', '?')} rows unexpected{shown}"
    value = details.get("observed_value")
    if value is None:
        return "as expected" if result.success else "the column is not there"
    return str(value)[:300]
