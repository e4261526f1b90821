"""Reports to write about: a friendly one, its parts, and as many hostile ones as wanted."""

from __future__ import annotations

import random
from typing import Any, Final

from bot.model.dangers import Danger, ImageChange, Severity
from bot.model.deliveries import Delivery, DeliveryState, Epilogue
from bot.model.policies import Finding, PolicySeverity
from bot.model.reports import Action, ApplicationReport, Report, ResourceReport
from bot.model.resources import ResourceKey

DIFF: Final = "@@ spec @@\n-  replicas: 1\n+  replicas: 3"


def resource(
    name: str = "web",
    action: Action = Action.CHANGE,
    *,
    kind: str = "Deployment",
    drift: Action = Action.NOTHING,
    **more: Any,
) -> ResourceReport:
    diffs = {"effect_diff": "" if action is Action.NOTHING else DIFF, "drift_diff": ""}
    return ResourceReport(key=ResourceKey("apps", kind, "shop", name), action=action, drift=drift, **diffs | more)


def danger(words: str = "is deleted", severity: Severity = Severity.WARNING, sort: str = "deleted") -> Danger:
    return Danger(sort, severity, words)


def application(*resources: ResourceReport, name: str = "shop-web", **more: Any) -> ApplicationReport:
    return ApplicationReport(name, "argocd", "prod", "shop", resources, **more)


def report(*applications: ApplicationReport, **more: Any) -> Report:
    fields: dict[str, Any] = {
        "base_branch": "main",
        "base_sha": "def56780aa",
        "head_sha": "abc1234fff",
        "considered": 12,
        "plan": "9f3c21aa77",
        "clusters": ("prod (v1.37.2)",),
        "seconds": 0.84,
    }
    return Report(change="acme/shop#12", applications=applications, **fields | more)


HOSTILE: Final = [
    *(
        "`",
        "```",
        "`" * 100,
        "`" * 300,
        "~~~",
        "<",
        "</details>",
        "<details>",
        "<img src=x onerror=alert(1)>",
        "<!--",
        "-->",
    ),
    *(
        "|",
        "\\|",
        "\\",
        "@team",
        "@acme/ops",
        "#1",
        "GH-1",
        "acme/x#2",
        "0123abcdef",
        "deadbeef",
        '"deadbeef"',
        "!1",
        "%2",
    ),
    *(
        "~bug",
        "https://evil.example",
        "www.evil.example",
        "a@b.example",
        "[x](http://e.example)",
        "![i](//e.example/i.png)",
    ),
    *(
        "\n",
        "\n\n",
        "\n# H",
        "\n===",
        "\n---",
        "\r\n",
        "\t",
        "\x00",
        "\x1b[31m",
        "\u202e",
        "\u200b",
        "\u2028",
        "\x85",
        "\ud800",
    ),
    *(
        "😀",
        "é",
        "\U000e0041",
        "$x$",
        "$$",
        "*a*",
        "_b_",
        "~~c~~",
        "- ",
        "+ ",
        "> ",
        "1. ",
        "1)",
        "    x",
        ":tada:",
        "&lt;",
    ),
    *(
        "&#64;x",
        "/close",
        "\n/approve\n",
        "word",
        "plain words here",
        "x" * 3000,
        "[!NOTE]",
        "[ ]",
        "{{",
        "}}",
        "'",
        '"',
        "(",
    ),
    *(")", ".", ",", "//x", "^[", "]: http://x.example", "<redacted 3f9a1c2e>"),
]


class Enemy:
    """Make reports in which every word from outside is as bad as it can be; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - the same reports in every run

    def text(self, most: int = 6) -> str:
        return "".join(
            self.chance.choice(HOSTILE) + self.chance.choice(["", " "]) for _ in range(self.chance.randrange(most))
        )

    def texts(self, most: int) -> tuple[str, ...]:
        return tuple(self.text() for _ in range(self.chance.randrange(most)))

    def diff(self) -> str:
        return "\n".join(self.chance.choice("+- ") + self.text() for _ in range(self.chance.choice([0, 1, 3, 40])))

    def resource(self) -> ResourceReport:
        action, drift = self.chance.choices(list(Action), k=2)
        failure, estimated = self.chance.choice(["", self.text(30)]), self.chance.choice(["", self.text(30)])
        key = ResourceKey(self.text(), self.text(), self.text(), self.text())
        return ResourceReport(
            *(key, action, drift, self.diff(), self.diff(), failure, estimated, self.text(), self.text()),
            dangers=self.dangers(),
            findings=self.findings(),
        )

    def findings(self) -> tuple[Finding, ...]:
        some = range(self.chance.choice([0, 0, 1, 4]))
        return tuple(Finding(self.text(), self.chance.choice(list(PolicySeverity)), self.text(30)) for _ in some)

    def dangers(self) -> tuple[Danger, ...]:
        some = range(self.chance.choice([0, 0, 1, 4]))
        return tuple(
            Danger(
                self.chance.choice(["deleted", "replaced", self.text()]),
                self.chance.choice(list(Severity)),
                self.text(30),
                self.chance.choice(["", self.text()]),
            )
            for _ in some
        )

    def images(self) -> tuple[ImageChange, ...]:
        some = range(self.chance.choice([0, 1, 200]))
        return tuple(ImageChange(self.text(), self.text(), self.chance.randrange(99)) for _ in some)

    def application(self) -> ApplicationReport:
        return ApplicationReport(
            *(self.text(), self.text(), self.text(), self.text()),
            resources=tuple(self.resource() for _ in range(self.chance.choice([0, 1, 4, 20]))),
            failure=self.chance.choice(["", self.text(40)]),
            change=self.chance.choice(list(Action)),
            notes=self.texts(3),
            dangers=self.dangers(),
            images=self.images(),
            routine=self.chance.choice([True, False]),
            findings=self.findings(),
        )

    def report(self) -> Report:
        applications = tuple(self.application() for _ in range(self.chance.choice([0, 1, 3, 15])))
        return Report(
            *(self.text(), self.text(), self.text(), self.text(), applications),
            considered=self.chance.randrange(3),
            plan=self.text(),
            clusters=self.texts(3),
            seconds=self.chance.random() * 100,
            conflict=self.texts(self.chance.choice([1, 1, 300])),
            notes=self.texts(3),
            broken_policies=self.texts(3),
        )

    def epilogue(self) -> Epilogue:
        return Epilogue(self.text(), tuple(self.delivery() for _ in range(self.chance.choice([0, 2, 60]))))

    def delivery(self) -> Delivery:
        return Delivery(
            *(self.text(), self.text(), self.chance.choice(list(DeliveryState)), self.text(30)),
            seconds=self.chance.choice([None, 3.0]),
            as_predicted=self.chance.choice([None, True, False]),
            differences=self.texts(3),
        )
