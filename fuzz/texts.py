"""Words that programs stumble over, and damage to bytes whatever they mean."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

MOST = 400_000
"""How many bytes a repetition may make of an input."""

WORDS = (
    "",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\0",
    "\x1b[31m",
    "\x9b2J",
    "\x7f",
    "\u202e",
    "\u2066x\u2069",
    "\ufeff",
    "\u2028",
    "é",
    "e\u0301",
    "ß",
    "ﬁ",
    "İ",
    "٣",
    "\U0001f600",
    "\ud800",
    "\udc00",
    "\ufffe",
    "=1+1",
    "@SUM(1)",
    "-1",
    "+1",
    "null",
    "~",
    "true",
    "yes",
    "NaN",
    ".nan",
    ".inf",
    "-.inf",
    "Infinity",
    "1e999",
    "-0",
    "0x1F",
    "0o17",
    "1_000",
    "9" * 30,
    "9" * 5000,
    "-" + "9" * 400,
    "1e-400",
    "0.1",
    "1" + "0" * 308,
    str(2**31),
    str(2**63),
    str(-(2**63) - 1),
    "2026-01-10",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2026-01-10T09:00:00.000Z",
    "24:00:00",
    "1768035600000",
    "2026-W02-1",
    "20260110T120000Z",
    "12:30:45",
    "-1-1-1",
    "../../../etc/passwd",
    "/etc/passwd",
    "/dev/zero",
    "/dev/stdin",
    "file:///etc/passwd",
    "http://127.0.0.1:9/x",
    "C:\\x",
    "~root",
    "a/b",
    ".",
    "..",
    "*.parquet",
    "[a-z]",
    "a?b",
    "s3://b/k",
    "arn:aws:iam::123456789012:role/x",
    "arn:aws:s3:::b/*",
    "arn:",
    "::::::",
    "arn:aws:iam::*:*",
    "123456789012",
    "/../../x",
    "eu-west-1",
    "*",
    "??",
    "%",
    "'",
    "''",
    '"',
    "`",
    "\\",
    "--",
    "/*",
    "*/",
    ";",
    "$$",
    "$",
    "${",
    "${}",
    "${!x}",
    "${A}${A}",
    "{",
    "}",
    "{x!r}",
    "{x.__class__}",
    "{0}",
    "{{",
    "%s",
    "%n",
    "<script>alert(1)</script>",
    "]]>",
    "<!--",
    "&amp;",
    "</style>",
    "[x](y)",
    "$..Key",
    "$",
    "$.",
    "/a/b",
    "a.b",
    "[0]",
    "(a+)+$",
    "(" * 200,
    "[" * 300,
    "{a: " * 150,
    "a," * 3000,
    "x" * 70_000,
    "{{resolve:ssm:x}}",
    '{"a":',
    "[]",
    "{}",
    '"x"',
    "%7B%7D",
    "%zz",
    "\\u0000",
    "\\ud800",
    "AQ==",
    "0.0.0.0/0",
    "::/0",
    "1.2.3.4/99",
    "-1.-1.-1.-1",
    "10.0.0.0/8-32",
    "-",
    "_row",
    "look 0",
    "a" * 300,
    "__proto__",
    "constructor",
)

TOKENS = (
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n",
    b"\t",
    b" " * 50,
    b"'",
    b'"',
    b"\\",
    b",",
    b";",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b":",
    b": ",
    b"- ",
    b"? ",
    b"| ",
    b"> ",
    b"&a ",
    b"*a ",
    b"<<: *a\n",
    b"#",
    b"---\n",
    b"...\n",
    b"%YAML 9.9\n",
    b"%TAG ! x\n",
    b"!!python/object:os.system ",
    b"!!binary ",
    b"!!set ",
    b"!x ",
    b"!!int ",
    b"!!timestamp ",
    b"!<x> ",
    b"!Ref ",
    b"!Sub ",
    b"!GetAtt ",
    b"null",
    b"9" * 400,
    b"1e999",
    b"\x1b[2J",
    b"PAR1",
    b"\x1f\x8b",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\x7f",
    b"<a>",
    b"</a>",
    b"<![CDATA[",
    b"<!DOCTYPE x>",
    b"/*",
    b"*/",
    b"--",
    b"$$",
    b"::",
    b"'||'",
    b"\xc2\xa0",
    b"\xe2\x80\xae",
    b"\\u0000",
    b"\\ud800",
    b"[" * 300,
)


def word(random: Random) -> str:
    """A word to stumble over, or two of them as one."""
    first = random.choice(WORDS)
    return first + random.choice(WORDS) if random.random() < 0.1 else first


def damaged(random: Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    """The bytes with up to four things done to them; `others` are such bytes, of which parts are put in."""
    for _ in range(random.choice((1, 1, 2, 4))):
        raw = random.choice(_DAMAGES)(random, raw, random.choice(others) if others else raw)
    return raw[:MOST]


def _span(random: Random, raw: bytes) -> tuple[int, int]:
    """A part, mostly a short one."""
    start = random.randrange(len(raw) + 1)
    return start, min(len(raw), start + int(2 ** random.uniform(0, 12)))


def _flip(random: Random, raw: bytes, _: bytes) -> bytes:
    some = bytearray(raw)
    for _unused in range(random.choice((1, 1, 3, 20)) if some else 0):
        some[random.randrange(len(some))] ^= 1 << random.randrange(8)
    return bytes(some)


def _cut(random: Random, raw: bytes, _: bytes) -> bytes:
    at = random.randrange(len(raw) + 1)
    return raw[:at] if random.random() < 0.7 else raw[at:]


def _delete(random: Random, raw: bytes, _: bytes) -> bytes:
    start, end = _span(random, raw)
    return raw[:start] + raw[end:]


def _repeat(random: Random, raw: bytes, _: bytes) -> bytes:
    start, end = _span(random, raw)
    times = min(int(2 ** random.uniform(0, 14)), MOST // (end - start + 1))
    return raw[:end] + raw[start:end] * times + raw[end:]


def _splice(random: Random, raw: bytes, other: bytes) -> bytes:
    start, end = _span(random, other)
    at = random.randrange(len(raw) + 1)
    return raw[:at] + other[start:end] + (raw[at:] if random.random() < 0.5 else other[end:])


def _insert(random: Random, raw: bytes, _: bytes) -> bytes:
    at = random.randrange(len(raw) + 1)
    new = random.choice(TOKENS) if random.random() < 0.6 else word(random).encode(errors="surrogatepass")
    return raw[:at] + new + raw[at + random.choice((0, 0, 1, len(new))) :]


def _swap(random: Random, raw: bytes, _: bytes) -> bytes:
    lines = raw.split(b"\n")
    a, b = random.randrange(len(lines)), random.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


_DAMAGES = (_flip, _cut, _delete, _repeat, _splice, _insert, _insert, _swap)
