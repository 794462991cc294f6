"""Where a snapshot cannot be written: one message, before anything is read, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.estate.snapshots.writing import SnapshotWriter
from tests.children import demarcate, one_message

TEMPLATE = "Resources:\n  Data: {Type: 'AWS::EC2::Volume', Properties: {Size: 8, AvailabilityZone: eu-west-1a}}\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "void").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "link").symlink_to("void")
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path


OUTS = {
    "the root": "/",
    "nothing": "",
    "here": ".",
    "above": "..",
    "above below": "void/..",
    "a file": "file",
    "below a file": "file/s",
    "a dangling link": "dangling",
    "a link to an empty folder": "link",
    "a link to itself": "loop",
    "below a link to itself": "loop/s",
    "where nobody may write": "/proc/s",
    "a name that is too long": "x" * 300,
    "a name that is too long with what is put before it": "x" * 250,
    "a path that is too long": "/".join(["x" * 200] * 30),
    "new folders below a name that is too long": f"a/b/{'x' * 300}/s",
}


@pytest.mark.parametrize("asked", [None, {}], ids=["templates", "live"])
@pytest.mark.parametrize("out", OUTS)
def test_an_out_that_cannot_be(
    out: str, asked: dict[str, str] | None, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    before = sorted(place.rglob("*"))
    with pytest.raises(DemarcateError) as error:
        SnapshotWriter("live", "test", out=Path(OUTS[out]), asked=asked)
    assert len(str(error.value).splitlines()) == 1
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize("out", ["the root", "a dangling link", "a name that is too long"])
def test_an_out_that_cannot_be_of_the_command(out: str, place: Path) -> None:
    """The endpoint is one that nobody listens at: to have asked it would be told."""
    before = sorted(place.rglob("*"))
    done = demarcate(
        *("collect", "aws", "--out", OUTS[out], "--endpoint-url", "http://127.0.0.1:9", "--region", "eu-west-1"),
        cwd=place,
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
    )
    one_message(done)
    assert "127.0.0.1" not in done.said, "it was found out too late"
    assert sorted(place.rglob("*")) == before


def test_the_folder_that_it_runs_in_though_empty(place: Path) -> None:
    one_message(
        demarcate("collect", "../t.yaml", "--out", ".", cwd=place / "void"), "the folder that this runs in"
    )
    assert list((place / "void").iterdir()) == []


def test_folders_above_are_made_and_go_with_what_fails(place: Path) -> None:
    before = sorted(place.rglob("*"))
    one_message(demarcate("collect", "void", "--out", "a/b/s", cwd=place), "no template")
    assert sorted(place.rglob("*")) == before
    done = demarcate("collect", "t.yaml", "--out", "a/b/s", cwd=place)
    assert (done.code, (place / "a" / "b" / "s" / "manifest.json").is_file()) == (0, True)
    assert [path.name for path in (place / "a" / "b").iterdir()] == ["s"]


@pytest.mark.parametrize(
    "out", ["/proc/x.html", "x.html/", "file/x.html", f"{'x' * 300}.csv", "void/.html", "/", ""]
)
def test_a_report_that_cannot_be_written(out: str, place: Path) -> None:
    (place / "x.html").mkdir()
    before = sorted(place.rglob("*"))
    one_message(demarcate("assess", "t.yaml", "--check", "ebs-volume-encrypted", "--out", out, cwd=place))
    assert sorted(place.rglob("*")) == before
