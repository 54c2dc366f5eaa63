"""Conditions over columns, and lengths of texts, as contracts write them."""

from baseline_pipeline.expression.condition import Expression
from baseline_pipeline.expression.instants import instant
from baseline_pipeline.expression.lengths import length_of, values_of
from baseline_pipeline.expression.reading import contains

__all__ = ["Expression", "contains", "instant", "length_of", "values_of"]
