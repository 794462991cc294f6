"""Many calls fail at once, or answers come in small pieces: it takes longer, and nothing is lost."""

from __future__ import annotations

from demarcate.estate.tables import all_tables
from tests.aws.faults.kinds import Pages, Storm
from tests.aws.faults.seeing import Row, Seen, look, selection_of
from tests.aws.faults.world import World, unhurried


def test_half_of_all_calls_are_throttled(whole_world: World) -> None:
    storm = Storm(1)
    with unhurried(), whole_world.with_faults({}, storm):
        seen = everything(whole_world)
        calls = sum(whole_world.server.calls.values())
    same(seen, whole_world.calm)
    assert 0.4 < storm.throttled / calls < 0.6


def test_every_list_comes_one_item_a_page(world: World) -> None:
    pages = Pages()
    with world.with_faults({}, pages):
        seen = everything(world)
    same(seen, world.calm)
    assert pages.pages > 100


def everything(world: World) -> Seen:
    return look(world.session, world.server.url, selection_of((), all_tables()), ())


def same(seen: Seen, calm: Seen) -> None:
    assert not seen.unread
    assert set(seen.rows) == set(calm.rows)
    for name, rows in calm.rows.items():
        assert in_order(seen.rows[name]) == in_order(rows), name


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=str)
