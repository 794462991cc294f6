"""The way of an image: from its base to a build, a digest, a repository, and the tasks that run it.

What runs is known by its digest; a tag is only what somebody called it once. An image is behind where its repository
has a later one, and where the base that it was built on is another one by now. Where it came from is what the
annotations of its manifest say (`org.opencontainers.image.*`); labels within its configuration are not read.

https://github.com/opencontainers/image-spec/blob/main/annotations.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from demarcate.base.encoding import from_json
from demarcate.changes.planning import Reader
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Change, Operation, Read
from demarcate.estate.snapshots.snapshot import Snapshot, rows_of
from demarcate.estate.tables import table
from demarcate.patching.bases import Bases, Now
from demarcate.patching.planning import check_tables
from demarcate.patching.rebuilding import Builder, build
from demarcate.patching.structs import PatchState

_IMAGES: Final = "aws_ecr_image"
_TASKS: Final = "aws_ecs_task"
_PROJECTS: Final = "aws_codebuild_project"

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    _IMAGES: ("image_digest", "repository_name", "image_tags", "image_pushed_at"),
    _TASKS: ("cluster_arn", "group", "containers"),
    _PROJECTS: ("name",),
}
"""The columns that are read."""

MANIFEST: Final = "ecr.batch_get_image"
PROJECTS: Final = "codebuild.batch_get_projects"

_PIPELINES: Final = "aws_codepipeline_pipeline"
_OF_PIPELINES: Final = ("name", "source_repositories")

_OCI: Final = "org.opencontainers.image."


_Builders = dict[tuple[str, str, str], tuple[Builder, str]]
"""What builds, by the account, the region and the address of what it builds."""


class RunningImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image that runs, in one account and region. What is None is not known, and `reasons` say why.

    `runs` are the groups of tasks that run it. `behind_by` counts the images with a tag that were pushed to its
    repository later. `source` and `revision` are what it was built of, `base` the name of the image that it was built
    on and `base_now` the digest that this name has by now, and `rebuilt_by` the pipeline or the project, of
    `rebuilt_with`, that builds `source`.
    """

    account: str
    region: str
    repository: str
    digest: str
    runs: tuple[str, ...]
    state: PatchState
    tags: tuple[str, ...] = ()
    pushed_at: datetime | None = None
    newest: str | None = None
    behind_by: int | None = None
    source: str | None = None
    revision: str | None = None
    base: str | None = None
    base_digest: str | None = None
    base_now: str | None = None
    rebuilt_by: str | None = None
    rebuilt_with: Builder | None = None
    reasons: tuple[str, ...] = ()


def selection() -> dict[str, frozenset[str]]:
    """The tables and columns that are read; without the pipelines, nothing is built anew by one."""
    return {name: frozenset(columns) for name, columns in {**COLUMNS, _PIPELINES: _OF_PIPELINES}.items()}


def running_images(snapshot: Snapshot) -> list[RunningImage]:
    """The images that run in tasks of ECS, by repository and digest, each compared with its repository.

    Raises DemarcateError for a snapshot that was collected without a table of these.
    """
    check_tables(snapshot, COLUMNS)
    pushed: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in _rows(snapshot, _IMAGES):
        pushed.setdefault((row["account_id"], row["region"], row["repository_name"]), []).append(row)
    runs: dict[tuple[str, str, str, str], set[str]] = {}
    for row in _rows(snapshot, _TASKS):
        for image, digest in _containers(row["containers"]):
            key = (row["account_id"], row["region"], image, digest)
            runs.setdefault(key, set()).add(f"{row['cluster_arn'].rpartition('/')[2]} {row['group']}")
    return [
        _compared(account, region, image, digest, tuple(sorted(groups)), pushed)
        for (account, region, image, digest), groups in sorted(runs.items())
    ]


def _rows(snapshot: Snapshot, name: str) -> Iterator[Mapping[str, Any]]:
    return rows_of(snapshot, table(name), ["account_id", "region", *COLUMNS[name]])


def _containers(told: Any) -> Iterator[tuple[str, str]]:
    """The name of each container's image without its tag, and the digest that runs; "" where none is known."""
    for container in (from_json(told) if isinstance(told, str) else told) or ():
        if isinstance(container, dict) and container.get("image"):
            name = str(container["image"]).partition("@")[0]
            bare = name[: name.rindex(":")] if ":" in name.rpartition("/")[2] else name
            yield bare, str(container.get("imageDigest") or "")


def _compared(
    account: str,
    region: str,
    image: str,
    digest: str,
    groups: tuple[str, ...],
    pushed: Mapping[tuple[str, str, str], Sequence[Mapping[str, Any]]],
) -> RunningImage:
    repository = _of_ecr(image, region)
    reason = ""
    known: Sequence[Mapping[str, Any]] = ()
    if not digest:
        reason = "its digest is not known: it was not pulled yet"
    elif repository is None:
        reason = f"its repository {image} is no private one of ECR in this region"
    else:
        owner, name = repository
        known = pushed.get((owner, region, name), ())
        reason = "" if known else f"the repository {name} of {owner} was not read"
    own = next((row for row in known if row["image_digest"] == digest), None)
    if known and own is None:
        reason = "its digest is not in the repository any more"
    if own is None or own["image_pushed_at"] is None:
        return RunningImage(
            account=account,
            region=region,
            repository=image,
            digest=digest,
            runs=groups,
            state=PatchState.UNKNOWN,
            reasons=(reason or "when it was pushed is not known",),
        )
    later = [
        row
        for row in known
        if row["image_tags"]
        and row["image_pushed_at"] is not None
        and row["image_pushed_at"] > own["image_pushed_at"]
    ]
    newest = max(later, key=lambda row: row["image_pushed_at"], default=own)
    return RunningImage(
        account=account,
        region=region,
        repository=image,
        digest=digest,
        runs=groups,
        state=PatchState.BEHIND if later else PatchState.CURRENT,
        tags=tuple(own["image_tags"] or ()),
        pushed_at=own["image_pushed_at"],
        newest=newest["image_digest"],
        behind_by=len(later),
    )


def _of_ecr(image: str, region: str) -> tuple[str, str] | None:
    """The account and the name of a repository of ECR in a region; None for any other."""
    registry, _, name = image.partition("/")
    owner = registry.partition(".")[0]
    there = registry.startswith(f"{owner}.dkr.ecr.{region}.amazonaws.com") and owner.isdigit()
    return (owner, name) if there and name else None


def bases_of(snapshot: Snapshot, reader: Reader) -> Bases:
    """What bases are by now, as far as the repositories of a snapshot tell it."""
    tagged = {
        (row["account_id"], row["region"], f"{row['repository_name']}:{tag}"): (
            row["image_digest"],
            row["image_pushed_at"],
        )
        for row in _rows(snapshot, _IMAGES)
        for tag in row["image_tags"] or ()
    }
    return Bases(tagged, reader)


def with_origins(
    images: Iterable[RunningImage], snapshot: Snapshot, reader: Reader, bases: Bases
) -> list[RunningImage]:
    """Images with what their manifests say of where they came from, and whether their bases are others by now."""
    pipelines, projects = _pipelines(snapshot), _projects(snapshot, reader)
    return [_with_origin(image, bases, pipelines, projects, reader) for image in images]


def _with_origin(
    image: RunningImage,
    bases: Bases,
    pipelines: _Builders,
    projects: _Builders,
    reader: Reader,
) -> RunningImage:
    repository = _of_ecr(image.repository, image.region)
    if repository is None or image.pushed_at is None:
        return image
    owner, name = repository
    told, reason = _annotations(image, owner, name, reader)
    if reason:
        return msgspec.structs.replace(image, reasons=(*image.reasons, reason))
    base, base_digest = told.get(f"{_OCI}base.name"), told.get(f"{_OCI}base.digest")
    source = told.get(f"{_OCI}source")
    state, reasons = image.state, list(image.reasons)
    now = bases.now(base, image.account, image.region) if base else Now(None)
    older = now.since is not None and now.since <= image.pushed_at
    if base and now.digest is None:
        reasons.append(f"what its base {base} is by now is not known: {now.reason}")
    elif base and base_digest and now.digest != base_digest:
        if older:
            reasons.append(
                f"what its base {base} is by now is not known: {now.cached} has it as of before it was built"
            )
            now = Now(None)
        else:
            state = PatchState.BEHIND
            reasons.append(f"its base {base} is another image by now: build it again")
    address = address_of(source) if source else ""
    keys = [(image.account, image.region, text) for text in (address, address.partition("/")[2]) if text]
    builders = [builders[key] for builders in (pipelines, projects) for key in keys if key in builders]
    builder, builds = builders[0] if builders else (None, None)
    return msgspec.structs.replace(
        image,
        state=state,
        source=source,
        revision=told.get(f"{_OCI}revision"),
        base=base,
        base_digest=base_digest,
        base_now=now.digest,
        rebuilt_by=builds,
        rebuilt_with=builder,
        reasons=tuple(reasons),
    )


def _annotations(image: RunningImage, owner: str, name: str, reader: Reader) -> tuple[dict[str, str], str]:
    """What a manifest says of its image, or why that is not known."""
    read = Read(
        operation=Operation(
            name=MANIFEST,
            parameters={
                "registryId": owner,
                "repositoryName": name,
                "imageIds": [{"imageDigest": image.digest}],
                "acceptedMediaTypes": [
                    "application/vnd.oci.image.manifest.v1+json",
                    "application/vnd.oci.image.index.v1+json",
                    "application/vnd.docker.distribution.manifest.v2+json",
                    "application/vnd.docker.distribution.manifest.list.v2+json",
                ],
            },
        ),
        state="images[0].imageManifest",
    )
    try:
        manifest = reader.read(image.account, image.region, read)
        told = from_json(manifest or "{}").get("annotations") or {}
    except NotDone as error:
        return {}, f"where it came from is not known: {error}"
    except (ValueError, AttributeError):
        return {}, "where it came from is not known: its manifest cannot be read"
    if not isinstance(told, dict) or not any(str(key).startswith(_OCI) for key in told):
        return {}, "its manifest does not say where it came from (org.opencontainers.image.source)"
    return {str(key): str(value) for key, value in told.items()}, ""


def _pipelines(snapshot: Snapshot) -> _Builders:
    """The pipelines of CodePipeline, by the address that they start from: owner and name alone, by a connection."""
    addresses: _Builders = {}
    for row in rows_of(snapshot, _PIPELINES, ["account_id", "region", *_OF_PIPELINES]):
        for repository in row["source_repositories"] or ():
            key = (row["account_id"], row["region"], address_of(repository))
            addresses.setdefault(key, ("CodePipeline", row["name"]))
    return addresses


def _projects(snapshot: Snapshot, reader: Reader) -> _Builders:
    """The CodeBuild projects, by the address of what they build."""
    named: dict[tuple[str, str], list[str]] = {}
    for row in _rows(snapshot, _PROJECTS):
        named.setdefault((row["account_id"], row["region"]), []).append(row["name"])
    addresses: _Builders = {}
    for (account, region), names in named.items():
        for begin in range(0, len(names), 100):
            read = Read(
                operation=Operation(name=PROJECTS, parameters={"names": sorted(names)[begin : begin + 100]}),
                state="projects[].{Name: name, Location: source.location}",
            )
            try:
                projects = reader.read(account, region, read) or ()
            except NotDone:
                continue
            for project in projects:
                if project["Location"]:
                    key = (account, region, address_of(project["Location"]))
                    addresses.setdefault(key, ("CodeBuild", project["Name"]))
    return addresses


def address_of(location: str) -> str:
    """The address of a repository as all write it.

    >>> address_of("https://github.com/Example/Shop.git"), address_of("github.com/example/shop/")
    ('github.com/example/shop', 'github.com/example/shop')
    """
    bare = location.partition("://")[2] or location
    return bare.rpartition("@")[2].rstrip("/").removesuffix(".git").lower()


def rebuild(image: RunningImage, reader: Reader) -> Change | None:
    """The change that starts the build of an image anew; None where nothing is known that does.

    Raises NotDone where its builds cannot be read.
    """
    if image.rebuilt_by is None or image.rebuilt_with is None:
        return None
    return build(image.account, image.region, image.rebuilt_with, image.rebuilt_by, image.repository, reader)


def by_hand(image: RunningImage) -> str:
    """What a person runs to build an image anew that GitHub Actions builds; empty where nothing tells that it does."""
    host, _, name = address_of(image.source or "").partition("/")
    return (
        f"gh workflow run rebuild-images.yml --repo {name}, or name --pull-request"
        if host == "github.com" and name
        else ""
    )
