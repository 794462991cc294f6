"""IAM's wildcards: what a text with `*` and `?` stands for, what two of them share, and whether one covers another.

A text is an automaton with a place for each of its letters, so that no answer takes more than a number of steps that is
bounded: what asks for more is not known, and nothing here guesses.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice
from typing import Final, TypeVar

MOST_STEPS: Final = 200_000
"""How many steps a comparison of two texts with wildcards may take."""


class TooWide(Exception):
    """Two texts with so many wildcards that comparing them takes too many steps."""


T = TypeVar("T")


def limited(items: Iterable[T], most: int) -> list[T]:
    """All of some items. Raises TooWide where there are more: to leave some of them out would be to guess."""
    told = list(islice(items, most + 1))
    if len(told) > most:
        raise TooWide
    return told


def is_wild(text: str) -> bool:
    """Whether a text stands for more than itself."""
    return "*" in text or "?" in text


@lru_cache(maxsize=8192)
def matching(text: str) -> Callable[[str], bool]:
    """Tells whether another text is one that a text with IAM's wildcards (`*` and `?`) stands for.

    It looks at each letter of either but once for each letter of the other, however many wildcards there are: as a
    regular expression, ten of them after one another would take years.

    >>> matching("iam:Pass*")("iam:PassRole"), matching("**?*Role*")("iam:PassRole")
    (True, True)
    """
    if "*" not in text and "?" not in text:
        return text.__eq__
    first, *others = text.split("*")
    if not others:
        return lambda value: len(value) == len(first) and _is_at(first, value, 0)
    last = others.pop()
    middle = [part for part in others if part]

    def matches(value: str) -> bool:
        at, end = len(first), len(value) - len(last)
        if at > end or not (_is_at(first, value, 0) and _is_at(last, value, end)):
            return False
        for part in middle:
            at = _find(part, value, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return matches


def _is_at(part: str, value: str, at: int) -> bool:
    """Whether a part without `*` is at a place of a value that is long enough."""
    if "?" not in part:
        return value.startswith(part, at)
    return all(letter in ("?", other) for letter, other in zip(part, value[at : at + len(part)], strict=True))


def _find(part: str, value: str, at: int, end: int) -> int:
    """The first place of a part without `*` between two places of a value, or -1."""
    if "?" not in part:
        return value.find(part, at, end)
    return next((place for place in range(at, end - len(part) + 1) if _is_at(part, value, place)), -1)


def sample(text: str, filler: str = "x") -> str:
    """A text that one with wildcards stands for.

    >>> sample("arn:aws:s3:::logs-*/?")
    'arn:aws:s3:::logs-x/x'
    """
    return _collapsed(text).replace("*", filler).replace("?", filler[:1] or "x") if is_wild(text) else text


_LETTERS: Final = "zqxjkvwyughbp0123456789abcdefilmnorst"


def unlike(texts: Iterable[str]) -> str:
    """A filler of wildcards that no part of the texts stands for, but for their own wildcards.

    >>> unlike(["arn:aws:s3:::z*"])
    'qq'
    """
    taken = set().union(*texts) if texts else set[str]()
    return next((letter for letter in _LETTERS if letter not in taken), "z-q") * 2


@lru_cache(maxsize=8192)
def shared(left: str, right: str) -> str | None:
    """A text that both stand for, or None where there is none. Raises TooWide.

    >>> shared("s3:Get*", "*:*Object"), shared("s3:Get*", "s3:Put*")
    ('s3:GetObject', None)
    """
    if not is_wild(left):
        return left if matching(right)(left) else None
    if not is_wild(right):
        return right if matching(left)(right) else None
    left, right = _collapsed(left), _collapsed(right)
    if left == "*" or left == right:
        return sample(right)
    if right == "*":
        return sample(left)
    return None if _differ(left, right) else _walk(left, right)


def cost(left: str, right: str) -> int:
    """What it costs to tell what two texts share, in steps of other comparisons."""
    if not (is_wild(left) and is_wild(right)) or _differ(left, right):
        return 10
    return max(10, len(left) * len(right) // 20)


def _differ(left: str, right: str) -> bool:
    """Whether two texts share nothing by how they begin, or end, beside any wildcard."""
    begins, ends = zip(_ends(left), _ends(right), strict=True)
    return not (_agree(*begins) and _agree(*(end[::-1] for end in ends)))


@lru_cache(maxsize=8192)
def _ends(text: str) -> tuple[str, str]:
    """What stands before the first wildcard, and what after the last."""
    first = re.split(r"[*?]", text, maxsplit=1)[0]
    return first, text[max(text.rfind("*"), text.rfind("?")) + 1 :]


def _agree(left: str, right: str) -> bool:
    return left.startswith(right) or right.startswith(left)


def shared_arn(text: str, pattern: str) -> str | None:
    """An ARN that a text and the pattern of an ARN both stand for, part by part: no wildcard of the first five parts
    stands for a colon. Raises TooWide.

    >>> shared_arn("arn:aws:sns:*:1:*", "arn:aws:*:*:2:*"), shared_arn("*:role/a", "arn:aws:iam::2:*")
    (None, 'arn:aws:iam::2:role/a')
    """
    mine, theirs = text.split(":", 5), pattern.split(":", 5)
    if len(mine) == 6:
        parts = []
        for left, right in zip(mine, theirs, strict=True):
            part = shared(left, right)
            if part is None:
                break
            parts.append(part)
        else:
            return ":".join(parts)
    *first, last = theirs
    return shared(text, ":".join([*(sample(part, "zz") for part in first), last]))


def _walk(left: str, right: str) -> str | None:
    """Both automata side by side, the way that says most first."""
    if len(left) * len(right) > MOST_STEPS:
        raise TooWide
    seen = {(0, 0)}
    stack: list[tuple[int, int]] = [(0, 0)]
    came: dict[tuple[int, int], tuple[tuple[int, int], str]] = {}
    goal = len(left), len(right)
    while stack:
        place = stack.pop()
        if place == goal:
            return _told(came, place)
        for step, letter in _steps(left, right, *place):
            if step not in seen:
                seen.add(step)
                came[step] = place, letter
                stack.append(step)
    return None


def _steps(left: str, right: str, i: int, j: int) -> list[tuple[tuple[int, int], str]]:
    """Where to go from a place of each, and the letter that is read on the way; the best comes last."""
    mine, theirs = left[i : i + 1], right[j : j + 1]
    steps: list[tuple[tuple[int, int], str]] = []
    if mine == "*":
        steps += _past_star((i + 1, j), (i, j + 1), theirs, left[i + 1 : i + 2])
    if theirs == "*":
        steps += _past_star((i, j + 1), (i + 1, j), mine, right[j + 1 : j + 2])
    if mine == theirs == "*":
        steps.append(((i + 1, j + 1), "x"))
    elif mine and theirs and "*" not in (mine, theirs) and (mine == theirs or "?" in (mine, theirs)):
        letter = theirs if mine == "?" else mine
        steps.append(((i + 1, j + 1), "x" if letter == "?" else letter))
    return steps


def _past_star(
    past: tuple[int, int], inside: tuple[int, int], letter: str, follows: str
) -> list[tuple[tuple[int, int], str]]:
    """Past a star, or a letter of the other within it: past it first where what follows is that letter."""
    steps = [(past, "")]
    if letter and letter != "*":
        within = (inside, "x" if letter == "?" else letter)
        steps = [within, *steps] if letter == follows else [*steps, within]
    return steps


def _told(came: dict[tuple[int, int], tuple[tuple[int, int], str]], place: tuple[int, int]) -> str:
    letters = []
    while place in came:
        place, letter = came[place]
        letters.append(letter)
    return "".join(reversed(letters))


@lru_cache(maxsize=8192)
def covers(wide: str, narrow: str) -> bool:
    """Whether the one stands for all that the other stands for. Raises TooWide.

    >>> covers("s3:*", "s3:Get*"), covers("s3:*Object", "s3:Get*"), covers("**", "*")
    (True, False, True)
    """
    if not is_wild(narrow):
        return matching(wide)(narrow)
    wide, narrow = _collapsed(wide), _collapsed(narrow)
    if wide in ("*", narrow):
        return True
    letters = {*wide, "\x00"} - {"*", "?"}
    accepts = {
        letter: sum(1 << place for place, other in enumerate(wide) if other in ("?", letter)) for letter in letters
    }
    others = accepts["\x00"]
    stars = sum(1 << place for place, letter in enumerate(wide) if letter == "*")

    def closed(places: int) -> int:
        return places | ((places & stars) << 1)

    def read(places: int, letter: str) -> int:
        return closed(((places & accepts.get(letter, others)) << 1) | (places & stars))

    start = (0, closed(1))
    seen, stack = {start}, [start]
    while stack:
        if len(seen) * len(wide) > MOST_STEPS * 10:
            raise TooWide
        at, places = stack.pop()
        if at == len(narrow):
            if not places >> len(wide) & 1:
                return False
            continue
        letter = narrow[at]
        if letter == "*":
            steps = [(at + 1, places), *((at, read(places, each)) for each in letters)]
        elif letter == "?":
            steps = [(at + 1, read(places, each)) for each in letters]
        else:
            steps = [(at + 1, read(places, letter))]
        for step in steps:
            if step not in seen:
                seen.add(step)
                stack.append(step)
    return True


def _collapsed(text: str) -> str:
    """The same with one `*` where several stand together."""
    return re.sub(r"\*+", "*", text) if "**" in text else text
