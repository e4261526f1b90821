"""Well-known charts that packages bring: which, how they are had, and what they are given.

Nothing of them is in this repository. Istio's (Apache-2.0) are in a Go package of its own programs, Dask's
(BSD-3-Clause) in its operator's wheel; both are pinned by version and checksum, and kept as the toolchain keeps its
programs.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from bot.sandbox.builds import Program, Workshop
from tests.integration.repository.conftest import Files

_ISTIO: Final = Program("istio-charts", "istio", ".", 20, version=(), accepted=r"(?!)")
"""Writes the charts into a folder; none that is found elsewhere will do."""
_LIMIT: Final = 60
_GIVEN: Final = "given.yaml"


class Chart(NamedTuple):
    """One chart and the options of `helm` that it is rendered with."""

    folder: str
    options: tuple[dict[str, Any], ...]


_GATEWAY: Final = {
    "service": {"type": "ClusterIP", "annotations": {"team": "shop"}, "ports": [{"name": "https", "port": 443}]},
    "autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 9, "targetMemoryUtilizationPercentage": 70},
    "podDisruptionBudget": {"minAvailable": 1},
    "labels": {"istio": "edge"},
    "networkGateway": "network1",
    "env": {"ISTIO_META_X": "on"},
}
_ISTIOD: Final = {
    "revision": "canary",
    "revisionTags": ["prod", "stable"],
    "autoscaleEnabled": False,
    "replicaCount": 3,
    "env": {"PILOT_ENABLE_ALPHA_GATEWAY_API": True, "PILOT_X": 1.5},
    "meshConfig": {"accessLogFile": "/dev/stdout", "defaultConfig": {"tracing": {"sampling": 0.5}}},
    "global": {"meshID": "m1", "multiCluster": {"clusterName": "c1"}, "network": "n1", "logAsJson": True},
    "sidecarInjectorWebhook": {"enableNamespacesByDefault": True, "neverInjectSelector": [{"matchLabels": {"a": "b"}}]},
}
_DASK: Final = {
    "rbac": {"cluster": False},
    "metrics": {
        "scheduler": {"enabled": True, "serviceMonitor": {"enabled": True, "additionalLabels": {"release": "prom"}}},
        "worker": {"enabled": True, "podMonitor": {"enabled": True, "interval": "1m"}},
    },
    "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
    "extraEnv": [{"name": "A", "value": "0777"}],
    "tolerations": [{"operator": "Exists"}],
    "workerAllocation": {"size": 3, "delay": 10},
}


def _set(**parameters: str) -> dict[str, Any]:
    return {"parameters": [{"name": name.replace("__", "."), "value": value} for name, value in parameters.items()]}


def _with(**values: Any) -> dict[str, Any]:
    return {"valuesObject": values}


CHARTS: Final = {
    "istio base": Chart(
        "istio/charts/base",
        (
            {},
            _with(base={"enableCRDTemplates": True, "excludedCRDs": ["wasmplugins.extensions.istio.io"]}),
            _set(defaultRevision="canary", experimental__stableValidationPolicy="true"),
        ),
    ),
    "istiod": Chart(
        "istio/charts/istio-control/istio-discovery",
        (
            {},
            _with(**_ISTIOD),
            _set(profile="ambient", global__platform="openshift"),
            {**_with(profile="remote", istiodRemote={"enabled": True}), **_set(global__remotePilotAddress="10.0.0.1")},
            _with(compatibilityVersion="1.28", telemetry={"enabled": False}),
        ),
    ),
    "istio gateway": Chart(
        "istio/charts/gateway",
        ({}, _with(**_GATEWAY), _set(kind="DaemonSet", service__type="None"), _set(platform="openshift")),
    ),
    "istio ingress": Chart(
        "istio/charts/gateways/istio-ingress",
        ({}, _with(gateways={"istio-ingressgateway": {"type": "NodePort", "injectionTemplate": "gateway"}})),
    ),
    "istio egress": Chart(
        "istio/charts/gateways/istio-egress",
        ({}, _with(gateways={"istio-egressgateway": {"autoscaleEnabled": False, "env": {"A": "b"}}})),
    ),
    "istio cni": Chart(
        "istio/charts/istio-cni",
        (
            {},
            {"kubeVersion": "v1.33.4-gke.1"},
            _set(profile="ambient", global__platform="openshift"),
            _with(chained=False, provider="multus", repair={"deletePods": True}, resourceQuotas={"enabled": True}),
        ),
    ),
    "ztunnel": Chart(
        "istio/charts/ztunnel",
        (
            {},
            _with(env={"RUST_LOG": "debug"}, multiCluster={"clusterName": "c1"}, labels={"a": "b"}, logAsJson=True),
            _set(profile="ambient", global__platform="gke", resourceQuotas__enabled="true"),
        ),
    ),
    "istio default": Chart("istio/charts/default", ({}, _set(revision="canary", base__validationURL="https://x/"))),
    "dask operator": Chart(
        "dask/dask_kubernetes/operator/deployment/helm/dask-kubernetes-operator",
        ({}, _with(**_DASK), _set(serviceAccount__create="false", rbac__create="false", image__tag="1e3")),
    ),
}


def fetched(workshop: Workshop, folder: Path) -> dict[str, Path]:
    """Return where each chart is, having written what is no folder already below `folder`.

    Raises Rejected with words when a package can be neither built nor installed.
    """
    subprocess.run([workshop.built(_ISTIO), folder / "istio"], timeout=_LIMIT, check=True)
    (folder / "dask").symlink_to(workshop.from_wheel("dask-kubernetes", usually=5))
    return {name: folder / chart.folder for name, chart in CHARTS.items()}


def files(chart: Path, options: dict[str, Any]) -> Files:
    """Return the files of a chart in the folder `app`, and beside it the values as a file for the program."""
    found = {f"app/{one.relative_to(chart)}": one.read_bytes() for one in chart.rglob("*") if one.is_file()}
    return {**found, _GIVEN: json.dumps(options.get("valuesObject", {}))}


def arguments(options: dict[str, Any]) -> Iterator[str]:
    """Yield what the program is told instead of options of `helm`."""
    yield from ("--values", _GIVEN)
    for one in options.get("parameters", []):
        yield from ("--set", f"{one['name']}={one['value']}")
    if "kubeVersion" in options:
        yield from ("--kube-version", options["kubeVersion"])
