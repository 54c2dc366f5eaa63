"""Libraries that are compiled here already, lent to an environment that holds the very same files."""

from __future__ import annotations

import os
import sysconfig
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path


def lend_compiled(environment: Path, ours: Path | None = None) -> int:
    """Link what is compiled of our libraries into an environment of the same Python; how many files were linked.

    uv installs wheels as links to one copy: where a source is the very file that stands here, what was compiled of it
    is right there, too (Python tells versions apart by a source's time and size). The rest is compiled when first used.

    Args:
        environment: Its root.
        ours: Folder of libraries to lend from; this interpreter's by default.
    """
    lender = ours or Path(sysconfig.get_path("purelib"))
    borrower = Path(sysconfig.get_path("purelib", "venv", {"base": str(environment), "platbase": str(environment)}))
    found = 0
    for source in borrower.rglob("*.py"):
        same = lender / source.relative_to(borrower)
        with suppress(OSError):  # not installed here, not compiled, or on another volume
            if source.samefile(same):
                place = Path(cache_from_source(str(source)))
                place.parent.mkdir(exist_ok=True)
                os.link(cache_from_source(str(same)), place)
                found += 1
    return found
