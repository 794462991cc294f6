"""By which waiver a finding is accepted, as formats for programs tell it."""

from __future__ import annotations

from demarcate.checks.judgement import Waived


def in_words(waived: Waived) -> str:
    """Why a finding is accepted, by whom, and until when.

    >>> in_words(Waived(id="w-1", reason="it is a test", owner="ann@example.com", until="2027-01-01"))
    'waived: it is a test, ann@example.com, until 2027-01-01'
    """
    who = f", {waived.owner}" if waived.owner else ""
    end = f", until {waived.until}" if waived.until else ""
    return f"waived: {waived.reason}{who}{end}"
