"""What a cluster Secret says, and how much of a cluster it has managed."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from bot.engine.clusters import Access, ClusterSecret, Program, Scope
from bot.model.resources import ResourceKey
from tests.second_cluster import cluster_secret

SERVER = "https://10.0.0.1:6443"
HIDDEN = "do-not-tell-me"


def read(config: object, **data: str) -> ClusterSecret:
    return ClusterSecret.parse(cluster_secret("prod", SERVER, config, **data))


def access(**config: Any) -> Access:
    found = read(config)
    assert found.problem == ""
    return found.access


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def test_a_secret_names_its_cluster_and_who_may_use_it() -> None:
    found = ClusterSecret.parse(cluster_secret("prod", f"{SERVER}/", {}, project="team"))
    assert (found.secret, found.name, found.server, found.project) == ("cluster-prod", "prod", SERVER, "team")


def test_without_a_name_a_cluster_is_called_by_its_url() -> None:
    assert ClusterSecret.parse(cluster_secret("", SERVER, {})).name == SERVER


def test_who_we_are_is_a_token_a_password_or_a_certificate() -> None:
    assert access(bearerToken="t\n").bearer_token == "t"
    assert access(username="u", password="p") == Access(username="u", password="p")
    tls = {"certData": base64("C"), "keyData": base64("K"), "caData": base64("A"), "serverName": "api"}
    assert access(tlsClientConfig=tls) == Access(certificate="C", key="K", authority="A", server_name="api")
    assert access(tlsClientConfig={"insecure": True}).insecure


def test_programs_of_clouds_are_read() -> None:
    asked = {"command": "kubelogin", "args": ["get-token"], "env": {"A": "1"}, "apiVersion": "v", "installHint": "h"}
    assert access(execProviderConfig=asked).program == Program("kubelogin", ("get-token",), (("A", "1"),), "v", "h")
    program = access(awsAuthConfig={"clusterName": "c", "roleARN": "r", "profile": None}).program
    assert program is not None
    assert program.command == "aws"
    assert program.args[-4:] == ("--cluster-name", "c", "--role-arn", "r")


def test_null_is_as_if_it_were_not_there() -> None:
    nothing = {"tlsClientConfig": None, "execProviderConfig": None, "awsAuthConfig": None, "bearerToken": None}
    assert access(**nothing) == Access()
    assert not access(**nothing).names_somebody


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (f"{{{HIDDEN}", "it is no JSON object"),
        (json.dumps([HIDDEN]), "it is no JSON object"),
        ({"bearerToken": {"x": HIDDEN}}, "bearerToken: Input should be a valid string"),
        ({"tlsClientConfig": {"caData": HIDDEN + "="}}, "tlsClientConfig.caData: it is not base64 of ASCII text"),
        ({"tlsClientConfig": {"caData": base64("é")}}, "tlsClientConfig.caData: it is not base64 of ASCII text"),
        ({"tlsClientConfig": {"insecure": HIDDEN}}, "tlsClientConfig.insecure: Input should be a valid boolean"),
        ({"tlsClientConfig": {"insecure": True, "caData": base64("A")}}, "both insecure and caData"),
        ({"tlsClientConfig": {"certData": base64("A")}}, "one of certData and keyData, and not the other"),
        ({"bearerToken": f"{HIDDEN}\r\nX: y"}, "more than one line in bearerToken"),
        ({"bearerToken": f"{HIDDEN}…"}, "something else than ASCII in bearerToken"),
        ({"tlsClientConfig": {"serverName": f"{HIDDEN}\0"}}, "more than one line in serverName"),
        ({"execProviderConfig": {"command": ""}}, "execProviderConfig.command"),
    ],
)
def test_what_is_wrong_is_said_without_what_stands_there(config: object, words: str) -> None:
    found = read(config)
    assert words in found.problem
    assert "cluster-prod" in found.problem
    assert (found.name, found.server, found.access) == ("prod", SERVER, Access())
    assert HIDDEN not in repr(found)


@pytest.mark.parametrize(
    "server", ["", "10.0.0.1", "ftp://x", "https://", "https://u:p@x", "https://[", "https://x:99999"]
)
def test_a_server_is_a_url(server: str) -> None:
    assert "has no URL" in ClusterSecret.parse(cluster_secret("prod", server, {})).problem


def test_credentials_are_not_in_its_text() -> None:
    secret = {"bearerToken": HIDDEN, "password": HIDDEN, "execProviderConfig": {"command": "aws", "args": [HIDDEN]}}
    assert HIDDEN not in repr(read(secret))


CONFIG = ResourceKey("", "ConfigMap", "shop", "settings")
ROLE = ResourceKey("rbac.authorization.k8s.io", "ClusterRole", "", "admin")


def test_all_is_managed_where_no_namespace_is_listed() -> None:
    scope = read({}).scope
    assert scope.covers(CONFIG)
    assert scope.covers(ROLE)
    assert scope.refusal([CONFIG, ROLE]) == ""


def test_only_what_lies_in_listed_namespaces_is_managed() -> None:
    scope = read({}, namespaces="shop, bank").scope
    assert scope == Scope(("shop", "bank"))
    assert scope.covers(CONFIG)
    other = ResourceKey("", "ConfigMap", "other", "settings")
    assert "namespace other is not among those" in scope.refusal([CONFIG, other])
    assert "objects without a namespace are not managed" in scope.refusal([CONFIG, ROLE])


def test_a_kind_is_listed_where_it_is_managed() -> None:
    assert Scope().places(namespaced=True) == ("",)
    assert Scope(("a", "b")).places(namespaced=True) == ("a", "b")
    assert Scope(("a",)).places(namespaced=False) == ()
    assert Scope(("a",), cluster_resources=True).places(namespaced=False) == ("",)


def test_what_has_no_namespace_may_be_managed_beside_it() -> None:
    scope = read({}, namespaces="shop", clusterResources="true").scope
    assert scope.refusal([CONFIG, ROLE]) == ""
