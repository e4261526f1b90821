"""A repository of an OCI registry: tags, manifests and blobs, every byte held against its digest.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, Self
from urllib.parse import urlencode, urljoin

from bot.errors import Rejected
from bot.model.credentials import Credentials
from bot.repository.charts.challenges import Challenge, challenges_of
from bot.repository.fetching import ANONYMOUS, Answer, Client, Request, Sink, authorization_of
from bot.repository.guard import Origin, origin_of, shown

SCHEME: Final = "oci://"
_NAME: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST: Final = re.compile(r"(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128})")
_MANIFEST_TYPES: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_ACCEPTED: Final = {"Accept": ", ".join(_MANIFEST_TYPES)}
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_MOST_TAGS: Final = 100_000
_TAGS_A_PAGE: Final = 1_000
_MOST_PAGES: Final = 2_000
"""Pages of tags: those registries that give the fewest at once give 50."""
_LONGEST_LIST: Final = 120.0
"""Seconds that all pages may take together."""
_MOST_LAYERS: Final = 100
_MOST_JSON: Final = 4 * 1024 * 1024
"""Bytes of a manifest or a page of tags; the specification asks registries to take manifests of 4 MiB."""
_LONGEST_ETAG: Final = 200
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,65536}")
_DOCKER_HUB: Final = "registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class Reference:
    """A repository in a registry."""

    origin: Origin
    name: str

    @classmethod
    def of(cls, url: str, *, chart: str = "", plain_http: bool = False) -> Self:
        """Read `oci://host/path`, or the same without the scheme; Rejected when it is none.

        `chart` is one more part of the path, as Helm and Argo CD have it.
        """
        bare = url.removeprefix(SCHEME).strip("/")
        host, _, path = bare.partition("/")
        name = "/".join(part for part in (path, chart.strip("/")) if part)
        origin = origin_of(f"{'http' if plain_http else 'https'}://{host}/")
        if not _NAME.fullmatch(name):
            raise Rejected(f"{shown(SCHEME + bare)} names no repository of a registry", remedy="Use oci://host/path.")
        if origin.host in {"docker.io", "index.docker.io"}:
            origin = replace(origin, host=_DOCKER_HUB)
        return cls(origin, name)

    def __str__(self) -> str:
        """Write it as people know it."""
        return f"{SCHEME}{self.origin.authority}/{self.name}"


@dataclass(frozen=True, slots=True)
class Layer:
    """A blob that a manifest lists."""

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artifact consists of."""

    digest: str
    config_type: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of a repository."""

    tags: list[str]
    etag: str = ""
    """What to ask with the next time; empty where there is nothing."""
    unchanged: bool = False
    """Whether they are what they were, and are not listed."""


def is_digest(revision: str) -> bool:
    """Whether a revision names content and not a tag."""
    return _DIGEST.fullmatch(revision) is not None


def tag_of(version: str) -> str:
    """Return the tag of a version: tags have no `+`, and Helm writes `_` for it."""
    return version.replace("+", "_")


class Registry:
    """Reads one repository; authenticates when it is asked to, by what `access` holds."""

    def __init__(self, client: Client, reference: Reference, access: Credentials = ANONYMOUS) -> None:
        self._client = client
        self._at = reference
        self._access = access
        self._unnamed = replace(access, username="", password="", bearer_token="")
        self._authorization = authorization_of(replace(ANONYMOUS, bearer_token=access.bearer_token))

    def tags(self) -> list[str]:
        """Return every tag, page by page; Rejected when there is no such repository or nothing may be read."""
        return self.tags_unless("").tags

    def tags_unless(self, etag: str) -> Tags:
        """Return every tag, or that they are what was answered with `etag`, the ETag of the first and only page."""
        url = f"{self._base}/tags/list?n={_TAGS_A_PAGE}"
        found: list[str] = []
        seen = set[str]()
        only = ""
        end = time.monotonic() + _LONGEST_LIST
        while url:
            into = io.BytesIO()
            answer = self._get(url, into, headers={"If-None-Match": etag} if etag and not seen else {})
            if etag and not seen and answer.status == HTTPStatus.NOT_MODIFIED:
                return Tags([], etag, unchanged=True)
            self._refuse_failure(answer, "it has no such repository")
            only = "" if seen else _etag(answer)
            tags = _parsed(into.getvalue(), self._at).get("tags")
            listed = tags if isinstance(tags, list) else []
            found.extend(tag for tag in listed if isinstance(tag, str) and _TAG.fullmatch(tag))
            seen.add(url)
            url = _next_page(answer)
            if url and (url in seen or origin_of(url) != self._at.origin):
                raise Rejected(f"{self._at}: the registry's list of tags leads elsewhere, or in a circle")
            if len(found) > _MOST_TAGS or (url and (len(seen) >= _MOST_PAGES or time.monotonic() > end)):
                raise Rejected(f"{self._at}: the registry's list of tags does not end")
        # Of several pages each has an ETag of its own, and the first says nothing about the others.
        return Tags(found, only if len(seen) == 1 else "")

    def digest(self, tag: str) -> str:
        """Return what a tag stands for now, by a request that registries do not count as a pull; empty: no such tag."""
        if not _TAG.fullmatch(tag):
            return ""
        answer = self._get(f"{self._base}/manifests/{tag}", io.BytesIO(), only_headers=True, headers=_ACCEPTED)
        if answer.status == HTTPStatus.NOT_FOUND:
            return ""
        self._refuse_failure(answer, "it has no such artifact")
        digest = answer.header("Docker-Content-Digest")
        if not is_digest(digest):
            raise Rejected(f"{self._at}: the registry does not say what {tag} stands for")
        return digest

    def annotations(self, tag: str) -> dict[str, str]:
        """Return what the publisher says of a tag in its manifest or index, unverified; empty: nothing."""
        into = io.BytesIO()
        answer = self._get(f"{self._base}/manifests/{tag}", into, headers=_ACCEPTED)
        self._refuse_failure(answer, "it has no such artifact")
        said = _parsed(into.getvalue(), self._at).get("annotations")
        pairs = said.items() if isinstance(said, dict) else ()
        return {name: value for name, value in pairs if isinstance(value, str)}

    def manifest(self, revision: str) -> Manifest | None:
        """Return the manifest of a tag or digest, its digest checked; None when there is none."""
        if not (_TAG.fullmatch(revision) or is_digest(revision)):
            return None
        into = io.BytesIO()
        answer = self._get(f"{self._base}/manifests/{revision}", into, headers=_ACCEPTED)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        self._refuse_failure(answer, "it has no such artifact")
        content = into.getvalue()
        told = revision if is_digest(revision) else answer.header("Docker-Content-Digest")
        digest = told if is_digest(told) else f"sha256:{hashlib.sha256(content).hexdigest()}"
        checked = _Checked(io.BytesIO(), digest)
        checked.write(content)
        checked.refuse_other(f"the manifest of {self._at}")
        return _manifest(_parsed(content, self._at), digest, self._at)

    def blob(self, layer: Layer, into: Sink) -> None:
        """Write a blob into a file; Rejected unless it is what its digest says."""
        checked = _Checked(into, layer.digest)
        answer = self._get(f"{self._base}/blobs/{layer.digest}", checked, most=layer.size)
        self._refuse_failure(answer, "it lacks a part of the artifact")
        checked.refuse_other(f"a part of {self._at}")

    @property
    def _base(self) -> str:
        return f"{self._at.origin}/v2/{self._at.name}"

    def _get(
        self,
        url: str,
        into: Sink,
        *,
        most: int = _MOST_JSON,
        only_headers: bool = False,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> Answer:
        request = Request(
            url, self._at.origin, self._unnamed, headers, self._authorization, most, only_headers=only_headers
        )
        answer = self._client.get(request, into)
        # Only the registry itself may say whom to show credentials to, not whoever it redirects to.
        if answer.status == HTTPStatus.UNAUTHORIZED and origin_of(answer.url) == self._at.origin:
            self._authorization = self._authorized(answer)
            answer = self._client.get(replace(request, authorization=self._authorization), into)
        return answer

    def _authorized(self, answer: Answer) -> str:
        """Return the Authorization header that a registry asks for; empty when nothing is known that it takes."""
        for challenge in challenges_of(", ".join(answer.headers.get_all("WWW-Authenticate") or [])):
            if challenge.scheme == "bearer" and challenge.get("realm"):
                return f"Bearer {self._token(challenge)}"
            if challenge.scheme == "basic":
                return authorization_of(replace(self._access, bearer_token=""))
        return ""

    def _token(self, challenge: Challenge) -> str:
        """Ask the token service that the registry names for a token to pull with."""
        realm = challenge.get("realm")
        home = origin_of(realm)
        if self._at.origin.scheme == "https" and home.scheme != "https":
            raise Rejected(f"{self._at}: the registry would have credentials sent over plain http")
        asked = {"service": challenge.get("service"), "scope": f"repository:{self._at.name}:pull"}
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode({key: one for key, one in asked.items() if one})}"
        access = replace(self._access, bearer_token="")
        if home != self._at.origin:
            access = replace(access, client_certificate="", client_key="")
        into = io.BytesIO()
        answer = self._client.get(Request(url, home, access, most=_MOST_JSON), into)
        self._refuse_failure(answer, "its token service is not there")
        body = _parsed(into.getvalue(), self._at)
        token = body.get("token") or body.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise Rejected(f"{self._at}: the registry's token service gives no token")
        return token

    def _refuse_failure(self, answer: Answer, missing: str) -> None:
        if answer.status == HTTPStatus.NOT_FOUND:
            raise Rejected(f"{self._at}: {missing}")
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise Rejected(
                f"{self._at}: the registry denies access",
                remedy="Check the name, and the credentials that Foresail has for it.",
            )
        if answer.status != HTTPStatus.OK:
            raise Rejected(f"{self._at}: the registry answers {answer.status}")


class _Checked:
    """Hashes what is written through it."""

    def __init__(self, into: Sink, digest: str) -> None:
        algorithm, _, self._wanted = digest.partition(":")
        self._hash = hashlib.new(algorithm)
        self._into = into

    def write(self, data: bytes, /) -> None:
        self._hash.update(data)
        self._into.write(data)

    def refuse_other(self, what: str) -> None:
        if self._hash.hexdigest() != self._wanted:
            raise Rejected(f"{what} is not what its digest says")


def _etag(answer: Answer) -> str:
    etag = answer.header("ETag")
    return etag if etag.isascii() and etag.isprintable() and len(etag) <= _LONGEST_ETAG else ""


def _next_page(answer: Answer) -> str:
    found = re.search(r'<([^<>]+)>\s*;\s*rel="?next"?', answer.header("Link"))
    try:
        return urljoin(answer.url, found[1]) if found else ""
    except ValueError:
        raise Rejected(f"{shown(answer.url)}: the registry's list of tags leads nowhere") from None


def _parsed(content: bytes, at: Reference) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Rejected(f"{at}: the registry's answer is not what the distribution specification says")
    return value


def _manifest(body: dict[str, Any], digest: str, at: Reference) -> Manifest:
    layers, config = body.get("layers"), body.get("config")
    if isinstance(body.get("manifests"), list):
        raise Rejected(f"{at} is an index of several artifacts; name the digest of one")
    if not isinstance(layers, list) or len(layers) > _MOST_LAYERS or not isinstance(config, dict):
        raise Rejected(f"{at} has a manifest that is none of an artifact")
    return Manifest(
        digest=digest,
        config_type=str(config.get("mediaType") or ""),
        layers=tuple(_layer(layer, at) for layer in layers),
    )


def _layer(layer: Any, at: Reference) -> Layer:
    described = layer if isinstance(layer, dict) else {}
    media, digest, size = (described.get(name) for name in ("mediaType", "digest", "size"))
    right = isinstance(media, str) and isinstance(digest, str) and isinstance(size, int) and size >= 0
    if not right or not is_digest(str(digest)):
        raise Rejected(f"{at} has a manifest that is none of an artifact")
    return Layer(str(media), str(digest), int(str(size)))
