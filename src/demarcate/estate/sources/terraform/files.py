"""Which files are plans or states, and how a folder of them is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from demarcate.base.errors import DemarcateError
from demarcate.base.files import is_file, is_folder, open_file, walk

HEAD: Final = 4_096
"""How many bytes of a file are looked at to see what it is."""

_KEYS: Final = (
    b"format_version|terraform_version|planned_values|resource_changes|prior_state|configuration|relevant_attributes"
    b"|applyable|output_changes|timestamp|errored|complete|deferred_changes|resource_drift|checks"
)
_SHOWN: Final = re.compile(rb"\s*\{\s*\"(?:" + _KEYS + rb")\"\s*:")
_STATE: Final = re.compile(rb"\s*\{\s*\"version\"\s*:\s*\d+\s*,\s*\"terraform_version\"\s*:")
_UTF16: Final = re.compile(rb"\s*\{\s*\"(?:" + _KEYS + rb")")
_CONFIGURATION: Final = (".tf", ".tofu")
_TEMPLATES: Final = (".yaml", ".yml", ".template", ".json")
_SKIPPED: Final = frozenset({"node_modules"})


def recognises(path: Path) -> bool:
    """Whether a path is a plan or state, or a folder with one, or with nothing but Terraform's configuration."""
    if is_file(path):
        return path.suffix in _CONFIGURATION or is_document(path)
    if not is_folder(path):
        return False
    configured = False
    for below in _files(path):
        if below.suffix in _CONFIGURATION:
            configured = True
        elif is_document(below):
            return True
    return configured and not any(below.suffix in _TEMPLATES for below in _files(path))


def documents(paths: Sequence[Path]) -> tuple[list[Path], dict[Path, Path]]:
    """The plans and states under some paths, in order, and the folders that have a configuration alone, each with the
    path that names it. Raises DemarcateError where no path has a plan or state.
    """
    files: dict[Path, None] = {}
    configured: dict[Path, Path] = {}
    for path in paths:
        if is_folder(path):
            below = [file for file in _files(path) if file.suffix not in _CONFIGURATION and is_document(file)]
            files |= dict.fromkeys(below)
            if not below:
                configured[path] = path
        elif path.suffix in _CONFIGURATION:
            configured[path.parent] = path
        else:
            files[path] = None
    if configured and not files:
        raise DemarcateError(no_plan(next(iter(configured.values()))))
    return list(files), configured


def no_plan(path: Path) -> str:
    """What to do where there is a configuration, and no plan or state of it."""
    return (
        f"{path}: is Terraform's configuration, which only Terraform evaluates: give its plan (terraform plan -out "
        "tfplan && terraform show -json tfplan > plan.json) or its state (terraform show -json > state.json), "
        "alone or beside the configuration"
    )


def is_document(path: Path) -> bool:
    """Whether a file begins as a plan or state does, also as one of a form that is refused.

    A plan that `terraform plan -out` wrote is known whatever its name is: people write plan.out, p.bin and tf.plan.
    """
    if path.suffix in (".yaml", ".yml", ".template"):
        return False
    try:
        with open_file(path) as file:
            head = file.read(HEAD) or b""
    except OSError:
        return False
    if head.startswith(b"PK\x03\x04"):
        return b"tfplan" in head or b"tfstate" in head
    if path.suffix not in (".json", ".tfstate", ".tfplan", ""):
        return False
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _UTF16.match(head[2:].replace(b"\0", b"")) is not None
    head = head.removeprefix(b"\xef\xbb\xbf")
    return _SHOWN.match(head) is not None or _STATE.match(head) is not None


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder that may be plans, states or configuration."""
    wanted = (*_CONFIGURATION, *_TEMPLATES, ".tfstate", ".tfplan")
    return walk(
        folder, [folder], lambda name: "." not in name or name.endswith(wanted), lambda *_: None, skipped=_SKIPPED
    )
