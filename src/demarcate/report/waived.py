"""By which waiver a finding is accepted, as formats for programs tell it."""

from __future__ import annotations

from demarcate.checks.judgement import Waived


def in_words(waiver: Waived) -> str:
    """Why a finding is accepted, by whom, and until when."""
    who = f", {waiver.owner}" if waiver.owner else ""
    end = f", until {waiver.until}" if waiver.until else ""
    return f"waived: {waiver.reason}{who}{end}"
