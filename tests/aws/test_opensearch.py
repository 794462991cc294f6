"""OpenSearch tables over HTTP."""

from __future__ import annotations

import json

from tests.aws.conftest import Aws


def test_domains(aws: Aws) -> None:
    policy = {"Version": "2012-10-17", "Statement": []}
    made = aws.client("opensearch").create_domain(
        DomainName="logs",
        EngineVersion="OpenSearch_2.11",
        AccessPolicies=json.dumps(policy),
        EncryptionAtRestOptions={"Enabled": True},
        NodeToNodeEncryptionOptions={"Enabled": True},
        DomainEndpointOptions={"EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-2019-07"},
        AdvancedSecurityOptions={"Enabled": True},
        LogPublishingOptions={
            "AUDIT_LOGS": {
                "Enabled": True,
                "CloudWatchLogsLogGroupArn": "arn:aws:logs:eu-west-1:1:log-group:audit",
            }
        },
        TagList=[{"Key": "env", "Value": "prod"}],
    )["DomainStatus"]
    (row,) = aws.rows("aws_opensearch_domain")
    assert row["domain_name"] == "logs"
    assert row["arn"] == made["ARN"]
    assert row["engine_version"] == "OpenSearch_2.11"
    assert json.loads(row["access_policies"]) == policy
    assert row["encryption_at_rest_enabled"] is True
    assert row["node_to_node_encryption_options_enabled"] is True
    assert row["enforce_https"] is True
    assert row["tls_security_policy"] == "Policy-Min-TLS-1-2-2019-07"
    assert row["fine_grained_access_control_enabled"] is True
    assert row["audit_logs_enabled"] is True
    assert row["error_logs_enabled"] is False
    assert row["tags"] == '{"env":"prod"}'
