"""What predicates ask of columns that may hold stand-ins: columns of their own, beside those that tables have.

`known type` is NULL where `type` is a stand-in, and so is the predicate that compares it with a text. Where a column
holds no stand-ins, what is asked of it is the column itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from demarcate.base.encoding import to_json
from demarcate.base.sql import identifier, literal
from demarcate.checks.names import ROW
from demarcate.estate.schema.standins import ARN, HOLE, MAY_BE_EMPTY, NEVER_EMPTY, PARAMETER
from demarcate.estate.schema.table import ALTERNATIVES, PARTIAL
from demarcate.estate.schema.unknown import Kind

MARKS: Final = "_assigned"
"""The column that says where stand-ins are (see `estate.schema.standins.marks`)."""

_NEVER_MARKED: Final = frozenset(
    (
        *("account_id", "region", "partition", "file", "resource", "_conditional", "_companion", "_unknown"),
        *(ALTERNATIVES, MARKS, PARTIAL),
    )
)
"""Columns that say where a row is from, which is known."""


def may_be_marked(column: str, type_: str) -> bool:
    """Whether a column may hold stand-ins."""
    return type_ in ("VARCHAR", "VARCHAR[]", "JSON") and column not in _NEVER_MARKED


class Ask(NamedTuple):
    """Something that is asked of a column: a form of `_FORMS`, and the texts that it is about."""

    form: str
    column: str
    texts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name as a column. To the database, names that differ in the case of letters alone are one."""
        told = hashlib.sha256(to_json(self.texts)).hexdigest()[:32] if self.texts else ""
        return f"{self.form} {self.column} {told}".rstrip()

    def type_of(self, column: str) -> str:
        """Its type, by that of the column."""
        return _FORMS[self.form].type_ or column

    def sql(self, *, marked: bool) -> str:
        """SQL for it over a row, where the column may hold stand-ins or does not."""
        value = identifier(self.column)
        if self.form in ("text at", "json at"):
            *inner, last = self.texts[1:]
            steps = [f" -> {literal(step)}" for step in inner]
            value = f"({value}{''.join(steps)} {'->>' if self.form == 'text at' else '->'} {literal(last)})"
        form = _FORMS[self.form]
        return (form.marked if marked else form.plain).format(
            value=value,
            marks=f"json_extract({MARKS}, {literal(self.column)})",
            made_of=f"json_extract_string({MARKS}, {literal(self.column)})",
            text=literal(self.texts[0]) if self.texts else "",
            texts=literal("".join(f"\5{text}\5" for text in self.texts)),
        )


def asks_of(several: Iterable[Mapping[str, Iterable[Ask]]]) -> dict[str, tuple[Ask, ...]]:
    """What is asked by several predicates or checks, by table."""
    asks: dict[str, set[Ask]] = {}
    for of_one in several:
        for table, asked in of_one.items():
            asks.setdefault(table, set()).update(asked)
    return {table: tuple(sorted(asked)) for table, asked in sorted(asks.items())}


class _Form(NamedTuple):
    """The SQL of what is asked, and its type; that of the column where it has none of its own."""

    type_: str
    plain: str
    marked: str


def _possible() -> str:
    """SQL for a pattern of all that the stand-ins in a list may turn out to be."""
    holes = (("\1", ARN, "arn:[^\5]+"), ("\2", HOLE, "[^\5]*"))
    sql = "list_aggregate(from_json({marks}, '[\"VARCHAR\"]'), 'string_agg', chr(4))"
    for mark, hole, _ in holes:
        sql = f"regexp_replace({sql}, {_escaped(hole)}, {literal(mark)}, 'g')"
    sql = f"regexp_escape(replace({sql}, '${{{{!', '${{{{'))"
    for mark, _, pattern in (*holes, ("\4", "", "|")):
        sql = f"replace({sql}, {literal(chr(92) + mark)}, {literal(pattern)})"
    return f"chr(5) || '(' || {sql} || ')' || chr(5)"


def _escaped(pattern: str) -> str:
    """A pattern as an SQL literal in a form."""
    return literal(pattern).replace("{", "{{").replace("}", "}}")


_PARTS: Final = f"replace(regexp_replace({{made_of}}, {_escaped(HOLE)}, chr(1), 'g'), '${{{{!', '${{{{')"
"""What is known of a text that is a stand-in, with a character that no predicate holds for each part that is not."""

_IS_AT: Final = (
    "contains(chr(10) || list_aggregate(json_keys({marks}), 'string_agg', '/' || chr(10)) || '/', "
    "chr(10) || {text} || '/')"
)
"""Whether a stand-in is at a place in JSON, or inside of what is there."""

_FORMS: Final = {
    # The value, NULL where it is or holds a stand-in.
    "known": _Form("", "{value}", "CASE WHEN {marks} IS NULL THEN {value} END"),
    # A text to be compared with the empty one: NULL where it may turn out to be empty.
    "filled": _Form(
        "",
        "{value}",
        f"CASE WHEN regexp_full_match(regexp_replace({{made_of}}, {_escaped(NEVER_EMPTY)}, 'x', 'g'), "
        f"{_escaped(MAY_BE_EMPTY)}) THEN NULL ELSE {{value}} END",
    ),
    # Whether a text contains, begins or ends with another: what stands around of what is assigned may tell it.
    "contains": _Form(
        "BOOLEAN",
        "contains({value}, {text})",
        "CASE WHEN {marks} IS NULL THEN contains({value}, {text}) "
        f"WHEN contains({_PARTS}, {{text}}) THEN true END",
    ),
    "begins": _Form(
        "BOOLEAN",
        "starts_with({value}, {text})",
        "CASE WHEN {marks} IS NULL THEN starts_with({value}, {text}) "
        f"WHEN starts_with({_PARTS}, {{text}}) THEN true "
        f"WHEN starts_with({{text}}, split_part({_PARTS}, chr(1), 1)) THEN NULL ELSE false END",
    ),
    "ends": _Form(
        "BOOLEAN",
        "ends_with({value}, {text})",
        "CASE WHEN {marks} IS NULL THEN ends_with({value}, {text}) "
        f"WHEN ends_with({_PARTS}, {{text}}) THEN true "
        f"WHEN ends_with({{text}}, split_part({_PARTS}, chr(1), -1)) THEN NULL ELSE false END",
    ),
    # What is at a place in JSON, NULL where a stand-in is there; the texts are the place and the way to it.
    "text at": _Form("VARCHAR", "{value}", f"CASE WHEN {_IS_AT} THEN NULL ELSE {{value}} END"),
    "json at": _Form("JSON", "{value}", f"CASE WHEN {_IS_AT} THEN NULL ELSE {{value}} END"),
    # NULL where one is there; else false.
    "more at": _Form("BOOLEAN", "false", f"CASE WHEN {_IS_AT} THEN NULL ELSE false END"),
    # The items of a list that are known: [null, "what it is"] becomes [true, false].
    "items": _Form(
        "",
        "{value}",
        "CASE WHEN {marks} IS NULL THEN {value} ELSE list_where({value}, list_transform("
        "from_json({marks}, '[\"VARCHAR\"]'), lambda text: text IS NULL)) END",
    ),
    # NULL where a list has more items; else false.
    "more": _Form("BOOLEAN", "false", "CASE WHEN {marks} IS NULL THEN false END"),
    # NULL where a list has more items, one of which may turn out to be one of the texts; else false.
    "more of": _Form(
        "BOOLEAN",
        "false",
        f"CASE WHEN {{marks}} IS NULL OR NOT regexp_matches({{texts}}, {_possible()}) THEN false END",
    ),
}


def why_assigned(column: str, type_: str, asks: Iterable[Ask]) -> str:
    """SQL for the cause why something that is asked of a column of the judged row is not known.

    It is NULL where the column holds no stand-in, or what is asked of it is known all the same.
    """
    looks = [ask for ask in asks if ask.column == column and ask.form not in ("text at", "json at", "items")]
    unknown = " OR ".join(f"({ask.sql(marked=True)}) IS NULL" for ask in looks)
    made_of = f"({ROW}.{MARKS} ->> {literal(column)})"
    if type_ == "VARCHAR":
        what, is_ = made_of, "is"
    else:
        what, is_ = f'regexp_extract({made_of}, \'"([^"]*)"[],}}]\', 1)', "holds"
    name = f"regexp_replace({what}, '^\\$\\{{([^{{}}]*)\\}}$', '\\1')"
    reason = f"{literal(f'{is_} what ')} || {name} || ' will be, once deployed'"
    kind = (
        f"CASE WHEN contains({what}, {literal('${' + PARAMETER)}) THEN {literal(Kind.PARAMETER_STORE)} "
        f"ELSE {literal(Kind.DEPLOYMENT)} END"
    )
    return (
        f"CASE WHEN {made_of} IS NOT NULL AND ({unknown}) "
        f"THEN CAST(json_object('kind', {kind}, 'reason', {reason}) AS VARCHAR) END"
    )
