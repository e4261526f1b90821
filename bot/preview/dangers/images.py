"""Which images an application runs, what they become, and which of them may change without a commit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.model.dangers import Danger, ImageChange
from bot.preview.dangers import sorts
from bot.preview.dangers.fields import mapping, text
from bot.preview.dangers.workloads import containers, pod_template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.resources import JsonObject
    from bot.preview.dangers.scene import Scene, Subject


def mutable_tags(subject: Subject) -> Iterator[Danger]:
    """Tell of images that an object begins to run and that somebody else may exchange."""
    had = set(_images(subject.before).values())
    for image in dict.fromkeys(_images(subject.after).values()):
        if image not in had and is_mutable(image):
            yield sorts.MUTABLE_TAG.danger(f"runs {image}: what that is may change without a commit")


def changed_images(scene: Scene) -> tuple[ImageChange, ...]:
    """Return which image becomes which, and in how many objects; the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    for subject in scene.subjects:
        before, after = _images(subject.before), _images(subject.after)
        pairs = {(before[name], image) for name, image in after.items() if before.get(name, image) != image}
        counts.update(pairs)
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(ImageChange(old, new, workloads) for (old, new), workloads in ordered)


def is_mutable(image: str) -> bool:
    """Tell whether an image is named by the tag `latest`, or by none at all, and by no digest."""
    if not image or "@" in image:
        return False
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return not colon or tag == "latest"


def _images(obj: JsonObject | None) -> dict[str, str]:
    """Return the images of an object's pods by container."""
    template = pod_template(obj) if obj is not None else None
    if template is None:
        return {}
    found = ((text(each.get("name")), text(each.get("image"))) for each in containers(mapping(template, "spec")))
    return {name: image for name, image in found if image}
