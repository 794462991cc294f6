"""What people are shown on a terminal: Rich's console and text, of which only what is printable comes out.

Rich itself drops a few control characters in silence and lets others pass. Here they are replaced before it lays
anything out, and whatever has found another way to it is replaced when it is rendered.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

import rich.console
import rich.text
from rich.console import ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.segment import Segment

from demarcate.report.out import Out
from demarcate.report.safe import one_line, printable

_SIGNS: Final = str.maketrans("✓×·–—…→•●○│━█’“”\ufffd", '+x.--.>**o|-#\'""?')
"""Signs of ours, and what stands for them where the terminal's encoding has no others than ASCII's."""


class Text(rich.text.Text):
    """Text of one or several lines, printable."""

    def __init__(self, text: str = "", *args: Any, **options: Any) -> None:
        super().__init__(printable(text), *args, **options)

    @classmethod
    def assemble(cls, *parts: Any, **options: Any) -> Text:
        """Text of several parts: strings, pairs of a string and its style, or texts."""
        return cast(Text, super().assemble(*parts, **options))

    def append(self, text: rich.text.Text | str, style: Any = None) -> Text:
        """Add text at the end."""
        super().append(printable(text) if isinstance(text, str) else text, style)
        return self


class Console(rich.console.Console):
    """A terminal, or 80 columns without colour where there is none."""

    def __init__(self, out: Out, width: int | None = None, **options: Any) -> None:
        super().__init__(file=out.styled, width=width, highlight=False, markup=False, emoji=False, **options)
        self._signs = {} if self.encoding.startswith("utf") else _SIGNS

    def render_str(self, text: str, **options: Any) -> rich.text.Text:
        """Text of a plain string."""
        return super().render_str(printable(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What a thing looks like: the controls are Rich's own, and the text is printable."""
        for segment in super().render(renderable, options):
            if segment.control or (segment.text.isprintable() and not self._signs):
                yield segment
            else:
                yield Segment(printable(segment.text).translate(self._signs), segment.style)

    def print_line(self, text: str, *, indent: int = 0, bold: bool = False) -> None:
        """Print one text, whatever it holds, so far from the left."""
        told = Text(one_line(text), style="bold" if bold else "")
        self.print_lines(Padding(told, (0, 0, 0, indent)) if indent else told)

    def print_lines(self, renderable: RenderableType) -> None:
        """Print something without white space at the ends of its lines."""
        with self.capture() as capture:
            self.print(renderable)
        self.file.writelines(f"{line.rstrip()}\n" for line in capture.get().splitlines())
