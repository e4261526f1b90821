"""Which API server a destination means: two real ones, and Secrets that describe the second."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bot.cluster.clusters import Clusters, Limits, Others, UnknownCluster
from bot.cluster.connection import ApiServer
from bot.cluster.errors import ClusterAway, NotAccepted
from bot.cluster.objects import Cluster
from bot.cluster.programs import ProgramToken
from bot.cluster.secrets import ClusterSecrets
from bot.engine.clusters import Program
from bot.errors import Rejected
from bot.model.applications import Destination
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.processes import free_port
from tests.second_cluster import authority_of, cluster_secret, config_of

Declare: TypeAlias = Callable[..., None]
HIDDEN = "do-not-tell-me"
LOCAL = "https://kubernetes.default.svc"


@pytest.fixture
def clusters(cluster: Cluster, namespace: str) -> Clusters:
    """Return what a process knows that is started now."""
    return Clusters(cluster, Others(ClusterSecrets(cluster, namespace=namespace), Limits(5.0, 2), ("teller",)))


@pytest.fixture
def declare(control_plane: ControlPlane, second_plane: ControlPlane, namespace: str, clusters: Clusters) -> Declare:
    """Return what writes the Secret of the second cluster, or of another server, and has it noticed."""

    def declared(config: object = None, *, name: str = "second", server: str = "", **data: str) -> None:
        said = config_of(second_plane) if config is None else config
        secret = cluster_secret(name, server or second_plane.server, said, namespace=namespace, **data)
        control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(secret))
        clusters.expire()

    return declared


def uid_of(cluster: Cluster) -> str:
    """Return what tells one cluster from another."""
    return str(cluster.server.get("/api/v1/namespaces/kube-system")["metadata"]["uid"])


def lists_of_secrets(cluster: Cluster) -> int:
    """Return how often the API server was asked for those of a namespace."""
    text = cluster.server.read("/metrics", query={}, accept="text/plain").decode()
    wanted = [f'{key}="{value}"' for key, value in (("resource", "secrets"), ("scope", "namespace"), ("verb", "LIST"))]
    counted = (line for line in text.splitlines() if line.startswith("apiserver_request_total{"))
    return sum(int(float(line.rpartition(" ")[2])) for line in counted if all(one in line for one in wanted))


def test_a_cluster_is_reached_by_its_name_and_by_its_url(
    declare: Declare, clusters: Clusters, second_plane: ControlPlane
) -> None:
    declare()
    found = clusters.at(Destination(name="second"))
    assert found is clusters.at(Destination(server=f"{second_plane.server}/"))
    assert uid_of(found) == second_plane.kubectl("get", "ns", "kube-system", "-o=jsonpath={.metadata.uid}")
    assert uid_of(found) != uid_of(clusters.control)
    assert found.why_away() == ""
    assert clusters.names_of(Destination(name="second")) == ("second", second_plane.server)
    assert clusters.name_of(Destination(server=second_plane.server)) == "second"


def test_our_own_cluster_needs_no_secret(clusters: Clusters) -> None:
    assert clusters.at(Destination(name="in-cluster")) is clusters.control
    assert clusters.at(Destination(server=LOCAL)) is clusters.control


def test_a_secret_may_say_more_about_our_own(declare: Declare, clusters: Clusters) -> None:
    declare({}, name="management", server=LOCAL, namespaces="shop", project="team")
    assert clusters.at(Destination(name="management")) is clusters.control
    assert "management" in clusters.names_of(Destination(name="in-cluster"))
    assert clusters.control.scope.namespaces == ("shop",)
    assert clusters.project_of(Destination(name="in-cluster")) == "team"


def test_what_no_secret_describes_is_refused_with_what_there_is(declare: Declare, clusters: Clusters) -> None:
    declare()
    with pytest.raises(Rejected, match="which is not configured") as refused:
        clusters.at(Destination(name="third"))
    assert "in-cluster" in refused.value.remedy
    assert "second" in refused.value.remedy


def test_a_secret_that_has_just_come_is_seen_though_nobody_has_told_of_it(
    control_plane: ControlPlane, second_plane: ControlPlane, clusters: Clusters, namespace: str
) -> None:
    with pytest.raises(UnknownCluster):
        clusters.at(Destination(name="second"))
    secret = cluster_secret("second", second_plane.server, config_of(second_plane), namespace=namespace)
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(secret))
    assert clusters.at(Destination(name="second"), anew=True).name == "second"
    assert clusters.at(Destination(name="second")).name == "second"


def test_clusters_that_nobody_knows_are_not_looked_for_each_time(cluster: Cluster, clusters: Clusters) -> None:
    before, begin = lists_of_secrets(cluster), time.monotonic()
    for number in range(500):
        with pytest.raises(UnknownCluster):
            clusters.at(Destination(name=f"wrong-{number}"))
    assert lists_of_secrets(cluster) - before <= time.monotonic() - begin + 1  # the first, and then one a second


def test_a_cluster_has_not_gone_because_its_secret_may_not_be_read(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    control_plane.kubectl("create", "serviceaccount", "nobody", "-n", namespace)
    token = control_plane.kubectl("create", "token", "nobody", "-n", namespace).strip()
    text = control_plane.kubeconfig.read_text("ascii").replace(control_plane.token, token)
    (tmp_path / "kubeconfig").write_text(text, "ascii")
    nobody = Cluster(ApiServer.from_kubeconfig(str(tmp_path / "kubeconfig")))
    clusters = Clusters(nobody, Others(ClusterSecrets(nobody, namespace=namespace)))
    with pytest.raises(Rejected, match="the cluster second is not known: secrets is forbidden") as refused:
        clusters.at(Destination(name="second"))
    assert not isinstance(refused.value, UnknownCluster)
    nobody.close()


def test_a_connection_lasts_until_its_secret_changes_or_goes(
    declare: Declare, clusters: Clusters, control_plane: ControlPlane, namespace: str
) -> None:
    declare()
    first = clusters.at(Destination(name="second"))
    clusters.expire()
    assert clusters.at(Destination(name="second")) is first

    declare({"bearerToken": HIDDEN, "tlsClientConfig": {"insecure": True}})
    changed = clusters.at(Destination(name="second"))
    assert changed is not first
    assert clusters.all() == (clusters.control, changed)
    assert first.why_away() == ""  # whoever holds it can end what was begun

    control_plane.kubectl("delete", "secret", "cluster-second", "-n", namespace)
    clusters.expire()
    with pytest.raises(Rejected, match="not configured"):
        clusters.at(Destination(name="second"))


def test_a_secret_that_cannot_be_used_is_named(declare: Declare, clusters: Clusters) -> None:
    declare(f"{{{HIDDEN}")
    with pytest.raises(Rejected, match="the Secret cluster-second has a config that cannot be used"):
        clusters.at(Destination(name="second"))
    broken = {"tlsClientConfig": {"caData": "Tm90IFBFTQ=="}}
    declare(broken)
    with pytest.raises(Rejected, match="the certificates in the Secret cluster-second cannot be read"):
        clusters.at(Destination(name="second"))


@pytest.mark.parametrize(
    ("config", "server"),
    [
        ({"proxyUrl": f"http://user:{HIDDEN}@proxy:99999999"}, ""),
        ({"proxyUrl": f"http://user:{HIDDEN}@[proxy"}, ""),
        ({"proxyUrl": f"user:{HIDDEN}@proxy"}, ""),
        ({"proxyUrl": f"socks5://user:{HIDDEN}@proxy:1080"}, ""),
        ({}, "https://no host:6443"),
    ],
)
def test_a_secret_that_leads_nowhere_is_the_trouble_of_its_applications_alone(
    declare: Declare, clusters: Clusters, config: object, server: str
) -> None:
    declare(config, server=server)
    with pytest.raises(Rejected, match=r"the Secret cluster-second has a (server or )?proxyUrl") as refused:
        clusters.at(Destination(name="second"))
    assert HIDDEN not in str(refused.value)
    assert refused.value.__cause__ is None


def test_it_has_to_be_clear_which_cluster_is_meant(declare: Declare, clusters: Clusters) -> None:
    declare()
    declare(name="other")
    assert clusters.at(Destination(name="other")).name == "other"
    with pytest.raises(Rejected, match="cluster-other, cluster-second"):
        clusters.at(Destination(server=clusters.at(Destination(name="second")).server.server))


def test_none_is_called_as_our_own(declare: Declare, clusters: Clusters, second_plane: ControlPlane) -> None:
    declare(name="in-cluster")
    assert clusters.at(Destination(name="in-cluster")) is clusters.control
    with pytest.raises(Rejected, match="which is the name of Foresail's own"):
        clusters.at(Destination(server=second_plane.server))


def test_credentials_that_are_not_accepted_are_said_to_be(declare: Declare, clusters: Clusters) -> None:
    declare({"bearerToken": HIDDEN, "tlsClientConfig": {"insecure": True}})
    found = clusters.at(Destination(name="second"))
    with pytest.raises(NotAccepted):
        found.server.get("/api")
    assert found.why_away().startswith("cannot use second: the API server does not accept our credentials")
    assert HIDDEN not in found.why_away()


def test_the_name_that_a_certificate_is_for_can_be_given(
    declare: Declare, clusters: Clusters, second_plane: ControlPlane
) -> None:
    tls = {"caData": authority_of(second_plane), "serverName": "kubernetes.default.svc"}
    declare({"bearerToken": second_plane.token, "tlsClientConfig": tls})
    assert clusters.at(Destination(name="second")).why_away() == ""
    declare({"bearerToken": second_plane.token, "tlsClientConfig": {**tls, "serverName": "elsewhere"}})
    assert "its TLS is not accepted: Hostname mismatch" in clusters.at(Destination(name="second")).why_away()


def test_who_is_not_vouched_for_is_not_spoken_to(
    declare: Declare, clusters: Clusters, second_plane: ControlPlane
) -> None:
    declare({"bearerToken": second_plane.token})
    assert "its TLS is not accepted: " in clusters.at(Destination(name="second")).why_away()


def test_a_cluster_that_is_away_is_asked_again_only_after_a_while(declare: Declare, clusters: Clusters) -> None:
    declare({}, server=f"https://127.0.0.1:{free_port()}")
    found = clusters.at(Destination(name="second"))
    assert found.why_away() == "cannot reach second: no connection is made: Connection refused"
    with pytest.raises(ClusterAway):
        found.server.get("/version")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what makes a shell script the program `teller`."""

    def written(script: str) -> None:
        path = tmp_path / "teller"
        path.write_text(f"#!/bin/sh\necho run >> {tmp_path}/runs\n{script}\n", "utf-8")
        path.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("FORESAIL_GITHUB_TOKEN", HIDDEN)
    return written


def credential(token: str, *, until: str = "2999-01-01T00:00:00Z") -> str:
    status = {"token": token, "expirationTimestamp": until}
    kind = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    return f"echo '{json.dumps({**kind, 'status': status})}'"


def by(plane: ControlPlane, command: str = "teller", **more: object) -> dict[str, object]:
    tls = {"caData": authority_of(plane)}
    return {"tlsClientConfig": tls, "execProviderConfig": {"command": command, **more}}


def test_a_program_gives_the_credential_once_until_it_expires(
    declare: Declare, clusters: Clusters, second_plane: ControlPlane, program: Callable[[str], None], tmp_path: Path
) -> None:
    program(f'env > {tmp_path}/env\ntest "$1 $GREETING" = "hello world" && {credential(second_plane.token)}')
    declare(by(second_plane, args=["hello"], env={"GREETING": "world"}))
    found = clusters.at(Destination(name="second"))
    assert found.why_away() == ""
    assert found.why_away() == ""
    assert (tmp_path / "runs").read_text("utf-8") == "run\n"
    told = (tmp_path / "env").read_text("utf-8")
    assert '"kind":"ExecCredential"' in told
    assert HIDDEN not in told


def test_a_credential_that_has_expired_is_asked_for_again(program: Callable[[str], None], tmp_path: Path) -> None:
    program(credential("t", until="2001-01-01T00:00:00Z"))
    teller = ProgramToken(Program("teller"), cluster="second", allowed=("teller",))
    assert [teller.header(), teller.header()] == ["Bearer t", "Bearer t"]
    assert (tmp_path / "runs").read_text("utf-8") == "run\nrun\n"


def test_a_program_that_the_operator_does_not_allow_is_not_run(
    declare: Declare, clusters: Clusters, second_plane: ControlPlane, tmp_path: Path
) -> None:
    declare(by(second_plane, "/bin/touch", args=[str(tmp_path / "made")]))
    words = clusters.at(Destination(name="second")).why_away()
    assert "names the program /bin/touch, which may not be run" in words
    assert not (tmp_path / "made").exists()


def test_a_program_that_is_not_there_is_named_with_its_hint(
    declare: Declare, clusters: Clusters, second_plane: ControlPlane
) -> None:
    declare(by(second_plane, installHint="Put it into the image."))
    words = clusters.at(Destination(name="second")).why_away()
    assert words.endswith("is not installed Put it into the image.")


@pytest.mark.parametrize(
    "asked", [{"args": [f"{HIDDEN}\0"]}, {"env": {"A=B": HIDDEN}}, {"args": [HIDDEN * 10_000]}], ids=["0", "=", "big"]
)
def test_a_program_that_cannot_be_run_as_asked_is_said_to(
    declare: Declare,
    clusters: Clusters,
    second_plane: ControlPlane,
    program: Callable[[str], None],
    asked: dict[str, Any],
) -> None:
    program(credential(second_plane.token))
    declare(by(second_plane, **asked))
    words = clusters.at(Destination(name="second")).why_away()
    assert "the program teller, which gives credentials for the cluster second, cannot be run" in words
    assert HIDDEN not in words


@pytest.mark.parametrize(
    "case",
    [
        (f"echo 'no role for {HIDDEN} ok' >&2; exit 3", "teller gives no credential: no role for <redacted> ok"),
        ("exit 3", "teller gives no credential: exit code 3"),
        (credential("tök€n"), "what teller returns is no ExecCredential with a token"),
        (f"echo {HIDDEN}", "what teller returns is no ExecCredential with a token"),
    ],
)
def test_a_program_that_fails_is_said_to(
    declare: Declare,
    clusters: Clusters,
    second_plane: ControlPlane,
    program: Callable[[str], None],
    case: tuple[str, str],
) -> None:
    script, words = case
    program(script)
    declare(by(second_plane, env={"SECRET": HIDDEN}))
    found = clusters.at(Destination(name="second")).why_away()
    assert found == f"cannot reach second: {words}"
