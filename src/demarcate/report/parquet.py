"""Findings as Parquet, for data lakes and notebooks: the columns of the CSV."""

from __future__ import annotations

from pathlib import Path

from demarcate.estate.snapshots.tabular import save_rows
from demarcate.posture.assessment import Assessment
from demarcate.report.findings_csv import COLUMNS, rows_of


def save(assessment: Assessment, path: Path) -> None:
    """Write what fails or is unknown, and what passes where it is told. Raises OSError."""
    types = {name: "BIGINT" if name == "line" else "VARCHAR" for name in COLUMNS}
    save_rows((dict(zip(COLUMNS, row, strict=True)) for row in rows_of(assessment)), types, path)
