"""A GitHub on the loopback: one repository, and only what GitHub documents of the calls that a pull request takes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import served

TOKEN = "ghp_0123456789"


@dataclass
class Repository:
    """A repository: commits by branch, newest last, files by commit, and pull requests. `log` is what was asked."""

    name: str = "example/api"
    files: dict[str, str] = field(default_factory=dict)
    url: str = ""
    fails: dict[str, int] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.commits = {"c0": ("first", dict(self.files))}
        self.branches = {"main": "c0"}

    def commit(self, branch: str, path: str, text: str, message: str) -> str:
        """Add a commit to a branch."""
        name = f"c{len(self.commits)}"
        self.commits[name] = (message, {**self.commits[self.branches[branch]][1], path: text})
        self.branches[branch] = name
        return name

    def answer(self, method: str, address: str, body: Any) -> tuple[int, Any]:
        """The status and answer of a call."""
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        prefix = f"/repos/{self.name}"
        assert parts.path.startswith(prefix), address
        path = parts.path.removeprefix(prefix)
        self.log.append((method, path))
        if status := self.fails.pop(f"{method} {path.partition('/')[2].partition('/')[0]}", 0):
            return status, {"message": "Server Error"}
        match method, path.split("/")[1:]:
            case "GET", []:
                return 200, {"default_branch": "main"}
            case "GET", ["commits", *name]:
                return self._commit("/".join(name))
            case "GET", ["contents", *name]:
                return self._file("/".join(name), query["ref"])
            case "GET", ["pulls"]:
                owner, _, branch = query["head"].partition(":")
                assert owner == "example" and query["state"] == "open"
                return 200, [pull for pull in self.pulls if (pull["head"], pull["state"]) == (branch, "open")]
            case "POST", ["git", "refs"]:
                return self._branch(body)
            case "DELETE", ["git", "refs", "heads", *name]:
                self.branches.pop("/".join(name))
                return 204, None
            case "PUT", ["contents", *name]:
                return self._put("/".join(name), body)
            case "POST", ["pulls"]:
                assert set(body) == {"title", "head", "base", "body"} and {body["head"], body["base"]} <= {
                    *self.branches
                }
                pull = {**body, "number": len(self.pulls) + 7, "state": "open", "html_url": f"{self.url}/pull"}
                self.pulls.append(pull)
                return 201, pull
            case "PATCH", ["pulls", number]:
                assert body == {"state": "closed"}
                (pull,) = (pull for pull in self.pulls if pull["number"] == int(number))
                pull["state"] = "closed"
                return 200, pull
        raise AssertionError((method, address))

    def _commit(self, branch: str) -> tuple[int, Any]:
        if branch not in self.branches:
            return 422, {"message": f"No commit found for SHA: {branch}"}
        name = self.branches[branch]
        return 200, {"sha": name, "commit": {"message": self.commits[name][0]}}

    def _file(self, path: str, ref: str) -> tuple[int, Any]:
        files = self.commits[self.branches.get(ref, ref)][1]
        if path not in files:
            return 404, {"message": "Not Found"}
        content = base64.encodebytes(files[path].encode()).decode()
        return 200, {"sha": blob(files[path]), "content": content, "encoding": "base64"}

    def _branch(self, body: Any) -> tuple[int, Any]:
        assert set(body) == {"ref", "sha"} and body["ref"].startswith("refs/heads/")
        branch = body["ref"].removeprefix("refs/heads/")
        if branch in self.branches:
            return 422, {"message": "Reference already exists"}
        self.branches[branch] = body["sha"]
        return 201, {"ref": body["ref"], "object": {"sha": body["sha"]}}

    def _put(self, path: str, body: Any) -> tuple[int, Any]:
        assert set(body) == {"message", "content", "sha", "branch"}
        there = self.commits[self.branches[body["branch"]]][1].get(path, "")
        if blob(there) != body["sha"]:
            return 409, {"message": f"{path} does not match {body['sha']}"}
        text = base64.b64decode(body["content"], validate=True).decode()
        name = self.commit(body["branch"], path, text, body["message"])
        return 200, {"commit": {"sha": name}}


def blob(text: str) -> str:
    """Git's name for a file."""
    return hashlib.sha1(f"blob {len(text.encode())}\0{text}".encode(), usedforsecurity=False).hexdigest()


@contextmanager
def github(repository: Repository) -> Iterator[str]:
    """The address of a GitHub that has a repository."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                status, answer = 401, {"message": "Bad credentials"}
            else:
                assert self.headers["X-GitHub-Api-Version"] == "2022-11-28"
                assert self.headers["Accept"] == "application/vnd.github+json"
                status, answer = repository.answer(self.command, self.path, body)
            raw = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - as the library has them

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with served(HTTPServer(("127.0.0.1", 0), Handler)) as url:
        repository.url = url
        yield url
