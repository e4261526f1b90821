"""Which artifact of a registry a revision means, and which of its layers holds the files.

Source: argo-cd `util/oci/client.go`, helm `pkg/registry`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.engine.versions import is_version
from bot.errors import Rejected
from bot.repository.charts.registry import Layer, Manifest, Reference, Registry, is_digest, tag_of
from bot.repository.versions import is_constraint, newest, there_are

_HELM: Final = "application/vnd.cncf.helm.config.v1+json"
_CHARTS: Final = frozenset({"application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip"})
_FILES: Final = frozenset({"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip"})
"""Argo CD's own (`--oci-layer-media-types`)."""
_CONTENT: Final = ("tar+gzip", "tar.gzip", "tar")
"""How the type of a layer ends that holds files; others are signatures and attestations."""
_MOST_LAYERS: Final = 10


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a revision means."""

    version: str
    """A chart's version, where it is asked for by that; else the manifest's digest, which Argo CD records too."""
    layer: Layer
    is_chart: bool


def artifact_of(registry: Registry, at: Reference, revision: str, *, chart: bool) -> Artifact:
    """Find what a tag, digest or constraint means; `chart` asks for a Helm chart of a version.

    Raises Rejected when there is none, in words that name the newest few, or when it is of another type.
    """
    named = "" if chart and is_constraint(revision) else revision
    tag = named if is_digest(named) else tag_of(named)
    manifest = registry.manifest(tag) if tag else None
    if manifest is None:
        tag = _tag(registry.tags(), at, revision)
        manifest = registry.manifest(tag)
    if manifest is None:
        raise Rejected(f"{at} lists {tag}, and has none")
    is_chart = manifest.config_type == _HELM
    if chart and not is_chart:
        raise Rejected(
            f"{at}:{tag} is no Helm chart", remedy="Name it as oci://… without `chart` if it holds manifests."
        )
    version, layer = tag.replace("_", "+"), _layer(manifest, f"{at}:{tag}", is_chart=is_chart)
    if chart and is_version(version):
        return Artifact(version, layer, is_chart)
    return Artifact(manifest.digest, layer, is_chart)  # a tag that may be another thing tomorrow names nothing


def _tag(tags: list[str], at: Reference, revision: str) -> str:
    """Return the tag of the newest version that a constraint allows."""
    versions = [tag.replace("_", "+") for tag in tags]
    if revision and not is_constraint(revision):
        raise Rejected(f"{at} has no {revision[:100]!r}; {there_are(versions)}")
    try:
        return tag_of(newest(revision, versions))
    except Rejected as error:
        raise Rejected(f"{at}: {error.message}") from error


def _layer(manifest: Manifest, name: str, *, is_chart: bool) -> Layer:
    if len(manifest.layers) > _MOST_LAYERS:
        raise Rejected(f"{name} has {len(manifest.layers)} layers; at most {_MOST_LAYERS} are taken")
    if is_chart:
        found = [layer for layer in manifest.layers if layer.media_type in _CHARTS]
    else:
        found = [layer for layer in manifest.layers if layer.media_type.endswith(_CONTENT)]
    if len(found) != 1:
        raise Rejected(f"{name} has {len(found)} layers of files; it has to have one")
    if not is_chart and found[0].media_type not in _FILES:
        raise Rejected(
            f"{name} has a layer of the type {found[0].media_type[:100]!a}",
            remedy=f"Push it as {' or '.join(sorted(_FILES))}.",
        )
    return found[0]
