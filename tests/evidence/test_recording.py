"""Rows that are added to an evidence folder are there, all of them, and are read as they were meant."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.errors import DemarcateError
from demarcate.evidence import recording
from demarcate.evidence.cells import words
from demarcate.evidence.load import load_evidence
from demarcate.evidence.recording import FILE, append_training
from demarcate.model import Model, load
from tests.evidence.conftest import MOMENT
from tests.processes import PATIENCE, started

BASICS = "awareness-and-training.train-employees"
MODEL = load()


def add(folder: Path, person: str = "person-01", course: str = "Basics", score: str = "9/10") -> Path:
    day = date(2026, 11, 20)
    return append_training(
        folder, person=person, course=course, responsibility=BASICS, completed=day, score=score, passed=True
    )


def test_a_row_is_added(folder: Path, model: Model) -> None:
    path = add(folder)
    assert path == folder / "training" / "recorded.csv"
    assert path.read_text() == (
        "person,course,responsibility,completed,assigned,valid_until,score,passed\n"
        "person-01,Basics,awareness-and-training.train-employees,2026-11-20,,,9/10,yes\n"
    )
    before = path.read_text()
    add(folder, person="=1+1")
    assert path.read_text() == before + f"'=1+1,Basics,{BASICS},2026-11-20,,,9/10,yes\n"
    evidence = load_evidence(folder, model, MOMENT)
    assert evidence.problems == ()
    assert [(r.by, r.on, r.met, r.detail) for r in evidence.records] == [
        ("person-01", date(2026, 11, 20), True, "score 9/10"),
        ("=1+1", date(2026, 11, 20), True, "score 9/10"),
    ]
    assert [path.name for path in (folder / "training").iterdir()] == ["recorded.csv"], "nothing else is left"


SOME = st.text(st.sampled_from("=+-@\t\r\n'\",; a\u2028é"), max_size=12) | st.text(max_size=40)
WRITABLE = SOME.filter(lambda text: words(text) and "\0" not in text)


@settings(max_examples=50)
@given(st.lists(st.tuples(WRITABLE, WRITABLE, SOME.filter(lambda text: "\0" not in text)), min_size=1, max_size=3))
def test_rows_are_read_as_they_were_added(rows: list[tuple[str, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as made:
        for person, course, score in rows:
            path = add(Path(made), person, course, score)
        assert not any(line[:1] in "=+-@\t" for line in path.read_text().splitlines())
        evidence = load_evidence(Path(made), MODEL, MOMENT)
    assert evidence.problems == ()
    assert [(record.by, record.title, record.detail) for record in evidence.records] == [
        (words(person), words(course), f"score {words(score)}" if words(score) else "")
        for person, course, score in rows
    ]


@pytest.mark.parametrize("text", ["", " \n", "a\0b", "\udc80", "x" * 10_000])
def test_what_no_file_can_hold(text: str, folder: Path) -> None:
    with pytest.raises(DemarcateError, match=r"^person (is empty|cannot be written down)"):
        add(folder, person=text)
    assert not (folder / FILE).exists()


def test_the_longest_text_is_read_again(folder: Path, model: Model) -> None:
    add(folder, person="=" * 9_999)
    evidence = load_evidence(folder, model, MOMENT)
    assert evidence.problems == ()
    assert evidence.records[0].by == "=" * 9_999


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("person;course\n", "1: has other columns; expected person,course,responsibility"),
        ("", "1: has other columns"),
        ('person,course,responsibility,completed,assigned,valid_until,score,passed\n"a\n', "2: has a quote"),
    ],
)
def test_a_file_that_cannot_be_added_to(text: str, says: str, folder: Path) -> None:
    path = folder / FILE
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(DemarcateError, match=rf"recorded\.csv:{says}"):
        add(folder)
    assert path.read_text() == text


def test_a_last_line_without_end(folder: Path, model: Model) -> None:
    path = add(folder)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    add(folder, person="person-02")
    assert [record.by for record in load_evidence(folder, model, MOMENT).records] == ["person-01", "person-02"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DemarcateError, match="there is no such folder; make it first"):
        add(tmp_path / "missing")


def test_nothing_is_written_through_a_symbolic_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (folder / "training").symlink_to(tmp_path / "out")
    with pytest.raises(DemarcateError, match="is reached by a symbolic link"):
        add(folder)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_written(folder: Path) -> None:
    (folder / "training").write_text("a file")
    with pytest.raises(DemarcateError, match="cannot be written"):
        add(folder)


def test_another_run_is_waited_for_and_then_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(folder)
    lock = folder / "training" / ".recorded.csv.lock"
    lock.touch()
    monkeypatch.setattr(recording, "WAIT", 0.1)
    with pytest.raises(DemarcateError, match=r"another run .*; if there is none, delete .*\.recorded\.csv\.lock"):
        add(folder)
    assert lock.exists(), "it is another run's"
    lock.unlink()
    add(folder)


def test_runs_at_once_lose_no_row(folder: Path, model: Model) -> None:
    code = (
        "import sys, datetime, pathlib\n"
        "from demarcate.evidence import recording\n"
        f"recording.WAIT = {PATIENCE}\n"
        "for n in range(10):\n"
        "    recording.append_training(pathlib.Path('evidence'), person=f'person-{sys.argv[1]}-{n}', course='Basics',\n"
        f"        responsibility='{BASICS}', completed=datetime.date(2026, 11, 20), score='', passed=True)\n"
    )
    with ExitStack() as stack:
        command = (sys.executable, "-c", code)
        runs = [stack.enter_context(started(*command, str(number))) for number in range(3)]
        assert [run.wait(PATIENCE) for run in runs] == [0, 0, 0]
    evidence = load_evidence(folder, model, MOMENT)
    assert {record.by for record in evidence.records} == {f"person-{a}-{b}" for a in range(3) for b in range(10)}
