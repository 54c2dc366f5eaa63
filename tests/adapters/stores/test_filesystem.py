import errno
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from baseline_pipeline.adapters.stores.durable import sha256_of
from baseline_pipeline.adapters.stores.filesystem import FilesystemStore
from baseline_pipeline.errors import StoreCorrupt, UsageError
from baseline_pipeline.records import Record, digest_of

WRITER = """
import itertools, sys
from pathlib import Path
from baseline_pipeline.adapters.stores.filesystem import FilesystemStore
from baseline_pipeline.records import Record, digest_of

class Note(Record):
    text: str

root, seed = Path(sys.argv[1]), int(sys.argv[2])
store, scratch = FilesystemStore(root / "store"), root / "scratch"
scratch.mkdir(parents=True, exist_ok=True)
print("ready", flush=True)
for number in itertools.count(seed * 100_000):
    file = scratch / f"{seed}-{number}"
    file.write_bytes(str(number % 500).encode() * 20_000)
    store.put_file(file)
    store.save("notes", "demo", digest_of(number % 500), Note(text=str(number % 500) * 20_000))
"""

KILLED_AT_EVERY_LINE = """
import itertools, os, signal, sys
from pathlib import Path
from baseline_pipeline.adapters.stores.filesystem import FilesystemStore
from baseline_pipeline.records import Record, digest_of

class Note(Record):
    text: str

root = Path(sys.argv[1])

def write(step):
    store = FilesystemStore(root / "store")
    file = root / f"finished-{step}"
    file.write_text(f"rows {step}")
    lines = itertools.count(1)

    def trace(frame, event, argument):
        if event == "line" and next(lines) == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    store.put_file(file)
    store.save("notes", "demo", digest_of(step), Note(text=str(step)))
    os._exit(0)

for step in itertools.count(1):
    child = os.fork()
    if child == 0:
        write(step)
    if os.waitpid(child, 0)[1] == 0:
        print(step - 1)
        break
"""


class Note(Record):
    text: str


@pytest.fixture
def store(tmp_path):
    return FilesystemStore(tmp_path / "store")


def put(store, content):
    path = store.root.parent / "finished"
    path.write_bytes(content)
    return store.put_file(path)


def record_path(store, key):
    return store.root / "demo" / "notes" / f"{key}.json"


def overwrite(path, content):
    path.chmod(0o644)
    path.write_bytes(content)


def flipped(content, bit):
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def test_a_file_put_in_is_found_by_the_digest_of_its_bytes(store):
    digest = put(store, b"rows")

    assert store.file(digest).read_bytes() == b"rows"
    assert store.file(digest) == store.root / "blobs" / digest[:2] / digest


def test_a_file_put_in_is_gone_from_where_it_was(store):
    put(store, b"rows")
    put(store, b"rows")

    assert not (store.root.parent / "finished").exists()


def test_a_file_from_another_file_system_is_copied_in(store, monkeypatch):
    moved = Path.replace

    def refuse(self, target):
        if self.name == "finished":
            raise OSError(errno.EXDEV, "cross-device link")
        return moved(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    digest = put(store, b"rows")

    assert store.file(digest).read_bytes() == b"rows"
    assert not (store.root.parent / "finished").exists()


def test_a_record_comes_back_as_it_was_saved(store):
    store.save("notes", "demo", digest_of(1), Note(text="é"))

    assert store.load("notes", "demo", digest_of(1)) == {"text": "é"}


def test_a_record_that_was_never_saved_is_none(store):
    assert store.load("notes", "demo", digest_of(1)) is None
    assert list(store.records("notes", "demo")) == []


def test_the_first_record_saved_under_a_key_stays(store):
    store.save("notes", "demo", digest_of(1), Note(text="first"))
    store.save("notes", "demo", digest_of(1), Note(text="second"))

    assert store.load("notes", "demo", digest_of(1)) == {"text": "first"}


def test_records_of_one_kind_and_model_are_listed(store):
    for number in range(3):
        store.save("notes", "demo", digest_of(number), Note(text=str(number)))
    store.save("notes", "other", digest_of(9), Note(text="9"))
    store.save("drift", "demo", digest_of(9), Note(text="9"))

    assert sorted(body["text"] for body in store.records("notes", "demo")) == ["0", "1", "2"]


def test_any_flipped_bit_of_a_blob_is_found(store):
    content = b"some rows of data"
    digest = put(store, content)
    path = store.file(digest)
    for bit in range(8 * len(content)):
        overwrite(path, flipped(content, bit))

        with pytest.raises(StoreCorrupt, match=f"named {digest}") as raised:
            store.file(digest)
        assert sha256_of(path) in raised.value.message


def test_any_flipped_bit_of_a_record_is_found(store):
    key = digest_of(1)
    store.save("notes", "demo", key, Note(text="a {note}"))
    path = record_path(store, key)
    content = path.read_bytes()
    for bit in range(8 * len(content)):
        overwrite(path, flipped(content, bit))

        with pytest.raises(StoreCorrupt, match="is damaged") as raised:
            store.load("notes", "demo", key)
        assert str(path) in raised.value.message
        assert raised.value.next_step


def test_a_changed_record_names_both_digests(store):
    key = digest_of(1)
    store.save("notes", "demo", key, Note(text="a"))
    envelope = json.loads(record_path(store, key).read_bytes())
    overwrite(record_path(store, key), json.dumps({**envelope, "body": {"text": "b"}}).encode())

    with pytest.raises(StoreCorrupt) as raised:
        store.load("notes", "demo", key)
    assert digest_of({"text": "a"}) in raised.value.message
    assert digest_of({"text": "b"}) in raised.value.message


def test_a_blob_that_is_absent_is_named(store):
    with pytest.raises(StoreCorrupt, match="is not there"):
        store.file(digest_of(1))


def test_putting_the_bytes_in_again_replaces_a_damaged_blob(store):
    digest = put(store, b"rows")
    overwrite(store.file(digest), b"rot")
    put(store, b"rows")

    assert store.file(digest).read_bytes() == b"rows"


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "A", ".hidden", "a" * 65, "a\n", "blobs"])
def test_a_model_name_that_is_no_name_never_becomes_a_path(store, name):
    with pytest.raises(UsageError, match="stood here; accepted"):
        store.save("notes", name, digest_of(1), Note(text="a"))

    assert not store.root.exists()


@pytest.mark.parametrize("digest", ["", "../../x", "A" * 64, "0" * 63])
def test_a_digest_that_is_none_never_becomes_a_path(store, digest):
    with pytest.raises(UsageError, match="64 hexadecimal digits"):
        store.file(digest)


def test_many_writers_of_the_same_things_do_no_harm(store, tmp_path):
    failures = []

    def write(writer):
        try:
            for number in range(20):
                path = tmp_path / f"{writer}-{number}"
                path.write_bytes(b"x" * number)
                store.put_file(path)
                store.save("notes", "demo", digest_of(number), Note(text=str(number)))
        except BaseException as error:
            failures.append(error)
            raise

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert failures == []
    assert len(list(store.records("notes", "demo"))) == 20
    assert all(sha256_of(path) == path.name for path in store.root.glob("blobs/*/*"))


def assert_whole(store):
    blobs = [path for path in store.root.glob("blobs/*/*") if not path.name.startswith(".")]

    assert blobs
    assert all(sha256_of(path) == path.name for path in blobs)
    assert all(set(body) == {"text"} for body in store.records("notes", "demo"))


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    run = [sys.executable, "-c", KILLED_AT_EVERY_LINE, str(folder)]
    return folder, int(subprocess.run(run, stdout=subprocess.PIPE, check=True).stdout)


def test_a_writer_killed_at_any_line_of_its_code_leaves_nothing_half_written(killed):
    folder, kills = killed

    assert kills > 100
    assert_whole(FilesystemStore(folder / "store"))


def test_what_killed_writers_left_unfinished_is_in_nobodys_way(killed, tmp_path):
    folder, kills = killed
    store = FilesystemStore(shutil.copytree(folder, tmp_path / "copy") / "store")
    for step in range(1, kills + 1):
        store.save("notes", "demo", digest_of(step), Note(text=str(step)))
        put(store, f"rows {step}".encode())

    assert_whole(store)
    assert len(list(store.records("notes", "demo"))) >= kills


def test_several_writers_killed_at_random_moments_leave_nothing_half_written(tmp_path):
    chance = random.Random(7)  # moments to kill at, no secrets
    for round_ in range(6):
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(4 * round_ + k)], stdout=subprocess.PIPE)
            for k in range(4)
        ]
        for writer in writers:
            writer.stdout.readline()
        for writer in writers:
            time.sleep(chance.uniform(0.0, 0.05))
            os.kill(writer.pid, 9)
            writer.communicate()

    assert_whole(FilesystemStore(tmp_path / "store"))
