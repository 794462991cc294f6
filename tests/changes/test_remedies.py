"""Every remedy, from a failing resource to one that passes, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from demarcate.changes.status import State
from demarcate.checks.catalog import load_checks
from demarcate.ledger.ledger import Ledger
from tests.aws.conftest import Aws
from tests.changes import cases

REMEDIES = {name: check.remedy for name, check in load_checks().items() if check.remedy.mends}


def test_every_remedy_has_a_case() -> None:
    tried = {case["check"] for of_file in cases.cases().values() for case in of_file}
    assert tried == REMEDIES.keys()


WITH_MOTO = [name for name, of_file in cases.cases().items() if any("lacks" not in case for case in of_file)]

WITH_OTHERS = (("backup", "elb", "enabling"), ("s3", "s3-access"))
"""Files of cases in an account of their own, where they would make or ask for what others do. All else is in one:
to plan, to apply and to verify takes long for each account, and little longer for one that has more in it.
"""

ACCOUNTS = ([name for name in WITH_MOTO if not any(name in names for names in WITH_OTHERS)], *WITH_OTHERS)


@pytest.mark.parametrize("names", ACCOUNTS, ids=lambda names: names[0])
def test_fail_apply_pass_undo_fail(names: Sequence[str], aws: Aws, ledger: Ledger, images: None) -> None:
    tried = [case for name in names for case in cases.cases()[name] if "lacks" not in case]
    asked: dict[str, Any] = {}
    for case in tried:
        more = cases.make(aws, case)
        assert {**more, **asked} == {**asked, **more}, f"{case['check']}: another case asks for something else"
        asked |= more
    left = {case["check"] for case in tried}
    for_good = {check for check in left if any(isinstance(mend.undo, str) for mend in REMEDIES[check].mends)}
    apart = {case["check"] for case in tried if case.get("apart")} | for_good
    # What two of them set may be the same: then the one is planned when the other is applied and undone.
    while left:
        planned = cases.plan(aws, sorted(left - apart) or [min(left)], asked)
        told = [f"{item.finding.check} {item.finding.resource}: {item.reason}" for item in planned.unplanned]
        assert planned.change is not None, f"{left}: nothing fails, or it cannot be planned: {told}"
        change = cases.recorded(ledger, planned.change)
        whole = set(change.checks) - {item.finding.check for item in planned.unplanned}
        assert whole, f"{left}: none is planned for all that fails it: {told}"
        applied = cases.carry_out(aws, ledger, change, "apply")
        assert (applied.state, applied.reason) == (State.APPLIED, "")
        assert {item for item in cases.verified(aws, change) if item.verdict != "pass"} == set()
        left -= whole
        if not whole & for_good:
            undone = cases.carry_out(aws, ledger, change, "undo")
            assert (undone.state, undone.reason) == (State.UNDONE, "")
            assert {item for item in cases.verified(aws, change) if item.verdict != "fail"} == set()
