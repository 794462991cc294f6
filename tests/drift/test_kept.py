"""A comparison that was written is read again as it was, and what is none is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.drift.kept import FORMAT, document, read_comparison
from tests.report import hostile

KEPT = document(hostile.DRIFT)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    assert read_comparison(hostile.drift(tmp_path / "drift")) == hostile.DRIFT


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


def deep(levels: int) -> str:
    drift = {**KEPT["drifts"][0], "live": nested(levels)}
    return json.dumps({**KEPT, "drifts": [drift]})


def test_values_are_nested_so_far(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(deep(100))
    assert read_comparison(tmp_path / "d.json").drifts[0].live == nested(100)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no drift: Input data was truncated"),
        ("{", "holds no drift: Input data was truncated"),
        ("[]", "holds no drift: Expected `object`, got `array`"),
        ('{"findings": []}', "holds no drift: Object missing required field `format`"),
        (b'{"\xff": 1}', "holds no drift: "),
        (json.dumps({"format": FORMAT}), "holds no drift: Object missing required field `declared`"),
        (json.dumps({**KEPT, "format": FORMAT + 1, "drifts": 7}), "written by a newer version"),
        (json.dumps({**KEPT, "format": 0}), "holds no drift: there is no format 0"),
        (json.dumps({**KEPT, "drifts": [{**KEPT["drifts"][0], "kind": "other"}]}), "Invalid enum value 'other'"),
        (deep(200), "nested deeper than 100 levels"),
        ("[" * 100_000, "holds no drift: "),
        (f'{{"format": 1, "x": {"[" * 100_000}', "nested too deeply"),
    ],
)
def test_what_is_no_comparison_is_refused(text: str | bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "d.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DemarcateError) as refused:
        read_comparison(file)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{file}: ")
    assert said in line


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_what_cannot_be_read_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DemarcateError, match="cannot be read: "):
        read_comparison(tmp_path / name)
