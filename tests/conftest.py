"""What tests of several rooms share."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from copy import copy
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

import botocore.httpsession
import botocore.regions
import botocore.session
import pytest
import typer.main
import typer.testing
from botocore.client import ClientCreator
from botocore.endpoint_provider import EndpointProvider
from botocore.httpsession import create_urllib3_context
from botocore.loaders import Loader, create_loader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demarcate.base import cache as caches
from demarcate.base import connection
from demarcate.estate.sources.aws import clients
from tests import surroundings
from tests.processes import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

T = TypeVar("T")

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first has nothing but what is needed here: it takes a third of the others' time."""

TOGETHER = {
    "tests/aws/faults/": "a world",
    "tests/browser/": "a browser",
    "tests/exam/test_page.py": "a browser",
}
"""Files that share what takes long to make, by how their names begin: one worker does all that share the same."""

FIRST = (
    "tests/aws/faults/",
    "tests/browser/",
    "tests/changes/test_remedies.py",
    "tests/lake/test_spark.py",
    "tests/report/test_hostile.py",
    "tests/estate/cloudformation/test_budget.py",
    "tests/test_fuzz.py",
    "tests/aws/test_resume.py",
    "tests/exam/test_making.py",
    "tests/checks/test_catalog.py",
    "tests/aws/test_stopping.py",
    "tests/test_tutorial.py",
    "tests/test_loop.py",
    "tests/test_site.py",
    "tests/test_examples.py",
    "tests/estate/config/test_bombs.py",
    "tests/changes/test_killed.py",
    "tests/checks/test_standins.py",
    "tests/ledger/test_databases.py",
    "tests/test_cli.py",
    "tests/estate/test_querying.py",
    "tests/evidence/test_bombs.py",
    "tests/aws/test_organization.py",
    "tests/exam/test_estate.py",
    "tests/estate/cloudformation/test_deploying.py",
)
"""What takes longest is begun first, so that no worker is left with it in the end."""

SHARED = ("catalog", "line", "model", "who")
"""What the cache has that nothing changes once it is made."""

settings.register_profile(
    "same", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("other", settings.get_profile("same"), derandomize=False)
settings.load_profile("same")
"""Examples are the same in each run, so that no change is refused for what it did not do.

`pytest --hypothesis-profile=other --hypothesis-seed=N` tries others. No machine is too slow for either.
"""


@settings(max_examples=1, database=None)
@given(st.none())
def begin(_: None) -> None:
    """Have hypothesis look for what holds its random numbers, which it does once, in all that there is by then."""


secure = cache(create_urllib3_context)
"""How a client would talk TLS: no server of the tests does, and to prepare it takes as long as a call."""

commands = cache(typer.main.get_command)
"""The verbs of Typer's application, of which nothing changes while they run."""


@cache
def models(data_path: str | None = None) -> Loader:
    """botocore's loader of service models, which remembers what it read. Clients write some paths anew in these."""
    loader = create_loader(data_path)
    loader.file_loader = clients._Files()
    return loader


def pytest_configure(config: pytest.Config) -> None:
    worker = hasattr(config, "workerinput")
    surroundings.heed_signals(worker=worker)
    surroundings.leave_out_pandas()
    gc.set_threshold(100_000, 50, 50)  # as the command has it
    if not worker:
        config.add_cleanup(surroundings.settle())
    config.add_cleanup(_remember())


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    begin()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Nothing looks for cycles meanwhile: what is collected stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """What is there now stays to the end: nothing looks for cycles in it again, which takes a second each time."""
    gc.freeze()
    surroundings.note()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A file that leaves a variable in the environment fails: what later tests run would be run with it."""
    yield
    if nextitem is None or nextitem.path != item.path:
        assert surroundings.since() == {}


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: some tests wait for what they have started."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        return next((n for n, place in enumerate(FIRST) if item.nodeid.startswith(place)), len(FIRST))

    items.sort(key=rank)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Files are given out whole, and some folders: what their tests share is made once, and not by each worker."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    scheduler = LoadFileScheduling(config, log)
    of_file = scheduler._split_scope
    scheduler._split_scope = lambda nodeid: next(
        (shared for place, shared in TOGETHER.items() if nodeid.startswith(place)), of_file(nodeid)
    )
    return scheduler


def _remember() -> Callable[[], None]:
    """Let service models and the tree of verbs stay in memory from one test to the next: to make them anew is most of a
    small run. How to end that. Modules that are collected want the catalog, so it is begun before they are.
    """
    patch = pytest.MonkeyPatch()
    patch.setattr(clients, "create_loader", models)
    patch.setattr(botocore.session, "create_loader", models)
    patch.setattr(botocore.httpsession, "create_urllib3_context", secure)
    patch.setattr(ClientCreator, "_create_methods", _methods(ClientCreator._create_methods))  # type: ignore[attr-defined]
    patch.setattr(botocore.regions, "EndpointProvider", _endpoints())
    patch.setattr(clients, "gc", SimpleNamespace(collect=lambda: 0))
    patch.setattr(caches, "cached", _once(caches.cached))
    patch.setattr(connection, "HOLD", PATIENCE)  # a query that ends late on a busy machine would end all tests
    for module, name in ((typer.main, "get_command"), (typer.testing, "_get_command")):
        patch.setattr(module, name, commands)
    return patch.undo


def _methods(real: Callable[[Any, Any], dict[str, Any]]) -> Callable[[Any, Any], dict[str, Any]]:
    """The methods of a service's clients, which are the same for all that are made of one model."""
    known: dict[int, tuple[object, dict[str, Any]]] = {}

    def methods(creator: Any, service: Any) -> dict[str, Any]:
        of = service._service_description
        if id(of) not in known:
            known[id(of)] = of, real(creator, service)  # with what it is of, so that no other will have its place
        return dict(known[id(of)][1])

    return methods


def _endpoints() -> Callable[..., Any]:
    """Where a service's endpoints are, which is the same for all its clients: nothing changes it."""
    known: dict[tuple[int, int], tuple[Any, Any, Any]] = {}

    def endpoints(ruleset_data: Any, partition_data: Any, excluded_params: Any = None) -> Any:
        of = id(ruleset_data), id(partition_data)
        if of not in known:
            made = EndpointProvider(ruleset_data, partition_data, excluded_params)
            known[of] = (
                ruleset_data,
                partition_data,
                made,
            )  # with what it is of, so that no other will have its place
        return known[of][2]

    return endpoints


def _once(real: Callable[..., T]) -> Callable[..., T]:
    """The cache, into which only one of the workers puts a result: the others wait for it. They all want the same
    first, and the catalog takes seconds to compile. What a worker has of those once, it does not read again.
    """
    known: dict[tuple[str, str], T] = {}

    def cached(name: str, key: str, type_: type[T], make: Callable[[], T]) -> T:
        if (name, key) not in known:
            with (Path(tempfile.gettempdir()) / f"{name}-{key}.lock").open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                result = real(name, key, type_, make)
            if name not in SHARED:
                return result
            known[name, key] = result
        caches.use(name, key)  # or what children and other workers are to find would be forgotten
        result = known[name, key]
        return copy(result) if isinstance(result, dict) else result  # which has more put into it

    return cached


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, one for each worker: the system's, or the one that playwright keeps. What is expected of
    a page is waited for.
    """
    pytest.importorskip("playwright", reason="playwright is not installed: nothing is tested in a browser")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        kept = playwright.chromium.executable_path
        program = next((path for name in NAMES if (path := shutil.which(name))), None)
        path = program or (kept if Path(kept).is_file() else None)
        if path is None:
            pytest.skip("no Chromium is installed: nothing is tested in a browser")
        with playwright.chromium.launch(executable_path=path, args=QUIET, env=_short_names()) as launched:
            yield launched


def _short_names() -> dict[str, str | float | bool]:
    """The environment of a browser, which has a socket in its temporary folder: such a name has up to 107 bytes."""
    folder = os.fsencode(tempfile.gettempdir())
    return {**os.environ, "TMPDIR": "/tmp" if len(folder) > 50 else os.fsdecode(folder)}
