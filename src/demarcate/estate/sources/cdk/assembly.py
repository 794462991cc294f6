"""The templates of a cloud assembly, as its manifest lists them.

`cdk synth` writes an assembly into `cdk.out`: a manifest, a template for each stack, assets, and an assembly within it
for each stage. The manifest's schema is https://github.com/aws/aws-cdk-cli/tree/main/packages/@aws-cdk/cloud-assembly-schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from demarcate.base.errors import DemarcateError
from demarcate.base.files import TooLarge, is_file, is_folder, is_within, read_bytes

MANIFEST: Final = "manifest.json"
FOLDER: Final = "cdk.out"
"""Where `cdk synth` writes to, beside `cdk.json`."""
STACK: Final = "aws:cloudformation:stack"
NESTED: Final = "cdk:cloud-assembly"
PATH: Final = "aws:cdk:path"
"""The member of a resource's metadata that says which construct it is of."""
MAX_BYTES: Final = 20_000_000
"""How large a manifest may be: it repeats a line of metadata for each resource."""
MAX_ASSEMBLIES: Final = 1_000


class _Artifact(msgspec.Struct):
    type: str = ""
    properties: dict[str, Any] = {}


class _Manifest(msgspec.Struct):
    version: str
    artifacts: dict[str, _Artifact]


class Assembly(msgspec.Struct):
    """The templates of an assembly and of those within it, and what could not be read: file and reason."""

    templates: list[Path] = msgspec.field(default_factory=list)
    problems: list[tuple[str, str]] = msgspec.field(default_factory=list)


def folder_of(path: Path) -> Path | None:
    """The folder of the assembly that a path is: itself, or the one that an app was synthesized into."""
    for folder in (path, path / FOLDER):
        if is_folder(folder) and is_file(folder / MANIFEST) and _is_manifest(folder / MANIFEST):
            return folder
    return None


def read(folder: Path) -> Assembly:
    """The templates of an assembly. Raises DemarcateError where its manifest cannot be read, or names no template."""
    assembly = Assembly()
    left = [folder]
    count = 0
    while left:
        here = left.pop()
        count += 1
        if count > MAX_ASSEMBLIES:
            raise DemarcateError(f"{folder}: has more than {MAX_ASSEMBLIES:,} assemblies within it")
        try:
            manifest = _manifest(here / MANIFEST)
        except DemarcateError as error:
            if here == folder:
                raise
            assembly.problems.append((str(here / MANIFEST), str(error)))
            continue
        for name, artifact in sorted(manifest.artifacts.items()):
            for path in _named(here, name, artifact, "templateFile", STACK):
                _add(assembly, folder, path, is_there=is_file, to=assembly.templates)
            for path in _named(here, name, artifact, "directoryName", NESTED):
                _add(assembly, folder, path, is_there=is_folder, to=left)
    if not assembly.templates and not assembly.problems:
        raise DemarcateError(f"{folder / MANIFEST}: names no stack: synthesize the app anew (cdk synth)")
    return assembly


def _named(here: Path, name: str, artifact: _Artifact, member: str, type_: str) -> Iterator[Path]:
    if artifact.type == type_:
        told = artifact.properties.get(member)
        yield here / (told if isinstance(told, str) and told and "\0" not in told else name)


def _add(assembly: Assembly, folder: Path, path: Path, *, is_there: Any, to: list[Path]) -> None:
    if not is_within(path, [folder]):
        assembly.problems.append((str(path), "is outside of the assembly; it is not read"))
    elif not is_there(path):
        assembly.problems.append((str(path), "is not there: synthesize the app anew (cdk synth)"))
    else:
        to.append(path)


def _manifest(path: Path) -> _Manifest:
    try:
        return msgspec.json.decode(read_bytes(path, MAX_BYTES), type=_Manifest)
    except TooLarge as error:
        raise DemarcateError(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise DemarcateError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DemarcateError(
            f"{path}: is no manifest of a cloud assembly ({error}): synthesize the app anew (cdk synth)"
        ) from error


def _is_manifest(path: Path) -> bool:
    """Whether it begins as a manifest does, also one that is broken."""
    try:
        text = read_bytes(path, MAX_BYTES)
    except OSError:
        return False
    return b'"artifacts"' in text and any(kind in text for kind in (b'"aws:cloudformation:stack"', b'"cdk:'))
