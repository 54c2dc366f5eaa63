"""Evidently: its two presets, DataDriftPreset and ClassificationPreset; no slices, no intervals."""

from evidently import BinaryClassification, DataDefinition, Dataset, Report
from evidently.presets import ClassificationPreset, DataDriftPreset
from measured import CATEGORIES, NUMBERS, Parts, frames

parts = Parts()
baseline, current = frames(parts)
definition = DataDefinition(
    numerical_columns=NUMBERS,
    categorical_columns=CATEGORIES,
    classification=[
        BinaryClassification(target="label", prediction_labels="prediction", prediction_probas="score", pos_label=1)
    ],
)
sides = parts.time("dataset", lambda: [Dataset.from_pandas(one, definition) for one in (current, baseline)])
parts.time("drift", lambda: Report([DataDriftPreset(columns=NUMBERS + CATEGORIES)]).run(*sides).dict())
parts.time("performance", lambda: Report([ClassificationPreset()]).run(*sides).dict())
parts.tell("drift of 25 columns, 14 metrics on all rows; no slices, no intervals")
