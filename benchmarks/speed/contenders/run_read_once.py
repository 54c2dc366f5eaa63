"""Nothing but decoding every column of both files once, batch by batch, on all cores."""

import pyarrow.parquet as pq
from measured import PATHS, Parts

parts = Parts()


def read(path):
    """Decode one row group after the other."""
    file = pq.ParquetFile(path)
    for group in range(file.metadata.num_row_groups):
        file.read_row_group(group, use_threads=True)


parts.time("baseline", lambda: read(PATHS[0]))
parts.time("current", lambda: read(PATHS[1]))
parts.tell("nothing")
