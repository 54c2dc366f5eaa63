"""The expectation suite as people write it: a YAML list, each entry one rule with its arguments."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from baseline_pipeline.contract.yaml_lines import Document, read_yaml
from baseline_pipeline.errors import ContractError


@dataclass(frozen=True)
class Rule:
    """One expectation: `expect_column_values_to_be_between` with `{column: temp, min_value: -30}`."""

    name: str
    arguments: dict[str, Any]
    line: int

    @property
    def shown(self) -> str:
        """The rule with its arguments, without the column."""
        words = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items() if key != "column")
        return f"{self.name}({words})"


def read_rules(name: str, text: str) -> tuple[Document, list[Rule]]:
    """The rules of a suite, in order.

    Raises:
        ContractError: with file and line, for anything but a list of one-key mappings.
    """
    document = read_yaml(name, text)
    if not isinstance(document.value, list) or not document.value:
        message = f"{name}:1: a list of expectations is expected"
        raise ContractError(message, next_step="for example `- expect_column_values_to_not_be_null: {column: temp}`")
    rules = []
    for number, entry in enumerate(document.value):
        line = document.line((number,))
        if not isinstance(entry, dict) or len(entry) != 1 or not isinstance(next(iter(entry.values())), dict):
            message = f"{name}:{line}: {entry!r} stood here; accepted: `- expectation_name: {{column: ..., ...}}`"
            raise ContractError(message)
        rule, arguments = next(iter(entry.items()))
        rules.append(Rule(rule, arguments, line))
    return document, rules


def check_rules(name: str, rules: list[Rule], accepted: Mapping[str, set[str]]) -> None:
    """Refuse rules and arguments that the library does not have.

    Args:
        name: The file's name.
        rules: What was read.
        accepted: Argument names by rule name.

    Raises:
        ContractError: with file, line, and the nearest accepted name.
    """
    for rule in rules:
        if rule.name not in accepted:
            message = f"{name}:{rule.line}: {rule.name!r} is not an expectation{_nearest(rule.name, accepted)}"
            raise ContractError(message, next_step="see Great Expectations' gallery of core expectations")
        for argument in rule.arguments:
            if argument not in accepted[rule.name]:
                words = _nearest(argument, accepted[rule.name])
                listed = ", ".join(sorted(accepted[rule.name]))
                message = (
                    f"{name}:{rule.line}: {argument!r} is not an argument of {rule.name}{words}; accepted: {listed}"
                )
                raise ContractError(message)


def _nearest(word: str, accepted: Mapping[str, Any] | set[str]) -> str:
    close = difflib.get_close_matches(word, accepted, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
