"""Templates whose policies, keys, alarms and windows are weighed together, with what is assigned anywhere in them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml
from typer.testing import CliRunner

from demarcate.cli import app
from fuzz.inputs import Input, put

TEMPLATE = """
Parameters: {Any: {Type: String}}
Conditions: {Perhaps: {"Fn::Equals": [{Ref: Any}, x]}}
Resources:
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://example.com/t.json}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess", {Ref: Managed}]
      PermissionsBoundary: arn:aws:iam::aws:policy/PowerUserAccess
      Policies:
        - PolicyName: own
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: ["s3:*", "kms:Decrypt"], Resource: [{"Fn::GetAtt": [Key, Arn]}, "*"]}]
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Statement: {Effect: Deny, Action: "s3:Delete*", Resource: "*"}}, Users: [{Ref: User}]}
  User: {Type: AWS::IAM::User, Properties: {UserName: anna, Groups: [{Ref: Group}]}}
  Group: {Type: AWS::IAM::Group, Properties: {GroupName: all}}
  Data:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: data
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: {SSEAlgorithm: "aws:kms", KMSMasterKeyID: {Ref: Key}}
  Said:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: {Ref: Data}
      PolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {AWS: {"Fn::GetAtt": [Role, Arn]}}
            Action: "s3:GetObject"
            Resource: "*"
            Condition: {StringEquals: {"aws:SourceVpce": vpce-1}, IpAddress: {"aws:SourceIp": [192.0.2.0/24]}}
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Statement: [{Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:root"}, Action: "kms:*", Resource: "*"}]
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/data, TargetKeyId: {Ref: Key}}}
  Trail:
    Type: AWS::CloudTrail::Trail
    Properties:
      IsLogging: true
      IsMultiRegionTrail: true
      S3BucketName: logs
      CloudWatchLogsLogGroupArn: {"Fn::GetAtt": [Logs, Arn]}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: trail, RetentionInDays: 30}}
  Filter:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: {Ref: Logs}
      FilterPattern: '{ ($.eventName = "DisableKey") || ($.eventName = "ScheduleKeyDeletion") }'
      MetricTransformations: [{MetricName: keys, MetricNamespace: Trail, MetricValue: "1"}]
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: keys
      MetricName: keys
      Namespace: Trail
      Statistic: Sum
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      AlarmActions: [{Ref: Topic}]
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: alarms, KmsMasterKeyId: alias/data}}
  Told: {Type: AWS::SNS::Subscription, Properties: {TopicArn: {Ref: Topic}, Protocol: email, Endpoint: a@example.com}}
  Window:
    Type: AWS::SSM::MaintenanceWindow
    Properties: {Name: w, Schedule: "cron(0 22 ? * TUE#2 *)", Duration: 4, Cutoff: 1}
  Database:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: postgres, EngineVersion: "13.4", PreferredMaintenanceWindow: "sun:23:30-mon:00:30"}
"""

ASSIGNED: tuple[Any, ...] = (
    {"Fn::GetAtt": ["Nested", "Outputs.X"]},
    {"Ref": "Nested"},
    {"Ref": "Any"},
    {"Fn::Sub": "a-${Nested}-${AWS::AccountId}"},
    {"Fn::ImportValue": "x"},
    {"Fn::If": ["Perhaps", "x", {"Ref": "AWS::NoValue"}]},
    [{"Ref": "Nested"}, {"Ref": "Any"}, "x"],
    "{{resolve:ssm:x}}",
)
OTHERS: tuple[Any, ...] = ("${Nested}", "\x1b[31m\u202e", None, [], {}, 7, True)

VERBS = (
    "access who-can s3:GetObject Data",
    "access who-can kms:Decrypt Key",
    "access what-can Role",
    "access data Data",
    "keys list",
    "keys who Key",
    "keys what User",
    "keys dependants Key",
    "keys defaults",
    "policy explain",
    "policy lint",
    "policy diff",
    "alarms prove",
    "logs coverage",
    "patch calendar",
)

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def prepare() -> None:
    """Read the template."""
    _template()


def make(random: Random) -> Input:
    """A verb, and the template with something else in the place of a few of its values."""
    told = copy.deepcopy(_template())
    for _ in range(random.choice((1, 2, 3, 5))):
        *way, last = random.choice(list(_places(told["Resources"])))
        inside = told["Resources"]
        for step in way:
            inside = inside[step]
        inside[last] = copy.deepcopy(random.choice(ASSIGNED if random.random() < 0.8 else OTHERS))
    return {"verb": random.choice(VERBS).encode(), "t.json": json.dumps(told).encode()}


def run(given: Input, folder: Path) -> None:
    """Run the verb; of two templates, the other is the one that nothing was done to."""
    put(given, folder)
    verb, whole, path = (folder / "verb").read_text(), folder / "whole.json", folder / "t.json"
    whole.write_text(json.dumps(_template()))
    sources = [whole, path] if verb == "policy diff" else [path]
    done = CliRunner().invoke(app, [*verb.split(), *map(str, sources)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert not _CONTROL.search(done.output), "it is told what moves the cursor"


@cache
def _template() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(TEMPLATE)
    return told


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in the properties of a resource."""
    if len(way) > 2:
        yield way
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(inner, (*way, key))
