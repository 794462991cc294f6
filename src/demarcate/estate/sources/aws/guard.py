"""Nothing here can write: a client refuses an operation that it was not made for, before anything of it is sent.

Each of three things suffices to refuse an operation. A client is made for the operations that its maker names: those of
the tables, or the few that a source needs. Its name must say that it reads. And it gives no secret and no content. So a
table that declares what creates or changes something, by mistake or by wish, has no rows, and nothing happens.

What changes something is given by an approved change alone (`changes/reach.py`), operation by operation; but for the
object that a pin of the ledger is (`changes/pinning.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, Final

from botocore import xform_name

from demarcate.estate.sources.aws.calls import ORGANIZATION, calls_of
from demarcate.estate.sources.aws.failures import Refused
from demarcate.estate.tables import all_tables

READS: Final = (
    "get_",
    "head_",
    "list_",
    "describe_",
    "batch_get_",
    "batch_describe_",
    "lookup_",
    "search_",
    "select_",
)
"""How the names of operations that read begin, in botocore's words."""

WHERE_A_BUCKET_IS: Final = "s3.head_bucket"
"""What botocore calls by itself, where the endpoint that it asked sends it to another region."""

READ_TOO: Final = frozenset(
    {
        "iam.generate_credential_report",  # IAM writes its report for whoever asks, and nothing else changes
        "logs.test_metric_filter",  # matches a pattern against texts that are sent with it
        "sts.assume_role",  # into other accounts, with the role that was named
    }
)
"""Operations that change nothing of an estate, whatever their names say."""

NEVER: Final = frozenset(
    {
        # Secrets, and credentials.
        *("secretsmanager.get_secret_value", "secretsmanager.batch_get_secret_value"),
        *("ssm.get_parameter", "ssm.get_parameters", "ssm.get_parameters_by_path", "ssm.get_parameter_history"),
        *("sts.get_session_token", "sts.get_federation_token", "sso.get_role_credentials"),
        *("sts.get_delegated_access_token", "sts.get_web_identity_token"),
        *("cognito-identity.get_credentials_for_identity", "cognito-identity.get_open_id_token"),
        "cognito-identity.get_open_id_token_for_developer_identity",
        *(
            "ecr.get_authorization_token",
            "ecr-public.get_authorization_token",
            "codeartifact.get_authorization_token",
        ),
        *("redshift.get_cluster_credentials", "redshift.get_cluster_credentials_with_iam"),
        *("redshift-serverless.get_credentials", "ec2.get_password_data", "lightsail.get_instance_access_details"),
        *("lightsail.get_relational_database_master_user_password", "lightsail.get_bucket_access_keys"),
        *("gamelift.get_compute_auth_token", "gamelift.get_compute_access", "gamelift.get_instance_access"),
        *("appconfigdata.get_latest_configuration", "appconfig.get_configuration"),
        # Content: rows, messages and records of whoever the estate belongs to.
        *("s3.select_object_content", "dynamodb.get_item", "dynamodb.batch_get_item"),
        *("kinesis.get_records", "dynamodbstreams.get_records", "athena.get_query_results", "logs.get_log_events"),
        *("logs.get_query_results", "rds.download_db_log_file_portion", "redshift-data.get_statement_result"),
        *("ec2.get_console_output", "ec2.get_console_screenshot", "codecommit.get_file", "codecommit.get_blob"),
    }
)
"""Operations that read, and whose answers are no one's business here."""


def reads(operation: str) -> bool:
    """Whether an operation in botocore's words does no more than read, and nothing secret.

    >>> reads("ec2.describe_volumes"), reads("ec2.delete_volume"), reads("ssm.get_parameter")
    (True, False, False)
    """
    method = operation.partition(".")[2]
    return operation not in NEVER and (operation in READ_TOO or method.startswith(READS))


@cache
def of_tables() -> frozenset[str]:
    """What reading live accounts takes: what tables declare, and what leads to accounts and regions."""
    calls = calls_of(dict.fromkeys(all_tables()))
    return frozenset((WHERE_A_BUCKET_IS, *(call.operation for call in (*calls, *ORGANIZATION))))


def guard(client: Any, service: str, may: Collection[str], writes: Collection[str] = ()) -> None:
    """Let a client call and sign nothing but the operations of `may`, and of those only what reads; and `writes`.

    `service` is botocore's name for it. Whoever calls another has `Refused` raised.
    """
    allowed = frozenset((*filter(reads, may), *writes))

    def refuse(event_name: str, **_: Any) -> None:
        operation = f"{service}.{xform_name(event_name.rpartition('.')[2])}"
        if operation not in allowed:
            raise Refused(f"{operation} is refused: this client only reads, and only what it was made for")

    for event in ("provide-client-params", "before-call", "before-sign", "choose-signer"):
        client.meta.events.register_first(event, refuse)
