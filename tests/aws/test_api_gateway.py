"""API Gateway tables over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.tables import table
from tests.aws.conftest import Aws
from tests.estate.declared import declared as row_of


def rest_api(aws: Aws) -> str:
    client = aws.client("apigateway")
    api = client.create_rest_api(name="orders", endpointConfiguration={"types": ["REGIONAL"]})["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    client.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    client.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    deployment = client.create_deployment(restApiId=api)["id"]
    client.create_stage(
        restApiId=api, stageName="prod", deploymentId=deployment, tracingEnabled=True, cacheClusterEnabled=True
    )
    client.update_stage(
        restApiId=api,
        stageName="prod",
        patchOperations=[
            {"op": "replace", "path": "/*/*/logging/loglevel", "value": "ERROR"},
            {"op": "replace", "path": "/*/*/caching/enabled", "value": "true"},
            {"op": "replace", "path": "/*/*/caching/dataEncrypted", "value": "false"},
        ],
    )
    return str(api)


def test_rest_apis(aws: Aws) -> None:
    api = rest_api(aws)
    (row,) = aws.rows("aws_api_gateway_rest_api")
    assert row["arn"] == f"arn:aws:apigateway:eu-west-1::/restapis/{api}"
    assert (row["name"], row["endpoint_types"]) == ("orders", ["REGIONAL"])


def test_stages(aws: Aws) -> None:
    api = rest_api(aws)
    (row,) = aws.rows("aws_api_gateway_stage")
    assert row["arn"] == f"arn:aws:apigateway:eu-west-1::/restapis/{api}/stages/prod"
    assert row["logging_level"] == "ERROR"
    assert row["tracing_enabled"] is True
    assert (row["cache_cluster_enabled"], row["cache_data_encrypted"]) == (True, False)
    assert row["access_log_destination_arn"] == ""


def http_api(aws: Aws) -> str:
    client = aws.client("apigatewayv2")
    api = str(client.create_api(Name="shop", ProtocolType="HTTP")["ApiId"])
    client.create_stage(ApiId=api, StageName="prod")
    client.create_route(ApiId=api, RouteKey="GET /orders")
    return api


def test_http_apis(aws: Aws) -> None:
    api = http_api(aws)
    (row,) = aws.rows("aws_api_gatewayv2_api")
    assert (row["api_id"], row["protocol_type"]) == (api, "HTTP")


def test_http_api_stages(aws: Aws) -> None:
    api = http_api(aws)
    (row,) = aws.rows("aws_api_gatewayv2_stage")
    assert row["arn"] == f"arn:aws:apigateway:eu-west-1::/apis/{api}/stages/prod"
    assert (row["protocol_type"], row["access_log_destination_arn"]) == ("HTTP", "")


def test_http_api_routes(aws: Aws) -> None:
    http_api(aws)
    (row,) = aws.rows("aws_api_gatewayv2_route")
    assert (row["route_key"], row["authorization_type"]) == ("GET /orders", "NONE")


def test_domain_names(aws: Aws) -> None:
    aws.client("apigateway").create_domain_name(domainName="api.example.com", securityPolicy="TLS_1_2")
    (row,) = aws.rows("aws_api_gateway_domain_name")
    assert (row["domain_name"], row["security_policy"]) == ("api.example.com", "TLS_1_2")


def declared(*methods: Any) -> dict[str, Any]:
    return row_of(table("aws_api_gateway_stage"), {"MethodSettings": list(methods)})


ALL = {"ResourcePath": "/*", "HttpMethod": "*"}


@pytest.mark.parametrize(
    ("methods", "level"),
    [
        ([{**ALL, "LoggingLevel": "INFO"}], "INFO"),
        ([{"ResourcePath": "/orders", "HttpMethod": "GET", "LoggingLevel": "INFO"}], "OFF"),
        (
            [{**ALL, "LoggingLevel": "INFO"}, {"ResourcePath": "/a", "HttpMethod": "GET", "LoggingLevel": "OFF"}],
            "OFF",
        ),
    ],
)
def test_a_stage_is_logged_where_every_method_is(methods: list[Any], level: str) -> None:
    assert declared(*methods)["logging_level"] == level


def test_an_unknown_setting_is_not_known() -> None:
    assert isinstance(
        declared({**ALL, "LoggingLevel": Unknown(Kind.PARAMETER, "a parameter")})["logging_level"], Unknown
    )
