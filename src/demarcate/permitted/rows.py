"""The rows of a snapshot, as those who weigh policies want them.

What was not collected is not known, and says so. What templates and plans assign to resources of their own is put in,
so that a policy is about the resource that it names there: the name of one that has none yet is written `<Logical>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.base import duckdb
from demarcate.base.connection import short
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.standins import StandIn, first_standin
from demarcate.estate.schema.unknown import Kind, Unknown
from demarcate.estate.snapshots.rereading import Rereading
from demarcate.estate.snapshots.snapshot import Snapshot
from demarcate.estate.tables import table

OWN: Final = "x"
"""The account, and the region, of what a template declares, as `access/` has it."""

Row = dict[str, Any]

_ARNS: Final = {
    "aws_iam_role": "arn:aws:iam::x:role/{}",
    "aws_iam_user": "arn:aws:iam::x:user/{}",
    "aws_iam_group": "arn:aws:iam::x:group/{}",
    "aws_iam_policy": "arn:aws:iam::x:policy/{}",
    "aws_s3_bucket": "arn:aws:s3:::{}",
    "aws_sqs_queue": "arn:aws:sqs:x:x:{}",
    "aws_sns_topic": "arn:aws:sns:x:x:{}",
    "aws_kms_key": "arn:aws:kms:x:x:key/{}",
    "aws_secretsmanager_secret": "arn:aws:secretsmanager:x:x:secret:{}",
    "aws_dynamodb_table": "arn:aws:dynamodb:x:x:table/{}",
    "aws_lambda_function": "arn:aws:lambda:x:x:function:{}",
    "aws_ecr_repository": "arn:aws:ecr:x:x:repository/{}",
    "aws_efs_file_system": "arn:aws:elasticfilesystem:x:x:file-system/{}",
    "aws_backup_vault": "arn:aws:backup:x:x:backup-vault:{}",
    "aws_eventbridge_bus": "arn:aws:events:x:x:event-bus/{}",
    "aws_opensearch_domain": "arn:aws:es:x:x:domain/{}",
}
"""What the ARN of a resource is, once deployed, by its name; the account and region are not known.
Source: the Service Authorization Reference (`access/data/authorization.json.gz`)."""


class Reading:
    """Reads the rows of a snapshot. Use as a context manager."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._rereading = Rereading(snapshot.folder, snapshot.cursor())
        self._assigned: dict[tuple[Any, str], str] | None = None

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *error: object) -> None:
        self._rereading.__exit__(*error)

    def rows(self, name: str, *columns: str) -> Iterator[Row]:
        """The rows of a table with these columns; what was not collected of them is Unknown.

        Raises DemarcateError where a file cannot be read.
        """
        for row in self._written(name, *columns):
            if row.get("account_id") is None and self._standins:
                file = row["file"]
                yield {column: self._filled(value, file) for column, value in row.items()}
            else:
                yield row

    def _written(self, name: str, *columns: str) -> Iterator[Row]:
        held = self.snapshot.manifest.tables.get(name)
        files = [part.file for part in held.parts if part.file is not None] if held else []
        known = columns_of(name)
        wanted = dict.fromkeys(("resource", "account_id", "file", *(each for each in columns if each in known)))
        asked = set(self.snapshot.asked.get(name, ()))
        lacking = [each for each in wanted if each not in asked]
        nulls = {each: Unknown(Kind.NOT_COLLECTED, f"{each} was not collected") for each in lacking}
        for each in ("resource", "account_id", "file"):
            nulls.pop(each, None)
        try:
            yield from self._rereading.rows(table(name), files, list(wanted), nulls)
        except duckdb.Error as error:
            reason = f"{self.snapshot.folder}: cannot be read: {short(error)}; collect the snapshot again"
            raise DemarcateError(reason) from error

    # --- what templates assign --------------------------------------------------------------------------------

    @property
    def _standins(self) -> Mapping[tuple[Any, str], str]:
        """What the names and ARNs of declared resources are taken for, by the file and what is written for them."""
        if self._assigned is None:
            self._assigned = {}
            for name, form in _ARNS.items():
                if name in self.snapshot.manifest.tables:
                    for row in self._written(name, "arn", "name"):
                        self._name(row, form)
        return self._assigned

    def _name(self, row: Row, form: str) -> None:
        if self._assigned is None or row["account_id"] is not None:
            return
        name, arn, file = row.get("name"), row.get("arn"), row["file"]
        called = name if type(name) is str and name else f"<{row['resource']}>"
        for value, put_in in ((name, called), (arn, form.format(called))):
            if type(value) is StandIn and value.written.startswith("${") and value.written.count("${") == 1:
                self._assigned[file, value.written[2:-1]] = put_in

    def _filled(self, value: Any, file: Any) -> Any:
        """A value with what is known of its stand-ins put in."""
        if type(value) is StandIn:
            return self._put_in(value, file)
        if isinstance(value, dict | list) and first_standin(value) is not None:
            if isinstance(value, dict):
                return {key: self._filled(item, file) for key, item in value.items()}
            return [self._filled(item, file) for item in value]
        return value

    def _put_in(self, value: StandIn, file: Any) -> str | StandIn:
        unknown = False

        def put(name: str) -> str:
            nonlocal unknown
            told = self._standins.get((file, name)) or _PSEUDO.get(name.rpartition("/")[2])
            unknown = unknown or told is None
            return told or ""

        filled = value.fill(put)
        return value if unknown else filled


_PSEUDO: Final = {"AWS::AccountId": OWN, "AWS::Region": OWN, "AWS::Partition": "aws"}


def columns_of(name: str) -> frozenset[str]:
    """The columns of a table."""
    return frozenset(column.name for column in table(name).all_columns)


def is_text(value: object) -> bool:
    """Whether a value is a text that is known."""
    return type(value) is str
