"""Tasks by Spark, in which the same function runs as on one machine.

Spark distributes numbers and starts again what is lost; what is judged, and how, it does not know. Each of its tasks
has one number, since these are partitioned by range and nothing is shuffled, so that adaptive execution has nothing to
put together. A task writes its files under names of its own and yields what it came to; only what the tasks that
Spark counts have named is kept, so that a task which ran twice is there once.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from demarcate.base.errors import DemarcateError
from demarcate.base.limits import shortened

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Task = Callable[[int], bytes]

CONNECT = "sc://"
"""How the URL of a Spark Connect server begins."""

PATIENCE = 10.0
"""Seconds in which a master must answer before Spark is asked to look for it, which it does for minutes."""

_MASTER = re.compile(r"local(-cluster)?(\[[\w*, ]+\])?|yarn|k8s://.+|(spark|sc)://.+")
_PORTS = {"spark": 7077, "sc": 15002}
_SAID = re.compile(r"^(?:[\w.$]*\.)?(?:\w+(?:Error|Exception)): (.*)")

_SETTINGS = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "1",
}
_OF_OWN_SESSION = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.speculation": "false",
}


def run(task: Task, number: int, master: str) -> Iterator[bytes]:
    """What each of so many tasks comes to, in their order.

    Raises DemarcateError without PySpark or Java, for a master that does not answer, and where the job does not come to
    its end.
    """
    with _session(master) as session:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of pandas, which it imports and does not use here
                numbers = session.range(0, number, 1, max(number, 1))
                told = numbers.mapInArrow(_mapped(task), "number long, told binary").toArrow()
        except Exception as error:
            raise DemarcateError(f"Spark did not come to the end ({master}): {_said(error)}") from error
    by_number = {row["number"]: row["told"] for row in told.to_pylist()}
    if told.num_rows != number or by_number.keys() != set(range(number)):
        raise DemarcateError(f"Spark told of {told.num_rows} tasks, and was given {number}: nothing is kept")
    yield from (by_number[each] for each in range(number))


def _mapped(task: Task) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What Spark's workers do with numbers."""

    def told(numbers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([("number", pa.int64()), ("told", pa.binary())])
        for batch in numbers:
            for number in batch.column(0).to_pylist():
                yield pa.RecordBatch.from_pylist([{"number": number, "told": task(number)}], schema=schema)

    return told


@contextlib.contextmanager
def _session(master: str) -> Iterator[SparkSession]:
    """A session of its own, which is stopped; or that of the program which called, which is not."""
    if not _MASTER.fullmatch(master):
        raise DemarcateError(
            f"--master takes spark://HOST:PORT, sc://HOST:PORT, yarn, k8s://URL or local-cluster[…], not {master!r}"
        )
    if find_spec("pyspark") is None:
        raise DemarcateError(
            "Spark is not installed here: pip install 'demarcate[spark]', and Java 17 or newer; --engine local needs "
            "neither"
        )
    remote = master.startswith(CONNECT)
    if not remote and not _java():
        raise DemarcateError("Spark needs Java 17 or newer, and there is none: install it, or set JAVA_HOME")
    _reach(master)
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    own = session is None
    try:
        if session is None:
            session = _started(master, remote=remote)
        for name, value in _SETTINGS.items():
            session.conf.set(name, value)
    except Exception as error:
        raise DemarcateError(f"Spark cannot be started ({master}): {_said(error)}") from error
    try:
        yield session
    finally:
        if own:
            with contextlib.suppress(Exception):  # it may be dead, which was told
                session.stop()


def _started(master: str, *, remote: bool) -> SparkSession:
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder.appName("demarcate")
    if remote:
        connected: SparkSession = builder.remote(master).getOrCreate()
        return connected
    if master.startswith("local"):  # workers of this machine have the Python that runs here
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    for name, value in _OF_OWN_SESSION.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.master(master).getOrCreate()
    return session


def _java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=f"{home}/bin" if home else None) is not None


def _reach(master: str) -> None:
    """Raise DemarcateError where none of the hosts of a master takes a connection."""
    scheme, _, rest = master.partition("://")
    if scheme not in _PORTS:
        return
    why = "names no host"
    for host in filter(None, rest.partition("/")[0].partition(";")[0].split(",")):
        name, _, port = host.rpartition(":") if ":" in host else (host, "", "")
        try:
            with socket.create_connection((name, int(port or _PORTS[scheme])), PATIENCE):
                return
        except (OSError, ValueError, OverflowError) as error:
            why = f"{host}: {getattr(error, 'strerror', None) or error}"
    raise DemarcateError(f"no Spark answers at {master}: {why}")


def _said(error: Exception) -> str:
    """What was wrong, on one line: that of our own where a task raised it, else the first one of Spark's."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    ours = [match[1] for line in lines if "DemarcateError: " in line and (match := _SAID.match(line))]
    if any("No module named 'demarcate" in line for line in lines):
        ours = ["the workers have no demarcate: install the same version, with its extra spark, in their Python"]
    return shortened((ours or lines or [type(error).__name__])[0])
