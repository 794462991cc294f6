"""The words of questions, from the words of the model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from demarcate.model import Party, Responsibility

AWS, CUSTOMER = "AWS", "You, the customer"
PARTIES: dict[Party, str] = {"aws": AWS, "customer": CUSTOMER}
DEPENDS = "It depends on the resource's settings"

_AWS_DOES = re.compile(r"AWS (?P<verb>[a-z]+s)(?: and (?P<other>[a-z]+s))? (?P<rest>.+)")
_TELLS = re.compile(r"\b(its|yourself|customers?|that you switched|that it runs)\b")
"""Words in a title that tell whose the job is."""


def infinitive(verb: str) -> str:
    """A verb as it stands after "to", from how it stands after "AWS".

    >>> [infinitive(verb) for verb in ("patches", "carries", "makes", "publishes", "releases")]
    ['patch', 'carry', 'make', 'publish', 'release']
    """
    if verb.endswith("ies"):
        return f"{verb[:-3]}y"
    if verb.endswith(("ches", "shes", "sses", "xes", "zzes")):
        return verb[:-2]
    return verb[:-1]


def job(responsibility: Responsibility) -> str | None:
    """What there is to do, without who does it; None where the words would tell.

    >>> from demarcate.model import load
    >>> job(load().responsibility["patch-management.build-eks-addons"])
    'build and publish patched EKS add-ons'
    """
    title = responsibility.title
    if _TELLS.search(title):
        return None
    if responsibility.party == "customer":
        return lowered(title)
    match = _AWS_DOES.fullmatch(title)
    if match is None:
        return None
    verbs = [infinitive(verb) for verb in (match["verb"], match["other"]) if verb]
    return f"{' and '.join(verbs)} {match['rest']}"


def lowered(text: str) -> str:
    """A text as it stands within a sentence: its first letter small, unless its first word is a name."""
    first = text.split(" ", 1)[0]
    return text if first[1:] != first[1:].lower() else text[:1].lower() + text[1:]


def ended(text: str) -> str:
    """A text as it ends within quotation marks, with a full stop where it has none."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def setting(because: str) -> str:
    """What a setting is, from the sentence that says what follows from it.

    >>> setting("Auto Mode is off, so all nodes that are not Fargate's are yours.")
    'Auto Mode is off.'
    """
    return re.split(r",? (?:and )?(?:so|where|whose) ", because.rstrip("."))[0].rstrip(",") + "."


def whose(responsibility: Responsibility) -> str:
    """Whose it is, and why."""
    party = "AWS's" if responsibility.party == "aws" else "yours"
    return f"It is {party}. {responsibility.why}"


def named(responsibility: Responsibility) -> str:
    """Which it is, whose, and why."""
    if responsibility.party == "aws":  # the title says so
        return f"{responsibility.title}. {responsibility.why}"
    return f"“{responsibility.title}” is yours. {responsibility.why}"


def services_of(responsibilities: Sequence[Responsibility]) -> tuple[str, ...]:
    """The services that responsibilities name, each once."""
    return tuple(dict.fromkeys(s for r in responsibilities if r.services != "all" for s in r.services))
