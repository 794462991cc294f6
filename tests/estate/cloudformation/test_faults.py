"""Bad input: one clear problem each, quickly, and the rest of the run goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from demarcate.base.documents import DocumentError
from demarcate.base.errors import DemarcateError
from demarcate.estate.schema.unknown import Unknown
from demarcate.estate.sources.cloudformation.templates import Templates, load, read_parameters
from tests.effort import effort

GOOD = "Resources:\n  Good: {Type: AWS::S3::Bucket}\n"
HEAD = 'AWSTemplateFormatVersion: "2010-09-09"\n'
NEST = 50_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text(GOOD)
    return tmp_path


def laughs() -> str:
    lines = [HEAD + "Mappings:", "  A0: &a0 {x: {y: z}}"]
    lines += [f"  A{n}: &a{n} {{{', '.join(f'k{k}: *a{n - 1}' for k in range(9))}}}" for n in range(1, 12)]
    return "\n".join(lines) + "\n" + GOOD


BAD = {
    "not YAML": (HEAD + "Resources:\n  A: [1\n", 4, "is not YAML"),
    "not JSON": (
        '{"AWSTemplateFormatVersion": "x",\n\t"Resources": {"A": ]}}',
        2,
        "is not JSON: expected a value",
    ),
    "no resources": (HEAD + "Parameters: {}\n", None, "no Resources"),
    "resources are a list": (HEAD + "Resources: [1]\n", 2, "Resources is not a mapping"),
    "resources are empty": (HEAD + "Resources:\n", 2, "Resources is not a mapping"),
    "two documents": (HEAD + GOOD + "---\n" + GOOD, None, "is not YAML"),
    "flow too deep": (
        HEAD + "Resources:\n  A: " + "[" * NEST + "]" * NEST + "\n",
        3,
        "nested deeper than 100 levels",
    ),
    "a tab": (HEAD + "Resources:\n\tA: {Type: A::B::C}\n", None, "is not YAML"),
    "undefined alias": (HEAD + "Resources:\n  A: *nope\n", 3, "is not YAML"),
}


@pytest.mark.parametrize(("text", "line", "says"), BAD.values(), ids=BAD)
def test_a_broken_template_is_one_problem(folder: Path, text: str, line: int | None, says: str) -> None:
    (folder / "bad.yaml").write_text(text)
    one_problem(load([folder]), folder / "bad.yaml", line, says)


def one_problem(result: Templates, path: Path, line: int | None, says: str) -> None:
    assert [r.logical_id for r in result.resources] == ["Good"]
    [problem] = result.problems
    assert problem.file == str(path)
    assert says in problem.message, problem
    assert line is None or problem.line == line, problem


RAW = {
    "empty": (b"", "it is empty"),
    "blank": (b"# nothing\n", "it is empty"),
    "text": (b"hello", "expected a mapping"),
    "binary": (b"\x7fELF\0\0\0", "binary"),
    "not UTF-8": (b"Resources:\n  A: \xff\n", "UTF-8"),
    "JSON of something else": (b'{"name": "x"}', "no Resources"),
}


@pytest.mark.parametrize(("content", "says"), RAW.values(), ids=RAW)
def test_what_is_no_template_is_a_problem_only_if_given_itself(folder: Path, content: bytes, says: str) -> None:
    path = folder / "other.json"
    path.write_bytes(content)
    one_problem(load([folder / "good.yaml", path]), path, None, says)
    assert not load([folder]).problems


def test_a_huge_file_is_refused_at_once(folder: Path) -> None:
    path = folder / "huge.yaml"
    path.write_bytes(HEAD.encode())
    os.truncate(path, 100_000_000)
    with effort(10):
        one_problem(load([folder]), path, None, "at most 2,000,000")


def test_an_alias_bomb_is_bounded(folder: Path) -> None:
    path = folder / "bomb.yaml"
    path.write_text(laughs())
    with effort(60):
        one_problem(load([folder]), path, None, "unfolds to more than")


def test_a_merge_bomb_is_bounded(folder: Path) -> None:
    lines = [HEAD + "Mappings:", "  A0: &a0 {x: {y: z}}"]
    lines += [f"  A{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    path = folder / "bomb.yaml"
    path.write_text("\n".join(lines) + "\n" + GOOD)
    result = load([folder])
    assert len(result.problems) == 1
    assert result.problems[0].file == str(path)


def test_an_alias_of_itself(folder: Path) -> None:
    path = folder / "loop.yaml"
    path.write_text(HEAD + "Resources:\n  A: {Type: A::B::C}\n  B: &b {Type: A::B::C, Properties: {X: *b}}\n")
    result = load([folder / "good.yaml", path])
    assert {r.logical_id for r in result.resources} == {"Good", "A"}
    assert [p.line for p in result.problems] == [4]


@pytest.mark.parametrize("depth", [90, 150, 400, 900, 3000])
def test_deep_nesting(folder: Path, depth: int) -> None:
    path = folder / "deep.yaml"
    block = "".join("  " * level + "a:\n" for level in range(3, depth))
    path.write_text(HEAD + "Resources:\n  A:\n    Type: A::B::C\n    Properties:\n" + block)
    result = load([folder])
    assert "Good" in {r.logical_id for r in result.resources}
    assert len(result.problems) == (depth > 100)


def test_deep_functions_and_long_chains(folder: Path) -> None:
    path = folder / "chain.yaml"
    conditions = "\n".join(f"  C{n}: !Not [!Condition C{n + 1}]" for n in range(800))
    path.write_text(
        f"{HEAD}Conditions:\n{conditions}\n  C800: !Equals [a, a]\n"
        "Resources:\n  A: {Type: A::B::C, Condition: C0}\n  B: {Type: A::B::C}\n"
    )
    result = load([folder])
    by_logical_id = {r.logical_id: r for r in result.resources}
    assert set(by_logical_id) == {"Good", "A", "B"}
    assert by_logical_id["A"].conditional is not None
    assert "too deeply" in by_logical_id["A"].conditional.reason


def test_loops_that_repeat_too_much(folder: Path) -> None:
    body = "{Type: A::B::C, Properties: {X: 1}}"
    key = "N"
    for n in range(12):
        key += f"${{I{n}}}"
    text = f"'{key}': {body}"
    for n in range(12):
        text = f"'Fn::ForEach::L{n}': [I{n}, [a, b, c, d, e, f, g, h], {{{text}}}]"
    path = folder / "loops.yaml"
    path.write_text(f"{HEAD}Transform: AWS::LanguageExtensions\nResources: {{{text}}}\n")
    one_problem(load([folder]), path, 3, "asks for more than is allowed")


def test_symlinks(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "same.yaml").symlink_to(folder / "good.yaml")
    (folder / "self.yaml").symlink_to(folder / "self.yaml")
    (folder / "gone.yaml").symlink_to(folder / "nowhere.yaml")
    result = load([folder])
    assert [r.logical_id for r in result.resources] == ["Good"]
    assert sorted(str(p.file).removeprefix(str(folder)) for p in result.problems) == [
        "/gone.yaml",
        "/self.yaml",
        "/sub/up",
    ]


def test_links_to_other_folders_are_followed_where_those_are_given(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "more.yml").write_text("Resources:\n  More: {Type: A::B::C}\n")
    (folder / "link").symlink_to(other)
    (folder / "more.yaml").symlink_to(other / "more.yml")
    alone = load([folder])
    assert {r.file for r in alone.resources} == {str(folder / "good.yaml")}
    assert {(p.file, p.message) for p in alone.problems} == {
        (str(folder / name), "is a symlink that leads out of the folders given; not followed")
        for name in ("link", "more.yaml")
    }
    together = load([folder, other])
    assert {r.logical_id for r in together.resources} == {"Good", "More"}
    assert not together.problems


def test_what_a_folder_skips(folder: Path) -> None:
    for name in (".git", "node_modules", "cdk.out"):
        (folder / name).mkdir()
        (folder / name / "t.template").write_text(f"Resources:\n  In{len(name)}: {{Type: A::B::C}}\n")
    (folder / "values.yaml").write_text("a: {{ .Values.b }}\nResources:\n")
    (folder / "other.yaml").write_text("Resources: {cpu: 1}\n")
    (folder / "notes.txt").write_text(GOOD)
    result = load([folder])
    assert not result.problems
    assert sorted(r.logical_id for r in result.resources) == ["Good", "In7"]
    assert result.files == 2


def test_missing_paths_and_folders_without_templates(tmp_path: Path) -> None:
    with pytest.raises(DemarcateError, match="no such file"):
        load([tmp_path / "nope"])
    with pytest.raises(DemarcateError, match="no template"):
        load([tmp_path])
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "t.yaml").write_text(GOOD)
    (tmp_path / "none").mkdir()
    one_problem(load([tmp_path / "some", tmp_path / "none"]), tmp_path / "none", None, "no template")


def test_files_as_the_user_writes_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert [r.file for r in load([Path()]).resources] == ["good.yaml"]
    assert [r.file for r in load([Path("good.yaml"), folder / "good.yaml"]).resources] == ["good.yaml"]


JSON = {
    "tabs": '{\n\t"Resources": {\n\t\t"A": {\n\t\t\t"Type": "A::B::C",\n\t"Properties": {\n\t"X":\t"t\\tt"}}}}',
    "surrogates": '{\n"Resources": {\n"A": {\n"Type": "A::B::C",\n"Properties": {\n"X": "\\ud83d\\ude00"}}}}',
}


@pytest.mark.parametrize("text", JSON.values(), ids=JSON)
def test_json_that_is_no_yaml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    [resource] = load([path]).resources
    assert isinstance(resource.properties, dict)
    assert resource.properties["X"] in ("t\tt", "😀")
    assert (resource.line, resource.lines) == (3, {"X": 6})


PARAMETERS = {
    "cli": '[{"ParameterKey": "A", "ParameterValue": "1"}, {"ParameterKey": "B", "ParameterValue": "x,y"}]',
    "pipeline": '{"Parameters": {"A": "1", "B": "x,y"}}',
    "plain": "A: '1'\nB: x,y\n",
    "deploy": '["A=1", "B=x,y"]',
}


@pytest.mark.parametrize("text", PARAMETERS.values(), ids=PARAMETERS)
def test_parameter_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(text)
    assert read_parameters(path) == {"A": "1", "B": "x,y"}


def test_a_parameter_that_keeps_its_value_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('[{"ParameterKey": "A", "UsePreviousValue": true}]')
    assert isinstance(read_parameters(path)["A"], Unknown)


@pytest.mark.parametrize(
    "text", ["", "text", "[1]", '[{"ParameterKey": "A"}]', "A: {b: c}", "A: 1\nA: 2\n", "[", "A: !Ref B\n"]
)
def test_broken_parameter_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(DocumentError, match=r"p\.yaml"):
        read_parameters(path)


def test_sam_needs_neither_region_nor_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "sam.yaml"
    path.write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n"
        "  Fn: {Type: AWS::Serverless::Function, Properties: {CodeUri: ., Handler: a.b, Runtime: python3.12,"
        " Policies: [AmazonS3ReadOnlyAccess, {S3ReadPolicy: {BucketName: b}}]}}\n"
        "  App: {Type: AWS::Serverless::Application, Properties: {Location:"
        " {SemanticVersion: 1.0.0,"
        " ApplicationId: arn:aws:serverlessrepo:us-east-1:012345678901:applications/a}}}\n"
    )
    before = dict(os.environ)
    result = load([path])
    assert {r.logical_id for r in result.resources} == {"Fn", "FnRole", "App"}
    (problem,) = result.problems
    assert "stack App cannot be read" in problem.message
    assert os.environ == before
