"""The server that a live estate is measured against: moto's, without its failures.

    python bench/server.py PORT

Where moto fails for want of an operation, which a client takes for an error of AWS and asks twice again, the answer is
that of the server of the tests, or a refusal.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from moto.core.request import Request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from tests.aws.answers.answering import Answer, answer, error
from tests.aws.answers.asking import asked
from tests.aws.answers.data import result_of


class Server:
    """The WSGI application."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        try:
            given = Response.from_app(self._moto, environ, buffered=True)
            if given.status_code < 500:
                return given(environ, start_response)
        except Exception:  # moto raises whatever it stumbles over
            given = Response(status=500)
        environ["wsgi.input"] = io.BytesIO(body)
        told = _instead(environ, body)
        return (given if told is None else Response(told.body, told.status, told.headers))(environ, start_response)


def _instead(environ: dict[str, Any], body: bytes) -> Answer | None:
    """What is answered where moto fails; None where it cannot be told what was asked."""
    what = asked(Request(environ), body)
    if what is None:
        return None
    result = result_of(what, dict)
    if result is None:
        return error(what, 400, "UnsupportedOperation", f"{what.operation} is not known here")
    return answer(what, result)


def warm() -> None:
    """Have what tells operations apart read before anything is measured: the first time takes some ten seconds."""
    body = b"Action=GetImageBlockPublicAccessState&Version=2016-11-15"
    signed = "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=x"
    builder = EnvironBuilder(
        method="POST",
        headers=[("Authorization", signed)],
        content_type="application/x-www-form-urlencoded",
        data=body,
    )
    _instead(builder.get_environ(), body)


if __name__ == "__main__":
    warm()
    make_server(
        "127.0.0.1", int(sys.argv[1]), Server(), threaded=True, request_handler=MotoRequestHandler
    ).serve_forever()
