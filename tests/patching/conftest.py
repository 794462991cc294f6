"""A server that goes by scenarios, and rings on it with a clock of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest

from demarcate.changes.applying import Run
from demarcate.changes.deciding import approve, record_plan
from demarcate.changes.policies import Policy
from demarcate.changes.reach import Reach
from demarcate.changes.structs import Change, Step
from demarcate.checks.catalog import load_checks
from demarcate.estate.sources.aws.guard import reads as is_read
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.estate.sources.interface import Options
from demarcate.ledger.entry import Actor
from demarcate.ledger.ledger import Ledger
from demarcate.patching import planning, plans
from demarcate.patching.mechanisms import MECHANISMS
from demarcate.patching.plans import PatchPlan
from demarcate.patching.rings import read_rings
from demarcate.patching.running import Ended, Means, roll_back, run_plan
from tests.aws.answers.server import Server, serving
from tests.aws.conftest import REGION, aws, server
from tests.changes.cases import APPROVER, PLANNER
from tests.changes.fakes import unsynced
from tests.conftest import models
from tests.direct import called_directly
from tests.patching.scenes import Scene, scenes

__all__ = ["aws", "server"]


@pytest.fixture(autouse=True)
def direct() -> Iterator[None]:
    """AWS's answers come without connections, which no test here is about: those of `tests/aws` are."""
    with called_directly():
        yield


@pytest.fixture(scope="session")
def aws_of_scenes() -> Iterator[Server]:
    """A server whose answers a scenario gives."""
    with serving() as server:
        yield server


@dataclass
class World:
    """One scenario, with a ledger, a clock, and a person who runs plans."""

    server: Server
    folder: Path
    scene: Scene = field(default_factory=lambda: Scene({}))
    clock: datetime = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
    said: list[str] = field(default_factory=list)
    waits: float = 1.0

    def __post_init__(self) -> None:
        self.ledger = unsynced(Ledger(str(self.folder / "ledger.sqlite"), now=lambda: self.clock))
        self.session = boto3.Session(
            aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
        )
        self.session._session.register_component("data_loader", models(None))

    def play(self, name: str) -> Scene:
        """Go on by another scenario, which knows what was called before."""
        self.scene = Scene(scenes()[name], self.scene.log)
        self.server.faults = self.scene.faults
        return self.scene

    @property
    def options(self) -> Options:
        return Options(session=self.session, regions=(REGION,), endpoint_url=self.server.url)

    def plan(self, rings: str, *artefacts: str, accept: bool = False) -> PatchPlan:
        """A plan that is recorded."""
        path = self.folder / "rings.yaml"
        path.write_text(rings)
        read = read_rings(path, load_checks())
        wanted = [(MECHANISMS[kind], value) for kind, value in (text.split("=", 1) for text in artefacts)]
        selection = planning.selection([mechanism for mechanism, _ in wanted], read)
        with collect_snapshot(["aws"], self.options, selection=selection) as snapshot:
            plan, changes = planning.plan_rings(
                read, wanted, snapshot, self.reach, file="rings.yaml", accept=accept
            )
        for change in changes:
            record_plan(self.ledger, PLANNER, change)
        self.ledger.append(PLANNER, plans.act_of(plans.PLANNED, plan, plan))
        return plan

    def plan_steps(self, change: Change, steps: Sequence[Step]) -> None:
        """Give a change other steps, before it is begun."""
        record_plan(self.ledger, PLANNER, msgspec.structs.replace(change, steps=tuple(steps)))

    @cached_property
    def reach(self) -> Reach:
        """What reads for all kinds, and makes each call that the scenarios know."""
        known = {name for turns in scenes().values() for name in turns}
        reads = {name for mechanism in MECHANISMS.values() for name in mechanism.reads}
        reads |= {"cloudwatch.describe_alarms", "cloudwatch.describe_alarm_history"}
        return Reach(self.options, reads=reads, writes={name for name in known if not is_read(name)})

    @contextlib.contextmanager
    def _reach(self, _: Change) -> Iterator[Reach]:
        yield self.reach

    def _quickly(self, run: Run) -> Run:
        return replace(run, sleep=lambda _: None, wait=self.waits)

    def means(self, person: Actor = PLANNER, policies: tuple[Policy, ...] = ()) -> Means:
        return Means(
            ledger=self.ledger,
            person=lambda _: person,
            reach=self._reach,
            options=lambda _: self.options,
            checks=load_checks(),
            policies=policies,
            told=self.said.append,
            now=lambda: self.clock,
            run=self._quickly,
        )

    def run(self, plan: PatchPlan, **options: Any) -> Ended:
        return run_plan(plan.id, self.means(**options))

    def roll_back(self, plan: PatchPlan) -> Ended:
        return roll_back(plan.id, self.means())

    def approve(self, plan: PatchPlan, ring: str) -> None:
        """Another person approves the changes of a ring."""
        (stage,) = [stage for stage in plan.stages if stage.ring.name == ring]
        for part in stage.parts:
            approve(self.ledger, APPROVER, part.change, (stage.ring,), now=self.clock)

    def later(self, **time: float) -> None:
        self.clock += timedelta(**time)


Worlds = Callable[[str], World]


@pytest.fixture
def world(aws_of_scenes: Server, tmp_path: Path) -> Iterator[Worlds]:
    """Makes the world of a scenario."""
    made: list[World] = []

    def make(name: str) -> World:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        own = World(aws_of_scenes, folder)
        own.play(name)
        made.append(own)
        return own

    yield make
    aws_of_scenes.faults = {}
    for own in made:
        own.ledger.close()
