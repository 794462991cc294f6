"""A snapshot is shown, stored and sent around: no secret may be in it, whatever it was read from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from demarcate.estate.schema.secrets import NOT_KEPT, names_only, without_secrets
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.tables import all_tables

PLANTED = "hunter2-planted"

POLICY = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
NAMED = {"DB_PASSWORD": PLANTED, "TABLE": PLANTED, "URL": f"postgres://app:{PLANTED}@db/app", "SIZE": 7}
CONTAINER = {
    "Name": "app",
    "Image": "app:1",
    "Command": ["serve", f"--password={PLANTED}"],
    "EntryPoint": [f"/run-{PLANTED}"],
    "HealthCheck": {"Command": ["CMD", "curl", f"-uapp:{PLANTED}"], "Interval": 30},
    "Environment": [{"Name": name, "Value": value} for name, value in NAMED.items()],
    "LogConfiguration": {"LogDriver": "splunk", "Options": {"splunk-token": PLANTED, "splunk-url": "https://x"}},
}
OIDC = {"ClientId": "shop", "ClientSecret": PLANTED, "Issuer": "https://x"}
HEADER = {"FieldToMatch": {"SingleHeader": {"Name": "x-origin"}}, "SearchString": PLANTED}
VISIBLE = {"CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": True, "MetricName": "m"}

PROPERTIES: dict[str, dict[str, Any]] = {
    "AWS::Lambda::Function": {"Runtime": "python3.13", "Environment": {"Variables": NAMED}},
    "AWS::ECS::TaskDefinition": {
        "Family": "app",
        "ContainerDefinitions": [CONTAINER],
        "Volumes": [
            {"Name": "share", "DockerVolumeConfiguration": {"DriverOpts": {"o": f"username=a,password={PLANTED}"}}}
        ],
    },
    "AWS::ElasticBeanstalk::Environment": {
        "ApplicationName": "shop",
        "OptionSettings": [
            {
                "Namespace": "aws:elasticbeanstalk:application:environment",
                "OptionName": "API_KEY",
                "Value": PLANTED,
            },
            {"Namespace": "aws:rds:dbinstance", "OptionName": "DBPassword", "Value": PLANTED},
        ],
    },
    "AWS::ApiGateway::Stage": {"StageName": "v1", "RestApiId": "api", "Variables": {"token": PLANTED}},
    "AWS::ApiGatewayV2::Stage": {"StageName": "v1", "ApiId": "api", "StageVariables": {"token": PLANTED}},
    "AWS::RDS::DBInstance": {"Engine": "mysql", "MasterUsername": "app", "MasterUserPassword": PLANTED},
    "AWS::RDS::DBCluster": {"Engine": "aurora-mysql", "MasterUsername": "app", "MasterUserPassword": PLANTED},
    "AWS::Redshift::Cluster": {"MasterUsername": "app", "MasterUserPassword": PLANTED},
    "AWS::ElastiCache::ReplicationGroup": {"AuthToken": PLANTED, "Engine": "redis"},
    "AWS::OpenSearchService::Domain": {
        "AdvancedSecurityOptions": {"Enabled": True, "MasterUserOptions": {"MasterUserPassword": PLANTED}}
    },
    "AWS::SecretsManager::Secret": {"SecretString": PLANTED},
    "AWS::SSM::Parameter": {"Type": "String", "Value": PLANTED},
    "AWS::IAM::User": {"LoginProfile": {"Password": PLANTED}},
    "AWS::IAM::ServerCertificate": {"PrivateKey": PLANTED, "CertificateBody": "x"},
    "AWS::EC2::Instance": {"UserData": f"export DB_PASSWORD={PLANTED}"},
    "AWS::EC2::LaunchTemplate": {"LaunchTemplateData": {"UserData": f"export DB_PASSWORD={PLANTED}"}},
    "AWS::AutoScaling::LaunchConfiguration": {"UserData": f"export DB_PASSWORD={PLANTED}"},
    "AWS::ElasticLoadBalancingV2::Listener": {
        "Port": 443,
        "Protocol": "HTTPS",
        "DefaultActions": [{"Type": "authenticate-oidc", "AuthenticateOidcConfig": OIDC}],
    },
    "AWS::CloudFront::Distribution": {
        "DistributionConfig": {
            "Origins": [
                {
                    "Id": "o",
                    "DomainName": "x.example.com",
                    "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
                    "OriginCustomHeaders": [{"HeaderName": "x-origin", "HeaderValue": PLANTED}],
                }
            ],
            "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"},
        }
    },
    "AWS::WAFv2::WebACL": {
        "Scope": "REGIONAL",
        "DefaultAction": {"Allow": {}},
        "Rules": [{"Name": "r", "Statement": {"ByteMatchStatement": HEADER}, "VisibilityConfig": VISIBLE}],
    },
    "AWS::StepFunctions::StateMachine": {
        "Definition": {"States": {"Call": {"Type": "Task", "Parameters": {"ApiKey": PLANTED}}}}
    },
    "AWS::Config::ConfigRule": {"InputParameters": {"apiToken": PLANTED}, "Source": {"Owner": "AWS"}},
    "AWS::Config::ConformancePack": {
        "ConformancePackInputParameters": [{"ParameterName": "apiToken", "ParameterValue": PLANTED}]
    },
    "AWS::SSM::Association": {"Name": "AWS-RunShellScript", "Parameters": {"commands": [f"login {PLANTED}"]}},
}


def everything(folder: Path) -> str:
    """All that is in a snapshot's files, as text."""
    texts = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            texts.append(str(parquet.read_table(path).to_pylist()))
        elif path.is_file():
            texts.append(path.read_text(encoding="utf-8", errors="replace"))
    return "\n".join(texts)


def test_no_secret_of_a_template_is_in_its_snapshot(tmp_path: Path) -> None:
    resources = {
        type_.replace("::", ""): {"Type": type_, "Properties": properties}
        for type_, properties in PROPERTIES.items()
    }
    parameters = {"Token": {"Type": "String", "NoEcho": True, "Default": PLANTED}}
    file = tmp_path / "template.json"
    file.write_text(json.dumps({"Parameters": parameters, "Resources": resources}))
    out = tmp_path / "snapshot"
    snapshot = collect_snapshot([file], selection=dict.fromkeys(all_tables()), out=out)
    assert snapshot.unread == ()
    text = everything(out)
    assert "DB_PASSWORD" in text, "names are kept"
    assert NOT_KEPT in text
    around = text.find(PLANTED)
    assert around < 0, text[max(0, around - 300) : around + 50]


@pytest.mark.parametrize("type_", PROPERTIES)
def test_each_of_them_would_be_found(type_: str) -> None:
    assert PLANTED in json.dumps(PROPERTIES[type_])
    assert type_ in {t for table in all_tables().values() for t in table.types}


def test_the_names_of_unknown_values_are_known() -> None:
    assert names_only({"A": Unknown(Kind.PARAMETER, "parameter A has no value")}) == {"A": NOT_KEPT}
    assert names_only(Unknown(Kind.MALFORMED, "why")) == Unknown(Kind.MALFORMED, "why")


def test_structures_lose_their_secrets_only() -> None:
    kept = {"Type": "authenticate-oidc", "Config": {"ClientId": "shop", "TokenEndpoint": "https://x"}}
    assert without_secrets(kept) == kept
    assert without_secrets(
        {"headers": [{"HeaderName": "a", "HeaderValue": "b"}]}, frozenset(("headervalue",))
    ) == {"headers": [{"HeaderName": "a", "HeaderValue": NOT_KEPT}]}
    assert without_secrets(["--password=hunter2000", "serve"]) == [NOT_KEPT, "serve"]
    assert without_secrets({"Password": Unknown(Kind.MALFORMED, "why")}) == {
        "Password": Unknown(Kind.MALFORMED, "why")
    }
