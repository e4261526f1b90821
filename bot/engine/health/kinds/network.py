"""Health of what brings traffic in: the Gateway API, Contour, Gloo, Istio, networks of nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bot.engine.health.conventions import (
    UNOBSERVED,
    ByConditions,
    ByPhase,
    Family,
    degraded,
    is_unobserved,
    progressing,
    said,
    suspended,
    text_at,
)
from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus

_HEALTHY, _PROGRESSING, _DEGRADED = Health.HEALTHY, Health.PROGRESSING, Health.DEGRADED
_REFUSED: Final = ("ResolvedRefs", "Accepted")
"""Conditions that mean, when False, that somebody has to change the object."""
_GATEWAY_API: Final = "https://gateway-api.sigs.k8s.io/guides/implementers/#conditions"


def gateway(obj: Section) -> HealthStatus:
    """Judge a Gateway by its own conditions and those of its listeners: accepted, resolved, then programmed."""
    status = obj.section("status")
    listeners = status.sections("listeners")
    found = _conditions(obj, [("", status), *((f"Listener {one.text('name')}: ", one) for one in listeners)])
    if found is not None:
        return found
    if not status.sections("conditions") and not listeners:
        return HealthStatus(_PROGRESSING, "Waiting for a controller to take it")
    return HealthStatus(_HEALTHY, said(status.condition("Programmed")) or "It is accepted")


def route(obj: Section) -> HealthStatus:
    """Judge a route by what each of its gateways says of it: accepted, resolved, then programmed."""
    return _attached(obj, "parents", "parentRef", "Parent")


def policy(obj: Section) -> HealthStatus:
    """Judge a policy by what each of those that it is attached to says of it."""
    return _attached(obj, "ancestors", "ancestorRef", "Ancestor")


def airlock(obj: Section) -> HealthStatus:
    """Judge what Airlock's Microgateway defines: policies as those of the Gateway API, others need no status."""
    if not obj.text("kind").endswith("Policy"):
        return HealthStatus(_HEALTHY, "Nothing is reported about its kind")
    return policy(obj)


def _attached(obj: Section, field: str, reference: str, word: str) -> HealthStatus:
    told = [one for one in obj.section("status").sections(field) if not _is_left_over(obj, one, reference)]
    named = [(f"{word} {text_at(one, f'{reference}.name')}: ", one) for one in told]
    found = _conditions(obj, named)
    if found is not None:
        return found
    for name, one in named:
        if not one.holds("Accepted"):
            return HealthStatus(_PROGRESSING, f"{name}{said(one.condition('Accepted')) or 'not accepted yet'}")
    if not told:
        return HealthStatus(_PROGRESSING, f"Waiting for one of its {field} to take it")
    return HealthStatus(_HEALTHY, f"Accepted by {len(told)} {field}")


def _is_left_over(obj: Section, one: Section, reference: str) -> bool:
    """Tell whether an entry is about an earlier generation, and about a parent that the object has no more."""
    if not any(is_unobserved(obj, entry) for entry in one.sections("conditions")):
        return False
    parents = obj.section("spec").sections("parentRefs")
    told = one.section(reference)
    return bool(parents) and not any(
        (told.text("name"), told.text("sectionName")) == (parent.text("name"), parent.text("sectionName"))
        for parent in parents
    )


def _conditions(obj: Section, told: Iterable[tuple[str, Section]]) -> HealthStatus | None:
    """Return what is wrong with the first that says so; None when nobody says that anything is."""
    for name, one in told:
        entries = one.sections("conditions")
        if any(is_unobserved(obj, entry) for entry in entries):
            return HealthStatus(_PROGRESSING, f"{name}{UNOBSERVED.message}")
        for entry in entries:
            if entry.text("type") in _REFUSED and entry.text("status") == "False":
                return HealthStatus(_DEGRADED, f"{name}{said(entry)}")
        for entry in entries:
            if entry.text("type") == "Programmed" and entry.text("status") != "True":
                return HealthStatus(_PROGRESSING, f"{name}{said(entry)}")
    return None


def gloo(obj: Section) -> HealthStatus:
    """Judge what Gloo validates: accepted, with warnings, rejected or pending, by each of those who do."""
    status = obj.section("status")
    statuses = status.section("statuses")
    told = [statuses.section(name) for name in statuses.values] or [status]
    for one in told:
        state = _named(one.values.get("state"), _GLOO_STATES)
        if state != "Accepted":
            known = {"Rejected": _DEGRADED, "Warning": _DEGRADED, "Pending": _PROGRESSING}
            words = one.text("reason") or (f"State is {state}" if state else "Waiting for it to be validated")
            return HealthStatus(known.get(state, _PROGRESSING), words)
    return HealthStatus(_HEALTHY, "It is accepted")


def _named(state: object, names: Sequence[str]) -> str:
    """Return the name of a state, of which older versions write the number."""
    if isinstance(state, int) and state in range(len(names)):
        return names[state]
    return state if isinstance(state, str) else ""


_GLOO_STATES: Final = ("Pending", "Accepted", "Rejected", "Warning")
_ISTIO_STATES: Final = ("NONE", "UPDATING", "RECONCILING", "HEALTHY", "ERROR")


def istio_operator(obj: Section) -> HealthStatus:
    """Judge an installation of Istio by its state."""
    state = _named(obj.section("status").values.get("status"), _ISTIO_STATES)
    known = {"NONE": Health.UNKNOWN, "HEALTHY": _HEALTHY, "ERROR": _DEGRADED}
    return HealthStatus(known.get(state, _PROGRESSING), f"State is {state or 'not reported'}")


def http_proxy(obj: Section) -> HealthStatus:
    """Judge a proxy of Contour: valid or not; one that includes others cannot be judged by itself."""
    status = obj.section("status")
    valid = status.condition("Valid")
    if is_unobserved(obj, valid):
        return UNOBSERVED
    words = status.text("description") or said(valid)
    if valid.text("status") == "False":
        if obj.section("spec").values.get("includes"):
            # What it includes is valid only once it is: https://projectcontour.io/docs/main/config/inclusion-delegation/
            return HealthStatus(_HEALTHY, f"It includes others, which is not judged: {words}")
        return HealthStatus(_DEGRADED, words)
    healthy = valid.text("status") == "True"
    return HealthStatus(_HEALTHY if healthy else _PROGRESSING, words or "Waiting for the controller to report Valid")


def managed_certificate(obj: Section) -> HealthStatus:
    """Judge a certificate of Google by its own status and that of each domain."""
    status = obj.section("status")
    for domain in status.sections("domainStatus"):
        if domain.text("status").startswith("Failed"):
            return HealthStatus(_DEGRADED, f"Domain {domain.text('domain')} is {domain.text('status')}")
    state = status.text("certificateStatus")
    return HealthStatus(
        _HEALTHY if state == "Active" else _PROGRESSING, f"Certificate is {state or 'not provisioned yet'}"
    )


def service_instance(obj: Section) -> HealthStatus:
    """Judge what Proclaim advertises by DNS: adopted, advertised, discoverable."""
    status = obj.section("status")
    adopted, advertised = status.condition("Adopted"), status.condition("Advertised")
    found = status.condition("Discoverable")
    if adopted.text("status") == "False":
        return HealthStatus(_DEGRADED, said(adopted))
    if advertised.text("reason") in {"AdvertiseError", "UnadvertiseError"}:
        return HealthStatus(_DEGRADED, said(advertised))
    if found.text("reason") == "DiscoveryError":
        return HealthStatus(Health.UNKNOWN, said(found))
    healthy = found.text("status") == "True"
    return HealthStatus(_HEALTHY if healthy else _PROGRESSING, said(found) or "Waiting for it to be discoverable")


_ACCEPTED: Final = ByConditions(("Accepted",), (degraded("Accepted", "False"),))
_VALID: Final = ByConditions(("Valid",), (degraded("Valid", "False"),))
_ISTIO: Final = ByConditions(("Reconciled", "Ready"), (degraded("Reconciled", "False"), degraded("Ready", "False")))
_ISTIO_KINDS: Final = ("Istio", "IstioCNI", "IstioRevision", "ZTunnel")
_NODE_NETWORK: Final = ByConditions(
    ("Available",), (degraded("Degraded"), suspended("Ignored"), progressing("Progressing"))
)
_NGINX: Final = ByPhase({"Valid": _HEALTHY, "Warning": _DEGRADED, "Invalid": _DEGRADED}, at="status.state")
_GLOO_GATEWAY: Final = (
    "Gateway",
    "MatchableHttpGateway",
    "RouteOption",
    "RouteTable",
    "VirtualHostOption",
    "VirtualService",
)

FAMILIES: Final = (
    Family(
        "gateway.networking.k8s.io",
        {
            "GatewayClass": _ACCEPTED,
            "Gateway": gateway,
            **dict.fromkeys(("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"), route),
            "BackendTLSPolicy": policy,
        },
        _GATEWAY_API,
    ),
    Family("microgateway.airlock.com", {"*": airlock}, _GATEWAY_API),
    Family(
        "projectcontour.io",
        {"HTTPProxy": http_proxy, "ExtensionService": _VALID},
        "https://projectcontour.io/docs/main/config/fundamentals/#status-reporting",
    ),
    Family("gateway.solo.io", dict.fromkeys(_GLOO_GATEWAY, gloo)),
    Family("gloo.solo.io", dict.fromkeys(("Proxy", "Settings", "Upstream", "UpstreamGroup"), gloo)),
    Family(
        "k8s.nginx.org",
        dict.fromkeys(("Policy", "TransportServer", "VirtualServer", "VirtualServerRoute"), _NGINX),
        "https://docs.nginx.com/nginx-ingress-controller/configuration/global-configuration/reporting-resources-status",
    ),
    Family("install.istio.io", {"IstioOperator": istio_operator}, "https://istio.io/latest/docs/reference/config/"),
    Family(
        "sailoperator.io",
        dict.fromkeys(_ISTIO_KINDS, _ISTIO),
        "https://github.com/istio-ecosystem/sail-operator/blob/main/docs/api-reference/sailoperator.io.md",
    ),
    Family(
        "networking.gke.io",
        {"ManagedCertificate": managed_certificate},
        "https://cloud.google.com/kubernetes-engine/docs/how-to/managed-certs",
    ),
    Family(
        "nmstate.io",
        {"NodeNetworkConfigurationPolicy": _NODE_NETWORK},
        "https://github.com/nmstate/kubernetes-nmstate/blob/main/docs/user-guide/102-configuration.md",
    ),
    Family("proclaim.dogmatiq.io", {"DNSSDServiceInstance": service_instance}),
)
