"""How a change reaches AWS: whoever reads for it, and whoever makes its calls. Nothing else in Demarcate writes, but
what it hands on to GitHub.

A call that changes something is sent once. Where AWS says that it is asked too often it did nothing, and is asked
again; where the line was cut nobody knows, and the state is read before anything is sent a second time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any, Final, Protocol

import jmespath
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from jmespath.exceptions import JMESPathError

from demarcate.changes.structs import Operation, Read
from demarcate.estate.sources.accounts import Accounts
from demarcate.estate.sources.aws.clients import CONFIG, Clients, client_of, without_prefix
from demarcate.estate.sources.aws.failures import (
    FAILED,
    Refused,
    code_of,
    is_gone_whole,
    is_throttled,
    means_nothing,
    why,
)
from demarcate.estate.sources.aws.guard import WHERE_A_BUCKET_IS
from demarcate.estate.sources.aws.session import Caller, assume, identify, session_of
from demarcate.estate.sources.interface import Options

ONCE: Final = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
"""For calls that change something: botocore would send one again whose answer was lost."""

THROTTLED: Final = 8
"""How often a call is sent that AWS does not take because it is asked too often."""


class NotDone(Exception):
    """A call that AWS refused, or that was not sent: nothing was changed. The text says why."""


class Gone(NotDone):
    """A state that cannot be read because what it is of is not there any more."""


class Uncertain(Exception):
    """A call that may have changed something: its answer did not come. The text says why."""


class Elsewhere(Protocol):
    """What is not AWS and is changed with it: `github.GitHub`, which see."""

    def read(self, read: Read) -> Any:
        """The state. Raises NotDone."""

    def call(self, operation: Operation) -> Any:
        """Make a call. Raises NotDone and Uncertain."""


class Reach:
    """AWS, through the role of each account. `reads` and `writes` are the operations that may be called. `github` is
    who makes calls of GitHub.

    Raises DemarcateError where there are no credentials, and later where the role of an account cannot be assumed.
    """

    def __init__(
        self,
        options: Options,
        *,
        reads: Collection[str],
        writes: Collection[str] = (),
        role: str | None = None,
        github: Elsewhere | None = None,
    ) -> None:
        self.github = github
        self._session = session_of(options)
        self._own = Clients(self._session, options.endpoint_url)
        self.caller: Caller = identify(self._session, self._own, options.regions)
        self._endpoint = options.endpoint_url
        self._reads, self._writes = frozenset((WHERE_A_BUCKET_IS, *reads)), frozenset(writes)
        self._accounts = options.accounts
        self._role = role
        self._sessions: dict[str, Any] = {}
        self._clients: dict[tuple[str, str, str, bool], Any] = {}

    def read(self, account: str, region: str, read: Read) -> Any:
        """The state that is to be changed; None where there is none. Raises NotDone where it cannot be read."""
        service = read.operation.name.split(".")[0]
        if service == "github":
            return self._elsewhere(read.operation).read(read)
        try:
            client = self._client(account, region, service, writes=False)
            method = _method(client, read.operation.name)
            if read.pages:
                pages = client.get_paginator(method.__name__).paginate(**read.operation.parameters)
                answer = pages.build_full_result()
            else:
                answer = method(**read.operation.parameters)
        except FAILED as error:
            if means_nothing(error, read.absent):
                return None
            raise (Gone if is_gone_whole(error) else NotDone)(
                _told(read.operation.name, account, error)
            ) from error
        answer.pop("ResponseMetadata", None)
        try:
            return plain(jmespath.search(read.state, answer))
        except JMESPathError as error:
            raise NotDone(f"{read.operation.name} in {account}: {read.state!r} is not in the answer") from error

    def call(self, account: str, region: str, operation: Operation) -> Any:
        """Make a call that changes something, and return its answer. Raises NotDone and Uncertain."""
        service = operation.name.split(".")[0]
        if service == "github":
            return self._elsewhere(operation).call(operation)
        method = _method(self._client(account, region, service, writes=True), operation.name)
        for attempt in range(1, THROTTLED + 1):
            try:
                answer = method(**operation.parameters)
            except FAILED as error:
                if attempt < THROTTLED and isinstance(error, ClientError) and is_throttled(code_of(error)):
                    time.sleep(min(0.2 * 2**attempt, 10))
                    continue
                reason = _told(operation.name, account, error)
                raise (NotDone if _is_refusal(error) else Uncertain)(reason) from error
            return plain(answer)
        raise AssertionError

    def dry_run(self, account: str, region: str, operation: Operation) -> str:
        """What AWS's own dry run says of a call; empty where AWS would make it. Raises NotDone where AWS has none."""
        if not has_dry_run(operation.name):
            raise NotDone(f"AWS has no dry run of {operation.name}")
        service = operation.name.split(".")[0]
        method = _method(self._client(account, region, service, writes=True), operation.name)
        try:
            method(**operation.parameters, DryRun=True)
        except ClientError as error:
            return "" if code_of(error) == "DryRunOperation" else why(error).reason
        except FAILED as error:
            return why(error).reason
        raise Uncertain(f"{operation.name} of {account}: AWS made the call, though it was asked for a dry run")

    def _elsewhere(self, operation: Operation) -> Elsewhere:
        if self.github is None:
            raise NotDone(f"{operation.name}: GitHub is not asked here")
        return self.github

    def close(self) -> None:
        """Let the clients go."""
        self._clients.clear()
        self._own.close()

    def _client(self, account: str, region: str, service: str, *, writes: bool) -> Any:
        where = self.caller.home if region == "global" else region
        key = (account, where, service, writes)
        if key not in self._clients:
            client = client_of(
                self._session_of(account),
                service,
                self._endpoint,
                may=self._reads,
                writes=self._writes if writes else (),
                region=where,
                config=ONCE if writes else CONFIG,
                account=lambda: account,
            )
            client.meta.events.register("before-sign", without_prefix)
            self._clients[key] = client
        return self._clients[key]

    def _session_of(self, account: str) -> Any:
        """The credentials for an account: a role in it, or one's own where it is one's own and no role is named."""
        if account not in self._sessions:
            named = self._accounts.role_name if self._accounts is not None else None
            role = self._role or (named if account != self.caller.account else None)
            if role is None and account != self.caller.account:
                raise NotDone(
                    f"the credentials are of {self.caller.account}, and {account} is to be reached: name the role to "
                    "assume there (--apply-role)"
                )
            if role is None:
                self._sessions[account] = self._session
            else:
                external = self._accounts.external_id if self._accounts is not None else None
                accounts = Accounts(False, (account,), role, external)
                try:
                    self._sessions[account] = assume(self.caller, account, self._own, accounts)
                except FAILED as error:
                    raise NotDone(f"the role {role} of {account}: {why(error).reason}") from error
        return self._sessions[account]


def _method(client: Any, operation: str) -> Callable[..., Any]:
    """What calls an operation. Raises NotDone where AWS has none of that name."""
    name = operation.partition(".")[2]
    if name not in client.meta.method_to_api_mapping:
        raise NotDone(f"AWS has no operation {operation}")
    method: Callable[..., Any] = getattr(client, name)
    return method


def _is_refusal(error: Exception) -> bool:
    """Whether nothing was changed: AWS refused the call, or sent it elsewhere, or it was never sent."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return 300 <= status < 500 or is_throttled(code_of(error))
    return isinstance(error, _NEVER_SENT)


_NEVER_SENT = (
    Refused,
    ParamValidationError,
    NoCredentialsError,
    PartialCredentialsError,
    EndpointConnectionError,
    ConnectTimeoutError,
)


def _told(operation: str, account: str, error: Exception) -> str:
    """What went wrong with a call, in AWS's own words where it answered."""
    reason = why(error).reason
    if isinstance(error, ClientError):
        message = error.response.get("Error", {}).get("Message")
        reason = f"{code_of(error)}: {message}" if message else reason
    if isinstance(error, Refused | ParamValidationError):  # nothing was sent, and these say why
        reason = " ".join(str(error).split())
    return f"{operation} in {account}: {reason}"


def has_dry_run(name: str) -> bool:
    """Whether AWS can be asked what a call would do ("ec2.modify_instance_attribute"); GitHub cannot."""
    from demarcate.estate.sources.aws.operations import members

    return not name.startswith("github.") and "DryRun" in members(name)


def plain(value: Any) -> Any:
    """An answer as JSON has it: a moment is its text, bytes and streams are left out."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    return value.isoformat() if hasattr(value, "isoformat") else None
