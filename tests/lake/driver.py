"""A driver of Spark with one cluster, which assesses or collects the lakes that it is told of, a line each.

Each line is a JSON object: `lake` and where it is copied `to` (the arguments of `Lake`), `out`, `checks` and `groups`;
or `collect` (an endpoint), `region`, `tables` and `out`; or `detect` (a log store), a folder of `rules`, a `size` of
groups and `out`, a file of what was found. It answers each with one: what was wrong, or nothing.

The same cluster serves Spark Connect at the port of this machine that `CONNECT` names, where there is one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

MASTER = "local-cluster[2,1,1024]"

SHORT = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Options of a Java that lives for a minute: to compile what it runs as fast code takes longer than to run it."""


def main() -> None:
    import os

    from pyspark.sql import SparkSession

    from demarcate.base.encoding import to_json
    from demarcate.base.errors import DemarcateError
    from demarcate.estate.sources.accounts import Accounts
    from demarcate.estate.sources.interface import Options
    from demarcate.lake.assessing import assess_lake
    from demarcate.lake.collecting import collect_lake
    from demarcate.lake.detecting import run_by
    from demarcate.lake.engines import Engine
    from demarcate.lake.places import Lake
    from demarcate.logs.detecting import stored
    from demarcate.logs.detecting.places import detect_stored
    from demarcate.logs.sigma.reading import load_rules

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(MASTER).config("spark.ui.enabled", "false")
    for side in ("driver", "executor"):
        builder.config(f"spark.{side}.extraJavaOptions", SHORT)
    if port := os.environ.get("CONNECT"):
        builder.config("spark.plugins", "org.apache.spark.sql.connect.SparkConnectPlugin")
        builder.config("spark.connect.grpc.binding.address", "127.0.0.1")
        builder.config("spark.connect.grpc.binding.port", port)
    builder.config("spark.executor.heartbeatInterval", "2s").config("spark.log.level", "OFF").getOrCreate()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        said = ""
        try:
            if "collect" in asked:
                how = Options(
                    regions=(asked["region"],), endpoint_url=asked["collect"], accounts=Accounts(organization=True)
                )
                done = collect_lake(
                    dict.fromkeys(asked["tables"]), how, Path(asked["out"]), Engine("spark", master=MASTER)
                )
                said = "; ".join(each.failed for each in done if each.failed)
            elif "detect" in asked:
                stored.SIZE = asked["size"]  # type: ignore[misc]
                rules = load_rules([Path(asked["rules"])], shipped=False).rules.values()
                told = detect_stored(Path(asked["detect"]), rules, run=run_by(Engine("spark", master=MASTER)))
                Path(asked["out"]).write_bytes(to_json([told.detections, told.state, told.unread]))
            else:
                assess_lake(
                    Lake(**asked["lake"]),
                    Path(asked["out"]),
                    Engine("spark", workers=asked["groups"], master=MASTER),
                    checks=asked["checks"],
                    passes=True,
                    to=Lake(**asked["to"]) if "to" in asked else None,
                ).close()
        except DemarcateError as error:
            said = str(error)
        sys.stdout.write(f"{json.dumps(said)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
