"""What a worker notes of where it ran: Python, machine, what was pinned, memory.

`worker` loads this file from beside itself. It runs on every Python from 3.8 on.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

PINNED = ("PYTHONHASHSEED", "NPY_DISABLE_CPU_FEATURES", "TZ", "LC_ALL")


def environment_facts() -> dict[str, Any]:
    """Python, machine, cores and what was pinned."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "pinned": {
            name: value
            for name, value in sorted(os.environ.items())
            if name in PINNED or name.endswith(("_NUM_THREADS", "_CORETYPE"))
        },
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def peak_memory() -> float:
    """Most memory held so far, in MB.

    Linux hands what the starting process held on to `getrusage`; its own count begins with the program.
    """
    try:
        with Path("/proc/self/status").open() as file:
            return round(int(next(line for line in file if line.startswith("VmHWM")).split()[1]) / 2**10, 1)
    except (OSError, StopIteration, ValueError):
        pass
    import resource

    scale = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale, 1)


def summed_up(facts: dict[str, Any]) -> str:
    """The facts of a job in one line."""
    took = ", ".join(f"{stage} {value:.2f} s" for stage, value in facts["seconds"].items())
    place = f"Python {facts['python']} on {facts['machine']}, {facts['cores']} cores"
    ended = f"failed: {facts['failure']}" if facts["failure"] else "done"
    return f"{ended}; {took}; peak memory {facts['peak_memory_mb']} MB; {place}"
