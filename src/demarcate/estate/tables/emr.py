"""Amazon EMR: clusters on EC2."""

from __future__ import annotations

from demarcate.estate.schema.table import REF, Arn, Bool, Each, From, Table, Tags, Text, Time

RELEASE = Table(
    "aws_emr_release",
    "A release that new EMR clusters may have.",
    service="emr",
    live=Each("emr.list_release_labels", "ReleaseLabels[]"),
    on_offer=True,
    columns=(
        Text("release_label", live="@", about="Such as emr-7.9.0."),
        Arn("arn:{partition}:elasticmapreduce:{region}:{account_id}:release/{release_label}"),
    ),
)

CLUSTER = Table(
    "aws_emr_cluster",
    "An EMR cluster that is not terminated.",
    service="emr",
    live=(
        Each(
            "emr.list_clusters",
            "Clusters[]",
            params={"ClusterStates": ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]},
        ),
        Each("emr.describe_cluster", "Cluster", inputs={"ClusterId": "Id"}),
    ),
    cloudformation="AWS::EMR::Cluster",
    gone=("state", "TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS"),
    columns=(
        Text("id", live="Id", cloudformation=REF),
        Arn(live="ClusterArn", cloudformation=REF),
        Text("name", live="Name"),
        Text("state", live="Status.State"),
        Text("release_label", live="ReleaseLabel", about="Such as emr-7.9.0."),
        Text(
            "os_release_label",
            live="OSReleaseLabel",
            absent="",
            about="The release of Amazon Linux; '' for the default.",
        ),
        Text("custom_ami_id", live="CustomAmiId", absent=""),
        Text(
            "repo_upgrade_on_boot",
            live="RepoUpgradeOnBoot",
            absent="SECURITY",
            about="SECURITY, or NONE: whether packages are updated as nodes start.",
        ),
        Bool("auto_terminate", live="AutoTerminate", cloudformation=From("@", lambda _: False)),
        Time("creation_date_time", live="Status.Timeline.CreationDateTime"),
        Tags(live="Tags"),
    ),
)
