"""Golden rows tell a column that is read from elsewhere: from any other member of the same type in the same object."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.estate.golden.golden import outline
from tests.estate.golden.mutants import Mutant, of_live, of_templates
from tests.estate.golden.outline import Outline


@pytest.mark.parametrize(("mutants_of", "fewest"), [(of_live, 8000), (of_templates, 3000)])
def test_a_column_from_another_member_is_another_row(
    mutants_of: Callable[[Outline], Iterator[Mutant]], fewest: int
) -> None:
    mutants = [mutant for mutant in mutants_of(outline()) if mutant.plain]
    assert len(mutants) > fewest
    assert not [mutant for mutant in mutants if not mutant.told]
