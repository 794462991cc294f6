"""An IAM policy that allows what a collection calls, and a CloudFormation template of a role that has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from textwrap import indent
from typing import Any, Final

from demarcate.estate.sources.aws.permissions import Grant
from demarcate.report.safe import json_text

LIMIT: Final = 6_144
"""The characters that a managed policy may have; AWS does not count white space."""

Statement = dict[str, Any]
Document = dict[str, Any]


def policy(grants: Iterable[Grant]) -> Document:
    """One policy document for all grants: a statement for each service, sorted."""
    return _document(_statements(grants))


def policies(grants: Iterable[Grant]) -> list[Document]:
    """The same as documents that each fit into a managed policy; a service is split only where it must be."""
    documents: list[list[Statement]] = []
    for statement in _statements(grants):
        for piece in _pieces(statement):
            if not documents or size(_document([*documents[-1], piece])) > LIMIT:
                documents.append([])
            documents[-1].append(piece)
    return [_document(statements) for statements in documents]


def size(document: Document) -> int:
    """The characters of a document as AWS counts them against `LIMIT`."""
    return len(json_text(document))


def _document(statements: Iterable[Statement]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _statements(grants: Iterable[Grant]) -> Iterator[Statement]:
    resources: dict[str, list[str]] = {}
    for grant in sorted(set(grants)):
        resources.setdefault(grant.action, []).append(grant.resource)
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for action, names in resources.items():
        groups.setdefault((action.partition(":")[0], tuple(names)), []).append(action)
    used: Counter[str] = Counter()
    for (service, where), actions in groups.items():
        name = "".join(word.capitalize() for word in service.split("-"))
        used[name] += 1
        yield {
            "Sid": name if used[name] == 1 else f"{name}{used[name]}",
            "Effect": "Allow",
            "Action": actions,
            "Resource": where[0] if len(where) == 1 else list(where),
        }


def _pieces(statement: Statement) -> Iterator[Statement]:
    """The statement, or as many as it takes for each to fit into a document of its own."""
    if size(_document([statement])) <= LIMIT or len(statement["Action"]) == 1:
        yield statement
        return
    half = len(statement["Action"]) // 2
    for number, actions in enumerate((statement["Action"][:half], statement["Action"][half:]), 1):
        yield from _pieces({**statement, "Sid": f"{statement['Sid']}Part{number}", "Action": actions})


def policy_json(document: Document) -> str:
    """A policy document as text."""
    return json_text(document, indent=True) + "\n"


def template(grants: Iterable[Grant]) -> str:
    """A CloudFormation template, in YAML, of a role with these grants and no others.

    Nothing in it belongs to one account, and every parameter has a default: it can be a StackSet's.
    """
    import yaml

    resources = {
        f"Policy{number}": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "Description": "What Demarcate reads.",
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": document,
            },
        }
        for number, document in enumerate(policies(grants), 1)
    }
    return _TEMPLATE + indent(yaml.safe_dump(resources, sort_keys=False), "  ")


_TEMPLATE: Final = r"""# The role with which Demarcate reads an account, and nothing else.
# It has a name, so the stack needs the capability CAPABILITY_NAMED_IAM.
# As a StackSet: deploy it to one region of each account, for IAM is not regional.
AWSTemplateFormatVersion: '2010-09-09'
Description: A role with which Demarcate reads this account, and nothing else.
Parameters:
  RoleName:
    Type: String
    Default: Demarcate
    AllowedPattern: '[\w+=,.@-]{1,64}'
    Description: The name of the role, the same in every account.
  TrustedPrincipal:
    Type: String
    Default: ''
    AllowedPattern: '|\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:.+'
    Description: Who may assume the role, as an account id or the ARN of a role or user. Empty means this account.
  ExternalId:
    Type: String
    Default: ''
    AllowedPattern: '|[\w+=,.@:/-]{2,1224}'
    Description: The external id that must be given to assume the role. Empty means none.
Conditions:
  HasTrustedPrincipal: !Not [!Equals [!Ref TrustedPrincipal, '']]
  HasExternalId: !Not [!Equals [!Ref ExternalId, '']]
Outputs:
  RoleArn:
    Description: The role to assume.
    Value: !GetAtt Role.Arn
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref RoleName
      Description: Demarcate reads this account with it.
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
        - Effect: Allow
          Principal:
            AWS: !If [HasTrustedPrincipal, !Ref TrustedPrincipal, !Ref 'AWS::AccountId']
          Action: sts:AssumeRole
          Condition: !If
          - HasExternalId
          - StringEquals:
              sts:ExternalId: !Ref ExternalId
          - !Ref AWS::NoValue
"""
