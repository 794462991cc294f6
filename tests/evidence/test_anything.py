"""Whatever lies in the folder, loading it ends in records and problems."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.evidence.attestations import _Attestation
from demarcate.evidence.exercises import DRILLS, PHISHING
from demarcate.evidence.load import load_evidence
from demarcate.evidence.reports import _Report
from demarcate.evidence.training import TRAINING
from demarcate.evidence.weigh import weigh
from demarcate.model import load
from tests.evidence.conftest import MOMENT

MODEL = load()

WORDS = ("", "2026-02-04", "2026-02-30", "9999-12-31", "0001-01-01", "yes", "no", "passed", "failed", "7", "-1")
MARKS = ("=1", "'", '"', "\0", "\r", "é", "x")
IDS = ("awareness-and-training.train-employees", "incident-response.rehearse-response")
CELLS = st.sampled_from(WORDS + MARKS + IDS) | st.text(max_size=5)
VALUES = st.recursive(
    CELLS | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["accounts", "services", "link", "file", "sha256", "from", "to"]), inner)
    ),
    max_leaves=5,
)


def table(columns: tuple[str, ...]) -> st.SearchStrategy[str]:
    row = st.lists(CELLS, min_size=len(columns), max_size=len(columns)).map(",".join)
    return st.lists(row, max_size=4).map(lambda rows: "\n".join([",".join(columns), *rows]))


def entries(type_: type[msgspec.Struct]) -> st.SearchStrategy[str]:
    keys = [field.encode_name for field in msgspec.structs.fields(type_)]
    entry = st.fixed_dictionaries(dict.fromkeys(keys, VALUES))
    return st.lists(entry, max_size=3).map(lambda listed: msgspec.json.encode(listed).decode())


FILES = (
    st.tuples(st.just("training.csv"), table(TRAINING.columns))
    | st.tuples(st.just("phishing.csv"), table(PHISHING.columns))
    | st.tuples(st.just("drills.csv"), table(DRILLS.columns))
    | st.tuples(st.just("attestations.yaml"), entries(_Attestation) | st.text(max_size=40))
    | st.tuples(st.just("reports.yaml"), entries(_Report) | st.text(max_size=40))
)


@settings(max_examples=300)
@given(FILES | st.tuples(st.sampled_from(["training.csv", "reports.yml"]), st.binary(max_size=60)))
def test_anything(given: tuple[str, str | bytes]) -> None:
    name, content = given
    with tempfile.TemporaryDirectory() as made:
        raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        (Path(made) / name).write_bytes(raw)
        evidence = load_evidence(Path(made), MODEL, MOMENT)
    weigh(evidence, MOMENT)
    for problem in evidence.problems:
        assert problem.file == f"{made}/{name}"
        assert problem.message.isprintable(), problem.message
    for record in evidence.records:
        assert record.responsibilities
        assert record.on is None or record.on <= MOMENT or record.kind == "report"
