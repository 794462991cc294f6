"""The intrinsic functions: a template's plain data in, resolved plain data out.

What cannot be known before deployment is Unknown and stays so through every function; conditions are decided
in three values. Texts that AWS assigns (identifiers, the region, the account) are kept as texts that stand for
themselves, marked as Assigned so that nothing is decided by what they look like.
Source: the intrinsic function reference of the AWS CloudFormation template reference.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from demarcate.estate.schema.standins import escaped
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown
from demarcate.estate.sources.cloudformation.budget import CHARACTER, MAX_TEXT, SLOW, STEP, VALUE
from demarcate.estate.sources.cloudformation.values import (
    NOTHING,
    Assigned,
    Encoded,
    MaybeAbsent,
    Resolver,
    Tokens,
    all_of,
    characters,
    contains_assigned,
    describe,
    joined,
    negate,
    same,
    text_of,
    tokens,
)


def resolve(value: Any, scope: Resolver) -> Any:
    """Resolve plain data. The answer is plain data with Unknown where something is not known, or NOTHING.

    What has nothing to resolve is its own answer, not a copy: nobody may change it. Raises Exhausted: each step is
    counted, and so is what functions answer, as it may be written once and used often.
    """
    kind = type(value)
    if kind is dict:
        scope.spend(STEP + VALUE * len(value))
        if len(value) == 1:
            [(key, argument)] = value.items()
            function = _FUNCTIONS.get(key)
            if function is not None:
                answer = function(argument, scope)
                if isinstance(answer, str):
                    scope.spend(len(answer))
                elif type(answer) is list:
                    scope.spend(VALUE * len(answer))
                return answer
            if key[:4] == "Fn::":
                return Unknown(Kind.UNSUPPORTED, f"{key} is not a function that is known here")
        elif "Fn::Transform" in value:
            return _merged(value, scope)
        members: dict[str, Any] | None = None
        for key, item in value.items():
            if type(item) is dict or type(item) is list:
                resolved = resolve(item, scope)
                if resolved is not item:
                    members = dict(value) if members is None else members
                    members[key] = resolved
        if members is None:
            return value
        return {key: item for key, item in members.items() if item is not NOTHING}
    if kind is list:
        scope.spend(STEP + VALUE * len(value))
        items: list[Any] | None = None
        for index, item in enumerate(value):
            if type(item) is dict or type(item) is list:
                resolved = resolve(item, scope)
                if resolved is not item:
                    items = list(value) if items is None else items
                    items[index] = resolved
        return value if items is None else [item for item in items if item is not NOTHING]
    if kind is str:
        scope.spend(len(value))
    return value


def decide(value: Any, scope: Resolver) -> bool | Unknown:
    """Decide a condition: True, False or Unknown."""
    if isinstance(value, dict) and len(value) == 1:
        [(key, argument)] = value.items()
        if key == "Condition" and isinstance(argument, str):
            scope.spend(STEP + len(argument))
            return scope.condition(argument)
    value = resolve(value, scope)
    if isinstance(value, (bool, Unknown)):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    return Unknown(Kind.MALFORMED, "a condition is neither true nor false")


def _arguments(argument: Any, scope: Resolver, function: str, counts: Iterable[int]) -> list[Any] | Unknown:
    """The unresolved items of a function's argument, where there are as many as it takes."""
    if isinstance(argument, dict):
        argument = resolve(argument, scope)
    if isinstance(argument, Unknown):
        return argument
    if not isinstance(argument, list) or len(argument) not in counts:
        expected = " or ".join(str(count) for count in counts)
        return Unknown(Kind.MALFORMED, f"{function} needs a list of {expected}")
    scope.spend(sum([len(item) for item in argument if isinstance(item, str)]))
    return argument


def _ref(argument: Any, scope: Resolver) -> Any:
    name = resolve(argument, scope)
    if isinstance(name, Unknown):
        return name
    if not isinstance(name, str):
        return Unknown(Kind.MALFORMED, f"Ref needs a name, not {describe(name)}")
    return scope.reference(name)


def _get_att(argument: Any, scope: Resolver) -> Any:
    parts = argument.split(".", 1) if isinstance(argument, str) else resolve(argument, scope)
    if isinstance(parts, Unknown):
        return parts
    if not isinstance(parts, list) or len(parts) < 2:
        return Unknown(Kind.MALFORMED, "Fn::GetAtt needs a logical id and an attribute")
    unknown = first_unknown(parts)
    if unknown:
        return unknown
    if not all(isinstance(part, str) for part in parts):
        return Unknown(Kind.MALFORMED, "Fn::GetAtt needs a logical id and an attribute")
    return scope.attribute(parts[0], ".".join(parts[1:]))


_VARIABLE = re.compile(r"\$\{([^{}]*)\}")


def _sub(argument: Any, scope: Resolver) -> Any:
    own: dict[str, Any] = {}
    if isinstance(argument, list):
        if len(argument) != 2 or not isinstance(argument[1], dict):
            return Unknown(Kind.MALFORMED, "Fn::Sub needs a text, or a text and a map")
        argument, variables = argument
        own = {name: resolve(value, scope) for name, value in variables.items()}
    text = resolve(argument, scope)
    if isinstance(text, Unknown):
        return text
    if not isinstance(text, str):
        return Unknown(Kind.MALFORMED, f"Fn::Sub needs a text, not {describe(text)}")
    pieces = _VARIABLE.split(text)
    if len(pieces) == 1:
        return text
    parts: list[Any] = pieces
    for index in range(1, len(pieces), 2):
        name = pieces[index].strip()
        if name.startswith("!"):
            parts[index] = "${" + name[1:] + "}"
        elif name in own:
            parts[index] = own[name]
        elif "." in name:
            parts[index] = scope.attribute(*name.split(".", 1))
        else:
            parts[index] = scope.reference(name)
    if len(parts) == 3 and not parts[0] and not parts[2] and isinstance(parts[1], Assigned):
        return parts[1]
    return joined(parts, "", scope, "Fn::Sub")


def _join(argument: Any, scope: Resolver) -> Any:
    arguments = _arguments(argument, scope, "Fn::Join", (2,))
    if isinstance(arguments, Unknown):
        return arguments
    delimiter, parts = resolve(arguments[0], scope), resolve(arguments[1], scope)
    for value in (delimiter, parts):
        if isinstance(value, Unknown):
            return Unknown(value.kind, value.reason)
    if not isinstance(delimiter, str) or not isinstance(parts, list):
        return Unknown(Kind.MALFORMED, "Fn::Join needs a delimiter and a list")
    return joined(parts, delimiter, scope, "Fn::Join")


_TOKEN = re.compile(r"\$\{(?:[^{}A]|A(?!WS::))*AWS::[^{}]*\}")
_WHOLE_TOKENS = ("::AccountId}", "::Partition}", "::Region}", "::URLSuffix}", "::StackName}")


def _split(argument: Any, scope: Resolver) -> Any:
    arguments = _arguments(argument, scope, "Fn::Split", (2,))
    if isinstance(arguments, Unknown):
        return arguments
    delimiter, text = resolve(arguments[0], scope), resolve(arguments[1], scope)
    if isinstance(text, Unknown):
        return Unknown(text.kind, text.reason)
    if not isinstance(delimiter, str) or not delimiter or not isinstance(text, str):
        return Unknown(Kind.MALFORMED, "Fn::Split needs a delimiter and a text")
    scope.spend(CHARACTER * len(text) + VALUE * text.count(delimiter))
    if not isinstance(text, Assigned):
        return text.split(delimiter)
    # The value of a token such as ${AWS::Region} holds letters, digits, dots and hyphens only: any other
    # delimiter cannot cut through it. Of other assigned texts nothing is known.
    parts = _TOKEN.findall(text)
    if (
        not isinstance(text, Tokens)
        or re.search(r"[\w.-]", delimiter)
        or not all(token.endswith(_WHOLE_TOKENS) for token in parts)
    ):
        return Unknown(Kind.DEPLOYMENT, f"what {text} looks like is only known at deployment")
    pieces = _TOKEN.sub("\0", text).split(delimiter)
    rest = iter(parts)
    return [tokens(re.sub("\0", lambda _: next(rest), piece)) if "\0" in piece else piece for piece in pieces]


def _select(argument: Any, scope: Resolver) -> Any:
    arguments = _arguments(argument, scope, "Fn::Select", (2,))
    if isinstance(arguments, Unknown):
        return arguments
    index, items = resolve(arguments[0], scope), resolve(arguments[1], scope)
    for value in (index, items):
        if isinstance(value, Unknown):
            return Unknown(value.kind, value.reason)
    if isinstance(index, Assigned):
        return Unknown(Kind.DEPLOYMENT, f"Fn::Select by {index}, which is only known at deployment")
    place = _whole(index)
    if place is None or not isinstance(items, list):
        return Unknown(Kind.MALFORMED, "Fn::Select needs an index and a list")
    if not 0 <= place < len(items):
        return Unknown(Kind.MALFORMED, f"Fn::Select of item {place} of {len(items)}")
    for item in items[:place]:
        if isinstance(item, MaybeAbsent):
            return Unknown(item.kind, item.reason)
    return items[place]


def _whole(value: Any) -> int | None:
    if isinstance(value, str):
        value = value.strip()
        return int(value) if len(value) < 10 and value.isascii() and value.isdigit() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _find_in_map(argument: Any, scope: Resolver) -> Any:
    arguments = _arguments(argument, scope, "Fn::FindInMap", (3, 4))
    if isinstance(arguments, Unknown):
        return arguments
    default: Any = NOTHING
    if len(arguments) == 4:
        last = arguments[3]
        if not isinstance(last, dict) or "DefaultValue" not in last:
            return Unknown(Kind.MALFORMED, "Fn::FindInMap needs DefaultValue as its fourth item")
        default = last["DefaultValue"]
    level: Any = None
    path = []
    for depth, step in enumerate(arguments[:3]):
        key = resolve(step, scope)
        if isinstance(key, Unknown):
            return Unknown(key.kind, key.reason)
        if isinstance(key, Assigned):
            return Unknown(Kind.DEPLOYMENT, f"Fn::FindInMap by {key}, which is only known at deployment")
        name = text_of(key)
        if name is None:
            return Unknown(Kind.MALFORMED, f"Fn::FindInMap needs names, not {describe(key)}")
        path.append(name)
        level = scope.mapping(name) if depth == 0 else level.get(name) if isinstance(level, dict) else None
        if isinstance(level, Unknown):
            return level
        if level is None:
            if default is not NOTHING:
                return resolve(default, scope)
            return Unknown(Kind.UNRESOLVED, f"no value in Mappings at {'.'.join(path)}")
    return resolve(level, scope)


def _if(argument: Any, scope: Resolver) -> Any:
    arguments = _arguments(argument, scope, "Fn::If", (3,))
    if isinstance(arguments, Unknown):
        return arguments
    test, then, otherwise = arguments
    if isinstance(test, str):
        holds, name = scope.condition(test), f"condition {test}"
    else:
        holds, name = decide(test, scope), "a condition"
    if not isinstance(holds, Unknown):
        return resolve(then if holds else otherwise, scope)
    first, second = scope.undecided(then), scope.undecided(otherwise)
    if first is NOTHING and second is NOTHING:
        return NOTHING
    if same(first, second) is True:
        return first
    reason = f"{name} is unknown: {holds.reason}"
    return (
        MaybeAbsent(holds.kind, reason) if first is NOTHING or second is NOTHING else Unknown(holds.kind, reason)
    )


def _equals(argument: Any, scope: Resolver) -> bool | Unknown:
    arguments = _arguments(argument, scope, "Fn::Equals", (2,))
    if isinstance(arguments, Unknown):
        return arguments
    return same(resolve(arguments[0], scope), resolve(arguments[1], scope))


def _and(argument: Any, scope: Resolver) -> bool | Unknown:
    arguments = _arguments(argument, scope, "Fn::And", range(1, 11))
    return arguments if isinstance(arguments, Unknown) else all_of(decide(item, scope) for item in arguments)


def _or(argument: Any, scope: Resolver) -> bool | Unknown:
    arguments = _arguments(argument, scope, "Fn::Or", range(1, 11))
    if isinstance(arguments, Unknown):
        return arguments
    return negate(all_of(negate(decide(item, scope)) for item in arguments))


def _not(argument: Any, scope: Resolver) -> bool | Unknown:
    arguments = _arguments(argument, scope, "Fn::Not", (1,))
    return arguments if isinstance(arguments, Unknown) else negate(decide(arguments[0], scope))


def _base64(argument: Any, scope: Resolver) -> Any:
    value = resolve(argument, scope)
    if isinstance(value, Unknown):
        return value
    text = text_of(value)
    if text is None:
        return Unknown(Kind.MALFORMED, f"Fn::Base64 needs a text, not {describe(value)}")
    if len(text) > MAX_TEXT:
        return Unknown(Kind.TOO_MUCH, "Fn::Base64 gives a text that is too long")
    scope.spend(CHARACTER * 2 * len(text))
    encoded = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")
    if not isinstance(value, Assigned):
        return encoded
    assigned = Encoded(encoded, "${Fn::Base64}")
    assigned.of = value
    return assigned


def _cidr(argument: Any, scope: Resolver) -> Any:
    arguments = _arguments(argument, scope, "Fn::Cidr", (2, 3))
    if isinstance(arguments, Unknown):
        return arguments
    scope.spend(SLOW)
    values = [resolve(item, scope) for item in arguments]
    for value in values:
        if isinstance(value, Unknown):
            return Unknown(value.kind, value.reason)
        if isinstance(value, Assigned):
            return Unknown(Kind.DEPLOYMENT, f"Fn::Cidr of {value}, which is only known at deployment")
    written = values[0] if isinstance(values[0], str) else ""  # the library takes numbers for addresses, too
    try:
        block = ipaddress.ip_network(written, strict=False)
    except ValueError:
        return Unknown(Kind.MALFORMED, f"Fn::Cidr needs an address block, not {describe(values[0])}")
    count = _whole(values[1])
    bits = _whole(values[2]) if len(values) == 3 else 64 if block.version == 6 else None
    if count is None or bits is None or not 1 <= count <= 256 or not 0 < bits <= block.max_prefixlen:
        return Unknown(
            Kind.MALFORMED, "Fn::Cidr needs an address block, a count of 1 to 256, and the bits of a subnet"
        )
    prefix = block.max_prefixlen - bits
    if prefix < block.prefixlen or count > 2 ** (prefix - block.prefixlen):
        return Unknown(Kind.MALFORMED, f"Fn::Cidr: {block} has no room for {count} blocks of /{prefix}")
    first = int(block.network_address)
    kind = ipaddress.IPv4Address if block.version == 4 else ipaddress.IPv6Address
    return [f"{kind(first + number * 2**bits)}/{prefix}" for number in range(count)]


def _get_azs(argument: Any, scope: Resolver) -> Unknown:
    resolve(argument, scope)
    return Unknown(Kind.DEPLOYMENT, "which availability zones a region has is only known at deployment")


def _import_value(argument: Any, scope: Resolver) -> Any:
    name = resolve(argument, scope)
    if isinstance(name, Unknown):
        return name
    if not isinstance(name, str):
        return Unknown(Kind.MALFORMED, f"Fn::ImportValue needs a name, not {describe(name)}")
    return scope.imported(name)


def _length(argument: Any, scope: Resolver) -> Any:
    items = resolve(argument, scope)
    if isinstance(items, Unknown):
        return items
    if not isinstance(items, list):
        return Unknown(Kind.MALFORMED, f"Fn::Length needs a list, not {describe(items)}")
    for item in items:
        if isinstance(item, MaybeAbsent):
            return Unknown(item.kind, item.reason)
    return len(items)


def _to_json_string(argument: Any, scope: Resolver) -> Any:
    value = resolve(argument, scope)
    unknown = first_unknown(value)
    if unknown:
        return Unknown(unknown.kind, unknown.reason)
    if not isinstance(value, (dict, list)):
        return Unknown(Kind.MALFORMED, f"Fn::ToJsonString needs a mapping or a list, not {describe(value)}")
    size = characters(value)
    if size <= MAX_TEXT:
        scope.spend(CHARACTER * size)
        text = _json(value)
        size = len(text)
    if size > MAX_TEXT:
        return Unknown(Kind.TOO_MUCH, "Fn::ToJsonString gives a text that is too long")
    return Assigned(text, _json(_written(value))) if contains_assigned(value) else text


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _written(value: Any) -> Any:
    """Resolved data with what is assigned in it as stand-ins have it."""
    if isinstance(value, dict):
        return {escaped(key): _written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_written(item) for item in value]
    if isinstance(value, Assigned):
        return value.written
    return escaped(value) if isinstance(value, str) else value


def _transform(argument: Any, scope: Resolver) -> Any:
    if not isinstance(argument, dict):
        return Unknown(Kind.MALFORMED, "Fn::Transform needs a Name and Parameters")
    name = argument.get("Name")
    if name != "AWS::Include":
        return Unknown(Kind.MACRO, f"what the macro {name} makes is only known at deployment")
    parameters = argument.get("Parameters")
    location = resolve(parameters.get("Location"), scope) if isinstance(parameters, dict) else None
    if isinstance(location, Unknown):
        return location
    if not isinstance(location, str):
        return Unknown(Kind.MALFORMED, "AWS::Include needs a Location")
    return scope.included(location)


def _merged(value: dict[str, Any], scope: Resolver) -> Any:
    """A mapping with Fn::Transform among its members: what the transform gives is added to them."""
    added = _transform(value["Fn::Transform"], scope)
    if isinstance(added, Unknown):
        return added
    if not isinstance(added, dict):
        return Unknown(Kind.MALFORMED, "AWS::Include among other members needs a mapping in its file")
    own = resolve({key: item for key, item in value.items() if key != "Fn::Transform"} | {}, scope)
    return {**added, **own} if isinstance(own, dict) else own


_FUNCTIONS: dict[str, Callable[[Any, Resolver], Any]] = {
    "Ref": _ref,
    "Fn::And": _and,
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::Equals": _equals,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _get_azs,
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Not": _not,
    "Fn::Or": _or,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _to_json_string,
    "Fn::Transform": _transform,
}
