"""Lambda tables over HTTP.

moto lacks get_runtime_management_config and list_function_url_configs (columns update_runtime_on,
runtime_version_arn and url_config_*).
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from typing import Any

from demarcate.estate.schema.secrets import NOT_KEPT
from tests.aws.conftest import Aws
from tests.estate.test_secrets import everything


def code() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): ...")
    return data.getvalue()


def role(aws: Aws) -> str:
    made = aws.client("iam").create_role(RoleName="runner", AssumeRolePolicyDocument="{}")
    return str(made["Role"]["Arn"])


def make(aws: Aws, **settings: Any) -> None:
    aws.client("lambda").create_function(
        FunctionName="orders",
        Runtime="python3.13",
        Role=role(aws),
        Handler="index.handler",
        Code={"ZipFile": code()},
        **settings,
    )


def test_functions(aws: Aws) -> None:
    make(
        aws,
        Environment={"Variables": {"DB_PASSWORD": "hunter2", "TABLE": "orders"}},
        TracingConfig={"Mode": "Active"},
        Tags={"env": "prod"},
    )
    (row,) = aws.rows("aws_lambda_function")
    assert row["resource"] == "arn:aws:lambda:eu-west-1:123456789012:function:orders"
    assert (row["name"], row["runtime"], row["package_type"]) == ("orders", "python3.13", "Zip")
    assert row["tracing_mode"] == "Active"
    assert row["vpc_id"] == ""
    assert json.loads(row["environment_variables"]) == dict.fromkeys(("DB_PASSWORD", "TABLE"), NOT_KEPT)
    assert row["plaintext_secret_names"] == ["DB_PASSWORD"]
    assert isinstance(row["last_modified"], datetime)
    assert json.loads(row["tags"]) == {"env": "prod"}
    assert row["policy_public"] is False


def test_the_policy_tells_who_may_invoke_a_function(aws: Aws) -> None:
    make(aws)
    client = aws.client("lambda")
    client.add_permission(
        FunctionName="orders", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    (row,) = aws.rows("aws_lambda_function")
    assert row["policy_public"] is True, "S3 calls for whoever has a bucket"
    assert row["policy_unlimited_services"] == ["s3.amazonaws.com"]
    client.remove_permission(FunctionName="orders", StatementId="s3")
    client.add_permission(
        FunctionName="orders", StatementId="sns", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com"
    )
    (row,) = aws.rows("aws_lambda_function")
    assert row["policy_public"] is False
    assert row["policy_unlimited_services"] == ["sns.amazonaws.com"]
    client.add_permission(FunctionName="orders", StatementId="all", Action="lambda:InvokeFunction", Principal="*")
    (row,) = aws.rows("aws_lambda_function")
    assert row["policy_public"] is True


def test_no_value_of_a_variable_is_in_the_snapshot(aws: Aws) -> None:
    make(aws, Environment={"Variables": {"DB_PASSWORD": "hunter2-planted", "TABLE": "hunter2-planted"}})
    snapshot = aws.snapshot("aws_lambda_function")
    text = everything(snapshot.folder)
    assert "DB_PASSWORD" in text
    assert "hunter2-planted" not in text


def test_what_invokes_a_function_asynchronously(aws: Aws) -> None:
    make(aws)
    (row,) = aws.rows("aws_lambda_function")
    assert (row["asynchronous_sources"], row["event_invoke_configured"]) == ([], False)
    client = aws.client("lambda")
    for name in ("sns", "apigateway"):
        client.add_permission(
            FunctionName="orders",
            StatementId=name,
            Action="lambda:InvokeFunction",
            Principal=f"{name}.amazonaws.com",
        )
    client.put_function_event_invoke_config(FunctionName="orders", MaximumRetryAttempts=1)
    (row,) = aws.rows("aws_lambda_function")
    assert (row["asynchronous_sources"], row["event_invoke_configured"]) == (["sns.amazonaws.com"], True)
