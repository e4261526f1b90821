"""The commands about Applications, of which those that show something stand here.

Heavy parts are imported by the command that needs them.
"""

from __future__ import annotations

from typing import Final

import typer

from bot.cli.app import options
from bot.cli.app.orders import orders
from bot.cli.environment import settings_with
from bot.cli.options import Context, Kubeconfig
from bot.cli.outcome import Answer, Shape

_CODES: Final = "Exit code: 0 done, 1 the answer is no, 20 it could not be asked or done (as with argocd)."

group: Final = typer.Typer(
    name="app",
    rich_markup_mode=None,
    help="List, follow and operate the Applications in the cluster.",
    epilog=_CODES,
)
group.add_typer(orders)


@group.callback(invoke_without_command=True)
def _alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


_LIST: Final = """\b
Examples:
  foresail app list                        every Application, one a line
  foresail app list -o wide                with revision, repository and path
  foresail app list -l team=shop -o name   names alone, for a script
"""


@group.command("list", epilog=_LIST)
def list_(  # noqa: PLR0913 - each option is a parameter
    *,
    selector: options.Selector = "",
    project: options.Project = "",
    repository: options.Repository = "",
    output: options.Output = Shape.TABLE,
    namespace: options.Namespace = "",
    within: options.Within = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    timeout: options.RequestTimeout = None,
) -> int:
    """List Applications and their state.

    Where each lives, whether it is as Git says, how it is, and what is wrong with it.
    """
    settings = settings_with(kubeconfig=kubeconfig, control_namespace=namespace, cluster_timeout=timeout)
    from bot.cli.app import showing
    from bot.cli.app.control import control

    with control(settings, context=context, within=within) as at:
        showing.listed(at, showing.Picked(selector, project, repository), output)
    return Answer.YES


_GET: Final = """\b
Examples:
  foresail app get shop              what it is, how it is, its last operation, its objects
  foresail app get shop -o yaml      the Application itself
  foresail app get shop --refresh    once the controller has looked at it
"""


@group.command(epilog=_GET)
def get(  # noqa: PLR0913 - each option is a parameter
    name: options.Name,
    *,
    refresh: options.Refresh = False,
    hard_refresh: options.HardRefresh = False,
    output: options.Output = Shape.TABLE,
    namespace: options.Namespace = "",
    within: options.Within = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    timeout: options.RequestTimeout = None,
) -> int:
    """Show one Application.

    Its sources, its state, its last operation or the one that runs, and its objects.
    """
    settings = settings_with(kubeconfig=kubeconfig, control_namespace=namespace, cluster_timeout=timeout)
    from bot.cli.app import operating, showing
    from bot.cli.app.control import control

    with control(settings, context=context, within=within) as at:
        asked = refresh or hard_refresh
        showing.one(operating.looked_at(at, name, hard=hard_refresh) if asked else at.one(name), output)
    return Answer.YES


_RESOURCES: Final = """\b
Examples:
  foresail app resources shop           its objects, each with its state
  foresail app resources shop -o wide   with what their health says
  foresail app resources shop --tree    with the pods, and whatever else has come of them
  foresail app resources shop --orphaned   what lies beside them and nobody declares
"""


@group.command(epilog=_RESOURCES)
def resources(  # noqa: PLR0913 - each option is a parameter
    name: options.Name,
    *,
    tree: options.Tree = False,
    orphaned: options.Orphaned = False,
    output: options.Output = Shape.TABLE,
    namespace: options.Namespace = "",
    within: options.Within = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    timeout: options.RequestTimeout = None,
) -> int:
    """List an Application's objects.

    As the controller last compared them, with their health; or, by a look at every kind that its
    cluster serves, what has come of them, or what lies beside them.
    """
    settings = settings_with(kubeconfig=kubeconfig, control_namespace=namespace, cluster_timeout=timeout)
    from bot.cli.app import showing
    from bot.cli.app.control import control

    with control(settings, context=context, within=within) as at:
        if tree or orphaned:
            from bot.cli.app import families

            seen, look = at.one(name), families.beside if orphaned else families.tree
            showing.family(seen, look(at, settings, seen), output)
        else:
            showing.resources(at.one(name), output)
    return Answer.YES


_HISTORY: Final = """\b
Examples:
  foresail app history shop           when it was synced to what
  foresail app history shop -o name   the ids alone
"""


@group.command(epilog=_HISTORY)
def history(  # noqa: PLR0913 - each option is a parameter
    name: options.Name,
    *,
    output: options.Output = Shape.TABLE,
    namespace: options.Namespace = "",
    within: options.Within = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    timeout: options.RequestTimeout = None,
) -> int:
    """List an Application's past syncs.

    The oldest first, as many as revisionHistoryLimit keeps. What rollback goes back to is named by its id.
    """
    settings = settings_with(kubeconfig=kubeconfig, control_namespace=namespace, cluster_timeout=timeout)
    from bot.cli.app import showing
    from bot.cli.app.control import control

    with control(settings, context=context, within=within) as at:
        showing.history(at.one(name), output)
    return Answer.YES


_WAIT: Final = """\b
Examples:
  foresail app wait shop                     until it is Synced and Healthy and nothing runs
  foresail app wait shop --health            until it is Healthy, Synced or not
  foresail app wait -l team=shop --timeout 300

\b
Exit code: 0 it is so, 1 it was not in time, 20 it could not be asked.
"""


@group.command(epilog=_WAIT)
def wait(  # noqa: PLR0913 - each option is a parameter
    names: options.Names = None,
    *,
    selector: options.Selector = "",
    sync: options.Synced = False,
    health: options.Healthy = False,
    operation: options.Operation = False,
    suspended: options.Suspended = False,
    timeout: options.Timeout = 0.0,
    namespace: options.Namespace = "",
    within: options.Within = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    request_timeout: options.RequestTimeout = None,
) -> int:
    """Wait until Applications are there.

    What changes meanwhile is told on standard error, a line each. Without --sync, --health, --operation or --suspended
    it waits for the first three; those that are given have to hold at the same time, for all the Applications.
    """
    settings = settings_with(kubeconfig=kubeconfig, control_namespace=namespace, cluster_timeout=request_timeout)
    from bot.cli.app import showing
    from bot.cli.app.control import control
    from bot.cli.app.waiting import Conditions, Vigil

    conditions = Conditions.asked(sync=sync, health=health, operation=operation, suspended=suspended)
    with control(settings, context=context, within=within) as at:
        found = frozenset(one.name for one in at.several(names or (), selector))
        vigil = Vigil(at, found, showing.told, timeout)
        return showing.waited(vigil, conditions, reached=vigil.waits(conditions))


_DIFF: Final = """\b
Examples:
  foresail app diff shop                      what a sync would change now
  foresail app diff shop --revision v1.4      what one to a tag would

\b
Exit code: 0 nothing differs, 1 something does, 20 it cannot be told (as with argocd).
"""


@group.command(epilog=_DIFF)
def diff(  # noqa: PLR0913 - each option is a parameter
    name: options.Name,
    *,
    revision: options.Revision = "",
    exit_code: options.ExitCode = True,
    namespace: options.Namespace = "",
    within: options.Within = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    request_timeout: options.RequestTimeout = None,
) -> int:
    """Say what a sync would change now.

    What is live is held against Git as it is now, by the API server's own dry runs: nothing is written. Git is read
    from here, with the repository Secrets of the namespace where you may read those. Values of Secrets are not shown.
    """
    settings = settings_with(kubeconfig=kubeconfig, control_namespace=namespace, cluster_timeout=request_timeout)
    from bot.cli.app import differing, showing
    from bot.cli.app.git import Git
    from bot.cli.output import progress

    with progress() as say:
        report = differing.difference(Git(settings, context), f"{within}/{name}" if within else name, revision, say=say)
    differing.write_difference(report)
    if words := differing.in_words(report):
        showing.told(words)
    if any(one.failure for one in report.resources):
        return Answer.ERROR
    return Answer.NO if report.drifted and exit_code else Answer.YES
