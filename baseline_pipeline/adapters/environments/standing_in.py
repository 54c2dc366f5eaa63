"""Whether this machine can stand for another one."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.environments.knobs import Knobs, pinned

if TYPE_CHECKING:
    from baseline_pipeline.replay.profiles import Profile

TAKEN = """
try:
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
except ImportError:
    from numpy.core._multiarray_umath import __cpu_dispatch__, __cpu_features__
print(*(name for name in __cpu_dispatch__ if __cpu_features__[name]))
"""
NARROW = {"SSE", "SSE2", "SSE3", "SSSE3", "SSE41", "POPCNT", "SSE42", "AVX", "F16C", "XOP", "FMA4", "X86_V2"}


def lacks(profile: Profile) -> str:
    """Why this machine cannot stand for another one; empty where it can."""
    variables = dict(profile.variables)
    wanted = variables.get("LC_ALL")
    if wanted and not _speaks(wanted):
        return f"cannot be simulated here: this machine has no locale {wanted} (Debian: apt install locales-all)"
    if profile.one_core and not hasattr(os, "sched_setaffinity"):
        return "cannot be simulated here: this system holds no process to a core"
    if (profile.core_type or not profile.simd) and platform.machine().lower() not in {"x86_64", "amd64"}:
        return f"cannot be simulated here: these are instructions of x86-64, and this machine is {platform.machine()}"
    if not profile.simd and (wide := _still_wide()):
        return f"cannot be simulated here: numpy takes {wide} all the same"
    return ""


def _still_wide() -> str:
    """Wide instructions that numpy takes though it is told not to: a later one may know them by other names."""
    environment = {**os.environ, **pinned(Knobs(simd=False))}
    done = subprocess.run([sys.executable, "-I", "-c", TAKEN], env=environment, capture_output=True, check=False)  # noqa: S603  # our own words
    return " ".join(name for name in done.stdout.decode().split() if name not in NARROW)


def _speaks(name: str) -> bool:
    """Whether the machine has a locale; asked in a process of its own, whose locale is nobody else's."""
    asked = "import locale; locale.setlocale(locale.LC_ALL, '')"
    environment = {**os.environ, "LC_ALL": name}
    done = subprocess.run([sys.executable, "-I", "-c", asked], env=environment, capture_output=True, check=False)  # noqa: S603  # our own words
    return done.returncode == 0
