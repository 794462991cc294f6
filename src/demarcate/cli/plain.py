"""Values that are already what an option takes, for which Typer need not be asked.

Typer turns each value into its type by pydantic, the defaults of what nobody gave among them: to import that takes as
long as reading a template. Nearly all values need nothing. Whatever is not as plain as that, or wrong, Typer is
asked for as before, so that its words for it stay its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Final, get_args, get_origin

_ASK: Final = object()
"""A value is not plain."""

_DIGITS: Final = re.compile(r"[0-9]{1,9}")


class Plain:
    """What makes the values of one parameter, in the place of Typer's own, which `build` makes."""

    def __init__(self, annotation: Any, info: Any, build: Callable[[], Any]) -> None:
        self.build = build
        self._info = info
        self._type = get_args(annotation)[0] if get_origin(annotation) is list else annotation

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value of a parameter. Raises Typer's BadParameter for one that its type does not have."""
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if several != (get_origin(param.type_descriptor.annotation) is list):
            return self.build().coerce(value, param=param, ctx=ctx)
        if several:
            made = [self._plain(item) for item in value] if isinstance(value, (list, tuple)) else [_ASK]
        else:
            made = [self._plain(value)]
        if _ASK in made:
            return self.build().coerce(value, param=param, ctx=ctx)
        return made if several else made[0]

    def _plain(self, value: Any) -> Any:
        """A value as the type has it, or `_ASK`."""
        info, type_ = self._info, self._type
        if not isinstance(type_, type) or info.parser is not None:
            return _ASK
        if type_ is str and type(value) is str:
            return value
        if issubclass(type_, Enum):
            return value if isinstance(value, type_) else _member(type_, value)
        if type_ is Path and isinstance(value, (str, Path)) and not (info.exists or info.resolve_path):
            plain = info.file_okay and info.dir_okay and not info.writable and info.path_type is None
            return Path(value) if plain and (not Path(value).exists() or os.access(value, os.R_OK)) else _ASK
        if type_ in (int, float):
            number = type_(value) if type(value) in (int, type_) or _DIGITS.fullmatch(str(value)) else None
            within = number is not None and (info.min is None or number >= info.min)
            return number if within and (info.max is None or number <= info.max) else _ASK
        return _ASK


def _member(type_: type[Enum], value: Any) -> Any:
    """A choice by its name as it is written, or `_ASK`."""
    return next((member for member in type_ if type(value) is str and member.value == value), _ASK)


def spare(params: Iterable[Any]) -> None:
    """Have parameters take plain values as they are, where Typer would import pydantic for them."""
    for param in params:
        described, build = getattr(param, "type_descriptor", None), getattr(param, "get_runtime_param", None)
        if described is None or build is None or "get_runtime_param" in vars(param):
            continue  # a version of Typer that does it without, or it was done already
        param.get_runtime_param = partial(_same, Plain(described.annotation, described.parameter_info, build))


def _same(plain: Plain) -> Plain:
    return plain
