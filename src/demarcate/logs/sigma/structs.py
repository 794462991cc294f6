"""What a rule is, once it is read and compiled."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

Level = Literal["informational", "low", "medium", "high", "critical"]
LEVELS: tuple[Level, ...] = ("critical", "high", "medium", "low", "informational")
"""Worst first."""

DAY: Final = 86_400


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is usual: a rule with one fires only for values of `of` that nobody of the same `per` had in the `days`
    before. Both are fields of the event; without `per`, the account is meant.
    """

    of: tuple[str, ...]
    per: tuple[str, ...] = ()
    days: int = 30


class Examples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events for which a rule fires, and for which it does not; each as much of one as matters.

    Where one event is not enough, an example is a list of steps: an `event`, how many `times` it happens, `every` how
    many seconds, how many seconds `after` the step before, and which field of it is to `vary`.
    """

    fires: tuple[Any, ...] = ()
    silent: tuple[Any, ...] = ()


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands in a rule under `demarcate`: what Sigma has no word for."""

    responsibility: str = ""
    remedy: str = ""
    entity: tuple[str, ...] = ()
    window: str = "1d"
    baseline: Baseline | None = None
    examples: Examples | None = None


Operator = Literal["lt", "lte", "gt", "gte", "eq", "neq"]

CorrelationType = Literal[
    "event_count",
    "value_count",
    "temporal",
    "temporal_ordered",
    "value_sum",
    "value_avg",
    "value_percentile",
    "value_median",
]


class Correlation(msgspec.Struct, frozen=True, kw_only=True):
    """How many matches of other rules, and which, within a time span make a rule fire.

    `rules` are their ids, in order. `seconds` is the span. `by` are what groups are made by, for each of the rules:
    the SQL of a text. `value` is the SQL of what is counted or summed up, for each of the rules. `needed` is what a
    temporal one asks for: rules by their places, joined by and, or and not (in Polish notation); None for all of them.
    """

    type: CorrelationType
    rules: tuple[str, ...]
    seconds: int
    by: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    operator: Operator = "gte"
    threshold: float = 1
    value: tuple[str, ...] = ()
    percentile: int = 0
    needed: tuple[str | int, ...] | None = None


ANCHORS: Final = {
    "eventName": "event_name",
    "errorCode": "error_code",
    "userIdentity.type": "user_identity_type",
    "eventSource": "event_source",
}
"""Fields by which most events are told apart from those that a rule may match, and their columns; the best first."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is valid: its texts, and its predicate as SQL over a row of `aws_cloudtrail_log`.

    `predicate` is NULL where CloudTrail left out what it asks for; empty for a correlation. `columns` are those that it
    reads. `event_names` are the only ones, in small letters, under which it can hold; None where it may under any.
    `anchor` is a field of `ANCHORS` and the texts, in small letters, one of which it must be; None where there is none.
    `entity` is the SQL of who or what a finding is about, empty for whoever made the call. `baseline_per` and
    `baseline_of` are SQL of texts, too. `window` is in seconds: findings of one entity within one are one.
    `silent` is a rule that only correlations look at.
    """

    id: str
    name: str
    title: str
    description: str = ""
    level: Level = "medium"
    status: str = ""
    author: str = ""
    license: str = ""
    references: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    false_positives: tuple[str, ...] = ()
    responsibility: str = ""
    remedy: str = ""
    predicate: str = ""
    columns: tuple[str, ...] = ()
    event_names: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    anchor: tuple[str, tuple[str, ...]] | None = None
    entity: tuple[str, ...] = ()
    window: int = DAY
    baseline: Baseline | None = None
    examples: Examples | None = None
    baseline_per: tuple[str, ...] = ()
    baseline_of: tuple[str, ...] = ()
    correlation: Correlation | None = None
    silent: bool = False
    file: str = ""
    line: int = 0

    @property
    def techniques(self) -> tuple[str, ...]:
        """The techniques of ATT&CK that its tags name, as ATT&CK writes them.

        >>> Rule(id="1", name="a", title="A", tags=("attack.t1562.008", "attack.impact")).techniques
        ('T1562.008',)
        """
        named = [tag.partition(".")[2] for tag in self.tags if tag.startswith("attack.t")]
        return tuple(name.upper() for name in named if name[1:].replace(".", "").isdigit())
