"""From words that people type to words that can be compared: lower case, no endings, one word for one thing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+")

STOP = frozenset(
    word
    for line in (
        "a an and any are as at be been being by can did do does for from get has have i if in into is it its",
        "me must my need needs of on or our owe owes own responsibility responsible shall should so supposed",
        "task that the their them then there these they this those to up us using we what when where which",
        "while who whom whose why will with would you your job charge make makes keep keeps amazon customer",
        "customers provide provides provided offer offers handle handles handled",
    )
    for word in line.split()
)
"""Words that a question needs and an answer does not."""

_SAME = {
    "fix": "patch", "update": "patch", "upgrade": "patch", "hotfix": "patch",
    "renew": "rotate", "roll": "rotate", "rollover": "rotate",
    "activate": "enable", "switch": "enable", "turn": "enable", "start": "enable",
    "teach": "train", "educate": "train", "education": "train", "course": "train",
    "staff": "employee", "personnel": "employee", "people": "employee",
    "dev": "developer", "programmer": "developer", "engineer": "developer",
    "cryptography": "encrypt", "cipher": "encrypt",
    "cert": "certificate", "disk": "volume",
    "setup": "configure", "setting": "configure", "config": "configure", "set": "configure",
    "customise": "customize", "organisation": "organization", "organise": "organize",
    "logging": "log", "logged": "log",
    "os": "system", "centre": "center", "hack": "attack", "hacked": "attack",
    "retain": "retention", "leaked": "leak", "k8s": "kubernetes", "alert": "alarm",
    "permission": "policy",
}  # fmt: skip

_ENDINGS = ("ations", "ation", "ings", "ing", "ions", "ion", "ied", "ies", "ers", "ed", "es", "er", "s", "e", "y")


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A word without its ending, and with one word for those that mean the same.

    >>> stem("rotation") == stem("rotating") == stem("rotates") == stem("renew")
    True
    """
    word = _SAME.get(word, word)
    if word.endswith("s") and len(word) > 3 and not word.endswith("ss"):
        word = _SAME.get(word[:-1], word)
    for ending in _ENDINGS:
        # "rotation" loses "ion", so that it meets "rotate"; "configuration" loses "ation".
        if word.endswith(ending) and len(word) - len(ending) >= (5 if ending.startswith("ation") else 3):
            short = word[: -len(ending)]
            word = _SAME.get(short, _SAME.get(short + "e", short))
            break
    word = word[:-1] if word.endswith(("e", "y")) and len(word) > 4 else word
    # "logging" -> "logg" -> "log"
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl" else word


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in order, lower case, as they were written."""
    return tuple(_WORD.findall(text.lower().replace("'s", "")))


def stems(text: str) -> tuple[str, ...]:
    """The stems of the words of a text that carry meaning, in order."""
    return tuple(stem(word) for word in words(text) if word not in STOP)


def contains(haystack: tuple[str, ...], needle: tuple[str, ...]) -> bool:
    """Whether `needle` stands in `haystack`, word beside word.

    >>> contains(("a", "b", "c"), ("b", "c"))
    True
    """
    size = len(needle)
    return size > 0 and any(haystack[i : i + size] == needle for i in range(len(haystack) - size + 1))


def unique(items: Iterable[str]) -> tuple[str, ...]:
    """Items once each, in order."""
    return tuple(dict.fromkeys(items))
