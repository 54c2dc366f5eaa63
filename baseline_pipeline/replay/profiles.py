"""Machines that a model might meet: what each of them changes about the process that scores."""

from __future__ import annotations

from baseline_pipeline.contract.environment import ProfileName
from baseline_pipeline.records import Record


class Profile(Record):
    """Circumstances of a worker; what is not named stays as it is."""

    why: str
    """What it stands for."""
    threads: int | None = None
    """Threads of numerical libraries."""
    one_core: bool = False
    """Only one processor core."""
    core_type: str | None = None
    """OpenBLAS kernel, as on an older processor."""
    simd: bool = True
    """Whether numpy may use the wide instructions."""
    float32: bool = False
    """Floating features come with single precision."""
    memory_mb: int | None = None
    """Address space that may be taken."""
    quota: float | None = None
    """Share of the time that the process runs at all."""
    delay_ms: float = 0.0
    """Waited before every request is answered: a feature store or a model behind a network."""
    jitter_ms: float = 0.0
    """Waited on top, evenly between nothing and this."""
    disk_mb_s: float | None = None
    """Speed at which the model's files are read."""
    clock_s: float = 0.0
    """How far the clock is ahead, as far as Python code asks for it."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables."""


PROFILES: dict[ProfileName, Profile] = {
    "slow_machine": Profile(why="half the processor's time, one core", one_core=True, threads=1, quota=0.5),
    "one_core": Profile(why="one core instead of all", one_core=True, threads=1),
    "two_threads": Profile(why="two threads in numerical libraries", threads=2),
    "old_processor": Profile(why="BLAS kernels and instructions of 2009", core_type="Nehalem", simd=False),
    "no_simd": Profile(why="numpy without wide instructions", simd=False),
    "float32_input": Profile(why="features stored with single precision", float32=True),
    "little_memory": Profile(why="4 GB of address space", memory_mb=4096),
    "remote_features": Profile(why="features fetched over a network: 5 ms, up to 5 ms more", delay_ms=5, jitter_ms=5),
    "slow_disk": Profile(why="the model is read with 5 MB/s", disk_mb_s=5.0),
    "other_locale": Profile(
        why="Indian time zone, German decimals",
        variables=(("LANG", "de_DE.UTF-8"), ("LC_ALL", "de_DE.UTF-8"), ("TZ", "Asia/Kolkata")),
    ),
    "late_clock": Profile(why="the same rows scored 400 days later", clock_s=400 * 86_400.0),
}
"""By the name that contracts use."""
