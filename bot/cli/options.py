"""The options of the commands about a checkout, grouped by what they are about; a command only names them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.outcome import Format, ListFormat, ManifestFormat

# What is compared.
Base = Annotated[str, typer.Option(metavar="REVISION", help="Merge into this; default: where the checkout left main.")]
Head = Annotated[str, typer.Option(metavar="REVISION", help="Revision to look at; default: the working tree.")]
Only = Annotated[list[str] | None, typer.Option("--app", metavar="NAME", help="Only this application; repeatable.")]
Explained = Annotated[
    list[str] | None, typer.Option("--app", metavar="NAME", help="Only this one, with what it reads; repeatable.")
]
One = Annotated[str | None, typer.Option("--app", metavar="NAME", help="Default: the only one there is.")]

# One folder, without any Application.
Folder = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Render this folder; look for no Applications.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", metavar="NAME", help="With --path: where its objects go.")]
Recurse = Annotated[bool, typer.Option("--recurse", "-R", help="With --path: folders below it too.")]
Prune = Annotated[bool, typer.Option("--prune", help="With --path: what left it is deleted.")]

# What is written.
Manifests = Annotated[ManifestFormat, typer.Option("--output", "-o", help="How to write them.")]
Updates = Annotated[ListFormat, typer.Option("--output", "-o", help="How to write them.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to write it.")]

# The cluster that answers.
Kubeconfig = Annotated[str, typer.Option(metavar="FILE", help="Default: $KUBECONFIG, else ~/.kube/config.")]
Context = Annotated[str, typer.Option(metavar="NAME", help="Context of the kubeconfig; default: its current one.")]
ControlNamespace = Annotated[
    str,
    typer.Option(metavar="NAME", help="Namespace of the Application resources; Argo CD's are usually in argocd."),
]
Concurrency = Annotated[
    int | None, typer.Option(metavar="NUMBER", min=1, max=64, help="Requests at a time; default: 8.")
]
Timeout = Annotated[
    float | None, typer.Option(metavar="SECONDS", min=0.1, help="Seconds one request or render may take.")
]
