"""How applications are called: by one name everywhere, and otherwise in tracking ids.

Renderers use it too, and those must start soon and small: nothing but names belongs here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from bot.model.resources import JsonObject


def qualified(namespace: str, name: str, *, home: str) -> str:
    """Return the name that nobody else has: `name` in the control namespace `home`, `namespace/name` elsewhere.

    By it an Application is called everywhere: in jobs, in Redis, in comments and statuses, on the command line.
    Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/app-any-namespace/#application-names
    """
    return name if namespace in {"", home} else f"{namespace}/{name}"


def name_in(obj: JsonObject, *, home: str) -> str:
    """Return the same of an Application as a file or the API server has it; empty where it has no name."""
    metadata = metadata_of(obj)
    name = str(metadata.get("name") or "")
    return qualified(str(metadata.get("namespace") or ""), name, home=home) if name else ""


def split(name: str, *, home: str) -> tuple[str, str]:
    """Return the namespace and the own name that a qualified one is made of."""
    namespace, _, own = name.rpartition("/")
    return namespace or home, own


def short_name_of(name: str) -> str:
    """Return the name that an Application of this qualified name has within its namespace."""
    return name.rpartition("/")[2]


def is_elsewhere(name: str) -> bool:
    """Whether a qualified name is that of an Application outside of the control namespace."""
    return "/" in name


def instance_of(name: str) -> str:
    """Return what tracking ids and renders call the application of a qualified name: `namespace_name` elsewhere."""
    return name.replace("/", "_", 1)


def name_of_instance(instance: str) -> str:
    """Return the qualified name of the application that tracking ids call `instance`."""
    return instance.replace("_", "/", 1)
