"""What a spreadsheet takes for a formula: the one place that says so."""

from __future__ import annotations

from typing import Final

SIGNS: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""The characters that a formula begins with, for a class of a regular expression; the last four are full width."""
