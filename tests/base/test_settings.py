"""Settings: what counts more, what is an error, and what a file that came with a repository cannot set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demarcate.base.errors import DemarcateError
from demarcate.base.settings import FIELDS, NAME, OWN, Configuration, load
from tests.processes import demarcate

TEMPLATE = (
    "Resources:\n  Data: {Type: 'AWS::EC2::Volume', "
    "Properties: {Size: 8, AvailabilityZone: eu-west-1a, Encrypted: false}}\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "home" / "demarcate").mkdir(parents=True)
    (tmp_path / "project" / "below").mkdir(parents=True)
    (tmp_path / "project" / "t.yaml").write_text(TEMPLATE)
    return tmp_path / "project"


def loaded(project: Path, text: str = "", own: str = "", named: Path | None = None, **given: str) -> Configuration:
    home = project.parent / "home"
    (project / NAME).write_text(text)
    if own:
        (home / "demarcate" / NAME).write_text(own)
    return load(project / "below", {"XDG_CONFIG_HOME": str(home), **given}, named)


def test_what_comes_later_counts_more(project: Path) -> None:
    own = 'region = ["us-east-1"]\nprofile = "mine"\nby-tag = ["a"]\n'
    configuration = loaded(project, 'region = ["eu-west-1"]\nfail-on = "high"\n', own, DEMARCATE_FAIL_ON="low")
    settings = configuration.settings
    assert (settings.region, settings.profile, settings.by_tag, settings.fail_on) == (
        *(("eu-west-1",), "mine", ("a",)),
        "low",
    )
    assert configuration.origins == {
        "region": f"{project / NAME}:1",
        "profile": f"{project.parent / 'home/demarcate' / NAME}:2",
        "by-tag": f"{project.parent / 'home/demarcate' / NAME}:3",
        "fail-on": "DEMARCATE_FAIL_ON",
    }


def test_a_file_that_is_named_stands_in_for_the_projects_and_counts_as_the_users(project: Path) -> None:
    named = project.parent / "other.toml"
    named.write_text('profile = "theirs"\nevidence = "proof"\n')
    for configuration in (
        loaded(project, 'fail-on = "low"', named=named),
        loaded(project, DEMARCATE_CONFIG=str(named)),
    ):
        settings = configuration.settings
        assert (settings.profile, settings.evidence, settings.fail_on) == (
            "theirs",
            (str(project.parent / "proof"),),
            None,
        )


def test_variables_are_lists_and_numbers(project: Path) -> None:
    settings = loaded(
        project,
        DEMARCATE_REGION="eu-west-1, eu-west-2",
        DEMARCATE_MAX_ROWS="5",
        DEMARCATE_ORG="true",
        DEMARCATE_PROFILE="",
    ).settings
    assert (settings.region, settings.max_rows, settings.org, settings.profile) == (
        ("eu-west-1", "eu-west-2"),
        5,
        True,
        None,
    )


FAULTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "a misspelt name": ('region = []\n\nfail_on = "high"\n', (f"{NAME}:3", "'fail_on'", "fail-on")),
    "a table": ("[assess]\nformat = 'json'\n", (f"{NAME}:1", "'assess'")),
    "another kind": ("\nregion = 5\n", (f"{NAME}:2", "region", "array")),
    "a number in quotes": ("max-rows = '5'\n", (f"{NAME}:1", "max-rows")),
    "no days": ("[keep-logs]\naws_waf_log = 0\n", (f"{NAME}:1", "keep-logs", ">= 1")),
    "no list": ('[rule-placeholders]\nadmins = "alice"\n', (f"{NAME}:1", "rule-placeholders", "array")),
    "too few": ("max-rows = 0\n", (f"{NAME}:1", "max-rows")),
    "no TOML": ("region = [\n", (NAME, "no TOML")),
    "depth": (f"region = {'[' * 40_000}", (NAME, "no TOML")),
    "size": (f"profile = '{'x' * 100_000}'", (NAME, "100,000")),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_of_a_file_is_told_with_its_line(case: str, project: Path) -> None:
    text, says = FAULTS[case]
    with pytest.raises(DemarcateError) as caught:
        loaded(project, text)
    assert [part for part in says if part not in str(caught.value)] == []


@pytest.mark.parametrize("name", ["DEMARCATE_FAILON", "DEMARCATE_MAX_ROW"])
def test_a_variable_that_does_not_exist_is_an_error(name: str, project: Path) -> None:
    with pytest.raises(DemarcateError, match=f"{name}.*did you mean DEMARCATE_"):
        load(project, {name: "1"})


VALUES: dict[str, Any] = {
    "org": True,
    "record": True,
    "account": ["123456789012"],
    "out": ["r.html"],
    "max-resources": 5,
    "destinations": {},
    "send-rules": [],
    "keep-logs": {},
}


@pytest.mark.parametrize("name", sorted(OWN | {"endpoint-url"}))
def test_what_a_project_cannot_set(name: str, project: Path) -> None:
    text = f"\n{name} = {json.dumps(VALUES.get(name, 'x'))}\n"
    configuration = loaded(project, text)
    assert (configuration.origins, len(configuration.ignored)) == ({}, 1)
    assert f"{NAME}:2: {name} counts only from your own file" in configuration.ignored[0]
    assert name in loaded(project, "", text).origins


OUTSIDE = ["/etc", "../home", "below/../../home", "link", "link/x", "s3://bucket/x", "config:theirs", "a\\u0000b"]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("name", ["sources", "parameters", "checks", "evidence"])
def test_paths_of_a_project_lead_nowhere_else(name: str, path: str, project: Path) -> None:
    if path.startswith(("s3:", "config:")) and name != "sources":
        return
    (project / "link").symlink_to(project.parent / "home")
    value = f'"{path}"' if FIELDS[name].default is None else f'["{path}"]'
    configuration = loaded(project, f"{name} = {value}\n")
    assert (configuration.origins, len(configuration.ignored)) == ({}, 1)


def test_a_file_that_is_a_link_to_elsewhere_is_not_read(project: Path) -> None:
    (project.parent / "secrets").write_text("aws_secret_access_key = 1\n")
    (project / NAME).symlink_to("../secrets")
    configuration = load(project, {})
    assert (configuration.origins, len(configuration.ignored)) == ({}, 1)
    assert "secret" not in configuration.ignored[0]


def test_every_setting_is_in_the_page() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "how-to" / "set-defaults.md").read_text()
    assert [name for name in FIELDS if f"| `{name}` |" not in page] == []
    own = [
        name
        for name in FIELDS
        if f"| `{name}` |" in page and "no |" in page.split(f"| `{name}` |")[1].split("\n")[0]
    ]
    assert set(own) == OWN


def test_one_is_as_good_as_a_list_of_one(project: Path) -> None:
    assert loaded(project, 'evidence = "proof"\nregion = "eu-west-1"\n').settings.region == ("eu-west-1",)


def test_paths_are_meant_from_the_folder_of_their_file(project: Path) -> None:
    settings = loaded(project, 'sources = ["t.yaml", "aws"]\nchecks = ["below"]\n').settings
    assert (settings.sources, settings.checks) == ((str(project / "t.yaml"), "aws"), (str(project / "below"),))


def test_settings_are_defaults_of_the_command(project: Path) -> None:
    (project / NAME).write_text(
        'sources = ["t.yaml"]\nformat = "json"\nfail-on = "high"\ncheck = ["ebs-volume-encrypted"]\nprofile = "evil"\n'
    )
    home = project.parent / "home"
    (home / "demarcate" / NAME).write_text('profile = "mine"\nregion = ["eu-west-1"]\nrole-name = "Audit"\n')
    given = {"XDG_CONFIG_HOME": str(home)}
    done = demarcate("assess", cwd=project / "below", environment=given)
    assert (done.returncode, len(json.loads(done.stdout)["findings"])) == (1, 1)
    (line,) = done.stderr.splitlines()
    assert f"{NAME}:5: profile counts only from your own file" in line
    flags = ("assess", "--fail-on", "critical", "--format", "csv")
    flagged = demarcate("--quiet", *flags, cwd=project, environment=given)
    assert (flagged.returncode, flagged.stderr, flagged.stdout.startswith("{")) == (0, "", False)
    refused = demarcate("assess", "--profile", "theirs", cwd=project, environment=given)
    assert (refused.returncode, "--profile" in refused.stderr) == (2, True)
    shown = demarcate("config", "--format", "json", cwd=project, environment=given | {"DEMARCATE_BY_TAG": "team"})
    told = {row["setting"]: (row["value"], Path(row["from"]).name) for row in json.loads(shown.stdout)}
    assert (told["fail-on"], told["by-tag"]) == (("high", f"{NAME}:3"), (["team"], "DEMARCATE_BY_TAG"))
    assert (told["profile"], told["out"]) == (("mine", f"{NAME}:1"), ([], "not set"))


def test_settings_are_passed_over_where_they_are_for_nothing(project: Path) -> None:
    """Of an account's role without accounts, of live AWS beside a template, of an estate where none is read."""
    home = project.parent / "home"
    (home / "demarcate" / NAME).write_text(
        'role-name = "Audit"\nexternal-id = "ours"\nprofile = "mine"\nendpoint-url = "http://127.0.0.1:9"\n'
        'region = ["eu-west-1"]\nchecks = ["."]\nevidence = "."\n'
    )
    given = {"XDG_CONFIG_HOME": str(home), "DEMARCATE_ACCOUNT": "123456789012"}
    for arguments in (["query", "select 1", "t.yaml"], ["diagram"]):
        done = demarcate(*arguments, cwd=project, environment=given)
        assert (done.returncode, done.stderr) == (0, "")
    refused = demarcate("diagram", "--profile", "theirs", cwd=project, environment=given)
    assert (refused.returncode, "without a SOURCE" in refused.stderr) == (2, True)
