"""What the AWS CDK synthesizes as a source: `cdk.out`, or the folder of the app that it is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread
from demarcate.estate.snapshots.writing import SnapshotWriter
from demarcate.estate.sources.cdk.assembly import PATH, folder_of, read
from demarcate.estate.sources.cloudformation.source import TemplateSource
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection

_OF_A_CONSTRUCT = "/Resource"
"""What the CDK calls the resource that a construct is for."""


class CdkSource(TemplateSource):
    """Cloud assemblies: templates, as the stacks that the manifest names, and their resources as constructs."""

    name = "cdk"
    title = "an assembly of the CDK"

    def recognises(self, name: str) -> bool:
        """Whether it is the folder of an assembly, or of an app that was synthesized."""
        return folder_of(Path(name)) is not None

    def read_into(
        self, names: Sequence[str], selection: Selection, options: Options, writer: SnapshotWriter
    ) -> None:
        """Write the rows of assemblies, beside what others write. Raises DemarcateError where one is broken."""
        from demarcate.estate.sources.cloudformation.collect import collect

        templates: list[Path] = []
        for name in names:
            folder = folder_of(Path(name))
            if folder is None:
                raise DemarcateError(f"{name}: is no assembly of the CDK any more")
            assembly = read(folder)
            templates += assembly.templates
            writer.unread(
                *(Unread(kind=Kind.UNREADABLE, reason=reason, file=file) for file, reason in assembly.problems)
            )
        collect(
            templates,
            selection,
            writer,
            parameters=options.parameters,
            max_resources=options.max_resources,
            called=construct_of,
        )


def construct_of(metadata: Mapping[str, Any]) -> str | None:
    """The path of the construct that a resource with these metadata is of; None where the CDK does not say it.

    It is the construct's own path where the resource is what the construct is for: `Shop/Uploads`, and not
    `Shop/Uploads/Resource`.
    """
    path = metadata.get(PATH)
    if not isinstance(path, str) or not path:
        return None
    return path.removesuffix(_OF_A_CONSTRUCT) or path
