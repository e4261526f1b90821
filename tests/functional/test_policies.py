"""Rules of the base branch, from a webhook to the status and the comment."""

from __future__ import annotations

from textwrap import dedent

from tests.functional.conftest import Opener, config_map, deployment

RULES = {
    ".foresail/policies/images.rego": dedent("""\
        package main

        deny[msg] {
          image := input.spec.template.spec.containers[_].image
          endswith(image, ":latest")
          msg := sprintf("%s names no version, see https://example.com/why", [image])
        }
        """),
    ".foresail/policies/replicas.cel.yaml": dedent("""\
        - name: two-replicas
          expression: object.spec.replicas >= 2
          message: one pod is no pod
          severity: warn
          match: {kinds: [Deployment]}
        """),
}


def test_a_denial_fails_the_status_and_heads_the_comment_until_it_is_mended(open_shop: Opener) -> None:
    shop = open_shop({"deploy/web.yaml": deployment(), **RULES})
    number = shop.propose({"deploy/web.yaml": deployment(image="nginx:latest", replicas=1)})
    assert shop.await_preview(number) == "failure"
    status = shop.status(shop.repository.pull(number).head_sha, "preview")
    assert status is not None
    assert ", 1 policy violation: nginx:latest names no version" in str(status.description)
    body = shop.body(number)
    caution = body.index("[!CAUTION]")
    assert caution < body.index("names no version, see `https://example.com/why`") < body.index("```diff")
    assert "one pod is no pod" in body[body.index("[!WARNING]") :]
    shop.repository.push("feature", {"deploy/web.yaml": deployment(image="nginx:1.28", replicas=3)})
    assert shop.await_preview(number) == "success"
    assert "CAUTION" not in shop.body(number)
    shop.merge(number)


def test_rules_hold_from_their_merge_on(open_shop: Opener) -> None:
    shop = open_shop({"deploy/web.yaml": deployment(), "deploy/a.yaml": config_map(A="b")})
    number = shop.propose({**RULES, "deploy/web.yaml": deployment(replicas=1)})
    assert shop.await_preview(number) == "success"
    assert "one pod" not in shop.body(number)
    shop.merge(number)
    later = shop.propose({"deploy/web.yaml": deployment(image="nginx:latest", replicas=1)}, branch="later")
    assert shop.await_preview(later) == "failure"
