"""Many calls fail at once, or answers come in small pieces: it takes longer, and nothing is lost."""

from __future__ import annotations

from demarcate.estate.tables import all_tables
from tests.aws.faults.kinds import Pages, Storm
from tests.aws.faults.seeing import Row, Seen, look, selection_of
from tests.aws.faults.world import World, unhurried


def test_half_of_all_calls_are_throttled_and_every_list_comes_one_item_a_page(whole_world: World) -> None:
    """So is the same seen twice where nothing fails: what differs where something does is the fault's doing."""
    storm, pages = Storm(1), Pages()
    with unhurried(), whole_world.with_faults({}, lambda what, truth: storm(what, lambda: pages(what, truth))):
        seen = look(whole_world.session, whole_world.server.url, selection_of((), all_tables()), ())
        calls = sum(whole_world.server.calls.values())
    same(seen, whole_world.calm)
    assert 0.4 < storm.throttled / calls < 0.6
    assert pages.pages > 100


def same(seen: Seen, calm: Seen) -> None:
    assert not seen.unread
    assert set(seen.rows) == set(calm.rows)
    for name, rows in calm.rows.items():
        assert in_order(seen.rows[name]) == in_order(rows), name


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=str)
