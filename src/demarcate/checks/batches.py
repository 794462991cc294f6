"""What judging comes to as Arrow batches: their schemas are public, and the same wherever it is judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import pyarrow as pa

from demarcate.checks.judgement import COLUMNS, Judgement, Tally

ROWS = 10_000
"""How many rows a batch has at most."""

_INTEGERS = {"line"}

FINDINGS: Final = pa.schema([(name, pa.int64() if name in _INTEGERS else pa.string()) for name in COLUMNS])
"""Findings; `tags` and `waived` are JSON objects."""

TALLIES: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("check", "account", "region")),
        *((name, pa.int64()) for name in ("passed", "failed", "unknown", "waived", "waived_unknown")),
    ]
)
"""How many resources of one account and region a check passed, failed, or could not judge; and how many of those that
fail, and that are unknown, are waived.
"""

NOT_RUN: Final = pa.schema([(name, pa.string()) for name in ("check", "reason", "kind")])
"""Checks that do not apply to what was judged, and why."""

OUTCOMES: Final = pa.schema([(name, pa.string()) for name in ("folder", "account", "outcome", "reason", "kind")])
"""One row for each account: `judged` or `failed`, with the reason and its kind. The account is NULL where it is not
known.
"""


def findings(judgement: Judgement) -> pa.RecordBatchReader:
    """The findings, in their order, read as they are asked for."""
    return pa.RecordBatchReader.from_batches(FINDINGS, _cast(judgement))


def _cast(judgement: Judgement) -> Iterator[pa.RecordBatch]:
    for batch in judgement.batches(ROWS):
        yield batch.cast(FINDINGS)


def tallies(told: Iterable[Tally]) -> pa.RecordBatchReader:
    """Tallies."""
    return rows(TALLIES, told)


def not_run(judgement: Judgement) -> pa.RecordBatchReader:
    """What did not run."""
    return rows(NOT_RUN, judgement.not_run)


def rows(schema: pa.Schema, values: Iterable[object]) -> pa.RecordBatchReader:
    """Objects as batches of a schema, which names the attributes that are taken."""

    def batches() -> Iterator[pa.RecordBatch]:
        given = iter(values)
        while some := list(islice(given, ROWS)):
            columns = [[getattr(value, name) for value in some] for name in schema.names]
            arrays = [pa.array(column, type=schema.field(n).type) for n, column in enumerate(columns)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())
