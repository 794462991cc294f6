"""Images that AWS publishes: for the nodes of EKS, and of Amazon Linux 2023.

How new they are is read off their names. AWS tells it in public parameters of Systems Manager as well, but what reads
these reads every parameter of the account, and no client here may. Names, of Amazon's own images alone, are as in
https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html,
https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-versions-windows.html,
https://github.com/bottlerocket-os/bottlerocket (`bottlerocket-aws-k8s-1.32-x86_64-v1.49.0-713f44ce`) and
https://docs.aws.amazon.com/linux/al2023/ug/naming-and-versioning.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from demarcate.estate.schema.table import Arn, Bulk, Each, From, Table, Text, Time
from demarcate.estate.schema.unknown import Kind, Unknown

_ARCHITECTURES: Final = {"x86_64": "x86_64", "arm64": "ARM_64", "aarch64": "ARM_64"}
"""Of the names of images, as EKS writes them in a type of image."""

_AMAZON_LINUX: Final = re.compile(
    r"amazon-eks-node-al2023-(x86_64|arm64)-(standard|nvidia|neuron)(?:-[0-9]+)?-(1\.[0-9]+)-v(20[0-9]{6})"
)
_KUBERNETES: Final = re.compile(r"\(k8s: (1\.[0-9]+\.[0-9]+)[,)]")
"""How the description of an image of Amazon Linux has the version of which only the minor one is in its name."""
_BOTTLEROCKET: Final = re.compile(
    r"bottlerocket-aws-k8s-(1\.[0-9]+)(-nvidia)?(-fips)?-(x86_64|aarch64)-v([0-9.]+-[0-9a-f]+)"
)
_WINDOWS: Final = re.compile(
    r"Windows_Server-(20[0-9]{2})-English-(Core|Full)-EKS_Optimized-(1\.[0-9]+)-(20[0-9]{2}\.[0-9]{2}\.[0-9]{2})"
)


def node_releases(image: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The release that an image is: `AmiType` as EKS names it, the `Version` of Kubernetes, and the `Release`."""
    name, description = str(image.get("Name", "")), str(image.get("Description", ""))
    if told := _AMAZON_LINUX.fullmatch(name):
        architecture, variant, version, day = told.groups()
        if exact := _KUBERNETES.search(description):
            family = f"AL2023_{_ARCHITECTURES[architecture]}_{variant.upper()}"
            yield {"AmiType": family, "Version": version, "Release": f"{exact[1]}-{day}"}
    elif told := _BOTTLEROCKET.fullmatch(name):
        version, nvidia, fips, architecture, release = told.groups()
        variants = "".join(f"_{variant[1:].upper()}" for variant in (nvidia, fips) if variant)
        family = f"BOTTLEROCKET_{_ARCHITECTURES[architecture]}{variants}"
        yield {"AmiType": family, "Version": version, "Release": release}
    elif told := _WINDOWS.fullmatch(name):
        year, edition, version, day = told.groups()
        family = f"WINDOWS_{edition.upper()}_{year}_x86_64"
        yield {"AmiType": family, "Version": version, "Release": f"{version}-{day}"}


NODE_RELEASES: Final = Bulk(
    Each(
        "ec2.describe_images",
        "Images[]",
        params={
            "Owners": ["amazon"],
            "Filters": [
                {
                    "Name": "name",
                    "Values": [
                        "amazon-eks-node-al2023-*",
                        "bottlerocket-aws-k8s-*",
                        "Windows_Server-*-EKS_Optimized-*",
                    ],
                },
                {"Name": "state", "Values": ["available"]},
            ],
        },
    ),
    key="AmiType",
    of="amiType",
    read=node_releases,
)
"""A detail of a node group: the releases of the type of its image, of every version of Kubernetes."""


def offered(releases: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a node group may have, each with the version of Kubernetes that it is for."""
    return [{"version": release["Version"], "release": release["Release"]} for release in releases]


_RELEASE: Final = re.compile(r"al2023-ami-(2023\.[0-9]+\.20[0-9]{6})\.[0-9]+-.*")


def _release(name: str) -> str | Unknown:
    told = _RELEASE.fullmatch(name)
    return told[1] if told else Unknown(Kind.MALFORMED, f"{name}: has no release of Amazon Linux 2023 in it")


AMAZON_LINUX = Table(
    "aws_ec2_amazon_linux_release",
    "A release of Amazon Linux 2023 that AWS publishes as an image: packages are locked to that of the image.",
    service="ec2",
    live=Each(
        "ec2.describe_images",
        "Images[]",
        params={
            "Owners": ["amazon"],
            "Filters": [
                {"Name": "name", "Values": ["al2023-ami-2023.*-x86_64"]},
                {"Name": "state", "Values": ["available"]},
            ],
        },
    ),
    on_offer=True,
    columns=(
        Text("image_id", live="ImageId"),
        Arn("arn:{partition}:ec2:{region}::image/{image_id}"),
        Text("name", live="Name"),
        Text("release", live=From("Name", _release), about="Such as 2023.9.20261110."),
        Time("creation_date", live=From("CreationDate", str)),
    ),
)
