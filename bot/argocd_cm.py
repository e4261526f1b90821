"""What the operator says in the ConfigMap `argocd-cm`, as Argo CD reads it: mounted, a file for each of its keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected

if TYPE_CHECKING:
    from bot.engine.exclusions import Exclusions
    from bot.engine.inheritance import GlobalProject
    from bot.model.applications import IgnoreDifference
    from bot.repository.health.evaluator import OwnHealth
    from bot.repository.toolbox import Toolbox
    from bot.settings import Settings

_IMPERSONATION: Final = "application.sync.impersonation.enabled"
_VALUES_SCHEMES: Final = "helm.valuesFileSchemes"


def schemes_of_values(settings: Settings) -> tuple[str, ...]:
    """Return by which schemes values files are fetched where the operator names their hosts."""
    from bot.prediction.values import SCHEMES

    said = _argocd_cm(settings, _VALUES_SCHEMES).get(_VALUES_SCHEMES)
    return SCHEMES if said is None else tuple(one for part in said.split(",") if (one := part.strip()) in SCHEMES)


def impersonates(settings: Settings) -> bool:
    """Whether `argocd-cm` asks for syncs in the name of service accounts."""
    return _argocd_cm(settings, _IMPERSONATION).get(_IMPERSONATION, "").strip() == "true"


def global_projects(settings: Settings) -> tuple[GlobalProject, ...]:
    """Return the projects that others have something of; Rejected names the key that is wrong."""
    from bot.engine import inheritance

    return inheritance.global_projects(_argocd_cm(settings, inheritance.SETTING).get(inheritance.SETTING, ""))


def exclusions_of(settings: Settings) -> Exclusions:
    """Return which kinds `argocd-cm` leaves alone; Rejected names the key that is wrong."""
    from bot.engine.exclusions import EXCLUSIONS, INCLUSIONS, Exclusions

    return Exclusions.parse(_argocd_cm(settings, EXCLUSIONS, INCLUSIONS))


def ignored_everywhere(settings: Settings) -> tuple[IgnoreDifference, ...]:
    """Return which differences count nowhere; Rejected names the key that is wrong."""
    from bot.engine.diff import ignored

    return ignored.ignored_everywhere(_argocd_cm(settings, ignored.SETTING))


def own_health(settings: Settings) -> OwnHealth:
    """Return what judges health, by the operator's own rules first."""
    from bot.engine.health.own import SETTINGS
    from bot.repository.health.evaluator import OwnHealth

    return OwnHealth(partial(_argocd_cm, settings, *SETTINGS))


def toolbox_of(settings: Settings) -> Toolbox:
    """Return what the operator has settled about tools; Rejected names the setting that is wrong."""
    from bot.repository.tool_settings import read_toolbox

    argocd_cm = _argocd_cm(settings, "kustomize.", "helm.", "jsonnet.")
    return read_toolbox(argocd_cm, settings.kustomize_versions, _plugins(settings))


def _plugins(settings: Settings) -> dict[str, bytes]:
    if settings.plugins is None:
        return {}
    try:
        return {path.name: path.read_bytes() for path in settings.plugins.iterdir() if path.suffix in {".yaml", ".yml"}}
    except OSError as error:
        raise Rejected(f"FORESAIL_PLUGINS cannot be read: {error}") from error


def _argocd_cm(settings: Settings, *prefixes: str) -> dict[str, str]:
    """Read the keys of `argocd-cm` that begin so; a mounted ConfigMap has a file for each of its keys."""
    if settings.argocd_cm is None:
        return {}
    try:
        named = [path for path in settings.argocd_cm.iterdir() if path.name.startswith(prefixes)]
        return {path.name: path.read_text(encoding="utf-8") for path in named}
    except (OSError, UnicodeDecodeError) as error:
        raise Rejected(f"FORESAIL_ARGOCD_CM cannot be read: {error}") from error
