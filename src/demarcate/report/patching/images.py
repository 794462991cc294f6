"""Images that run: what is behind, where it runs, and what it was built of."""

from __future__ import annotations

from collections.abc import Sequence

from demarcate.patching.images import RunningImage
from demarcate.report import rows
from demarcate.report.console import Console
from demarcate.report.out import Out

COLUMNS = [
    *("repository", "digest", "state", "tags", "pushed_at", "newest", "behind_by", "runs", "source", "revision"),
    *("base", "base_digest", "base_now", "rebuilt_by", "rebuilt_with", "reasons", "account", "region"),
]


def write(images: Sequence[RunningImage], format: str, out: Out, console: Console) -> None:
    """Write them: for people one after the other, for programs one row an image with all that is known of it."""
    if format != "text":
        rows.write(COLUMNS, ([_cell(image, name) for name in COLUMNS] for image in images), format, out)
        return
    for image in images:
        behind = f" by {image.behind_by}" if image.behind_by else ""
        console.print_line(f"{image.state}{behind}: {image.repository}", bold=True)
        console.print_line(f"{image.digest or 'no digest'} in {', '.join(image.runs)}", indent=3)
        if image.behind_by:
            console.print_line(f"newest is {image.newest}", indent=3)
        if image.source:
            revision = f" at {image.revision}" if image.revision else ""
            by = f", built by {image.rebuilt_with} {image.rebuilt_by}" if image.rebuilt_by else ""
            console.print_line(f"built of {image.source}{revision}{by}", indent=3)
        for reason in image.reasons:
            console.print_line(reason, indent=3)
    if not images:
        console.print_line("no task runs an image")


def _cell(image: RunningImage, name: str) -> object:
    value = getattr(image, name)
    return list(value) if isinstance(value, tuple) else value
