"""Rules of composite alarms: when one holds, and which are not understood."""

from __future__ import annotations

import pytest

from demarcate.base.alarm_rule import AlarmRuleError, compiled


@pytest.mark.parametrize(
    ("rule", "ringing", "holds"),
    [
        ("ALARM(a)", "a", True),
        ("OK(a)", "a", False),
        ("OK(a)", "b", True),
        ("INSUFFICIENT_DATA(a)", "a", False),
        ('ALARM("a b")', "a b", True),
        ("ALARM(a b)", "a b", True),
        (r'ALARM("a \"b\"")', 'a "b"', True),
        ("NOT ALARM(a)", "a", False),
        ("NOT NOT ALARM(a)", "a", True),
        ("NOT ALARM(a) AND ALARM(b)", "b", True),
        ("(ALARM(a) OR ALARM(b)) AND OK(c)", "b", True),
        ("ALARM(a) AND (ALARM(b) OR TRUE)", "a", True),
        ("ALARM(a) OR FALSE", "b", False),
        ('ALARM("AND") OR ALARM("OR")', "OR", True),
        (" ALARM ( a ) ", "a", True),
    ],
)
def test_a_rule_holds_in_some_states(rule: str, ringing: str, holds: bool) -> None:
    assert compiled(rule)(lambda name: "ALARM" if name == ringing else "OK") is holds


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("", "too soon"),
        ("ALARM(a) ALARM(b)", "goes on"),
        ("ALARM(a) AND", "too soon"),
        ("ALARM()", "no alarm"),
        ("ALARM(a", "lacks"),
        ('ALARM("a)', "quotation mark"),
        ("ALARM(a) AND ALARM(b) OR ALARM(c)", "without parentheses"),
        ("AT_LEAST(2, ALARM, (a, b))", "AT_LEAST"),
        ('"a"', "a name alone"),
        ("(" * 500 + "ALARM(a)" + ")" * 500, "deep"),
        ("NOT " * 500 + "ALARM(a)", "deep"),
    ],
)
def test_a_rule_is_not_understood(rule: str, why: str) -> None:
    with pytest.raises(AlarmRuleError, match=why):
        compiled(rule)
