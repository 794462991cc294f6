"""Which transport a destination has. What it needs is imported only where it is used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from demarcate.sending.destinations import AnyDestination, Apprise, Elastic, Splunk, Syslog, Webhook
from demarcate.sending.structs import Transport


def transport_of(name: str, destination: AnyDestination, now: Callable[[], datetime]) -> Transport:
    """The transport of a destination. Raises SendingError where its secret is not there."""
    at = f"destination {name!r}"
    if isinstance(destination, Webhook):
        from demarcate.sending.transports.webhook import WebhookTransport

        return WebhookTransport(destination, at, now)
    if isinstance(destination, Splunk):
        from demarcate.sending.transports.splunk import SplunkTransport

        return SplunkTransport(destination, at)
    if isinstance(destination, Elastic):
        from demarcate.sending.transports.elastic import ElasticTransport

        return ElasticTransport(destination, at)
    if isinstance(destination, Syslog):
        from demarcate.sending.transports.syslog import SyslogTransport

        return SyslogTransport(destination)
    if isinstance(destination, Apprise):
        from demarcate.sending.transports.chat import ChatTransport

        return ChatTransport(destination, at)
    from demarcate.sending.transports.security_lake import SecurityLakeTransport

    return SecurityLakeTransport(destination)
