"""Which image the name of a base is by now: as a repository of ECR has it, or a pull-through cache there.

No other registry is asked: what a cache of the account has of it is the digest as of when the cache last brought it in.
Where there is none, somebody who knows the digest says it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
https://github.com/distribution/reference/blob/main/normalize.go
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from demarcate.changes.planning import Reader
from demarcate.changes.reach import NotDone
from demarcate.changes.structs import Operation, Read

RULES: Final = "ecr.describe_pull_through_cache_rules"

Place = tuple[str, str]
"""An account and a region."""

Tagged = Mapping[tuple[str, str, str], tuple[str, datetime | None]]
"""The digest of each tag of a repository, and when it was pushed, by account, region and "repository:tag"."""

_HUB: Final = "docker.io"
_OF_HUB: Final = frozenset({"registry-1.docker.io", "index.docker.io"})
_ROOT: Final = "ROOT"
"""What a prefix is called that is none."""


@dataclass(frozen=True, slots=True)
class Now:
    """What a base is by now. Without a digest, `reason` says why it is not known.

    `cached` is the repository of a cache that has it, `since` when it was brought in there.
    """

    digest: str | None
    reason: str = ""
    cached: str = ""
    since: datetime | None = None


def qualified(name: str) -> tuple[str, str, str]:
    """The registry, the repository and the tag that the name of an image means.

    >>> qualified("python:3.12"), qualified("ghcr.io/example/base@sha256:1")
    (('docker.io', 'library/python', '3.12'), ('ghcr.io', 'example/base', 'latest'))
    """
    bare = name.partition("@")[0]
    first, slash, rest = bare.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, bare = first, rest
    else:
        registry, bare = _HUB, bare if slash else f"library/{bare}"
    repository, _, tag = bare.partition(":")
    return (_HUB if registry in _OF_HUB else registry), repository, tag or "latest"


class Bases:
    """What bases are by now, in repositories of ECR that were read. Rules of caches are read as they are needed."""

    def __init__(self, tagged: Tagged, reader: Reader) -> None:
        self._tagged, self._reader = tagged, reader
        self._rules: dict[Place, list[Mapping[str, Any]] | str] = {}

    def now(self, name: str, account: str, region: str) -> Now:
        """What the base of an image of an account and region is by now."""
        registry, repository, tag = qualified(name)
        owner = registry.partition(".")[0]
        if owner.isdigit() and registry.startswith(f"{owner}.dkr.ecr."):
            told = self._tagged.get((owner, region, f"{repository}:{tag}"))
            return Now(told[0]) if told else Now(None, "it is no image of a repository that was read")
        rules = self._rules_of(account, region)
        if isinstance(rules, str):
            return Now(None, f"the rules of caches cannot be read: {rules}")
        for rule in rules:
            cached = _cached(rule, registry, repository)
            told = self._tagged.get((account, region, f"{cached}:{tag}")) if cached else None
            if told:
                return Now(told[0], "", cached, told[1])
        return Now(None, f"it is of {registry}, and no pull-through cache of ECR has it")

    def _rules_of(self, account: str, region: str) -> list[Mapping[str, Any]] | str:
        place = account, region
        if place not in self._rules:
            read = Read(operation=Operation(name=RULES), state="pullThroughCacheRules", pages=True)
            try:
                self._rules[place] = list(self._reader.read(account, region, read) or ())
            except NotDone as error:
                self._rules[place] = str(error)
        return self._rules[place]


def _cached(rule: Mapping[str, Any], registry: str, repository: str) -> str:
    """The repository in which a rule caches one of a registry; empty where it does not."""
    upstream = str(rule.get("upstreamRegistryUrl") or "")
    if registry != (_HUB if upstream in _OF_HUB else upstream):
        return ""
    theirs, ours = (str(rule.get(name) or _ROOT) for name in ("upstreamRepositoryPrefix", "ecrRepositoryPrefix"))
    if theirs != _ROOT:
        if not repository.startswith(f"{theirs}/"):
            return ""
        repository = repository.removeprefix(f"{theirs}/")
    return repository if ours == _ROOT else f"{ours}/{repository}"
