"""A change as commands of the AWS CLI, and of GitHub's, for whoever wants to see or to run them by hand."""

from __future__ import annotations

import shlex
from typing import Any, Final

from demarcate.base.encoding import to_json
from demarcate.changes.github import is_github, request_of
from demarcate.changes.structs import Operation, Read, Step, Undo  # noqa: F401 - for the example
from demarcate.changes.values import EARLIER

CLI: Final = {"s3": "s3api", "config": "configservice", "codedeploy": "deploy"}
"""The AWS CLI's names for services, where they are not botocore's.

https://docs.aws.amazon.com/cli/latest/reference/
"""


def command(step: Step, operation: Operation | None = None) -> str:
    """The command that makes the call of a step, or another call in its place.

    >>> step = Step(account="111122223333", region="eu-west-1", resource="b", before=None, done="@",
    ...     do=Operation(name="s3.put_bucket_versioning", parameters={"Bucket": "b"}),
    ...     reads=Read(operation=Operation(name="s3.get_bucket_versioning")), undo=Undo())
    >>> command(step)
    'aws s3api put-bucket-versioning --region eu-west-1 --cli-input-json \\'{"Bucket":"b"}\\''
    """
    called = operation or step.do
    if is_github(called.name):
        return _of_github(called)
    service, _, method = called.name.partition(".")
    region = [] if step.region == "global" else ["--region", step.region]
    parameters = to_json(_placed(called.parameters)).decode()
    parts = ["aws", CLI.get(service, service), method.replace("_", "-"), *region, "--cli-input-json", parameters]
    return shlex.join(parts)


def _of_github(called: Operation) -> str:
    """The command of GitHub's CLI that makes a call (https://cli.github.com/manual/gh_api)."""
    method, path, told = request_of(Operation(name=called.name, parameters=_placed(called.parameters)))
    parts = ["gh", "api", "--method", method, f"{called.parameters['api']}{path}"]
    if not told:
        return shlex.join(parts)
    return f"{shlex.join(['printf', '%s', to_json(told).decode()])} | {shlex.join([*parts, '--input', '-'])}"


def _placed(value: Any) -> Any:
    """Parameters, with words in the place of what the steps before leave."""
    if isinstance(value, dict):
        if EARLIER in value:
            return f"<{value[EARLIER]} of the steps before>"
        return {key: _placed(inner) for key, inner in value.items()}
    return [_placed(inner) for inner in value] if isinstance(value, list) else value
