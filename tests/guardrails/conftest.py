"""A clean organization, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.aws.conftest import Aws, aws, server
from tests.changes.conftest import ledger

__all__ = ["aws", "ledger", "server"]


@dataclass
class Organization:
    """An organization with one unit."""

    aws: Aws
    client: Any
    root: str
    unit: str

    def attached(self) -> list[str]:
        told = self.client.list_policies_for_target(TargetId=self.unit, Filter="SERVICE_CONTROL_POLICY")
        return [policy["Name"] for policy in told["Policies"]]

    def listed(self, filter: str = "SERVICE_CONTROL_POLICY") -> list[dict[str, Any]]:
        policies: list[dict[str, Any]] = self.client.list_policies(Filter=filter)["Policies"]
        return policies

    def named(self, filter: str = "SERVICE_CONTROL_POLICY") -> list[str]:
        return [policy["Name"] for policy in self.listed(filter)]


@pytest.fixture
def organization(aws: Aws) -> Organization:
    client = aws.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    enabled = {told["Type"] for told in client.list_roots()["Roots"][0]["PolicyTypes"]}
    for type_ in {"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"} - enabled:
        client.enable_policy_type(RootId=root, PolicyType=type_)
    unit = client.create_organizational_unit(ParentId=root, Name="sandbox")["OrganizationalUnit"]["Id"]
    return Organization(aws, client, root, unit)
