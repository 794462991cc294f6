"""Plans and states as resources in the shape of templates, and so as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os.path import realpath
from pathlib import Path
from typing import Any, Final

from demarcate.base.errors import DemarcateError
from demarcate.base.limits import FREE_RESOURCES
from demarcate.estate.schema.rows import ODD
from demarcate.estate.schema.standins import StandIn, Undecided, shown
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.cloudformation.budget import MAX_ALL_RESOURCES, Budget, Share
from demarcate.estate.sources.cloudformation.collect import write
from demarcate.estate.sources.cloudformation.templates import Resource, names_of
from demarcate.estate.sources.plan import Selection
from demarcate.estate.sources.terraform.configuration import Source
from demarcate.estate.sources.terraform.documents import Declared, Document, read
from demarcate.estate.sources.terraform.edits import Added, Edit, with_edits
from demarcate.estate.sources.terraform.files import documents, no_plan
from demarcate.estate.sources.terraform.mapped import REF, Mapped, all_mapped, attributes
from demarcate.estate.sources.terraform.policy_documents import policy_document
from demarcate.estate.sources.terraform.referring import Names, module_names, without_indexes
from demarcate.estate.sources.terraform.settling import Settling
from demarcate.estate.sources.terraform.shaping import at, properties
from demarcate.estate.sources.terraform.telling import asked_attributes, place_of

_DEPTH: Final = 5
"""How many policy documents are followed from one to another."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What completes another resource: that which `owner` names, and what it adds to its properties.

    `within` are properties that the other one must have, and `region` is where it must be, "" where that is not said.
    """

    resource: Declared
    mapped: Mapped
    owner: Any
    within: Mapping[str, Any]
    region: str
    properties: dict[str, Any]


def collect(
    paths: Sequence[Path],
    selection: Selection,
    writer: SnapshotWriter,
    *,
    max_resources: int | None = None,
    edits: Sequence[Edit | Added] = (),
) -> None:
    """Write the rows of all plans and states under the paths. What cannot be read of one is recorded as unread.

    `edits` are those of their configuration with which they are read.

    Raises DemarcateError for a path that has none, and for one that is none which can be read.
    """
    files, named = documents(paths)
    budget = Budget(resources=FREE_RESOURCES if max_resources is None else max_resources)
    most = max(MAX_ALL_RESOURCES, max_resources or 0)
    resources: list[Resource] = []
    shares: dict[str, Share] = {}
    unseen: Counter[str] = Counter()
    used: set[str] = set()

    def take(path: Path, qualifier: str) -> None:
        document = read(path)  # which is large, and forgotten before rows are written
        writer.unread(*(Unread(kind=Kind.INCOMPLETE, reason=w, file=document.file) for w in document.warnings))
        reading = Reading(document, qualifier, list(named), edits)
        used.add(realpath(reading.folder))
        share = budget.share(document.file, document.size, len(document.resources))
        for resource in reading.resources():
            shares.setdefault(resource.file, share)
            resources.append(resource)
        unseen.update(reading.unseen)

    for number, path in enumerate(files):
        take(path, f"{number + 1}~2f" if len(files) > 1 else "")
        if len(resources) > most:
            raise DemarcateError(f"{path}: has more than {most:,} resources: give fewer, or set max-resources")
    if unused := [path for folder, path in named.items() if realpath(folder) not in used]:
        raise DemarcateError(f"{no_plan(unused[0])}; nothing that is given is of it")
    writer.resources = dict(unseen + Counter(writer.resources))
    write(resources, shares, selection, writer, place_of)


class Reading:
    """One plan or state, as resources."""

    def __init__(
        self,
        document: Document,
        qualifier: str = "",
        configurations: Sequence[Path] = (),
        edits: Sequence[Edit | Added] = (),
    ) -> None:
        self._source = Source(document, configurations)
        self._files = {edit.address: edit.file for edit in edits if isinstance(edit, Added)}
        self._declared: Mapping[str, Declared] | None = None
        self._naming: dict[tuple[str, str], dict[str, list[str]]] = {}
        self._document = with_edits(document, edits, self.file_of) if edits else document
        self._names = Names(self._document, qualifier)
        self.unseen: Counter[str] = Counter()

    @property
    def folder(self) -> Path:
        """The folder of its configuration."""
        return self._source.folder

    def file_of(self, address: str) -> str | None:
        """The file that declares the resource at an address; None where it is not beside the document."""
        *_, type_, name = without_indexes(address).split(".")
        block = self._source.block(module_names(address), f"{type_}.{name}")
        return block.file if block is not None else self._files.get(address)

    def has(self, address: str) -> bool:
        """Whether it has a resource at an address."""
        return address in self._addresses()

    def naming(self, address: str, resource: str, attribute: str) -> list[str]:
        """The resources of a kind that name the one at an address in an attribute, or may name it."""
        declared = self._addresses().get(address)
        if declared is None:
            return []
        index = self._naming.get((resource, attribute))
        if index is None:
            index = self._naming[resource, attribute] = {}
            for other in self._document.resources:
                if other.type == resource and other.mode == "managed":
                    for key in _keys_of(at(self._settled(other), attribute)):
                        index.setdefault(key, []).append(other.address)
        known = self._known(declared)
        keys = names_of(shown(self._names.ref(declared)), known)
        return [other for key in sorted({*keys, _ANY}) for other in index.get(key, ())]

    def _addresses(self) -> Mapping[str, Declared]:
        if self._declared is None:
            self._declared = {declared.address: declared for declared in self._document.resources}
        return self._declared

    def resources(self) -> list[Resource]:
        """Its resources; those that complete another one in that."""
        resources: list[Resource] = []
        parts: list[_Part] = []
        for declared in self._document.resources:
            if declared.mode != "managed":
                continue
            several = all_mapped().get(declared.type, ())
            if not several:
                if declared.type.startswith(("aws_", "awscc_")):
                    self.unseen[declared.type] += 1
                continue
            for made in self._made(declared, several):
                (parts if isinstance(made, _Part) else resources).append(made)  # type: ignore[arg-type]
        _complete(resources, parts)
        return resources

    def _made(self, declared: Declared, several: Sequence[Mapped]) -> Iterator[Resource | _Part]:
        values = self._settled(declared)
        block = self._source.block(module_names(declared.module), f"{declared.type}.{declared.name}")
        for place, mapped in enumerate(several):
            for number, each in enumerate(_each(mapped, values)):
                shaped = each if isinstance(each, Unknown) else properties(mapped, each)
                if mapped.into:
                    if isinstance(shaped, dict):
                        within = {name: each.get(attribute) for name, attribute in mapped.within.items()}
                        yield _Part(declared, mapped, each.get(mapped.into), within, _region(values), shaped)
                    continue
                address = declared.address
                first = place == number == 0
                ref = self._names.ref(declared) if first else f"{self._names.text(address)}#{place}.{number}"
                yield Resource(
                    logical_id=address,
                    type=mapped.type,
                    properties=shaped,
                    file=block.file if block is not None else self._files.get(address, self._document.file),
                    line=block.line if block is not None else None,  # type: ignore[arg-type]
                    ref=ref,
                    label=self._names.label(address),
                    lines={},
                    conditional=None,
                    deletion_policy="",
                    update_replace_policy="",
                    metadata={},
                    known=self._known(declared) if first else {},
                )

    def _known(self, declared: Declared) -> dict[str, str]:
        """Of its attributes that are known those that somebody asks for: a plan may have 100,000 resources."""
        known, asked = self._names.known(declared), asked_attributes()
        return {name: value for name, value in known.items() if name in asked or name == "region"}

    def _settled(self, declared: Declared, depth: int = 0) -> dict[str, Any]:
        block = self._source.block(
            module_names(declared.module),
            f"{'data.' if declared.mode == 'data' else ''}{declared.type}.{declared.name}",
        )

        def refer(references: list[str], attribute: str) -> Any:
            told = self._names.refer(declared, references, attribute)
            if not isinstance(told, Declared):
                return told
            return (
                policy_document(self._settled(told, depth + 1), self._names.label(told.address))
                if depth < _DEPTH
                else None
            )

        is_plan = self._document.is_plan or declared.address in self._files
        settling = Settling(refer, block.dynamic if block is not None else None, is_plan)
        values = settling.settle(
            declared.values,
            declared.unknown,
            declared.sensitive,
            self._names.expressions(declared),
            attributes().get(declared.type, {}),
        )
        return {**values, REF: self._names.ref(declared)} if declared.mode == "managed" else values


def _each(mapped: Mapped, values: dict[str, Any]) -> Sequence[Any]:
    if mapped.each is None:
        return [values]
    try:
        return list(mapped.each(values))
    except (*ODD, Undecided):
        why = f"{mapped.resource}: of a form that was not expected, or known once applied"
        return [Unknown(Kind.DEPLOYMENT, why)]


def _complete(resources: Sequence[Resource], parts: Sequence[_Part]) -> None:
    """Put parts into the resources that they complete."""
    types = {part.mapped.type for part in parts}
    owners: dict[tuple[str, str], list[Resource]] = {}
    for resource in resources:
        if resource.type in types:
            for key in names_of(shown(resource.ref), resource.known):
                owners.setdefault((resource.type, key), []).append(resource)
    for part in parts:
        for owner in part.owner if isinstance(part.owner, list) else [part.owner]:
            if isinstance(owner, str | StandIn):
                named = owners.get((part.mapped.type, shown(owner)), ())
                named = [resource for resource in named if _may_be(resource, part)]
                why = Unknown(Kind.AMBIGUOUS, f"{part.resource.address} may be for it, or for another of its name")
                for resource in named:
                    _add(
                        resource.properties,
                        part.properties if len(named) == 1 else dict.fromkeys(part.properties, why),
                    )
            elif isinstance(owner, Unknown):
                why = Unknown(owner.kind, f"{part.resource.address} may be for it: {owner.reason}")
                for resource in (r for r in resources if r.type == part.mapped.type):
                    _add(resource.properties, dict.fromkeys(part.properties, why))


def _may_be(resource: Resource, part: _Part) -> bool:
    """Whether nothing that a resource is known to be says that it is not the one which a part completes."""
    if part.region and resource.known.get("region", part.region) != part.region:
        return False
    if isinstance(resource.properties, Unknown):
        return True
    pairs = ((resource.properties.get(name), value) for name, value in part.within.items())
    return all(
        shown(own) == shown(value)
        for own, value in pairs
        if type(own) is type(value) and not isinstance(own, Unknown)
    )


def _region(values: Mapping[str, Any]) -> str:
    """Where a resource is, as the provider says from its version 6 on; "" where it does not."""
    region = values.get("region")
    return region if isinstance(region, str) else ""


_ANY: Final = "*"
"""In the place of a text that is not known: it may be any."""


def _keys_of(owner: Any) -> Iterator[str]:
    """The texts by which an attribute names resources."""
    for each in owner if isinstance(owner, list) else [owner]:
        if isinstance(each, str | StandIn):
            yield shown(each)
        elif isinstance(each, Unknown):
            yield _ANY


def _add(properties: Any, more: Mapping[str, Any]) -> None:
    if isinstance(properties, Unknown):
        return
    for name, value in more.items():
        before = properties.get(name)
        if isinstance(before, Unknown) and before.kind is not Kind.UNTOLD:
            continue
        both = isinstance(before, list) and isinstance(value, list)
        properties[name] = [*before, *value] if both else value
