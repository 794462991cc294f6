"""Amazon API Gateway: REST APIs and their stages; HTTP and WebSocket APIs, their stages and routes; domains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from demarcate.estate.schema.secrets import plaintext_secrets
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Companion,
    Each,
    From,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
    Within,
)
from demarcate.estate.schema.transforms import document
from demarcate.estate.schema.unknown import Unknown

Methods = list[tuple[str, dict[str, Any]]]
"""The settings of methods, each with its path and verb as API Gateway writes them; "*/*" is all of them."""


def _live(function: Any) -> Any:
    return lambda settings: function(list(settings.items()))


def _declared(function: Any) -> Any:
    """The same of a template's list of settings."""

    def read(settings: Any) -> Any:
        methods = []
        for setting in settings:
            if isinstance(setting, Unknown):
                return setting
            path, verb = setting.get("ResourcePath", "/*"), setting.get("HttpMethod", "*")
            for part in (path, verb):
                if isinstance(part, Unknown):
                    return part
            key = "*/*" if path in ("/*", "*") and verb == "*" else f"{path}/{verb}"
            methods.append((key, setting))
        return function(methods)

    return read


def _logging_level(methods: Methods) -> Any:
    """The level of all methods; OFF where it is off for all or for one of them."""
    level: Any = dict(methods).get("*/*", {}).get("loggingLevel", "OFF")
    if level == "OFF":
        return "OFF"
    others = [settings["loggingLevel"] for _, settings in methods if "loggingLevel" in settings]
    if "OFF" in others:
        return "OFF"
    return next((other for other in others if isinstance(other, Unknown)), level)


def _any(name: str) -> Any:
    def find(methods: Methods) -> Any:
        values = [settings[name] for _, settings in methods if name in settings]
        return True in values or next((value for value in values if isinstance(value, Unknown)), False)

    return find


def _cache_encrypted(methods: Methods) -> Any:
    """Whether what is cached is encrypted, for every method that is cached."""
    unsure = None
    for _, settings in methods:
        cached, encrypted = settings.get("cachingEnabled", False), settings.get("cacheDataEncrypted", False)
        if cached is False or encrypted is True:
            continue
        unknown = next((value for value in (cached, encrypted) if isinstance(value, Unknown)), None)
        if unknown is None:
            return False
        unsure = unsure or unknown
    return unsure or True


def _policy(text: Any) -> Any:
    """A policy, which the API gives with its quotes escaped."""
    policy = document(text)
    return document(text.replace('\\"', '"')) if isinstance(policy, Unknown) and isinstance(text, str) else policy


REST_API = Table(
    "aws_api_gateway_rest_api",
    "A REST API.",
    service="api-gateway",
    live=Each("apigateway.get_rest_apis", "items[]"),
    cloudformation="AWS::ApiGateway::RestApi",
    ref_attributes=("RestApiId",),
    columns=(
        Text("api_id", live="id", cloudformation=REF),
        Arn("arn:{partition}:apigateway:{region}::/restapis/{api_id}", cloudformation=REF),
        Text("name", live="name"),
        Time("created_date", live="createdDate"),
        Text("api_key_source", live="apiKeySource", cloudformation=From("ApiKeySourceType", absent="HEADER")),
        Texts(
            "endpoint_types",
            live="endpointConfiguration.types",
            cloudformation=From("EndpointConfiguration.Types", absent=["EDGE"]),
            about="EDGE, REGIONAL or PRIVATE.",
        ),
        Texts(
            "vpc_endpoint_ids",
            live="endpointConfiguration.vpcEndpointIds",
            absent=[],
        ),
        Bool(
            "disable_execute_api_endpoint",
            live="disableExecuteApiEndpoint",
            absent=False,
            about="Whether the API answers at its own domains alone.",
        ),
        Text("security_policy", live="securityPolicy"),
        Json("policy", live=From("policy", _policy), absent={}),
        Tags(live="tags"),
    ),
)

_ALL_METHODS = ("CacheDataEncrypted", "CachingEnabled", "DataTraceEnabled", "LoggingLevel", "MetricsEnabled")
"""What a template's deployment says of the methods of its stage that nothing else is said of."""


def _of_deployment(deployment: Mapping[str, Any]) -> Iterator[Any]:
    """The stage that a template's deployment makes, where it names one."""
    if "StageName" not in deployment:
        return
    described = deployment.get("StageDescription", {})
    if isinstance(described, Unknown):
        yield described
        return
    of_all = {name: described[name] for name in _ALL_METHODS if name in described}
    settings = described.get("MethodSettings", [])
    every = [{"ResourcePath": "/*", "HttpMethod": "*", **of_all}] if of_all else []
    own = {name: value for name, value in described.items() if name not in _ALL_METHODS}
    yield {
        **own,
        "MethodSettings": settings if isinstance(settings, Unknown) else [*every, *settings],
        "RestApiId": deployment.get("RestApiId"),
        "StageName": deployment["StageName"],
    }


def _stage_in(arn: str) -> str:
    """The API and the stage that an ARN names."""
    return arn.partition("/restapis/")[2] or arn


def _stage_names(stage: Mapping[str, Any], ref: str) -> tuple[str, ...]:
    """The same of a template's stage, by what `Ref` to it gives and by its name."""
    api, names = stage.get("RestApiId"), (ref, stage.get("stageName"))
    return tuple(f"{api}/stages/{name}" for name in names if isinstance(api, str) and isinstance(name, str))


STAGE = Table(
    "aws_api_gateway_stage",
    "A stage of a REST API.",
    service="api-gateway",
    live=(
        Each("apigateway.get_rest_apis", "items[]"),
        Each("apigateway.get_stages", "item[]", inputs={"restApiId": "id"}),
    ),
    cloudformation="AWS::ApiGateway::Stage",
    within=(Within("AWS::ApiGateway::Deployment", _of_deployment),),
    companions={
        "waf": Companion(
            "AWS::WAFv2::WebACLAssociation", "ResourceArn", owner=_stage_in, keys=_stage_names, shared=True
        ),
    },
    columns=(
        Text("name", live="stageName"),
        Text("rest_api_id", live="^.id", cloudformation="RestApiId"),
        Arn("arn:{partition}:apigateway:{region}::/restapis/{rest_api_id}/stages/{name}", cloudformation=REF),
        Text("deployment_id", live="deploymentId"),
        Time("created_date", live="createdDate"),
        Time("last_updated_date", live="lastUpdatedDate"),
        Text(
            "logging_level",
            live=From("methodSettings", _live(_logging_level)),
            cloudformation=From("MethodSettings", _declared(_logging_level)),
            absent="OFF",
            about="INFO or ERROR, or OFF where the executions of any method are not logged.",
        ),
        Bool(
            "data_trace_enabled",
            live=From("methodSettings", _live(_any("dataTraceEnabled"))),
            cloudformation=From("MethodSettings", _declared(_any("dataTraceEnabled"))),
            absent=False,
            about="Whether full requests and responses are logged, with whatever secrets they hold.",
        ),
        Bool(
            "metrics_enabled",
            live=From("methodSettings", _live(_any("metricsEnabled"))),
            cloudformation=From("MethodSettings", _declared(_any("metricsEnabled"))),
            absent=False,
        ),
        Text(
            "access_log_destination_arn",
            live="accessLogSettings.destinationArn",
            cloudformation="AccessLogSetting.DestinationArn",
            absent="",
            about="'' where accesses are not logged.",
        ),
        Text(
            "access_log_format",
            live="accessLogSettings.format",
            cloudformation="AccessLogSetting.Format",
            absent="",
            about="What is logged of an access: without it, nothing is.",
        ),
        Bool("tracing_enabled", live="tracingEnabled", absent=False),
        Text(
            "web_acl_arn",
            live="webAclArn",
            cloudformation="@waf.WebACLArn",
            absent="",
            about="'' where there is none.",
        ),
        Bool(
            "cache_cluster_enabled",
            live="cacheClusterEnabled",
            absent=False,
        ),
        Bool(
            "cache_data_encrypted",
            live=From("methodSettings", _live(_cache_encrypted)),
            cloudformation=From("MethodSettings", _declared(_cache_encrypted)),
            absent=True,
            about="Whether every method that is cached is cached encrypted.",
        ),
        Text(
            "client_certificate_id",
            live="clientCertificateId",
            absent="",
            about="What the API shows to the back end to prove who it is.",
        ),
        Texts(
            "plaintext_secret_names",
            live=From("variables", plaintext_secrets),
            absent=[],
            about="Stage variables that hold secrets as plain text, by their names or values.",
        ),
        Tags(live="tags"),
    ),
)

_APIS = Each("apigatewayv2.get_apis", "Items[]")

API_V2 = Table(
    "aws_api_gatewayv2_api",
    "An HTTP or WebSocket API.",
    service="api-gateway",
    live=_APIS,
    cloudformation="AWS::ApiGatewayV2::Api",
    columns=(
        Text("api_id", live="ApiId", cloudformation=REF),
        Arn("arn:{partition}:apigateway:{region}::/apis/{api_id}", cloudformation=REF),
        Text("name", live="Name"),
        Text("protocol_type", live="ProtocolType", about="HTTP or WEBSOCKET."),
        Text("api_endpoint", live="ApiEndpoint"),
        Bool(
            "disable_execute_api_endpoint",
            live="DisableExecuteApiEndpoint",
            absent=False,
        ),
        Texts(
            "cors_allow_origins",
            live="CorsConfiguration.AllowOrigins",
            absent=[],
        ),
        Time("created_date", live="CreatedDate"),
        Tags(live="Tags"),
    ),
)

STAGE_V2 = Table(
    "aws_api_gatewayv2_stage",
    "A stage of an HTTP or WebSocket API.",
    service="api-gateway",
    live=(_APIS, Each("apigatewayv2.get_stages", "Items[]", inputs={"ApiId": "ApiId"})),
    cloudformation="AWS::ApiGatewayV2::Stage",
    columns=(
        Text("stage_name", live="StageName"),
        Text("api_id", live="^.ApiId", cloudformation="ApiId"),
        Text("protocol_type", live="^.ProtocolType"),
        Arn("arn:{partition}:apigateway:{region}::/apis/{api_id}/stages/{stage_name}", cloudformation=REF),
        Text(
            "access_log_destination_arn",
            live="AccessLogSettings.DestinationArn",
            absent="",
            about="'' where accesses are not logged.",
        ),
        Text(
            "access_log_format",
            live="AccessLogSettings.Format",
            absent="",
            about="What is logged of an access: without it, nothing is.",
        ),
        Text(
            "default_route_logging_level",
            live="DefaultRouteSettings.LoggingLevel",
            absent="OFF",
            about="Execution logs, which WebSocket APIs alone have.",
        ),
        Bool(
            "default_route_data_trace_enabled",
            live="DefaultRouteSettings.DataTraceEnabled",
            absent=False,
        ),
        Bool(
            "default_route_detailed_metrics_enabled",
            live="DefaultRouteSettings.DetailedMetricsEnabled",
            absent=False,
        ),
        Bool("auto_deploy", live="AutoDeploy", absent=False),
        Texts(
            "plaintext_secret_names",
            live=From("StageVariables", plaintext_secrets),
            absent=[],
            about="Stage variables that hold secrets as plain text, by their names or values.",
        ),
        Time("created_date", live="CreatedDate"),
        Tags(live="Tags"),
    ),
)

ROUTE_V2 = Table(
    "aws_api_gatewayv2_route",
    "A route of an HTTP or WebSocket API.",
    service="api-gateway",
    live=(_APIS, Each("apigatewayv2.get_routes", "Items[]", inputs={"ApiId": "ApiId"})),
    cloudformation="AWS::ApiGatewayV2::Route",
    columns=(
        Text("route_id", live="RouteId"),
        Text("route_key", live="RouteKey", about="Such as GET /orders."),
        Text("api_id", live="^.ApiId", cloudformation="ApiId"),
        Text("protocol_type", live="^.ProtocolType"),
        Arn("arn:{partition}:apigateway:{region}::/apis/{api_id}/routes/{route_id}", cloudformation=REF),
        Text(
            "authorization_type",
            live="AuthorizationType",
            absent="NONE",
            about="NONE, AWS_IAM, CUSTOM or JWT.",
        ),
        Bool("api_key_required", live="ApiKeyRequired", absent=False),
    ),
)

DOMAIN_NAME = Table(
    "aws_api_gateway_domain_name",
    "A domain name of one's own for REST APIs.",
    service="api-gateway",
    live=Each("apigateway.get_domain_names", "items[]"),
    cloudformation="AWS::ApiGateway::DomainName",
    columns=(
        Text("domain_name", live="domainName"),
        Arn("arn:{partition}:apigateway:{region}::/domainnames/{domain_name}", cloudformation=REF),
        Text(
            "security_policy",
            live="securityPolicy",
            about="The TLS versions that it takes, such as TLS_1_2.",
        ),
        Text("certificate_arn", live="certificateArn", absent="", about="For EDGE."),
        Text(
            "regional_certificate_arn",
            live="regionalCertificateArn",
            absent="",
        ),
        Texts(
            "endpoint_types",
            live="endpointConfiguration.types",
        ),
        Text(
            "mutual_tls_truststore_uri",
            live="mutualTlsAuthentication.truststoreUri",
            absent="",
        ),
        Tags(live="tags"),
    ),
)
