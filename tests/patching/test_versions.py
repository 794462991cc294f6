"""The order of versions: each line of `ORDERED` is oldest first."""

from __future__ import annotations

import itertools

import pytest

from demarcate.patching.versions import behind, is_ordered, key, newest

ORDERED = [
    ["2023.9", "2023.10"],
    ["5.4", "5.5", "5.10"],
    ["8.0.mysql_aurora.3.04.1", "8.0.mysql_aurora.3.10.0"],
    ["5.7.mysql_aurora.2.12.5", "8.0.mysql_aurora.3.01.0"],
    ["1.31", "v1.31.2-eks-abc1234", "v1.32.0-eks-1de2ab1", "1.33"],
    ["v1.11.4-eksbuild.2", "v1.11.4-eksbuild.14"],
    ["10.0.17763.6532", "10.0.20348.2965"],
    ["2023.6.20241212", "2023.6.20250107", "2023.10.20260101"],
    ["1.31.2-20241212", "1.31.2-20250107", "1.31.10-20241101"],
    ["19.0.0.0.ru-2024-10.rur-2024-10.r1", "19.0.0.0.ru-2025-01.rur-2025-01.r1"],
    ["OpenSearch_1.3", "OpenSearch_2.9", "OpenSearch_2.19"],
    ["2.8.2.tiered", "3.5.1", "3.7.x.kraft"],
    ["17beta1", "17rc1", "17rc2", "17.0", "17.2"],
    ["emr-6.15.0", "emr-7.9.0", "emr-7.10.0"],
    ["1.9.2-71f3e444", "1.54.0-5043decc"],
    ["1.34-2026.9.13", "1.34-2026.11.13"],
    ["1.0.9999", "1.0.11420", "1.0.11746"],
    ["Amazon Linux 2023.9.20261102", "Amazon Linux 2023.10.20261116"],
]

WITHOUT = ["", "LATEST", "$DEFAULT", "sha256:0a1b2c", "v" + "9" * 40]


@pytest.mark.parametrize("versions", ORDERED, ids=lambda versions: versions[0])
def test_versions_have_an_order(versions: list[str]) -> None:
    assert all(key(older) < key(newer) for older, newer in itertools.pairwise(versions))
    assert newest(["LATEST", *versions]) == versions[-1]
    assert [behind(version, versions) for version in versions] == list(range(len(versions)))[::-1]


def test_what_has_no_order_is_not_guessed() -> None:
    assert not any(map(is_ordered, WITHOUT))
    assert newest(WITHOUT) is None
    assert behind("LATEST", ["1.0"]) is None
    assert key("v1.31") == key("1.31.0")
