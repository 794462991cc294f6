"""Amazon CloudFront: distributions, and the log deliveries that are set up for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from demarcate.estate.schema.secrets import without_secrets
from demarcate.estate.schema.standins import HOLE, StandIn, distinct
from demarcate.estate.schema.table import (
    REF,
    Arn,
    Bool,
    Bulk,
    Call,
    Each,
    From,
    Json,
    Table,
    Tags,
    Text,
    Texts,
    Time,
)
from demarcate.estate.schema.transforms import not_empty
from demarcate.estate.schema.unknown import Kind, Unknown, first_unknown

Items = Callable[[Any], list[Any]]
"""The elements of a list: CloudFront's API wraps lists in {Quantity, Items}, templates do not."""


def _wrapped(value: Any) -> list[Any]:
    items: list[Any] = value.get("Items") or []
    return items


def _plain(value: Any) -> list[Any]:
    items: list[Any] = value
    return items


def _declared(config: Any) -> Any:
    """The origins that a template declares, those among them that it declares in the older way.

    Of these `DNSName` is the domain, and what else they say is of the origin itself.
    """
    origins = config.get("Origins", [])
    if isinstance(origins, Unknown):
        return [origins]
    bucket, server = config.get("S3Origin"), config.get("CustomOrigin")
    older = [] if bucket is None else [_older(bucket, "S3OriginConfig")]
    older += [] if server is None else [_older(server, "CustomOriginConfig")]
    return [*origins, *older]


def _older(origin: Any, config: str) -> Any:
    if isinstance(origin, Unknown):
        return origin
    own = {"OriginSslProtocols" if name == "OriginSSLProtocols" else name: told for name, told in origin.items()}
    domain = own.pop("DNSName", "")
    return {"Id": domain, "DomainName": domain, config: own}


def _without_headers(origins: Any) -> Any:
    return without_secrets(origins, frozenset(("headervalue",)))


def _origins(select: Callable[[dict[str, Any]], Any], items: Items) -> Callable[[Any], Any]:
    """What `select` gives for each origin (a text, a list of them, or None), as one list without repetition."""

    def texts(value: Any) -> Any:
        chosen: list[Any] = []
        for origin in items(value):
            told = origin if isinstance(origin, Unknown) else select(origin)
            unknown = first_unknown(told)
            if unknown is not None:
                return unknown
            if told is not None:
                chosen += told if isinstance(told, list) else [told]
        return distinct(chosen)

    return texts


def _is_bucket(origin: dict[str, Any]) -> bool:
    """Whether an origin is a bucket itself, not its website, for which it is a server like any other."""
    servers = [origin.get("CustomOriginConfig"), origin.get("VpcOriginConfig")]
    if any(isinstance(server, Unknown) for server in servers):
        raise ValueError("it is not known what the origin is")
    return not any(server is not None for server in servers)


def _protocol(origin: dict[str, Any]) -> Any:
    return (origin.get("CustomOriginConfig") or {}).get("OriginProtocolPolicy")


def _tls(listed: Items) -> Callable[[dict[str, Any]], Any]:
    def versions(origin: dict[str, Any]) -> Any:
        config = origin.get("CustomOriginConfig")
        if not config or config.get("OriginProtocolPolicy") == "http-only":
            return None
        told = config.get("OriginSslProtocols")
        return ["SSLv3", "TLSv1"] if told is None else listed(told)

    return versions


def _open_bucket(origin: dict[str, Any]) -> Any:
    """The id of an origin that is a bucket which CloudFront reads without an identity of its own."""
    if not _is_bucket(origin):
        return None
    control = origin.get("OriginAccessControlId", "")
    identity = (origin.get("S3OriginConfig") or {}).get("OriginAccessIdentity", "")
    if isinstance(control, Unknown) or isinstance(identity, Unknown):
        return control if isinstance(control, Unknown) else identity
    return None if control or identity else origin.get("Id", "")


def _without_control(origin: dict[str, Any]) -> Any:
    """The id of an origin that is a bucket without origin access control."""
    control = origin.get("OriginAccessControlId", "")
    if not _is_bucket(origin) or (control and not isinstance(control, Unknown)):
        return None
    return control or origin.get("Id", "")


def _function_url(origin: dict[str, Any]) -> Any:
    """The id of an origin that is a Lambda function URL without origin access control."""
    domain, control = origin.get("DomainName", ""), origin.get("OriginAccessControlId", "")
    if control and not isinstance(control, Unknown):
        return None
    if isinstance(domain, Unknown):
        return domain
    if ".lambda-url." not in domain:
        return None
    return control or origin.get("Id", "")


def _bucket_domain(origin: dict[str, Any]) -> Any:
    return origin.get("DomainName") if _is_bucket(origin) else None


def _behaviors(config: dict[str, Any], items: Items) -> Iterator[Any]:
    yield config.get("DefaultCacheBehavior", {})
    others = config.get("CacheBehaviors")
    if isinstance(others, Unknown):
        yield others
    elif others is not None:
        yield from items(others)


def _of_behaviors(name: str, items: Items) -> Callable[[Any], Any]:
    """A member of the default cache behavior and of all others, without repetition."""

    def texts(config: Any) -> Any:
        chosen: list[Any] = []
        for behavior in _behaviors(config, items):
            told = behavior if isinstance(behavior, Unknown) else behavior.get(name, "")
            if isinstance(told, Unknown):
                return told
            chosen.append(told)
        return distinct(chosen)

    return texts


def _signed(items: Items, name: str, listed: Items) -> Callable[[Any], Any]:
    """Whether any cache behavior lists what its member `name` holds."""

    def any_listed(config: Any) -> Any:
        for behavior in _behaviors(config, items):
            told = behavior if isinstance(behavior, Unknown) else behavior.get(name)
            if isinstance(told, Unknown):
                return told
            if told and listed(told):
                return True
        return False

    return any_listed


_CERTIFICATES = ("ACMCertificateArn", "IAMCertificateId")


def _default_certificate(certificate: Any) -> Any:
    """Whether viewers get CloudFront's own certificate: no other is named."""
    named = [certificate[name] for name in _CERTIFICATES if certificate.get(name)]
    known = [name for name in named if not isinstance(name, Unknown)]
    return False if known else first_unknown(named) or True


def _minimum(certificate: Any) -> Any:
    """The minimum TLS version. With CloudFront's own certificate it is TLSv1 whatever is written."""
    default = _default_certificate(certificate)
    if default is False:
        return certificate.get("MinimumProtocolVersion")
    return default if isinstance(default, Unknown) else "TLSv1"


def _certificate(certificate: Any) -> Any:
    for name in _CERTIFICATES:
        if certificate.get(name):
            return certificate[name]
    return ""


def _distribution_id(arn: Any) -> Any:
    """The last part of an ARN, also where a template puts it together of what is only known once deployed."""
    if isinstance(arn, StandIn):
        last = re.search(rf"/({HOLE})$", arn.written)
        return StandIn(arn.text.rpartition("/")[2], last[1]) if last else arn.unknown
    return arn.rpartition("/")[2]


def _first_distribution_id(arns: Any) -> Any:
    return _distribution_id(arns[0])


CONFIG = "DistributionConfig"

DISTRIBUTION = Table(
    "aws_cloudfront_distribution",
    "A CloudFront distribution.",
    service="cloudfront",
    scope="account",
    live=Each("cloudfront.list_distributions", "DistributionList.Items[]"),
    details={
        "config": Call("cloudfront.get_distribution_config", inputs={"Id": "Id"}),
        "tags": Call("cloudfront.list_tags_for_resource", inputs={"Resource": "ARN"}),
    },
    cloudformation="AWS::CloudFront::Distribution",
    alike=("", CONFIG),
    ref_attributes=("Id",),
    columns=(
        Text("id", live="Id", cloudformation=REF),
        Arn(live="ARN", cloudformation=REF),
        Text("domain_name", live="DomainName"),
        Text("status", live="Status"),
        Bool("enabled", live="Enabled"),
        Bool("staging", live="Staging", absent=False),
        Text("comment", live="Comment", absent=""),
        Time("last_modified_time", live="LastModifiedTime"),
        Texts(
            "aliases",
            live=From("Aliases", _wrapped),
            cloudformation=f"{CONFIG}.Aliases",
            absent=[],
        ),
        Text(
            "default_root_object",
            live="@config.DistributionConfig.DefaultRootObject",
            cloudformation=f"{CONFIG}.DefaultRootObject",
            absent="",
        ),
        Text("web_acl_id", live="WebACLId", absent=""),
        Text("http_version", live="HttpVersion"),
        Text("price_class", live="PriceClass"),
        Texts(
            "viewer_protocol_policies",
            live=From("@", _of_behaviors("ViewerProtocolPolicy", _wrapped)),
            cloudformation=From(CONFIG, _of_behaviors("ViewerProtocolPolicy", _plain)),
            about="Of the default cache behavior and all others: allow-all, https-only, redirect-to-https.",
        ),
        Texts(
            "realtime_log_config_arns",
            live=From("@", _of_behaviors("RealtimeLogConfigArn", _wrapped)),
            cloudformation=From(CONFIG, _of_behaviors("RealtimeLogConfigArn", _plain)),
            about="Of the cache behaviors; '' of those without.",
        ),
        Texts(
            "field_level_encryption_ids",
            live=From("@", _of_behaviors("FieldLevelEncryptionId", _wrapped)),
            cloudformation=From(CONFIG, _of_behaviors("FieldLevelEncryptionId", _plain)),
            about="Of the cache behaviors; '' of those without.",
        ),
        Bool(
            "trusted_signers",
            live=From("@", _signed(_wrapped, "TrustedSigners", _wrapped)),
            cloudformation=From(CONFIG, _signed(_plain, "TrustedSigners", _plain)),
            about="Whether a cache behavior trusts accounts as signers, and so the root user's key pairs.",
        ),
        Bool(
            "trusted_key_groups",
            live=From("@", _signed(_wrapped, "TrustedKeyGroups", _wrapped)),
            cloudformation=From(CONFIG, _signed(_plain, "TrustedKeyGroups", _plain)),
        ),
        Bool(
            "cloudfront_default_certificate",
            live=From("ViewerCertificate", _default_certificate),
            absent=True,
        ),
        Text(
            "certificate",
            live=From("ViewerCertificate", _certificate),
            absent="",
            about="The ARN in ACM or the id in IAM; '' with CloudFront's own.",
        ),
        Text(
            "minimum_protocol_version",
            live="ViewerCertificate.MinimumProtocolVersion",
            cloudformation=From(f"{CONFIG}.ViewerCertificate", _minimum, absent="TLSv1"),
        ),
        Text(
            "ssl_support_method",
            live="ViewerCertificate.SSLSupportMethod",
            absent="",
            about="sni-only, vip, static-ip; '' with CloudFront's own certificate.",
        ),
        Bool(
            "logging_enabled",
            live="@config.DistributionConfig.Logging.Enabled",
            cloudformation=From(f"{CONFIG}.Logging.Bucket", not_empty),
            absent=False,
            about="Of the older standard logs; newer ones are in aws_cloudfront_log_delivery_source.",
        ),
        Text(
            "logging_bucket",
            live="@config.DistributionConfig.Logging.Bucket",
            cloudformation=f"{CONFIG}.Logging.Bucket",
            absent="",
        ),
        Text(
            "logging_prefix",
            live="@config.DistributionConfig.Logging.Prefix",
            cloudformation=f"{CONFIG}.Logging.Prefix",
            absent="",
        ),
        Json(
            "origins",
            live=From("Origins", lambda value: _without_headers(_wrapped(value))),
            cloudformation=From(CONFIG, lambda config: _without_headers(_declared(config))),
            absent=[],
            about="Without the values of the headers that are sent to them, which may be secrets.",
        ),
        Texts(
            "origin_protocol_policies",
            live=From("Origins", _origins(_protocol, _wrapped)),
            cloudformation=From(CONFIG, _origins(_protocol, _declared)),
            absent=[],
            about="Of origins that are not buckets: http-only, match-viewer, https-only.",
        ),
        Texts(
            "origin_ssl_protocols",
            live=From("Origins", _origins(_tls(_wrapped), _wrapped)),
            cloudformation=From(CONFIG, _origins(_tls(_plain), _declared)),
            absent=[],
            about="The TLS versions that CloudFront may use with origins that are not buckets.",
        ),
        Texts(
            "s3_origin_domains",
            live=From("Origins", _origins(_bucket_domain, _wrapped)),
            cloudformation=From(CONFIG, _origins(_bucket_domain, _declared)),
            absent=[],
        ),
        Texts(
            "s3_origins_without_identity",
            live=From("Origins", _origins(_open_bucket, _wrapped)),
            cloudformation=From(CONFIG, _origins(_open_bucket, _declared)),
            absent=[],
            about="The ids of bucket origins that are read as anybody would: no access control or identity.",
        ),
        Texts(
            "s3_origins_without_access_control",
            live=From("Origins", _origins(_without_control, _wrapped)),
            cloudformation=From(CONFIG, _origins(_without_control, _declared)),
            absent=[],
            about="The ids of bucket origins without origin access control.",
        ),
        Texts(
            "function_url_origins_without_access_control",
            live=From("Origins", _origins(_function_url, _wrapped)),
            cloudformation=From(CONFIG, _origins(_function_url, _declared)),
            absent=[],
            about="The ids of origins that are Lambda function URLs without origin access control.",
        ),
        Bool(
            "origin_failover",
            live=From("OriginGroups", lambda groups: bool(_wrapped(groups))),
            cloudformation=From(f"{CONFIG}.OriginGroups.Items", not_empty),
            absent=False,
        ),
        Text(
            "geo_restriction_type",
            live="Restrictions.GeoRestriction.RestrictionType",
            absent="none",
        ),
        Tags(live="@tags.Tags.Items"),
    ),
)


def _only(arns: list[str]) -> Any:
    return arns[0] if arns else Unknown(Kind.LOOKUP, "its destination is none of this account's")


LOG_DELIVERY_SOURCE = Table(
    "aws_cloudfront_log_delivery_source",
    "A source of log delivery through CloudWatch Logs, as it is set up for distributions (standard logging v2).",
    service="cloudfront",
    scope="account",
    live=Each("logs.describe_delivery_sources", "deliverySources[]"),
    cloudformation="AWS::Logs::DeliverySource",
    ref_property="Name",
    columns=(
        Text("name", live="name", cloudformation=REF),
        Arn(live="arn"),
        Text("log_type", live="logType"),
        Text("service", live="service"),
        Text(
            "distribution_id",
            live=From("resourceArns", _first_distribution_id),
            cloudformation=From("ResourceArn", _distribution_id),
            about="The last part of the ARN of what is logged.",
        ),
        Tags(live="tags"),
    ),
)

LOG_DELIVERY = Table(
    "aws_cloudfront_log_delivery",
    "A delivery of CloudWatch Logs: what joins a source to where its logs go. Without one, a source delivers nothing.",
    service="cloudfront",
    scope="account",
    live=Each("logs.describe_deliveries", "deliveries[]"),
    details={
        "destination": Bulk(
            Each("logs.describe_delivery_destinations", "deliveryDestinations[]"),
            key="arn",
            of="deliveryDestinationArn",
        )
    },
    cloudformation="AWS::Logs::Delivery",
    columns=(
        Text("id", live="id", cloudformation=REF),
        Arn(live="arn"),
        Text("delivery_source_name", live="deliverySourceName"),
        Text("delivery_destination_arn", live="deliveryDestinationArn"),
        Text("delivery_destination_type", live="deliveryDestinationType", about="S3, CWL, FH or XRAY."),
        Text(
            "destination_resource_arn",
            live=From("@destination[].deliveryDestinationConfiguration.destinationResourceArn", _only),
            about="The bucket, log group or stream that it ends in; not known of a destination of another account.",
        ),
        Text(
            "s3_suffix_path",
            live="s3DeliveryConfiguration.suffixPath",
            cloudformation="S3SuffixPath",
            absent="",
            about="The path of objects behind the bucket's prefix, with {variables}. Without a prefix AWS puts "
            "AWSLogs/{account-id}/CloudFront/ before what a template says.",
        ),
        Bool(
            "s3_hive_compatible_path",
            live="s3DeliveryConfiguration.enableHiveCompatiblePath",
            cloudformation="S3EnableHiveCompatiblePath",
            absent=False,
            about="Whether a variable of that path is key=value in the key of an object.",
        ),
        Tags(live="tags"),
    ),
)
