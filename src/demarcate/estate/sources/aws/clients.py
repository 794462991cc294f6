"""One client for each service and region of an account, and what is learned from its answers."""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import random
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import BotoCoreError, EndpointConnectionError, NoRegionError
from botocore.loaders import JSONFileLoader, create_loader

from demarcate.base.encoding import from_json
from demarcate.base.errors import DemarcateError
from demarcate.estate.sources.aws import answers
from demarcate.estate.sources.aws.bounds import ANSWER, Bounds, bound
from demarcate.estate.sources.aws.failures import FAILED, HandlerFailed, is_throttled
from demarcate.estate.sources.aws.guard import guard, of_tables
from demarcate.estate.sources.aws.limits import MOST, Limit
from demarcate.estate.sources.aws.operations import action
from demarcate.estate.sources.aws.telling import log_calls
from demarcate.version import __version__

if TYPE_CHECKING:
    import boto3

ALIVE, KEPT = 20, 4
"""When so many clients are alive, all but those used last are let go of. The first client of a service brings its
model, of up to 25 MB: work goes on service by service, so that one that was let go of is seldom needed again."""

ATTEMPTS = 3
"""botocore's own attempts, with its own waits between them."""

PATIENCE = 16
"""Further attempts where AWS says no more than that it is asked too often: some five minutes."""

CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=MOST,
    user_agent_extra=f"demarcate/{__version__}",
)


def client_of(
    session: boto3.Session,
    service: str,
    endpoint_url: str | None,
    *,
    may: Collection[str],
    writes: Collection[str] = (),
    region: str | None = None,
    config: Config = CONFIG,
    bounds: Bounds | None = None,
    account: Callable[[], str | None] = lambda: None,
) -> Any:
    """A client for operations that read ("ec2.describe_volumes"), and whose calls and answers are bounded.

    `bounds` are those of answers; `ANSWER` by default. Any other operation than those of `may` is refused, and of
    `may` what does not read. `writes` are operations that change something, which an approved change gives, and a pin.
    `account` gives whose client it is, for the log, as soon as that is known.

    Raises DemarcateError where none can be made of the configuration of AWS, or with this endpoint.
    """
    try:
        client: Any = session.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=endpoint_url,
            config=config,
        )
        _check_endpoint(client.meta.endpoint_url)
    except (BotoCoreError, ValueError, OSError) as error:
        what = "as AWS is configured here" if endpoint_url is None else f"with the endpoint {endpoint_url!r}"
        hint = " Name one in AWS_DEFAULT_REGION, or in the profile." if isinstance(error, NoRegionError) else ""
        raise DemarcateError(f"{service} cannot be called {what}: {error}{hint}") from error
    client._endpoint._response_parser_factory = answers.Parsers()  # as with what it connects by: no public way
    bound(client, bounds or ANSWER)
    guard(client, service, may, writes)
    log_calls(client, service, account)
    _name_failures(client)
    return client


def _name_failures(client: Any) -> None:
    """Let each call raise one of `FAILED`, whatever a handler of it raises."""
    call = client._make_api_call

    def named(operation: str, params: dict[str, Any]) -> Any:
        try:
            return call(operation, params)
        except FAILED:
            raise
        except Exception as error:
            raise HandlerFailed(error) from error

    client._make_api_call = named  # all methods and paginators call it: no public way


def _check_endpoint(url: str) -> None:
    """Refuse what botocore takes for an endpoint until it calls it. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("an endpoint is http://HOST or https://HOST, with a port where it needs one")


class _Files(JSONFileLoader):
    """Reads service models in a third of the time, into plain mappings, which hold half as much as ordered ones."""

    def _load_file(self, full_path: str, open_method: Callable[[str, str], Any]) -> Any:
        try:
            with open_method(full_path, "rb") as file:
                return from_json(file.read())
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None


class _Models:
    """botocore's loader of service models, one for the sessions of all accounts, which can forget what it read."""

    def __init__(self, data_path: str | None) -> None:
        self._data_path = data_path
        self.forget()

    def forget(self) -> None:
        self._loader = create_loader(self._data_path)
        self._loader.file_loader = _Files()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


class Kept:
    """The clients that are alive, of all accounts, and the service models that they share."""

    def __init__(self, session: boto3.Session) -> None:
        self._models = _Models(_core(session).get_config_variable("data_path"))
        self._lock = threading.Lock()
        self._clients: OrderedDict[tuple[object, str, str], Any] = OrderedDict()

    def share(self, session: boto3.Session) -> None:
        """Let a session take its service models from here."""
        _core(session).register_component("data_loader", self._models)

    def client(self, owner: object, service: str, region: str, make: Callable[[], Any]) -> Any:
        """The client of an owner for a service and region; made if it is not alive."""
        key = (owner, service, region)
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = self._clients[key] = make()
                if len(self._clients) > ALIVE:
                    self._forget(list(self._clients)[:-KEPT])
            self._clients.move_to_end(key)
            return client

    def forget(self, owner: object) -> None:
        """Let go of an owner's clients."""
        with self._lock:
            self._forget([key for key in self._clients if key[0] is owner])

    def _forget(self, keys: list[tuple[object, str, str]]) -> None:
        """Let go of clients and, where no other client holds it, of a service's model, which outweighs them."""
        if not keys:
            return
        for key in keys:
            del self._clients[key]
        if {service for _, service, _ in keys} - {service for _, service, _ in self._clients}:
            self._models.forget()
        gc.collect()  # a client's class is a cycle that holds its service's model


def _core(session: boto3.Session) -> Any:
    return session._session  # boto3 has no public name for it


class Clients:
    """The clients of one account's session, each made when it is first needed. Safe for several threads.

    `kept` is given where several accounts are read: it holds the clients of all of them.
    """

    def __init__(self, session: boto3.Session, endpoint_url: str | None, kept: Kept | None = None) -> None:
        self.session = session
        self.account: str | None = None
        """The account that it is, once that is known."""
        self.kept = kept or Kept(session)
        self.kept.share(session)
        self._endpoint = endpoint_url
        self._called: Callable[[str], None] = lambda _: None
        self._lock = threading.Lock()
        self._limits: dict[tuple[str, str], Limit] = {}
        self._names: dict[str, str] = {}

    def report(self, called: Callable[[str], None]) -> None:
        """From now on, tell the service of each request that is answered, retries included."""
        self._called = called

    def pair(self, service: str, region: str) -> tuple[Any, Limit]:
        """The client of a service in a region, and how many calls to it may run side by side."""
        with self._lock:
            limit = self._limits.setdefault((service, region), Limit())
        return self.kept.client(self, service, region, lambda: self._make(service, region, limit)), limit

    def close(self) -> None:
        """Let go of all clients."""
        self.kept.forget(self)

    def _make(self, service: str, region: str, limit: Limit) -> Any:
        client = client_of(
            self.session, service, self._endpoint, may=of_tables(), region=region, account=lambda: self.account
        )
        self._watch(service, client, limit)
        return client

    def _watch(self, service: str, client: Any, limit: Limit) -> None:
        def answered(parsed_response: Any, **_: Any) -> None:
            self._called(service)
            limit.answered(throttled=_throttled(parsed_response))

        client.meta.events.register("before-sign", without_prefix)
        client.meta.events.register("before-parse", answers.hold)
        client.meta.events.register("response-received", answered)
        client.meta.events.register_last("needs-retry", _wait_longer)

    def is_absent(self, operation: str, region: str, error: Exception) -> bool:
        """Whether a call failed because the region does not have the service: then there is nothing in it."""
        if not isinstance(error, EndpointConnectionError):
            return False
        service = operation.split(".")[0]
        partition = self.session.get_partition_for_region(region)
        known = self.session.get_available_regions(service, partition)
        return bool(known) and region not in known

    def api_name(self, operation: str) -> str:
        """An operation under IAM's name for its service: `ec2.describe_volumes` is "ec2:DescribeVolumes"."""
        if operation not in self._names:
            service, method = operation.split(".")
            meta = self.pair(service, self.session.region_name or "us-east-1")[0].meta
            self._names[operation] = action(meta.service_model.signing_name, meta.method_to_api_mapping[method])
        return self._names[operation]


def without_prefix(request: Any, **_: Any) -> None:
    """An endpoint that is an IP address has no names below it: what AWS puts before the host is left out."""
    parts = urlsplit(request.url)
    _, _, rest = parts.netloc.partition(".")
    with contextlib.suppress(ValueError):
        ipaddress.IPv4Address(rest.partition(":")[0])
        request.url = parts._replace(netloc=rest).geturl()


def _throttled(parsed: Any) -> bool:
    if parsed is None or parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 200) < 400:
        return False
    return is_throttled(str(parsed.get("Error", {}).get("Code")))


def _wait_longer(response: Any, attempts: int, **_: Any) -> float | None:
    """Seconds to wait before one more attempt, where botocore would give up and AWS only said "too often"."""
    if response is None or attempts >= ATTEMPTS + PATIENCE or not _throttled(response[1]):
        return None
    return random.uniform(0.5, 1) * min(2.0 ** (attempts - 1), 20)  # noqa: S311  so that those who wait spread
