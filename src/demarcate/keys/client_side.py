"""Encryption in the client: what was attested of it, and what was seen of it. What is neither is not known.

No API of AWS tells it. Seen is what a library of AWS leaves behind: its encryption context in calls of KMS, and its
metadata at objects of S3. What is encrypted by other means leaves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from demarcate.base.errors import DemarcateError, Problem
from demarcate.estate.sources.aws.clients import Clients, client_of, without_prefix
from demarcate.estate.sources.aws.failures import FAILED, why
from demarcate.estate.sources.aws.session import identify, session_of
from demarcate.estate.sources.interface import Options
from demarcate.evidence.structs import Evidence, Record
from demarcate.guardrails.events import Refuse
from demarcate.keys.recorded import Seen, of_metadata

RESPONSIBILITY: Final = "encryption.encrypt-client-side"
HEAD: Final = "s3.head_object"

_OBJECT: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>.+)", re.DOTALL)


def attested(evidence: Iterable[Evidence], today: date) -> Iterator[Record]:
    """What holds today of what was attested of encryption in the client."""
    for record in (record for read in evidence for record in read.records):
        about = RESPONSIBILITY in record.responsibilities
        if about and record.on is not None and record.on <= today <= (record.valid_until or today):
            yield record


def at_objects(objects: Sequence[str], options: Options, refuse: Refuse) -> Iterator[Seen]:
    """The objects whose metadata shows that a client encrypted them. What cannot be read is told.

    Raises DemarcateError for what names no object, and without credentials.
    """
    places = []
    for text in objects:
        told = _OBJECT.fullmatch(text)
        if told is None:
            raise DemarcateError(f"{text!r} names no object: expected s3://BUCKET/KEY")
        places.append((text, told["bucket"], told["key"]))
    session = session_of(options)
    own = Clients(session, options.endpoint_url)
    caller = identify(session, own, options.regions)
    own.close()
    client = client_of(session, "s3", options.endpoint_url, may=(HEAD,), region=caller.start)
    client.meta.events.register("before-sign", without_prefix)
    for text, bucket, key in places:
        try:
            answer = client.head_object(Bucket=bucket, Key=key)
        except FAILED as error:
            refuse(Problem(f"{HEAD} of {text}: {why(error).reason}"))
            continue
        metadata = answer.get("Metadata") or {}
        if library := of_metadata(metadata):
            last = answer["LastModified"].isoformat(timespec="seconds")
            yield Seen(library, "", "", last, f"the metadata of {text}")
