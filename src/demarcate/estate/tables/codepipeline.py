"""AWS CodePipeline: pipelines, and what they build."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from demarcate.estate.schema.table import REF, Arn, Call, Each, From, Table, Tags, Text, Texts
from demarcate.estate.schema.unknown import first_unknown

_HOSTS = {"GitHub": "github.com", "Bitbucket": "bitbucket.org", "GitLab": "gitlab.com"}


def _actions(stages: list[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for stage in stages:
        for action in stage.get("actions", ()):
            yield str(action.get("actionTypeId", {}).get("provider", "")), action.get("configuration") or {}


def _repository(provider: str, configuration: Mapping[str, Any]) -> Any:
    """What an action takes the source of, as far as its configuration tells: the host of a connection it does not."""
    if provider == "CodeStarSourceConnection":
        return configuration.get("FullRepositoryId", "")
    if provider in _HOSTS and configuration.get("Owner") and configuration.get("Repo"):
        return f"{_HOSTS[provider]}/{configuration['Owner']}/{configuration['Repo']}"
    return configuration.get("RepositoryName", "") if provider in ("CodeCommit", "ECR") else ""


def _repositories(stages: list[Mapping[str, Any]]) -> Any:
    """The repositories that a pipeline starts from."""
    return first_unknown(stages) or sorted({told for action in _actions(stages) if (told := _repository(*action))})


def _configured(provider: str, name: str) -> Callable[[list[Mapping[str, Any]]], Any]:
    """What the actions of a provider have of a name in their configuration."""

    def value(stages: list[Mapping[str, Any]]) -> Any:
        told = {configured.get(name, "") for kind, configured in _actions(stages) if kind == provider}
        return first_unknown(stages) or sorted(filter(None, told))

    return value


PIPELINE = Table(
    "aws_codepipeline_pipeline",
    "A pipeline of CodePipeline: where it starts, and what it builds with.",
    service="codepipeline",
    live=(
        Each("codepipeline.list_pipelines", "pipelines[]"),
        Each("codepipeline.get_pipeline", "@", inputs={"name": "name"}),
    ),
    details={"tags": Call("codepipeline.list_tags_for_resource", inputs={"resourceArn": "metadata.pipelineArn"})},
    cloudformation="AWS::CodePipeline::Pipeline",
    alike=("pipeline", ""),
    ref_property="Name",
    columns=(
        Text("name", live="pipeline.name", cloudformation=REF),
        Arn("arn:{partition}:codepipeline:{region}:{account_id}:{name}"),
        Text("pipeline_type", live="pipeline.pipelineType", absent="V1"),
        Text("role_arn", live="pipeline.roleArn"),
        Texts(
            "source_repositories",
            live=From("pipeline.stages", _repositories),
            about="Those of GitHub with their host; by a connection, owner and name alone.",
        ),
        Texts("build_projects", live=From("pipeline.stages", _configured("CodeBuild", "ProjectName"))),
        Tags(live="@tags.tags"),
    ),
)
