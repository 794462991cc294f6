"""What each resource gives is what is committed: a changed mapping is a changed line."""

from __future__ import annotations

from pathlib import Path

from tests.estate.terraform.golden import KEPT, golden, text


def test_what_each_resource_gives_is_what_is_committed(tmp_path: Path) -> None:
    kept, today = KEPT.read_text(encoding="utf-8").splitlines(), text(golden(tmp_path)).splitlines()
    changed = [f"- {line}" for line in kept if line not in set(today)]
    changed += [f"+ {line}" for line in today if line not in set(kept)]
    assert not changed, "\n".join(["python -m tests.estate.terraform.golden writes it anew:", *changed])
