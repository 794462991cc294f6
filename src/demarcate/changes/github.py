"""How a change reaches GitHub: the few calls of its REST API that a pull request takes, and what is read for it.

They are operations as those of AWS are ("github.create_pull"). The token is that of a variable of the environment, and
goes to the address that is set and nowhere else: `api` in an operation says for which address it was planned.

https://docs.github.com/en/rest/git/refs
https://docs.github.com/en/rest/repos/contents
https://docs.github.com/en/rest/pulls/pulls
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Collection, Mapping
from string import Formatter
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import quote, urlencode, urlsplit

import jmespath

from demarcate.base.encoding import from_json, to_json
from demarcate.base.errors import DemarcateError
from demarcate.base.fetching import ask, is_loopback, shown_url
from demarcate.changes.reach import NotDone, Uncertain
from demarcate.changes.structs import Change, Operation, Read

URL: Final = "https://api.github.com"
VARIABLE: Final = "GITHUB_TOKEN"

_CALLS: Final[Mapping[str, tuple[str, str]]] = {
    "github.get_repository": ("GET", "/repos/{repository}"),
    "github.get_commit": ("GET", "/repos/{repository}/commits/{branch}"),
    "github.get_contents": ("GET", "/repos/{repository}/contents/{path}"),
    "github.list_pulls": ("GET", "/repos/{repository}/pulls"),
    "github.create_ref": ("POST", "/repos/{repository}/git/refs"),
    "github.put_contents": ("PUT", "/repos/{repository}/contents/{path}"),
    "github.create_pull": ("POST", "/repos/{repository}/pulls"),
    "github.close_pull": ("PATCH", "/repos/{repository}/pulls/{number}"),
    "github.delete_ref": ("DELETE", "/repos/{repository}/git/refs/heads/{branch}"),
}
"""The method and path of each operation. What is not of its path is its body, or what is asked for."""

READS: Final = frozenset(name for name, (method, _) in _CALLS.items() if method == "GET")
"""What is read, and changes nothing."""

_NEVER_SENT: Final = (ConnectionRefusedError, socket.gaierror, ssl.SSLError)


def is_github(name: str) -> bool:
    """Whether an operation is one of GitHub."""
    return name.startswith("github.")


def request_of(operation: Operation) -> tuple[str, str, dict[str, Any]]:
    """The method, the path, and what else is said, of an operation. Raises NotDone for one that there is not."""
    if operation.name not in _CALLS:
        raise NotDone(f"GitHub has no operation {operation.name} here")
    method, path = _CALLS[operation.name]
    names = {name for _, name, _, _ in Formatter().parse(path) if name}
    filled = path.format(**{name: quote(str(operation.parameters[name])) for name in names})
    told = {name: value for name, value in operation.parameters.items() if name not in {*names, "api"}}
    return method, filled, told


class GitHub:
    """GitHub, at an address, with the token of a variable; `writes` are the operations that change something.

    Raises DemarcateError where the address is none of HTTPS, or the variable is not set.
    """

    def __init__(self, url: str | None, variable: str | None, *, writes: Collection[str] = ()) -> None:
        self.url = (url or URL).rstrip("/")
        self._writes = frozenset(writes) | READS
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not is_loopback(self.url):
            raise DemarcateError(f"github-url: {shown_url(self.url)}: only https addresses are asked")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise DemarcateError(f"github-url: {shown_url(self.url)}: name an address alone, such as {URL}")
        name = variable or VARIABLE
        self._token = os.environ.get(name, "").strip()
        if not self._token:
            raise DemarcateError(
                f"the environment has no {name}: set it to a token that may write contents and pull requests of the "
                "repository, or name another variable by the setting github-token-variable"
            )
        if not (self._token.isascii() and self._token.isprintable()):
            raise DemarcateError(f"the environment's {name} is no token: it has characters that none has")

    def read(self, read: Read) -> Any:
        """What is there; None where there is nothing. Raises NotDone."""
        try:
            answer = self._asked(read.operation, absent=read.absent)
        except Uncertain as error:
            raise NotDone(str(error)) from error
        return None if answer is None else jmespath.search(read.state, answer)

    def call(self, operation: Operation) -> Any:
        """Make a call that changes something. Raises NotDone and Uncertain."""
        return self._asked(operation)

    def _asked(self, operation: Operation, absent: Collection[str] = ()) -> Any:
        method, path, told = request_of(operation)
        if operation.name not in self._writes:
            raise NotDone(f"{operation.name} is not of this change")
        planned = str(operation.parameters.get("api", ""))
        if planned.rstrip("/") != self.url:
            raise NotDone(
                f"{operation.name} was planned for {shown_url(planned)}, and github-url is {shown_url(self.url)}"
            )
        if method == "GET" and told:
            path, told = f"{path}?{urlencode(told)}", {}
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        shown = f"{operation.name} of {operation.parameters.get('repository')}"
        try:
            status, raw = ask(self.url + path, method, headers, to_json(told) if told else None)
        except URLError as error:
            never = method == "GET" or isinstance(error.reason, _NEVER_SENT)
            raise (NotDone if never else Uncertain)(f"{shown}: {error.reason}") from error
        except (OSError, DemarcateError) as error:
            raise (NotDone if method == "GET" else Uncertain)(f"{shown}: {error}") from error
        if str(status) in absent:
            return None
        answer = _answer(raw)
        if status >= 300:
            said = answer.get("message") if isinstance(answer, dict) else None
            kind = Uncertain if status >= 500 else NotDone
            raise kind(f"{shown}: GitHub answers {status}{f': {said}' if said else ''}")
        return answer


def _answer(raw: bytes) -> Any:
    try:
        return from_json(raw) if raw else {}
    except ValueError:
        return {}


def for_change(change: Change, url: str | None, variable: str | None) -> GitHub | None:
    """GitHub, for the calls of a change and no others; None where it has none of GitHub. Raises DemarcateError."""
    calls = {step.do.name for step in change.steps}
    calls |= {step.undo.operation.name for step in change.steps if step.undo.operation is not None}
    ours = {name for name in calls if is_github(name)}
    return GitHub(url, variable, writes=ours) if ours else None
