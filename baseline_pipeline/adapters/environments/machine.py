"""The machine as it is observed while evaluating."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

Fact = str | int | float | None


def observed_facts() -> dict[str, Fact]:
    """CPU, cores, memory, operating system, BLAS and threads, GPU, container image; `None` where absent."""
    import psutil

    gpu, driver = _gpu()
    blas, threads = _blas()
    return {
        "cpu_model": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "os": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "blas": blas,
        "threads": threads,
        "gpu": gpu,
        "driver": driver,
        "image": os.environ.get("BASELINE_IMAGE"),
    }


def _cpu_model() -> str | None:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or None)


def _blas() -> tuple[str | None, int | None]:
    import numpy  # noqa: F401, ICN001  # loads the BLAS that is asked about
    from threadpoolctl import threadpool_info

    found = [entry for entry in threadpool_info() if entry.get("user_api") == "blas"]
    if not found:
        return None, None
    first = found[0]
    return f"{first['internal_api']} {first.get('version') or ''}".strip(), int(first["num_threads"])


@cache
def _gpu() -> tuple[str | None, str | None]:
    """Name and driver of the first NVIDIA device, by nvidia-smi within three seconds."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None, None
    query = [tool, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=3, check=True)  # noqa: S603  # an absolute path, fixed words
    except (OSError, subprocess.SubprocessError):
        return None, None
    first = answer.stdout.strip().splitlines()[:1]
    parts = [part.strip() for part in first[0].split(",")] if first else []
    return (parts[0], parts[1]) if len(parts) == 2 else (None, None)  # noqa: PLR2004  # name and driver
