"""The commands that set Foresail up. Heavy parts are imported by the command that needs them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

group: Final = typer.Typer(
    name="setup",
    rich_markup_mode=None,
    help="Register Foresail where your repositories are.",
    epilog="GitLab has no Apps: it takes a token and a webhook, as docs/gitlab.md says.",
)


@group.callback(invoke_without_command=True)
def _alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


_GITHUB: Final = """\b
Examples:
  foresail setup github --url https://foresail.example.com
  foresail setup github --url https://foresail.example.com --organization acme
  foresail setup github --url https://foresail.example.com --github https://ghe.example.com

\b
From another machine's browser: ssh -L 8765:127.0.0.1:8765 HOST, and --port 8765 --no-browser.
"""

Url = Annotated[str, typer.Option(metavar="URL", help="Where GitHub reaches Foresail's web process.")]
Organization = Annotated[str, typer.Option(metavar="NAME", help="Whose App it becomes; default: yours.")]
Name = Annotated[str, typer.Option(metavar="NAME", help="The App's name, which nobody on GitHub may have yet.")]
GitHub = Annotated[str, typer.Option(metavar="URL", help="A GitHub Enterprise Server instead of github.com.")]
Updates = Annotated[
    bool, typer.Option("--updates", help="Let it open changes for newer images: it may then write to repositories.")
]
Teams = Annotated[
    bool, typer.Option("--teams", help="Let it see who is in teams: repositories may name some for commands.")
]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the two files go.")]
Port = Annotated[int, typer.Option(metavar="PORT", min=0, max=65535, help="Of the page on this machine; 0: any.")]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Whether to open the page.")]
Patience = Annotated[float, typer.Option(metavar="SECONDS", min=1, help="How long to wait for your clicks.")]


@group.command(epilog=_GITHUB)
def github(  # noqa: PLR0913 - each option is a parameter
    *,
    url: Url,
    organization: Organization = "",
    name: Name = "Foresail",
    github: GitHub = "https://github.com",
    updates: Updates = False,
    teams: Teams = False,
    output: Output = Path(),
    port: Port = 0,
    browser: Browser = True,
    timeout: Patience = 900.0,
) -> int:
    """Register the GitHub App in two clicks.

    Opens a page on this machine that hands GitHub what the App is: its permissions, events and webhook. GitHub gives
    its credentials back once; they go into foresail-github.env and foresail-github.pem, readable by you alone.
    """
    from bot.cli.registering import register
    from bot.forges.github.registering import Registration

    return register(
        Registration(github, name, url, organization, updates, teams),
        folder=output,
        port=port,
        browser=browser,
        patience=timeout,
    )
