"""Building an image anew, as a change: by CodeBuild, CodePipeline, or a pipeline of EC2 Image Builder.

A build that has begun makes an image that nothing runs yet, so that there is nothing to undo. What GitHub Actions
builds is started there: `WORKFLOW` is a workflow that builds what has not changed, too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from demarcate.changes.planning import Reader, make_change
from demarcate.changes.structs import Change, Operation, Read, Step, Undo
from demarcate.changes.values import literal
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.patching.reading import each_row

WORKFLOW: Final = Path(__file__).parent / "rebuild-images.yml"
"""A workflow of GitHub Actions, to be copied into `.github/workflows`."""

Builder = Literal["CodeBuild", "CodePipeline", "Image Builder"]

Place = tuple[str, str, str]
"""An account, a region and an ARN."""

KIND: Final = "EC2 Image Builder pipeline"
PIPELINES: Final = "aws_imagebuilder_image_pipeline"

_START: Final[dict[Builder, tuple[str, str]]] = {
    "CodeBuild": ("codebuild.start_build", "projectName"),
    "CodePipeline": ("codepipeline.start_pipeline_execution", "name"),
    "Image Builder": ("imagebuilder.start_image_pipeline_execution", "imagePipelineArn"),
}
"""What begins a build, and the parameter that names what builds."""

_READ: Final[dict[Builder, Read]] = {
    "CodeBuild": Read(
        operation=Operation(name="codebuild.list_builds_for_project", parameters={"sortOrder": "DESCENDING"}),
        state="ids[0]",
    ),
    "CodePipeline": Read(
        operation=Operation(name="codepipeline.list_pipeline_executions", parameters={"maxResults": 1}),
        state="pipelineExecutionSummaries[0].pipelineExecutionId",
    ),
    "Image Builder": Read(
        operation=Operation(name="imagebuilder.list_image_pipeline_images"),
        state="max_by(imageSummaryList, &dateCreated).arn",
        pages=True,
    ),
}
"""The last build: where its name is another one, a build has begun. The newest comes first but for Image Builder."""

_NAMED: Final[dict[Builder, str]] = {
    "CodeBuild": "projectName",
    "CodePipeline": "pipelineName",
    "Image Builder": "imagePipelineArn",
}
"""The parameter of what reads that names what builds."""

READS: Final = frozenset(read.operation.name for read in _READ.values())
"""What is asked of AWS before a build is planned."""


def build(account: str, region: str, builder: Builder, name: str, what: str, reader: Reader) -> Change:
    """The change that starts a build. Raises NotDone where the builds before it cannot be read."""
    told = _READ[builder]
    operation = Operation(
        name=told.operation.name, parameters={**told.operation.parameters, _NAMED[builder]: name}
    )
    read = Read(operation=operation, state=told.state, pages=told.pages)
    before = reader.read(account, region, read)
    start, parameter = _START[builder]
    step = Step(
        account=account,
        region=region,
        resource=name,
        do=Operation(name=start, parameters={parameter: name}),
        reads=read,
        before=before,
        done=f"@ != {literal(before)}",
        undo=Undo(why_not="a build that has begun makes an image that nothing runs yet"),
        risk=("costs",),
        responsibility="patch-management.automate-image-builds"
        if builder == "Image Builder"
        else "patch-management.update-container-images",
    )
    return make_change(f"build {what} anew by {name.rpartition('/')[2]}", "hand", what, [step])


def pipelines(snapshot: Snapshot) -> dict[str, Place]:
    """The account, region and ARN of each pipeline of Image Builder, by its ARN, and by its name where one has it."""
    named: dict[str, list[Place]] = {}
    for row in each_row(snapshot, PIPELINES, ("name", "arn")):
        place = (row["account_id"], row["region"], row["arn"])
        named.setdefault(row["arn"], []).append(place)
        named.setdefault(row["name"], []).append(place)
    return {name: places[0] for name, places in named.items() if len(places) == 1}
