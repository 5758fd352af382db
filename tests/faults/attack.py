"""The attack: people write, agents answer, the network fails, and workers are killed at random moments.

`python -m tests.faults.attack --posts 5000 --replies 500 --kills 60` runs it at any size and prints figures.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.rig.desk import Rig
from tests.rig.processes import Running, until

FATES = ("drop", "error", "error_after", "reset", "rate", "slow")
LOOK_FATES = ("error", "reset", "drop", "rate")
COMPLAINTS = (
    "my parcel {n} is lost and nobody answers me, this is a disgrace",
    "order {n} arrived broken and your support ignores me for days",
    "still no refund for {n}!! I have been waiting for three weeks",
    "worst service ever, {n} was never delivered and I was charged twice",
)
CHATTER = ("good morning, {n} times over", "lovely picture number {n}", "what time do you open on day {n}?")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is thrown at the desk; the same seed throws the same things."""

    posts: int
    replies: int
    kills: int
    seconds: float
    faults: int = 24
    workers: int = 2
    seed: int = 1


@dataclass(slots=True)
class Attack:
    """One attack on one desk. What people were told was done is in `promised`: key to words."""

    rig: Rig
    size: Size
    workers: list[Running] = field(default_factory=list)
    promised: dict[str, str] = field(default_factory=dict)
    declined: list[str] = field(default_factory=list)
    killed: int = 0
    cut_short: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _all_killed: threading.Event = field(default_factory=threading.Event)
    _said: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Everything at once until it is all said, answered and killed; workers run afterwards."""
        self.workers = [self.rig.start("worker") for _ in range(self.size.workers)]
        with ThreadPoolExecutor(3) as pool:
            parts = [pool.submit(part, self._dice(part.__name__)) for part in self._parts()]
            for part in parts:
                part.add_done_callback(lambda done: self._over.set() if done.exception() else None)
            try:
                self._kill(parts)
            finally:
                self._over.set()
        for part in parts:
            part.result()

    def _parts(self) -> list[Callable[[random.Random], None]]:
        return [self._people, self._agents, self._troubles]

    def _dice(self, name: str) -> random.Random:
        return random.Random(f"{self.size.seed} {name}")

    def _people(self, rng: random.Random) -> None:
        """Posts, follow-ups, messages, edits and deletions, spread over the time of the attack."""
        pause = self.size.seconds / self.size.posts
        for n in range(self.size.posts):
            if self._over.is_set():
                return
            handle = f"p{rng.randrange(max(1, self.size.posts // 3))}"
            text = rng.choice(COMPLAINTS if rng.random() < 0.6 else CHATTER).format(n=n)
            more = {"to": "brand"} if rng.random() < 0.1 else {}
            if self._said and not more and rng.random() < 0.25:
                more = {"in_reply_to": rng.choice(self._said)}
            post_id = self.rig.network.say(handle, f"@brand {text}", **more)
            if not more:
                self._said.append(post_id)
            elif rng.random() < 0.2:
                self.rig.network.control("PATCH", f"posts/{post_id}", text=f"@brand {text} (edited)")
            elif rng.random() < 0.1:
                self.rig.network.control("DELETE", f"posts/{post_id}")
            time.sleep(pause * rng.uniform(0.2, 1.4))

    def _agents(self, rng: random.Random) -> None:
        """Answer what waits, each under a key of its own, some asked for twice; slowly once it is enough."""
        asked: set[int] = set()
        while not self._over.is_set():
            enough = len(self.promised) >= self.size.replies
            if enough and self._all_killed.is_set():
                return
            page = self.rig.api("GET", "/cases?view=waiting&limit=100")
            assert page.status_code == 200, page.text
            waiting = [case for case in page.json()["items"] if case["lead"] not in asked]
            for case in waiting[: 1 if enough else rng.randrange(1, 6)]:
                asked.add(case["lead"])
                self._answer(case["id"], case["lead"], f"answer-{len(asked)}", rng)
            time.sleep(1 if enough else rng.uniform(0.05, 0.3))

    def _answer(self, case: int, post: int, key: str, rng: random.Random) -> None:
        text = f"Sorry about this. We look into it now. ({key})"
        body = {"to_post": post, "text": text}
        for _ in range(rng.choice((1, 1, 2))):
            answer = self.rig.api("POST", f"/cases/{case}/reply", body, idempotency_key=key)
            if answer.status_code == 409:
                self.declined.append(answer.text)
                return
            assert answer.status_code == 201, answer.text
            self.promised[key] = text

    def _troubles(self, rng: random.Random) -> None:
        """The network fails on what is sent, on what is looked up, and now and then on a poll."""
        pause = self.size.seconds / self.size.faults
        for n in range(self.size.faults):
            if self._over.wait(pause * rng.uniform(0.2, 1.4)):
                return
            fate = FATES[n % len(FATES)]
            self.rig.network.order(fate, "POST", "/api/posts", seconds=2)
            if n % 4 == 1:
                self.rig.network.order(rng.choice(LOOK_FATES), "GET", "/api/posts", seconds=1)
            if n % 8 == 3:
                self.rig.network.order(rng.choice(LOOK_FATES), "GET", "/api/timeline", seconds=1)

    def _kill(self, parts: Sequence[Future[None]]) -> None:
        """Kill workers, every third time all of them in the middle of a sending, and start new ones."""
        rng, pause = self._dice("kills"), self.size.seconds / self.size.kills
        for n in range(self.size.kills):
            if self._over.wait(pause * rng.uniform(0.3, 1.3)):
                return
            victims = self._in_the_middle() if n % 3 == 2 else [rng.randrange(len(self.workers))]
            for place in victims:
                assert self.workers[place].alive, self.workers[place].said()
                self.workers[place].kill()
                self.killed += 1
            for place in victims:
                self.workers[place] = self.rig.start("worker")
        self._all_killed.set()
        longest = 60 + 2 * self.size.seconds
        until(lambda: all(part.done() for part in parts), longest, "all is said", self.progress)

    def progress(self) -> str:
        """How far it got, for whoever must find out why it stands still."""
        waiting = self.rig.one("SELECT count(waiting_since) FROM store_case")
        told = f"{len(self.promised)} promised, {len(self.declined)} declined, {self.killed} killed"
        return f"{told}, {waiting} cases wait"

    def _in_the_middle(self) -> list[int]:
        """All workers, as soon as one of them is sending; it is held there by a slow network."""
        self.rig.network.order("slow", "POST", "/api/posts", seconds=3)
        sending = "SELECT count(*) FROM store_send WHERE state = 'sending'"
        until(lambda: self.rig.one(sending) or self._over.is_set(), 90, "something is sent", self.progress)
        self.cut_short += 1
        return list(range(len(self.workers)))

    def settle(self, seconds: float) -> float:
        """Wait until the desk has seen everything and knows what became of every answer; how long it took."""
        began = time.monotonic()
        until(lambda: not self.open_ends(), seconds, "the desk has caught up", self.open_ends)
        return time.monotonic() - began

    def open_ends(self) -> list[str]:
        """What is still to come, in words; an answer that nobody can find on the network is known enough."""
        truth, ends = self.rig.network.truth(), []
        stands = {post.text for post in truth.posts.values()}
        for state, text in self.rig.ask("SELECT state, text FROM store_send WHERE state <> 'sent'"):
            if state in ("planned", "sending") or (state == "unknown" and text in stands):
                ends.append(f"{state}: {text}")
        seen = self.rig.one("SELECT count(*) FROM store_post")
        waiting = self.rig.one("SELECT count(*) FROM store_waiting")
        unread = self.rig.one("SELECT count(*) FROM store_post WHERE read_at IS NULL AND deleted_at IS NULL")
        if seen < len(truth.posts) or waiting or unread:
            ends.append(f"{seen} of {len(truth.posts)} posts seen, {waiting} waiting, {unread} unread")
        return ends
