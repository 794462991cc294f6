"""Which resource of a plan an expression of its configuration names, and what stands for what it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from demarcate.estate.schema.standins import StandIn
from demarcate.estate.sources.terraform.documents import Configuration, Declared, Document
from demarcate.estate.sources.terraform.mapped import Mapped, all_mapped
from demarcate.estate.sources.terraform.settling import maximal

_NAMES: Final = re.compile(
    r"(^|_)(ids?|arns?|bucket|roles?|users?|groups?|topics?|queue_url|clusters?|security_groups|subnets|kms_key"
    r"|repository|(bucket|function|cluster|table|event_bus|log_group|role|user|group|stage|vault|topic|domain)_name"
    r"|(cluster|instance)_identifier|replicate_source_db|rule|encryption_key|target_key_id)$"
)
"""Attributes whose value is a name, id or ARN of another resource, whole."""
_NAMED: Final = re.compile(r"(^|_)(id|arn|name|bucket|url|identifier|key|role|user)$")
"""Attributes that name the resource which has them."""
_STEP: Final = re.compile(r"\[(?:(\d+)|\"((?:[^\"\\]|\\.)*)\")\]")
_INDEX: Final = re.compile(r"\[[^\]]*\]$")
_ITERATORS: Final = ("each.", "count.")
_DEPTH: Final = 20
"""Through how many modules a value is followed."""

DOCUMENT: Final = "aws_iam_policy_document"


class _Target(NamedTuple):
    resource: Declared
    attribute: str


class Names:
    """What the resources of a document are called, and what stands for what is not known of them."""

    def __init__(self, document: Document, qualifier: str = "") -> None:
        self._document, self._qualifier = document, qualifier
        self._by_base: dict[str, list[Declared]] = {}
        for resource in document.resources:
            self._by_base.setdefault(_base(resource), []).append(resource)
        self._values: dict[str, Mapping[str, Any]] = {}
        self._written: dict[str, dict[str, msgspec.Raw]] = {}
        """What the configuration says of resources, by module and address."""

    def label(self, address: str) -> str:
        """What stand-ins call a resource: its address, in letters that a stand-in's name may have."""
        plain = re.sub(
            r"[^\w\[\]\"'/*-]", lambda odd: f"~{ord(odd[0]):x}", address.replace("/", "~2f").replace(".", "/")
        )
        return self._qualifier + plain

    def text(self, address: str) -> str:
        """The text that stands for it."""
        return self._qualifier + address

    def ref(self, resource: Declared) -> str | StandIn:
        """What `Ref` to a resource gives: a name or id that is known, or what stands for it."""
        return next(self._known(resource, _refs(resource)), None) or self._standin(resource.address)

    def known(self, resource: Declared) -> dict[str, str]:
        """Its attributes that are known and name it, as a template's `Fn::GetAtt` calls them, in lower case."""
        known = {
            name.replace("_", ""): value
            for name, value in self._values_of(resource).items()
            if isinstance(value, str) and value
        }
        last = resource.type.rpartition("_")[2]
        if arn := known.get("arn"):
            known |= {name: arn for name in _ARNS if name.endswith(f"{last}arn")}
        if id_ := known.get("id"):
            known.setdefault(f"{last}id", id_)
        return known

    def refer(self, resource: Declared, references: list[str], attribute: str) -> Any:
        """What stands for an attribute of a resource that these references make; None where that cannot be told.

        It is a Declared where it is the document of a policy that is made of blocks.
        """
        target = self._target(references, resource.module, resource.index, 0)
        if target is None:
            return None
        if target.resource.type == DOCUMENT:
            return target.resource if target.attribute == "json" else None
        if target.resource.mode != "managed" or not _NAMES.search(attribute):
            return None
        name = target.attribute or ("arn" if attribute.endswith(("arn", "arns")) else _refs(target.resource)[0])
        if not _NAMED.search(name):
            return None
        if name in _refs(target.resource):
            return self.ref(target.resource)
        told = next(self._known(target.resource, (name,)), None)
        return told or self._standin(target.resource.address, self.ref(target.resource), name)

    def expressions(self, resource: Declared) -> Any:
        """What the configuration says of a resource; None where it is not at hand."""
        written = self._written.get(resource.module)
        if written is None:
            module = self._module(resource.module)
            written = self._written[resource.module] = {}
            for each in module.resources if module is not None else ():
                written.setdefault(each.address, each.expressions)
        data = "data." if resource.mode == "data" else ""
        expressions = written.get(f"{data}{resource.type}.{resource.name}")
        return None if expressions is None else msgspec.json.decode(expressions)

    def _standin(self, address: str, ref: str | StandIn | None = None, attribute: str = "") -> StandIn:
        label = self.label(address)
        if not attribute:
            return StandIn(self.text(address), f"${{{label}}}")
        name = "".join(word.capitalize() for word in attribute.split("_"))
        text = ref.text if isinstance(ref, StandIn) else ref
        return StandIn(f"{text}.{name}", f"${{{label}.{name}}}")

    def _known(self, resource: Declared, names: tuple[str, ...]) -> Iterator[str]:
        values = self._values_of(resource)
        return (value for name in names if isinstance(value := values.get(name), str) and value)

    def _values_of(self, resource: Declared) -> Mapping[str, Any]:
        """Its values at the top that are known and not secret."""
        if resource.address not in self._values:
            values, sensitive = resource.values, resource.sensitive
            secret = (
                {key for key, flag in sensitive.items() if flag is True} if isinstance(sensitive, dict) else set()
            )
            self._values[resource.address] = {
                key: value
                for key, value in (values if isinstance(values, dict) else {}).items()
                if key not in secret and isinstance(value, str)
            }
        return self._values[resource.address]

    def _module(self, address: str) -> Configuration | None:
        """The configuration of a module, by its address."""
        module: Configuration | None = self._document.configuration
        for name in module_names(address):
            call = module.module_calls.get(name) if module is not None else None
            module = call.module if call is not None else None
        return module

    def _target(self, references: list[str], module: str, index: int | str | None, depth: int) -> _Target | None:
        """The resource that references name, if they name one alone, and its attribute ("" where it is not told)."""
        several = [r for r in maximal(references) if not r.startswith(_ITERATORS)]
        iterated = len(several) != len(maximal(references))
        if len(several) != 1 or depth > _DEPTH:
            return None
        [reference] = several
        head, _, rest = reference.partition(".")
        if head == "var":
            above = module_names(module)
            call_module = self._module(_above(module))
            call = call_module.module_calls.get(above[-1]) if above and call_module is not None else None
            expressions = msgspec.json.decode(call.expressions) if call is not None else None
            expression = expressions.get(rest) if isinstance(expressions, dict) else None
            return self._follow(expression, _above(module), _module_index(module), depth)
        if _STEP.sub("", head) == "module" or head == "module":
            name, _, output = rest.rpartition(".")
            below = f"{module}.module.{name}" if module else f"module.{name}"
            inner = self._module(below)
            if inner is None or output not in inner.outputs:
                return None
            return self._follow(msgspec.json.decode(inner.outputs[output].expression), below, None, depth)
        return self._instance(reference, module, index if iterated else None, iterated=iterated)

    def _follow(self, expression: Any, module: str, index: int | str | None, depth: int) -> _Target | None:
        references = expression.get("references") if isinstance(expression, dict) else None
        if not isinstance(references, list) or not all(isinstance(r, str) for r in references):
            return None
        return self._target(references, module, index, depth + 1)

    def _instance(self, reference: str, module: str, index: int | str | None, *, iterated: bool) -> _Target | None:
        data = "data." if reference.startswith("data.") else ""
        type_, _, rest = reference.removeprefix("data.").partition(".")
        key = _STEP.search(rest)
        end = min((at for at in (rest.find("."), rest.find("[")) if at >= 0), default=len(rest))
        name = rest[:end]
        after = rest[key.end() :] if key is not None and key.start() == end else rest[end:]
        attribute = after.removeprefix(".")
        several = self._by_base.get(f"{module}.{data}{type_}.{name}" if module else f"{data}{type_}.{name}", [])
        if key is not None and key.start() == end:
            wanted: int | str = int(key[1]) if key[1] else msgspec.json.decode(f'"{key[2]}"')
            several = [r for r in several if r.index == wanted]
        elif iterated and index is not None and any(r.index is not None for r in several):
            several = [r for r in several if r.index == index]
        elif not attribute and any(r.index is not None for r in several):
            return None  # of several, by an index that is not told
        if len(several) != 1 or (not attribute and not iterated) or "." in attribute or "[" in attribute:
            return None
        return _Target(several[0], attribute)


_ARNS: Final = (
    "dbclusterarn",
    "dbinstancearn",
    "backupplanarn",
    "backupvaultarn",
    "eventdatastorearn",
    "servicearn",
    "protectionarn",
)
"""Attributes of templates that are a resource's own ARN under another name."""


def _refs(resource: Declared) -> tuple[str, ...]:
    mapped: tuple[Mapped, ...] = all_mapped().get(resource.type, ())
    return mapped[0].ref if mapped else ("id",)


def _base(resource: Declared) -> str:
    data = "data." if resource.mode == "data" else ""
    plain = f"{data}{resource.type}.{resource.name}"
    return f"{resource.module}.{plain}" if resource.module else plain


def module_names(address: str) -> tuple[str, ...]:
    """The names of the modules that an address leads through.

    >>> module_names('module.net[0].module.zone["a.b"]')
    ('net', 'zone')
    """
    return tuple(re.findall(r"module\.([\w-]+)", without_indexes(address)))


def without_indexes(address: str) -> str:
    """An address that does not say which of several is meant.

    >>> without_indexes('module.net[0].aws_subnet.private["a.b"]')
    'module.net.aws_subnet.private'
    """
    return _STEP.sub("", address)


def _above(module: str) -> str:
    """The address of the module that has one.

    >>> _above('module.net[0].module.zone["a"]')
    'module.net[0]'
    """
    return module[: module.rfind("module.")].removesuffix(".") if module_names(module) else ""


def _module_index(module: str) -> int | str | None:
    key = _INDEX.search(module)
    match = _STEP.fullmatch(key[0]) if key is not None else None
    if match is None:
        return None
    return int(match[1]) if match[1] else str(msgspec.json.decode(f'"{match[2]}"'))


def kind_of(address: str) -> str:
    """Which kind of resource an address is of.

    >>> kind_of('module.net[0].aws_subnet.private["a.b"]')
    'aws_subnet'
    """
    return without_indexes(address).split(".")[-2]
