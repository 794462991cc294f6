"""Who can read data of each kind: a case of `kinds.yaml` each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from demarcate.base.documents import read
from demarcate.base.errors import DemarcateError
from demarcate.keys.data import of_data, readers
from tests.checks.test_engine import snapshot
from tests.keys.test_data import DELEGATES, halves
from tests.keys.test_uses import ACCOUNT, KEY, REGION, Statements, document, identities, key


class Case(msgspec.Struct, forbid_unknown_fields=True):
    it: str
    source: str
    arn: str
    table: str
    row: dict[str, Any]
    iam: dict[str, Statements]
    key: Statements = []
    vault: Statements = []
    reads: str = ""
    perhaps: str = ""
    asks: str = msgspec.field(name="asks only", default="")
    decrypts: str = msgspec.field(name="decrypts only", default="")


CASES = read(Path(__file__).parent / "kinds.yaml", list[Case])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.it)
def test_who_can_read_the_data(case: Case) -> None:
    place = {"account_id": ACCOUNT, "region": REGION}
    row = {name: KEY if value == "KEY" else value for name, value in case.row.items()}
    tables: dict[str, Any] = {
        case.table: [{"resource": case.arn, "arn": case.arn, **place, **row}],
        "aws_kms_key": [key(document([*DELEGATES, *case.key]), [])],
        **identities(case.iam),
    }
    if case.vault:
        arn = f"arn:aws:backup:{REGION}:{ACCOUNT}:backup-vault:v"
        vault = {"resource": arn, "arn": arn, "name": "v", "policy": document(case.vault)}
        tables["aws_backup_vault"] = [vault | place]
    assert case.table in of_data(case.arn)
    with snapshot(tables) as of:
        _, who = readers(of, case.arn)
        told = {name: sorted(names.split()) for name, names in halves(who).items()}
        assert told == {name: sorted(getattr(case, name).split()) for name in told}
        with pytest.raises(DemarcateError, match="no such resource"):
            readers(of, f"{case.arn}2")
