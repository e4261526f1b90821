"""A repository with a secret value in every place that can hold one; each side of a change has values of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from textwrap import dedent, indent

from tests.functional.canaries import Canaries
from tests.functional.conftest import Files


def manifest(kind: str, name: str, body: str, *, version: str = "v1", metadata: str = "") -> str:
    """Return a manifest; `metadata` and `body` are YAML of their own."""
    head = f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n"
    return head + indent(dedent(metadata), "  ") + dedent(body)


def _dockerconfig(user: str, password: str) -> str:
    return json.dumps(json.dumps({"auths": {"registry.example.com": {"username": user, "password": password}}}))


def _pem(body: str, kind: str = "RSA") -> str:
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN {kind} PRIVATE KEY-----\n{lines}\n-----END {kind} PRIVATE KEY-----\n"


_OTHER = {"base": "head", "head": "base"}


@dataclass
class Places:
    """Files with canaries of one side."""

    canaries: Canaries
    side: str

    def hide(self, place: str) -> str:
        return self.canaries(f"{place} ({self.side})")

    def odd(self, place: str) -> str:
        return self.canaries.odd(f"{place} ({self.side})")

    def encoded(self, place: str) -> str:
        return self.canaries.encoded(f"{place} ({self.side})")

    def lines(self, place: str, *, indent: int) -> str:
        return self.canaries.lines(f"{place} ({self.side})", indent=indent)

    def pem(self, place: str) -> str:
        return json.dumps(_pem(self.hide(place)))

    def secrets(self) -> Files:
        """Return Secrets that an API server takes, of each type."""
        several = f"data:\n  a: {self.encoded('data')}\nstringData:\n  b: {self.odd('stringData')}\n"
        several += f"  c: {self.lines('lines of stringData', indent=4)}"
        docker = f"  .dockerconfigjson: {_dockerconfig('robot', self.hide('dockerconfigjson'))}\n"
        tls = f"  tls.crt: public\n  tls.key: {self.pem('tls.key')}\n"
        login = f"  username: {self.hide('user name')}\n  password: {self.odd('basic-auth')}\n"
        listed = (
            f"{{apiVersion: v1, kind: Secret, metadata: {{name: listed}}, data: {{a: {self.encoded('in a List')}}}}}"
        )
        hook = "annotations: {argocd.argoproj.io/hook: PreSync}\n"
        return {
            "deploy/opaque.yaml": manifest("Secret", "opaque", several),
            "deploy/docker.yaml": manifest(
                "Secret", "docker", f"type: kubernetes.io/dockerconfigjson\nstringData:\n{docker}"
            ),
            "deploy/tls.yaml": manifest("Secret", "tls", f"type: kubernetes.io/tls\nstringData:\n{tls}"),
            "deploy/login.yaml": manifest("Secret", "login", f"type: kubernetes.io/basic-auth\nstringData:\n{login}"),
            "deploy/ssh.yaml": manifest(
                "Secret",
                "ssh",
                f"type: kubernetes.io/ssh-auth\nstringData:\n  ssh-privatekey: {self.pem('ssh-privatekey')}\n",
            ),
            "deploy/hook.yaml": manifest(
                "Secret", "hook", f"stringData: {{a: {self.hide('in a hook')}}}\n", metadata=hook
            ),
            "deploy/list.yaml": f"apiVersion: v1\nkind: List\nitems:\n- {listed}\n",
            "deploy/labelled.yaml": manifest(
                "ConfigMap",
                "labelled",
                "data: {}\n",
                metadata=f"""\
                labels: {{api-token: {self.hide("a label")}}}
                annotations: {{example.com/password: {self.odd("an annotation")}}}
                """,
            ),
        }

    def settings(self) -> Files:
        """Return a ConfigMap whose texts hold credentials in each form that people use."""
        texts = {
            "API_TOKEN": self.hide("a key of a ConfigMap"),
            "app.properties": f"colour=blue\nDB_PASSWORD={self.hide('properties')}\n",
            "export.env": f"export GITHUB_TOKEN='{self.hide('an exported variable')}'\n",
            "app.json": json.dumps({"db": {"port": 5432, "password": self.hide("a JSON member")}}),
            "pretty.json": json.dumps({"token": self.hide("pretty JSON")}, indent=2),
            "list.json": json.dumps({"passwords": [self.hide("a JSON list")]}),
            "number.json": f'{{"password": {self.canaries.number(f"a JSON number ({self.side})")}}}',
            "url": f"postgres://app:{self.hide('a URL')}@db.example.com/app",
            "key.pem": _pem(self.hide("a private key")),
            "app.yaml": f"database:\n  password: {self.hide('YAML in a ConfigMap')}\n  port: 1\n",
            "block.yaml": f"database:\n  password: |\n    {self.hide('a YAML block')}\n  port: 1\n",
            "next.yaml": f"token:\n  {self.hide('a value on the next line')}\n",
            "many.yaml": f"passwords:\n- {self.hide('a YAML list')}\n- {self.hide('second of a YAML list')}\n",
            "flow.yaml": f"db: {{host: db, password: {self.hide('flow YAML')}, port: 1}}\n",
            "manifest.yaml": f"apiVersion: v1\nkind: Secret\ndata: {{x: {self.encoded('a manifest')}}}",
            "connection": f"Server=db;User Id=app;Password={self.hide('a connection string')};Timeout=3",
            "dsn": f"host=db user=app password={self.hide('a DSN')} sslmode=disable",
            "run.sh": f"exec app --password={self.hide('a flag in a script')} --token {self.hide('a flag')}\n",
            "curl.sh": f"curl -H 'Authorization: Bearer {self.hide('a bearer token')}' https://example.com\n",
            "app.xml": f"<db><password>{self.hide('XML')}</password></db>",
            ".netrc": f"machine example.com login app password {self.hide('netrc')}\n",
            "query": f"https://example.com/hook?colour=blue&token={self.hide('a query')}",
            "app.toml": f'[db]\npassword = "{self.hide("TOML")}" # rotated\n',
        }
        return {"deploy/settings.yaml": manifest("ConfigMap", "settings", f"data: {json.dumps(texts)}\n")}

    def workload(self) -> Files:
        """Return a Deployment and a hook that are told secrets by their environment and arguments."""
        container = {
            "name": "web",
            "image": f"https://robot:{self.hide('an image')}@registry.example.com/web:1",
            "env": [
                {"name": "API_TOKEN", "value": self.hide("a variable")},
                {"name": "DATABASE_URL", "value": f"mysql://u:{self.hide('a URL in a variable')}@db/x"},
            ],
            "args": [f"--password={self.hide('an argument')}", "--token", self.hide("the argument after")],
            "command": ["sh", "-c", f"login --api-key {self.hide('a command')} && run"],
        }
        labels = {"app": "web", "token": self.hide("a pod's label")}
        spec = {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        }
        hook = {**container, "env": [{"name": "DB_PASSWORD", "value": self.hide("a hook's variable")}]}
        return {
            "deploy/web.yaml": manifest("Deployment", "web", f"spec: {json.dumps(spec)}\n", version="apps/v1"),
            "deploy/pods.yaml": manifest(
                "PodTemplate",
                "pods",
                f"template: {json.dumps({'spec': {'containers': [hook]}})}\n",
                metadata="annotations: {argocd.argoproj.io/hook: PreSync}\n",
            ),
        }

    def kustomized(self) -> Files:
        """Return a kustomization that makes Secrets of literals, files and lists."""
        generators = dedent(f"""\
            secretGenerator:
            - {{name: of-literals, literals: [password={self.hide("a literal")}]}}
            - {{name: of-files, files: [key=secret.txt]}}
            - {{name: of-a-list, envs: [secret.env]}}
            """)
        return {
            "kust/kustomization.yaml": generators,
            "kust/secret.txt": self.hide("a generator's file"),
            "kust/secret.env": f"PASSWORD={self.hide('a list of variables')}\n",
        }

    def everything(self) -> Files:
        return {**self.secrets(), **self.settings(), **self.workload(), **self.moved(), **self.kustomized()}

    def refused(self) -> Files:
        """Return objects that an API server refuses, quoting them."""
        pin = self.canaries.number(f"a number ({self.side})")
        tls = f"type: kubernetes.io/tls\nstringData: {{tls.crt: {self.hide('a Secret without tls.key')}}}\n"
        env = [{"name": "API_TOKEN", "value": {"secret": self.hide("a variable that is a mapping")}}]
        pods = {"containers": [{"name": "a", "image": "a", "env": env}]}
        bodies = {
            "pin": f"stringData: {{pin: {pin}}}\n",
            "text": f"stringData: {self.odd('stringData that is a text')}\n",
            "listed-data": f"data: [{self.hide('data that is a list')}]\n",
            "not-base64": f"data: {{a: {self.odd('data that is no base64')}}}\n",
            "deep": f"stringData: {{a: {{b: {self.hide('a mapping in stringData')}}}}}\n",
            "misspelt": f"stringdata: {{a: {self.hide('misspelt stringData')}}}\n",
            "no-tls": tls,
            "keys": f"stringData: {{'a b': {self.hide('a key that is none')}}}\n",
        }
        files = {f"deploy/refused-{name}.yaml": manifest("Secret", name, body) for name, body in bodies.items()}
        labels = f"labels: {{password: {self.odd('a label that is none')}}}\n"
        vault = f"spec: {{password: {self.hide('a kind nobody serves')}}}\n"
        sealed = f"spec: {{template: {{data: {{app.ini: password={self.hide('a SealedSecret')}}}}}}}\n"
        external = f"spec: {{target: {{template: {{data: {{a: token={self.hide('an ExternalSecret')}}}}}}}}}\n"
        template = f"spec: {{template: {{kind: Secret, data: {{a: {self.encoded('a Secret in a template')}}}}}}}\n"
        return files | {
            "deploy/refused-label.yaml": manifest("ConfigMap", "badly-labelled", "data: {}\n", metadata=labels),
            "deploy/refused-config.yaml": manifest(
                "ConfigMap", "listed-config", f"data: {{password: [{self.hide('a list in a ConfigMap')}]}}\n"
            ),
            "deploy/refused-pod.yaml": manifest("Pod", "mapped", f"spec: {json.dumps(pods)}\n"),
            "deploy/vault.yaml": manifest("Vault", "vault", vault, version="nobody.example.com/v1"),
            "deploy/sealed.yaml": manifest("SealedSecret", "sealed", sealed, version="bitnami.com/v1alpha1"),
            "deploy/external.yaml": manifest("ExternalSecret", "ext", external, version="external-secrets.io/v1"),
            "deploy/template.yaml": manifest("Maker", "maker", template, version="nobody.example.com/v1"),
            "deploy/other.yaml": manifest(
                "Secret",
                "other",
                f"data: {{a: {self.encoded('a Secret nobody serves')}}}\n",
                version="old.example.com/v1",
            ),
        }

    def moved(self) -> Files:
        """Return Secrets that cannot change, that go away, and that get other names."""
        fixed = f"immutable: true\nstringData: {{a: {self.hide('an immutable Secret')}}}\n"
        renamed = {"annotations": {"foresail.dev/renamed-from": f"named-{_OTHER[self.side]}"}}
        named = manifest("Secret", f"named-{self.side}", f"stringData: {{a: {self.hide('a renamed Secret')}}}\n")
        gone = {
            "deploy/gone.yaml": manifest("Secret", "gone", f"stringData: {{a: {self.hide('a Secret that goes')}}}\n")
        }
        return {
            "deploy/fixed.yaml": manifest("Secret", "fixed", fixed),
            "deploy/named.yaml": named.replace(
                "metadata:", f"metadata:\n  annotations: {json.dumps(renamed['annotations'])}"
            ),
            **(gone if self.side == "base" else {}),
        }

    def broken(self) -> dict[str, Files]:
        """Return folders that cannot be rendered, each with a secret where it breaks."""
        before = manifest("Secret", "broken", "stringData:\n")
        yaml = {
            "alias": f"{before}  password: *{self.hide('an alias')}\n",
            "type": f"{before}  password: !!int {self.hide('a value of another type')}\n",
            "colon": f"{before}  password: {self.hide('two colons')}: {self.hide('behind two colons')}\n",
            "quote": f'{before}  password: "{self.hide("an open quote")}\n',
            "kind": f"apiVersion: v1\nkind: [{self.hide('a kind')}]\nmetadata: {{name: a}}\n",
        }
        files: dict[str, Files] = {name: {"a.yaml": text} for name, text in yaml.items()}
        files["json"] = {"a.json": f'{{"kind": "Secret", "data": {{"a": "{self.hide("broken JSON")}" oops'}
        files["bytes"] = {"a.yaml": f"{before}  password: \x80{self.hide('a control character')}\n"}
        literals = f"secretGenerator: [{{name: a, literals: [{self.hide('a literal without =')}]}}]\n"
        files["literal"] = {"kustomization.yaml": literals}
        files["list"] = {
            "kustomization.yaml": "secretGenerator: [{name: a, envs: [x.env]}]\n",
            "x.env": f"{self.hide('a list')} is no assignment\n",
        }
        patch = json.dumps(manifest("Secret", "absent", f"stringData: {{a: {self.hide('a patch')}}}\n"))
        files["patch"] = {"kustomization.yaml": f"resources: []\npatches: [{{patch: {patch}}}]\n"}
        operation = json.dumps(f'[{{"op": "test", "path": "/data/a", "value": "{self.hide("a JSON patch")}"}}]')
        files["operation"] = {
            "kustomization.yaml": f"resources: [a.yaml]\npatches: [{{target: {{kind: Secret}}, patch: {operation}}}]\n",
            "a.yaml": manifest("Secret", "a", f"data: {{a: {self.encoded('beside a JSON patch')}}}\n"),
        }
        files["unknown"] = {
            "kustomization.yaml": f"secretGenerator: [{{name: a, literal: [a={self.hide('unknown field')}]}}]\n"
        }
        return files
