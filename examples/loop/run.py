"""The whole loop, against an AWS that runs here: declared, deployed, changed by hand, found, planned, approved,
applied, verified, undone, and all of it in the ledger. `make demo-loop` runs it; nothing leaves this machine.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REGION = "eu-central-1"
TEMPLATE = "examples/loop/shop.yaml"
FOLDER = Path(__file__).parents[2]


@contextmanager
def aws() -> Iterator[str]:
    """The URL of a server that answers as AWS does."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: Any) -> None:
            pass

    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(service: str, url: str) -> Any:
    import boto3

    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",  # noqa: S106 - of the server above
    )


def deploy(url: str) -> None:
    """Deploy the template; and what this server's CloudFormation passes over, as AWS would have set it."""
    template = (FOLDER / TEMPLATE).read_text()
    client("cloudformation", url).create_stack(StackName="shop", TemplateBody=template)
    s3 = client("s3", url)
    s3.put_bucket_versioning(Bucket="shop-invoices", VersioningConfiguration={"Status": "Enabled"})
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket="shop-invoices", PublicAccessBlockConfiguration=dict.fromkeys(names, True))
    rules = [{"ObjectOwnership": "BucketOwnerEnforced"}]
    s3.put_bucket_ownership_controls(Bucket="shop-invoices", OwnershipControls={"Rules": rules})


def tamper(url: str) -> None:
    """What somebody does by hand: open the group to SSH from anywhere, and suspend versioning."""
    ec2 = client("ec2", url)
    groups = ec2.describe_security_groups(Filters=[{"Name": "description", "Values": ["Web servers"]}])
    ec2.authorize_security_group_ingress(
        GroupId=groups["SecurityGroups"][0]["GroupId"],
        IpProtocol="tcp",
        FromPort=22,
        ToPort=22,
        CidrIp="0.0.0.0/0",
    )
    client("s3", url).put_bucket_versioning(
        Bucket="shop-invoices", VersioningConfiguration={"Status": "Suspended"}
    )


def run(arguments: str, url: str, home: str, *, expected: int = 0) -> str:
    """Run the command, show it with its output, and return that. Ends the demo where it ends otherwise."""
    print(f"\n$ demarcate {arguments.replace(url, '$AWS')}", flush=True)  # noqa: T201
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DEMARCATE_"))},
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "XDG_DATA_HOME": home,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [sys.executable, "-m", "demarcate", *shlex.split(arguments)]
    done = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    print(done.stdout + done.stderr, end="", flush=True)  # noqa: T201
    if done.returncode != expected:
        sys.exit(f"the command ended with {done.returncode}, and {expected} was expected")
    return done.stdout + done.stderr


def say(text: str) -> None:
    print(f"\n== {text}", flush=True)  # noqa: T201


def main() -> None:
    with aws() as url, tempfile.TemporaryDirectory() as home:
        there = f"--endpoint-url {url} --region {REGION}"
        say("The template is deployed, and signed off as the baseline.")
        deploy(url)
        run(f"baseline set shop --from {TEMPLATE} --as dana@example.com", url, home)
        run(f"drift --baseline shop {there}", url, home)
        say("Somebody opens the group to SSH from anywhere, and suspends versioning.")
        tamper(url)
        said = run(f"drift --baseline shop {there} --plan --as dana@example.com", url, home, expected=1)
        change = re.search(r"c-[0-9a-f]{8}", said)
        if change is None:
            sys.exit("no change was planned")
        say("Somebody else approves the change, and it is applied and verified.")
        run(f"change approve {change[0]} --as robin@example.com", url, home)
        run(f"change apply {change[0]} --endpoint-url {url} --accept-lockout --as dana@example.com", url, home)
        run(f"drift --baseline shop {there}", url, home)
        say("It is undone, and so the drift is there again. This edit of the template would declare what is live.")
        run(f"change undo {change[0]} --endpoint-url {url} --as dana@example.com", url, home)
        run(f"drift --baseline shop {there} --patch -", url, home, expected=1)
        say("All of it is in the ledger.")
        run("ledger list", url, home)
        run("ledger verify", url, home)


if __name__ == "__main__":
    main()
