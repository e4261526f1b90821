"""Paths and URLs (Go `path`, `net/url`; sprig `url.go`)."""

from __future__ import annotations

import posixpath
import re
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.values import TemplateError, Value, kind_name

_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")
_PATH_SAFE: Final = "/:@!$&'()*+,;=-._~"


def base(path: str) -> str:
    """Return the last element, `path.Base`: `.` of nothing, `/` of slashes alone."""
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def directory(path: str) -> str:
    """Return all but the last element, cleaned: `path.Dir`."""
    return clean(path[: path.rfind("/") + 1])


def clean(path: str) -> str:
    """Return the shortest equal path, `path.Clean`."""
    shortest = posixpath.normpath(path) if path else "."
    return f"/{shortest.lstrip('/')}" if shortest.startswith("/") else shortest


def _extension(path: str) -> str:
    name = path[path.rfind("/") + 1 :]
    return name[name.rfind(".") :] if "." in name else ""


def _parsed(url: str) -> dict[str, Value]:
    try:
        parts = urlsplit(url)
        hostname, port = parts.hostname or "", parts.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
    except ValueError as error:
        raise TemplateError(f"this is no URL: {error}") from error
    odd = not port.isdigit() if port else " " in parts.netloc
    colon = not parts.scheme and not parts.netloc and ":" in parts.path.partition("/")[0]
    if odd or colon or _ESCAPE.search(parts.path + parts.fragment + parts.netloc):
        raise TemplateError(f"{url!r} is no URL")
    userinfo, at, host = parts.netloc.rpartition("@")
    opaque = parts.path if parts.scheme and not parts.netloc and parts.path[:1] not in ("/", "") else ""
    return {
        "scheme": parts.scheme,
        "host": host,
        "hostname": _as_written(host, hostname),
        "path": "" if opaque else unquote(parts.path),
        "query": parts.query,
        "opaque": opaque,
        "fragment": unquote(parts.fragment),
        "userinfo": userinfo if at else "",
    }


def _as_written(host: str, hostname: str) -> str:
    """Return the host name in the case it was written in: Python lowers it, Go does not."""
    start = host.lower().find(hostname)
    return host[start : start + len(hostname)] if start >= 0 else hostname


def _joined(parts: dict[str, Value]) -> str:
    for key in ("scheme", "host", "path", "query", "opaque", "fragment", "userinfo"):
        if not isinstance(parts.get(key, ""), str):
            raise TemplateError(f"{key} must be a string, but {kind_name(parts[key])} found")
    host, path = parts.get("host", ""), quote(parts.get("path", ""), safe=_PATH_SAFE)
    if parts.get("userinfo"):
        host = f"{parts['userinfo']}@{host}"
    if host and path and not path.startswith("/"):
        path = f"/{path}"
    fragment = quote(parts.get("fragment", ""), safe=f"{_PATH_SAFE}?")
    return str(
        urlunsplit((parts.get("scheme", ""), host, parts.get("opaque") or path, parts.get("query", ""), fragment))
    )


ADDRESSES: Final[Table] = {
    **{
        name: takes("string", call)
        for plain, call in {"base": base, "dir": directory, "clean": clean, "ext": _extension}.items()
        for name in (plain, f"os{plain.title()}")
    },
    "isAbs": takes("string", lambda path: path.startswith("/")),
    "osIsAbs": takes("string", lambda path: path.startswith("/")),
    "urlJoin": takes("map", _joined),
    "urlParse": takes("string", _parsed),
}
