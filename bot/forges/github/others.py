"""Tokens of GitHub Apps other than Foresail's own: those that repository Secrets name."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from bot.forges.github.api import Api
from bot.forges.github.auth import AppCredentials
from bot.model.changes import Repository, repository_identity

if TYPE_CHECKING:
    from bot.model.credentials import GitHubApp

_KEY: Final = "githubAppPrivateKey of its repository Secret"
_MOST: Final = 64
"""Apps whose tokens are kept; a key that was changed counts as another."""


class OtherApps:
    """Asks GitHub for tokens as other Apps and keeps them while they last; safe to use from threads."""

    def __init__(self, *, timeout: float) -> None:
        self._timeout = timeout
        self._lock = threading.Lock()
        self._apps: dict[GitHubApp, AppCredentials] = {}

    def git_token(self, app: GitHubApp, url: str) -> str:
        """Return a token that can read one repository, good for ten more minutes; raises what asking GitHub raises."""
        full_name = repository_identity(url).partition("/")[2]
        return self._as(app).git_token(Repository(full_name, clone_url=url, installation=app.installation))

    def _as(self, app: GitHubApp) -> AppCredentials:
        with self._lock:
            if app not in self._apps:
                api = Api(app.api_url, timeout=self._timeout, setting=_KEY, clock=time.time)
                self._apps[app] = AppCredentials(
                    api, app_id=app.id, private_key=app.private_key, clock=time.time, key_name=_KEY
                )
                if len(self._apps) > _MOST:
                    del self._apps[next(iter(self._apps))]
            return self._apps[app]
