"""What one application, or one folder, of a checkout wants: its manifests, as the server renders and places them."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.applications import our_applications
from bot.cli.checkout import Checkout
from bot.cli.folder import Folder
from bot.cli.local import connected
from bot.cli.preview import readable
from bot.errors import Rejected
from bot.model.changes import repository_identity
from bot.prediction.desired import Wanted
from bot.prediction.trees import Sides, Tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.cli.asked import Asked
    from bot.cli.local import Local
    from bot.model.applications import Application
    from bot.model.resources import JsonObject
    from bot.settings import Settings


def render(asked: Asked, settings: Settings, *, say: Callable[[str], None]) -> list[JsonObject]:
    """Return the manifests that `asked` wants, in the order of a render; `say` is told what takes time.

    Raises Rejected with the tool's words where it cannot be rendered, Temporary when something cannot be reached now.
    """
    with readable():
        say("reading the checkout")
        checkout = Checkout.around(Path.cwd())
        head = checkout.head(asked.head)
        identity = repository_identity(checkout.urls[0])
        tree = Tree(identity, checkout.mirror, checkout.mirror.tree_of(head.commit), head.commit)
        with connected(settings, context=asked.context, tracks=asked.folder is None) as local:
            application, tree = _application(asked, checkout, local, tree)
            say(f"rendering {application.name}")
            desired = local.sources.desired([Wanted(application, tree, predicts=True)])[0]
    if desired.failure:
        raise Rejected(desired.failure)
    return list(desired.targets.objects.values())


def _application(asked: Asked, checkout: Checkout, local: Local, tree: Tree) -> tuple[Application, Tree]:
    """Return what is asked for, and the tree as its sources name the repository."""
    if asked.folder is not None:
        return Folder.asked(asked, checkout, namespace=local.context_namespace).application, tree
    ours = our_applications(local, Sides(tree, tree), urls=checkout.urls)
    found = {pair.either.name: pair.either for pair in ours.candidates}
    names = asked.only or tuple(found)
    if len(names) != 1 or names[0] not in found:
        words = "; ".join([_which(names, found), *ours.notes])
        raise Rejected(words, remedy="Name one by --app, or a folder by --path.")
    named = Tree(repository_identity(ours.url), tree.mirror, tree.tree_id, tree.commit)
    return found[names[0]], named


def _which(names: tuple[str, ...], found: dict[str, Application]) -> str:
    if not found:
        return "no application comes from this repository"
    if len(names) == 1:
        near = get_close_matches(names[0], found, n=3) or sorted(found)[:10]
        return f"no application {names[0]!r} comes from this repository; there is: {', '.join(near)}"
    return f"{len(found)} applications come from this repository: {', '.join(sorted(found)[:10])}"
