"""Health of certificates, secrets, identities and policies: cert-manager, External Secrets, Kyverno, Keycloak, OCM."""

from __future__ import annotations

from typing import Final

from bot.engine.health.conventions import (
    READY,
    UNOBSERVED,
    ByConditions,
    ByPhase,
    Family,
    degraded,
    judged,
    progressing,
    said,
)
from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus

_HEALTHY, _PROGRESSING, _DEGRADED = Health.HEALTHY, Health.PROGRESSING, Health.DEGRADED


def cluster_external_secret(obj: Section) -> HealthStatus:
    """Judge by the last condition: they are written one behind the other, and earlier ones stay."""
    entries = obj.section("status").sections("conditions")
    if not entries:
        return HealthStatus(_PROGRESSING, "Waiting for the controller to report Ready")
    last = entries[-1]
    healthy = (last.text("type"), last.text("status")) == ("Ready", "True")
    return judged(obj, last, _HEALTHY if healthy else _DEGRADED)


def kubernetes_external_secret(obj: Section) -> HealthStatus:
    """Judge a secret of the retired kubernetes-external-secrets by its status, a text that may begin with ERROR."""
    state = obj.section("status").text("status")
    if state.startswith("ERROR"):
        return HealthStatus(_DEGRADED, state.removeprefix("ERROR, "))
    fetched = state == "SUCCESS"
    return HealthStatus(_HEALTHY if fetched else _PROGRESSING, "It was fetched" if fetched else "Waiting for a fetch")


def compliance(obj: Section) -> HealthStatus:
    """Judge a policy of Open Cluster Management: it is complied with, or by whom it is not."""
    status = obj.section("status")
    if obj.section("spec").flag("disabled"):
        return HealthStatus(_HEALTHY, "Policy is disabled")
    seen = status.number("lastEvaluatedGeneration")
    if seen is not None and seen < obj.section("metadata").count("generation"):
        return UNOBSERVED
    state = status.text("compliant")
    if not state and status.sections("placement") and not status.sections("status"):
        return HealthStatus(_HEALTHY, "No cluster matches")
    if not state:
        return HealthStatus(_PROGRESSING, "Waiting for the controller to report status.compliant")
    if state == "Pending":
        return HealthStatus(_PROGRESSING, "It depends on what does not comply yet")
    faults = ", ".join(_not_compliant(status))
    return HealthStatus(_HEALTHY if state == "Compliant" else _DEGRADED, f"{state}{f': {faults}' if faults else ''}")


def _not_compliant(status: Section) -> list[str]:
    entries = [(one, one.text("clustername")) for one in status.sections("status")]
    entries += [(one, one.section("templateMeta").text("name")) for one in status.sections("details")]
    # Of a CertificatePolicy a mapping by namespace.
    if isinstance(status.values.get("compliancyDetails"), list):
        entries += [(one, _told(one)) for one in status.sections("compliancyDetails")]
    return [name for one, name in entries if one.text("compliant") != "Compliant" and name]


def _told(one: Section) -> str:
    return ", ".join(filter(None, map(said, one.sections("conditions"))))


_ACME: Final = ByPhase(
    {
        "valid": _HEALTHY,
        "ready": _PROGRESSING,
        "pending": _PROGRESSING,
        "processing": _PROGRESSING,
        **dict.fromkeys(("invalid", "expired", "errored"), _DEGRADED),
    },
    at="status.state",
    words="status.reason",
    otherwise=Health.UNKNOWN,
)
_CERTIFICATE: Final = ByConditions(("Ready",), (progressing("Issuing"), degraded("Ready", "False")))
_CERTIFICATE_REQUEST: Final = ByConditions(
    ("Ready",), (degraded("InvalidRequest"), degraded("Denied"), degraded("Ready", "False", "Failed", "Denied"))
)
_SYNCED: Final = ByConditions(("Synced",), (degraded("Synced", "False"),))
_KYVERNO: Final = ByConditions(("Ready",), (degraded("Ready", "False", "Failed"),))
_EXTERNAL_SECRETS: Final = (
    "ExternalSecret",
    "SecretStore",
    "ClusterSecretStore",
    "PushSecret",
)
_CERT_MANAGER: Final = "https://cert-manager.io/docs/reference/api-docs/"
_OCM: Final = "https://open-cluster-management.io/docs/concepts/policy-framework/"

FAMILIES: Final = (
    Family(
        "cert-manager.io",
        {
            "Certificate": _CERTIFICATE,
            "CertificateRequest": _CERTIFICATE_REQUEST,
            "Issuer": READY,
            "ClusterIssuer": READY,
        },
        _CERT_MANAGER,
    ),
    Family("acme.cert-manager.io", {"Order": _ACME, "Challenge": _ACME}, _CERT_MANAGER),
    Family("certmanager.k8s.io", dict.fromkeys(("Certificate", "Issuer", "ClusterIssuer"), READY), _CERT_MANAGER),
    Family("trust.cert-manager.io", {"Bundle": _SYNCED}, "https://cert-manager.io/docs/trust/trust-manager/"),
    Family(
        "external-secrets.io",
        {**dict.fromkeys(_EXTERNAL_SECRETS, READY), "ClusterExternalSecret": cluster_external_secret},
        "https://external-secrets.io/latest/api/spec/",
    ),
    Family("kubernetes-client.io", {"ExternalSecret": kubernetes_external_secret}),
    Family("bitnami.com", {"SealedSecret": _SYNCED}, "https://github.com/bitnami-labs/sealed-secrets"),
    Family("onepassword.com", {"OnePasswordItem": READY}, "https://github.com/1Password/onepassword-operator"),
    Family("kyverno.io", dict.fromkeys(("Policy", "ClusterPolicy"), _KYVERNO), "https://kyverno.io/docs/policy-types/"),
    Family(
        "k8s.keycloak.org",
        {
            "Keycloak": ByConditions(("Ready",), (degraded("HasErrors"),)),
            "KeycloakRealmImport": ByConditions(("Done",), (degraded("HasErrors"),)),
        },
        "https://www.keycloak.org/operator/basic-deployment",
    ),
    Family(
        "policy.open-cluster-management.io",
        {
            **dict.fromkeys(("Policy", "CertificatePolicy", "ConfigurationPolicy"), compliance),
            "OperatorPolicy": ByConditions(("Compliant",), (degraded("Compliant", "False"),)),
        },
        _OCM,
    ),
)
