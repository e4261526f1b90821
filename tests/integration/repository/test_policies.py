"""Rules on their real engines, in the confined child."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pygit2.enums import ObjectType

from bot.errors import Rejected
from bot.model.policies import PolicySeverity
from bot.repository.policies.evaluator import Answer, evaluated
from bot.repository.policies.source import PolicySet, in_folder, in_tree
from tests.integration.repository.conftest import Files, Fixed, Link

PAGE = (Path(__file__).parents[3] / "docs" / "policies.md").read_text(encoding="utf-8")
EXAMPLES = dict(enumerate(re.findall(r"```(?:rego|yaml)\n(.*?)```", PAGE, re.DOTALL)))
BODY = "package main\nimport rego.v1\ndeny contains msg if {{\n{}\n}}"


def deployment(*, image: str = "nginx:latest", replicas: int = 1) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {"containers": [{"name": "web", "image": image}]}},
        },
    }


def subject(obj: dict[str, Any], *, operation: str = "create", group: str = "apps") -> dict[str, Any]:
    goes = operation == "delete"
    kind = {"group": group, "version": "v1", "kind": obj["kind"]}
    return {
        "operation": operation,
        "object": None if goes else obj,
        "oldObject": obj if goes else None,
        "request": {"operation": operation.upper(), "kind": kind, "name": obj["metadata"]["name"], "namespace": "shop"},
    }


def request(*subjects: dict[str, Any], application: str = "shop") -> dict[str, Any]:
    facts = {
        "application": {"name": application, "project": "prod"},
        "change": {"number": 7},
        "kubernetesVersion": "v1",
    }
    return {"facts": facts, "subjects": list(subjects), "objects": [one["object"] for one in subjects]}


def ask(files: dict[str, str], *subjects: dict[str, Any], seconds: float = 10.0) -> Answer:
    asked = request(*(subjects or (subject(deployment()),)))
    return next(evaluated([PolicySet(files)], [asked], seconds=seconds))


def told(answer: Answer) -> list[tuple[int, str, str]]:
    assert answer.broken == ()
    return [(place, finding.policy, finding.message) for place, finding in answer.findings]


def cel(expression: str, more: str = "message: refused") -> dict[str, str]:
    return {"a.cel.yaml": f"- name: a\n  expression: {expression!r}\n  {more}\n"}


def test_the_first_example_of_the_page_denies_and_warns() -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}
    found = ask({"a.rego": EXAMPLES[0]}, subject(deployment()), subject(claim, operation="delete", group=""))
    assert told(found) == [
        (0, "foresail.deny", "web runs nginx:latest: name a version"),
        (1, "foresail.warn", "data is deleted from prod"),
    ]
    assert [finding.severity for _, finding in found.findings] == [PolicySeverity.DENY, PolicySeverity.WARN]


def test_the_example_about_an_application_sees_all_of_its_objects() -> None:
    budget = {
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
    }
    words = "Deployment web has no PodDisruptionBudget"
    assert told(ask({"a.rego": EXAMPLES[1]})) == [(-1, "foresail.application.warn", words)]
    assert told(ask({"a.rego": EXAMPLES[1]}, subject(deployment()), subject(budget, group="policy"))) == []


def test_the_example_in_cel_matches_by_kind_namespace_and_operation() -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}
    found = ask({"a.cel.yaml": EXAMPLES[2]}, subject(deployment()), subject(claim, operation="delete", group=""))
    assert told(found) == [
        (0, "two-replicas", "one pod is no pod"),
        (0, "team-label", "every workload says whose it is"),
        (1, "keep-volumes", "claim data of shop must not be deleted"),
    ]


def test_rules_of_conftest_work_unchanged() -> None:
    text = """\
package main

deny_root[msg] {
  input.kind = "Deployment"
  not input.spec.template.spec.securityContext.runAsNonRoot = true
  msg = sprintf("Containers must not run as root in Deployment %s", [input.metadata.name])
}

violation[{"msg": msg, "details": {"image": image}}] {
  image := input.spec.template.spec.containers[_].image
  not contains(image, "@sha256:")
  msg := sprintf("%s has no digest", [image])
}

images[image] { image := input.spec.template.spec.containers[_].image }
warn[msg] { msg := images[_] }
exception[rules] { rules := ["root"] }
"""
    found = told(ask({"a.rego": text}))
    assert found == [(0, "main.violation", "nginx:latest has no digest"), (0, "main.warn", "nginx:latest")]


def test_what_is_deleted_is_nothing_to_conftests_rules() -> None:
    assert told(ask({"a.rego": BODY.format('msg := "a"')}, subject(deployment(), operation="delete"))) == []


def test_rules_of_gatekeeper_find_their_review() -> None:
    words = 'sprintf("%s %s", [input.review.kind.kind, input.review.object.metadata.name])'
    text = f'package foresail\nviolation[{{"msg": msg}}] {{ msg := {words} }}'
    assert told(ask({"a.rego": text})) == [(0, "foresail.violation", "Deployment web")]


def test_strange_text_reaches_rules_as_it_is() -> None:
    odd = deployment(image='a"b\\c\n{{x}} \x00 é 😀 `#')
    text = BODY.format("msg := input.spec.template.spec.containers[0].image")
    assert told(ask({"a.rego": text}, subject(odd))) == [(0, "main.deny", 'a"b\\c\n{{x}} \x00 é 😀 `#')]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("msg :=", "a.rego: line 4: Invalid assignment operator"),
        ("msg := foo(1)", "a.rego: Function not found: foo"),
        ("msg := http.send({}).body", "a.rego: line 4: the function http.send is not there for policies"),
        ("msg := 1", "a.rego: main.deny gives something that is no message"),
        ("msg := f(1)\n}\nf(x) := g(x)\ng(x) := f(x)\nh if { true", "Recursion detected"),
        ("msg := f(1)\n}\nf(1) := 1\nf(1) := 2\nh if { true", "evaluation fails"),
    ],
)
def test_broken_rego_is_named(line: str, words: str) -> None:
    found = ask({"a.rego": BODY.format(line)})
    assert found.findings == ()
    assert words in found.broken[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- name: a\n  expression: 1 +\n  message: b", "a.cel.yaml: line 1: a: expression: Failed to parse"),
        ("# b\n- name: a\n  message: b", "a.cel.yaml: line 2: expression: Field required"),
        ("- name: a\n  expression: 'true'", "a.cel.yaml: line 1: Value error, a rule needs a message"),
        ("- {name: a, expression: 'true', message: b, kinds: [c]}", "a.cel.yaml: line 1: kinds: Extra inputs"),
        ("- &a {name: a, expression: 'true', message: b}\n- *a", "there are two rules 'a'"),
        ("name: a", "a.cel.yaml: line 1: a file of CEL rules is a list of them"),
        ("- name: [", "a.cel.yaml: line 2: did not find"),
    ],
)
def test_a_broken_file_of_cel_is_named(text: str, words: str) -> None:
    assert words in ask({"a.cel.yaml": text}).broken[0]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("object.spec.nothing == 1", "cannot be evaluated: no such key: nothing"),
        ("nothing(1)", "cannot be evaluated: Undefined variable or function: 'nothing'"),
        ("object.spec.replicas", "its expression gives int, not true or false"),
        ("1 / 0 == 1", "cannot be evaluated: division by zero in CEL expression"),
    ],
)
def test_an_expression_that_fails_does_not_allow(expression: str, words: str) -> None:
    assert told(ask(cel(expression))) == [(0, "a", words)]


def test_a_message_is_made_by_its_expression() -> None:
    found = ask(cel("false", 'messageExpression: "object.metadata.name.upperAscii() + string(change.number)"'))
    assert told(found) == [(0, "a", "WEB7")]


def test_a_broken_file_leaves_others_as_they_are() -> None:
    found = ask({"a.rego": "package", "b.cel.yaml": "a: b", **cel("false")})
    assert [finding.policy for _, finding in found.findings] == ["a"]
    assert len(found.broken) == 2


def test_an_endless_rule_ends_and_nothing_after_it_counts_as_passed() -> None:
    endless = cel(
        "[" + ",".join("0" * 60) + "]" + "".join(f".all(x{i}, object.r" for i in range(6)) + ".size() > 0" + ")" * 6
    )
    big = {"kind": "A", "metadata": {"name": "a"}, "r": list(range(60))}
    answers = list(evaluated([PolicySet(endless)], [request(subject(big)), request(subject(big))], seconds=1.0))
    assert [one.broken for one in answers] == [("they took longer than 1 s",)] * 2


def test_a_rule_that_takes_too_much_memory_is_ended() -> None:
    hungry = BODY.format('msg := concat("", [a | some i in numbers.range(1, 3000000); a := "aaaaaaaaaa"])')
    assert "ended by" in ask({"a.rego": hungry}, seconds=60.0).broken[0]


def test_a_rule_that_never_stops_talking_is_cut_short() -> None:
    found = ask({"a.rego": BODY.format('some i in numbers.range(1, 1500)\nmsg := sprintf("%d", [i])')})
    assert len(found.findings) == 1000
    assert "more than 1,000 things" in found.broken[0]
    long = ask({"a.rego": BODY.format('msg := concat("", [a | some i in numbers.range(1, 9000); a := "a"])')})
    assert [len(finding.message) for _, finding in long.findings] == [1000]


def test_rules_learn_nothing_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESAIL_GITHUB_TOKEN", "ghp_canary")
    dodge = "r := data.main.runtime\nmsg := json.marshal(r)\n}\nruntime := x if {\nx := opa.runtime ()"
    found = ask({"a.rego": BODY.format(dodge)})
    assert "ghp_canary" not in str(found)
    assert ask({"a.rego": BODY.format("msg := opa.runtime().env.HOME")}).findings == ()


def test_another_folders_rules_take_nothing_back() -> None:
    strict = PolicySet({"a.rego": BODY.format('msg := "operator"')})
    lax = PolicySet(
        {"b.rego": 'package main\nimport rego.v1\nexception contains [""] if true\ndeny contains "own" if true'}
    )
    answer = next(evaluated([strict, lax], [request(subject(deployment()))]))
    assert told(answer) == [(0, "main.deny", "operator")]


def test_a_tree_gives_its_rules_without_tests_and_links(repository: Fixed) -> None:
    folder = ".foresail/policies"
    files = {f"{folder}/a.rego": "package main", f"{folder}/b/c.cel.yaml": "[]", "a.rego": "package main"}
    others: Files = {
        f"{folder}/a_test.rego": "package main",
        f"{folder}/README.md": "",
        f"{folder}/l.rego": Link("../../a.rego"),
    }
    found = in_tree(repository.mirror, repository.tree({**files, **others}))
    assert (sorted(found.files), found.broken) == ([f"{folder}/a.rego", f"{folder}/b/c.cel.yaml"], ())
    assert in_tree(repository.mirror, repository.tree({"a": "b"})).files == {}


def test_a_file_whose_name_is_no_text_is_read_all_the_same(repository: Fixed) -> None:
    entry = repository.git.create_blob(b"a: b")
    for mode, name in ((b"100644", b"\xff.cel.yaml"), (b"40000", b"policies"), (b"40000", b".foresail")):
        entry = repository.git.write(ObjectType.TREE, mode + b" " + name + b"\0" + entry.raw)
    found = in_tree(repository.mirror, str(entry))
    answer = next(evaluated([found], [request(subject(deployment()))]))
    assert answer.broken[0].startswith(".foresail/policies/\\udcff.cel.yaml: line 1")


def test_what_cannot_be_read_is_named(repository: Fixed) -> None:
    tree = repository.tree(
        {".foresail/policies/a.rego": b"package main\n# \xff", ".foresail/policies/b.rego": b"#" * 2_000_001}
    )
    assert [words.partition(": ")[0] for words in in_tree(repository.mirror, tree).broken] == [
        ".foresail/policies/a.rego",
        ".foresail/policies/b.rego",
    ]


def test_the_operators_folder_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "a.rego").write_text("package foresail.application\n", encoding="utf-8")
    assert in_folder(tmp_path).asks_for_all_objects
    with pytest.raises(Rejected, match="FORESAIL_POLICIES is no folder"):
        in_folder(tmp_path / "nothing")


def test_a_mounted_folder_is_read_once(tmp_path: Path) -> None:
    kept = tmp_path / "..2026_11_25"
    kept.mkdir()
    (kept / "a.rego").write_text("package main\n", encoding="utf-8")
    (tmp_path / "..data").symlink_to(kept)
    (tmp_path / "a.rego").symlink_to("..data/a.rego")
    assert list(in_folder(tmp_path).files) == ["FORESAIL_POLICIES/a.rego"]


def test_no_engine_is_loaded_where_the_rules_are_only_read() -> None:
    program = "import sys, bot.prediction.preview, bot.services; print({'regopy', 'cel'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "set()\n"
