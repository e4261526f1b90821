"""What is read from a Rego file, and what is refused because the engine would let it pass."""

from __future__ import annotations

import pytest

from bot.errors import Rejected
from bot.repository.policies import modules
from bot.repository.policies.modules import Module

BUILTINS = {"object.get", "strings.count", "time.now_ns", "opa.runtime"}


def read(text: str, **others: str) -> Module:
    return modules.read({"a.rego": text, **others}, is_builtin=BUILTINS.__contains__)[0]


def body(text: str) -> str:
    return f"package main\n\nimport rego.v1\n\ndeny contains msg if {{\n{text}\n}}\n"


def refusal(text: str, **others: str) -> str:
    with pytest.raises(Rejected) as caught:
        read(text, **others)
    return caught.value.message


def test_rules_with_something_to_say_are_found() -> None:
    rules = 'deny contains "a" if true\nwarn_old[msg] { msg := "b" }\nviolation := "c"'
    text = f"package main\n{rules}\ndenying := 1\n  deny_in := 2"
    assert read(text).rules == ("deny", "warn_old", "violation")


def test_names_in_strings_and_comments_declare_nothing() -> None:
    assert read('package main\n# package other\nwarn contains `\ndeny contains "x"` if true').rules == ("warn",)


def test_a_package_has_its_full_name() -> None:
    assert read("package foresail.application\n").package == "foresail.application"


def test_a_file_without_package_is_refused() -> None:
    assert refusal("deny := 1\n") == "a.rego: line 1: a Rego file begins with its package"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("deny[msg] { msg := 1 }", "deny contains msg if { msg := 1 }"),
        (
            'violation[{"msg": m, "a": [1]}] {\n  m := x[0]\n}',
            'violation contains {"msg": m, "a": [1]} if {\n  m := x[0]\n}',
        ),
        ("names[n]\n{ n := 1 }", "names contains n if\n{ n := 1 }"),
    ],
)
def test_sets_in_the_older_form_are_written_in_the_newer(old: str, new: str) -> None:
    assert read(f"package main\nx := [1]\n{old}").text == f"package main\nx := [1]\n{new}"


@pytest.mark.parametrize(
    "rule", ["p[x] := 1 { x := 2 }", "p[x] if { x := 2 }", 'p["[x] {"] := 1', "p := a[0] { a := [1] }"]
)
def test_what_is_no_set_stays_as_it_is(rule: str) -> None:
    assert read(f"package main\n{rule}").text == f"package main\n{rule}"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("http.send({})", "the function http.send is not there for policies"),
        ("msg := opa.runtime()", "the function opa.runtime is not there for policies"),
        ('inptu.kind == "a"', "inptu has no value here"),
        ("input.kind == knd", "knd has no value here"),
        ("limit > 1", "limit has no value here"),
    ],
)
def test_what_would_be_undefined_without_a_word_is_refused(line: str, words: str) -> None:
    assert refusal(body(f'msg := "a"\n{line}')) == f"a.rego: line 7: {words}"


@pytest.mark.parametrize(
    "line",
    [
        'msg := object.get(input, "a", "b")',
        'input.spec.containers[i].image == "a"\nmsg := "b"',
        "some one in input.items\none.kind == two\ntwo := msg\nmsg := one.name",
        'x = input.a\nx.b == "inptu.kind == 1"  # knd == 1\nmsg := "a"',
        'every c in input.items { c.kind == "a" }\nmsg := "b"',
        "[msg, _] = input.pair",
        "msg := input.metadata.labels[key]\nkey != `a`",
    ],
)
def test_what_has_a_value_is_read(line: str) -> None:
    assert read(body(line)).rules == ("deny",)


def test_functions_of_other_modules_are_no_built_in_ones() -> None:
    text = "package main\nimport data.lib.kubernetes as k8s\ndeny[m] { k8s.bad(input); data.lib.other(1); m := `a` }"
    assert read(text, b="package lib.kubernetes").imports == (("lib.kubernetes", 2),)


def test_rules_of_another_file_of_the_package_have_a_value() -> None:
    text = body("containers[c]\nc.n > limit\nmsg := c.name")
    assert read(text, b="package main\ncontainers[c] { c := 1 }\nlimit := 2\n").rules == ("deny",)
    assert refusal(text, b="package other\ncontainers[c] { c := 1 }") == "a.rego: line 6: containers has no value here"


def test_an_import_of_nothing_is_refused() -> None:
    text = "package main\n\nimport data.lib.kubernetes\n"
    assert read(text, b="package lib.kubernetes.pods\n").package == "main"
    words = "a.rego: line 3: no policy here has the package of data.lib.kubernetes"
    assert refusal(text, b="package lib.kuber\n") == words
