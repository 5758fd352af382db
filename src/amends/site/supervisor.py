"""The whole desk on one machine: database, tables, web, worker and, for a demo, a network to talk with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amends import clock
from amends.channels.fake_server import TOKEN_VARIABLE
from amends.site import backup, children, nightly, places, ports, public
from amends.site import sample as samples
from amends.site.children import Child, amends
from amends.site.cluster import Cluster
from amends.site.commands.say import say, tell
from amends.site.desk import SERVED, Desk, check, place
from amends.site.errors import SiteError

HEARTBEAT = 0.2
DATABASE_PAUSE = 10.0
FIRST_BACKUP_AFTER = 60.0
"""Seconds from the start, so that the first page does not wait for a backup."""
START_PATIENCE = 120.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ServeError(SiteError):
    """The desk cannot be served."""


class Stopped(Exception):
    """We were told to stop before everything ran."""


@dataclass(slots=True)
class Supervisor:
    """Starts what makes a desk, looks after it, and ends it in order."""

    host: str
    port: int
    sample: bool
    stop: threading.Event = field(default_factory=threading.Event)
    running: list[Child] = field(default_factory=list)
    once: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def serve(self) -> int:
        """Serve until SIGTERM, SIGINT or SIGHUP; nothing that we started is left afterwards."""
        at_hour = nightly.hour(os.environ)
        check(os.environ)
        ports.check(self.host, self.port)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop.set())
        with _alone(places.data_folder(os.environ)), place(say) as desk:
            try:
                self._start(desk)
                self._look_after(desk, at_hour)
            except Stopped:
                pass
            finally:
                children.end([*(c.process for c in self.running if c.process), *self.once])
        return 0

    def _start(self, desk: Desk) -> None:
        """Start at once whatever can be: the first start of a desk is mostly waiting for the tables."""
        environment = self._environment(desk)
        options = ["--network", self._start_network(desk, environment)] if self.sample else []
        self._child("web", ["web", "--host", self.host, "--port", str(self.port)], environment)
        told = self._prepare(environment, options)
        self._child("worker", ["worker"], environment)
        url = ports.shown(self.host, self.port)
        self._await(lambda: _answers(url + "/"), START_PATIENCE, "The pages do not come up")
        self._greet(desk, environment[public.URL], told)

    def _environment(self, desk: Desk) -> dict[str, str]:
        """What our children are told; SERVED, that we say what a visitor must know."""
        environment = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
        public.settle(environment, self.host, self.port)
        return environment | {"AMENDS_DATA": str(desk.folder), SERVED: "1"}

    def _start_network(self, desk: Desk, environment: dict[str, str]) -> str:
        """Start the sample's network; the desk may talk with this one port of the machine. Its address."""
        known = samples.read(desk.folder)
        sample = known.on(ports.free(known.port))
        samples.write(desk.folder, sample)
        address = f"127.0.0.1:{sample.port}"
        environment[public.ALLOWED] = ",".join(sorted({*public.allow_hosts(environment), address}))
        state = str(desk.folder / places.FAKE_NETWORK)
        own = {name: value for name, value in environment.items() if name in ("PATH", "LANG", "TZ")}
        own[TOKEN_VARIABLE] = sample.token
        words = ["fake-network", "--port", str(sample.port), "--state", state]
        self._child("network", words, own, quiet=True)  # it names its own address: there is to be one only
        return f"http://{address}"

    def _prepare(self, environment: Mapping[str, str], options: list[str]) -> dict[str, Any]:
        """Have tables and sample made ready; what is told of who may sign in."""
        command = [*amends()[:-1], "amends.site.prepare", *options]
        process = children.spawn(command, environment, stdout=subprocess.PIPE)
        self.once.append(process)
        self._await(lambda: process.poll() is not None, START_PATIENCE, "The tables are not ready")
        said = process.stdout.read() if process.stdout else b""
        if process.returncode != 0:
            raise ServeError("The desk was not started; what to do is said above.")
        self.once.remove(process)
        told: dict[str, Any] = json.loads(said)
        return told

    def _child(
        self, name: str, words: list[str], environment: Mapping[str, str], *, quiet: bool = False
    ) -> None:
        child = Child(name, amends(*words), environment, say, quiet)
        child.start()
        self.running.append(child)

    def _await(self, ready: Callable[[], bool], patience: float, otherwise: str) -> None:
        """Wait until it is so, while everything lives; Stopped when we are told to stop meanwhile."""
        until = time.monotonic() + patience
        while not ready():
            if self.stop.wait(HEARTBEAT / 2):
                raise Stopped
            if dead := [child.name for child in self.running if child.dead]:
                raise ServeError(f"{otherwise}: {dead[0]} ended, and said why above. All data is kept.")
            if time.monotonic() > until:
                raise ServeError(f"{otherwise} after {patience:.0f} s. What is stored is kept; try again.")

    def _greet(self, desk: Desk, url: str, told: Mapping[str, Any]) -> None:
        tell(f"\nAmends is ready: {url}/")
        if self.sample:
            tell("Sign in (demo only, the passwords are this installation's own):")
            for person in samples.read(desk.folder).people:
                password = "(was changed)" if person.email in told["changed"] else person.password
                tell(f"  {person.role:<10}  {person.email:<26}  {password}")
        elif not told["people"]:
            tell("Nobody can sign in yet: the first visit sets up the first admin.")
            tell(f"From another machine it is asked for the set-up code {told['code']}")
        tell(f"Data: {desk.folder}   Stop: ctrl-C\n")

    def _look_after(self, desk: Desk, at_hour: int | None) -> None:
        backup_from = time.monotonic() + FIRST_BACKUP_AFTER
        database = Cluster(desk.folder, say)
        while not self.stop.wait(HEARTBEAT):
            if desk.embedded and not database.is_running():
                self._start_again(database)
            for child in self.running:
                child.look_after()
            self.once = [process for process in self.once if process.poll() is None]
            if time.monotonic() < backup_from or self.once:
                continue
            good = backup.last_good(desk.folder)
            wait = 60.0
            if nightly.due(clock.now().astimezone(), good.when if good else None, at_hour):
                self.once.append(children.spawn(amends("backup", "--quiet"), self._environment(desk)))
                wait = nightly.AFTER_FAILURE.total_seconds()
            backup_from = time.monotonic() + wait

    def _start_again(self, database: Cluster) -> None:
        """Bring a database back that ended under us; what was committed is in it."""
        say("The database ended; it is started again. What was stored is kept.")
        try:
            database.start()
        except SiteError as error:
            say(f"{error}")
            self.stop.wait(DATABASE_PAUSE)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One supervisor a data folder; the lock goes with its holder."""
    with places.held(folder / places.SERVED) as free:
        if not free:
            raise ServeError(
                f"A desk is served from {folder} already; nothing was started. Stop that one, name another "
                "data folder in AMENDS_DATA, or add to it with amends web and amends worker."
            )
        yield


def _answers(url: str) -> bool:
    """Whether a page comes back, whatever it says."""
    try:
        with _DIRECT.open(url, timeout=10):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
