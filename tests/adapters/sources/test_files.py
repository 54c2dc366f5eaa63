import os
import threading
import time
from types import SimpleNamespace

import pyarrow as pa
import pytest

from baseline_pipeline.adapters.sources import files
from baseline_pipeline.adapters.sources.csv import csv_source
from baseline_pipeline.adapters.sources.files import FileSource
from baseline_pipeline.errors import DataNotThereYet


def write(path, text, *, age=60.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


@pytest.fixture
def source(tmp_path):
    return csv_source("data/*.csv", tmp_path)


def test_an_absent_file_is_missing_and_the_words_name_glob_and_folder(source, tmp_path):
    state = source.state()

    assert (state.status, state.digest) == ("missing", None)
    assert state.detail == f"no file matches data/*.csv in {tmp_path}"


def test_a_folder_is_answered_with_the_glob_that_was_meant(tmp_path):
    (tmp_path / "data").mkdir()

    assert csv_source("data", tmp_path).state().detail == "data is a folder; accepted: a file, or a glob such as data/*"


def test_a_file_at_rest_is_ready_and_its_state_repeats(source, tmp_path):
    write(tmp_path / "data/a.csv", "id\n1\n")
    first, second = source.state(), source.state()

    assert first.status == "ready"
    assert first == second


def test_an_edit_that_keeps_size_and_time_is_seen(source, tmp_path):
    path = write(tmp_path / "data/a.csv", "id\n1\n")
    before = source.state().digest
    stat = path.stat()
    path.write_text("id\n2\n")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert source.state().digest != before


def test_renaming_and_touching_are_no_change(source, tmp_path):
    path = write(tmp_path / "data/a.csv", "id\n1\n")
    before = source.state().digest
    path.rename(path.with_name("b.csv"))
    os.utime(path.with_name("b.csv"), (1e9, 1e9))

    assert source.state().digest == before


def test_one_more_file_of_the_same_content_is_a_change(source, tmp_path):
    write(tmp_path / "data/a.csv", "id\n1\n")
    before = source.state().digest
    write(tmp_path / "data/b.csv", "id\n1\n")

    assert source.state().digest != before


def test_a_file_that_is_being_written_is_not_ready(source, tmp_path):
    path = write(tmp_path / "data/a.csv", "id\n1\n", age=0.0)
    finished = threading.Event()

    def go_on():
        while not finished.wait(0.01):
            with path.open("a") as file:
                file.write("2\n")

    writer = threading.Thread(target=go_on)
    writer.start()
    state = source.state()
    finished.set()
    writer.join()

    assert (state.status, state.digest) == ("being_written", None)
    assert "data/a.csv" in state.detail


def test_a_young_file_that_rests_is_ready(source, tmp_path):
    write(tmp_path / "data/a.csv", "id\n1\n", age=0.0)

    assert source.state().status == "ready"


def test_an_old_file_is_hashed_once_while_its_stat_stays(source, tmp_path, monkeypatch):
    path = write(tmp_path / "data/a.csv", "id\n1\n")
    hashed = []
    monkeypatch.setattr(files, "YOUNG_SECONDS", -1.0)
    monkeypatch.setattr(files, "_hash", lambda path: hashed.append(path) or "0" * 64)
    source.state()
    source.state()

    assert hashed == [path]


def test_a_file_of_exactly_the_patterns_name_wins_over_the_glob(tmp_path):
    write(tmp_path / "a[1].csv", "id\n1\n")
    write(tmp_path / "a1.csv", "id\n2\n")

    assert csv_source("a[1].csv", tmp_path).read().table.to_pydict() == {"id": [1]}


def test_a_link_out_of_the_project_is_followed(tmp_path):
    outside = write(tmp_path / "outside/a.csv", "id\n1\n")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/a.csv").symlink_to(outside)

    assert csv_source("*.csv", tmp_path / "project").read().table.num_rows == 1


def test_a_name_with_shell_words_in_it_is_only_a_name(tmp_path):
    write(tmp_path / "$(touch x); rm -rf a.csv", "id\n1\n")

    assert csv_source("*.csv", tmp_path).read().table.num_rows == 1
    assert not (tmp_path / "x").exists()


def test_what_was_read_is_what_the_state_names(source, tmp_path):
    write(tmp_path / "data/a.csv", "id\n1\n")
    reading = source.read()

    assert reading.origin["digest"] == source.state().digest
    assert list(reading.origin["files"]) == ["data/a.csv"]


def test_reading_what_is_absent_says_so(source):
    with pytest.raises(DataNotThereYet, match="no file matches"):
        source.read()


def test_a_file_replaced_between_look_and_reading_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "a.csv", "id\n1\n")
    source = FileSource("a.csv", tmp_path, lambda path: None, lambda contents: pa.table({}))
    looked = FileSource.state

    def look_and_replace(self):
        state = looked(self)
        write(path, "id\n2\n")
        return state

    monkeypatch.setattr(FileSource, "state", look_and_replace)

    with pytest.raises(DataNotThereYet, match="changed while it was read"):
        source.read()


def test_a_young_file_that_was_looked_at_before_is_not_waited_for_again(source, tmp_path, monkeypatch):
    write(tmp_path / "data/a.csv", "id\n1\n", age=0)
    waited = []
    monkeypatch.setattr(files, "time", SimpleNamespace(sleep=waited.append, time=time.time, monotonic=time.monotonic))
    monkeypatch.setattr(files, "YOUNG_SECONDS", 60.0)
    monkeypatch.setattr(files, "PAUSE_SECONDS", 0.05)

    source.state()
    threading.Event().wait(0.06)
    source.state()
    (tmp_path / "data/a.csv").write_text("id\n1\n2\n")
    source.state()

    assert 0 < waited[0] <= 0.05
    assert waited[1] == 0
    assert 0 < waited[2] <= 0.05
