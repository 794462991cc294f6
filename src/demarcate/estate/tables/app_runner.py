"""AWS App Runner: services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.secrets import named_values, names_of, names_only, plaintext_secrets
from demarcate.estate.schema.table import (
    Arn,
    Bool,
    Call,
    Each,
    From,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
    attribute,
)
from demarcate.estate.schema.unknown import Kind, Unknown

_IN_REPOSITORY = Unknown(Kind.NOT_GIVEN, "the settings stand in a file of the source repository")


def _settings(source: Mapping[str, Any]) -> Any:
    """How a service is built and started, of an image or of code. Unknown where a file of the repository says it."""
    image, code = source.get("ImageRepository"), source.get("CodeRepository")
    if isinstance(image, Unknown) or isinstance(code, Unknown):
        return image if isinstance(image, Unknown) else code
    if image is not None:
        return image.get("ImageConfiguration") or {}
    configuration = (code or {}).get("CodeConfiguration") or {}
    if isinstance(configuration, Unknown) or configuration.get("ConfigurationSource") == "API":
        return configuration if isinstance(configuration, Unknown) else configuration["CodeConfigurationValues"]
    return _IN_REPOSITORY


def _variables(source: Mapping[str, Any]) -> Any:
    """The variables of a service: by name, or as a list in a template."""
    settings = _settings(source)
    return settings if isinstance(settings, Unknown) else settings.get("RuntimeEnvironmentVariables") or {}


def _names(source: Mapping[str, Any]) -> Any:
    variables = _variables(source)
    return names_of(variables) if isinstance(variables, list) else names_only(variables)


def _secrets(source: Mapping[str, Any]) -> Any:
    """The variables and commands that hold secrets as plain text."""
    settings, variables = _settings(source), _variables(source)
    if isinstance(settings, Unknown) or isinstance(variables, Unknown):
        return settings if isinstance(settings, Unknown) else variables
    if isinstance(variables, list):
        variables = named_values(variables)
    commands = {
        name: settings[member]
        for name, member in (("build command", "BuildCommand"), ("start command", "StartCommand"))
        if settings.get(member) is not None
    }
    return plaintext_secrets({**commands, **variables})


SERVICE = Table(
    "aws_app_runner_service",
    "An App Runner service.",
    service="app-runner",
    live=(
        Each("apprunner.list_services", "ServiceSummaryList[]"),
        Each("apprunner.describe_service", "Service", inputs={"ServiceArn": "ServiceArn"}),
    ),
    details={"tags": Call("apprunner.list_tags_for_resource", inputs={"ResourceArn": "ServiceArn"})},
    cloudformation="AWS::AppRunner::Service",
    gone=("status", "DELETED", "CREATE_FAILED"),
    columns=(
        Text("service_name", live="ServiceName"),
        Arn(live="ServiceArn", cloudformation=attribute("ServiceArn")),
        Text("service_id", live="ServiceId", cloudformation=attribute("ServiceId")),
        Text("status", live="Status"),
        Text(
            "image_identifier",
            live="SourceConfiguration.ImageRepository.ImageIdentifier",
            absent="",
            about="The image that it runs; '' where App Runner builds it from code.",
        ),
        Text(
            "runtime",
            live="SourceConfiguration.CodeRepository.CodeConfiguration.CodeConfigurationValues.Runtime",
            absent="",
            about="The managed runtime that it is built for; '' where it runs an image, or a file of the repository "
            "says it.",
        ),
        Bool(
            "auto_deployments_enabled",
            live="SourceConfiguration.AutoDeploymentsEnabled",
            about="Whether a new image or commit is deployed by itself.",
        ),
        Json(
            "environment_variables",
            live=From("SourceConfiguration", _names),
            about="Their names; no value is kept.",
        ),
        Texts(
            "plaintext_secret_names",
            live=From("SourceConfiguration", _secrets),
            about="Environment variables that hold secrets as plain text, by their names or values, and commands that "
            "do.",
        ),
        Text("instance_role_arn", live="InstanceConfiguration.InstanceRoleArn", absent=""),
        Bool(
            "publicly_accessible",
            live="NetworkConfiguration.IngressConfiguration.IsPubliclyAccessible",
            absent=True,
        ),
        Text(
            "egress_type",
            live="NetworkConfiguration.EgressConfiguration.EgressType",
            absent="DEFAULT",
            about="VPC where its own calls go through a network of yours.",
        ),
        Text("kms_key", live="EncryptionConfiguration.KmsKey", absent="", about="'' for a key of AWS's."),
        Time("created_at", live="CreatedAt"),
        Tags(live="@tags.Tags"),
    ),
)
