"""alibi-detect: Kolmogorov-Smirnov p-values of 20 numeric columns; no categories, no performance."""

from alibi_detect.cd import KSDrift
from measured import NUMBERS, Parts, frames

parts = Parts()
baseline, current = (one[NUMBERS].fillna(0).to_numpy("float32") for one in frames(parts))
detector = parts.time("init", lambda: KSDrift(baseline, p_val=0.05))
parts.time("drift", lambda: detector.predict(current))
parts.tell("p-values of 20 columns")
