"""The controller: watches the clusters and decides when something is to be done; jobs do it.

It keeps nothing that cannot be seen again: started anew, it lists the Applications and goes on.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.applications import APPLICATION, PROJECT
from bot.cluster.secrets import KEPT_SECONDS
from bot.cluster.watch import Watch
from bot.engine.sync.heal import is_last_written_by
from bot.engine.tracking import owner_of
from bot.errors import ForesailError, Rejected
from bot.model import jobs
from bot.model.applications import lane_of
from bot.model.names import is_elsewhere, name_of_instance
from bot.model.resources import ResourceKey, annotations_of
from bot.prediction.recorded import recorded
from bot.services import Services
from bot.settings import Mode, Settings
from workers.changes.payloads import refreshes, told_of_deleted
from workers.operating.windows import Openings
from workers.watching import due
from workers.watching.applications import ApplicationWatch
from workers.watching.asking import Asking
from workers.watching.duties import Duties
from workers.watching.fences import Fences
from workers.watching.following import BULKY, Followed, watch_on_clusters
from workers.watching.generating import SetWatch
from workers.watching.index import IndexKeeper, repositories_in
from workers.watching.known import PATIENCE, Known, asked_in
from workers.watching.objects import ObjectIndex
from workers.watching.sharing import sharing_of
from workers.watching.showing import Showing
from workers.watching.sightings import Sightings

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.cluster.objects import Cluster
    from bot.model.applications import Application, Destination
    from bot.model.resources import JsonObject, ResourceType

_log = structlog.get_logger()

_TICK: Final = 0.2


def run() -> int:
    """Run the controller until it is asked to stop."""
    services = Services.build(Settings.from_environment(os.environ))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        Controller(services, stop).run()
    finally:
        services.close()
    return 0


class Controller:
    """Turns events into jobs; one may run, or several, that share the Applications."""

    def __init__(self, services: Services, stop: threading.Event) -> None:
        self._services = services
        self._stop = stop
        self._known: dict[str, Known] = {}
        self._followed = Followed(services.control, self, besides=(APPLICATION,))
        self._lock = threading.Lock()
        self._asking = Asking(services.queue, sharing_of(services), self._lane_of)
        self._to_refresh: dict[str, Application] = {}
        """By name: what appeared or asks for something else; those of one repository are refreshed by one job."""
        self._objects = ObjectIndex()
        self._sightings = Sightings()
        self._openings = Openings(services.sources.project_of)
        namespace = services.settings.control_namespace
        self._fences = Fences()
        self._projects = Watch(services.control.server, PROJECT, self._on_project, namespace=namespace)
        self._generating = SetWatch(services, self._start)
        self._index = IndexKeeper(services.memory.index)
        self._showing = Showing(services.metrics, self._asking.share.me)
        self._duties = Duties(services, self._asking.share, self._generating)
        homes = services.applications.homes
        self._applications = ApplicationWatch(services.control.server, homes, self._on_application, self._on_listed)
        self._clusters_moved = threading.Event()
        """Set once the Secret of a cluster has come, changed or gone."""
        self._secrets = watch_on_clusters(services.control, namespace, self._clusters_moved)

    def run(self) -> None:
        """Watch and tick until stopped; a Redis or cluster that is away is waited for."""
        sharing = threading.Thread(target=self._asking.share.run, args=(self._stop,), name="share", daemon=True)
        sharing.start()
        self._start(self._projects)
        self._start(self._secrets)
        while not self._stop.wait(_TICK):
            self._asking.share.beat()
            try:
                self._tick(self._services.clock.now())
            except ForesailError as error:
                _log.warning("controller waits", reason=str(error))
                self._stop.wait(1.0)
        self._applications.stop()
        self._followed.stop()
        sharing.join()
        self._showing.end()

    def _tick(self, now: float) -> None:
        queue, may, ask = self._services.queue, self._asking.may, self._asking.ask
        queue.maintain(now=now)
        self._follow_share()
        for request in self._duties.due():
            queue.enqueue(request)
        self._asking.send_left_over()
        if self._applications.is_current:  # others find Applications by the index without reading all of them
            self._index.write(strangers=self._applications.strangers)
            self._showing.tidy(self._index)
        self._send_refreshes()
        self._follow_windows(now)
        for key, request in self._generating.due(time.monotonic(), may):
            ask(key, request)
        self._find_clusters()
        self._follow_holds(now)
        self._follow_fences(now)
        with self._lock:
            next_steps = due.next_steps(self._known, may, now=now)
            differing = due.differing(self._known, may, now=now)
            if self._services.settings.mode is Mode.FULL:
                differing += due.contradicting(self._known, may, self._followed)
        queue.enqueue(*next_steps, *(jobs.compare(name).in_lane(self._lane_of(name)) for name in differing))
        self._followed.follow(self._objects.kinds())
        self._followed.tell(self._services.memory)
        self._showing.tell(self._followed.reached())

    def _follow_share(self) -> None:
        """Where others have come or gone, let go what is theirs now and look at all anew, for what is ours now."""
        asking, view = self._asking, self._asking.share.view
        if view == asking.view:
            return
        _log.info("work is shared", among=len(view))
        with self._applications.hearing:
            asking.view = view
            with self._lock:
                others = [name for name in self._known if not asking.holds(name)]
            for name in others:
                self._let_go(name)
            self._applications.begin()

    def _let_go(self, name: str) -> None:
        """Forget an Application that is another's by now."""
        cluster, keys = self._objects.keys_of(name)
        self._forget(name)
        for key in keys:
            if cluster is not None and not self._objects.of(cluster, key):
                self._sightings.lost(cluster.name, key)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._known.pop(name, None)
            self._to_refresh.pop(name, None)
        for keeper in (self._objects, self._openings, self._fences, self._showing):
            keeper.lost(name)

    def _lane_of(self, name: str) -> str:
        """Return in which lane jobs about an Application wait; none for what is no Application."""
        known = self._known.get(name)
        return "" if known is None else lane_of(name, known.destination)

    def _find_clusters(self) -> None:
        """Find out anew which clusters destinations mean, once a Secret has moved."""
        if not self._clusters_moved.is_set():
            return
        self._clusters_moved.clear()
        self._services.clusters.expire()
        with self._lock:
            places = [(name, known.destination, known.cluster) for name, known in self._known.items()]
        try:
            found = {destination: self._cluster_at(destination) for _, destination, _ in places}
        except ForesailError:
            self._clusters_moved.set()
            raise
        for name, destination, before in places:
            cluster = found[destination]
            if cluster is not before:
                self._objects.moved(name, cluster)
                with self._lock:
                    known = self._known.get(name)
                    if known is not None and known.destination == destination:
                        # Again after a moment: a worker may still know what the Secrets said before.
                        known.cluster = cluster
                        known.compare_at = self._services.clock.now() + 2 * KEPT_SECONDS
                if known is not None:
                    self._asking.ask(name, known.next_step(name))

    def _cluster_at(self, destination: Destination) -> Cluster | None:
        try:
            return self._services.clusters.at(destination)
        except Rejected:
            return None

    def _follow_windows(self, now: float) -> None:
        """Have started what waited for a window that has opened, and put back what was changed meanwhile."""
        if self._services.settings.mode is Mode.FULL and self._asking.share.stands:
            self._asking.look_again_at(self._openings.due(now))

    def _follow_holds(self, now: float) -> None:
        """Do the same where the time of somebody's hold is over."""
        with self._lock:
            released = due.released(self._known, self._asking.may, now=now)
        self._asking.look_again_at(released)

    def _follow_fences(self, now: float) -> None:
        """Have compared what belongs to a project that demands something else, once every worker knows of that."""
        moved = self._fences.due()
        if self._fences.welcomes(time.monotonic()) and self._services.applications.homes.others:
            with self._applications.hearing:
                self._applications.begin()
        with self._lock:
            for known in (self._known[name] for name in moved if name in self._known):
                known.compare_at = min(known.compare_at, now + 2 * KEPT_SECONDS)
        if self._applications.listed.is_set() and self._asking.share.stands:
            self._services.queue.enqueue(*self._fences.orphans(self._services.memory, time.monotonic()))

    def _send_refreshes(self) -> None:
        """Queue what was gathered; a first list is waited for, so that it is one round."""
        if not self._applications.listed.is_set():
            return
        with self._lock:
            gathered = {name: one for name, one in self._to_refresh.items() if self._asking.may(name)}
            for name in gathered:
                del self._to_refresh[name]
        try:
            self._services.queue.enqueue(*refreshes(gathered.values()))
        except ForesailError:
            with self._lock:
                self._to_refresh = {**gathered, **self._to_refresh}
            raise

    def _start(self, watch: Watch) -> None:
        name = f"watch-{watch.kind.plural}"
        threading.Thread(target=watch.run, args=(self._stop,), name=name, daemon=True).start()

    def on_object(self, cluster: Cluster, event: str, obj: JsonObject) -> None:
        """Have the operations go on that wait for the object, and applications at rest compared, if it has moved."""
        key = ResourceKey.of(obj)
        self._showing.heard(cluster, key)
        names = self._objects.of(cluster, key)
        if not names and self._is_anothers(obj):
            return
        changed = self._saw(cluster, key, event, obj)
        settled = not self._sightings.is_progressing(cluster.name, key)
        foreign = changed and (event == "DELETED" or not is_last_written_by(obj, cluster.manager))
        with self._lock:
            concerned = [(name, self._known[name]) for name in names if name in self._known]
            waiting = [(name, known) for name, known in concerned if known.running and key in known.awaits]
            resting = [(name, known.next_step(name)) for name, known in concerned if changed and not known.running]
            for _, known in waiting:
                known.looked_at = time.monotonic() if settled else known.looked_at
                known.patience = PATIENCE  # to tell how far it has come
            for _, known in concerned:
                known.touched = known.touched or (foreign and known.running)
        going_on = [(name, jobs.advance(name)) for name, _ in waiting] if settled else []
        for name, request in (*going_on, *resting):
            self._asking.ask(name, request)

    def _is_anothers(self, obj: JsonObject) -> bool:
        """Whether an object is of an application that another controller keeps track of."""
        instance = owner_of(obj) if len(self._asking.view) > 1 else None
        return instance is not None and not self._asking.holds(name_of_instance(instance))

    def _saw(self, cluster: Cluster, key: ResourceKey, event: str, obj: JsonObject) -> bool:
        """Take note of an event; return whether it can change what an application is said to be."""
        if event == "DELETED":
            self._sightings.lost(cluster.name, key)
            return True
        if (key.group, key.kind) in BULKY:
            return self._sightings.saw_metadata(cluster.name, key, obj)
        return self._sightings.saw(cluster.name, key, obj, self._services.assess(obj))

    def on_objects_listed(self, cluster: Cluster, kind: ResourceType) -> None:
        """Have all compared that have an object of a kind: one may have gone before the watch began, or in a break."""
        for name in self._objects.of_kind(cluster, kind.group, kind.kind):
            with self._lock:
                if (known := self._known.get(name)) is not None:
                    known.touched = known.running  # then at the end of its operation
            request = known.next_step(name) if known is not None and known.deleting else jobs.compare(name)
            self._asking.ask(name, request)

    def _on_project(self, event: str, obj: JsonObject) -> None:
        """Take note of a project that appeared, changed or went."""
        self._openings.saw_project(event, obj)
        self._fences.saw_project(event, obj)

    def _on_application(self, event: str, obj: JsonObject) -> None:
        """Take note of an Application that appeared, changed or went."""
        name = self._services.applications.homes.name_of(obj)
        if not is_elsewhere(name):  # where nothing is generated, whatever somebody there claims
            self._generating.saw_application(event, obj)
        if event == "DELETED":
            self._forget(name)
            self._index.lost(name)
            self._sightings.lost(self._services.control.name, ResourceKey.of(obj))
            self._compare_parents(obj)
            for request in told_of_deleted(obj):
                self._asking.ask(name, request)
            return
        self._index.saw(name, repositories_in(self._services.applications, name, obj))
        if not self._asking.holds(name):
            self._on_anothers(obj)
            return
        try:
            application = self._services.applications.parsed(obj)
        except Rejected as error:
            _log.warning("application cannot be used", reason=error.message)
            with self._lock:
                self._known.pop(name, None)
            self._showing.lost(name)  # what it was before says nothing of it now
            for request in due.of_unusable(name, obj):
                self._asking.ask(name, request)
            return
        self._on_usable(application, obj)

    def _on_anothers(self, obj: JsonObject) -> None:
        """Have the application compared that declares one which is another controller's, where that asks for more."""
        control, key = self._services.control, ResourceKey.of(obj)
        if self._objects.of(control, key):
            told = {"spec": obj.get("spec"), "metadata": {"annotations": asked_in(annotations_of(obj))}}
            if self._sightings.saw(control.name, key, told, None):
                self._compare_parents(obj)

    def _on_usable(self, application: Application, obj: JsonObject) -> None:
        name, known = application.name, self._seen(application)
        managed = recorded(application) if self._services.settings.mode is Mode.FULL else {}
        self._objects.saw(name, known.cluster, {*managed, *known.awaits})
        self._openings.saw(application)
        self._fences.saw(application)
        self._showing.saw(application)
        with self._lock:
            before = self._known.get(name)
            was_running = before is not None and before.running
            touched = (was_running and before.touched) if before is not None else self._applications.is_told_again
            known.touched = touched and known.running
            self._known[name] = known
            stopped = known.abandoned and was_running
            if not known.running and (before is None or before.asks != known.asks or stopped):
                self._to_refresh[name] = application
        if before is None or before.asks != known.asks:
            self._compare_parents(obj)
        if known.running and (
            before is None or not was_running or known.goes_on_after(before, self._sightings.is_progressing)
        ):
            self._asking.ask(name, jobs.advance(name))
        if known.deleting and not known.running:
            self._asking.ask(name, jobs.delete(name))
        if known.refresh:
            self._asking.ask(name, jobs.refresh(name))
        if not known.running and touched:
            self._asking.ask(name, jobs.compare(name))

    def _compare_parents(self, obj: JsonObject) -> None:
        """Have the application compared that declares this one: somebody else may have changed or deleted it.

        One whose operation waits for it goes on.
        """
        key = ResourceKey.of(obj)
        for name in self._objects.of(self._services.control, key):
            with self._lock:
                known = self._known.get(name)
                if known is not None:
                    known.touched = known.running  # then at the end of its operation
            if known is not None and (not known.running or key in known.awaits):
                self._asking.ask(name, known.next_step(name))

    def _on_listed(self, names: frozenset[str], is_listed: Callable[[str], bool]) -> None:
        """Forget what went while a watch was broken, of what that watch tells of."""
        with self._lock:
            gone = [name for name in self._known.keys() - names if is_listed(name)]
        for name in gone:
            self._forget(name)
        self._index.only(names, is_listed)

    def _seen(self, application: Application) -> Known:
        cluster = self._cluster_at(application.spec.destination)

        def is_progressing(key: ResourceKey) -> bool:
            return cluster is not None and self._sightings.is_progressing(cluster.name, key) is True

        limit, now = self._services.settings.sync_deadline, self._services.clock.now()
        return Known.of(application, cluster, sync_deadline=limit, is_progressing=is_progressing, now=now)
