"""AWS Glue: jobs, connections, transforms and how the Data Catalog is encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.secrets import plaintext_secrets, secret_members, without_secrets
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Each,
    From,
    Int,
    Json,
    Table,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import document
from demarcate.estate.schema.unknown import Unknown

_ARGUMENTS = ("DefaultArguments", "NonOverridableArguments")


def _arguments(job: Mapping[str, Any]) -> Any:
    """A job's arguments, by name, which a template may have as JSON text."""
    values: dict[str, Any] = {}
    for member in _ARGUMENTS:
        arguments = document(job.get(member) or {})
        if isinstance(arguments, Unknown):
            return arguments
        values |= arguments
    return values


def _argument(name: str) -> Any:
    """The value of one argument, "" where it is not given."""

    def value(job: Mapping[str, Any]) -> Any:
        arguments = _arguments(job)
        return arguments if isinstance(arguments, Unknown) else arguments.get(name, "")

    return value


def _secrets(job: Mapping[str, Any]) -> Any:
    arguments = _arguments(job)
    return arguments if isinstance(arguments, Unknown) else plaintext_secrets(arguments)


def _members(connection: Mapping[str, Any]) -> Any:
    """Members of a connection, other than of its name and description, that hold secrets as plain text."""
    told = {name: value for name, value in connection.items() if name not in ("Name", "Description")}
    if "ConnectionProperties" in told:
        told["ConnectionProperties"] = document(told["ConnectionProperties"])
    return secret_members(told)


def _properties(properties: Any) -> Any:
    return without_secrets(document(properties))


JOB = Table(
    "aws_glue_job",
    "A Glue job.",
    service="glue",
    live=Each("glue.get_jobs", "Jobs[]"),
    cloudformation="AWS::Glue::Job",
    ref_property="Name",
    columns=(
        Text("name", live="Name", cloudformation=REF),
        Arn("arn:{partition}:glue:{region}:{account_id}:job/{name}", cloudformation=REF),
        Text("command_name", live="Command.Name", about="glueetl, gluestreaming, glueray or pythonshell."),
        Text("glue_version", live="GlueVersion"),
        Text("role", live="Role"),
        Text("security_configuration", live="SecurityConfiguration", absent=""),
        Text(
            "continuous_logging",
            live=From("@", _argument("--enable-continuous-cloudwatch-log")),
            cloudformation=From("@", _argument("--enable-continuous-cloudwatch-log")),
            about="The argument that switches it on where it is true; '' where it is not given.",
        ),
        Texts(
            "plaintext_secret_names",
            live=From("@", _secrets),
            cloudformation=From("@", _secrets),
            about="Arguments that hold secrets as plain text, by their names or values.",
        ),
        Int("timeout", live="Timeout", about="Minutes."),
        Time("created_on", live="CreatedOn"),
        Time("last_modified_on", live="LastModifiedOn"),
    ),
)

CONNECTION = Table(
    "aws_glue_connection",
    "A Glue connection: where a store of data is, and how it is signed in to.",
    service="glue",
    live=Each("glue.get_connections", "ConnectionList[]", params={"HidePassword": True}),
    cloudformation="AWS::Glue::Connection",
    columns=(
        Text("name", live="Name", cloudformation=REF),
        Arn("arn:{partition}:glue:{region}:{account_id}:connection/{name}", cloudformation=REF),
        Text("connection_type", live="ConnectionType", cloudformation="ConnectionInput.ConnectionType"),
        Json(
            "connection_properties",
            live=From("ConnectionProperties", _properties),
            cloudformation=From("ConnectionInput.ConnectionProperties", _properties),
            absent={},
            about="Without values that may be secrets.",
        ),
        Text(
            "jdbc_enforce_ssl",
            live="ConnectionProperties.JDBC_ENFORCE_SSL",
            cloudformation=From(
                "ConnectionInput.ConnectionProperties",
                lambda properties: document(properties).get("JDBC_ENFORCE_SSL", "false"),
            ),
            absent="false",
        ),
        Texts(
            "plaintext_secret_names",
            live=From("@", _members),
            cloudformation=From("ConnectionInput", _members),
            about="Properties that hold secrets as plain text, by their names or values. Glue is asked not to tell the "
            "password, so that only a template shows one.",
        ),
        Time("creation_time", live="CreationTime"),
        Time("last_updated_time", live="LastUpdatedTime"),
    ),
)

ML_TRANSFORM = Table(
    "aws_glue_ml_transform",
    "A Glue machine learning transform.",
    service="glue",
    live=Each("glue.get_ml_transforms", "Transforms[]"),
    cloudformation="AWS::Glue::MLTransform",
    gone=("status", "DELETING"),
    columns=(
        Text("transform_id", live="TransformId", cloudformation=REF),
        Arn("arn:{partition}:glue:{region}:{account_id}:mlTransform/{transform_id}", cloudformation=REF),
        Text("name", live="Name"),
        Text("status", live="Status"),
        Text("glue_version", live="GlueVersion"),
        Text(
            "user_data_encryption_mode",
            live="TransformEncryption.MlUserDataEncryption.MlUserDataEncryptionMode",
            absent="DISABLED",
            about="SSE-KMS or DISABLED.",
        ),
    ),
)

CATALOG_SETTINGS = Table(
    "aws_glue_data_catalog_encryption_settings",
    "How the Data Catalog of a region is encrypted.",
    service="glue",
    live=Each("glue.get_data_catalog_encryption_settings", "DataCatalogEncryptionSettings"),
    cloudformation="AWS::Glue::DataCatalogEncryptionSettings",
    columns=(
        Arn("arn:{partition}:glue:{region}:{account_id}:catalog", cloudformation=REF),
        Text(
            "catalog_encryption_mode",
            live="EncryptionAtRest.CatalogEncryptionMode",
            cloudformation="DataCatalogEncryptionSettings.EncryptionAtRest.CatalogEncryptionMode",
            absent="DISABLED",
            about="SSE-KMS, SSE-KMS-WITH-SERVICE-ROLE or DISABLED.",
        ),
        Bool(
            "connection_passwords_encrypted",
            live="ConnectionPasswordEncryption.ReturnConnectionPasswordEncrypted",
            cloudformation="DataCatalogEncryptionSettings.ConnectionPasswordEncryption.ReturnConnectionPasswordEncrypted",
            absent=False,
        ),
    ),
)

RESOURCE_POLICY = Table(
    "aws_glue_resource_policy",
    "The policy of a region's Data Catalog. CloudFormation has no resource for it.",
    service="glue",
    live=Each("glue.get_resource_policy", "@", absent=("EntityNotFoundException",)),
    columns=(
        Arn("arn:{partition}:glue:{region}:{account_id}:catalog"),
        Json("policy", live=From("PolicyInJson", document)),
        Time("create_time", live="CreateTime"),
        Time("update_time", live="UpdateTime"),
    ),
)

VERSION = Table(
    "aws_glue_version",
    "A version of Glue, and until when AWS supports it.",
    service="glue",
    facts=True,
    columns=(
        Text("glue_version", about="Such as 4.0."),
        Time("end_of_support", about="From this day AWS does not patch it."),
    ),
)
