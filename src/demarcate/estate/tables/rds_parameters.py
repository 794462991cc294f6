"""Parameter groups of Amazon RDS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demarcate.estate.schema.conversion import convert
from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.table import REF, Arn, Bool, Call, Each, From, Table, Text
from demarcate.estate.schema.unknown import Unknown

_FORCE_TLS = ("rds.force_ssl", "require_secure_transport")


def _is_on(value: Any) -> Any:
    """Whether a parameter of a database is on: 1 and 0 are that as well."""
    number = convert("BIGINT", value, "ParameterValue")
    return number == 1 if isinstance(number, int) else convert("BOOLEAN", value, "ParameterValue")


def _force_tls_told(parameters: list[Mapping[str, Any]]) -> Any:
    for parameter in parameters:
        if parameter.get("ParameterName") in _FORCE_TLS and parameter.get("ParameterValue") is not None:
            return _is_on(parameter["ParameterValue"])
    return ABSENT


def force_tls_declared(properties: Mapping[str, Any]) -> Any:
    """Whether a template's parameter group makes TLS compulsory: as declared, or else the family's default."""
    parameters, family = properties.get("Parameters") or {}, properties.get("Family")
    if isinstance(parameters, Unknown):
        return parameters
    for name in _FORCE_TLS:
        if name in parameters:
            value = parameters[name]
            return _is_on(value)
    if isinstance(family, Unknown) or family is None:
        return family or ABSENT
    if family.startswith("postgres"):
        return float(family.removeprefix("postgres")) >= 15
    return False if family.startswith(("mysql", "sqlserver")) else ABSENT


PARAMETER_GROUP = Table(
    "aws_rds_db_parameter_group",
    "A parameter group of RDS DB instances.",
    service="rds",
    live=Each("rds.describe_db_parameter_groups", "DBParameterGroups[]"),
    details={
        "parameters": Call("rds.describe_db_parameters", inputs={"DBParameterGroupName": "DBParameterGroupName"}),
    },
    cloudformation="AWS::RDS::DBParameterGroup",
    ref_property="DBParameterGroupName",
    columns=(
        Text("name", live="DBParameterGroupName", cloudformation=REF),
        Arn(live="DBParameterGroupArn", cloudformation=REF),
        Text("db_parameter_group_family", live="DBParameterGroupFamily", cloudformation="Family"),
        Bool(
            "force_tls",
            live=From("@parameters.Parameters", _force_tls_told),
            cloudformation=From("@", force_tls_declared),
            about="Whether connections without TLS are refused: rds.force_ssl or require_secure_transport.",
        ),
    ),
)
