"""How much a model leans on each feature, and whether it answers twice alike."""

from __future__ import annotations

from pydantic import Field

from baseline_pipeline.contract.section import Section


class ExplanationSection(Section):
    """Every evaluation scores some rows again: as they are, and with one feature after the other permuted."""

    rows: int = Field(default=1000, ge=0, le=100_000)
    """How many rows; 0 leaves it out."""
    repeats: int = Field(default=2, ge=1, le=50)
    """How many permutations of each feature."""
    shap: bool = False
    """SHAP values of 50 rows beside it; the extra `shap` brings them."""
