"""AWS CodeBuild: projects, and the report groups that builds write test results to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.access.values import some
from demarcate.estate.schema.secrets import named_values, names_of, plaintext_secrets
from demarcate.estate.schema.table import REF, Arn, Bool, Each, From, Int, Json, Table, Tags, Text, Texts, Time
from demarcate.estate.schema.transforms import equals
from demarcate.estate.schema.unknown import Unknown, first_unknown


def _sources(project: Mapping[str, Any]) -> Iterator[Any]:
    """What a project builds, first its own source; an Unknown for what is not known."""
    if project.get("source") is not None:
        yield project["source"]
    others = project.get("secondarySources") or []
    yield from [others] if isinstance(others, Unknown) else others


def _artifacts(project: Mapping[str, Any]) -> Iterator[Any]:
    """Where a project puts what it makes, first what it makes above all; an Unknown for what is not known."""
    if project.get("artifacts") is not None:
        yield project["artifacts"]
    others = project.get("secondaryArtifacts") or []
    yield from [others] if isinstance(others, Unknown) else others


def _plain(variables: Any) -> Any:
    """The variables whose value stands in the project, by name: of others it is the name of a secret or parameter."""
    told = []
    for variable in variables:
        type_ = "PLAINTEXT" if isinstance(variable, Unknown) else variable.get("type", "PLAINTEXT")
        if isinstance(type_, Unknown):
            told.append({**variable, "value": type_})
        elif type_ == "PLAINTEXT":
            told.append(variable)
    return named_values(told)


def _secrets(project: Mapping[str, Any]) -> Any:
    """The variables, and the build specifications, that hold secrets as plain text."""
    environment = project.get("environment") or {}
    variables = environment if isinstance(environment, Unknown) else environment.get("environmentVariables") or []
    values = variables if isinstance(variables, Unknown) else _plain(variables)
    if isinstance(values, Unknown):
        return values
    specifications = {
        f"buildspec{number or ''}": source if isinstance(source, Unknown) else source.get("buildspec", "")
        for number, source in enumerate(_sources(project))
    }
    return plaintext_secrets({**specifications, **values})


def _secret_locations(project: Mapping[str, Any]) -> Any:
    """The sources whose address holds a password or a token: by their identifier, the project's own as "source"."""
    locations: dict[str, Any] = {}
    for number, source in enumerate(_sources(project)):
        if isinstance(source, Unknown):
            locations[f"source {number}"] = source
        else:
            name = source.get("sourceIdentifier", "source") if number else "source"
            locations[name if isinstance(name, str) else f"source {number}"] = source.get("location", "")
    return plaintext_secrets(locations)


def _logged(configuration: Any) -> Any:
    """Whether builds are logged: to CloudWatch Logs unless the project says otherwise."""
    told = [configuration.get(place) for place in ("cloudWatchLogs", "s3Logs")]
    answers = [
        place if isinstance(place, Unknown) else equals("ENABLED")(place["status"])
        for place in told
        if place is not None
    ]
    return some(answers) if answers else True


def _unencrypted(project: Mapping[str, Any]) -> Any:
    """Whether any artifact is put into S3 without encryption."""
    answers: list[bool | Unknown] = []
    for artifact in _artifacts(project):
        if isinstance(artifact, Unknown):
            answers.append(artifact)
        elif isinstance(artifact["type"], Unknown) or artifact["type"] == "S3":
            disabled = artifact.get("encryptionDisabled", False)
            answers.append(disabled if disabled is False else first_unknown([artifact["type"]]) or disabled)
    return some(answers)


PROJECT = Table(
    "aws_codebuild_project",
    "A CodeBuild project: what is built, in which environment, with which settings.",
    service="codebuild",
    live=(
        Each("codebuild.list_projects", "projects[]"),
        Each("codebuild.batch_get_projects", "projects[]", inputs={"names": "@"}, batch="names", size=100),
    ),
    cloudformation="AWS::CodeBuild::Project",
    ref_property="Name",
    columns=(
        Text("name", live="name", cloudformation=REF),
        Arn(live="arn"),
        Text("source_type", live="source.type"),
        Texts(
            "source_secrets",
            live=From("@", _secret_locations),
            cloudformation=From("@", _secret_locations),
            about="The sources whose address holds a password or a token; the project's own is called source.",
        ),
        Bool("source_insecure_ssl", live="source.insecureSsl", absent=False),
        Text("environment_type", live="environment.type"),
        Text("image", live="environment.image", about="The image that builds run in."),
        Bool(
            "privileged_mode",
            live="environment.privilegedMode",
            absent=False,
            about="Whether builds run with the rights of root on their host, as building images takes.",
        ),
        Json(
            "environment_variables",
            live=From("environment.environmentVariables", names_of),
            absent={},
            about="Their names; no value is kept.",
        ),
        Texts(
            "plaintext_secret_names",
            live=From("@", _secrets),
            cloudformation=From("@", _secrets),
            about="Environment variables that hold secrets as plain text, by their names or values; buildspec, where a "
            "build specification in the project does.",
        ),
        Text("service_role", live="serviceRole"),
        Text("encryption_key", live="encryptionKey", absent="", about="'' for the key that AWS manages for S3."),
        Bool(
            "artifacts_unencrypted",
            live=From("@", _unencrypted),
            cloudformation=From("@", _unencrypted),
            about="Whether any artifact is put into S3 with encryption disabled.",
        ),
        Bool(
            "logs_enabled",
            live=From("logsConfig", _logged),
            absent=True,
            about="Whether builds are logged, to CloudWatch Logs or S3: by default they are.",
        ),
        Bool(
            "s3_logs_enabled",
            live=From("logsConfig.s3Logs.status", equals("ENABLED")),
            absent=False,
        ),
        Bool("s3_logs_encryption_disabled", live="logsConfig.s3Logs.encryptionDisabled", absent=False),
        Text(
            "project_visibility",
            live="projectVisibility",
            cloudformation="Visibility",
            absent="PRIVATE",
            about="PUBLIC_READ where everybody may read its builds, logs and artifacts.",
        ),
        Text("vpc_id", live="vpcConfig.vpcId", absent="", about="'' where builds run outside of your networks."),
        Int("timeout_in_minutes", live="timeoutInMinutes", cloudformation=From("TimeoutInMinutes", absent=60)),
        Time("created", live="created"),
        Time("last_modified", live="lastModified"),
        Tags(live="tags"),
    ),
)

REPORT_GROUP = Table(
    "aws_codebuild_report_group",
    "A CodeBuild report group: where the results of tests are put.",
    service="codebuild",
    live=(
        Each("codebuild.list_report_groups", "reportGroups[]"),
        Each(
            "codebuild.batch_get_report_groups",
            "reportGroups[]",
            inputs={"reportGroupArns": "@"},
            batch="reportGroupArns",
            size=100,
        ),
    ),
    cloudformation="AWS::CodeBuild::ReportGroup",
    gone=("status", "DELETING"),
    columns=(
        Text("name", live="name"),
        Arn(live="arn", cloudformation=REF),
        Text("status", live="status"),
        Text("type", live="type"),
        Text("export_type", live="exportConfig.exportConfigType", about="S3 or NO_EXPORT."),
        Bool(
            "export_encryption_disabled",
            live="exportConfig.s3Destination.encryptionDisabled",
            absent=False,
        ),
        Text("export_encryption_key", live="exportConfig.s3Destination.encryptionKey", absent=""),
        Tags(live="tags"),
    ),
)
