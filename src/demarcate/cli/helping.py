"""The help of verbs: their options in groups, examples, and what completes in the shell.

Which group an option is in follows from its name, so that all verbs group it alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from demarcate.cli.plain import spare
from demarcate.cli.words import EXAMPLES, LINES, METAVARS

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "What is read": (
        *(
            "profile",
            "region",
            "endpoint_url",
            "org",
            "account",
            "role_name",
            "external_id",
            "parameters",
            "as_of",
        ),
        *("source", "table", "service", "resume", "dry_run"),
    ),
    "What it is judged by": (
        *("check", "checks", "framework", "evidence", "ledger", "waivers", "since", "findings_of", "by_tag"),
        *("kind", "state", "tag", "service_level", "data_tag", "own_keys", "feeds"),
    ),
    "Who decides": ("person", "policies", "apply_role"),
    "How it is run": ("engine", "workers", "master"),
    "What is told": (
        *("format", "full", "passes", "out", "save", "drift", "record", "fail_on", "new", "picture"),
        *("commands", "zone"),
    ),
}
"""The groups, in their order, with the names of parameters. All others are plain options."""

FEW: Final = 6
"""So many options need no groups."""

TOPICS: Final[Mapping[str, tuple[str, ...]]] = {
    "See whose half it is": ("who", "explain", "matrix", "diagram", "summary"),
    "See whether your half is done": (
        *("assess", "report", "diff", "compare", "drift", "patch", "collect", "query", "tables"),
    ),
    "Make it so": ("change", "deploy", "guardrails", "push", "send"),
    "Prove it, and remember": ("attest", "evidence", "waive", "waivers", "ledger", "baseline", "quiz"),
    "Know who may do what": ("policy", "access", "keys", "tls"),
    "Watch it": ("alarms", "dashboard", "logs", "detect", "detections"),
    "What it is judged by": ("checks", "frameworks", "facts", "feeds"),
    "Set it up": ("iam-policy", "config"),
}
"""The verbs by what people come for. Those that stand in none come last."""


class Verb(TyperCommand):
    """A verb, whose options are told in groups, and then its examples."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take plain values as they are."""
        spare(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options."""
        recorded = [(param, _record(param, ctx)) for param in self.get_params(ctx)]
        told = [(param, record) for param, record in recorded if record is not None]
        options = [param for param, _ in told if param.param_type_name == "option"]
        groups: dict[str, list[tuple[str, str]]] = {
            "Arguments": [],
            "Options": [],
            **{name: [] for name in GROUPS},
        }
        for param, record in told:
            groups[_group_of(param, grouped=len(options) > FEW)].append(record)
        groups["Options"] = groups.pop("Options")  # what has no group comes last
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples."""
        examples = EXAMPLES.get(_typed(ctx), ())
        if examples:
            with formatter.section("Examples"):
                for example in examples:
                    formatter.write(f"{'':{formatter.current_indent}}demarcate {example}\n")


def _typed(ctx: Any) -> str:
    """A verb as it is typed, without the command's own name."""
    names = []
    while ctx.parent is not None:
        names.append(ctx.info_name)
        ctx = ctx.parent
    return " ".join(reversed(names))


_VALUE = re.compile(r"<(?:list\[)?(str|path|int)(?: range)?\]?>", re.IGNORECASE)
"""What Typer puts for a value of which it knows no more than its type."""
_TYPES: Final = {"str": "TEXT", "path": "FILE", "int": "N"}


def _record(param: Any, ctx: Any) -> tuple[str, str] | None:
    """A parameter as the help shows it, with what stands for its value in the words of the field."""
    record = param.get_help_record(ctx)
    if record is None:
        return None
    name, help_ = record
    if param.param_type_name == "argument":
        return _VALUE.sub("", name).strip(), help_
    return _VALUE.sub(lambda match: METAVARS.get(param.name) or _TYPES[match[1].lower()], name), help_


def _group_of(param: Any, *, grouped: bool) -> str:
    if param.param_type_name == "argument":
        return "Arguments"
    return next((name for name, names in GROUPS.items() if grouped and param.name in names), "Options")


class Verbs(TyperGroup):
    """Verbs; those of the whole command by topic."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take plain values as they are."""
        spare(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each verb with the first line of its help, whole."""
        listed = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        group = _typed(ctx)
        lines = {
            name: LINES.get(f"{group} {name}".strip()) or command.get_short_help_str(formatter.width).rstrip(".")
            for name, command in listed
            if command is not None and not command.hidden
        }
        topics = TOPICS if ctx.parent is None else {}
        left = dict.fromkeys(name for name in lines if not any(name in names for names in topics.values()))
        width = max((len(name) for name in lines), default=0)
        for topic, names in {**topics, "Commands" if not topics else "More": left}.items():
            records = [(f"{name:{width}}", lines[name]) for name in names if name in lines]
            if records:
                with formatter.section(topic):
                    formatter.write_dl(records)


class Listing(Verbs):
    """Verbs of which the one that lists need not be named: `keys snapshot` is `keys list snapshot`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the verb that lists where none of the others is named."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["list", *args]
        return super().parse_args(ctx, args)


class App(typer.Typer):
    """The command, with verbs and groups of verbs whose help is written as above."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=Verbs, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Any:
        """Register a verb."""
        return super().command(name, cls=Verb, **settings)

    def add_typer(self, typer_instance: typer.Typer, **settings: Any) -> None:
        """Register a group of verbs."""
        _told_so(typer_instance)
        super().add_typer(typer_instance, **{"cls": Verbs, **settings})


def _told_so(group: typer.Typer) -> None:
    """Have the verbs of a group, and of groups within it, tell their help as above."""
    for verb in group.registered_commands:
        verb.cls = Verb
    for inner in group.registered_groups:
        inner.cls = Verbs
        if inner.typer_instance is not None:
            _told_so(inner.typer_instance)
