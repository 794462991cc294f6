"""Values that Typer is not asked for are those that it would give."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer

from demarcate.cli import app
from demarcate.cli.plain import Plain

GIVEN = (
    "",
    "text",
    "json",
    "JSON",
    "high",
    "7",
    "007",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "99999999999",
    "t.yaml",
    "/",
    "-",
    "é",
)
"""Words that some option takes, and others refuse."""


def params(command: Any) -> Iterator[Any]:
    yield from command.params
    for verb in getattr(command, "commands", {}).values():
        yield from params(verb)


def outcome(runtime: Any, value: Any, param: Any) -> tuple[Any, ...]:
    """What becomes of a value, with the types that it has now; or how it is refused."""
    try:
        made = runtime.coerce(value, param=param, ctx=None)
    except typer.BadParameter as error:
        return ("refused", error.message)
    return (type(made), made, [type(item) for item in made] if isinstance(made, (list, tuple)) else [])


def unlike() -> Iterator[Any]:
    """A parameter of each kind that there is, once."""
    kinds: dict[str, Any] = {}
    for param in params(typer.main.get_command(app)):
        info = param.type_descriptor.parameter_info
        kinds.setdefault(repr((param.type_descriptor.annotation, info.min, info.max, param.multiple)), param)
    assert len(kinds) > 20
    yield from kinds.values()


def test_plain_values_are_what_typer_makes_of_them(tmp_path: Path) -> None:
    if not hasattr(next(params(typer.main.get_command(app))), "type_descriptor"):
        pytest.skip("this version of Typer makes values without pydantic")
    (tmp_path / "file").write_text("")
    for param in unlike():
        described, own = param.type_descriptor, type(param).get_runtime_param(param)
        plain = Plain(
            described.annotation, described.parameter_info, partial(type(param).get_runtime_param, param)
        )
        several = param.multiple or param.nargs == -1
        for word in (None, *GIVEN, str(tmp_path), str(tmp_path / "file"), str(tmp_path / "file/below")):
            value = [word] if several and word is not None else word
            assert outcome(plain, value, param) == outcome(own, value, param), (param.name, value)


def test_nobody_asks_typer_for_a_default() -> None:
    def refuse() -> Any:
        raise AssertionError("Typer is asked")

    for param in params(typer.main.get_command(app)):
        described = getattr(param, "type_descriptor", None)
        if described is None or isinstance(param.default, bool):
            continue
        plain = Plain(described.annotation, described.parameter_info, refuse)
        assert plain.coerce(param.default, param, None) in (param.default, ()), param.name
