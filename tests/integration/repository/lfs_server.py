"""A stand-in for the LFS server of a Git site, beside its repositories.

It takes and gives what https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md says, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.repository.servers import Answer, Site

MEDIA_TYPE = "application/vnd.git-lfs+json"
_OID = re.compile(r"[0-9a-f]{64}")


def pointer(content: bytes) -> str:
    """Return what stands in a repository for a file."""
    return pointer_of(hashlib.sha256(content).hexdigest(), len(content))


def pointer_of(oid: str, size: int) -> str:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"


@dataclass
class LfsStandIn:
    """The objects of all repositories of a site."""

    site: Site
    objects: dict[str, bytes] = field(default_factory=dict)
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What is said of an object instead of the truth, by its oid."""
    asked: list[list[str]] = field(default_factory=list)
    """The oids of each batch."""
    sent: list[dict[str, str]] = field(default_factory=list)
    """The headers of each request for an object."""

    def __post_init__(self) -> None:
        self.site.beside = self.answer

    def hold(self, content: bytes) -> str:
        """Take a file, and return what stands for it."""
        self.objects[hashlib.sha256(content).hexdigest()] = content
        return pointer(content)

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer | None:
        if path.endswith(".git/info/lfs/objects/batch"):
            return self._batch(headers, body)
        if not path.startswith("/objects/"):
            return None
        self.sent.append(dict(headers))
        found = self.objects.get(path.removeprefix("/objects/"))
        return (404, {}, b"") if found is None else (200, {"Content-Type": "application/octet-stream"}, found)

    def _batch(self, headers: Mapping[str, str], body: bytes) -> Answer:
        asked = json.loads(body)
        right = (
            all(headers[name].partition(";")[0] == MEDIA_TYPE for name in ("Accept", "Content-Type"))
            and asked.keys() <= {"operation", "transfers", "ref", "objects", "hash_algo"}
            and asked["operation"] == "download"
            and "basic" in asked.get("transfers", ["basic"])
            and asked.get("hash_algo", "sha256") == "sha256"
            and all(_OID.fullmatch(one["oid"]) and one["size"] >= 0 and len(one) == 2 for one in asked["objects"])
        )
        if not right:
            return 422, {"Content-Type": MEDIA_TYPE}, b'{"message": "that is no request of a batch"}'
        self.asked.append([one["oid"] for one in asked["objects"]])
        objects = [self._object(one) for one in asked["objects"]]
        answer = {"transfer": "basic", "objects": objects, "hash_algo": "sha256"}
        return 200, {"Content-Type": MEDIA_TYPE}, json.dumps(answer).encode()

    def _object(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        oid = asked["oid"]
        if oid in self.actions:
            return {**asked, **self.actions[oid]}
        if oid not in self.objects:
            return {**asked, "error": {"code": 404, "message": "Object does not exist"}}
        return {**asked, "actions": {"download": {"href": f"{self.site.url}/objects/{oid}", "expires_in": 60}}}
