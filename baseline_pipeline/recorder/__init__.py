"""What a prediction service embeds: every request or a uniform sample of them, written as Parquet beside the service.

caller -> row -> bounded buffer -> writer thread -> file. The caller's side needs numpy only; pyarrow is imported in the
writer thread, when there is something to write.
"""

from baseline_pipeline.recorder.recorder import Recorder
from baseline_pipeline.recorder.tally import Facts

__all__ = ["Facts", "Recorder"]
