"""Amazon Route 53 Resolver: where the queries of networks are logged, and of which."""

from __future__ import annotations

from demarcate.estate.schema.table import REF, Arn, Each, From, Int, Table, Text, Time, attribute

QUERY_LOG_CONFIG = Table(
    "aws_route53_resolver_query_log_config",
    "Where Resolver logs queries: it logs those of the networks that are associated with it.",
    service="route53",
    live=Each("route53resolver.list_resolver_query_log_configs", "ResolverQueryLogConfigs[]"),
    cloudformation="AWS::Route53Resolver::ResolverQueryLoggingConfig",
    ref_attributes=("Id",),
    gone=("status", "DELETING", "FAILED"),
    columns=(
        Text("id", live="Id", cloudformation=REF),
        Arn(live="Arn", cloudformation=attribute("Arn")),
        Text("name", live="Name"),
        Text("owner_id", live="OwnerId", about="Of another account where it is shared with this one."),
        Text("status", live="Status"),
        Text("share_status", live="ShareStatus", about="NOT_SHARED, SHARED_WITH_ME or SHARED_BY_ME."),
        Text(
            "destination_arn",
            live="DestinationArn",
            absent="",
            about="A bucket, a log group or a stream of Data Firehose.",
        ),
        Int("association_count", live="AssociationCount"),
        Time("creation_time", live=From("CreationTime", str)),
    ),
)

QUERY_LOG_CONFIG_ASSOCIATION = Table(
    "aws_route53_resolver_query_log_config_association",
    "A network whose queries Resolver logs.",
    service="route53",
    live=Each(
        "route53resolver.list_resolver_query_log_config_associations", "ResolverQueryLogConfigAssociations[]"
    ),
    cloudformation="AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation",
    ref_attributes=("Id",),
    gone=("status", "DELETING"),
    columns=(
        Text("id", live="Id", cloudformation=REF),
        # AWS names no ARN of an association: this one is of the same form.
        Arn(
            "arn:{partition}:route53resolver:{region}:{account_id}:resolver-query-log-config-association/{id}",
            cloudformation=REF,
        ),
        Text("query_log_config_id", live="ResolverQueryLogConfigId"),
        Text("resource_id", live="ResourceId", about="The VPC."),
        Text("status", live="Status", about="ACTIVE, or ACTION_NEEDED where nothing can be delivered."),
        Text("error", live="Error", absent="NONE"),
        Text("error_message", live="ErrorMessage", absent=""),
    ),
)
