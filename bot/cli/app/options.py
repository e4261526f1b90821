"""The arguments and options of `foresail app …`; a command only names them."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.outcome import Shape

# Which Applications.
Name = Annotated[str, typer.Argument(metavar="NAME", help="The Application.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="NAME…", help="The Applications.")]
Selector = Annotated[
    str, typer.Option("--selector", "-l", metavar="LABELS", help="Those with labels: team=shop,tier!=db.")
]
Project = Annotated[str, typer.Option("--project", "-p", metavar="NAME", help="Only those of this project.")]
Repository = Annotated[str, typer.Option("--repo", "-r", metavar="URL", help="Only those that come from here.")]

# What is written.
Output = Annotated[Shape, typer.Option("--output", "-o", help="How to write it.")]

# What of its objects `resources` shows.
Tree = Annotated[bool, typer.Option("--tree", help="As they are now, with all that has come of them.")]
Orphaned = Annotated[bool, typer.Option("--orphaned", help="Those beside them that no Application declares.")]

# What `get` asks for before.
Refresh = Annotated[bool, typer.Option("--refresh", help="Have it looked at first.")]
HardRefresh = Annotated[bool, typer.Option("--hard-refresh", help="The same, and render anew.")]

# The cluster that keeps them.
Namespace = Annotated[
    str,
    typer.Option("--control-namespace", "-n", metavar="NAME", help="Where the Applications are; default: foresail."),
]
Within = Annotated[
    str,
    typer.Option("--app-namespace", "-N", metavar="NAME", help="Of the Applications, where that is another one."),
]
RequestTimeout = Annotated[
    float | None, typer.Option("--request-timeout", metavar="SECONDS", min=0.1, help="Seconds one request may take.")
]

# How long a command waits.
Timeout = Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=0, help="Wait no longer; 0: for ever.")]

# What `wait` waits for.
Synced = Annotated[bool, typer.Option("--sync", help="Until it is Synced.")]
Healthy = Annotated[bool, typer.Option("--health", help="Until it is Healthy.")]
Operation = Annotated[bool, typer.Option("--operation", help="Until no operation runs.")]
Suspended = Annotated[bool, typer.Option("--suspended", help="Until it is Suspended; with --health: or Healthy.")]

# What an operation does.
Revision = Annotated[
    str, typer.Option("--revision", metavar="REVISION", help="Commit, branch or tag; default: what it follows.")
]
Prune = Annotated[bool, typer.Option("--prune", help="Delete what is no longer in Git.")]
Resources = Annotated[
    list[str] | None,
    typer.Option("--resource", metavar="GROUP:KIND:NAME", help="Only this object, and no hook; repeatable."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Try everything and write nothing.")]
Hooks = Annotated[bool, typer.Option("--hooks/--no-hooks", help="Whether hooks run.")]
Queue = Annotated[bool, typer.Option("--queue", help="When an operation runs: wait for its end, then start.")]
Wait = Annotated[bool, typer.Option("--wait", "-w", help="Wait for the end of the operation.")]
Id = Annotated[int | None, typer.Argument(metavar="ID", help="Of its history; default: the sync before the last.")]

# What `delete` does.
Cascade = Annotated[bool, typer.Option("--cascade/--no-cascade", help="Delete their objects with them, or keep those.")]
Background = Annotated[bool, typer.Option("--background", help="Do not wait for what depends on these objects.")]
Approve = Annotated[bool, typer.Option("--approve", help="Approve of what asks for it (Delete=confirm).")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Gone = Annotated[bool, typer.Option("--wait", "-w", help="Wait until they are gone.")]

# What `diff` ends with.
ExitCode = Annotated[bool, typer.Option("--exit-code/--no-exit-code", help="End with 1 when something differs.")]
