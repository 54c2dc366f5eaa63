"""Deepchecks: its suites of train-test validation and model evaluation, on samples where it samples."""

import numpy as np
from deepchecks.tabular import Dataset
from deepchecks.tabular.suites import model_evaluation, train_test_validation
from measured import CATEGORIES, NUMBERS, Parts, frames

parts = Parts()
baseline, current = frames(parts)
columns = [*NUMBERS, *CATEGORIES, "label"]
sides = parts.time(
    "dataset", lambda: [Dataset(one[columns], label="label", cat_features=CATEGORIES) for one in (baseline, current)]
)
said = {
    f"y_{word}_{side}": value
    for side, one in (("train", baseline), ("test", current))
    for word, value in (
        ("pred", one["prediction"].to_numpy()),
        ("proba", np.column_stack([1 - one["score"], one["score"]])),
    )
}
parts.time("drift", lambda: train_test_validation().run(*sides, **said))
parts.time("performance", lambda: model_evaluation().run(*sides, **said))
parts.tell("drift and performance suites, partly on samples of 10,000 and 100,000 rows; weak segments")
