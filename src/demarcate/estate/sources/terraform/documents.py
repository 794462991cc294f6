"""Plans and states as Terraform and OpenTofu write them, and which resources they hold.

Read are what `terraform show -json` prints of a plan or a state (format 0.1 to 1.x) and the state file itself
(`terraform.tfstate`, version 4). Both are described in
https://developer.hashicorp.com/terraform/internals/json-format. Of a document only what is needed is decoded, and the
values of a resource only when they are asked for, so that memory follows the file's size and not what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Raw

from demarcate.base.encoding import to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.files import TooLarge, read_bytes

MAX_BYTES: Final = 100_000_000
"""How large a plan or state may be: a plan of 10,000 resources has some 60 MB."""

SHOW: Final = "terraform show -json"
MAX_RESOURCES: Final = 100_000
"""How many resources a plan or state may have."""

MAX_VALUES: Final = 4_000_000
"""How many bytes the values of one resource may have."""

MAJOR: Final = 1
"""The newest major version of the format that is known."""
STATE_VERSION: Final = 4
"""The version of state files that is known."""


class BadDocument(DemarcateError):
    """A file that is no plan or state which can be read: file, what was found, what to do."""


class _Resource(msgspec.Struct):
    address: str
    type: str
    name: str = ""
    mode: str = "managed"
    index: int | str | None = None
    values: Raw = Raw(b"{}")
    sensitive_values: Raw = Raw(b"{}")
    deposed_key: str | None = None


class _Module(msgspec.Struct):
    resources: list[_Resource] = []
    child_modules: list[_Module] = []
    address: str = ""


class _Values(msgspec.Struct):
    root_module: _Module = msgspec.field(default_factory=_Module)


class _Change(msgspec.Struct):
    actions: list[str] = []
    after: Raw = Raw(b"null")
    after_unknown: Raw = Raw(b"{}")
    after_sensitive: Raw = Raw(b"{}")


class _ResourceChange(msgspec.Struct):
    address: str
    type: str = ""
    name: str = ""
    mode: str = "managed"
    index: int | str | None = None
    module_address: str = ""
    deposed: str | None = None
    change: _Change = msgspec.field(default_factory=_Change)


class _Deferred(msgspec.Struct):
    reason: str = ""
    resource_change: _ResourceChange | None = None


class Expressions(msgspec.Struct):
    """What the configuration says of one resource: its arguments, not evaluated."""

    address: str
    expressions: Raw = Raw(b"{}")


class Output(msgspec.Struct):
    """An output of a module."""

    expression: Raw = Raw(b"{}")


class ModuleCall(msgspec.Struct):
    """A module that another one calls."""

    source: str = ""
    expressions: Raw = Raw(b"{}")
    module: Configuration | None = None


class Configuration(msgspec.Struct):
    """The configuration of a module, as a plan has it."""

    resources: list[Expressions] = []
    module_calls: dict[str, ModuleCall] = {}
    outputs: dict[str, Output] = {}


class _Root(msgspec.Struct):
    root_module: Configuration = msgspec.field(default_factory=Configuration)


class _Document(msgspec.Struct):
    format_version: str = ""
    planned_values: _Values | None = None
    values: _Values | None = None
    resource_changes: list[_ResourceChange] = []
    deferred_changes: list[_Deferred] = []
    configuration: _Root = msgspec.field(default_factory=_Root)
    errored: bool = False
    complete: bool = True


class _Step(msgspec.Struct):
    type: str = ""
    value: Any = None

    @property
    def key(self) -> str | int:
        """The member or the number that it leads to; a number may stand in an object with its type."""
        value = self.value.get("value") if isinstance(self.value, dict) else self.value
        return value if isinstance(value, str | int) else ""


class _Instance(msgspec.Struct):
    attributes: Raw = Raw(b"{}")
    sensitive_attributes: list[list[_Step]] = []
    index_key: int | str | None = None
    deposed: str | None = None


class _StateResource(msgspec.Struct):
    type: str
    name: str
    mode: str = "managed"
    module: str = ""
    instances: list[_Instance] = []


class _StateFile(msgspec.Struct):
    version: int
    resources: list[_StateResource] = []


@dataclass(frozen=True, slots=True)
class Declared:
    """One resource of a plan or state: `module` is the address of the module that it is in, "" for the root.

    `unknown` is, in the shape of its values, true where they are known once applied; `sensitive` where they are secret.
    """

    address: str
    type: str
    name: str
    module: str
    index: int | str | None
    mode: str
    _values: Raw
    _unknown: Raw
    _sensitive: Raw | list[list[_Step]]

    @property
    def size(self) -> int:
        """How many bytes its values have, and what is said of them."""
        return len(memoryview(self._values)) + len(memoryview(self._unknown))

    @property
    def values(self) -> Any:
        """Its values."""
        return msgspec.json.decode(self._values)

    def with_values(self, values: Any) -> Declared:
        """It, with other values."""
        return replace(self, _values=Raw(to_json(values)))

    @property
    def unknown(self) -> Any:
        """Where they are known once applied."""
        return msgspec.json.decode(self._unknown)

    @property
    def sensitive(self) -> Any:
        """Where they are secret."""
        if not isinstance(self._sensitive, list):
            return msgspec.json.decode(self._sensitive)
        marked: dict[Any, Any] = {}
        for way in self._sensitive:
            inside = marked
            for step in way[:-1]:
                inside = inside.setdefault(step.key, {}) if isinstance(inside, dict) else {}
            if way and isinstance(inside, dict):
                inside[way[-1].key] = True
        return marked


@dataclass(frozen=True, slots=True)
class Document:
    """A plan or a state: `file` as it was named, what it holds, and what it says of itself that it leaves out."""

    file: str
    path: Path
    resources: list[Declared]
    configuration: Configuration
    is_plan: bool
    size: int
    warnings: list[str] = field(default_factory=list)


def read(path: Path) -> Document:
    """A plan or state. Raises BadDocument for what is none, or cannot be read whole."""
    file = str(path)
    try:
        data = read_bytes(path, MAX_BYTES)
    except TooLarge:
        raise BadDocument(
            f"{file}: is larger than {MAX_BYTES // 1_000_000} MB, the most that is read of a plan or state: plan "
            "parts of it (one root module a plan), or leave the plan's prior state out"
        ) from None
    except OSError as error:
        raise BadDocument(f"{file}: cannot be read: {error.strerror or error}") from error
    if data.startswith(b"PK\x03\x04"):
        raise BadDocument(
            f"{file}: is a plan as `terraform plan -out` writes it: give what `{SHOW} {path.name}` prints"
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadDocument(f"{file}: is UTF-16, as PowerShell's `>` writes: write it as UTF-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if (
        max(data.count(b'"address"') // 4, data.count(b'"attributes"')) > MAX_RESOURCES
    ):  # each stands in four places
        raise BadDocument(
            f"{file}: has more than {MAX_RESOURCES:,} resources: plan parts of it, one root module a plan"
        )
    head = _decoded(data, _Head, file)
    if not head.format_version and head.version is not None:
        return _state_file(data, path, head.version)
    _check_version(head.format_version, file)
    return _shown(_decoded(data, _Document, file), path, len(data))


class _Head(msgspec.Struct):
    format_version: str = ""
    version: int | None = None


def _decoded(data: bytes, type_: type[Any], file: str) -> Any:
    try:
        return msgspec.json.decode(data, type=type_)
    except msgspec.ValidationError as error:
        raise BadDocument(f"{file}: is not what `{SHOW}` prints: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadDocument(
            f"{file}: is no whole JSON document ({error}): write it anew with `{SHOW} PLAN > {Path(file).name}`"
        ) from error


def _check_version(version: str, file: str) -> None:
    major = version.partition(".")[0]
    if not major.isdecimal():
        raise BadDocument(f"{file}: has no format_version: is it what `{SHOW}` prints?")
    if int(major) > MAJOR:
        raise BadDocument(
            f"{file}: has format_version {version[:20]}; this version of Demarcate reads up to {MAJOR}.x: update it"
        )


def _shown(document: _Document, path: Path, size: int) -> Document:
    changes = {change.address: change for change in document.resource_changes if change.deposed is None}
    values = document.planned_values or document.values
    is_plan = document.planned_values is not None
    warnings = []
    if document.errored:
        warnings.append("the plan ended with an error, so that it does not hold all resources: plan again")
    elif is_plan and not document.complete:
        warnings.append(
            "the plan says that it is not complete (parts were left out or deferred): plan again after it"
        )
    warnings += [
        f"{deferred.resource_change.address} is deferred to a later plan: nothing is known of it"
        for deferred in document.deferred_changes
        if deferred.resource_change is not None
    ]
    resources: dict[str, Declared] = {}
    for module, resource in _walk((values or _Values()).root_module):
        change = changes.get(resource.address, _ResourceChange(resource.address))
        if resource.deposed_key is None:
            declared = Declared(
                resource.address,
                resource.type,
                resource.name,
                module,
                resource.index,
                resource.mode,
                resource.values,
                change.change.after_unknown,
                resource.sensitive_values,
            )
            _add(declared, resources, warnings)
    for change in document.resource_changes:  # data that is read during apply stands here alone
        if change.mode == "data" and change.address not in resources and change.change.actions == ["read"]:
            declared = Declared(
                change.address,
                change.type,
                change.name,
                change.module_address,
                change.index,
                change.mode,
                change.change.after,
                change.change.after_unknown,
                change.change.after_sensitive,
            )
            _add(declared, resources, warnings)
    return Document(
        str(path), path, list(resources.values()), document.configuration.root_module, is_plan, size, warnings
    )


def _add(declared: Declared, resources: dict[str, Declared], warnings: list[str]) -> None:
    if declared.address in resources:
        warnings.append(f"{declared.address} stands twice: the second is left out")
    elif declared.size > MAX_VALUES:
        warnings.append(f"{declared.address} is left out: its values have more than {MAX_VALUES:,} bytes")
    else:
        resources[declared.address] = declared


def _walk(module: _Module) -> Iterator[tuple[str, _Resource]]:
    stack = [module]
    while stack:
        module = stack.pop()
        for resource in module.resources:
            yield module.address, resource
        stack.extend(reversed(module.child_modules))


def _state_file(data: bytes, path: Path, version: int) -> Document:
    if version != STATE_VERSION:
        raise BadDocument(
            f"{path}: is a state file of version {version}; version {STATE_VERSION} is read: give what `{SHOW}` prints"
        )
    state = _decoded(data, _StateFile, str(path))
    resources: dict[str, Declared] = {}
    warnings: list[str] = []
    for resource in state.resources:
        plain = f"{resource.type}.{resource.name}"
        data_ = "data." if resource.mode == "data" else ""
        base = f"{resource.module}.{data_}{plain}" if resource.module else f"{data_}{plain}"
        for instance in resource.instances:
            if instance.deposed is None:
                declared = Declared(
                    base + _index(instance.index_key),
                    resource.type,
                    resource.name,
                    resource.module,
                    instance.index_key,
                    resource.mode,
                    instance.attributes,
                    Raw(b"{}"),
                    instance.sensitive_attributes,
                )
                _add(declared, resources, warnings)
    return Document(str(path), path, list(resources.values()), Configuration(), False, len(data), warnings)


def _index(key: int | str | None) -> str:
    if key is None:
        return ""
    return f"[{key}]" if isinstance(key, int) else f"[{to_json(key).decode()}]"


def constant(expression: Mapping[str, Any]) -> bool:
    """Whether an expression is written out."""
    return "constant_value" in expression
