"""The kinds of what a live account does not tell, each from a server that answers so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from demarcate.checks.catalog import load_checks
from demarcate.checks.engine import judge
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.sources.aws.bounds import Bounds
from tests.aws.endless import Request, Server, is_silent, pours
from tests.aws.test_bounds import collect


def error(code: str, status: int = 400) -> Callable[[Request], None]:
    """An answer with an error code of AWS."""
    text = f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"

    def answer(asked: Request) -> None:
        asked.send_response(status)
        asked.send_header("Content-Length", str(len(text)))
        asked.end_headers()
        asked.wfile.write(text.encode())

    return answer


def hangs_up(asked: Request) -> None:
    """The line is cut."""
    asked.close_connection = True


LIVE: dict[Kind, tuple[Callable[[Request], None], ...]] = {
    Kind.DENIED: tuple(map(error, ("UnauthorizedOperation", "AccessDenied", "ExpiredToken", "AuthFailure"))),
    Kind.THROTTLED: tuple(map(error, ("RequestLimitExceeded", "Throttling"))),
    Kind.TIMED_OUT: (is_silent,),
    Kind.TOO_MUCH: (pours,),
    Kind.UNREACHABLE: (hangs_up,),
    Kind.NOT_ENABLED: (error("OptInRequired", 401),),
    Kind.SERVICE_ERROR: (error("InternalError", 500), error("InvalidParameterValue")),
    Kind.UNSUPPORTED: (error("InvalidAction"), error("404", 404)),
    Kind.MALFORMED: (lambda asked: asked.text("<not xml"),),
}
"""What the server answers, by the kind that what it should have told is of."""


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        pytest.param(kind, answer, id=f"{kind} {number}")
        for kind, answers in LIVE.items()
        for number, answer in enumerate(answers)
    ],
)
def test_a_listing_that_fails(endless: Server, kind: Kind, answer: Callable[[Request], None]) -> None:
    endless.answers["DescribeVolumes"] = answer
    with collect(
        endless, "aws_ebs_volume", Bounds(0.5 if kind is Kind.TIMED_OUT else 60, size=2 << 20)
    ) as snapshot:
        assert {gap.kind for gap in snapshot.unread} == {kind}
        (finding,) = judge(snapshot, [load_checks()["ebs-volume-encrypted"]]).findings()
    assert (finding.verdict, finding.kind) == ("unknown", kind)
