"""The Applications that a command is about, in the cluster that the kubeconfig names."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.cli.app.glance import Glance
from bot.cli.kubeconfig import server_of
from bot.cluster.applications import APPLICATION, Applications
from bot.cluster.errors import ApiRefused
from bot.cluster.objects import Cluster
from bot.engine.homes import Homes
from bot.errors import Rejected
from bot.logs import configure_logs
from bot.model.names import qualified, split
from bot.model.resources import metadata_of
from bot.services import homes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.model.resources import JsonObject
    from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Control:
    """The cluster that keeps the Applications."""

    cluster: Cluster
    applications: Applications
    within: str = ""
    """The namespace that a name without one means, and whose Applications are listed; empty: the control namespace."""

    @property
    def home(self) -> str:
        """The control namespace."""
        return self.applications.homes.control

    @property
    def places(self) -> tuple[str, ...]:
        """The namespaces whose Applications are listed; one that is empty: all."""
        return (self.within,) if self.within else self.applications.homes.places

    def called(self, name: str) -> str:
        """Return the qualified name of the Application that a person calls `name`."""
        return qualified(*split(name, home=self.within or self.home), home=self.home)

    def read(self, name: str) -> JsonObject | None:
        """Read an Application; a person may name any namespace, what may be read there the API server says."""
        everywhere = Homes(self.home, ("*",))
        return Applications(self.cluster, homes=everywhere).read(self.called(name))

    def one(self, name: str) -> Glance:
        """Return an Application; Rejected when there is none, with the names that are near."""
        obj = self.read(name)
        if obj is not None:
            return Glance(obj, self.home)
        names = [each.name for each in self.selected("")]
        near = get_close_matches(name, names, n=3) or sorted(names)[:10]
        namespace, own = split(self.called(name), home=self.home)
        raise Rejected(
            f"there is no Application {own!r} in namespace {namespace} of {self.cluster.name}",
            remedy=f"There is: {', '.join(near)}." if near else "Name another namespace: --control-namespace.",
        )

    def selected(self, selector: str) -> list[Glance]:
        """Return the Applications whose labels `selector` picks, all when it is empty, by name."""
        try:
            pages = (self.cluster.listed(APPLICATION, namespace=one, selector=selector) for one in self.places)
            found = (one for page in pages for one in page if self.within or self.applications.homes.name_of(one))
            return sorted((Glance(one, self.home) for one in found), key=lambda one: one.name)
        except ApiRefused as error:
            if selector and error.code == HTTPStatus.BAD_REQUEST:
                words = f"--selector {selector!r}: {error.message}"
                raise Rejected(words, remedy="As kubectl takes it: team=shop,tier!=db.") from error
            raise

    def several(self, names: Sequence[str], selector: str) -> list[Glance]:
        """Return the named Applications, or those that `selector` picks; Rejected when that is none, or both."""
        if bool(names) == bool(selector):
            raise Rejected("name Applications, or select them by label", remedy="One of both: NAME… or --selector.")
        found = [self.one(name) for name in dict.fromkeys(names)] if names else self.selected(selector)
        if not found:
            raise Rejected(f"no Application has the labels {selector!r}", remedy="See: foresail app list.")
        return found


@contextmanager
def control(settings: Settings, *, context: str = "", within: str = "") -> Iterator[Control]:
    """Connect to the kubeconfig's cluster; Rejected when it cannot be used, or keeps no Applications."""
    configure_logs()  # what a watch says of its breaks must not come between what is printed
    server, _ = server_of(settings, context=context)
    cluster = Cluster(server, concurrency=settings.concurrency)
    try:
        if not cluster.discovery.knows(APPLICATION.group, APPLICATION.kind):
            raise Rejected(
                f"the cluster {cluster.name} does not know Applications",
                remedy="Name the one that Foresail runs in: --context, --kubeconfig.",
            )
        yield Control(cluster, Applications(cluster, homes=homes_of(settings)), within)
    finally:
        cluster.close()


def without_managed_fields(seen: Glance) -> Glance:
    """Return the same less who wrote which field, as kubectl shows objects."""
    metadata = {name: value for name, value in metadata_of(seen.obj).items() if name != "managedFields"}
    return Glance({**seen.obj, "metadata": metadata}, seen.home)
