"""A build that fails or hangs ends in words, leaves a log, and nothing half-made."""

import socket
import zipfile

import pytest

from baseline_pipeline.adapters.environments import installer, uv
from baseline_pipeline.environment.installable import installable


@pytest.fixture
def silent_index(monkeypatch, tmp_path):
    """An index that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.getsockname()[1]}/simple")
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
        yield


def left(root):
    return sorted(one.suffix for one in root.iterdir())


def test_an_index_that_hangs_is_given_up_on_with_what_to_do(silent_index, monkeypatch, tmp_path):
    monkeypatch.setattr(installer, "LONGEST", 2.0)
    with pytest.raises(uv.NotBuilt, match=r"kiln\.lock cannot be built: it was not done after 2 s") as told:
        uv.build(installable("kiln.lock", "glaze==1.0\n"), tmp_path / "built", name="kiln.lock")

    assert "begin again" in told.value.next_step
    assert left(tmp_path / "built") == [".lock", ".log"]


def test_what_a_failed_build_printed_stands_in_a_log_that_is_named(monkeypatch, tmp_path):
    source = tmp_path / "glaze-1.0.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(
            "glaze-1.0/pyproject.toml", "[build-system]\nrequires=[]\nbuild-backend='b'\nbackend-path=['.']"
        )
        archive.writestr("glaze-1.0/b.py", "print('looking for clay')\nraise OSError('no clay.h here')\n")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    root = tmp_path / "built"

    with pytest.raises(uv.NotBuilt, match=r"`glaze @ file.*`: OSError: no clay\.h here") as told:
        uv.build(installable("kiln.lock", f"glaze @ {source.as_uri()}\n"), root, name="kiln.lock")

    (log,) = root.glob("*.log")
    assert str(log) in told.value.next_step
    assert "looking for clay" in log.read_text()
