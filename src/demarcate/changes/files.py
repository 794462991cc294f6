"""Steps that a person wrote, in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from demarcate.base.arn import is_account_id, is_region
from demarcate.base.documents import DocumentError, convert, items_of, line_of, read_text
from demarcate.changes.planning import HandStep
from demarcate.checks.remedies import Written, wrong_paths
from demarcate.estate.sources.aws.guard import reads
from demarcate.estate.sources.aws.operations import describe


def read_steps(path: Path) -> list[HandStep]:
    """The steps of a YAML file. Raises DemarcateError that names the line."""
    file = str(path)
    steps = []
    for item in items_of(read_text(path), file, "steps"):
        step = convert(item, HandStep, file)
        for wrong in _wrong(step):
            raise DocumentError(wrong, file, line_of(item))
        steps.append(step)
    return steps


def _wrong(step: HandStep) -> Iterator[str]:
    if not is_account_id(step.account):
        yield f"{step.account!r} is no account; expected 12 digits in quotes"
    if step.region != "global" and not is_region(step.region):
        yield f"{step.region!r} is no region; expected one such as eu-west-1, or global"
    for key in ("do", "reads", "undo", "undo_absent"):
        written = getattr(step, key)
        if isinstance(written, dict):
            yield from _wrong_call(key.replace("_", "-"), written)
    yield from wrong_paths(step)


def _wrong_call(key: str, written: Written) -> Iterator[str]:
    name = next(iter(written), "")
    if len(written) != 1 or name.count(".") != 1:
        yield f"{key} is one operation, such as s3.put_bucket_versioning, and its parameters"
        return
    try:
        describe(name)
    except (KeyError, ValueError):
        yield f"{key}: AWS has no operation {name!r}; expected one as botocore names it"
    if key == "reads" and not reads(name):
        yield f"reads: {name} does not only read, or what it reads is secret"
