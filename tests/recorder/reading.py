"""What a recorder wrote, read back; and Python in a process of its own."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow.parquet as pq


def read(folder):
    """Every visible file as a table, in the order they were written."""
    paths = sorted(Path(folder).glob("[!.]*.parquet"))
    return [pq.read_table(path, page_checksum_verification=True) for path in paths]


def one_file(folder):
    [table] = read(folder)
    return table


def balanced(facts):
    gone = facts.sampled_out + facts.dropped_full + facts.failed + facts.written + facts.pending
    return facts.recorded == gone


def run_python(program, *arguments, **options):
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)], **options)
