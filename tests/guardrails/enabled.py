"""Control Tower and conformance packs, which moto lacks: kept in memory, behind botocore's own clients.

What is called is what botocore's client takes, and what is answered what its model describes. Each takes a look to
come to its end, as AWS takes minutes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

from botocore import xform_name
from botocore.validate import validate_parameters

from demarcate.changes.reach import Reach

NOW: Final = "2026-11-28T00:00:00+00:00"
LANDING_ZONE: Final = "arn:aws:controltower:eu-west-1:123456789012:landingzone/1A2B3C4D5E6F7G8H"
OPERATION: Final = "00000000-0000-4000-8000-000000000000"


@dataclass
class Simulated:
    """What is enabled, each with its state. `fails` are the operations that AWS takes and fails at."""

    home: str = "eu-west-1"
    records: bool = True
    fails: frozenset[str] = frozenset()
    controls: dict[tuple[str, str], str] = field(default_factory=dict)
    packs: dict[str, str] = field(default_factory=dict)
    packs_of_all: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def behind(self, reach: Reach) -> Reach:
        """Have it answer what a way to AWS asks of these services."""
        for service in ("config", "controltower"):
            events: Any = reach._session.events
            events.register(f"before-call.{service}", self._answered)
        return reach

    def _answered(self, model: Any, params: Any, context: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
        given = json.loads(params["body"] or b"{}")
        self.calls.append(model.name)
        answer = getattr(self, xform_name(model.name))(context["client_region"], given) or {}
        if model.output_shape is not None:
            validate_parameters(answer, model.output_shape)
        return SimpleNamespace(status_code=200), answer

    # Control Tower

    def list_landing_zones(self, region: str, given: dict[str, Any]) -> Any:
        return {"landingZones": [{"arn": LANDING_ZONE}] if region == self.home else []}

    def enable_control(self, region: str, given: dict[str, Any]) -> Any:
        assert region == self.home
        self.controls[given["controlIdentifier"], given["targetIdentifier"]] = "UNDER_CHANGE to SUCCEEDED"
        return {"operationIdentifier": OPERATION}

    def disable_control(self, region: str, given: dict[str, Any]) -> Any:
        assert region == self.home
        self.controls[given["controlIdentifier"], given["targetIdentifier"]] = "UNDER_CHANGE to "
        return {"operationIdentifier": OPERATION}

    def list_enabled_controls(self, region: str, given: dict[str, Any]) -> Any:
        assert region == self.home
        told = self._looked_at(self.controls, "FAILED", "EnableControl")
        return {
            "enabledControls": [
                {
                    "arn": f"arn:aws:controltower:{region}:123456789012:enabledcontrol/1A2B3C4D5E6F7G8H",
                    "controlIdentifier": control,
                    "targetIdentifier": target,
                    "statusSummary": {"status": status},
                }
                for (control, target), status in told.items()
                if target == given["targetIdentifier"]
            ]
        }

    # AWS Config

    def describe_configuration_recorder_status(self, region: str, given: dict[str, Any]) -> Any:
        return {"ConfigurationRecordersStatus": [{"name": "default", "recording": self.records}]}

    def put_conformance_pack(self, region: str, given: dict[str, Any]) -> Any:
        assert json.loads(given["TemplateBody"])
        self.packs[given["ConformancePackName"]] = "CREATE_IN_PROGRESS to CREATE_COMPLETE"
        return {"ConformancePackArn": f"arn:aws:config:{region}:123456789012:conformance-pack/x"}

    def delete_conformance_pack(self, region: str, given: dict[str, Any]) -> None:
        self.packs[given["ConformancePackName"]] = "DELETE_IN_PROGRESS to "

    def describe_conformance_pack_status(self, region: str, given: dict[str, Any]) -> Any:
        told = self._looked_at(self.packs, "CREATE_FAILED", "PutConformancePack")
        return {
            "ConformancePackStatusDetails": [
                {
                    "ConformancePackName": name,
                    "ConformancePackId": "x",
                    "ConformancePackArn": f"arn:aws:config:{region}:123456789012:conformance-pack/{name}/x",
                    "ConformancePackState": state,
                    "StackArn": "arn:aws:cloudformation:eu-west-1:123456789012:stack/x",
                    "LastUpdateRequestedTime": NOW,
                }
                for name, state in told.items()
            ]
        }

    def put_organization_conformance_pack(self, region: str, given: dict[str, Any]) -> Any:
        assert json.loads(given["TemplateBody"])
        self.packs_of_all[given["OrganizationConformancePackName"]] = "CREATE_IN_PROGRESS to CREATE_SUCCESSFUL"
        return {"OrganizationConformancePackArn": f"arn:aws:config:{region}:123456789012:x"}

    def delete_organization_conformance_pack(self, region: str, given: dict[str, Any]) -> None:
        self.packs_of_all[given["OrganizationConformancePackName"]] = "DELETE_IN_PROGRESS to DELETE_SUCCESSFUL"

    def describe_organization_conformance_pack_statuses(self, region: str, given: dict[str, Any]) -> Any:
        told = self._looked_at(self.packs_of_all, "CREATE_FAILED", "PutOrganizationConformancePack")
        return {
            "OrganizationConformancePackStatuses": [
                {"OrganizationConformancePackName": name, "Status": state} for name, state in told.items()
            ]
        }

    def _looked_at(self, states: dict[Any, str], failed: str, operation: str) -> dict[Any, str]:
        """The states now; at the next look, what is under way has come to its end."""
        now = {key: state.partition(" to ")[0] for key, state in states.items()}
        for key, state in list(states.items()):
            _, under_way, then = state.partition(" to ")
            if under_way and then and operation in self.fails:
                states[key] = failed
            elif under_way and then:
                states[key] = then
            elif under_way:
                del states[key]
        return now
