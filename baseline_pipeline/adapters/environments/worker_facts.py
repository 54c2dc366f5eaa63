"""What a worker notes of where it ran: versions, BLAS, processor, what was pinned, memory.

`worker` loads this file from beside itself. It runs on every Python from 3.8 on.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

PINNED = ("PYTHONHASHSEED", "NPY_DISABLE_CPU_FEATURES", "TZ", "LC_ALL")
FLAGS = {"sse4_2", "avx", "avx2", "fma", "avx512f", "avx512vl", "amx_tile"}


def environment_facts() -> dict[str, Any]:
    """Versions, BLAS, processor and what was pinned."""
    facts: dict[str, Any] = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "packages": {one.metadata["Name"]: one.version for one in metadata.distributions() if one.metadata["Name"]},
        "pinned": {
            name: value
            for name, value in sorted(os.environ.items())
            if name in PINNED or name.endswith(("_NUM_THREADS", "_CORETYPE"))
        },
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "blas": None,
        "cpu_flags": None,
    }
    try:
        from threadpoolctl import threadpool_info

        names = ("internal_api", "version", "architecture", "num_threads")
        facts["blas"] = [{name: one.get(name) for name in names} for one in threadpool_info()]
    except ImportError:
        pass
    try:
        with Path("/proc/cpuinfo").open() as file:
            flags = next(line for line in file if line.startswith("flags"))
        facts["cpu_flags"] = sorted(set(flags.split()) & FLAGS)
    except (OSError, StopIteration):
        pass
    return facts


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
