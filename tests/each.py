"""Tests of many small cases: one test that goes through all of them, and tells each that is wrong by its name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest

Test = Callable[..., None]


def each(
    names: str | tuple[str, ...],
    cases: Iterable[Any] | Callable[[], Iterable[Any]],
    ids: Callable[[Any], Any] | Iterable[str] | None = None,
) -> Callable[[Test], Test]:
    """`pytest.mark.parametrize`, as one test. For what takes a millisecond or less: there a test takes longer to be
    collected, sent to a worker and reported than to be run.

    Cases that take long to be made are given as the function that makes them: every worker collects all tests, and
    only one runs this.

    No case may leave anything behind for the next: what fixtures give is the same for all of them.
    """
    parameters = names.replace(" ", "").split(",") if isinstance(names, str) else list(names)

    def made(test: Test) -> Test:
        @functools.wraps(test)
        def whole(**fixtures: Any) -> None:
            named = dict(_named(parameters, cases() if callable(cases) else cases, ids))
            assert named, "there is no case"
            wrong: dict[str, BaseException] = {}
            for name, case in named.items():
                try:
                    test(**fixtures, **case)
                except (Exception, pytest.fail.Exception) as error:  # all are told
                    wrong[name] = error
            told = [f"[{name}] {type(error).__name__}: {error}" for name, error in wrong.items()]
            if wrong:
                first = next(iter(wrong.values()))
                raise AssertionError(
                    f"{len(wrong)} of {len(named)} cases are wrong:\n" + "\n".join(told)
                ) from first

        signature = inspect.signature(test)
        left = [parameter for name, parameter in signature.parameters.items() if name not in parameters]
        whole.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]
        return whole

    return made


def _named(
    parameters: Sequence[str], cases: Iterable[Any], ids: Callable[[Any], Any] | Iterable[str] | None
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The cases by their names, which are numbered where they would be the same."""
    given = None if ids is None or callable(ids) else list(ids)
    seen: set[str] = set()
    for number, case in enumerate(cases):
        values = (case,) if len(parameters) == 1 else tuple(case)
        if given is not None:
            name = given[number]
        else:
            name = "-".join(str(ids(value) if callable(ids) else value) for value in values)
        if name in seen:
            name = f"{name} {number}"
        seen.add(name)
        yield name, dict(zip(parameters, values, strict=True))
