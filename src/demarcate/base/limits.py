"""How large what is read may be, what may be made of it, and how long what is said about it.

Together they keep a run below 500 MB of memory and, for one hostile file, below some seconds, however the input is
made. Each is several times what is met in practice; CloudFormation itself takes templates of at most 1 MB.
"""

from __future__ import annotations

MAX_BYTES = 2_000_000
"""How large one YAML or JSON document may be."""

MAX_PIPED = 100_000_000
"""How much is taken of standard input, whatever it is: as much as the largest of what is read there, a plan."""

MAX_NODES = 300_000
"""How many values one document may hold, aliases counted each time they are used. A node takes about 300 bytes."""

MAX_CHARACTERS = 2 * MAX_BYTES
"""How much text one document may hold, aliases counted each time they are used."""

MAX_DEPTH = 100
"""How deep one document may be nested. Deeper ones would exhaust the stack of whoever reads them."""

MAX_DIGITS = 1_000
"""How many digits a number of a document may have. Python refuses some thousands, with an error of its own."""

FREE_RESOURCES = 10_000
"""How many resources an estate of files may have beyond those that the size of its files accounts for: some hundred
bytes can ask for any number. The setting `max-resources` is another number, for a real estate that it cuts short.
"""

MAX_REASON = 400
"""How many characters a reason, or the message of a problem, may have: it may quote what somebody else wrote."""


def shortened(text: str) -> str:
    """A reason or message, with an ellipsis where it is longer than MAX_REASON."""
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + "…"
