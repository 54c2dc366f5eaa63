"""What is held still while a worker runs: everything that could move a bit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.environments.worker_pinning import kept
from baseline_pipeline.monitoring.windows import seconds_of

if TYPE_CHECKING:
    from baseline_pipeline.contract.environment import EnvironmentSection

WIDE = (
    "AVX2 FMA3 AVX512F AVX512CD AVX512_KNL AVX512_KNM AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR "
    "X86_V3 X86_V4"
)
"""Numpy's names of wide instructions; from 2.4 on, levels of x86-64 stand for groups of them. It passes over others."""


@dataclass(frozen=True)
class Knobs:
    """What is held still while a worker runs, and recorded with its outputs.

    Attributes:
        threads: Of numerical libraries.
        seed: For training entries that take one.
        batch_rows: Rows of a batch; the shape of a batch changes BLAS paths.
        core_type: OpenBLAS kernel by name; the processor's own where `None`.
        float32: Whether floating features are given with single precision.
        simd: Whether numpy may use the processor's wide instructions.
        memory_mb: Address space that the worker may take.
        cores: Processor numbers it may use.
        quota: Share of the processor's time that loading and scoring get; they take so much longer.
        delay_ms: Waited before every batch or block.
        jitter_ms: Waited on top, evenly between nothing and this; drawn from the seed.
        disk_mb_s: Speed at which the artifact is read.
        clock_s: How far Python's clocks are ahead.
        more: Environment variables on top.
        seconds: Wall-clock time after which it is ended.
    """

    threads: int = 1
    seed: int = 0
    batch_rows: int = 10_000
    core_type: str | None = None
    float32: bool = False
    simd: bool = True
    memory_mb: int | None = None
    cores: tuple[int, ...] | None = None
    quota: float | None = None
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    disk_mb_s: float | None = None
    clock_s: float = 0.0
    more: tuple[tuple[str, str], ...] = ()
    seconds: float = 1800.0

    @classmethod
    def declared(cls, environment: EnvironmentSection) -> Knobs:
        """As a contract has it."""
        return cls(
            threads=environment.threads or 1,
            memory_mb=environment.job_memory_mb,
            seconds=float(seconds_of(environment.job_time)),
        )

    def body(self) -> dict[str, Any]:
        """As JSON; instructions that are left out stand by their names."""
        found = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}
        return found if self.simd else {**found, "simd": WIDE}


def variables(knobs: Knobs) -> dict[str, str]:
    """Environment variables of a worker: what is pinned, and of ours what is neither secret nor meant for us."""
    return {**kept(os.environ), **pinned(knobs)}


def pinned(knobs: Knobs) -> dict[str, str]:
    """Environment variables that a worker has wherever it runs."""
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
        str(knobs.threads),
    )
    fixed = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    more = {"OPENBLAS_CORETYPE": knobs.core_type} if knobs.core_type else {}
    if not knobs.simd:
        more["NPY_DISABLE_CPU_FEATURES"] = WIDE
    return {**threads, **fixed, "PYTHONDONTWRITEBYTECODE": "1", **more, **dict(knobs.more)}
