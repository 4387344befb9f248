"""Writes that fail at any moment, and killed writers: what was there stays, or all is new."""

import contextlib
import errno
import os
import resource
import shutil
import signal
import subprocess
import time

import pytest

from lensflow import artifacts
from lensflow.errors import ArtifactError
from reliability.results import keep
from reliability.writers import HDF5, WRITERS, stack, table

OLD = b"what was there before"


@pytest.fixture(params=WRITERS, ids=lambda write: write.__name__)
def write(request):
    return request.param


def path_for(write, folder):
    folder.mkdir(exist_ok=True)
    # Keras writes weights to files that are called so.
    return folder / f"made.{'weights.h5' if write in HDF5 else 'csv'}"


def in_child(function):
    """Run a function in a child; return its status and what kind of error it raised."""
    read, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            function()
            os.write(send, b"none")
        except BaseException as error:
            os.write(send, f"{type(error).__name__}: {error}".encode()[:2000])
        os._exit(0)
    os.close(send)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


def with_room_for(n_bytes, write, path):
    """Write where files cannot grow beyond a number of bytes, as on a disk that is full."""

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
        write(path)

    return in_child(limited)


def test_a_write_that_fails_at_any_byte(write, tmp_path):
    path = path_for(write, tmp_path)
    write(path)
    whole = path.read_bytes()
    path.write_bytes(OLD)
    sizes = sorted({0, 1, 100, 2048, *(len(whole) * part // 9 for part in range(9))})
    for n_bytes in [size for size in sizes if size < len(whole)]:
        ended = with_room_for(n_bytes, write, path)
        assert ended.startswith("ArtifactError"), (n_bytes, ended)
        assert str(path) in ended
        assert path.read_bytes() == OLD
        assert os.listdir(tmp_path) == [path.name]
    assert with_room_for(len(whole), write, path) == "none"
    assert path.read_bytes() == whole


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_the_nth_rename_or_sync_that_fails(write, tmp_path, monkeypatch, call):
    path = path_for(write, tmp_path)
    write(path)
    whole = path.read_bytes()
    real, calls = getattr(os, call), []

    def counted(*arguments):
        calls.append(arguments)
        if len(calls) == failing:
            raise OSError(errno.EIO, "Input/output error")
        return real(*arguments)

    monkeypatch.setattr(os, call, counted)
    for failing in range(1, 4):
        calls.clear()
        failed = None
        with contextlib.suppress(ArtifactError):
            failed = True
            write(path)
            failed = False
        assert failed == (len(calls) == failing)
        assert path.read_bytes() == whole
        assert os.listdir(tmp_path) == [path.name]
    assert not failed


def killed(write, path, seconds):
    """Write over and over in a child that is killed after some time."""
    child = os.fork()
    if child == 0:
        while True:
            write(path)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def kills(write, folder, n_kills):
    path = path_for(write, folder)
    write(path)
    whole, wrong = path.read_bytes(), 0
    for number in range(n_kills):
        killed(write, path, 0.02 + 0.013 * (number % 17))
        wrong += path.read_bytes() != whole
        write(path)
        wrong += path.read_bytes() != whole
    return wrong


@pytest.mark.parametrize("chosen", [stack, table])
def test_a_killed_writer_leaves_a_whole_file(tmp_path, chosen):
    assert kills(chosen, tmp_path, 5) == 0


@pytest.mark.long
def test_many_killed_writers(tmp_path):
    wrong = [kills(write, tmp_path / write.__name__, 20) for write in WRITERS]
    keep("killed writers", 20 * len(wrong), sum(wrong))
    assert sum(wrong) == 0


def test_a_reader_during_writes_sees_whole_files_only(tmp_path):
    path = tmp_path / "made.h5"
    stack(path)
    child = os.fork()
    if child == 0:
        while True:
            stack(path)
    try:
        for _ in range(30):
            with artifacts.open(path, "stack") as file:
                artifacts.verify(file)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 20 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(place)]
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root may mount a file system of 20 MB")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield place
    # Lazily: HDF5 keeps a file open that it cannot close.
    subprocess.run(["umount", "--lazy", str(place)], check=True)


# In a room of one page a table fits, and HDF5 does not.
FULL = [*((write, 0) for write in WRITERS), *((write, 4096) for write in HDF5)]


@pytest.mark.parametrize(("write", "room"), FULL, ids=lambda each: getattr(each, "__name__", each))
def test_a_full_disk(small_disk, write, room):
    (small_disk / "others").write_bytes(bytes(20 * 2**20 - room))
    path = path_for(write, small_disk)
    ended = in_child(lambda: write(path))
    assert ended.startswith(f"ArtifactError: {path} cannot be written")
    assert os.listdir(small_disk) == ["others"]
    (small_disk / "others").unlink()
    write(path)
    assert path.is_file()


def test_results_that_may_only_be_read(small_disk, write):
    path = path_for(write, small_disk)
    write(path)
    whole = path.read_bytes()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    ended = in_child(lambda: write(path))
    assert ended.startswith(f"ArtifactError: {path} cannot be written")
    assert "Read-only" in ended
    assert path.read_bytes() == whole
