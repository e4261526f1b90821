"""Generators: from facts to sets of parameters (`applicationset/generators/`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bot.engine.applicationsets.definition import KINDS
from bot.engine.applicationsets.facts import LOCAL_NAME, LOCAL_SERVER, ClusterFact, NotKnownError
from bot.engine.applicationsets.forges import pull_request_parameters, repository_parameters
from bot.engine.applicationsets.git import directory_parameters, file_parameters
from bot.engine.applicationsets.parameters import Parameters, combined, flattened, merged
from bot.engine.applicationsets.selectors import is_empty, selects
from bot.engine.gotemplate.names import sanitized
from bot.engine.gotemplate.values import StringMap, TemplateError, TooMuchError, as_bytes, as_go
from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.engine.applicationsets.facts import Facts
    from bot.engine.applicationsets.templating import Templating

MOST_SETS: Final = 10_000
"""Sets of parameters that one generator may give; Argo CD's users report trouble from about 1,000 Applications on."""
_MOST_NESTED: Final = 3
"""A generator in a generator in a generator: the CRD knows no deeper."""
_PAIR: Final = 2

_NOT_EVALUATED: Final = {
    "clusterDecisionResource": "clusterDecisionResource goes by the status of another object",
    "plugin": "plugin asks a server of its own",
}


class Sets(NamedTuple):
    """What one kind of generator of an entry gives."""

    kind: str
    sets: list[Parameters]


class Generators:
    """Evaluates generators; Rejected says what is wrong, NotKnownError what nobody here can know."""

    def __init__(self, templating: Templating, facts: Facts) -> None:
        self._templating = templating
        self._facts = facts
        self._kinds: dict[str, Callable[[Any, int], list[Parameters]]] = {
            "list": self._list,
            "clusters": self._clusters,
            "git": self._git,
            "matrix": self._matrix,
            "merge": self._merge,
            "pullRequest": self._pull_requests,
            "scmProvider": self._repositories,
        }

    def evaluate(self, entry: Any, *, given: Parameters | None = None, depth: int = 0) -> Iterator[Sets]:
        """Yield the sets of each kind of generator that an entry has, rendered with what was `given`."""
        if not isinstance(entry, dict) or depth >= _MOST_NESTED:
            raise Rejected("it is no mapping" if depth < _MOST_NESTED else "generators are nested too deep")
        found = [kind for kind in KINDS if isinstance(entry.get(kind), dict)]
        if not found:
            raise Rejected(f"it is none of {', '.join(KINDS)}")
        rendered = self._templating.generator(entry, given or {}, "generator")
        for kind in found:
            if kind in _NOT_EVALUATED:
                raise NotKnownError(f"{_NOT_EVALUATED[kind]}, which is not evaluated")
            yield Sets(kind, self._selected(self._kinds[kind](rendered[kind], depth), entry.get("selector")))

    def _selected(self, sets: list[Parameters], selector: Any) -> list[Parameters]:
        if len(sets) > MOST_SETS:
            raise Rejected(f"it gives more than {MOST_SETS:,} sets of parameters")
        if not isinstance(selector, dict):
            return sets
        return [one for one in sets if selects(selector, flattened(one, self._templating.budget))]

    # Kinds.

    def _list(self, generator: dict[str, Any], _depth: int) -> list[Parameters]:
        elements = [self._element(one) for one in _listed(generator.get("elements"), "elements")]
        text = generator.get("elementsYaml")
        if isinstance(text, str) and text:
            more = self._facts.yaml(as_bytes(text), "elementsYaml") or []
            elements += [_mapping(as_go(one), "an element of elementsYaml") for one in _listed(more, "elementsYaml")]
        return elements

    def _element(self, element: Any) -> Parameters:
        element = _mapping(element, "an element")
        if self._templating.go_template:
            return dict(as_go(element))
        found: Parameters = {}
        for key, value in element.items():
            if key == "values":
                inner = _mapping(value, "values")
                found |= {f"values.{name}": _text(one, f"values.{name}") for name, one in inner.items()}
            else:
                found[key] = _text(value, key)
        return found

    def _clusters(self, generator: dict[str, Any], _depth: int) -> list[Parameters]:
        selector: Any = generator.get("selector")
        by_name = {one.name: one for one in self._facts.clusters()}
        chosen = [one for _, one in sorted(by_name.items()) if is_empty(selector) or selects(selector, one.labels)]
        sets = [self._templating.values(generator.get("values"), self._cluster(one)) for one in chosen]
        if is_empty(selector) and all(one.server != LOCAL_SERVER for one in chosen):
            local = {"name": LOCAL_NAME, "nameNormalized": LOCAL_NAME, "server": LOCAL_SERVER, "project": ""}
            sets.append(self._templating.values(generator.get("values"), local))
        return [{"clusters": sets}] if generator.get("flatList") is True else sets

    def _cluster(self, cluster: ClusterFact) -> Parameters:
        found: Parameters = {
            "name": cluster.name,
            "nameNormalized": sanitized(cluster.name),
            "server": cluster.server,
            "project": cluster.project,
        }
        parts = {"annotations": cluster.annotations, "labels": cluster.labels}
        if self._templating.go_template:
            return {**found, "metadata": {name: StringMap(part) for name, part in parts.items() if part}}
        dotted = {f"metadata.{name}.{key}": value for name, part in parts.items() for key, value in part.items()}
        return {**found, **dotted}

    def _git(self, generator: dict[str, Any], _depth: int) -> list[Parameters]:
        repo_url = _text(generator.get("repoURL"), "repoURL")
        revision = str(generator.get("revision") or "HEAD")
        prefix = str(generator.get("pathParamPrefix") or "")
        go_template = self._templating.go_template
        if directories := _listed(generator.get("directories"), "directories"):
            paths = self._facts.directories(repo_url, revision)
            sets = directory_parameters(paths, directories, prefix, go_template=go_template)
        elif files := _listed(generator.get("files"), "files"):
            sets = file_parameters(self._facts, (repo_url, revision), files, prefix, self._templating)
        else:
            raise Rejected("it names neither directories nor files")
        return [self._templating.values(generator.get("values"), one) for one in sets]

    def _pull_requests(self, generator: dict[str, Any], _depth: int) -> list[Parameters]:
        sets = pull_request_parameters(self._facts.forge, generator, go_template=self._templating.go_template)
        return [self._templating.values(generator.get("values"), one) for one in sets]

    def _repositories(self, generator: dict[str, Any], _depth: int) -> list[Parameters]:
        sets = repository_parameters(self._facts.forge, generator)
        return [self._templating.values(generator.get("values"), one) for one in sets]

    def _matrix(self, generator: dict[str, Any], depth: int) -> list[Parameters]:
        children = _listed(generator.get("generators"), "generators")
        if len(children) != _PAIR:
            raise Rejected(f"it has {len(children)} generators and needs two")
        budget, found = self._templating.budget, list[Parameters]()
        for first in self._child(children[0], 1, {}, depth):
            for second in self._child(children[1], 2, first, depth):
                found.append(combined(first, second, budget, go_template=self._templating.go_template))
                if len(found) > MOST_SETS:
                    raise Rejected(f"it gives more than {MOST_SETS:,} sets of parameters")
        return found

    def _merge(self, generator: dict[str, Any], depth: int) -> list[Parameters]:
        children = _listed(generator.get("generators"), "generators")
        keys = [str(key) for key in _listed(generator.get("mergeKeys"), "mergeKeys")]
        if len(children) < _PAIR or not keys:
            raise Rejected("it needs two or more generators" if keys else "it has no mergeKeys")
        parts = [self._child(one, number, {}, depth) for number, one in enumerate(children, 1)]
        return merged(parts, keys, self._templating.budget, go_template=self._templating.go_template)

    def _child(self, entry: Any, number: int, given: Parameters, depth: int) -> Sequence[Parameters]:
        try:
            parts = list(self.evaluate(entry, given=given, depth=depth + 1))
        except Rejected as error:
            raise Rejected(f"generator {number} in it: {error.message}") from error
        except TooMuchError:
            raise
        except TemplateError as error:
            raise Rejected(f"generator {number} in it: {error}") from error
        if len(parts) > 1:
            raise Rejected(f"generator {number} in it is more than one: {', '.join(part.kind for part in parts)}")
        return parts[0].sets


def _listed(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise Rejected(f"{name} is no list")


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise Rejected(f"{name} is no mapping")


def _text(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value
    raise Rejected(f"{name} is no text, which it has to be without goTemplate")
