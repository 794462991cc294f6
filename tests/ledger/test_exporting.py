"""What leaves a ledger for others, and comes back whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.errors import DemarcateError
from demarcate.ledger import exporting
from demarcate.ledger.entry import Act, Actor, digest
from demarcate.ledger.exporting import import_entries, read_export
from demarcate.ledger.ledger import Ledger
from tests.ledger.test_databases import fill, verified
from tests.ledger.test_verifying import acts, chained
from tests.processes import demarcate

HOSTILE = 'a\n=HYPERLINK("http://x")\x1b[31m\u202e\x7f\ud83d🎉;=1,"é'


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """An export of three entries with texts that are not harmless."""
    place = str(tmp_path / "ledger.sqlite")
    with Ledger(place) as ledger:
        for number in range(3):
            ledger.append(
                Actor(person=f"=anna{HOSTILE}"),
                Act(kind="tested", change="+c1", authority=HOSTILE, before=[HOSTILE], after={HOSTILE: number}),
            )
        (tmp_path / "ledger.jsonl").write_text("".join(exporting.lines(ledger.stored())))
    return tmp_path / "ledger.jsonl"


def test_a_file_and_standard_output_are_the_same_and_can_be_imported(exported: Path, tmp_path: Path) -> None:
    printed = demarcate("ledger", "export", "--ledger", tmp_path / "ledger.sqlite")
    demarcate("ledger", "export", "--ledger", tmp_path / "ledger.sqlite", "--out", tmp_path / "written.jsonl")
    assert printed.stdout == (tmp_path / "written.jsonl").read_text() == exported.read_text()
    copy = tmp_path / "copy.sqlite"
    done = demarcate("ledger", "import", exported, "--ledger", copy)
    assert (done.returncode, done.stderr) == (0, f"{copy}: 3 entries imported\n")
    assert verified(str(copy)) == 3


def test_each_line_has_its_hash_and_the_last_is_a_pin(exported: Path) -> None:
    *lines, last = exported.read_text().splitlines()
    for line in lines:
        text = line.removeprefix('{"entry":').rpartition(',"hash":')[0]
        assert digest(text) == json.loads(line)["hash"]
    head = json.loads(last)["head"]
    assert (head["number"], head["hash"]) == (3, json.loads(lines[-1])["hash"])


def test_no_cell_is_a_formula(exported: Path, tmp_path: Path) -> None:
    done = demarcate("ledger", "export", "--ledger", tmp_path / "ledger.sqlite", "--format", "csv")
    header, *rows = csv.reader(io.StringIO(done.stdout))
    assert (tuple(header), len(rows)) == (exporting.COLUMNS, 3)
    for row in rows:
        assert all(cell[:1] not in tuple("=+-@\t") for cell in row)
        assert not {"\x1b", "\u202e", "\x7f"} & set("".join(row))


@settings(max_examples=10)
@given(st.lists(acts, max_size=3))
def test_whatever_was_recorded_is_exported_and_read(recorded: list[Act]) -> None:
    rows = chained(recorded)
    path = Path(os.environ["TMPDIR"]) / "any.jsonl"
    path.write_text("".join(exporting.lines(rows)))
    assert read_export(path).hashes == tuple(row.hash for row in rows)


def test_an_empty_ledger_is_exported(tmp_path: Path) -> None:
    fill(str(tmp_path / "empty.sqlite"), 0)
    done = demarcate("ledger", "export", "--ledger", tmp_path / "empty.sqlite", "--out", tmp_path / "empty.jsonl")
    assert (done.returncode, (tmp_path / "empty.jsonl").read_text()) == (0, '{"head":null}\n')
    assert read_export(tmp_path / "empty.jsonl").hashes == ()


def edited(lines: list[str]) -> None:
    lines[1] = lines[1].replace("anna", "bert")


def edited_and_hashed(lines: list[str]) -> None:
    text = lines[1].removeprefix('{"entry":').rpartition(',"hash":')[0].replace("anna", "bert")
    lines[1] = f'{{"entry":{text},"hash":"{digest(text)}"}}\n'


def swapped(lines: list[str]) -> None:
    lines[0], lines[1] = lines[1], lines[0]


def without_first(lines: list[str]) -> None:
    del lines[0]


def without_middle(lines: list[str]) -> None:
    del lines[1]


def without_last(lines: list[str]) -> None:
    del lines[2]


def twice(lines: list[str]) -> None:
    lines.insert(1, lines[1])


def half(lines: list[str]) -> None:
    del lines[2:]


def half_a_line(lines: list[str]) -> None:
    lines[2:] = [lines[2][:100]]


def more(lines: list[str]) -> None:
    lines.append(lines[2])


def nothing(lines: list[str]) -> None:
    lines.clear()


def no_lines(lines: list[str]) -> None:
    lines[:] = ["entry;hash\n"]


def deep(lines: list[str]) -> None:
    lines[1] = "[" * 100_000


def other_keys(lines: list[str]) -> None:
    lines[1] = lines[1].replace('{"entry"', '{"more":1,"entry"')


TAMPERED: list[tuple[Callable[[list[str]], None], str]] = [
    (edited, ":2: was edited: its text does not have its hash"),
    (edited_and_hashed, ": does not verify, so nothing is imported: entry 2: edited"),
    (swapped, ": does not verify, so nothing is imported: entry 1: moved"),
    (without_first, ": does not verify, so nothing is imported: entry 1: deleted"),
    (without_middle, ": does not verify, so nothing is imported: entry 2: deleted"),
    (without_last, ":3: is no line of an exported ledger: it ends with another entry"),
    (twice, ": does not verify, so nothing is imported: entry 3: inserted"),
    (half, ": is not whole: the line with the head, with which an export ends, is missing"),
    (half_a_line, ":3: is no line of an exported ledger"),
    (more, ":4: is no line of an exported ledger: there is more behind its last line"),
    (nothing, ": is not whole"),
    (no_lines, ":1: is no line of an exported ledger"),
    (deep, ":2: is no line of an exported ledger"),
    (other_keys, ":2: is no line of an exported ledger"),
]


@pytest.mark.parametrize(("tamper", "says"), TAMPERED, ids=[tamper.__name__ for tamper, _ in TAMPERED])
def test_a_file_that_was_tampered_with_is_refused(
    exported: Path, tmp_path: Path, tamper: Callable[[list[str]], None], says: str
) -> None:
    lines = exported.read_text().splitlines(keepends=True)
    tamper(lines)
    exported.write_text("".join(lines))
    with pytest.raises(DemarcateError) as refused:
        read_export(exported)
    assert str(refused.value).startswith(f"{exported}{says}")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, says in (("none", "No such file"), (".", "Is a directory"), ("pipe", "it is a pipe")):
        done = demarcate("ledger", "import", tmp_path / name, "--ledger", tmp_path / "copy.sqlite")
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert f"cannot be read: {says}" in done.stderr
    assert not (tmp_path / "copy.sqlite").exists()


def test_another_ledger_and_one_that_went_on_are_refused(exported: Path, tmp_path: Path) -> None:
    other, ahead = str(tmp_path / "other.sqlite"), str(tmp_path / "ahead.sqlite")
    fill(other, 2)
    with Ledger(ahead) as ledger:
        import_entries(read_export(exported), ledger)
        ledger.append(Actor(person="bert"), Act(kind="tested"))
    for place, count in ((other, 2), (ahead, 4)):
        with (
            Ledger(place) as ledger,
            pytest.raises(DemarcateError, match="which has other entries: import it into"),
        ):
            import_entries(read_export(exported), ledger)
        assert verified(place) == count


def test_a_file_that_changes_while_it_is_read_is_not_imported(exported: Path, tmp_path: Path) -> None:
    export = read_export(exported)
    lines = exported.read_text().splitlines(keepends=True)
    edited_and_hashed(lines)
    exported.write_text("".join(lines))
    with Ledger(str(tmp_path / "copy.sqlite")) as ledger:
        with pytest.raises(DemarcateError, match="was changed while it was read, so nothing is imported"):
            import_entries(export, ledger)
        assert ledger.head() is None


def test_a_damaged_ledger_is_not_exported(exported: Path, tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    with Ledger(str(place)) as ledger:
        ledger.transact(
            Actor(person=""),
            lambda writer: [
                writer.connection.exec_driver_sql(statement)
                for statement in (
                    "DROP TRIGGER ledger_no_update",
                    "UPDATE ledger_entries SET entry = replace(entry, 'anna', 'bert') WHERE number = 2",
                )
            ],
        )
    before = exported.read_bytes()
    for format in ("jsonl", "csv"):
        done = demarcate("ledger", "export", "--ledger", place, "--format", format, "--out", exported)
        assert (done.returncode, exported.read_bytes()) == (2, before)
        assert "entry 2 of the ledger is damaged: its text does not have its hash" in done.stderr
