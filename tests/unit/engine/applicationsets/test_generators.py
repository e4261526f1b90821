"""What each generator makes of its facts."""

from __future__ import annotations

import pytest

from bot.engine.applicationsets.facts import ClusterFact
from tests.unit.engine.applicationsets.world import (
    GIT_TEMPLATE,
    GO_GIT_TEMPLATE,
    GO_TEMPLATE,
    REPOSITORY,
    TEMPLATE,
    World,
    generate,
    names,
    problem,
)

FILES = World(
    {
        "apps/web/kustomization.yaml": "",
        "apps/db/deep/x.yaml": "",
        "apps/.hidden/x.yaml": "",
        "apps/old/x.yaml": "",
        "clusters/eu/config.yaml": "cluster: {name: eu, size: 3}\nzones: [a, b]\n",
        "clusters/us/config.json": '[{"cluster": {"name": "us-1"}}, {"cluster": {"name": "us-2"}}]',
        "clusters/deep/er/config.yaml": "cluster: {name: deep}\n",
    }
)
CLUSTERS = World(
    known=(
        ClusterFact("Prod_EU", "https://eu.example", "shop", {"env": "prod"}, {"owner": "a"}),
        ClusterFact("dev", "https://dev.example", "", {"env": "dev"}),
    )
)
GO = "goTemplate: true"


def test_a_list_gives_one_application_an_element() -> None:
    found = generate("- list: {elements: [{name: web, path: apps/web}, {name: db, path: apps/db}]}")
    assert names(found) == ["web", "db"]
    assert found.applications[1]["spec"]["source"]["path"] == "apps/db"


def test_values_of_a_list_element_have_their_prefix() -> None:
    template = TEMPLATE.replace("{{name}}", "{{values.name}}")
    assert names(generate("- list: {elements: [{values: {name: x}}]}", template)) == ["x"]


def test_numbers_in_a_list_need_go_templates() -> None:
    assert "no text, which it has to be without goTemplate" in problem("- list: {elements: [{name: 1}]}")
    assert names(generate("- list: {elements: [{name: 1, path: a}]}", GO_TEMPLATE, GO)) == ["1"]


def test_elements_may_be_yaml() -> None:
    found = generate("- list: {elements: [], elementsYaml: '[{name: a}, {name: b}]'}", GO_TEMPLATE, GO)
    assert names(found) == ["a", "b"]


def test_folders_are_chosen_by_globs() -> None:
    directories = "[{path: apps/*}, {path: apps/old, exclude: true}]"
    found = generate(f"- git: {{repoURL: {REPOSITORY}, directories: {directories}}}", GIT_TEMPLATE, "", FILES)
    assert names(found) == ["db", "web"]
    assert found.applications[0]["spec"]["source"]["path"] == "apps/db"


def test_folders_have_segments_and_normal_names() -> None:
    template = GO_GIT_TEMPLATE.replace(
        "{{.path.basename}}", "{{index .path.segments 0}}-{{.path.basenameNormalized}}-{{len .path.segments}}"
    )
    world = World({"apps/My_App/x.yaml": ""})
    git = f"- git: {{repoURL: {REPOSITORY}, directories: [{{path: apps/*}}]}}"
    assert names(generate(git, template, GO, world)) == ["apps-my-app-2"]
    flat = GIT_TEMPLATE.replace("{{path.basename}}", "{{path[0]}}-{{path.basenameNormalized}}")
    assert names(generate(git, flat, "", world)) == ["apps-my-app"]


def test_a_prefix_keeps_two_paths_apart() -> None:
    git = f"- git: {{repoURL: {REPOSITORY}, pathParamPrefix: app, directories: [{{path: apps/web}}]}}"
    assert names(generate(git, TEMPLATE.replace("{{name}}", "{{app.path.basename}}"), "", FILES)) == ["web"]
    assert names(generate(git, GO_GIT_TEMPLATE.replace(".path", ".app.path"), GO, FILES)) == ["web"]


def test_files_are_flattened() -> None:
    git = f"- git: {{repoURL: {REPOSITORY}, files: [{{path: clusters/eu/config.yaml}}]}}"
    template = TEMPLATE.replace("{{name}}", "{{cluster.name}}-{{cluster.size}}-{{zones.1}}-{{path.filename}}")
    assert names(generate(git, template, "", FILES)) == ["eu-3-b-config.yaml"]


def test_wildcards_of_files_cross_folders_as_git_has_it() -> None:
    git = f"- git: {{repoURL: {REPOSITORY}, files: [{{path: 'clusters/*/config.*'}}]}}"
    template = GO_TEMPLATE.replace("{{.name}}", "{{.cluster.name}}")
    assert names(generate(git, template, GO, FILES)) == ["deep", "eu", "us-1", "us-2"]


def test_files_can_be_excluded() -> None:
    patterns = "[{path: clusters}, {path: clusters/deep, exclude: true}, {path: '*.json', exclude: true}]"
    git = f"- git: {{repoURL: {REPOSITORY}, files: {patterns}}}"
    assert names(generate(git, GO_TEMPLATE.replace("{{.name}}", "{{.cluster.name}}"), GO, FILES)) == ["eu"]


def test_a_file_that_is_no_mapping_is_named() -> None:
    git = f"- git: {{repoURL: {REPOSITORY}, files: [{{path: x.yaml}}]}}"
    assert problem(git, world=World({"x.yaml": "just text"})) == (
        "ApplicationSet shops, generator 1: x.yaml is neither a mapping nor a list of mappings"
    )


def test_a_file_that_is_no_yaml_is_named_with_its_line() -> None:
    git = f"- git: {{repoURL: {REPOSITORY}, files: [{{path: x.yaml}}]}}"
    assert "x.yaml: line 2" in problem(git, world=World({"x.yaml": "a: b\n- c"}))


def test_clusters_come_with_the_local_one() -> None:
    found = generate("- clusters: {}", TEMPLATE.replace("{{name}}", "{{nameNormalized}}"), "", CLUSTERS)
    assert names(found) == ["prod-eu", "dev", "in-cluster"]


def test_a_local_cluster_with_a_secret_is_there_once() -> None:
    world = World(known=(ClusterFact("here", "https://kubernetes.default.svc"),))
    assert names(generate("- clusters: {}", world=world)) == ["here"]


@pytest.mark.parametrize(
    "selector",
    ["{matchLabels: {env: prod}}", "{matchExpressions: [{key: env, operator: NotIn, values: [dev]}]}"],
)
def test_a_selector_leaves_the_local_cluster_out(selector: str) -> None:
    assert names(generate(f"- clusters: {{selector: {selector}}}", world=CLUSTERS)) == ["Prod_EU"]


def test_labels_and_annotations_of_clusters_are_parameters() -> None:
    generator = "- clusters: {selector: {matchLabels: {env: prod}}, values: {tier: 'x-{{metadata.labels.env}}'}}"
    template = TEMPLATE.replace("{{name}}", "{{values.tier}}-{{metadata.annotations.owner}}-{{project}}")
    assert names(generate(generator, template, "", CLUSTERS)) == ["x-prod-a-shop"]
    go = template.replace("{{", "{{.")
    assert names(generate(generator.replace("{{", "{{."), go, GO, CLUSTERS)) == ["x-prod-a-shop"]


def test_a_flat_list_is_one_set() -> None:
    template = GO_TEMPLATE.replace("{{.name}}", "{{range .clusters}}{{.nameNormalized}}.{{end}}x")
    assert names(generate("- clusters: {flatList: true}", template, GO, CLUSTERS)) == ["prod-eu.dev.in-cluster.x"]


def test_a_matrix_feeds_its_second_generator() -> None:
    matrix = f"""
    - matrix:
        generators:
        - list: {{elements: [{{folder: apps}}, {{folder: clusters}}]}}
        - git: {{repoURL: {REPOSITORY}, directories: [{{path: '{{{{folder}}}}/*'}}, {{path: '*/old', exclude: true}}]}}
    """
    template = GIT_TEMPLATE.replace("{{path.basename}}", "{{folder}}-{{path.basename}}")
    assert names(generate(matrix, template, "", FILES)) == [
        "apps-db",
        "apps-web",
        "clusters-deep",
        "clusters-eu",
        "clusters-us",
    ]


def test_values_that_need_their_own_generator_wait_for_it() -> None:
    matrix = f"""
    - matrix:
        generators:
        - list: {{elements: [{{env: prod}}]}}
        - git:
            repoURL: {REPOSITORY}
            directories: [{{path: apps/web}}]
            values: {{both: '{{{{.env}}}}-x', own: '{{{{.path.basename}}}}'}}
    """
    template = GO_TEMPLATE.replace("{{.name}}", "{{.values.own}}-{{.values.both}}")
    assert names(generate(matrix, template, GO, FILES)) == ["web-prod-x"]


def test_a_matrix_refuses_values_that_contradict() -> None:
    matrix = "- matrix: {generators: [{list: {elements: [{a: x}]}}, {list: {elements: [{a: z}]}}]}"
    assert "both generators give the parameter 'a'" in problem(matrix)
    assert names(generate(matrix, GO_TEMPLATE.replace("{{.name}}", "{{.a}}"), GO)) == ["x"]


@pytest.mark.parametrize("count", [1, 3])
def test_a_matrix_has_two_generators(count: int) -> None:
    inner = ", ".join(["{list: {elements: [{name: x}]}}"] * count)
    assert f"it has {count} generators and needs two" in problem(f"- matrix: {{generators: [{inner}]}}")


def test_a_merge_overrides_by_its_keys() -> None:
    merge = """
    - merge:
        mergeKeys: [server]
        generators:
        - clusters: {values: {tier: low}}
        - list: {elements: [{server: https://eu.example, values.tier: high}, {server: https://none, values.tier: none}]}
    """
    template = TEMPLATE.replace("{{name}}", "{{nameNormalized}}-{{values.tier}}")
    assert names(generate(merge, template, "", CLUSTERS)) == ["prod-eu-high", "dev-low", "in-cluster-low"]


def test_a_merge_refuses_keys_that_are_there_twice() -> None:
    merge = """
    - merge:
        mergeKeys: [k]
        generators: [{list: {elements: [{k: a}, {k: a}]}}, {list: {elements: [{k: a}]}}]
    """
    assert 'the same mergeKeys: {"k":"a"}' in problem(merge)


def test_a_merge_in_a_matrix_is_as_deep_as_it_goes() -> None:
    leaf = "{list: {elements: [{name: x, a: b}]}}"
    merge = f"{{merge: {{mergeKeys: [name], generators: [{leaf}, {leaf}]}}}}"
    assert names(generate(f"- matrix: {{generators: [{merge}, {{list: {{elements: [{{c: d}}]}}}}]}}")) == ["x"]
    deeper = f"{{matrix: {{generators: [{merge}, {merge}]}}}}"
    assert "nested too deep" in problem(f"- matrix: {{generators: [{deeper}, {leaf}]}}")


def test_a_selector_behind_a_generator_sees_flat_texts() -> None:
    elements = "[{name: a, size: 3, m: {e: prod}}, {name: b, size: 4, m: {e: dev}}]"
    for selector in ("{matchLabels: {m.e: prod}}", "{matchExpressions: [{key: size, operator: In, values: ['3']}]}"):
        found = generate(f"- {{list: {{elements: {elements}}}, selector: {selector}}}", GO_TEMPLATE, GO)
        assert names(found) == ["a"]


def test_several_generators_follow_each_other() -> None:
    found = generate("- list: {elements: [{name: a}]}\n- list: {elements: [{name: b}]}")
    assert names(found) == ["a", "b"]


@pytest.mark.parametrize("kind", ["scmProvider", "pullRequest", "clusterDecisionResource", "plugin"])
def test_what_is_not_evaluated_is_said(kind: str) -> None:
    found = generate(f"- {kind}: {{x: y}}\n- list: {{elements: [{{name: a}}]}}")
    assert names(found) == ["a"]
    assert len(found.not_evaluated) == 1
    assert f"ApplicationSet shops, generator 1: {kind} " in found.not_evaluated[0]


def test_a_matrix_with_a_part_that_is_not_evaluated_is_none() -> None:
    found = generate("- matrix: {generators: [{list: {elements: [{a: b}]}}, {plugin: {configMapRef: {name: x}}}]}")
    assert found.applications == ()
    assert "plugin asks a server of its own, which is not evaluated" in found.not_evaluated[0]


def test_a_repository_that_is_not_read_is_not_evaluated() -> None:
    found = generate("- git: {repoURL: https://other.example/x, directories: [{path: '*'}]}")
    assert found.not_evaluated == ("ApplicationSet shops, generator 1: https://other.example/x is not read",)


def test_an_unknown_generator_is_refused() -> None:
    assert problem("- nope: {}").startswith("ApplicationSet shops, generator 1: it is none of list, clusters, git")
