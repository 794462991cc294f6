"""Gives Demarcate inputs that are nearly right, until one ends as none should (`make fuzz`).

No input may end in anything but an answer or an error that names what is wrong, take more than 10 s, or need more
than 500 MB. What does is written to out/fuzz, with how to run it again. The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from fuzz.inputs import get
from fuzz.working import Limits, Result, attack, run_one

TARGETS = {
    name: f"fuzz.{name}"
    for name in (
        *("templates", "predicates", "queries", "snapshots", "evidence", "config", "endpoints", "patterns"),
        *("calls", "decisions", "rules", "kept", "waivers", "plans", "weighed"),
    )
}
OUT = Path("out/fuzz")
LIMITS = Limits()


def main(
    arguments: Sequence[str] | None = None,
    targets: Mapping[str, str] = TARGETS,
    limits: Limits = LIMITS,
    cache: Path | None = None,
) -> int:
    """Attack targets, modules by their names; 1 where there is a fault. Without a cache all share one for this run."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.run", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(targets)}; default: all")
    parser.add_argument("--count", type=int, default=1_000_000, help="at most so many inputs of each target")
    parser.add_argument("--seconds", type=float, default=75.0, help="at most so long for each target")
    parser.add_argument(
        "--seed", default=None, help="what inputs are made from; drawn by lot, and told, by default"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="how many processes")
    parser.add_argument("--out", type=Path, default=OUT, help="where faults are written")
    parser.add_argument("--again", type=Path, help="run the input of a fault once more, in this process")
    asked = parser.parse_args(arguments)
    chosen = asked.targets or list(targets)
    if unknown := [name for name in chosen if name not in targets]:
        parser.error(f"there is no target {unknown[0]}: there are {', '.join(targets)}")
    if asked.again is not None:
        return _again(targets[chosen[0]], asked.again)
    seed = asked.seed or secrets.token_hex(4)
    print(f"Seed {seed}.\n\n{_HEAD}", flush=True)
    results = []
    with tempfile.TemporaryDirectory(prefix="demarcate-fuzz-") as folder:
        for name in chosen:
            result = attack(
                name,
                targets[name],
                seed=seed,
                count=asked.count,
                seconds=asked.seconds,
                workers=asked.workers,
                out=asked.out.absolute(),
                cache=cache or Path(folder),
                limits=limits,
            )
            print(_line(result), flush=True)
            results.append(result)
    faults = [kind for result in results for kind in result.faults.values()]
    for fault, times in faults:
        where = asked.out / fault.target / fault.digest
        print(f"\n{fault.target}: {fault.kind}, {times:,} time{'s' * (times > 1)}: {where}")
    return 1 if faults else 0


_HEAD = "| target | inputs | a second of one core | slowest | most memory | kinds of fault |\n|---|---|---|---|---|---|"


def _line(result: Result) -> str:
    rate = result.inputs / result.busy if result.busy else 0
    return (
        f"| {result.target} | {result.inputs:,} | {rate:,.0f} | {result.slowest:.1f} s | {result.peak / 1e6:,.0f} MB | "
        f"{len(result.faults)} |"
    )


def _again(module: str, folder: Path) -> int:
    given = get(folder / "input" if (folder / "input").is_dir() else folder)
    began = time.perf_counter()
    fault = run_one(importlib.import_module(module), given)
    print(fault[1] if fault else "It ends as it should.", f"({time.perf_counter() - began:.1f} s)")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
