"""What the templates of an estate may cost, however they are written.

Some hundred bytes of nested loops or functions can ask for any number of texts, so that what is made of a
template is counted while it is made: each step of resolving, each character produced, each byte of its rows. One
budget serves the whole estate. Every template has a share of it, as its size allows, and may borrow from what all
have in common; none may borrow so much that nothing is left for the others. When a share is used up, `Exhausted`
ends what is being made at once, and what is left of that template is unknown.
"""

from __future__ import annotations

from demarcate.base.limits import FREE_RESOURCES
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.cloudformation.problems import TemplateProblem

FACTOR = 40
"""Units that a template may spend for each of its characters. Ordinary ones need some two thirds of it."""

RESERVE = 200_000_000
"""Units that all templates of an estate have in common, for what loops, includes and nesting repeat."""

PORTION = 4
"""No template borrows more than one part in so many of the reserve."""

STEP = 200
"""Units of one step: a mapping or list that is resolved, or a function. One unit is one byte of a row (10 ns)."""

SLOW = 2_000
"""Units of a step that takes long: a file to be found, a block of addresses to be divided."""

VALUE = 40
"""Units of one member of what is resolved."""

CELL = 200
"""Units of each column of a row, beside its bytes: what making and judging it takes."""

RESOURCE = 20_000
"""Units of one resource that loops, includes or nesting make, beside those written in the template: all that comes
after it, from its row to its findings."""

SAM = 20_000
"""Units of one resource that the SAM transform translates: it takes long over each."""

SAM_EVENT = 800
"""Units of one event of an API, for each event there is: SAM makes the whole API anew for each."""

CHARACTER = 4
"""Units of one character that is held in memory."""

MAX_TEXT = 1_000_000
"""How many characters one text that a function makes may have."""

MAX_PROPERTIES = 8_000_000
"""Units that the properties of one resource may take: 2,000,000 characters, twice a whole template of AWS's."""

MAX_PROBLEMS = 100
"""How many problems of one file are told one by one."""

MAX_NAME = 255
"""How many characters a logical id may have. Source: "Quotas" in the AWS CloudFormation user guide."""

MAX_RESOURCES = 5_000
"""How many resources one template may have: ten times what CloudFormation takes."""

MAX_CHARACTERS = 10_000_000
"""How many characters the templates of an estate, and all else that is read for them, may have together, unless more
resources are asked for: some 30,000 resources as they are written in practice. Three times as many took a minute and a
gigabyte.
"""

CHARACTERS_OF_RESOURCE = 300
"""Characters that account for one resource, as it is written in practice. Others are counted as resources beyond."""

MAX_ALL_RESOURCES = 100_000
"""How many resources an estate may have, unless more are asked for."""

MAX_STACKS = 2_000
"""How many template instances an estate may have: nesting multiplies them."""

MAX_NESTING = 50
"""How deep stacks may be nested in one another."""

_LOAN = 5_000
"""Units borrowed at once, about a row: of thousands of small templates each may lack but one."""


TOO_MUCH = "its template asks for more than is allowed"
"""The reason of what is left out."""


class Exhausted(Exception):
    """The template `file` asks for more than is allowed."""

    def __init__(self, file: str) -> None:
        super().__init__(f"{file}: {TOO_MUCH}")
        self.file = file


def too_much(error: Exhausted) -> TemplateProblem:
    """What people are told of a template that asks for more than is allowed."""
    return TemplateProblem(
        "asks for more than is allowed, with its loops, includes, nesting, functions or aliases; what is left of it "
        "is unknown: let it repeat less, or divide it",
        error.file,
        kind=Kind.TOO_MUCH,
    )


class Budget:
    """The units that the templates of one estate may spend: a larger reserve where more resources are asked for."""

    def __init__(self, reserve: int = RESERVE, *, resources: int = FREE_RESOURCES) -> None:
        self.reserve = reserve * max(resources, FREE_RESOURCES) // FREE_RESOURCES
        self.portion = self.reserve // PORTION

    def share(self, file: str, size: int, resources: int) -> Share:
        """The share of a template of `size` characters and so many resources."""
        return Share(self, file, FACTOR * size, resources)


class Share:
    """What one template may spend: `left` units, and a portion of the reserve; and `resources` without counting."""

    def __init__(self, budget: Budget, file: str, left: int, resources: int) -> None:
        self.file, self.left, self.resources = file, left, resources
        self.spent = 0
        self.exhausted = False
        self._budget = budget
        self._loan = budget.portion

    def spend(self, units: int) -> None:
        """Count what is about to be done. Raises Exhausted once it is too much, and ever after."""
        if units > self.left:
            self._borrow(units - self.left)
        self.left -= units
        self.spent += units

    @property
    def is_short(self) -> bool:
        """Whether more than half is spent: what only adds to what is known is left then."""
        return self.exhausted or self.spent > self.left + min(self._loan, self._budget.reserve)

    def spend_resource(self) -> None:
        """Count one resource more. Raises Exhausted."""
        if self.resources:
            self.resources -= 1
        else:
            self.spend(RESOURCE)

    def _borrow(self, units: int) -> None:
        available = min(self._loan, self._budget.reserve)
        if self.exhausted or units > available:
            self.exhausted = True
            self.left = 0
            raise Exhausted(self.file)
        loan = min(available, max(units, _LOAN))
        self._loan -= loan
        self._budget.reserve -= loan
        self.left += loan
