"""What every contender prints: seconds of its parts, and its peak of memory. Needs the standard library alone."""

import json
import resource
import sys
import time


class Parts:
    """Seconds by part, in order."""

    def __init__(self):
        self.seconds = {}

    def time(self, name, work):
        """Do some work, and remember how long it took."""
        started = time.perf_counter()
        found = work()
        self.seconds[name] = round(time.perf_counter() - started, 4)
        return found

    def tell(self, computed, **facts):
        """Print everything as one line of JSON."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": self.seconds, "peak_mb": round(peak), "computed": computed, **facts}))


PATHS = sys.argv[1:3]
NUMBERS = [f"n{place:02d}" for place in range(20)]
CATEGORIES = ["c0", "c1", "c2", "c3", "c4"]


def frames(parts):
    """Both files as pandas frames."""
    import pandas as pd

    return parts.time("load", lambda: [pd.read_parquet(path) for path in PATHS])
