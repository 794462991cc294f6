"""What a live collection would call, without making those calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from demarcate.estate.sources.accounts import Accounts
from demarcate.estate.sources.aws.calls import (
    COLUMNS,
    ORGANIZATION,
    WHO,
    PlannedCall,
    Rows,
    call_row,
    planned_rows,
)
from demarcate.estate.sources.interface import Options
from demarcate.estate.sources.plan import Selection

OWN = "the account of the credentials"
MEMBERS = "each account of the organization"
REGIONS = "each enabled region"

_OPERATION: Final = COLUMNS.index("operation")
ASSUME: Final = PlannedCall("sts.assume_role", "account")


def dry_run(selection: Selection, options: Options) -> Rows:
    """The calls that collecting a selection would make, per account and region, as columns and rows.

    Where there are credentials, AWS is asked for the account that they are of; no other call is made, so regions
    and accounts that AWS would have to list are not told one by one. Raises DemarcateError for a table or a region
    that does not exist, and for credentials that AWS does not take.
    """
    meant = options.accounts or Accounts()
    own = _own(options)
    rows = [call_row(call, own, "global") for call in _reaching(own, meant)]
    reached = bool(rows)
    for account in meant.only or ((MEMBERS,) if meant.organization else (own,)):
        of_account = _of_account(selection, account, options.regions)
        rows += [row for row in of_account if not (reached and row[_OPERATION] == "GetCallerIdentity")]
    return COLUMNS, rows


def _own(options: Options) -> str:
    from demarcate.estate.sources.aws.clients import Clients
    from demarcate.estate.sources.aws.session import credentials_of, identify, session_of

    session = session_of(options)
    if credentials_of(session) is None:
        return OWN
    clients = Clients(session, options.endpoint_url)
    try:
        return identify(session, clients, options.regions).account
    finally:
        clients.close()


def _reaching(own: str, meant: Accounts) -> tuple[PlannedCall, ...]:
    """What is called with the credentials to get at other accounts."""
    if meant.organization:
        return (WHO, *ORGANIZATION)
    others = [account for account in meant.only if account != own]
    return (WHO, *(ASSUME for _ in others)) if others else ()


def _of_account(selection: Selection, account: str, regions: Sequence[str]) -> list[list[object]]:
    from demarcate.estate.sources.aws.session import ALWAYS_ENABLED

    places = list(dict.fromkeys(regions or (REGIONS,)))
    asked = not regions or not ALWAYS_ENABLED.issuperset(places)
    return planned_rows(selection, account, places, all_regions=asked)[1]
