"""The words and signs of the page. A state is never told by its colour alone: it has a sign and a word.

`role` is the role of `report/colours.py` that the thing is painted in.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from demarcate.posture.news import NewsKind


class Sign(NamedTuple):
    """How a state, verdict or standing is shown."""

    sign: str
    word: str
    role: str


STATES = {
    "met": Sign("✓", "Met", "met"),
    "gap": Sign("×", "Gap", "gap"),
    "unproven": Sign("○", "Unproven", "unproven"),
    "waived": Sign("~", "Waived", "not-applicable"),
    "not-applicable": Sign("–", "Not applicable", "not-applicable"),
    "provided": Sign("●", "Provided", "aws"),
}

STANDINGS = {
    "proves": Sign("✓", "Proves", "met"),
    "incomplete": Sign("×", "Incomplete", "gap"),
    "failed": Sign("×", "Failed", "gap"),
    "expired": Sign("!", "Expired", "unproven"),
    "not-yet-valid": Sign("!", "Not valid yet", "unproven"),
    "contradicted": Sign("!", "Contradicted", "unproven"),
}

WAIVERS = {
    "expired": Sign("!", "Expired", "gap"),
    "ends-soon": Sign("!", "Ends soon", "unproven"),
    "matches-nothing": Sign("?", "Matches nothing", "unproven"),
    "active": Sign("~", "Holds", "not-applicable"),
    "not-judged": Sign("–", "Not judged here", "not-applicable"),
}
"""How waivers stand, in the order in which people should read them."""

VERDICTS = {
    "fail": Sign("×", "Fail", "gap"),
    "unknown": Sign("?", "Unknown", "unproven"),
    "pass": Sign("✓", "Pass", "met"),
}

ALARMS = {
    "ALARM": Sign("×", "In alarm", "gap"),
    "INSUFFICIENT_DATA": Sign("○", "Too little data", "unproven"),
    "OK": Sign("✓", "OK", "met"),
    "": Sign("?", "Not known", "not-applicable"),
}
"""The states of CloudWatch's alarms, in the order in which people should read them."""

NEWS = {
    NewsKind.NEW: Sign("+", "New", "gap"),
    NewsKind.WOKEN: Sign("+", "Woken", "gap"),
    NewsKind.NEWLY_JUDGED: Sign("?", "Newly judged", "unproven"),
    NewsKind.UNJUDGED: Sign("?", "No longer judged", "unproven"),
    NewsKind.WAIVED: Sign("~", "Waived since", "not-applicable"),
    NewsKind.FIXED: Sign("✓", "Fixed", "met"),
}

NEWS_ABOUT = {
    NewsKind.NEW: "It fails, and it did not although it would have been found.",
    NewsKind.WOKEN: "It was waived, and counts again.",
    NewsKind.NEWLY_JUDGED: "It fails, and nobody had looked before.",
    NewsKind.UNJUDGED: "It failed, and nobody has looked, or could see. It is not fixed for that.",
    NewsKind.WAIVED: "It failed, and somebody has accepted it.",
    NewsKind.FIXED: "It failed, and would have been found if it still did.",
}

KINDS = {
    "attestation": "Attestation",
    "training": "Training record",
    "phishing": "Phishing exercise",
    "drill": "Drill",
    "report": "Provider report",
}
"""The kinds of evidence, and of proof that the model asks for."""

FRAMEWORKS = {"nist-800-53-r5": "NIST SP 800-53 rev. 5"}

WHOSE = {"aws": "AWS", "customer": "You", "both": "Both", "nobody": "–"}
"""Whose half speaks of a requirement."""

WORDS: dict[str, Any] = {
    "STATES": STATES,
    "STANDINGS": STANDINGS,
    "VERDICTS": VERDICTS,
    "WAIVERS": WAIVERS,
    "ALARMS": ALARMS,
    "NEWS": NEWS,
    "NEWS_ABOUT": NEWS_ABOUT,
    "KINDS": KINDS,
    "FRAMEWORKS": FRAMEWORKS,
    "WHOSE": WHOSE,
}
