"""After the story, with everything still up: where things are, what to try, and what Foresail says meanwhile."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.sandbox.demo import shop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.sandbox.demo.scene import Scene
    from bot.sandbox.forge.exchanges import Exchange

_POLL: Final = 0.1


def stay(scene: Scene) -> None:
    """Say where everything is and what to try; then write what Foresail tells the forge, until Ctrl-C."""
    token = scene.stage.seat.person_token(shop.DEVELOPER)
    _say_where(scene, token)
    _say_what_to_try(scene, token)
    scene.screen.say(f"What Foresail tells {scene.stage.seat.forge} appears below. Ctrl-C ends everything.")
    with suppress(KeyboardInterrupt):
        _follow(scene)


def _say_where(scene: Scene, token: str) -> None:
    seat = scene.stage.seat
    scene.screen.say("Everything stays up:")
    for name, value in (
        ("kubeconfig", str(scene.stage.plane.kubeconfig)),
        (seat.forge, f"{scene.stage.forge.site} (API below {'/api/v4' if _on_gitlab(scene) else '/api/v3'})"),
        ("clone", _with_token(scene.repository.clone_url, token)),
        ("webhooks", f"{scene.foresail.url}/webhooks/{seat.forge.lower()}"),
        ("logs", f"{scene.logs}/*.log"),
    ):
        scene.screen.raw(f"    {name:11} {value}")


def _say_what_to_try(scene: Scene, token: str) -> None:
    folders = dict.fromkeys(
        (Path(sys.executable).parent, scene.programs.kubectl.parent, scene.programs.kustomize.parent)
    )
    known = os.environ.get("PATH", "").split(os.pathsep)
    path = os.pathsep.join(str(folder) for folder in folders if str(folder) not in known)
    api, propose, read, merge = _api(scene, token)
    scene.screen.say(f"In another terminal, put the shop right again, by hand and by {scene.stage.seat.noun}:")
    scene.screen.raw(
        dedent(f"""
            export KUBECONFIG={scene.stage.plane.kubeconfig} PATH={path}{os.pathsep}$PATH API={api}
            git clone {_with_token(scene.repository.clone_url, token)} shop && cd shop
            git switch -c repair && git revert --no-edit -m 1 HEAD
            foresail preview                                     # before anybody else sees it
            git push origin repair
            {propose}
            N=3                                                  # the number that was printed
            {read} | python3 -c 'import json, sys; print("\n".join(one["body"] for one in json.load(sys.stdin)))'
            {merge}
            kubectl get applications --all-namespaces
            """)
    )


def _on_gitlab(scene: Scene) -> bool:
    return scene.stage.seat.forge == "GitLab"


def _api(scene: Scene, token: str) -> tuple[str, str, str, str]:
    """Return the repository's address in the API, and what opens a change, reads its comments, and merges it."""
    if _on_gitlab(scene):
        project = scene.repository.full_name.replace("/", "%2F")
        asked = '{"title": "Repair", "source_branch": "repair", "target_branch": "main"}'
        curl = f'curl -s -H "PRIVATE-TOKEN: {token}"'
        return (
            f"{scene.stage.forge.site}/api/v4/projects/{project}",
            f"{curl} $API/merge_requests -d '{asked}' | grep -o '\"iid\":[0-9]*'",
            f'{curl} "$API/merge_requests/$N/notes?sort=asc"',
            f"{curl} $API/merge_requests/$N/merge -X PUT",
        )
    asked = '{"title": "Repair", "head": "repair", "base": "main"}'
    return (
        _with_token(f"{scene.stage.forge.url}/repos/{scene.repository.full_name}", token),
        f"curl -s $API/pulls -d '{asked}' | grep -o '\"number\":[0-9]*'",
        "curl -s $API/issues/$N/comments",
        "curl -s $API/pulls/$N/merge -X PUT",
    )


def _follow(scene: Scene) -> None:
    """Write each status and comment that Foresail sends; restart what ends."""
    began = time.monotonic()
    last = scene.stage.forge.requests[-1]
    while True:
        for exchange in _after(last, scene.stage.forge.requests):
            last = exchange
            if words := _words(exchange):
                scene.screen.happened(began, words)
        scene.foresail.keep_running()
        time.sleep(_POLL)


def _after(last: Exchange, exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Return what came after the last exchange that was seen; the log forgets the oldest, so no count is of use."""
    return list(takewhile(lambda one: one is not last, reversed(exchanges)))[::-1]


def _words(exchange: Exchange) -> str:
    """Return what a request of Foresail's tells the forge; nothing for what only asks."""
    if exchange.method == "GET" or not isinstance(exchange.body, dict):
        return ""
    if exchange.template.endswith(("/statuses/{sha}", "/statuses/:sha")):
        told = exchange.body
        sha = exchange.path.rpartition("/")[2][:7]
        return f"{sha} {told.get('context') or told.get('name')} {told.get('state')}  {told.get('description')}"
    if exchange.template.endswith(("/check-runs", "/check-runs/{check_run_id}")) and isinstance(exchange.answer, dict):
        run = exchange.answer
        return f"{run['head_sha'][:7]} {run['name']} {run['conclusion'] or 'pending'}  {run['output']['title']}"
    if "comments" in exchange.template or "/notes" in exchange.template:
        headline = next((line for line in str(exchange.body.get("body")).splitlines() if line.startswith("### ")), "")
        return f"comment: {headline.removeprefix('### ')}" if headline else ""
    return ""


def _with_token(url: str, token: str) -> str:
    return urlsplit(url)._replace(netloc=f"{shop.DEVELOPER}:{token}@{urlsplit(url).netloc}").geturl()
