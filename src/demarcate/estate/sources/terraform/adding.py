"""Write a resource of Terraform that is not there: a block of its own, behind that of the resource which it completes.

It is written as `terraform fmt` would write it. What says for the other resource where it is (its provider, its
region) is said again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from demarcate.estate.sources.cloudformation.editing import NotEdited
from demarcate.estate.sources.terraform import hcl
from demarcate.estate.sources.terraform.mapped import all_mapped, attributes

_CARRIED: Final = ("provider", "region")
"""Arguments that say of a resource where it is."""

POLICY: Final = "aws_iam_policy_document"
"""The data in which a policy is written."""

_MOST: Final = 100
"""How many names are tried."""


def naming_attribute(resource: str, into: str) -> str:
    """The attribute of a resource by which another one names it in an argument, as people write it.

    >>> naming_attribute("aws_s3_bucket", "bucket"), naming_attribute("aws_dynamodb_table", "resource_arn")
    ('id', 'arn')
    """
    of = attributes().get(resource, {})
    ref = next((mapped.ref[0] for mapped in all_mapped().get(resource, ()) if not mapped.into), "id")
    if into.endswith("arn"):
        return "arn"
    if into.endswith("_id") or into == "bucket" or "id" not in of:
        return "id"
    if into in of:
        return into
    return ref if ref in of else "id"


def free_name(parent: Sequence[str], resource: str, taken: Callable[[str], bool]) -> str:
    """A name for a resource that completes another one: that one's own, where it is free. Raises NotEdited.

    >>> free_name(("aws_s3_bucket", "logs"), "aws_s3_bucket_versioning", {"logs"}.__contains__)
    'logs_versioning'
    """
    type_, name = parent
    rest = resource.removeprefix(type_).removeprefix("aws_").strip("_")
    names = [name, f"{name}_{rest}", *(f"{name}_{rest}_{number}" for number in range(2, _MOST))]
    chosen = next((each for each in names if not taken(each)), None)
    if chosen is None:
        raise NotEdited(f"{resource} would say it, and no name for it is free")
    return chosen


def carried(text: str, file: str, block: hcl.Block, resource: str, more: Sequence[str] = ()) -> dict[str, str]:
    """What the block of a resource says of where it is, and `more` arguments of it, as these are written.

    Raises NotEdited where it does not say all of `more`.
    """
    told = {}
    for name in (*_CARRIED, *more):
        for argument in block.arguments(name):
            if name == "provider" or name in attributes().get(resource, {}):
                told[name] = text[argument.start : argument.end]
        if name in more and name not in told:
            raise NotEdited(f"{file}:{hcl.line_at(text, block.begin)} does not say {name}, which {resource} needs")
    return told


def with_block(
    text: str,
    file: str,
    behind: hcl.Block,
    labels: Sequence[str],
    head: Mapping[str, str],
    values: Mapping[str, Any],
    *,
    type_: str = "resource",
) -> tuple[str, int]:
    """The text of a file with a block more behind another one, and its line.

    `head` are arguments as they are written, `values` the others, blocks among them. Raises NotEdited.
    """
    ends = "\r\n" if "\r\n" in text else "\n"
    try:
        lines = list(lines_of(labels, head, values, type_))
    except hcl.NotUnderstood as error:
        raise NotEdited(f"{labels[0]}: {error}") from error
    at = text.find("\n", behind.end)
    rest = text[behind.end + 1 : at if at >= 0 else len(text)].strip()
    if rest and not rest.startswith(("#", "//")):
        raise NotEdited(f"something follows the block, on line {hcl.line_at(text, behind.end)} of {file}")
    before, after = (text + ends, "") if at < 0 else (text[: at + 1], text[at + 1 :])
    return before + ends + "".join(line + ends for line in lines) + after, hcl.line_at(before, len(before)) + 1


def lines_of(
    labels: Sequence[str], head: Mapping[str, str], values: Mapping[str, Any], type_: str = "resource"
) -> Iterator[str]:
    """The lines of a block: its arguments as they are written (`head`), and its values."""
    quoted = " ".join(f'"{label}"' for label in labels)
    yield f"{type_} {quoted} {{"
    plain = {name: value for name, value in values.items() if not _is_block(value)}
    if head and len(plain) > 1:
        yield from _arguments(head, "  ")
        yield from _inside(values, "  ", below=True)
    else:
        yield from _arguments({**head, **{name: hcl.written(value) for name, value in plain.items()}}, "  ")
        blocks = {name: value for name, value in values.items() if _is_block(value)}
        yield from _inside(blocks, "  ", below=bool(head or plain))
    yield "}"


def _inside(values: Mapping[str, Any], indent: str, *, below: bool = False) -> Iterator[str]:
    """The lines of what is in a block: its arguments, and then the blocks in it, each behind an empty line."""
    plain = {name: hcl.written(value) for name, value in values.items() if not _is_block(value)}
    if plain:
        yield from ([""] if below else [])
        yield from _arguments(plain, indent)
        below = True
    for name, value in values.items():
        for each in (value if isinstance(value, list) else [value]) if _is_block(value) else ():
            yield from ([""] if below else [])
            yield f"{indent}{name} {{"
            yield from _inside(each, f"{indent}  ")
            yield f"{indent}}}"
            below = True


def _arguments(written: Mapping[str, str], indent: str) -> Iterator[str]:
    longest = max(map(len, written), default=0)
    yield from (f"{indent}{name:<{longest}} = {value}" for name, value in written.items())


def _is_block(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)
    )


def named_in(text: str, resource: str, name: str) -> bool:
    """Whether a file names a resource, in any of its blocks."""
    return re.search(rf"(?<![\w.-]){re.escape(resource)}(\.|\"\s+\"){re.escape(name)}(?![\w-])", text) is not None
