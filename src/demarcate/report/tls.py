"""What an endpoint negotiates: versions of TLS, its certificates, and what is wrong with it."""

from __future__ import annotations

from typing import Final

from demarcate.base.certificates import Certificate
from demarcate.keys.handshakes import Endpoint
from demarcate.report import rows
from demarcate.report.console import Console
from demarcate.report.out import Out

_ANSWERS: Final = {True: "accepted", False: "refused", None: "not known"}


def write(told: Endpoint, format: str, out: Out, console: Console) -> None:
    """An endpoint for people, or a row for each thing that was asked of it: `answer` is null where it is not known."""
    place = f"[{told.host}]:{told.port}" if ":" in told.host else f"{told.host}:{told.port}"
    if format != "text":
        asked = [[place, each.version, each.accepts, each.told] for each in told.tried]
        asked += [[place, f"certificate {number}", None, _line(each)] for number, each in enumerate(told.chain, 1)]
        asked.append(
            [place, "valid for the host", told.named, ", ".join(told.chain[0].names) if told.chain else ""]
        )
        asked.append([place, "trusted", told.trusted, told.why_not])
        asked += [[place, "wrong", None, each] for each in told.wrong]
        rows.write(["endpoint", "asked", "answer", "told"], asked, format, out)
        return
    console.print_line(place, bold=True)
    for each in told.tried:
        console.print_line(f"{each.version} {_ANSWERS[each.accepts]}: {each.told}", indent=2)
    for number, certificate in enumerate(told.chain, 1):
        console.print_line(f"certificate {number}: {_line(certificate)}", indent=2)
        if number == 1 and certificate.names:
            console.print_line(f"for {', '.join(certificate.names)}", indent=4)
    for wrong in told.wrong:
        console.print_line(f"wrong: {wrong}", indent=2)
    for unknown in told.unknown:
        console.print_line(f"not known: {unknown}", indent=2)
    if not told.wrong:
        console.print_line("nothing that was asked is wrong", indent=2)
    party = (
        "AWS's half (encryption.provide-tls-endpoints): yours is what your clients ask for"
        if told.theirs
        else "yours (encryption.enable-in-transit, encryption.manage-certificates)"
    )
    console.print_line(party, indent=2)


def _line(told: Certificate) -> str:
    key = f"{told.key}, {told.bits} bits" if told.bits else told.key
    return f"{told.subject or 'without a subject'}, by {told.issuer}, until {told.not_after:%Y-%m-%d}, key {key}"
