"""The forward way: an edited template declares what is live and is otherwise as it was; `git apply` takes the patch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demarcate.base.errors import DemarcateError
from demarcate.drift.comparing import compare
from demarcate.drift.forward import Patch, patch_of
from demarcate.drift.structs import Comparison, DriftKind
from demarcate.estate.sources.collecting import collect_snapshot
from demarcate.report.edits import give
from tests import processes
from tests.drift.test_comparing import ACCOUNT, GROUP, KEY, OUT, REGION, RESOURCES, live, resource, rule, volume

TEMPLATE = """\
# What the shop is made of.
Parameters:
  Size: {Type: Number, Default: 8}
Mappings:
  Sizes: {here: {iops: 3000}}
Resources:
  Plain:  # the first
    Type: AWS::EC2::Volume
    Properties:
      AvailabilityZone: eu-west-1a  # one zone
      # how much it holds
      Size: 8
      Encrypted: true
      Tags:
        - Key: team
          Value: shop  # ours

        - {Key: kind, Value: data}
    DeletionPolicy: Retain
  Given:
    Type: AWS::EC2::Volume
    Properties: {AvailabilityZone: eu-west-1a, Size: !Ref Size, Iops: !FindInMap [Sizes, here, iops], Encrypted: true}
  'Fn::ForEach::Volumes':
    - Name
    - [One, Two]
    - 'Loop${Name}':
        Type: AWS::EC2::Volume
        Properties: {AvailabilityZone: eu-west-1a, Size: 8, Encrypted: true}
"""
LOGICAL = ("Plain", "Given", "LoopOne", "LoopTwo")
STACK = [resource(name, f"vol-{name}", "AWS::EC2::Volume") for name in LOGICAL]
AS_DECLARED: dict[str, Any] = {"kms_key_id": "", "iops": None}
TAGS = {"team": "shop", "kind": "data"}


def compared(file: Path, changed: dict[str, dict[str, Any]], stack: list[dict[str, Any]] = STACK) -> Comparison:
    """The templates against volumes that are as declared but for what was changed."""
    own: dict[str, dict[str, Any]] = {"Plain": {"tags": TAGS}, "Given": {"iops": 3000}}
    rows = [
        volume(str(item["physical_resource_id"]), **{**AS_DECLARED, **own.get(name, {}), **changed.get(name, {})})
        for item in stack
        if (name := str(item["logical_resource_id"]))
    ]
    with collect_snapshot([file]) as declared:
        return compare(declared, live(*rows, tables={RESOURCES: stack, "aws_kms_key": [KEY]}))


def patched(file: Path, changed: dict[str, dict[str, Any]], stack: list[dict[str, Any]] = STACK) -> Patch:
    return patch_of(compared(file, changed, stack), [str(file)])


def lines_of(patch: Patch) -> set[str]:
    """The lines that an edit takes away or adds."""
    (edited,) = patch.files
    return set(edited.before.splitlines()) ^ set(edited.after.splitlines())


LIVE = st.fixed_dictionaries(
    {
        "encrypted": st.booleans(),
        "size": st.integers(1, 99),
        "volume_type": st.sampled_from(["gp2", "gp3", "io2"]),
        "availability_zone": st.sampled_from(["eu-west-1a", "eu-west-1b", "yes", "a: b", "#", "-", "1"]),
        "snapshot_id": st.sampled_from(["", "snap-1"]),
        "tags": st.dictionaries(
            st.sampled_from(["team", "kind", "new", "a: b"]), st.text("ab:#'\" \n\té", max_size=6), max_size=4
        ),
    }
)


@settings(max_examples=2)
@given(several=st.lists(LIVE, min_size=30, max_size=30))
def test_what_is_patched_declares_what_is_live(several: list[dict[str, Any]], tmp_path_factory: Any) -> None:
    file = tmp_path_factory.getbasetemp() / "property.yaml"
    begins, ends = TEMPLATE.index("  Plain:"), TEMPLATE.index("  Given:")
    names = [f"Plain{number}" for number in range(len(several))]
    parts = [TEMPLATE[begins:ends].replace("Plain", name) for name in names]
    text = TEMPLATE[:begins] + "".join(parts) + TEMPLATE[ends:]
    file.write_text(text)
    stack = [*(resource(name, f"vol-{name}", "AWS::EC2::Volume") for name in names), *STACK[1:]]
    changed = dict(zip(names, several, strict=True))
    patch = patched(file, changed, stack)
    assert patch.left == ()
    (edited,) = patch.files
    assert edited.before == text
    file.write_text(edited.after)
    assert compared(file, changed, stack).of(DriftKind.CHANGED) == ()
    for comment in ("# the first", "# one zone", "# how much it holds", "    DeletionPolicy: Retain"):
        assert edited.after.count(comment) == len(names)
    assert edited.after.endswith(TEMPLATE[ends:])


def test_an_edit_is_no_more_than_what_differs(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(TEMPLATE)
    patch = patched(tmp_path / "app.yaml", {"Plain": {"size": 9, "tags": {"team": "web", "kind": "data"}}})
    assert lines_of(patch) == {
        *("      Size: 8", "      Size: 9"),
        *("          Value: shop  # ours", "          Value: web  # ours"),
    }
    assert sorted(line for _, line in patch.edits) == [12, 16]


def test_what_is_given_elsewhere_is_not_edited_and_said(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(TEMPLATE)
    changed: dict[str, dict[str, Any]] = {"Given": {"size": 9, "iops": 4000}, "LoopOne": {"size": 9}}
    patch = patched(tmp_path / "app.yaml", {**changed, "Plain": {"encrypted": False, "tags": TAGS}})
    assert {(drift.logical_id, drift.column): why for drift, why in patch.left} == {
        ("Given", "size"): "the parameter Size gives it, on line 22",
        ("Given", "iops"): "a mapping gives it, on line 22",
        ("LoopOne", "size"): "a loop (Fn::ForEach) makes the resource",
    }
    assert lines_of(patch) == {"      Encrypted: true", "      Encrypted: false"}, (
        "the other is offered all the same"
    )


def test_an_edit_that_would_change_another_resource_is_not_offered(tmp_path: Path) -> None:
    text = (
        "Resources:\n"
        "  A: &same\n    Type: AWS::EC2::Volume\n    Properties: &of {AvailabilityZone: a, Size: 8, Encrypted: true}\n"
        "  B: {Type: 'AWS::EC2::Volume', Properties: {AvailabilityZone: a, Size: 8, <<: *of}}\n  C: *same\n"
    )
    (tmp_path / "app.yaml").write_text(text)
    stack = [resource(name, f"vol-{name}", "AWS::EC2::Volume") for name in "ABC"]
    at = {name: {"availability_zone": "a"} for name in "ABC"}
    changed = {name: {**at[name], "encrypted": False} for name in "AB"} | {"C": at["C"]}
    left = {drift.logical_id: why for drift, why in patched(tmp_path / "app.yaml", changed, stack).left}
    assert left == {
        "A": "other places repeat it by an anchor, on line 2",
        "B": "what is merged (<<) may give it, on line 5",
    }


def test_a_template_that_is_two_stacks_is_edited_where_both_are_alike(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(TEMPLATE)
    second = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/second/1"
    stack = [*STACK, *(resource(name, f"vol-2-{name}", "AWS::EC2::Volume", second) for name in LOGICAL)]
    both = patched(tmp_path / "app.yaml", {"Plain": {"encrypted": False, "tags": TAGS}}, stack)
    assert (len(both.files), both.left) == (1, ())
    comparison = compared(tmp_path / "app.yaml", {"Plain": {"encrypted": False, "tags": TAGS}}, stack)
    half = Comparison(
        declared="",
        live="",
        moment="",
        drifts=tuple(drift for drift in comparison.drifts if drift.stack != second),
        resources=0,
        values=0,
        stacks=comparison.stacks,
    )
    alone = patch_of(half, [str(tmp_path / "app.yaml")])
    assert [why for _, why in alone.left] == ["the template is 2 stacks, and they are not alike in this"]


def test_rules_of_a_security_group_are_written_and_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(GROUP)
    stack = [
        resource("Web", "sg-1", "AWS::EC2::SecurityGroup"),
        resource("More", "sgr-1", "AWS::EC2::SecurityGroupIngress"),
    ]
    group = {
        "resource": "sg-1",
        "account_id": ACCOUNT,
        "region": REGION,
        "group_id": "sg-1",
        "group_name": "g",
        "tags": {},
    }

    def of(*rules: dict[str, Any]) -> Comparison:
        tables = {
            "aws_vpc_security_group": [{**group, "description": "web"}],
            "aws_vpc_security_group_rule": [*rules, OUT],
            **{RESOURCES: stack, "aws_kms_key": None, "aws_ebs_volume": None},
        }
        with collect_snapshot([file]) as declared:
            return compare(declared, live(tables=tables))

    rules = (rule(22, "0.0.0.0/0", description="x"), rule(80, "10.0.0.0/8"))
    (edited,) = patch_of(of(*rules), [str(file)]).files
    assert "[{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0, Description: x}]" in edited.after
    file.write_text(edited.after)
    assert not of(*rules).of(DriftKind.CHANGED)
    (why,) = [why for _, why in patch_of(of(rules[0]), [str(file)]).left]
    assert why.startswith("no item says so that is written there"), "it is a resource of its own"


FILES: dict[str, Any] = {
    "plain.yaml": lambda text: text,
    "no end.yaml": lambda text: text.rstrip("\n"),
    'odd "é\n.yaml': lambda text: text.replace("\n", "\r\n"),
    "bom.yaml": lambda text: "\ufeff" + text[text.index("Parameters") :],
}


def test_git_takes_the_patch_of_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = TEMPLATE.replace("Parameters:\n", "Parameters:  # é\n")
    (tmp_path / "folder").mkdir()
    for name, written in FILES.items():
        (tmp_path / "folder" / name).write_bytes(written(text).encode())
    patch = patched(
        tmp_path / "folder", {"Plain": {"encrypted": False, "size": 9, "snapshot_id": "snap-1", "tags": TAGS}}
    )
    give(patch.files, "forward.patch")
    done = processes.run("git", "apply", "forward.patch", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for before, after in (
        ("Encrypted: true\n", "Encrypted: false\n"),
        ("      Size: 8", "      Size: 9"),
        ("    DeletionPolicy", "      SnapshotId: snap-1\n    DeletionPolicy"),
    ):
        text = text.replace(before, after, 1)
    for name, written in FILES.items():
        assert (tmp_path / "folder" / name).read_bytes().decode() == written(text), name


def test_a_patch_with_what_is_not_shown_goes_to_a_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_bytes(TEMPLATE.replace("\n", "\r\n").encode())
    patch = patched(file, {"Plain": {"size": 9}})
    with pytest.raises(DemarcateError, match="write it to a file"):
        give(patch.files, "-")
    give(patch.files, str(tmp_path / "out.patch"))
    assert b"+      Size: 9\r\n" in (tmp_path / "out.patch").read_bytes()
