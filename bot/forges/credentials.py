"""As whom repositories are read: the forge's own credentials on its own site, and what else is known of a URL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.forges.github.others import OtherApps
from bot.forges.port import Forge, NotOurs
from bot.model.changes import Repository
from bot.model.credentials import Credentials

PUBLIC = frozenset({"https://github.com/", "https://gitlab.com/"})


def credentials_for(
    forge: Forge, site: str, others: Callable[[str, str], Credentials | None], apps: OtherApps
) -> Callable[[str, str], Credentials | None]:
    """Return what finds, by URL and project, how a repository is reached.

    As whom, the forge's own credentials come first on its own `site`, which the URLs of its repositories begin with;
    then what `others` has for the URL.
    """

    def find(url: str, project: str) -> Credentials | None:
        ours = _of_forge(forge, site, url)
        found = others(url, project)
        if ours is not None:
            how = found or ours
            through = replace(ours, proxy=how.proxy, no_proxy=how.no_proxy)
            through = replace(through, authorities=how.authorities or ours.authorities, insecure=how.insecure)
            return replace(through, large_files=how.large_files)
        # The operator names the forge, and so what lies on it, too: at home it is often in a private network.
        if site not in PUBLIC and url.startswith(site):
            found = replace(found or Credentials(), vouched=True)
        return signed_in(apps, found, url)

    return find


def signed_in(apps: OtherApps, found: Credentials | None, url: str) -> Credentials | None:
    """Return credentials with a token of the GitHub App that they name, where they name one."""
    if found is None or found.github_app is None:
        return found
    token = apps.git_token(found.github_app, url)
    return replace(found, username="x-access-token", password=token, github_app=None)


def _of_forge(forge: Forge, site: str, url: str) -> Credentials | None:
    """Return the forge's own credentials for its repositories, none for others."""
    # Scheme and port count: a token must not go to whatever else listens on the forge's host, nor in the clear.
    if not url.startswith(site):
        return None
    full_name = url.removeprefix(site).strip("/").removesuffix(".git").lower()
    try:
        credentials = forge.git_credentials(Repository(full_name, clone_url=url))
    except NotOurs:
        return None  # a public repository of somebody else's can be fetched without
    return Credentials(credentials.username, credentials.password, authorities=credentials.authorities, vouched=True)
