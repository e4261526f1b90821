"""The commands that have something done with Applications. Heavy parts are imported by the command that needs them."""

from __future__ import annotations

from typing import Final

import typer

from bot.cli.app import options
from bot.cli.environment import settings_with
from bot.cli.options import Context, Kubeconfig

orders: Final = typer.Typer(rich_markup_mode=None)


_SYNC: Final = """\b
Examples:
  foresail app sync shop                       to what it follows, as it is now
  foresail app sync shop --prune --wait        and delete what left Git; wait for the end
  foresail app sync -l team=shop               several at once
  foresail app sync shop --revision v1.4       to a tag; only where syncs are not automated
  foresail app sync shop --dry-run --wait      try it, and write nothing
  foresail app sync shop --resource apps:Deployment:web   one object alone

\b
Exit code: 0 started (--wait: and succeeded), 1 it failed or did not end in time,
           20 it could not be started.
"""


@orders.command(epilog=_SYNC)
def sync(  # noqa: PLR0913 - each option is a parameter
    names: options.Names = None,
    *,
    selector: options.Selector = "",
    revision: options.Revision = "",
    prune: options.Prune = False,
    only: options.Resources = None,
    dry_run: options.DryRun = False,
    hooks: options.Hooks = True,
    queue: options.Queue = False,
    wait: options.Wait = False,
    timeout: options.Timeout = 0.0,
    namespace: options.Namespace = "",
    within: options.Within = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    request_timeout: options.RequestTimeout = None,
) -> int:
    """Sync Applications with Git.

    The operation is written to the Application, with your name as the API server knows it; the workers in the cluster
    carry it out. While another one runs it is refused, unless --queue waits for the end of that.
    """
    settings = settings_with(kubeconfig=kubeconfig, control_namespace=namespace, cluster_timeout=request_timeout)
    from bot.cli.app.control import control
    from bot.cli.app.git import Git
    from bot.cli.app.operating import Asked, resource
    from bot.cli.app.syncing import Manner
    from bot.cli.app.syncing import sync as started

    resolve = Git(settings, context).revision
    picked = tuple(map(resource, only or ()))
    asked = Asked(revision, prune=prune, resources=picked, dry_run=dry_run, hooks=hooks, resolve=resolve)
    with control(settings, context=context, within=within) as at:
        found = [one.name for one in at.several(names or (), selector)]
        return started(at, found, asked, Manner(queue=queue, wait=wait, timeout=timeout))


_TERMINATE: Final = """\b
Examples:
  foresail app terminate shop          stop what runs
  foresail app terminate shop --wait   and wait until it has stopped
"""


@orders.command(epilog=_TERMINATE)
def terminate(  # noqa: PLR0913 - each option is a parameter
    name: options.Name,
    *,
    wait: options.Wait = False,
    timeout: options.Timeout = 0.0,
    namespace: options.Namespace = "",
    within: options.Within = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    request_timeout: options.RequestTimeout = None,
) -> int:
    """Stop an Application's operation.

    What was applied already stays as it is. An operation that nobody has begun is taken back.
    """
    settings = settings_with(kubeconfig=kubeconfig, control_namespace=namespace, cluster_timeout=request_timeout)
    from bot.cli.app.control import control
    from bot.cli.app.syncing import Manner
    from bot.cli.app.syncing import terminate as stopped

    with control(settings, context=context, within=within) as at:
        return stopped(at, name, Manner(wait=wait, timeout=timeout))


_ROLLBACK: Final = """\b
Examples:
  foresail app rollback shop            to the sync before the last
  foresail app rollback shop 3 --wait   to the one that `history` lists as 3; wait for the end
"""


@orders.command(epilog=_ROLLBACK)
def rollback(  # noqa: PLR0913 - each option is a parameter
    name: options.Name,
    number: options.Id = None,
    *,
    prune: options.Prune = False,
    wait: options.Wait = False,
    timeout: options.Timeout = 0.0,
    namespace: options.Namespace = "",
    within: options.Within = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    request_timeout: options.RequestTimeout = None,
) -> int:
    """Sync an Application to an earlier revision.

    To the one of an entry of its history. Refused where syncs are automated, as the next one would undo it: revert in
    Git there.
    """
    settings = settings_with(kubeconfig=kubeconfig, control_namespace=namespace, cluster_timeout=request_timeout)
    from bot.cli.app.control import control
    from bot.cli.app.operating import Rollback
    from bot.cli.app.syncing import Manner
    from bot.cli.app.syncing import rollback as taken_back

    with control(settings, context=context, within=within) as at:
        return taken_back(at, name, Rollback(number, prune=prune), Manner(wait=wait, timeout=timeout))


_DELETE: Final = """\b
Examples:
  foresail app delete shop --wait            with its objects; wait until all are gone
  foresail app delete shop --no-cascade      the Application alone
  foresail app delete shop --yes --approve   ask nobody, whatever Delete=confirm says

\b
Exit code: 0 begun (--wait: and done), 1 not wanted, or not done in time,
           20 it could not be begun.
"""


@orders.command(epilog=_DELETE)
def delete(  # noqa: PLR0913 - each option is a parameter
    names: options.Names = None,
    *,
    selector: options.Selector = "",
    cascade: options.Cascade = True,
    background: options.Background = False,
    approve: options.Approve = False,
    yes: options.Yes = False,
    wait: options.Gone = False,
    timeout: options.Timeout = 0.0,
    namespace: options.Namespace = "",
    within: options.Within = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
) -> int:
    """Delete Applications.

    With all that they manage, or without it. Before objects are deleted you are asked.
    """
    settings = settings_with(kubeconfig=kubeconfig, control_namespace=namespace)
    from bot.cli.app.control import control
    from bot.cli.app.deleting import Farewell
    from bot.cli.app.deleting import delete as deleted

    asked = Farewell(cascade=cascade, background=background, approve=approve, yes=yes)
    with control(settings, context=context, within=within) as at:
        found = [one.name for one in at.several(names or (), selector)]
        return deleted(at, found, asked, wait=wait, timeout=timeout)
