"""How long an environment takes until it stands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from benchmarks.library_updates.project import LOCKS, Project


def environments(project: Project) -> dict[str, Any]:
    """Seconds until an environment of a gigabyte stands: from nothing, from kept wheels, and found again."""
    kept = project.done / "environments.json"
    if not kept.exists():
        project.python("new")
        with tempfile.TemporaryDirectory(dir=project.root) as folder:
            seconds = {
                "cold": _build(folder, "one", UV_CACHE_DIR=f"{folder}/wheels"),
                "warm": _build(folder, "two", UV_CACHE_DIR=f"{folder}/wheels"),
                "found": _build(folder, "two", UV_CACHE_DIR=f"{folder}/wheels"),
            }
        kept.write_text(json.dumps(seconds))
    return dict(json.loads(kept.read_text()))


BUILD = """\
import json, sys, time
from pathlib import Path
from baseline_pipeline.adapters.environments.uv import build
from baseline_pipeline.environment.installable import installable
said, started = [], time.perf_counter()
built = build(installable("new.lock", sys.argv[2]), Path(sys.argv[1]), name="new.lock", progress=said.append)
seconds = time.perf_counter() - started
size = sum(file.lstat().st_size for file in built.folder.rglob("*") if file.is_file())
print(json.dumps({"seconds": round(seconds, 2), "lines": len(said), "mb": round(size / 1e6)}))
"""


def _build(folder: str, home: str, **variables: str) -> dict[str, Any]:
    lock = "\n".join(LOCKS["new"].split())
    command = [sys.executable, "-c", BUILD, f"{folder}/{home}", lock]
    env = {**os.environ, **variables}
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout))
