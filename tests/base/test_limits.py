"""Documents of any reader: what goes too far is refused with its line, quickly, whatever library reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demarcate.base import documents
from demarcate.base.documents import DocumentError, compose, convert, plain, read
from demarcate.base.errors import DemarcateError, Problem
from demarcate.base.limits import MAX_BYTES, MAX_CHARACTERS, MAX_DEPTH, MAX_DIGITS, MAX_NODES, MAX_REASON
from demarcate.checks.catalog import load_checks
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.cloudformation import jsonnodes
from demarcate.estate.sources.cloudformation.parameters import read_parameters
from demarcate.estate.sources.cloudformation.reading import read_plain, read_template


def bomb(leaf: str) -> str:
    lines = [f"- &a0 {leaf}"]
    lines += [f"- &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines) + "\n"


REFUSED = {
    "a number of very many digits": ("a: 1\nb: " + "9" * 5_000 + "\n", 2, f"more than {MAX_DIGITS:,} digits"),
    "a fraction of very many digits": ("a: 1\nb: ." + "9" * 5_000 + "\n", 2, f"more than {MAX_DIGITS:,} digits"),
    "brackets too deep": ("a:\n " + "[" * 100_000 + "\n", 2, f"nested deeper than {MAX_DEPTH} levels"),
    "braces too deep": ("a:\n " + "{a: " * (MAX_DEPTH + 1) + "\n", 2, f"nested deeper than {MAX_DEPTH} levels"),
    "dashes too deep": ("a:\n" + "- " * 100_000 + "\n", 2, f"nested deeper than {MAX_DEPTH} levels"),
    "too many values of aliases": (bomb("{x: y}"), None, f"more than {MAX_NODES:,} values"),
    "too long texts of aliases": (
        f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 50_000)}]\n",
        None,
        f"{MAX_CHARACTERS:,} characters",
    ),
    "too large": ("a: " + "x" * MAX_BYTES + "\n", None, f"at most {MAX_BYTES:,}"),
    "abbreviations of tags": ("%TAG !a! tag:a\n" * 60_000 + "---\na: 1\n", 1, "has a %TAG directive"),
    "abbreviations after the end": ("a: 1\n...\n" + "%TAG !a! tag:a\n" * 60_000, 3, "has a %TAG directive"),
}


def as_dict(path: Path) -> Any:
    return read(path, dict[str, Any])


READERS: dict[str, Callable[[Path], Any]] = {
    "typed": as_dict,
    "parameters": read_parameters,
    "an include": lambda path: read_plain(path, str(path)),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize(("text", "line", "says"), REFUSED.values(), ids=REFUSED)
def test_what_goes_too_far_is_refused(
    text: str, line: int | None, says: str, reader: Callable[[Path], Any], tmp_path: Path
) -> None:
    path = tmp_path / "document.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError, match=r"document\.yaml") as caught:
        reader(path)
    assert says in caught.value.message
    assert line is None or caught.value.line == line


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So many values are read at most, and no more: as many as the limit has take seconds to read."""
    limit = 3_000
    for module in (documents, jsonnodes):
        assert module.MAX_NODES == MAX_NODES
        monkeypatch.setattr(module, "MAX_NODES", limit)
    return limit


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_too_many_values_are_refused(reader: Callable[[Path], Any], few: int, tmp_path: Path) -> None:
    path = tmp_path / "document.yaml"
    path.write_text("a: 1\nb:\n" + "- a\n" * few)
    with pytest.raises(DocumentError, match=rf"document\.yaml:3: holds more than {few:,} values"):
        reader(path)


def test_a_check_with_a_number_of_very_many_digits(tmp_path: Path) -> None:
    (tmp_path / "checks.yaml").write_text("- id: a\n  severity: " + "9" * 5_000 + "\n")
    with pytest.raises(DemarcateError, match=r"checks\.yaml:2: has a number"):
        load_checks([tmp_path])


@pytest.mark.parametrize("head", ['{"Resources":', '{\t"AWSTemplateFormatVersion": "2010-09-09",\n"Resources":'])
def test_a_json_template_that_goes_too_far_does_not_go_unnoticed(head: str, few: int, tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_text(head + '{"A": {"Type": "AWS::S3::Bucket", "Properties": {"X": [1' + ",1" * few + "]}}}}")
    with pytest.raises(DocumentError, match=f"json:[12]: holds more than {few:,} values"):
        read_template(path, "template.json", explicit=False)


def test_what_is_just_not_too_much_is_read() -> None:
    text = "- a\n" * (MAX_NODES - 1)
    assert len(plain(compose(text, "a"), "a")) == MAX_NODES - 1
    with pytest.raises(DocumentError, match=f"^a:1: holds more than {MAX_NODES:,} values"):
        compose(text + "- a\n", "a")
    deep = "[" * (MAX_DEPTH - 1) + "1" + "]" * (MAX_DEPTH - 1)
    assert str(convert(compose(deep, "a"), list[Any], "a")) == deep
    assert plain(compose("9" * MAX_DIGITS, "a"), "a") == int("9" * MAX_DIGITS)


def test_what_is_said_is_short() -> None:
    long = "x" * 1_000_000
    for said in (Unknown(Kind.MALFORMED, long).reason, Problem(long).message, DocumentError(long, "f").message):
        assert len(said) == MAX_REASON
        assert said.endswith("…")
    assert len(str(DocumentError(long, "f", 1))) < MAX_REASON + 10
    assert Unknown(Kind.MALFORMED, "short").reason == Problem("short").message == "short"
