"""moto's own application, which looks up once what else it would look up for each call or service.

It lists its folders with each call to tell whose it is, and the 400 folders of botocore for each service that it reads.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from moto.core import loaders, utils
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from demarcate.estate.sources.aws import clients


class Moto(DomainDispatcherApplication):
    """The application of a server."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


@cache
def _models() -> Any:
    """moto's loader of service models, which stays, and reads as ours does."""
    loader = loaders.create_loader()
    loader.file_loader = clients._Files()
    return loader


vars(utils)["create_loader"] = _models
