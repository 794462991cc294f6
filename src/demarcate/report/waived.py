"""By which waiver a finding is accepted, as formats for programs tell it."""

from __future__ import annotations

from typing import Protocol

from demarcate.checks.judgement import Finding


class Waived(Protocol):
    """A waiver: its id, why, who answers for it, and the last day on which it holds."""

    @property
    def id(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def owner(self) -> str | None: ...
    @property
    def until(self) -> str | None: ...


def waiver_of(finding: Finding) -> Waived | None:
    """The waiver that accepts a finding; None where none does."""
    return getattr(finding, "waived", None)


def in_words(waiver: Waived) -> str:
    """Why a finding is accepted, by whom, and until when."""
    who = f", {waiver.owner}" if waiver.owner else ""
    end = f", until {waiver.until}" if waiver.until else ""
    return f"waived: {waiver.reason}{who}{end}"
