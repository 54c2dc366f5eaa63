"""Whether this machine can stand for another one."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baseline_pipeline.replay.profiles import Profile


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
    return ""


def _speaks(name: str) -> bool:
    """Whether the machine has a locale; asked in a process of its own, whose locale is nobody else's."""
    asked = "import locale; locale.setlocale(locale.LC_ALL, '')"
    environment = {**os.environ, "LC_ALL": name}
    done = subprocess.run([sys.executable, "-I", "-c", asked], env=environment, capture_output=True, check=False)  # noqa: S603  # our own words
    return done.returncode == 0
