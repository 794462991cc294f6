"""Edit arguments of resources in Terraform's configuration, and leave all else as it is written.

Only what the block of a resource says as a literal, or does not say at all, is edited; what completes it and is not
there is written. What a variable, a module, a loop or a dynamic block gives is told with its line. What an edit makes
is read again, from the plan or state with the values that are edited (`rereading.py`); whether it makes anything else,
only Terraform can tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from demarcate.estate.sources.cloudformation.editing import REMOVED, NotEdited, Same
from demarcate.estate.sources.cloudformation.rereading import Reading
from demarcate.estate.sources.terraform import hcl
from demarcate.estate.sources.terraform.adding import (
    POLICY,
    carried,
    free_name,
    named_in,
    naming_attribute,
    with_block,
)
from demarcate.estate.sources.terraform.arguments import block_in, is_which, with_argument
from demarcate.estate.sources.terraform.configuration import MAX_FILES, files_in
from demarcate.estate.sources.terraform.configured import Configured, blocks_of, others_in
from demarcate.estate.sources.terraform.edits import address_in, substituted
from demarcate.estate.sources.terraform.referring import without_indexes
from demarcate.estate.sources.terraform.wanted import Wanted, in_names

_ADDRESS: Final = re.compile(r"([\w-]+)\.([\w-]+)")
_REFERS: Final = re.compile(
    r'("\$\{)?(?!(?:var|local|each|count|module|data|path|self)\.)[a-z][\w-]*\.[A-Za-z_][\w-]*(\.\w+)?(\}")?'
)


@dataclass(frozen=True, slots=True)
class Written:
    """Where an argument is, or would be written: in which file, and by the labels of its block.

    `completes` are the labels of the resource that the block completes, if it is not there yet and so has no labels of
    its own, and `taken` says of a name whether it has one.
    """

    file: str
    labels: tuple[str, ...]
    wanted: Wanted
    completes: tuple[str, ...] = ()
    taken: Callable[[str], bool] = lambda _: False


def places_of(
    reading: Reading, configured: Configured, file: str, address: str, several: Sequence[Wanted]
) -> list[Written]:
    """Where arguments of a resource that a file declares are, or would be written, the likeliest first.

    What is written already comes first, then what a resource of its own would say that is not there, then what its own
    block does not say yet. Raises NotEdited.
    """
    module = configured.home(file, address)
    match = _ADDRESS.fullmatch(address.removeprefix(f"{module}."))
    if match is None:
        _block(reading, file, tuple(without_indexes(address).split(".")[-2:]))  # which tells the line
        raise NotEdited(f"count or for_each makes it, and the edit would change others as well, at {file}")
    labels = (match[1], match[2])
    own = _block(reading, file, labels)
    told: list[Written] = []
    missing: list[Written] = []
    added: list[Written] = []
    for wanted in several:
        if not wanted.into:
            place = Written(file, own.labels, wanted)
            (told if _is_there(own, wanted.steps[0]) else added).append(place)
            continue
        parts = list(_parts(reading, configured, file, wanted, module, address))
        told += (Written(each, of_part, wanted) for each, of_part in parts)
        if not parts:
            taken = _taken(reading, configured, file, address, module, wanted.resource)
            missing.append(Written(file, (), wanted, labels, taken))
    older = [_says_itself(reading.text(file), own, place.wanted) for place in missing]
    lines = [line for line in older if line is not None]
    if lines and not told:
        raise NotEdited(f"its own block says it, in an older way, at {file}:{lines[0]}: edit that")
    missing = [place for place, line in zip(missing, older, strict=True) if line is None]
    if not (told or missing or added):
        raise NotEdited("no argument of its own says it")
    return [*told, *missing, *added]


def edited(reading: Reading, places: Sequence[Written], same: Same) -> tuple[int, str]:
    """The line and the text of a file with other values of arguments, all in it. Raises NotEdited."""
    file = places[0].file
    before = text = reading.text(file)
    lines = []
    for place in places:
        if not place.labels:
            continue
        text, line = with_argument(text, file, block_in(text, file, place.labels), place.wanted, same)
        lines.append(line)
    missing: dict[str, list[Written]] = {}
    for place in places:
        if not place.labels:
            missing.setdefault(place.wanted.resource, []).append(place)
    for several in missing.values():
        text, line = _completed(text, file, several, same)
        lines.append(line)
    if text == before:
        raise NotEdited(f"{file}:{min(lines)} says so already: plan and apply it")
    return min(lines), text


def _completed(text: str, file: str, places: Sequence[Written], same: Same) -> tuple[str, int]:
    """The text with a resource that says what some places do: more of it where an edit has written it already."""
    wanted, completes = places[0].wanted, places[0].completes
    lines = []
    name = ".".join(completes)
    for block in blocks_of(text, file):
        if (
            block.type == "resource"
            and block.labels[:1] == (wanted.resource,)
            and _names(text, block, wanted.into, name)
            and is_which(text, file, block, wanted.which)
        ):
            if wanted.anew or wanted.document is not None:
                raise NotEdited(f"{'.'.join(block.labels)} is there: edit {wanted.steps[0]} of it by hand")
            for place in places:
                text, line = with_argument(text, file, block_in(text, file, block.labels), place.wanted, same)
                lines.append(line)
            return text, min(lines)
    values: dict[str, Any] = dict(wanted.which)
    for place in places:
        if place.wanted.value is REMOVED:
            raise NotEdited(f"{wanted.resource} is not there, and would not say it")
        substituted(wanted.resource, values, place.wanted.steps, in_names(place.wanted.value, name))
    own = block_in(text, file, completes)
    reference = f"{name}.{naming_attribute(completes[0], wanted.into)}"
    head = {**carried(text, file, own, wanted.resource, wanted.carries), wanted.into: reference}
    kinds = [wanted.resource, *([POLICY] if wanted.document is not None else [])]
    called = free_name(
        completes,
        wanted.resource,
        lambda name: places[0].taken(name) or any(named_in(text, kind, name) for kind in kinds),
    )
    if wanted.document is None:
        return with_block(text, file, own, (wanted.resource, called), head, values)
    values[wanted.steps[-1]] = hcl.Template((hcl.Reference(f"data.{POLICY}.{called}", "json"),))
    text, _ = with_block(text, file, own, (wanted.resource, called), head, values)
    return with_block(text, file, own, (POLICY, called), {}, in_names(wanted.document, name), type_="data")


def _taken(
    reading: Reading, configured: Configured, file: str, address: str, module: str, resource: str
) -> Callable[[str], bool]:
    """Whether a resource of a kind has a name already in a module, or had it, or a policy's document has it there."""

    def taken(name: str) -> bool:
        folder = Path(file).parent
        if configured.has(file, address, address_in(module, f"{resource}.{name}")):
            return True
        paths = [*islice(files_in(folder, folder), MAX_FILES), *others_in(folder)]
        texts = [reading.text(str(path)) for path in paths]
        return any(named_in(text, kind, name) for text in texts for kind in (resource, POLICY))

    return taken


def _is_there(block: hcl.Block, name: str) -> bool:
    """Whether a block says something of an argument, or has a block of that name."""
    return any(
        item.name == name if isinstance(item, hcl.Argument) else name in (item.type, *item.labels)
        for item in block.items
    )


def _says_itself(text: str, own: hcl.Block, wanted: Wanted) -> int | None:
    """The line on which the block of a resource says what one that completes it would; None where it does not.

    Older versions of the provider have what is a resource of its own now in a block of the resource itself, under the
    first word of its name.
    """
    rest = wanted.resource.removeprefix(own.labels[0]).strip("_")
    words = set(own.labels[0].split("_"))
    whole = "_".join(word for word in wanted.resource.split("_") if word not in words)
    for item in own.items:
        name = item.name if isinstance(item, hcl.Argument) else item.type
        if isinstance(item, hcl.Block) and name == "dynamic" and item.labels:
            name = item.labels[0]
        if name != "lifecycle" and (name == whole or name.partition("_")[0] == rest.partition("_")[0]):
            return hcl.line_at(text, item.begin)
    return None


def _block(reading: Reading, file: str, labels: tuple[str, ...]) -> hcl.Block:
    """The block of a resource. Raises NotEdited where it is not declared once, or makes several."""
    return block_in(reading.text(file), file, labels)


def _parts(
    reading: Reading, configured: Configured, file: str, wanted: Wanted, module: str, address: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The blocks of a kind that complete a resource: those that the plan or state says, and those beside it that name
    it. Raises NotEdited where one that may be for it is not edited.
    """
    folder, name = Path(file).parent, address.removeprefix(f"{module}.")
    done = set[tuple[str, str]]()
    for other, of_other in configured.completing(file, address, wanted.resource, wanted.into):
        *_, type_, called = without_indexes(other).split(".")
        if of_other is None:
            raise NotEdited(f"{other} says it, which no configuration (.tf) beside it declares")
        configured.home(of_other, other)
        done.add((of_other, called))
        try:
            block = _block(reading, of_other, (type_, called))
            if not is_which(reading.text(of_other), of_other, block, wanted.which):
                continue
        except NotEdited as error:
            raise NotEdited(f"{other} says it: {error}") from error
        yield _as_it_is(reading, of_other, block, wanted)
    for path in islice(files_in(folder, folder), MAX_FILES):
        text = reading.text(str(path))
        if wanted.resource not in text:
            continue
        for block in blocks_of(text, str(path)):
            if block.type != "resource" or block.labels[:1] != (wanted.resource,):
                continue
            if (str(path), block.labels[-1]) in done:
                continue
            called = address_in(module, ".".join(block.labels))
            if _names(text, block, wanted.into, name):
                block = _block(reading, str(path), block.labels)
                if is_which(text, str(path), block, wanted.which):
                    yield _as_it_is(reading, str(path), block, wanted)
            elif not configured.has(file, address, called) and not _names_another(text, block, wanted.into):
                place = f"{path}:{hcl.line_at(text, block.begin)}"
                raise NotEdited(
                    f"{'.'.join(block.labels)} may be for it, at {place}: plan again, so that it is known"
                )


def _as_it_is(reading: Reading, file: str, block: hcl.Block, wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    """Where what completes a resource is. Raises NotEdited where it is only written anew."""
    if wanted.anew or wanted.document is not None:
        place = f"{file}:{hcl.line_at(reading.text(file), block.begin)}"
        raise NotEdited(f"{'.'.join(block.labels)} is there, at {place}: edit its {wanted.steps[0]} by hand")
    return file, block.labels


def _names(text: str, block: hcl.Block, into: str, name: str) -> bool:
    """Whether a block names a resource of its module in an argument."""
    told = [text[argument.start : argument.end] for argument in block.arguments(into)]
    return bool(told) and re.fullmatch(rf'("\$\{{)?{re.escape(name)}(\.\w+)?(\}}")?', told[0]) is not None


def _names_another(text: str, block: hcl.Block, into: str) -> bool:
    """Whether a block plainly names one resource in an argument, whichever it is."""
    told = [text[argument.start : argument.end] for argument in block.arguments(into)]
    return bool(told) and _REFERS.fullmatch(told[0]) is not None
