"""An AMI, and the version of a launch template that has it: for Auto Scaling groups and node groups alike."""

from __future__ import annotations

import re
from typing import Final

from demarcate.changes.planning import Reader
from demarcate.changes.structs import Operation, Read, Step, Undo
from demarcate.changes.values import literal
from demarcate.patching.artefacts import Artefact
from demarcate.patching.mechanisms.mechanism import Target, Wish, step_of

AMI: Final = re.compile(r"ami-[0-9a-f]{8,17}")


def image_read(image: str) -> Read:
    """How an AMI is read: what tells it from another, and its architecture."""
    return Read(
        operation=Operation(
            name="ec2.describe_images", parameters={"ImageIds": [image], "IncludeDeprecated": True}
        ),
        state="Images[0].{Id: ImageId, Name: Name, Owner: OwnerId, Created: CreationDate, Arch: Architecture}",
        absent=("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"),
    )


def image_artefact(value: str) -> Read:
    """How the AMI that is to be installed is read. Raises ValueError for a text that is no id of one."""
    if not AMI.fullmatch(value):
        raise ValueError(f"{value!r} is no AMI; expected an id such as ami-0123456789abcdef0")
    return image_read(value)


def version_read(template: str, version: str) -> Read:
    """How a version of a launch template is read: its number, and the AMI that it names."""
    return Read(
        operation=Operation(
            name="ec2.describe_launch_template_versions",
            parameters={"LaunchTemplateId": template, "Versions": [version]},
        ),
        state="LaunchTemplateVersions[0].{Version: VersionNumber, ImageId: LaunchTemplateData.ImageId}",
    )


def new_version(
    target: Target, template: str, source: str, number: int, artefact: Artefact, wish: Wish, reader: Reader
) -> Step:
    """The version of the launch template that has the image, made of the one that is in use.

    Numbers are never given twice, so the next one is known; where somebody makes one in between, the change stops.
    """
    return step_of(
        target,
        reader,
        do=Operation(
            name="ec2.create_launch_template_version",
            parameters={
                "LaunchTemplateId": template,
                "SourceVersion": source,
                "VersionDescription": f"{artefact.value} ({wish.plan})",
                "LaunchTemplateData": {"ImageId": artefact.value},
            },
        ),
        reads=version_read(template, "$Latest"),
        done=f"Version == `{number}` && ImageId == {literal(artefact.value)}",
        undo=Undo(
            operation=Operation(
                name="ec2.delete_launch_template_versions",
                parameters={"LaunchTemplateId": template, "Versions": [str(number)]},
            )
        ),
    )
