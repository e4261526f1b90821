"""Git as an Application's project reaches it: with the credentials of the control namespace, where we may read them."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.cli.local import connected
from bot.cluster.repositories import Repositories
from bot.errors import Rejected
from bot.forges.credentials import signed_in
from bot.forges.github.others import OtherApps
from bot.logs import configure_logs
from bot.prediction.trees import has_several

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cli.local import Local
    from bot.model.applications import Application
    from bot.model.credentials import Credentials
    from bot.settings import Settings

_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Git:
    """What looks up revisions of an Application's sources; connects when it has to."""

    settings: Settings
    context: str

    def revision(self, application: Application, revision: str) -> str:
        """Return the commit that a person means by `revision`; what is one already is not looked up.

        Raises Rejected for an Application whose sources are at several revisions, and for what its repository lacks.
        """
        if not revision:
            return ""
        if has_several(application.spec):
            raise Rejected(
                f"the sources of {application.name} are at several revisions",
                remedy="Sync it without --revision: each to what it follows.",
            )
        source = application.spec.effective_sources[0]
        if source.is_packaged or _SHA.fullmatch(revision):
            return revision
        wanted = source.model_copy(update={"target_revision": revision})
        with self.reached() as local:
            return local.sources.trees.look().newest(wanted, project=application.spec.project).commit

    @contextmanager
    def reached(self) -> Iterator[Local]:
        """Assemble what reads Git and asks the cluster."""
        configure_logs()  # what is said of Secrets that cannot be used must not come between what is printed
        with connected(self.settings, context=self.context) as local:
            repositories = Repositories(local.cluster, namespace=self.settings.control_namespace)
            apps = OtherApps(timeout=self.settings.forge_timeout)

            def find(url: str, project: str) -> Credentials | None:
                return signed_in(apps, repositories.find(url, project), url)

            local.sources.trees.auth_for = find
            yield local
