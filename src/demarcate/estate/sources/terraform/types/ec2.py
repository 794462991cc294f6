"""EBS."""

from __future__ import annotations

from demarcate.estate.sources.terraform.mapped import NOTHING, Mapped

MAPPED = (
    Mapped("aws_ebs_volume", "AWS::EC2::Volume", names={"VolumeType": "type"}),
)
