from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from baseline_pipeline.demo.beside import Beside
from baseline_pipeline.errors import ContractError, EvidenceUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


def process_numbers(count: int) -> Iterator[int]:
    for _ in range(count):
        yield os.getpid()


def refused() -> Iterator[int]:
    yield 1
    message = "lockfile x.lock is not understood"
    raise ContractError(message, next_step="write it anew")


def dying() -> Iterator[int]:
    yield 1
    os._exit(7)


def endless() -> Iterator[int]:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        yield os.getpid()
        yield child.pid
        child.wait()
    finally:
        child.kill()
        child.wait()


def test_things_are_made_in_another_process() -> None:
    with Beside(process_numbers, 2) as other:
        found = [other.take(), other.take()]

    assert (found[0] == found[1], os.getpid() in found) == (True, False)


def test_what_it_raises_is_raised_where_it_is_taken_with_its_words() -> None:
    with Beside(refused) as other:
        other.take()
        with pytest.raises(ContractError, match=r"x\.lock is not understood") as raised:
            other.take()

    assert (raised.value.next_step, raised.value.exit_code) == ("write it anew", 2)


def test_a_process_that_died_is_an_error_with_its_exit_code() -> None:
    with Beside(dying) as other:
        other.take()

        with pytest.raises(EvidenceUnavailable, match="exit code 7"):
            other.take()


def test_it_ends_with_the_block_and_so_does_what_it_started() -> None:
    with Beside(endless) as other:
        started = [psutil.Process(other.take()), psutil.Process(other.take())]

    assert [one.is_running() for one in started] == [False, False]
