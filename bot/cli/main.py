"""The commands. Heavy parts are imported by the command that needs them: `foresail --help` is there at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.cli import options, setup
from bot.cli.app.commands import group
from bot.cli.asked import Asked
from bot.cli.environment import settings_with
from bot.cli.outcome import INTERRUPTED, Answer, ExitCode, Format, ListFormat, ManifestFormat, exit_code
from bot.errors import ForesailError, Rejected

if TYPE_CHECKING:
    from bot.settings import Settings

app: Final = typer.Typer(
    name="foresail",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="GitOps in the pull request: see what the cluster will do, merge, and watch it happen.",
)

app.add_typer(group)
app.add_typer(setup.group)

_PREVIEW: Final = """\b
Examples:
  foresail preview                           what you have here, against the cluster
  foresail preview --head HEAD --base main   what is committed, merged into main
  foresail preview --path deploy -n shop     one folder, without any Application
  foresail preview -o markdown               the comment a pull request would get
  foresail preview -o html > report.html     all of it, as a page

\b
Exit code: 0 nothing changes, 2 something does,
           1 it is predicted to fail, is in conflict, or cannot be predicted.
"""


@app.command(epilog=_PREVIEW)
def preview(  # noqa: PLR0913 - each option is a parameter
    *,
    base: options.Base = "",
    head: options.Head = "",
    path: options.Folder = None,
    namespace: options.Namespace = "",
    recurse: options.Recurse = False,
    prune: options.Prune = False,
    only: options.Only = None,
    output: options.Output = Format.TEXT,
    kubeconfig: options.Kubeconfig = "",
    context: options.Context = "",
    control_namespace: options.ControlNamespace = "",
    concurrency: options.Concurrency = None,
    timeout: options.Timeout = None,
) -> int:
    """Say what merging this checkout changes.

    The API server of the kubeconfig answers with dry runs: nothing is written. The applications are those that the
    cluster, or the folder .foresail, has for this repository. Uncommitted and new files count; ignored ones do not.
    """
    settings = settings_with(
        kubeconfig=kubeconfig,
        control_namespace=control_namespace,
        concurrency=concurrency,
        cluster_timeout=timeout,
        render_timeout=timeout,
    )
    asked = Asked(
        base=base,
        head=head,
        folder=path,
        namespace=namespace,
        recurse=recurse,
        prune=prune,
        only=tuple(only or ()),
        context=context,
    )
    return _preview(asked, settings, output)


_EXPLAIN: Final = """\b
Examples:
  foresail explain                what you have here touches which applications, and why
  foresail explain --app shop     what shop is rendered from, and what of that differs
"""


@app.command(epilog=_EXPLAIN)
def explain(  # noqa: PLR0913 - each option is a parameter
    *,
    only: options.Explained = None,
    base: options.Base = "",
    head: options.Head = "",
    output: options.Output = Format.TEXT,
    kubeconfig: options.Kubeconfig = "",
    context: options.Context = "",
    control_namespace: options.ControlNamespace = "",
    timeout: options.Timeout = None,
) -> int:
    """Say why each application is affected, or is not.

    Nothing is predicted and nothing is written. An application is affected when files that it is rendered from differ,
    or its own definition does.
    """
    settings = settings_with(
        kubeconfig=kubeconfig, control_namespace=control_namespace, cluster_timeout=timeout, render_timeout=timeout
    )
    return _explain(Asked(base=base, head=head, only=tuple(only or ()), context=context), settings, output)


_RENDER: Final = """\b
Examples:
  foresail render --app shop                    what shop wants, from what you have here
  foresail render --app shop --head v1.4        the same, as a revision has it
  foresail render --path deploy -n shop         one folder, without any Application
  foresail render --app shop | kubectl diff -f -
"""


@app.command(epilog=_RENDER)
def render(  # noqa: PLR0913 - each option is a parameter
    *,
    only: options.One = None,
    head: options.Head = "",
    path: options.Folder = None,
    namespace: options.Namespace = "",
    recurse: options.Recurse = False,
    output: options.Manifests = ManifestFormat.YAML,
    kubeconfig: options.Kubeconfig = "",
    context: options.Context = "",
    control_namespace: options.ControlNamespace = "",
    timeout: options.Timeout = None,
) -> int:
    """Print the manifests of one application.

    As a sync would apply them: rendered in the sandbox that the server renders in, for the versions that the
    kubeconfig's cluster serves, with namespace and tracking id. Secrets are printed as they are. Nothing is written.
    """
    settings = settings_with(
        kubeconfig=kubeconfig, control_namespace=control_namespace, cluster_timeout=timeout, render_timeout=timeout
    )
    asked = Asked(
        head=head, folder=path, namespace=namespace, recurse=recurse, only=(only,) if only else (), context=context
    )
    return _render(asked, settings, output)


_UPDATES: Final = """\b
Examples:
  foresail updates                what every Application could have newer
  foresail updates --app shop     the same of one

\b
Exit code: 0 nothing is newer, 2 something is, 1 it could not be asked.
"""


@app.command(epilog=_UPDATES)
def updates(  # noqa: PLR0913 - each option is a parameter
    *,
    only: options.Only = None,
    output: options.Updates = ListFormat.TEXT,
    kubeconfig: options.Kubeconfig = "",
    context: options.Context = "",
    control_namespace: options.ControlNamespace = "",
    timeout: options.Timeout = None,
) -> int:
    """Say which images and charts could be newer.

    As the annotations of the Applications ask for (docs/updates.md): which value in which file would be written, and
    why nothing would. Registries and repositories are read; nothing is opened and nothing is written.
    """
    settings = settings_with(kubeconfig=kubeconfig, control_namespace=control_namespace, cluster_timeout=timeout)
    from bot.cli import output as written
    from bot.cli.updates import planned

    with written.progress() as say:
        plans = planned(settings, only=tuple(only or ()), context=context, say=say)
    written.write_updates(plans, output)
    return ExitCode.CHANGES if any(plan.bumps for plan in plans) else ExitCode.NOTHING


def _preview(asked: Asked, settings: Settings, output: Format) -> int:
    from bot.cli import output as written
    from bot.cli.preview import preview as previewed

    with written.progress() as say:
        report = previewed(asked, settings, say=say)
    written.write_report(report, output, settings)
    return exit_code(report)


def _explain(asked: Asked, settings: Settings, output: Format) -> int:
    from bot.cli import output as written
    from bot.cli.preview import explain as explained

    if output not in {Format.TEXT, Format.JSON}:
        raise Rejected(
            f"why applications are affected is not written as {output}", remedy="Write: -o text, or -o json."
        )
    with written.progress() as say:
        verdicts = explained(asked, settings, say=say)
    written.write_verdicts(verdicts, output)
    return ExitCode.NOTHING


def _render(asked: Asked, settings: Settings, output: ManifestFormat) -> int:
    from bot.cli import output as written
    from bot.cli.render import render as rendered

    with written.progress() as say:
        manifests = rendered(asked, settings, say=say)
    written.write_manifests(manifests, output)
    return ExitCode.NOTHING


@app.command(epilog="Example: foresail demo --keep")
def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running to look around in.")] = False,
    gitlab: Annotated[bool, typer.Option("--gitlab", help="On GitLab instead of GitHub.")] = False,
) -> int:
    """Tell the whole story on this machine.

    A pull request, its preview, the merge, and the cluster getting there, on a real control plane and Redis, with a
    stand-in for GitHub or GitLab. Programs that are missing are built once.
    """
    from bot.sandbox.demo import run

    return run(keep=keep, gitlab=gitlab)


@app.command(epilog="Example: foresail settings | less")
def settings() -> None:
    """Print every setting of the server.

    As a Markdown table: variable, default, meaning.
    """
    from bot.settings import settings_table

    typer.echo(settings_table())


@app.command(epilog="Example: foresail version")
def version() -> None:
    """Print the version."""
    typer.echo(f"foresail {_version()}")


def main() -> int:
    """Run the command line and return its exit code."""
    try:
        code = app(args=sys.argv[1:] or ["--help"], prog_name="foresail", standalone_mode=False)
    except ForesailError as error:
        from bot.cli.output import write_error

        write_error(error)
        return _failed()
    except typer.Abort:  # what the library makes of Ctrl-C
        return INTERRUPTED
    except typer.TyperException as error:
        # The library's own code for a wrong option is 2, which would tell a script that there are changes.
        where = getattr(getattr(error, "ctx", None), "command_path", "foresail")
        words = error.format_message().replace("Value error, ", "")
        typer.echo(f"foresail: {words}\n  See: {where} --help", err=True)
        return _failed()
    return code if isinstance(code, int) else ExitCode.NOTHING


def _failed() -> int:
    """Return what a command ends with that could not be carried out."""
    return Answer.ERROR if sys.argv[1:2] == [group.info.name] else ExitCode.ERROR


def _version() -> str:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("foresail")
    except PackageNotFoundError:
        import tomllib

        project = Path(__file__).parents[2] / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])


if __name__ == "__main__":
    sys.exit(main())
