"""What an account has once: identities, buckets, distributions, the organization."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.iam.models import AWSManagedPolicy, iam_backends

HOME = "us-east-1"
CERTIFICATE = (
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBHzCBx6ADAgECAgEHMAoGCCqGSM49BAMCMBoxGDAWBgNVBAMMD2hzbS5leGFt\n"
    "cGxlLmNvbTAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDIwMDAwMDBaMBoxGDAWBgNV\n"
    "BAMMD2hzbS5leGFtcGxlLmNvbTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABA6S\n"
    "Cv8vn18qbTXe4opCH2Gd/pL//6rsfnDaRi3ng2ZI3vBEVjbEH7I8r+6tSrGGTl7A\n"
    "7cKVRYGeWinzydPBa3cwCgYIKoZIzj0EAwIDRwAwRAIgOn9fxXj7/Bii3OPksJsl\n"
    "Zayr/D2P+h1qb/58xssnaWACICDSlcOsuVtcuRFA1XcK1gVn8L1b7xIAAOigpWLx\n"
    "goxH\n"
    "-----END CERTIFICATE-----\n"
)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
LITTLE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
POLICIES = {
    "closed": {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::closed", "arn:aws:s3:::closed/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
    "open": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::open/*"},
}
STAY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}],
}


def fill(make: Callable[..., Any]) -> None:
    """Create them."""
    _identities(make("iam", HOME))
    _organization(make("organizations", HOME))
    _contacts(make("account", HOME))
    _buckets(make)
    _distribution(make("cloudfront", HOME))
    make("shield", HOME).create_subscription()
    make("shield", HOME).create_protection(
        Name="address", ResourceArn="arn:aws:ec2:us-east-1:123456789012:eip-allocation/eipalloc-1"
    )
    logs = make("logs", HOME)
    logs.put_delivery_source(
        name="access", resourceArn="arn:aws:cloudfront::123456789012:distribution/E1", logType="ACCESS_LOGS"
    )
    destination = logs.put_delivery_destination(
        name="bucket", deliveryDestinationConfiguration={"destinationResourceArn": "arn:aws:s3:::closed"}
    )["deliveryDestination"]
    logs.create_delivery(deliverySourceName="access", deliveryDestinationArn=destination["arn"])
    make("wafv2", HOME).create_web_acl(**web_acl("edge", "CLOUDFRONT"))


def web_acl(name: str, scope: str) -> dict[str, Any]:
    """The parameters of a web ACL."""
    visibility = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}
    return {
        "Name": name,
        "Scope": scope,
        "DefaultAction": {"Allow": {}},
        "VisibilityConfig": visibility,
        "Rules": [
            {
                "Name": "common",
                "Priority": 0,
                "Statement": {
                    "ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}
                },
                "OverrideAction": {"None": {}},
                "VisibilityConfig": visibility,
            }
        ],
        "Tags": [{"Key": "env", "Value": "test"}],
    }


def _of_aws(name: str) -> str:
    """The ARN of one managed policy of AWS's, put into moto, which has all of them or none."""
    told = {"DefaultVersionId": "v1", "Path": "/", "Document": LITTLE}
    dated = dict.fromkeys(("CreateDate", "UpdateDate"), "2015-02-06T18:41:00+00:00")
    made = AWSManagedPolicy.from_data(name, "123456789012", HOME, told | dated)
    iam_backends["123456789012"]["aws"].managed_policies[made.arn] = made
    return made.arn


def _identities(iam: Any) -> None:
    iam.create_account_alias(AccountAlias="estate")
    iam.update_account_password_policy(MinimumPasswordLength=14, RequireSymbols=True)
    iam.create_group(GroupName="readers")
    for name in ("person-01", "person-02"):
        iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "platform"}])
        iam.add_user_to_group(GroupName="readers", UserName=name)
    iam.create_login_profile(UserName="person-01", Password="not-a-secret-1A!")
    iam.create_access_key(UserName="person-02")
    iam.put_user_policy(UserName="person-02", PolicyName="own", PolicyDocument=json.dumps(ANYTHING))
    iam.put_group_policy(GroupName="readers", PolicyName="own", PolicyDocument=json.dumps(LITTLE))
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName="person-01", SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    for name, document in (("all", ANYTHING), ("little", LITTLE)):
        arn = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document))["Policy"]["Arn"]
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), Description=name)
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    iam.attach_group_policy(GroupName="readers", PolicyArn=_of_aws("AmazonSQSReadOnlyAccess"))
    iam.upload_server_certificate(ServerCertificateName="old", CertificateBody=CERTIFICATE, PrivateKey="key")


def _organization(organizations: Any) -> None:
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    organizations.enable_aws_service_access(ServicePrincipal="config.amazonaws.com")
    member = organizations.create_account(AccountName="member", Email="member@example.com")
    organizations.register_delegated_administrator(
        AccountId=member["CreateAccountStatus"]["AccountId"], ServicePrincipal="guardduty.amazonaws.com"
    )
    policy = organizations.create_policy(
        Name="stay", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(STAY)
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=root)


def _contacts(account: Any) -> None:
    for kind in ("SECURITY", "OPERATIONS"):
        account.put_alternate_contact(
            AlternateContactType=kind,
            Name="platform team",
            Title="platform team",
            EmailAddress="platform@example.com",
            PhoneNumber="+1 555 0100",
        )


def _buckets(make: Callable[..., Any]) -> None:
    s3 = make("s3")
    place = {"LocationConstraint": "eu-west-1"}
    for name in ("closed", "open"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=place, ObjectLockEnabledForBucket=name == "closed")
    shut = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    s3.put_public_access_block(Bucket="closed", PublicAccessBlockConfiguration=shut)
    # Lists of buckets count: the account does not make nothing of them.
    make("s3control", HOME).put_public_access_block(
        AccountId="123456789012", PublicAccessBlockConfiguration={**shut, "IgnorePublicAcls": False}
    )
    make("s3control", HOME).create_access_point(
        AccountId="123456789012",
        Name="way",
        Bucket="open",
        PublicAccessBlockConfiguration=dict.fromkeys(shut, False),
    )
    for name in ("closed", "open"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_acl(Bucket="open", ACL="log-delivery-write")
    s3.put_bucket_logging(
        Bucket="closed", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "open", "TargetPrefix": "logs/"}}
    )
    for name, statement in POLICIES.items():
        document = {"Version": "2012-10-17", "Statement": [statement]}
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document))
    s3.put_bucket_encryption(
        Bucket="closed",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket="closed",
        LifecycleConfiguration={
            "Rules": [{"ID": "old", "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 365}}]
        },
    )
    s3.put_bucket_tagging(Bucket="closed", Tagging={"TagSet": [{"Key": "env", "Value": "test"}]})
    s3.put_bucket_ownership_controls(
        Bucket="closed", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    s3.put_bucket_accelerate_configuration(Bucket="closed", AccelerateConfiguration={"Status": "Enabled"})
    s3.put_bucket_website(Bucket="open", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})


def _distribution(cloudfront: Any) -> None:
    cloudfront.create_distribution_with_tags(
        DistributionConfigWithTags={
            "DistributionConfig": {
                "CallerReference": "one",
                "Comment": "",
                "Enabled": True,
                "Origins": {
                    "Quantity": 1,
                    "Items": [
                        {
                            "Id": "bucket",
                            "DomainName": "closed.s3.amazonaws.com",
                            "S3OriginConfig": {"OriginAccessIdentity": ""},
                        }
                    ],
                },
                "DefaultCacheBehavior": {
                    "TargetOriginId": "bucket",
                    "ViewerProtocolPolicy": "redirect-to-https",
                    "MinTTL": 0,
                    "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
                },
            },
            "Tags": {"Items": [{"Key": "env", "Value": "test"}]},
        }
    )
