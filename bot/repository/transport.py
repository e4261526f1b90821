"""The git program, run to fetch from one server with that server's credentials, and what its words mean.

It has no configuration but what is given here, never asks anybody, and speaks network protocols only, with the one
server at the addresses that the guard has let pass. What is secret is in its environment, or in files that only this
user can read while it runs; a redirect to elsewhere gets none of it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from bot.errors import Rejected, Temporary
from bot.model.credentials import Credentials
from bot.repository.fetching import ANONYMOUS, Client, Request, authorization_of
from bot.repository.guard import origin_of
from bot.repository.pinning import Pinned, pinned
from bot.repository.revisions import SHA

_SCHEMES: Final = frozenset({"https", "http", "ssh", "git"})
"""What may be fetched from; `ext::` and other helpers would run commands, `file` would read other people's mirrors."""
_HOST: Final = re.compile(r"(?:[\w.~!$&'()*+,;=:%-]*@)?(?:[A-Za-z0-9_][\w.-]*|\[[0-9A-Fa-f:.]+\])(?::\d+)?", re.ASCII)
"""What all parsers of URLs read alike: user, host and port without a backslash or a second `@`."""
_SCP_LIKE: Final = re.compile(r"(?:[\w.~][\w.~-]*@)?[\w.-]*\w:(?!/?/)[^:]*")
_USERINFO: Final = re.compile(r"(?<=://)[^/\s]+@")
_AWAY: Final = re.compile(
    r"could(n't| not) (resolve|connect)|connection (refused|timed out|reset)|timed out|early EOF|unexpected disconnect|"
    r"returned error: (429|5\d\d)|RPC failed|temporary failure|HTTP/2 stream|empty reply|hung up unexpectedly|"
    r"connection was closed|network is unreachable",
    re.IGNORECASE,
)
_BROKEN: Final = re.compile(
    r"not a git repository|object file .* is (empty|corrupt)|bad (tree |pack )?object|loose object|bad config|"
    r"packfile .* (cannot be|corrupt|does not match)|invalid (sha1|object)|unable to read tree|"
    r"does not point to a valid object|\.lock': File exists|index file .* (corrupt|wrong|too small|bad)|"
    r"inflate|missing (blob|tree|commit)|broken ref",
    re.IGNORECASE,
)
"""Words about our own files; a lock that is there while we hold ours is left over from a process that was killed."""
_OURS: Final = re.compile(r"(fatal|error|ssh): |Host key verification failed|[\w.@-]+: Permission denied \(")
"""What a line begins with that git or ssh say; `remote: ` begins what the server wants to be shown."""
_ERROR: Final = "fatal: remote error:"
"""Git's words before what the server says, line feeds and all (`pkt-line.c`)."""
_QUOTED: Final = re.compile(
    r"(?<=response; got ).*|(?<=unexpected line: ).*|(?<=length character: ).*|(?<=redirect: ).*"
)
"""Where git quotes an answer that it does not understand (`remote-curl.c`, `pkt-line.c`)."""
_REDIRECTS: Final = re.compile(r"returned error: 30[12378]")
_ASKED: Final = re.compile(r"could not read (Username|Password)|Authentication failed|returned error: 401")
"""Git asks whoever sits there where a server says 401, and nobody does."""
_HOST_KEY: Final = re.compile(r"Host key verification failed")
_CERTIFICATE: Final = re.compile(r"certificate|SSL", re.IGNORECASE)
_ADVERTISED: Final = "/info/refs?service=git-upload-pack"
"""What git asks first, and has to be redirected to elsewhere (gitprotocol-http(5))."""
_MOST_ADVERTISED: Final = 64 << 20
_PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")


_NOT_TAKEN: Final = re.compile(r"^!\t[^\t]*\t(\[[a-z ]+\])(?: \((stale info)\))?", re.MULTILINE)
"""How `git push --porcelain` says what became of a ref; whatever the server gives as a reason is not read."""
_WORDS: Final = {"fetch": ("cannot fetch", "fetching"), "push": ("cannot push to", "pushing to")}


class CorruptError(Exception):
    """The mirror's own files are damaged; a new clone mends that."""


class NotTakenError(Exception):
    """A server has not done with a ref what was pushed; `stale`: somebody else has moved it."""

    def __init__(self, *, stale: bool) -> None:
        super().__init__()
        self.stale = stale


@dataclass(frozen=True, slots=True)
class Git:
    """The git program on one bare repository, with one server."""

    path: Path
    url: str
    credentials: Credentials | None
    client: Client
    """Knows where fetching may lead."""
    timeout: float
    """Seconds one command may take."""
    doing: Literal["fetch", "push"] = "fetch"
    secrets: Path = field(repr=False, kw_only=True)
    """A folder that is made for what git can only read from files, and removed after; nobody else may use it."""

    def run(self, *args: str) -> str:
        """Return what git prints; to it the server is the remote `source`.

        Raises Rejected for what a person must change, Temporary for what time may, CorruptError, and of a push
        NotTakenError.
        """
        with _files(self.credentials, self.secrets) as files:
            try:
                return self._at(self.url, self.credentials, args, files)
            except _RedirectedError as error:
                url = self._moved()
                if url == self.url:
                    raise error.words from None
                # To anybody else nothing is shown, and nothing is made good by what is known of this one.
                same = origin_of(url) == origin_of(without_user(self.url))
                access = self.credentials if same or self.credentials is None else self.credentials.elsewhere
                return self._at(url, access, args, files)

    def _at(self, url: str, credentials: Credentials | None, args: Sequence[str], files: Mapping[str, Path]) -> str:
        server = pinned(url, credentials, self.client)
        return self._run(args, _environment(server, credentials, files if credentials is self.credentials else {}))

    def _moved(self) -> str:
        """Return where the server sends whoever asks, by way of places that the guard lets pass."""
        url = without_user(self.url).rstrip("/") + _ADVERTISED
        access = self.credentials or ANONYMOUS
        request = Request(url, origin_of(url), access, {"Git-Protocol": "version=2"}, most=_MOST_ADVERTISED)
        found = self.client.get(request, _Nowhere()).url
        if not found.endswith(_ADVERTISED):
            return self.url
        refuse_strange(found.removesuffix(_ADVERTISED))
        return found.removesuffix(_ADVERTISED)

    def _run(self, args: Sequence[str], environment: Mapping[str, str]) -> str:
        shown = without_user(self.url)
        process = subprocess.Popen(
            ["git", "--git-dir", str(self.path), *args],  # noqa: S607 - the git the person installed
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, errors = process.communicate(timeout=self.timeout)
        except BaseException as error:
            # Git's own children (git-remote-https, ssh) are in its group and would go on without it.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            words = f"{_WORDS[self.doing][1]} {shown} took longer than {self.timeout:.0f} s"
            raise Temporary(words, retry_after=10.0) from error
        if process.returncode == 0:
            return output
        if found := _NOT_TAKEN.search(output):
            raise NotTakenError(stale=bool(found[2]))
        raise self._failure(without_user(_own_words(errors))[-600:], shown)

    def _failure(self, words: str, shown: str) -> Exception:
        """Tell by git's words who must act."""
        if _BROKEN.search(words):
            return CorruptError(words)
        if _AWAY.search(words):
            return Temporary(f"{_WORDS[self.doing][0]} {shown} now: {words}")
        if _ASKED.search(words):
            known = self.credentials is not None and self.credentials.names_somebody
            words = "the server does not accept its credentials" if known else "the server asks for credentials"
        refused = Rejected(f"{_WORDS[self.doing][0]} {shown}: {words}", remedy=_remedy(words))
        return _RedirectedError(refused) if _REDIRECTS.search(words) else refused


def without_user(text: str) -> str:
    """Return a text without the users and passwords of URLs in it."""
    return _USERINFO.sub("", text)


def refuse_strange(url: str, wanted: Sequence[str] = ()) -> None:
    """Refuse what git would take for an option, for a command to run or for a folder on this machine."""
    if not _is_remote(url):
        raise Rejected(
            f"{without_user(url)!r} is not a repository URL that can be fetched",
            remedy="Use https://, ssh:// or git@host:path.",
        )
    for ref in wanted:
        if not (SHA.fullmatch(ref) or re.fullmatch(r"refs/[A-Za-z0-9._/-]+", ref)) or ".." in ref:
            raise Rejected(f"{ref!r} is not a ref that can be fetched")


class _Nowhere:
    """Takes a body that nobody wants to see."""

    def write(self, _data: bytes) -> None:
        pass


class _RedirectedError(Exception):
    """The server sends whoever asks somewhere else."""

    def __init__(self, words: Rejected) -> None:
        super().__init__(words.message)
        self.words = words


def _remedy(words: str) -> str:
    if _REDIRECTS.search(words):
        return "Name the repository by the URL that its server redirects to."
    if _HOST_KEY.search(words):
        return "Add the server's host key to the ConfigMap argocd-ssh-known-hosts-cm."
    if _CERTIFICATE.search(words):
        return "Add who signed the server's certificate to the ConfigMap argocd-tls-certs-cm."
    return "Check the URL, and that Foresail may read the repository."


def _own_words(errors: str) -> str:
    """Keep what git and ssh say themselves: the rest is written by whoever runs the other server, and is shown."""
    ours, refused, _ = "\n".join(line for line in errors.splitlines() if _OURS.match(line)).partition(_ERROR)
    words = _QUOTED.sub("…", f"{ours}{refused and 'the server reports an error of its own'}".strip())
    return words or "git gives no reason"


def _is_remote(url: str) -> bool:
    if "://" not in url:
        return bool(_SCP_LIKE.fullmatch(url)) and url.isprintable()
    try:
        parts = urlsplit(url)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(_HOST.fullmatch(parts.netloc)) and url.isprintable() and port_is_right


@contextmanager
def _files(credentials: Credentials | None, folder: Path) -> Iterator[Mapping[str, Path]]:
    """Write what git and ssh only read from files, each by the name of its field, and remove it after."""
    contents = _contents(credentials) if credentials is not None else {}
    shutil.rmtree(folder, ignore_errors=True)  # left over from a process that was killed
    try:
        if contents:
            folder.mkdir(mode=0o700)
        for name, content in contents.items():
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - the mode is right from the first moment
                file.write(content.replace("\r\n", "\n").strip() + "\n")
        yield {name: folder / name for name in contents}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _contents(credentials: Credentials) -> dict[str, str]:
    names = ("ssh_private_key", "client_certificate", "client_key", "authorities")
    found = {name: content for name in names if (content := getattr(credentials, name))}
    # A list of known hosts with nothing in it knows nobody; without a list the machine's own counts.
    return found if credentials.known_hosts is None else {**found, "known_hosts": credentials.known_hosts}


def _environment(server: Pinned, credentials: Credentials | None, files: Mapping[str, Path]) -> dict[str, str]:
    """Return git's whole environment: no user's configuration, no prompt, credentials for this server only."""
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": server.origin.scheme,
        "GIT_SSH_COMMAND": _ssh(server, credentials, files),
        "GIT_SSH_VARIANT": "ssh",
    }
    environment |= {name: os.environ[name] for name in (*_PROXIES, "SSL_CERT_FILE") if name in os.environ}
    if credentials is None:
        return environment | _configured(server.configuration)
    if credentials.proxy:
        environment |= dict.fromkeys(_PROXIES[:4], credentials.proxy)
        environment |= dict.fromkeys(_PROXIES[4:], credentials.no_proxy)
    configuration = server.configuration | _authentication(server, credentials)
    return environment | _tls(credentials, files) | _configured(configuration)


def _configured(configuration: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that git reads a configuration from, which nobody else can see."""
    numbered = {
        name: word
        for n, (key, value) in enumerate(configuration.items())
        for name, word in ((f"GIT_CONFIG_KEY_{n}", key), (f"GIT_CONFIG_VALUE_{n}", value))
    }
    return {**numbered, "GIT_CONFIG_COUNT": str(len(configuration))}


def _ssh(server: Pinned, credentials: Credentials | None, files: Mapping[str, Path]) -> str:
    options = ["BatchMode=yes", "ConnectTimeout=20", *server.ssh_options]
    if credentials is None or not (files.keys() & {"ssh_private_key", "known_hosts"} or credentials.insecure):
        return _command(options)
    if key := files.get("ssh_private_key"):
        options += ["IdentitiesOnly=yes", "IdentityAgent=none", _option("IdentityFile", key)]
    if credentials.insecure:
        options += ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null"]
    else:
        options += ["StrictHostKeyChecking=yes", "UpdateHostKeys=no"]
        if hosts := files.get("known_hosts"):
            options += [_option("UserKnownHostsFile", hosts), "GlobalKnownHostsFile=/dev/null"]
    return _command(options, "-F", "/dev/null")


def _option(name: str, path: Path) -> str:
    """Return an option with a path, which ssh would look for quotes and its own `%h` in."""
    return f'{name}="{str(path).replace("%", "%%")}"'


def _command(options: Sequence[str], *more: str) -> str:
    return shlex.join(["ssh", *more, *(word for option in options for word in ("-o", option))])


def _tls(credentials: Credentials, files: Mapping[str, Path]) -> dict[str, str]:
    names = {"GIT_SSL_CAINFO": "authorities", "GIT_SSL_CERT": "client_certificate", "GIT_SSL_KEY": "client_key"}
    found = {variable: str(files[name]) for variable, name in names.items() if name in files}
    return found | ({"GIT_SSL_NO_VERIFY": "1"} if credentials.insecure else {})


def _authentication(server: Pinned, credentials: Credentials) -> dict[str, str]:
    if server.origin.scheme not in {"https", "http"} or not (header := authorization_of(credentials)):
        return {}
    parts = urlsplit(server.url)
    site = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return {f"http.{site}/.extraHeader": f"Authorization: {header}"}
