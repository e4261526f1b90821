"""Small charts, each for something that charts do; what they render to is the helm program's business."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import Any, Final, NamedTuple

from tests.integration.repository.conftest import Files
from tests.integration.repository.helm.conftest import NAMED, chart, echo

VALUES: Final = """\
a: {b: {c: 1, d: two}, list: [3, 1, 2], empty: {}}
text: "say \\"hi\\": # not a comment"
on: true
nothing: null
big: 12345678901234
float: 1.5e3
tiny: 0.1
lines: |
  first
    second

  third
anchor: &anchor {x: 1}
merged: {<<: *anchor, y: 2}
template: "{{ .Release.Name }}-{{ .Values.on }}"
"""

EXPRESSIONS: Final[dict[str, tuple[str, ...]]] = {
    "values": (".Values.a", ".Values.text", ".Values.big", ".Values.float", ".Values.tiny", ".Values.merged"),
    "nothing": (".Values.nothing", ".Values.missing", '.Values.missing | default "x"', "hasKey .Values `nothing`"),
    "numbers": ("add 1 2", "div 7 2", "mul 3 1.5", "int 3.9", "float64 `1.5`", "max 1 2", "floor 1.7", "round 1.555 2"),
    "big_numbers": (
        "int64 .Values.big",
        ".Values.big | toString",
        "printf `%v` .Values.big",
        "1e6",
        ".Values.big | quote",
    ),
    "texts": (
        "upper `a`",
        "trunc 3 `abcdef`",
        "trimSuffix `-` `a-`",
        "snakecase `aB`",
        "repeat 2 `ab`",
        "nospace `a b`",
    ),
    "printf": (
        'printf "%s-%d" "a" 1',
        "quote 1",
        "squote `it's`",
        "cat 1 2",
        'replace "a" "b" "banana"',
        "substr 1 3 `abc`",
    ),
    "lists": ("list 1 2 | first", "sortAlpha (list `b` `a`)", "uniq (list 1 1)", "join `,` .Values.a.list", "until 3"),
    "more_lists": ("rest (list 1 2)", "has 1 (list 1)", "without (list 1 2) 1", "seq 1 3", "chunk 2 (list 1 2 3)"),
    "dicts": (
        "dict `a` 1",
        "keys (dict `a` 1)",
        "merge (dict `a` 1) (dict `b` 2)",
        "pick .Values.a `b`",
        "omit .Values.a `b`",
    ),
    "deep": (
        "dig `b` `c` 0 .Values.a",
        "get .Values.a `b`",
        "mergeOverwrite (dict `a` 1) (dict `a` 2)",
        "deepCopy .Values.a",
    ),
    "yaml": ("toYaml .Values.a", "fromYaml `a: 1`", "fromYamlArray `[1, a]`", "fromYaml `: :`", "toYaml .Values.lines"),
    "json": (
        "toJson .Values.a",
        'fromJson `{"a": 1.5}`',
        "toPrettyJson .Values.a.list",
        "fromJsonArray `[1]`",
        "toRawJson `<&>`",
    ),
    "toml": ("toToml (dict `a` 1 `b` (dict `c` true))", "fromToml `a = 1`"),
    "hashes": (
        "sha256sum `a`",
        "sha1sum `a`",
        "adler32sum `a`",
        "b64enc `a`",
        "b64dec `YQ==`",
        "b32enc `a`",
        "sha512sum `a`",
    ),
    "regexes": (
        'regexMatch "^a+$" "aaa"',
        'regexReplaceAll "a(.)" "abac" "${1}x"',
        'regexFindAll "a" "aa" 1',
        'regexSplit "," "a,b" -1',
    ),
    "versions": (
        "semverCompare `>=1.2` `1.3.0`",
        "semver `1.2.3-a+b`",
        "(semver `1.2.3`).Minor",
        "semverCompare `^1` `2.0.0`",
    ),
    "kinds": (
        "kindOf 1",
        "kindOf .Values.big",
        "typeOf .Values.a",
        "kindIs `map` .Values.a",
        "kindOf nil",
        "kindOf 1.5",
    ),
    "choices": (
        "ternary 1 2 true",
        "coalesce nil 0 3",
        "empty ``",
        "default 1 0",
        "all 1 0",
        "any 0 1",
        "and 1 0",
        "or 0 2",
    ),
    "dates": (
        "date `2006-01-02` (toDate `2006-01-02` `2024-02-29`)",
        "dateInZone `15:04 MST` (toDate `2006` `2024`) `Asia/Tokyo`",
    ),
    "paths": ("base `a/b.c`", "dir `a/b`", "ext `a.b`", "clean `a/../b`", "isAbs `/a`", "osBase `/a/b`"),
    "urls": (
        "urlParse `https://u@h:1/p?q#f`",
        "urlJoin (dict `scheme` `https` `host` `a` `path` `/b`)",
        "getHostByName `x`",
    ),
    "release": (".Release", ".Chart.Name", ".Chart.Version", ".Chart.AppVersion", ".Template", ".Chart.IsRoot"),
    "capabilities": (
        ".Capabilities.KubeVersion",
        ".Capabilities.APIVersions.Has `apps/v1`",
        ".Capabilities.HelmVersion.Version",
    ),
    "lookup": (
        "lookup `v1` `Namespace` `` `prod`",
        "lookup `v1` `Secret` `prod` ``",
        "(lookup `v1` `Pod` `a` `b`).metadata",
    ),
    "tpl": ("tpl .Values.template .", 'tpl "{{ .x }}" (dict "x" 1)', 'tpl `{{ include "inner" . }}` .'),
    "files": (
        ".Files.Get `files/a.txt`",
        "(.Files.Glob `files/*`).AsConfig",
        "(.Files.Glob `**.txt`).AsSecrets",
        ".Files.Lines `files/a.txt`",
    ),
    "no_files": (
        ".Files.Get `templates/echo.yaml`",
        ".Files.Get `../outside.txt`",
        ".Files.Get `/etc/passwd`",
        ".Files.Get `Chart.yaml`",
    ),
    "includes": ('include "inner" .', 'include "inner" . | upper', 'include "outer" (dict "a" 1)'),
    "errors_as_values": ("fromJson `no`", "mustToJson 1", "fromYaml `- 1`", "toYaml nil", "b64dec `%`"),
    "unicode": (
        "`é😀` | upper",
        "len `é`",
        "`é` | b64enc",
        "trunc 1 `é` | len",
        "`\u2028` | quote",
        "abbrev 5 `abcdefgh`",
    ),
    "durations": ("duration 95", "durationRound `2h10m5s`", "ago now | kindOf", "toDate `2006` `2024` | unixEpoch"),
}
"""What templates may ask for, by topic: each is echoed as JSON."""

_INNER: Final = (
    '{{ define "inner" }}in {{ .Release | default (dict) | len }}{{ end }}{{ define "outer" }}<{{ .a }}>{{ end }}'
)
_HOOK: Final = "helm.sh/hook: '%s', helm.sh/hook-weight: '%s'"


class Case(NamedTuple):
    """A chart, and with what it is rendered."""

    files: Files
    helm: dict[str, Any]
    """Our options."""
    arguments: tuple[str, ...]
    """Those of the program that mean the same."""


def cases() -> dict[str, Case]:
    """Return every chart by a name."""
    asking = {name: _asking(expressions) for name, expressions in EXPRESSIONS.items()}
    shapes = {**_texts(), **_objects(), **_layouts()}
    return {**asking, **shapes, **_building(), **_beside(), **_given()}


def _asking(expressions: tuple[str, ...]) -> Case:
    extra = (("templates/_inner.tpl", _INNER), ("files/a.txt", "one\ntwo\n"), ("files/b.yaml", "b: {{ no }}\n"))
    return Case(chart(echo(*expressions), ("values.yaml", VALUES), *extra, appVersion="'2.0'"), {}, ())


def _object(kind: str = "ConfigMap", name: str = "a", rest: str = "", annotations: str = "") -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, annotations: {{{annotations}}}}}\n{rest}"


def _plain(*templates: str, **files: str) -> Case:
    named = [(f"templates/t{index}.yaml", text) for index, text in enumerate(templates)]
    more = [(name.replace("__", "/").replace("_DOT_", "."), text) for name, text in files.items()]
    return Case(chart(*named, ("values.yaml", VALUES), *more), {}, ())


def _texts() -> dict[str, Case]:
    """Return charts by what the text of their templates looks like."""
    deployment = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n  labels:\n"
        "    {{- range $k, $v := .Values.a.b }}\n    {{ $k }}: {{ $v | quote }}\n    {{- end }}\nspec:\n"
        "  replicas: {{ .Values.a.b.c }}\n  template:\n    spec:\n      containers:\n        - name: web\n"
        "          env: {{- toYaml (list (dict `name` `A` `value` .Values.text)) | nindent 12 }}\n"
    )
    return {
        "deployment": _plain(deployment),
        "several_in_one_file": _plain(f"---\n{_object(name='a')}---\n\n---\n{_object(name='b')}---\n# nothing\n"),
        "nothing_at_all": _plain("{{ if false }}\nx: 1\n{{ end }}\n", "# a comment\n", ""),
        "blocks": _plain(
            _object(rest="data:\n  lines: |-\n{{ .Values.lines | indent 4 }}\n  folded: >\n    a\n    b\n")
        ),
        "trimming": _plain(_object(rest="data:\n  {{- with .Values.a.b }}\n  c: {{ .c | quote -}}\n  {{ end }}\n")),
        "choices_in_text": _plain(
            _object(rest="data: {x: {{ if .Values.on }}'1'{{ else if 1 }}'2'{{ else }}'3'{{ end }} }\n")
        ),
        "odd_scalars": _plain(_object(rest="data: {a: 'on', b: \"yes\", c: '1e3', d: '010', e: ~, f: 0o7, g: 1_0}\n")),
        "more_scalars": _plain(
            _object(rest="spec: {a: on, b: yes, c: 1e3, d: 010, e: 0x1f, f: 1.0, g: 2001-01-01, i: 1:30}\n")
        ),
        "long_numbers": _plain(
            _object(rest="spec: {a: {{ .Values.big }}, b: {{ .Values.float }}, c: {{ .Values.tiny }} }\n")
        ),
        "a_key_twice": _plain(_object(rest="data: {a: '1', a: '2'}\ndata: {b: '3'}\n")),
        "anchors": _plain(_object(rest="data: &d {a: '1'}\nbinaryData: {<<: *d}\n")),
    }


def _objects() -> dict[str, Case]:
    """Return charts by what objects their templates make."""
    hooks = [
        _object("Pod", name, annotations=_HOOK % (name, weight)) for name, weight in (("post-install", 3), ("test", 1))
    ]
    return {
        "a_list": _plain(
            "apiVersion: v1\nkind: List\nitems:\n- "
            + _object(name="a").replace("\n", "\n  ")
            + "\n- "
            + NAMED.replace("\n", "\n  ")
        ),
        "json": _plain(
            '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "j"}, "data": {"a": "\\u00e9\\n"}}'
        ),
        "order_of_kinds": _plain(
            *(_object(kind, "a") for kind in ("Pod", "Service", "Namespace", "Unknown", "Secret", "Role"))
        ),
        "hooks": _plain(*hooks, _object()),
        "hooks_of_everything": _plain(*(_object("Job", one, annotations=_HOOK % (one, 0)) for one in HOOKS)),
        "kept": _plain(_object(annotations="helm.sh/resource-policy: keep")),
    }


def _layouts() -> dict[str, Case]:
    """Return charts by what files they have."""
    return {
        "notes": _plain(_object(), templates__NOTES_DOT_txt="Say {{ .Release.Name }}: apiVersion\n"),
        "tests": _plain(_object(), templates__tests__t_DOT_yaml=_object("Pod", "t", annotations=_HOOK % ("test", 0))),
        "ignored": _plain(
            _object(), _DOT_helmignore="templates/bad*\nfiles/\n", templates__bad_DOT_yaml="{{ fail `no` }}"
        ),
        "deep_folders": _plain(_object(), templates__x__y__z_DOT_yaml=_object(name="{{ .Template.Name | base }}")),
        "partials": _plain(
            _object(name='{{ include "m" . }}'), templates___n_DOT_tpl='{{ define "m" }}mm{{ end }}no manifest'
        ),
        "definitions": _plain(
            _object(),
            crds__a_DOT_yaml=CRD % "a" + "---\n" + CRD % "b",
            crds__b_DOT_yaml=CRD % "c",
        ),
        "byte_order_mark": _plain("\ufeff" + _object()),
        "windows_lines": _plain(_object(rest="data: {a: b}\n").replace("\n", "\r\n")),
        "schema": _plain(
            _object(),
            values_DOT_schema_DOT_json=json.dumps({"required": ["a"], "properties": {"on": {"type": "boolean"}}}),
        ),
        "no_values": Case(chart(("templates/a.yaml", _object(name="{{ .Values | len | printf `n%d` }}"))), {}, ()),
        "of_helm_2": Case(
            {**chart(("templates/a.yaml", _object())), "app/Chart.yaml": "apiVersion: v1\nname: app\nversion: 1.0.0\n"},
            {},
            (),
        ),
        "deprecated": Case(
            chart(echo(".Chart"), deprecated="true", kubeVersion="'>=1.20.0-0'", home="https://example.com"), {}, ()
        ),
    }


HOOKS: Final = (
    "pre-install",
    "post-install",
    "pre-upgrade",
    "pre-delete",
    "post-delete",
    "pre-rollback",
    "crd-install",
)
CRD: Final = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: %s.example.com}\n"


def _sub(name: str, *more: tuple[str, str], **chart_yaml: str) -> dict[str, str]:
    """Return a chart in another one's `charts` that says what it was given."""
    template = (
        f"templates/{name}.yaml",
        echo(".Values", ".Chart.Name", ".Release.Name")[1].replace("{name: a}", f"{{name: {name}}}"),
    )
    values = ("values.yaml", f"own: {name}\nexports: {{data: {{exported: {name}}}}}\n")
    return chart(template, values, *more, at=f"app/charts/{name}", name=name, **chart_yaml)


def _on(dependencies: str, values: str = "", *subs: dict[str, str], **helm: Any) -> Case:
    files = chart(echo(".Values", "keys .Subcharts | sortAlpha"), ("values.yaml", values), dependencies=dependencies)
    merged: Files = {name: text for one in (files, *subs) for name, text in one.items()}
    arguments = [word for one in helm.get("parameters", []) for word in ("--set", f"{one['name']}={one['value']}")]
    return Case(merged, helm, tuple(arguments))


_ONE: Final = "[{name: one, version: 1.x.x%s}]"
_SWITCHED: Final = "[{name: one, version: 1.0.0, condition: one.on}, {name: two, version: 1.0.0, tags: [t]}]"
_TWICE: Final = "[{name: one, version: 1.0.0, alias: x}, {name: one, version: 1.0.0, alias: y, condition: y.on}]"


def _building() -> dict[str, Case]:
    """Return charts that build on others."""
    library = chart(
        ("templates/_l.tpl", '{{ define "lib.name" }}lib-{{ .Chart.Name }}{{ end }}'),
        at="app/charts/lib",
        name="lib",
        type="library",
    )
    user = chart(
        ("templates/a.yaml", _object(name='{{ include "lib.name" . }}')), dependencies="[{name: lib, version: 1.0.0}]"
    )
    nested = {name.replace("app/charts/", "app/charts/one/charts/"): text for name, text in _sub("two").items()}
    imported = ", import-values: [data, {child: own, parent: taken}, {child: exports, parent: deep.er}]"
    return {
        "undeclared": _on("[]", "one: {given: 1}", _sub("one")),
        "declared": _on(_ONE % "", "one: {own: mine}\nglobal: {g: 1}", _sub("one")),
        "condition_holds": _on(_SWITCHED, "one: {on: true}\ntags: {t: false}", _sub("one"), _sub("two")),
        "condition_does_not": _on(_SWITCHED, "one: {on: false}\ntags: {t: true}", _sub("one"), _sub("two")),
        "switched_on_by_a_parameter": _on(
            _SWITCHED, "one: {on: false}", _sub("one"), _sub("two"), parameters=[{"name": "one.on", "value": "true"}]
        ),
        "tags_by_a_parameter": _on(
            _SWITCHED, "tags: {t: false}", _sub("one"), _sub("two"), parameters=[{"name": "tags.t", "value": "true"}]
        ),
        "alias": _on(_ONE % ", alias: other", "other: {given: 1}", _sub("one")),
        "twice": _on(_TWICE, "x: {a: 1}\ny: {on: false}", _sub("one")),
        "twice_both": _on(_TWICE, "x: {a: 1}\ny: {on: true}", _sub("one")),
        "imported_values": _on(_ONE % imported, "deep: {a: 1}", _sub("one")),
        "nested": _on(_ONE % "", "one: {two: {given: 1}}\nglobal: {g: 1}", _sub("one"), nested),
        "library": Case({**user, **library}, {}, ()),
        "a_null_takes_away": _on(_ONE % "", "one: {own: null}", _sub("one")),
    }


def _beside() -> dict[str, Case]:
    """Return charts that build on others with files of their own."""
    return {
        "definitions_of_others": _on(_ONE % "", "", _sub("one", ("crds/a.yaml", CRD % "sub"))),
        "definitions_of_what_is_switched_off": _on(
            _SWITCHED, "one: {on: false}\ntags: {t: true}", _sub("one", ("crds/a.yaml", CRD % "off")), _sub("two")
        ),
        "definitions_twice": _on(_TWICE, "x: {a: 1}\ny: {on: true}", _sub("one", ("crds/a.yaml", CRD % "sub"))),
        "a_schema_of_others": _on(_ONE % "", "", _sub("one", ("values.schema.json", '{"required": ["own"]}'))),
        "templates_of_the_same_name": _on(_ONE % "", "", _sub("one", ("templates/echo.yaml", _object(name="sub")))),
        "an_archive": Case(_archived(), {}, ()),
        "of_requirements": Case(_required(), {}, ()),
        "files_of_its_own": _on(
            _ONE % "",
            "",
            _sub(
                "one",
                ("f.txt", "sub"),
                ("templates/f.yaml", _object(name="f", rest="data: {a: {{ .Files.Get `f.txt` }} }\n")),
            ),
        ),
    }


def _required() -> Files:
    files = chart(
        echo(".Values"), ("requirements.yaml", "dependencies: [{name: one, version: 1.0.0, condition: one.on}]\n")
    )
    return {**files, "app/Chart.yaml": "apiVersion: v1\nname: app\nversion: 1.0.0\n", **_sub("one")}


def _archived() -> Files:
    """Return a chart that has another one as an archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in _sub("one").items():
            member = tarfile.TarInfo(name.removeprefix("app/charts/"))
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    files = chart(echo(".Values"), dependencies="[{name: one, version: 1.0.0}]")
    return {**files, "app/charts/one-1.0.0.tgz": gzip.compress(packed.getvalue(), mtime=0)}


def _given() -> dict[str, Case]:
    """Return charts by what they are given."""
    files: Files = {**chart(echo(".Values"), ("values.yaml", VALUES)), "app/v.yaml": "a: {b: {c: 7}}\non: false\n"}
    parameters = [{"name": "a.list[1]", "value": "x,y"}, {"name": "nothing", "value": "null"}]
    spelled = ("--set", r"a.list[1]=x\,y", "--set", "nothing=null")
    return {
        "values_files": Case(files, {"valueFiles": ["v.yaml"]}, ("-f", "app/v.yaml")),
        "parameters": Case(files, {"parameters": parameters}, spelled),
        "texts": Case(
            files, {"parameters": [{"name": "on", "value": "1", "forceString": True}]}, ("--set-string", "on=1")
        ),
        "a_file": Case(
            files, {"fileParameters": [{"name": "a.f", "path": "v.yaml"}]}, ("--set-file", "a.f=app/v.yaml")
        ),
        "another_kubernetes": Case(
            chart(echo(".Capabilities.KubeVersion")), {"kubeVersion": "v1.28.3"}, ("--kube-version", "1.28.3")
        ),
        "a_kubernetes_of_two_numbers": Case(
            chart(echo(".Capabilities.KubeVersion")), {"kubeVersion": "1.29"}, ("--kube-version", "1.29")
        ),
        "other_apis": Case(
            chart(echo('.Capabilities.APIVersions.Has "a/v1"')),
            {"apiVersions": ["a/v1", "b/v1"]},
            ("-a", "a/v1", "-a", "b/v1"),
        ),
        "another_namespace": Case(chart(echo(".Release.Namespace")), {"namespace": "else"}, ("--namespace", "else")),
        "no_tests": Case(
            _plain(_object("Pod", annotations=_HOOK % ("test", 0)), _object()).files,
            {"skipTests": True},
            ("--skip-tests",),
        ),
    }
