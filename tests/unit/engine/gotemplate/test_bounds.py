"""Templates that try to use up time, memory or the stack."""

from __future__ import annotations

import pytest

from bot.engine.gotemplate.values import TooMuchError
from tests.unit.engine.gotemplate.corpus import rendered

DOUBLING = "{{ $x := list 1 }}" + "{{ $x = list $x $x }}" * 40
GROWING = '{{ $d := dict "a" 1 }}' + '{{ $d = dict "l" $d "r" $d }}' * 40
HIDDEN = (
    "".join(f"{{{{ $d{n} := dict }}}}{{{{ $p{n} := list $d{n} $d{n} }}}}" for n in range(30))
    + "".join(f'{{{{ $_ := set $d{n} "k" $p{n + 1} }}}}' for n in range(29))
    + "{{ toJson $p0 }}"
)


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("{{ range until 2000000000 }}x{{ end }}", id="a long range"),
        pytest.param("{{ range 2000000000 }}{{ end }}", id="a range over a number"),
        pytest.param("{{ untilStep 0 2000000000 1 }}", id="a long list"),
        pytest.param("{{ seq 2000000000 }}", id="a long sequence"),
        pytest.param('{{ repeat 2000000000 "x" }}', id="a repeated text"),
        pytest.param('{{ indent 2000000000 "x" }}', id="an indented text"),
        pytest.param('{{ printf "%999999d%999999d" 1 1 }}', id="wide numbers"),
        pytest.param('{{ printf "%*d" 999999 1 | repeat 999 }}', id="a wide number, repeated"),
        pytest.param('{{ $x := "x" }}' + "{{ $x = print $x $x }}" * 40, id="a doubled text"),
        pytest.param('{{ $x := "x" }}' + '{{ $x = replace "x" "xxxx" $x }}' * 40, id="a replaced text"),
        pytest.param('{{ $x := "x" }}' + '{{ $x = regexReplaceAll "x" $x "xxxx" }}' * 40, id="a rewritten text"),
        pytest.param("{{ $x := list 1 }}" + "{{ $x = concat $x $x }}" * 40, id="a doubled list"),
        pytest.param(DOUBLING + "{{ $x }}", id="printing a list of itself"),
        pytest.param(DOUBLING + "{{ toJson $x }}", id="a list of itself as JSON"),
        pytest.param(DOUBLING + "{{ toYaml $x }}", id="a list of itself as YAML"),
        pytest.param(DOUBLING + "{{ deepEqual $x (deepCopy $x) }}", id="copying a list of itself"),
        pytest.param(DOUBLING + "{{ has $x (list $x) }}", id="comparing lists of themselves"),
        pytest.param(GROWING + "{{ $d }}", id="printing a mapping of itself"),
        pytest.param(HIDDEN, id="growth behind the back of what was made"),
        pytest.param('{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $d }}', id="a mapping in itself"),
        pytest.param('{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toYaml $d }}', id="a mapping in itself, as YAML"),
        pytest.param('{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ merge $d (deepCopy $d) }}', id="a merged cycle"),
        pytest.param('{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}', id="endless recursion"),
        pytest.param('{{ define "t" }}{{ template "t" }}{{ template "t" }}{{ end }}{{ template "t" }}', id="a tree"),
        pytest.param("{{" + "(" * 5000 + "1" + ")" * 5000 + "}}", id="many parentheses"),
        pytest.param("{{ if 1 }}" * 5000 + "{{ end }}" * 5000, id="many blocks"),
        pytest.param("{{ if 0 }}" + "{{ else if 0 }}" * 5000 + "{{ end }}", id="many branches"),
        pytest.param('{{ fromJson (cat (repeat 300 "[") (repeat 300 "]")) }}', id="deep JSON"),
        pytest.param("x" * 2_000_000 + "{{ 1 }}", id="a long template"),
    ],
)
def test_a_greedy_template_is_refused(template: str) -> None:
    with pytest.raises(TooMuchError):
        rendered(template, {})


def test_a_pattern_that_backtracks_elsewhere_takes_no_time_here() -> None:
    assert rendered('{{ regexMatch "^(a+)+$" .text }}', {"text": "a" * 50_000 + "b"}) == "false"


def test_many_comments_are_only_comments() -> None:
    assert rendered("{{/* */}}" * 20_000 + "{{ 1 }}", {}) == "1"
