"""Which columns are compared as numbers, which as categories, and which not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract


@dataclass(frozen=True)
class Kinds:
    """Columns by how they are compared.

    Attributes:
        numeric: As numbers.
        categorical: As categories.
        silent: Not at all, with the reason.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    silent: dict[str, str]


def column_kinds(contract: Contract, reference: pa.Table, current: pa.Table) -> Kinds:
    """The kinds of features, `prediction` and label.

    Integers and floats are numbers unless the contract declares them categorical; class labels and
    predicted classes are categories. A column of another type on the two sides, or without a single
    value on one of them, is not compared.
    """
    numeric: list[str] = []
    categorical: list[str] = []
    silent: dict[str, str] = {}
    for name in reference.column_names:
        kind = reference.schema.field(name).type
        if current.schema.field(name).type != kind:
            silent[name] = f"the type moved: {kind} -> {current.schema.field(name).type}"
        elif any(table.column(name).null_count == table.num_rows for table in (reference, current)):
            silent[name] = "all values are null on one side"
        else:
            (numeric if is_number(contract, name, kind) else categorical).append(name)
    return Kinds(tuple(numeric), tuple(categorical), silent)


def is_number(contract: Contract, name: str, kind: pa.DataType) -> bool:
    """Whether a column of a type is compared as numbers."""
    if name == contract.data.label and not contract.gives_numbers:
        return False
    if name == "prediction" and contract.task == "multiclass_classification":
        return False
    if any(feature.categorical for feature in contract.data.features if feature.name == name):
        return False
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
