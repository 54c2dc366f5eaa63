"""NannyML: univariate drift by its three methods, realised performance; no slices."""

import nannyml as nml
from measured import CATEGORIES, NUMBERS, Parts, frames

parts = Parts()
baseline, current = frames(parts)
drift = nml.UnivariateDriftCalculator(
    column_names=NUMBERS + CATEGORIES,
    treat_as_categorical=CATEGORIES,
    continuous_methods=["kolmogorov_smirnov", "jensen_shannon", "wasserstein"],
    categorical_methods=["chi2", "jensen_shannon"],
    chunk_number=1,
)
parts.time("drift_fit", lambda: drift.fit(baseline))
parts.time("drift", lambda: drift.calculate(current).to_df())
performance = nml.PerformanceCalculator(
    y_true="label",
    y_pred="prediction",
    y_pred_proba="score",
    problem_type="classification_binary",
    metrics=["roc_auc", "f1", "precision", "recall", "specificity", "accuracy", "average_precision"],
    chunk_number=1,
)
parts.time("performance_fit", lambda: performance.fit(baseline))
parts.time("performance", lambda: performance.calculate(current).to_df())
parts.tell("drift of 25 columns, 7 metrics on all rows with sampling error; no slices")
