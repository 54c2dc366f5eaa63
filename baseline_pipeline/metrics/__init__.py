"""Metrics: one a file, one line each in the table."""

from __future__ import annotations

import difflib

from baseline_pipeline.metrics.absolute_bias import ABSOLUTE_BIAS
from baseline_pipeline.metrics.accuracy import ACCURACY
from baseline_pipeline.metrics.average_precision import AVERAGE_PRECISION
from baseline_pipeline.metrics.balanced_accuracy import BALANCED_ACCURACY
from baseline_pipeline.metrics.bias import BIAS
from baseline_pipeline.metrics.brier import BRIER
from baseline_pipeline.metrics.brier_parts import BRIER_RELIABILITY, BRIER_RESOLUTION
from baseline_pipeline.metrics.calibration_intercept import CALIBRATION_INTERCEPT
from baseline_pipeline.metrics.calibration_slope import CALIBRATION_SLOPE
from baseline_pipeline.metrics.cost_matrix import EXPECTED_COST_BY_CLASS
from baseline_pipeline.metrics.error_rate import ERROR_RATE
from baseline_pipeline.metrics.exact_match import EXACT_MATCH
from baseline_pipeline.metrics.expected_calibration_error import EXPECTED_CALIBRATION_ERROR
from baseline_pipeline.metrics.expected_cost import EXPECTED_COST
from baseline_pipeline.metrics.f1 import F1
from baseline_pipeline.metrics.f_beta import F_BETA
from baseline_pipeline.metrics.fairness import (
    DEMOGRAPHIC_PARITY_GAP,
    EQUAL_OPPORTUNITY_GAP,
    EQUALIZED_ODDS_GAP,
    GROUP_CALIBRATION_GAP,
)
from baseline_pipeline.metrics.interval_coverage import INTERVAL_COVERAGE
from baseline_pipeline.metrics.latency import (
    COST_PER_1K_PREDICTIONS,
    LATENCY_MEAN,
    LATENCY_P50,
    LATENCY_P95,
    LATENCY_P99,
    THROUGHPUT,
)
from baseline_pipeline.metrics.log_loss import LOG_LOSS
from baseline_pipeline.metrics.matthews_correlation import MATTHEWS_CORRELATION
from baseline_pipeline.metrics.mean_absolute_error import MEAN_ABSOLUTE_ERROR
from baseline_pipeline.metrics.mean_reciprocal_rank import MEAN_RECIPROCAL_RANK
from baseline_pipeline.metrics.mean_squared_error import MEAN_SQUARED_ERROR
from baseline_pipeline.metrics.memory import PEAK_MEMORY
from baseline_pipeline.metrics.ndcg import NDCG
from baseline_pipeline.metrics.outcomes import Metric
from baseline_pipeline.metrics.percentage_errors import MEAN_ABSOLUTE_PERCENTAGE_ERROR, SYMMETRIC_PERCENTAGE_ERROR
from baseline_pipeline.metrics.pinball_loss import PINBALL_LOSS
from baseline_pipeline.metrics.precision import PRECISION
from baseline_pipeline.metrics.r2 import R2
from baseline_pipeline.metrics.recall import RECALL
from baseline_pipeline.metrics.roc_auc import ROC_AUC
from baseline_pipeline.metrics.root_mean_squared_error import ROOT_MEAN_SQUARED_ERROR
from baseline_pipeline.metrics.specificity import SPECIFICITY
from baseline_pipeline.metrics.stability import FLIP_RATE, RIGHT_TO_WRONG_RATE, WRONG_TO_RIGHT_RATE
from baseline_pipeline.metrics.token_f1 import TOKEN_F1
from baseline_pipeline.metrics.top_k_accuracy import TOP_K_ACCURACY

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        ACCURACY,
        ERROR_RATE,
        BALANCED_ACCURACY,
        PRECISION,
        RECALL,
        SPECIFICITY,
        F1,
        ROC_AUC,
        BRIER,
        LOG_LOSS,
        CALIBRATION_SLOPE,
        CALIBRATION_INTERCEPT,
        MEAN_ABSOLUTE_ERROR,
        MEAN_SQUARED_ERROR,
        ROOT_MEAN_SQUARED_ERROR,
        ABSOLUTE_BIAS,
        R2,
        AVERAGE_PRECISION,
        BIAS,
        BRIER_RELIABILITY,
        BRIER_RESOLUTION,
        EXPECTED_CALIBRATION_ERROR,
        EXPECTED_COST,
        EXPECTED_COST_BY_CLASS,
        F_BETA,
        DEMOGRAPHIC_PARITY_GAP,
        EQUAL_OPPORTUNITY_GAP,
        EQUALIZED_ODDS_GAP,
        GROUP_CALIBRATION_GAP,
        MATTHEWS_CORRELATION,
        MEAN_ABSOLUTE_PERCENTAGE_ERROR,
        SYMMETRIC_PERCENTAGE_ERROR,
        PINBALL_LOSS,
        INTERVAL_COVERAGE,
        TOP_K_ACCURACY,
        EXACT_MATCH,
        TOKEN_F1,
        NDCG,
        MEAN_RECIPROCAL_RANK,
        LATENCY_MEAN,
        LATENCY_P50,
        LATENCY_P95,
        LATENCY_P99,
        THROUGHPUT,
        COST_PER_1K_PREDICTIONS,
        PEAK_MEMORY,
        FLIP_RATE,
        RIGHT_TO_WRONG_RATE,
        WRONG_TO_RIGHT_RATE,
    )
}


def nearest_metric(name: str) -> str:
    """The known metric whose name is closest.

    Example:
        >>> nearest_metric("auc"), nearest_metric("logloss"), nearest_metric("rmse")
        ('roc_auc', 'log_loss', 'root_mean_squared_error')
    """
    initials = [known for known in METRICS if "".join(word[0] for word in known.split("_")) == name.lower()]
    close = difflib.get_close_matches(name, METRICS, n=1, cutoff=0.0)
    contained = [known for known in METRICS if name and name in known.split("_")]
    return (contained or initials or close)[0]
