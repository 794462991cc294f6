"""EC2 Image Builder: the pipelines that build images anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import REF, Arn, Bool, Call, Each, From, Int, Table, Tags, Text, Texts, Time
from demarcate.estate.schema.unknown import first_unknown


def _last(images: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The newest image that a pipeline made and that can be used."""
    made = [image for image in images if image.get("state", {}).get("status") == "AVAILABLE"]
    return max(made, key=lambda image: str(image.get("dateCreated", "")), default={})


def _version(images: list[Mapping[str, Any]]) -> Any:
    return first_unknown(images) or _last(images).get("version", "")


def _amis(images: list[Mapping[str, Any]]) -> Any:
    amis = _last(images).get("outputResources", {}).get("amis", ())
    return first_unknown(images) or [ami["image"] for ami in amis if ami.get("image")]


def _built(images: list[Mapping[str, Any]]) -> Any:
    return first_unknown(images) or _last(images).get("dateCreated", ABSENT)


PIPELINE = Table(
    "aws_imagebuilder_image_pipeline",
    "A pipeline of EC2 Image Builder, its schedule, and how its last build ended.",
    service="image-builder",
    live=Each("imagebuilder.list_image_pipelines", "imagePipelineList[]"),
    details={"images": Call("imagebuilder.list_image_pipeline_images", inputs={"imagePipelineArn": "arn"})},
    cloudformation="AWS::ImageBuilder::ImagePipeline",
    columns=(
        Text("name", live="name"),
        Arn(live="arn", cloudformation=REF),
        Text("status", live="status", cloudformation=From("Status", absent="ENABLED")),
        Text("platform", live="platform"),
        Text("image_recipe_arn", live="imageRecipeArn", absent="", about="'' where it builds a container."),
        Text("container_recipe_arn", live="containerRecipeArn", absent="", about="'' where it builds an AMI."),
        Text(
            "schedule_expression",
            live="schedule.scheduleExpression",
            absent="",
            about="'' where it is started by hand alone.",
        ),
        Text("schedule_timezone", live="schedule.timezone", absent="UTC"),
        Text(
            "schedule_start_condition",
            live="schedule.pipelineExecutionStartCondition",
            absent="",
            about="EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE: only where its base or a component is newer.",
        ),
        Bool("image_tests_enabled", live="imageTestsConfiguration.imageTestsEnabled", absent=True),
        Bool("image_scanning_enabled", live="imageScanningConfiguration.imageScanningEnabled", absent=False),
        Time("date_last_run", live=From("dateLastRun", str)),
        Text(
            "last_run_status", live="lastRunStatus", absent="", about="AVAILABLE, FAILED, …; '' before the first."
        ),
        Time("date_next_run", live=From("dateNextRun", str)),
        Int("consecutive_failures", live="consecutiveFailures", absent=0),
        Text(
            "last_image_version",
            live=From("@images.imageSummaryList", _version),
            absent="",
            about="Of the newest image that it made and that can be used; '' where there is none.",
        ),
        Texts("last_image_amis", live=From("@images.imageSummaryList", _amis), absent=[]),
        Time("last_image_date", live=From("@images.imageSummaryList", _built)),
        Tags(live="tags"),
    ),
)
