"""What a team promises about one monitored model: the contract, read strictly."""

from baseline_pipeline.contract.contract import Contract
from baseline_pipeline.contract.data import DataSection, Feature, Source
from baseline_pipeline.contract.environment import EnvironmentSection
from baseline_pipeline.contract.metrics import ErrorRates, Margin, MetricRule, SliceRule
from baseline_pipeline.contract.model import ModelSection, Training
from baseline_pipeline.contract.response import Promotion, Response, Schedules
from baseline_pipeline.contract.slices import SliceSpec

__all__ = [
    "Contract",
    "DataSection",
    "EnvironmentSection",
    "ErrorRates",
    "Feature",
    "Margin",
    "MetricRule",
    "ModelSection",
    "Promotion",
    "Response",
    "Schedules",
    "SliceRule",
    "SliceSpec",
    "Source",
    "Training",
]
