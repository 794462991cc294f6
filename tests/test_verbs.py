"""The command has the verbs of its modules, and imports of these the one that is asked for."""

from __future__ import annotations

from importlib import import_module

import typer

from demarcate.cli import MODULES, app, for_verb
from demarcate.cli.helping import App


def names(made: typer.Typer) -> list[str]:
    return list(typer.main.get_command(made).commands)  # type: ignore[attr-defined]


def test_each_module_has_the_verbs_that_it_is_asked_for() -> None:
    assert sorted(names(app)) == sorted(verb for verbs in MODULES.values() for verb in verbs)
    for module, verbs in MODULES.items():
        made = App(name="made", invoke_without_command=True)
        made.callback()(lambda: None)
        import_module(f"demarcate.cli.{module}").add_to(made)
        assert sorted(names(made)) == sorted(verbs), module


def test_a_verb_is_made_without_the_others() -> None:
    for arguments in (["-q", "assess", "x"], ["evidence", "--help"], ["detect"]):
        (name,) = names(for_verb(arguments))
        assert name in arguments


def test_where_no_verb_is_named_there_are_all() -> None:
    for arguments in ([], ["--help"], ["asses", "report"], ["--config", "assess.toml", "asses"]):
        assert for_verb(arguments) is app
