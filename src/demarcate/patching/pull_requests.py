"""A pull request that builds an image on its base as it is now, as a change: a branch, a commit, and the request.

The commit names in the Dockerfile the digest that the base has now, so that merging it builds anew, and whoever reviews
it sees on what. Undone, the request is closed and its branch deleted, but only while nobody else has added to it.

https://docs.docker.com/reference/dockerfile/#from
"""

from __future__ import annotations

import base64
import re
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from demarcate.base.errors import DemarcateError
from demarcate.base.fetching import is_loopback, shown_url
from demarcate.changes.github import URL
from demarcate.changes.planning import Reader, make_change
from demarcate.changes.structs import Change, Operation, Read, Step, Undo
from demarcate.changes.values import literal
from demarcate.checks.remedies import AFTER
from demarcate.patching.bases import Bases, Now, qualified
from demarcate.patching.images import RunningImage, address_of

DOCKERFILE: Final = "Dockerfile"

_REPOSITORY: Final = re.compile(r"[a-z0-9_-][a-z0-9_.-]*/[a-z0-9_-][a-z0-9_.-]*", re.ASCII)
_IMAGE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*", re.ASCII)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_FROM: Final = re.compile(
    r"(\s*FROM\s+(?:--platform=\S+\s+)?)(\S+)((?:\s+AS\s+\S+)?\s*)", re.IGNORECASE | re.ASCII
)


_HEAD: Final = "{sha: sha, message: commit.message}"


class NoPullRequest(DemarcateError):
    """No pull request can be planned; the text says why."""


def pull_request(
    image: RunningImage, path: str, api: str, reader: Reader, bases: Bases, given: str | None = None
) -> Change:
    """The change that opens a pull request for a Dockerfile at a path of what an image was built of.

    The base is the one that is `given` with its digest (NAME@sha256:…), the one that the image's manifest names, or the
    one that all stages of the Dockerfile are on. `api` is the address of GitHub's interface.

    Raises NoPullRequest where there is nothing to ask for or it is not known what, and NotDone where GitHub does not
    tell what is there.
    """
    repository = _repository(image, api)
    if given is not None and not _given(given):
        raise NoPullRequest(f"--base takes a name with its digest, such as python:3.12@sha256:…, not {given!r}")
    if given is None and image.base is not None and image.base_now is None:
        raise _unknown(image.repository, image.base, bases.now(image.base, image.account, image.region))
    if PurePosixPath(path).is_absolute() or {"..", ".", ""} & set(path.split("/")):
        raise NoPullRequest(f"{path!r} is no path in a repository")
    here = {"api": api, "repository": repository}

    def read(name: str, shape: str, absent: tuple[str, ...] = (), **parameters: Any) -> tuple[Read, Any]:
        operation = Operation(name=f"github.{name}", parameters={**here, **parameters})
        reads = Read(operation=operation, state=shape, absent=absent)
        return reads, reader.read(image.account, image.region, reads)

    main = read("get_repository", "default_branch")[1]
    before = read("get_commit", _HEAD, branch=main)[1]
    file = read("get_contents", "{sha: sha, content: content}", ("404",), path=path, ref=before["sha"])[1]
    if not isinstance(file, dict) or not file.get("content"):
        raise NoPullRequest(f"{repository} has no {path}: name its Dockerfile (--dockerfile)")
    written = _text(file["content"], path)
    base, digest, built_on = _base(image, written, path, bases, given)
    text, line = with_base(written, base, digest, path)
    branch = f"demarcate/base-{digest.partition(':')[2][:12]}"
    owner = repository.partition("/")[0]
    pulls, open_ = read(
        "list_pulls", "[0].{number: number, url: html_url}", head=f"{owner}:{branch}", state="open"
    )
    if open_ is not None:
        raise NoPullRequest(f"{open_['url']} asks for it already")
    tip, there = read("get_commit", _HEAD, ("404", "422"), branch=branch)
    if there is not None:
        raise NoPullRequest(f"{repository} has a branch {branch} already: delete it, or open its pull request")
    message = f"Build on {base} as of {digest}"
    steps = (
        (
            Operation(
                name="github.create_ref",
                parameters={**here, "ref": f"refs/heads/{branch}", "sha": before["sha"]},
            ),
            tip,
            None,
            "@ != null",
            Undo(operation=Operation(name="github.delete_ref", parameters={**here, "branch": branch})),
        ),
        (
            Operation(
                name="github.put_contents",
                parameters={
                    **here,
                    "path": path,
                    "branch": branch,
                    "sha": file["sha"],
                    "message": message,
                    "content": base64.b64encode(text.encode()).decode(),
                },
            ),
            tip,
            before,
            f"message && starts_with(message, {literal(message)})",
            Undo(
                operation=Operation(name="github.delete_ref", parameters={**here, "branch": branch}),
                done="@ == null",
            ),
        ),
        (
            Operation(
                name="github.create_pull",
                parameters={
                    **here,
                    "title": message[:100],
                    "head": branch,
                    "base": main,
                    "body": f"`{path}`, line {line}: the base `{base}` is `{digest}` by now"
                    + (f", and `{image.repository}` was built on `{built_on}`" if built_on else "")
                    + ". Merge it to build the image anew.",
                },
            ),
            pulls,
            None,
            "@ != null",
            Undo(
                operation=Operation(
                    name="github.close_pull", parameters={**here, "number": {AFTER: "number"}, "state": "closed"}
                )
            ),
        ),
    )
    return make_change(
        f"ask {repository} to build {image.repository.rpartition('/')[2]} on its base as it is now",
        "hand",
        image.repository,
        [
            Step(
                account=image.account,
                region=image.region,
                resource=f"{_host(api)}/{repository}",
                do=do,
                reads=reads,
                before=was,
                done=done,
                undo=undo,
                responsibility="patch-management.update-container-images",
            )
            for do, reads, was, done, undo in steps
        ],
    )


def _given(text: str) -> tuple[str, str] | None:
    """The name and the digest of a base; None for what is none."""
    name, _, digest = text.partition("@")
    return (name, digest) if _IMAGE.fullmatch(name) and _DIGEST.fullmatch(digest) else None


def _base(
    image: RunningImage, text: str, path: str, bases: Bases, given: str | None
) -> tuple[str, str, str | None]:
    """The name of a base, its digest by now, and the one that the image was built on, where that is known.

    Raises NoPullRequest where it is not known which the base is, or what it is by now.
    """
    told = _given(given or "")
    if told is not None:
        return *told, image.base_digest if image.base == told[0] else None
    if image.base is not None:
        if not (_IMAGE.fullmatch(image.base) and _DIGEST.fullmatch(image.base_now or "")):
            raise _unknown(image.repository, image.base, Now(None, "its manifest names no image"))
        return image.base, image.base_now or "", image.base_digest
    written = bases_in(text)
    if len(written) != 1:
        several = f"{path} is on {' and '.join(written)}" if written else f"{path} names none"
        raise NoPullRequest(
            f"{image.repository}: its manifest does not say on which base it was built, and {several}: say which "
            "(--base NAME@sha256:…)"
        )
    ((name, pinned),) = written.items()
    now = bases.now(name, image.account, image.region)
    if now.digest is None or not _IMAGE.fullmatch(name):
        raise _unknown(image.repository, name, now)
    return name, now.digest, pinned or None


def _unknown(repository: str, base: str, now: Now) -> NoPullRequest:
    reason = now.reason or "the cache has it as of before the image was built"
    return NoPullRequest(
        f"{repository}: what its base {base} is by now is not known: {reason}; say it with --base {base}@sha256:…"
    )


def bases_in(text: str) -> dict[str, str]:
    """The bases that a Dockerfile names, each with its digest, "" where it has none: no stages of its own, and none
    that a variable names.

    >>> bases_in("FROM python:3.12@sha256:1 AS a\\nFROM a\\nFROM $OTHER\\nFROM scratch\\n")
    {'python:3.12': 'sha256:1'}
    """
    named: dict[str, str] = {}
    stages: set[str] = {"scratch"}
    for line in text.splitlines():
        match = _FROM.fullmatch(line)
        if match is None:
            continue
        name, _, digest = match[2].partition("@")
        if "$" not in name and name.lower() not in stages:
            named[name] = named.get(name) or digest
        if stage := match[3].split()[1:]:
            stages.add(stage[0].lower())
    return named


def _host(api: str) -> str:
    """The host of what an interface is of.

    >>> _host("https://api.github.com"), _host("https://git.example.com/api/v3")
    ('github.com', 'git.example.com')
    """
    return (urlsplit(api).hostname or "").removeprefix("api.")


def _repository(image: RunningImage, api: str) -> str:
    """The owner and name of what an image was built of. Raises NoPullRequest for what is at no GitHub that is set."""
    host, _, name = address_of(image.source or "").partition("/")
    if not host or _REPOSITORY.fullmatch(name) is None:
        raise NoPullRequest(f"{image.repository}: it does not say of which repository of GitHub it was built")
    if host != _host(api) and not is_loopback(api):
        raise NoPullRequest(
            f"{image.repository}: it was built of {host}/{name}, and {shown_url(api)} is asked: set github-url to the "
            f"address of its interface ({URL}, or https://HOST/api/v3 of an Enterprise Server)"
        )
    return name


def _text(content: str, path: str) -> str:
    try:
        return base64.b64decode(content).decode()
    except ValueError as error:
        raise NoPullRequest(f"{path}: is not UTF-8 text") from error


def with_base(text: str, base: str, digest: str, path: str) -> tuple[str, int]:
    """A Dockerfile whose stages on a base name its digest, and the first line that is another then.

    >>> with_base("FROM python:3.12 AS build\\nRUN make\\n", "python:3.12", "sha256:1", "Dockerfile")
    ('FROM python:3.12@sha256:1 AS build\\nRUN make\\n', 1)

    Raises NoPullRequest where no stage names the base, or all that do have that digest.
    """
    lines = text.splitlines(keepends=True)
    changed, written, made = [], [], False
    for number, line in enumerate(lines, 1):
        match = _FROM.fullmatch(line)
        if match is None:
            continue
        name, _, _ = match[2].partition("@")
        if "$" in name:
            written.append(f"line {number} names its base by a variable")
        elif qualified(name) == qualified(base):
            made = True
            if (new := f"{match[1]}{name}@{digest}{match[3]}") != line:
                lines[number - 1] = new
                changed.append(number)
    if changed:
        return "".join(lines), changed[0]
    if made:
        raise NoPullRequest(f"{path}: names {digest} already: build it anew")
    raise NoPullRequest("; ".join([f"{path}: no FROM names {base}", *written]))
