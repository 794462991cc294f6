"""Who acts. Never guessed: an option or setting says it, or git's own configuration does."""

from __future__ import annotations

import subprocess
from typing import Final

from demarcate.base.errors import DemarcateError
from demarcate.ledger.entry import Actor

LONGEST: Final = 200
"""How many characters a person's name or address may have."""

_GIT: Final = ("git", "config", "--get", "user.email")
_SECONDS: Final = 5


def actor_of(person: str | None, caller: str | None = None) -> Actor:
    """The person who acts: who is named, or the e-mail address that git has. `caller` is the ARN of the credentials.

    Raises DemarcateError where nothing says who it is.
    """
    named = person if person is not None else _git_address()
    if named is None:
        raise DemarcateError(
            "say who you are (--as EMAIL, or git config --global user.email EMAIL): it is recorded"
        )
    if not named.strip() or len(named) > LONGEST or not named.isprintable():
        where = "git's user.email is" if person is None else "--as takes"
        raise DemarcateError(f"{where} the name or address of a person, on one line of up to {LONGEST} characters")
    return Actor(person=named.strip(), caller=caller)


def _git_address() -> str | None:
    """What git has for the user's address; None where it has none, or is not there."""
    try:
        done = subprocess.run(_GIT, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - nothing of it is input
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip() or None
