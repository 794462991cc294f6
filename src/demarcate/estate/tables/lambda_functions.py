"""AWS Lambda: functions, and the runtimes that AWS maintains for them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from demarcate.access.rows import statements, unreached
from demarcate.estate.schema.paths import ABSENT
from demarcate.estate.schema.secrets import names_only, plaintext_secrets
from demarcate.estate.schema.standins import sample, settled
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Call,
    Companion,
    Each,
    Formatted,
    From,
    Int,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import document, each, not_empty
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown


def _variables(environment: Any) -> Any:
    """The variables of a function; Lambda says in `Error` that it could not decrypt them."""
    if "Error" in environment:
        return Unknown(
            Kind.SERVICE_ERROR, f"Lambda could not read the variables: {environment['Error'].get('ErrorCode', '')}"
        )
    return environment.get("Variables", {})


def _policy(permissions: Any) -> Any:
    """The policy that a template's AWS::Lambda::Permission resources make."""
    if not permissions:
        return ABSENT
    return {"Version": "2012-10-17", "Statement": [_statement(permission) for permission in permissions]}


def _statement(permission: Any) -> Any:
    if isinstance(permission, Unknown):
        return permission
    principal = permission["Principal"]
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Action": permission.get("Action"),
        "Resource": permission.get("FunctionName"),
    }
    if isinstance(principal, Unknown) or sample(principal) == "*":
        statement["Principal"] = principal
    else:
        kind = "Service" if sample(principal).endswith((".amazonaws.com", ".amazon.com")) else "AWS"
        statement["Principal"] = {kind: principal}
    condition: dict[str, Any] = {}
    for name, operator, key in _CONDITIONS:
        if name in permission:
            condition.setdefault(operator, {})[key] = permission[name]
    if condition:
        statement["Condition"] = condition
    return statement


_CONDITIONS = (
    ("SourceAccount", "StringEquals", "aws:SourceAccount"),
    ("SourceArn", "ArnLike", "aws:SourceArn"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
)


def _through_url(statement: Any) -> bool | Unknown:
    """Whether a statement is only about calls of a function's URL that asks for no authentication."""
    conditions = statement["conditions"]
    if not isinstance(conditions, dict):
        return False
    wanted = {"lambda:functionurlauthtype": "none", "lambda:invokedviafunctionurl": "true"}
    told = [
        (settled(value), wanted[key.lower()])
        for operator, keys in conditions.items()
        if operator.lower() in ("stringequals", "bool") and isinstance(keys, dict)
        for key, value in keys.items()
        if key.lower() in wanted
    ]
    if any(str(value).lower() == text for value, text in told):
        return True
    return next((value for value, _ in told if isinstance(value, Unknown)), False)


def _public(policy: Any) -> Any:
    """Whether any statement lets everyone in; unknown where one that is not known might.

    What lets everyone in through the function's URL is told by the URL's own columns. S3 calls for whoever has a bucket
    of the name that a source's ARN holds.
    """
    told = statements(policy, service="lambda")
    answers = [
        through if isinstance(through, Unknown) and statement["anyone"] is True else statement["anyone"]
        for statement in told
        if (through := _through_url(statement)) is not True
    ]
    answers += [_lets_any_bucket(statement["unlimited_services"]) for statement in told]
    return True in answers or next((answer for answer in answers if isinstance(answer, Unknown)), False)


def _lets_any_bucket(services: Any) -> bool | Unknown:
    return services if isinstance(services, Unknown) else any(sample(name).startswith("s3.") for name in services)


_ASYNCHRONOUS = frozenset(
    (
        *("cloudformation", "codecommit", "codepipeline", "config", "events", "iot", "iotevents", "logs"),
        *("s3", "scheduler", "ses", "sns"),
    )
)
"""The services that invoke functions asynchronously.

Source: the table "Invoking Lambda with events from other AWS services" of the Lambda Developer Guide.
"""


def _asynchronous(policy: Any) -> Any:
    """The services among those that are allowed in which do not wait for the answer, sorted."""
    callers: set[str] = set()
    for statement in unreached(policy):
        if statement["effect"] == "Deny":
            continue
        services = statement["service_principals"]
        if isinstance(services, Unknown):
            return services
        callers.update(name for name in services if name.partition(".")[0] in _ASYNCHRONOUS)
    return sorted(callers)


def _unlimited_services(policy: Any) -> Any:
    """The AWS services that are allowed in for whomever they act, sorted."""
    told = [statement["unlimited_services"] for statement in unreached(policy)]
    return first_unknown(told) or sorted({name for names in told for name in names})


def _of_permissions(function: Any) -> Any:
    return lambda permissions: function(_policy(permissions)) if permissions else ABSENT


def _auth(urls: Any) -> Any:
    """NONE where any URL of the function (its own or an alias's) asks for no authentication."""
    types = [url if isinstance(url, Unknown) else url["AuthType"] for url in urls]
    if "NONE" in types or not types:
        return "NONE" if types else ABSENT
    return next((type_ for type_ in types if isinstance(type_, Unknown)), types[0])


def _origins(urls: Any) -> Any:
    origins: set[str] = set()
    for url in urls:
        if isinstance(url, Unknown):
            return url
        for origin in (url.get("Cors") or {}).get("AllowOrigins", []):
            if isinstance(origin, Unknown):
                return origin
            origins.add(origin)
    return sorted(origins)


def _vpc_of(subnets: Any) -> Any:
    return Unknown(Kind.INDIRECT, "the VPC is the one of the subnets") if subnets else ""


_FUNCTION = re.compile(r"(?:(?:arn:.+|[^:{}]+):function:)?((?:\$\{[^{}]*\}|[^:{}])+)(?::(?:\$LATEST|[\w-]+))?")


def _function(name: str) -> str:
    """The name of a function from its name or ARN, whole or in part, with or without a version or an alias.

    >>> [_function(name) for name in ("orders:live", "arn:aws:lambda:eu-west-1:111122223333:function:orders:7")]
    ['orders', 'orders']
    """
    match = _FUNCTION.fullmatch(name)
    return match[1] if match else name


FUNCTION = Table(
    "aws_lambda_function",
    "A Lambda function, as its unpublished version ($LATEST) is configured.",
    service="lambda",
    live=Each("lambda.list_functions", "Functions[]"),
    details={
        "runtime": Call("lambda.get_runtime_management_config", inputs={"FunctionName": "FunctionArn"}),
        "policy": Call(
            "lambda.get_policy",
            inputs={"FunctionName": "FunctionArn"},
            absent=("ResourceNotFoundException",),
        ),
        "urls": Call("lambda.list_function_url_configs", inputs={"FunctionName": "FunctionName"}),
        "concurrency": Call("lambda.get_function_concurrency", inputs={"FunctionName": "FunctionArn"}),
        "signing": Call("lambda.get_function_code_signing_config", inputs={"FunctionName": "FunctionArn"}),
        "invoke": Call(
            "lambda.get_function_event_invoke_config",
            inputs={"FunctionName": "FunctionName"},
            absent=("ResourceNotFoundException",),
        ),
        "tags": Call("lambda.list_tags", inputs={"Resource": "FunctionArn"}),
    },
    cloudformation="AWS::Lambda::Function",
    ref_property="FunctionName",
    companions={
        "permissions": Companion("AWS::Lambda::Permission", "FunctionName", many=True, owner=_function),
        "urls": Companion("AWS::Lambda::Url", "TargetFunctionArn", many=True, owner=_function),
        "invoke": Companion("AWS::Lambda::EventInvokeConfig", "FunctionName", owner=_function),
    },
    parts={"AWS::Lambda::Alias": "FunctionName", "AWS::Lambda::Version": "FunctionName"},
    columns=(
        Text("name", live="FunctionName", cloudformation=REF),
        Arn(live="FunctionArn"),
        Text(
            "runtime",
            live="Runtime",
            absent="",
            about="The runtime's identifier; '' for a container image.",
        ),
        Text(
            "package_type",
            live="PackageType",
            cloudformation=From("PackageType", absent="Zip"),
            about="Zip or Image.",
        ),
        Text(
            "update_runtime_on",
            live="@runtime.UpdateRuntimeOn",
            cloudformation=From("RuntimeManagementConfig.UpdateRuntimeOn", absent="Auto"),
            about="When AWS moves the function to a patched runtime: Auto, FunctionUpdate, Manual (never).",
        ),
        Text(
            "runtime_version_arn",
            live="@runtime.RuntimeVersionArn",
            cloudformation="RuntimeManagementConfig.RuntimeVersionArn",
            absent="",
            about="The runtime version that the function is pinned to; '' where it is not.",
        ),
        Text("state", live="State"),
        Text("handler", live="Handler", absent=""),
        Text("role", live="Role"),
        Texts("architectures", live="Architectures", cloudformation=From("Architectures", absent=["x86_64"])),
        Int("timeout", live="Timeout", cloudformation=From("Timeout", absent=3), about="Seconds."),
        Int("memory_size", live="MemorySize", cloudformation=From("MemorySize", absent=128), about="MiB."),
        Text(
            "tracing_mode",
            live="TracingConfig.Mode",
            absent="PassThrough",
            about="Active, or PassThrough (traced only where the caller is).",
        ),
        Text(
            "vpc_id",
            live="VpcConfig.VpcId",
            cloudformation=From("VpcConfig.SubnetIds", _vpc_of),
            absent="",
            about="'' where the function is not in a VPC.",
        ),
        Texts(
            "vpc_subnet_ids",
            live="VpcConfig.SubnetIds",
            absent=[],
        ),
        Texts(
            "vpc_security_group_ids",
            live="VpcConfig.SecurityGroupIds",
            absent=[],
        ),
        Json(
            "environment_variables",
            live=From("Environment", lambda environment: names_only(_variables(environment))),
            cloudformation=From("Environment.Variables", names_only),
            absent={},
            about="Their names; no value is kept.",
        ),
        Texts(
            "plaintext_secret_names",
            live=From("Environment", lambda environment: plaintext_secrets(_variables(environment))),
            cloudformation=From("Environment.Variables", plaintext_secrets),
            absent=[],
            about="Environment variables that hold secrets as plain text, by their names or values.",
        ),
        Text(
            "kms_key_arn",
            live="KMSKeyArn",
            absent="",
            about="The key of yours that encrypts the environment variables; '' for AWS's.",
        ),
        Text(
            "dead_letter_config_target_arn",
            live="DeadLetterConfig.TargetArn",
            absent="",
        ),
        Text(
            "on_failure_destination_arn",
            live="@invoke.DestinationConfig.OnFailure.Destination",
            cloudformation="@invoke.DestinationConfig.OnFailure.Destination",
            absent="",
            about="Where asynchronous invocations go that failed; '' where nowhere.",
        ),
        Int(
            "reserved_concurrent_executions",
            live="@concurrency.ReservedConcurrentExecutions",
            cloudformation="ReservedConcurrentExecutions",
        ),
        Text(
            "code_signing_config_arn",
            live="@signing.CodeSigningConfigArn",
            cloudformation="CodeSigningConfigArn",
            absent="",
        ),
        Text("signing_profile_version_arn", live="SigningProfileVersionArn", absent=""),
        Time(
            "last_modified",
            live=From("LastModified", datetime.fromisoformat),
            about="When its code or configuration last changed.",
        ),
        Texts("layers", live=From("Layers", each("Arn")), cloudformation="Layers", absent=[]),
        Text(
            "log_group",
            live="LoggingConfig.LogGroup",
            cloudformation=From("LoggingConfig.LogGroup", absent=Formatted("/aws/lambda/{name}")),
            about="The CloudWatch log group that it writes to.",
        ),
        Text(
            "log_format",
            live="LoggingConfig.LogFormat",
            absent="Text",
        ),
        Json(
            "policy",
            live=From("@policy.Policy", document),
            cloudformation=From("@permissions", _policy),
            absent={},
            about="The resource policy; {} where there is none.",
        ),
        Bool(
            "policy_public",
            live=From("@policy.Policy", _public),
            cloudformation=From("@permissions", _of_permissions(_public)),
            absent=False,
            about="Whether the policy lets everyone in, other than through its URL.",
        ),
        Texts(
            "asynchronous_sources",
            live=From("@policy.Policy", _asynchronous),
            cloudformation=From("@permissions", _of_permissions(_asynchronous)),
            absent=[],
            about="AWS services that its policy lets invoke it without waiting for the answer.",
        ),
        Bool(
            "event_invoke_configured",
            live=From("@invoke", not_empty),
            cloudformation=From("@invoke", not_empty),
            absent=False,
            about="Whether it is set what happens with asynchronous invocations (retries, age, destinations).",
        ),
        Texts(
            "policy_unlimited_services",
            live=From("@policy.Policy", _unlimited_services),
            cloudformation=From("@permissions", _of_permissions(_unlimited_services)),
            absent=[],
            about="AWS services that may invoke it on behalf of any account.",
        ),
        Text(
            "url_config_auth_type",
            live=From("@urls.FunctionUrlConfigs", _auth),
            cloudformation=From("@urls", _auth),
            absent="",
            about="NONE, AWS_IAM, or '' where it has no URL.",
        ),
        Texts(
            "url_config_cors_allow_origins",
            live=From("@urls.FunctionUrlConfigs", _origins),
            cloudformation=From("@urls", _origins),
            absent=[],
        ),
        Tags(live="@tags.Tags"),
    ),
)

RUNTIME = Table(
    "aws_lambda_runtime",
    "A runtime of Lambda and the days on which AWS stops maintaining it.",
    service="lambda",
    facts=True,
    columns=(
        Text("name", about="The identifier, such as python3.14."),
        Time("deprecation_date", about="From this day AWS patches it no longer."),
        Time("block_create_date", about="From this day no function can be created with it."),
        Time("block_update_date", about="From this day functions with it cannot be updated."),
        Bool("is_custom", about="Whether AWS maintains the operating system alone, and not the language."),
    ),
)
