"""Two processes that are timed against each other use the same processors."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from baseline_pipeline.adapters.environments.cores import on_the_same_cores

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system knows no affinity")
WAITS = "import sys, threading; threading.Thread(target=sys.stdin.read).start(); print('there', flush=True)"


@pytest.fixture
def two():
    with ExitStack() as held:
        found = []
        for _ in range(2):
            one = subprocess.Popen([sys.executable, "-c", WAITS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            held.enter_context(one)
            held.callback(one.kill)
            assert one.stdout.readline() == b"there\n"
            found.append(one.pid)
        yield found


def threads_of(process):
    return [os.sched_getaffinity(int(one.name)) for one in Path(f"/proc/{process}/task").iterdir()]


def test_every_thread_of_both_is_held_and_let_go(two):
    usual = os.sched_getaffinity(0)
    with on_the_same_cores(*two, threads=1):
        inside = [cores for process in two for cores in threads_of(process)]
    after = [cores for process in two for cores in threads_of(process)]

    assert len(inside) == 4
    assert inside == [{max(usual)}] * 4
    assert after == [usual] * 4


def test_processes_of_different_machines_and_such_as_ended_are_left_alone(two):
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(two[0], {min(usual)})
    with on_the_same_cores(*two, threads=1):
        if len(usual) > 1:
            assert [os.sched_getaffinity(one) for one in two] == [{min(usual)}, usual]
    with on_the_same_cores(two[0], 2**22 - 1):
        assert os.sched_getaffinity(two[0]) == {min(usual)}
    with on_the_same_cores():
        pass
