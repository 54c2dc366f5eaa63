"""Words of errors that are not ours."""

from baseline_pipeline.adapters.environments.worker_loading import words_of
from baseline_pipeline.errors import foreign


def test_of_a_long_error_the_reason_at_its_end_is_kept():
    rows = "\n".join(f"{number}  outdoor  27.4" for number in range(200))
    error = ValueError(f"Failed to enforce schema of data '{rows}'. Error: column uv: cannot convert float64 to int64")

    for words in (foreign(error), words_of(error)):
        assert words.startswith("ValueError: Failed to enforce schema of data '0 outdoor 27.4 1 outdoor")
        assert words.endswith("column uv: cannot convert float64 to int64")
        assert "\n" not in words
        assert len(words) < 700
