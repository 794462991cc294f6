"""Golden rows: what AWS could say at most, and the row that it gives, as committed.

Every member of an answer, of a template's resource and of Config's item has a value that no other has, so that a column
which is read from elsewhere is another value in a file that reviewers see.
"""

from __future__ import annotations

import pytest

from tests.estate.golden.files import FOLDER, REWRITE, differences
from tests.estate.golden.golden import SOURCES, outline


@pytest.mark.parametrize("source", SOURCES)
def test_rows_are_as_committed(source: str) -> None:
    members = outline()
    documents = SOURCES[source](members)
    tables = {*documents, *(path.stem for path in (FOLDER / source).glob("*.json"))}
    changed = [
        line
        for table in sorted(tables)
        for line in differences(source, table, documents.get(table), members.lacking)
    ]
    assert not changed, "\n".join([*changed, f"Where that is meant: {REWRITE}, and commit what it wrote."])
