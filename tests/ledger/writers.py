"""Processes that write to one ledger: `python -m tests.ledger.writers PLACE PROCESSES EACH`.

They begin at once, and each appends so many entries in as many transactions. Ends with 0 where all of them did.
"""

from __future__ import annotations

import os
import sys
import traceback

import alembic.command
import psycopg

from demarcate.ledger import opening
from demarcate.ledger.entry import Act, Actor
from demarcate.ledger.ledger import Ledger
from tests.processes import PATIENCE

IMPORTED = (alembic.command, psycopg)
"""What opening a ledger imports: once, and not in each process."""


def main(place: str, processes: int, each: int) -> int:
    """Run them. How many failed."""
    opening.PATIENCE = PATIENCE
    gate, opener = os.pipe()
    children = [_child(place, number, each, gate, opener) for number in range(processes)]
    os.close(opener)
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


def _child(place: str, number: int, each: int, gate: int, opener: int) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(opener)
            os.read(gate, 1)  # until all are there
            with Ledger(place) as ledger:
                for turn in range(each):
                    ledger.append(Actor(person=f"writer {number}"), Act(kind="tested", after=turn))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return child


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
