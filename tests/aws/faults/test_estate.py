"""The server answers all that tables ask: with moto, and where moto lacks it with `tests/aws/answers`."""

from __future__ import annotations

import pytest
from botocore.parsers import ResponseParserError

from demarcate.estate.tables import all_tables
from tests.aws.answers.answering import answer, read
from tests.aws.answers.asking import operations
from tests.aws.faults.world import World

CANNOT_BE_ANSWERED: dict[str, str] = {}
"""Operations that the server has no answer to, with the reason."""

HAS_NO_ROWS: dict[str, str] = {}
"""Tables that the estate has nothing of, with the reason."""


def test_nothing_is_unread(whole_world: World) -> None:
    told = {f"{gap.table}: {gap}" for gap in whole_world.calm.unread if gap.operation not in CANNOT_BE_ANSWERED}
    assert not told, "answer these operations in tests/aws/answers/data"


def test_every_operation_that_tables_use_is_asked(whole_world: World) -> None:
    """So that each failure that is put in its place is met, and each mapping was read over HTTP."""
    never = set(operations()) - set(whole_world.asked)
    assert never == set(CANNOT_BE_ANSWERED), "the estate has nothing for which these are asked"


def test_every_table_that_can_has_rows(whole_world: World) -> None:
    live = {name for name, table in all_tables().items() if table.steps or is_derived_live(name)}
    empty = {name for name in live if not whole_world.calm.rows.get(name)}
    assert empty == set(HAS_NO_ROWS), "create something of these kinds in tests/aws/faults/estate"


def is_derived_live(name: str) -> bool:
    tables = all_tables()
    return any(of in tables and tables[of].steps for of in tables[name].owners)


@pytest.mark.parametrize("broken", [b"", b"<{", b"\xff\xfe"])
def test_an_answer_that_botocore_cannot_read_is_not_given(broken: bytes) -> None:
    """The parser that the tests read answers with is botocore's own."""
    from tests.aws.faults.kinds import example

    asked = example("ec2.describe_volumes")
    given = answer(asked, {"Volumes": [{"VolumeId": "vol-1"}]})
    assert read(asked, given) == {"Volumes": [{"VolumeId": "vol-1"}]}
    with pytest.raises(ResponseParserError):
        read(asked, given.but(body=broken))
