"""What is no file (a pipe, a socket, a device), wherever a file is expected: one message, at once, in little memory."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.tables import table
from tests.children import MEMORY, Done, demarcate, one_message

TEMPLATE = "Resources:\n  Data: {Type: 'AWS::EC2::Volume', Properties: {Size: 8, AvailabilityZone: eu-west-1a}}\n"


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's name may be but 107 bytes long
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


KINDS: dict[str, Callable[[Path], None]] = {"pipe": fifo, "socket": unix_socket, "device": zero}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with one of everything that is right."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "good.yaml").write_text(TEMPLATE)
    (tmp_path / "checks").mkdir()
    (tmp_path / "evidence").mkdir()
    with SnapshotWriter("live", "test", out=tmp_path / "snapshot") as writer:
        part = writer.part(table("aws_ebs_volume"), ["volume_id"], "123456789012", "eu-west-1")
        part.append([{"resource": "a", "volume_id": "a"}])
        part.seal()
        writer.finish()
    return tmp_path


def instead(path: Path, make: Callable[[Path], None]) -> None:
    """Put what is no file in the place of a file."""
    path.unlink(missing_ok=True)
    make(path)


QUERY = ("query", "SELECT volume_id FROM aws_ebs_volume")
ASSESS = ("assess", "templates", "--check", "ebs-volume-encrypted", "--format", "json")
PART = "snapshot/tables/aws_ebs_volume/00000.parquet"

REFUSED = {
    "a template that is named": ("odd.yaml", (*QUERY, "odd.yaml"), 3),
    "a manifest": ("snapshot/manifest.json", (*QUERY, "snapshot"), 2),
    "a part": (PART, (*QUERY, "snapshot"), 3),
    "a parameter file": ("p.json", (*ASSESS, "--parameters", "p.json"), 2),
    "a check file": ("checks/c.yaml", (*ASSESS, "--checks", "checks"), 2),
    "a delivery of Config": ("123456789012_Config_eu-west-1_ConfigSnapshot_20260101T000000Z_a.json.gz", (), 3),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_file_is_refused(what: str, kind: str, place: Path) -> None:
    name, args, code = REFUSED[what]
    instead(place / name, KINDS[kind])
    if not args:
        (place / "config").mkdir()
        shutil.move(place / name, place / "config" / name)
        args = (*QUERY, "config")
    done = demarcate(*args, cwd=place)
    assert "Traceback" not in done.said
    assert done.code == (2 if name.endswith(".gz") and kind == "device" else code), done.said
    assert Path(name).name in done.said
    assert done.peak < MEMORY
    if code == 2:
        one_message(done)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["templates/odd.yaml", "evidence/training.csv"])
def test_what_is_no_file_in_a_folder_is_told_and_the_rest_goes_on(name: str, kind: str, place: Path) -> None:
    KINDS[kind](place / name)
    done: Done = demarcate(*ASSESS, "--evidence", "evidence", cwd=place)
    assert (done.code, done.peak < MEMORY) == (3, True), done.said
    assert name in done.out
    assert '"resource": "Data"' in done.out or '"resource":"Data"' in done.out


def test_a_file_of_proc_is_read_to_its_limit(place: Path) -> None:
    done = demarcate(*QUERY, "/proc/self/pagemap", cwd=place)
    assert (done.code, done.peak < MEMORY) == (3, True), done.said
    assert "/proc/self/pagemap: " in done.said
