"""Whether a text is matched, as SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from sqlglot import exp

from demarcate.logs.sigma.trees import Matcher, Network, Number, Order, Regex, Text, TimePart, Wild


def any_of(value: exp.Expr, matchers: Sequence[Matcher]) -> exp.Expr:
    """Whether a text is matched by any of some matchers; NULL where it is NULL."""
    equal = [
        matcher.plain.lower()
        for matcher in matchers
        if isinstance(matcher, Text)
        and not matcher.cased
        and matcher.plain is not None
        and matcher.plain.isascii()
        and "\0" not in matcher.plain
    ]
    conditions: list[exp.Expr] = []
    if len(equal) > 1:
        conditions.append(
            exp.In(this=_folded(value), expressions=[exp.Literal.string(text) for text in dict.fromkeys(equal)])
        )
    for matcher in matchers:
        if len(equal) > 1 and isinstance(matcher, Text) and not matcher.cased:
            plain = matcher.plain
            if plain is not None and plain.isascii() and "\0" not in plain:
                continue
        conditions.append(_one_of(value.copy(), matcher))
    return joined(exp.Or, conditions)


def any_in(values: exp.Expr, matchers: Sequence[Matcher]) -> exp.Expr:
    """Whether any text of a list is matched by any of some matchers."""
    told = exp.Lambda(this=any_of(exp.column("x"), matchers), expressions=[exp.to_identifier("x")])
    return exp.GT(this=length(_call("list_filter", values, told)), expression=exp.Literal.number(0))


def any_pair(values: exp.Expr, others: exp.Expr, how: Literal["is", "starts", "ends", "contains"]) -> exp.Expr:
    """Whether any text of a list is to any of another as is asked. A text is compared with one that is there alone."""
    mine, other = _folded(exp.column("x")), _folded(exp.column("y"))
    told = (
        exp.EQ(this=mine, expression=other)
        if how == "is"
        else _call({"starts": "starts_with", "ends": "ends_with", "contains": "contains"}[how], mine, other)
    )
    inner = exp.Lambda(this=told, expressions=[exp.to_identifier("y")])
    outer = exp.Lambda(
        this=exp.GT(this=length(_call("list_filter", others, inner)), expression=exp.Literal.number(0)),
        expressions=[exp.to_identifier("x")],
    )
    return exp.GT(this=length(_call("list_filter", values, outer)), expression=exp.Literal.number(0))


def joined(kind: type[exp.And | exp.Or], conditions: Sequence[exp.Expr]) -> exp.Expr:
    """Conditions as one, halved and halved again: DuckDB goes only so deep."""
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    both = kind(this=joined(kind, conditions[:half]), expression=joined(kind, conditions[half:]))
    return exp.paren(both, copy=False)


def length(values: exp.Expr) -> exp.Expr:
    """How many values a list has."""
    return _call("len", values)


def anywhere(matcher: Matcher) -> Matcher:
    """A matcher that asks whether a text contains what it matches."""
    if isinstance(matcher, Number) and matcher.order is Order.EQUAL:
        matcher = Text((str(matcher.number),))
    if not isinstance(matcher, Text):
        return matcher
    parts = list(matcher.parts)
    if parts[:1] != [Wild.MANY]:
        parts.insert(0, Wild.MANY)
    if parts[-1] is not Wild.MANY or len(parts) == 1:
        parts.append(Wild.MANY)
    return Text(tuple(parts), matcher.cased)


def in_utc(moment: exp.Expr) -> exp.Expr:
    """A moment with a zone as one without, in UTC, whatever zone the session has."""
    return _call("make_timestamp", _call("epoch_us", moment))


def _one_of(value: exp.Expr, matcher: Matcher) -> exp.Expr:
    if isinstance(matcher, Text):
        return _text(value, matcher)
    if isinstance(matcher, Regex):
        flags = "".join(flag if flag in matcher.flags else "" for flag in "ims")
        pattern = f"(?{flags}){matcher.pattern}" if flags else matcher.pattern
        return _call("regexp_matches", value, literal(pattern))
    if isinstance(matcher, Network):
        return _network(value, matcher)
    if isinstance(matcher, TimePart):
        return _time_part(value, matcher)
    return _number(value, matcher)


def _text(value: exp.Expr, text: Text) -> exp.Expr:
    fold = (lambda told: told) if text.cased else _folded
    match text.parts:
        case ():
            return exp.EQ(this=value, expression=exp.Literal.string(""))
        case (Wild.MANY,):
            return exp.not_(exp.Is(this=value, expression=exp.null()))
        case (str() as whole,):
            return exp.EQ(this=fold(value), expression=fold(literal(whole)))
        case (str() as start, Wild.MANY):
            return _call("starts_with", fold(value), fold(literal(start)))
        case (Wild.MANY, str() as end):
            return _call("ends_with", fold(value), fold(literal(end)))
        case (Wild.MANY, str() as middle, Wild.MANY):
            return _call("contains", fold(value), fold(literal(middle)))
    # LIKE tries every way to place several wildcards; a regular expression takes time in proportion to the text.
    # Both sides in small letters, since those of an expression that ignores case are others' than lower()'s.
    return _call("regexp_full_match", fold(value), _form(text))


def _form(text: Text) -> exp.Expr:
    """A text with wildcards as a regular expression, in small letters unless it is cased."""
    wild = {Wild.MANY: ".*", Wild.SINGLE: "."}
    if all(isinstance(part, Wild) or (part.isascii() and "\0" not in part) for part in text.parts):
        told = [wild[part] if isinstance(part, Wild) else part for part in text.parts]
        forms = [
            form if isinstance(part, Wild) else re.escape(form if text.cased else form.lower())
            for part, form in zip(text.parts, told, strict=True)
        ]
        return exp.Literal.string("(?s)" + "".join(forms))
    parts = [
        exp.Literal.string(wild[part])
        if isinstance(part, Wild)
        else _call("regexp_escape", literal(part) if text.cased else _folded(literal(part)))
        for part in text.parts
    ]
    return _call("concat", exp.Literal.string("(?s)"), *parts)


_DECIMAL: Final = r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"
"""A number as JSON has it, but for zeros before it, which an account's id may have."""


def _number(value: exp.Expr, matcher: Number) -> exp.Expr:
    decimal = _call("regexp_full_match", value, exp.Literal.string(_DECIMAL))
    told = exp.TryCast(this=value.copy(), to=exp.DataType.build("DOUBLE"), safe=True)
    kinds: dict[Order, type[exp.Binary]] = {
        Order.EQUAL: exp.EQ,
        Order.LESS: exp.LT,
        Order.LESS_EQUAL: exp.LTE,
        Order.GREATER: exp.GT,
        Order.GREATER_EQUAL: exp.GTE,
    }
    number = exp.cast(exp.Literal.string(repr(float(matcher.number))), "DOUBLE")
    return _where(decimal, kinds[matcher.order](this=told, expression=number))


_ZONED: Final = r"(?:[Zz]|[-+][0-9]{2}(?::?[0-9]{2})?)$"


def _time_part(value: exp.Expr, matcher: TimePart) -> exp.Expr:
    zoned = in_utc(exp.TryCast(this=value, to=exp.DataType.build("TIMESTAMPTZ"), safe=True))
    plain = exp.TryCast(this=value.copy(), to=exp.DataType.build("TIMESTAMP"), safe=True)
    has_zone = _call("regexp_matches", value.copy(), exp.Literal.string(_ZONED))
    moment = exp.Case(ifs=[exp.If(this=has_zone, true=zoned)], default=plain)
    part = _call("date_part", exp.Literal.string(matcher.unit), moment)
    return exp.Coalesce(
        this=exp.EQ(this=part, expression=exp.Literal.number(matcher.number)), expressions=[exp.false()]
    )


_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4: Final = rf"{_OCTET}(?:\.{_OCTET}){{3}}"


def _network(value: exp.Expr, network: Network) -> exp.Expr:
    if network.version == 6:
        return _network_6(value, network)
    is_address = _call("regexp_full_match", value, exp.Literal.string(_IPV4))
    total: exp.Expr = exp.Literal.number(0)
    for place in range(1, 5):
        octet = exp.TryCast(
            this=_call("split_part", value.copy(), exp.Literal.string("."), exp.Literal.number(place)),
            to=exp.DataType.build("BIGINT"),
            safe=True,
        )
        total = exp.Add(
            this=exp.paren(
                exp.Mul(this=exp.paren(total, copy=False), expression=exp.Literal.number(256)), copy=False
            ),
            expression=octet,
        )
    within = exp.Between(
        this=exp.paren(total, copy=False),
        low=exp.Literal.number(network.first),
        high=exp.Literal.number(network.last),
    )
    return _where(is_address, within)


_IPV6: Final = r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}"
_GAP: Final = "::"


def _network_6(value: exp.Expr, network: Network) -> exp.Expr:
    """By the 32 digits of an address, which are in order as the addresses are."""
    is_address = exp.and_(
        _call("regexp_full_match", value, exp.Literal.string(_IPV6)),
        exp.not_(_call("regexp_matches", value.copy(), exp.Literal.string("::.*::|:::|^:[^:]|[^:]:$"))),
    )
    halves = [
        _digits(_call("split_part", value.copy(), exp.Literal.string(_GAP), exp.Literal.number(n))) for n in (1, 2)
    ]
    gap = _call("contains", value.copy(), exp.Literal.string(_GAP))
    missing = exp.Sub(
        this=exp.Literal.number(32),
        expression=exp.paren(
            exp.Add(this=_call("len", halves[0].copy()), expression=_call("len", halves[1].copy())), copy=False
        ),
    )
    filled = _call("concat", halves[0], _call("repeat", exp.Literal.string("0"), missing), halves[1])
    digits = exp.Case(
        ifs=[exp.If(this=gap, true=filled)],
        default=_digits(value.copy()),
    )
    within = exp.Between(
        this=exp.paren(digits, copy=False),
        low=exp.Literal.string(f"{network.first:032x}"),
        high=exp.Literal.string(f"{network.last:032x}"),
    )
    whole = exp.EQ(this=_call("len", exp.paren(digits.copy(), copy=False)), expression=exp.Literal.number(32))
    return _where(is_address, exp.and_(whole, within))


def _digits(groups: exp.Expr) -> exp.Expr:
    """Groups of hexadecimal digits, each filled up to four, as one text of small letters."""
    split = _call("string_split", exp.Lower(this=groups), exp.Literal.string(":"))
    there = exp.Lambda(
        this=exp.NEQ(this=exp.column("g"), expression=exp.Literal.string("")), expressions=[exp.to_identifier("g")]
    )
    padded = exp.Lambda(
        this=_call("lpad", exp.column("h"), exp.Literal.number(4), exp.Literal.string("0")),
        expressions=[exp.to_identifier("h")],
    )
    filled = _call("list_transform", _call("list_filter", split, there), padded)
    return _call("array_to_string", filled, exp.Literal.string(""))


def literal(text: str) -> exp.Expr:
    """A text as a tree: to some versions of DuckDB a NUL ends the statement."""
    if "\0" not in text:
        return exp.Literal.string(text)
    nul = _call("chr", exp.Literal.number(0))
    parts = [nul.copy() if part == "\0" else exp.Literal.string(part) for part in re.split("(\0)", text)]
    return _call("concat", *parts)


def _folded(value: exp.Expr) -> exp.Expr:
    if isinstance(value, exp.Literal) and value.this.isascii():
        return exp.Literal.string(value.this.lower())
    return exp.Lower(this=value)


def _where(condition: exp.Expr, told: exp.Expr) -> exp.Expr:
    """What is told where a condition holds, and false elsewhere: nothing is worked out there."""
    return exp.paren(exp.Case(ifs=[exp.If(this=condition, true=told)], default=exp.false()), copy=False)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def patterns(matchers: Iterable[Matcher]) -> list[str]:
    """The regular expressions among some matchers."""
    return [matcher.pattern for matcher in matchers if isinstance(matcher, Regex)]
