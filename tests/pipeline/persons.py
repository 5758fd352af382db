"""People on the fake network who write of several things, and what the desk makes of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from tests.pipeline.conftest import Town

from amends.channels.fake_deeds import Saying
from amends.core.case import Case
from amends.core.values import Direction
from amends.language.reading import Reading, Text
from amends.language.stand_in import StandIn
from amends.pipeline import answers, decide, merging
from amends.pipeline.answers import QUIETLY, Insist
from amends.store import agreement, history, models

TOPICS = {"parcel": "delivery", "charged": "billing", "waiting": "waiting"}


class ByTopic(StandIn):
    """Calls everything a complaint, about whatever it names."""

    def read(self, texts: Sequence[Text]) -> list[Reading]:
        about = [tuple(topic for word, topic in TOPICS.items() if word in text.text) for text in texts]
        return [replace(read, about=topics) for read, topics in zip(super().read(texts), about, strict=True)]


@dataclass
class People:
    """A town of several people; posts are known by their ids on the network."""

    town: Town

    def says(self, text: str, who: str = "anna", re: str | None = None, minutes: float = 1) -> str:
        """Somebody writes, and the desk hears of it."""
        network = self.town.stage.network
        self.town.stage.pass_time(60 * minutes)
        writer = network.state.handles.get(who) or network.join(who, who.title()).id
        posted = network.say(Saying(writer, f"@brand {text}", re)).id
        self.town.fetch()
        return posted

    def post(self, posted: str) -> models.Post:
        return models.Post.objects.select_related("author").get(remote_id=posted)

    def case(self, posted: str) -> models.Case:
        """The case that a post is in."""
        return models.Case.objects.select_related("author").get(posts__remote_id=posted)

    def person(self, name: str) -> models.User:
        user, _ = models.User.objects.get_or_create(email=f"{name}@example.org", defaults={"name": name})
        models.Membership.objects.get_or_create(user=user, brand=self.town.brand, defaults={"role": "agent"})
        return user

    def author(self, handle: str) -> models.Author:
        return models.Author.objects.get(handle=handle)

    def answers(self, posted: str, who: str = "Ada", insist: Insist = QUIETLY) -> models.Send:
        """Somebody answers under a post; it is planned."""
        key, actor = uuid4(), decide.person(self.person(who).pk)
        words = f"{who} looks into it."
        now = self.town.now()
        return answers.reply_once(self.case(posted), self.post(posted), words, actor, now, key, insist=insist)

    def merge(self, posted: str, into: str, why: str = "") -> Case:
        actor = decide.person(self.person("Ada").pk)
        return merging.merge(self.case(posted), self.case(into), why, actor, self.town.now())

    def split(self, *posted: str) -> models.Case:
        posts = [self.post(one).pk for one in posted]
        actor = decide.person(self.person("Ada").pk)
        case = self.case(posted[0])
        number = merging.split(case, posts, "another matter", actor, self.town.now())
        return models.Case.objects.get(pk=number)

    def link(self, posted: str, handle: str, why: str = "She says so.") -> None:
        actor = decide.person(self.person("Ada").pk)
        merging.link(self.case(posted), self.author(handle), why, actor, self.town.now())

    def unlink(self, posted: str, handle: str) -> None:
        actor = decide.person(self.person("Ada").pk)
        merging.unlink(self.case(posted), self.author(handle), "It was a joke.", actor, self.town.now())


def waits(case: models.Case) -> object:
    """Since when somebody waits in a case by its row."""
    return models.Case.objects.values_list("waiting_since", flat=True).get(pk=case.pk)


def actions(case: models.Case) -> list[str]:
    """What its record says was done, in order."""
    entries = models.HistoryEntry.objects.filter(chain=history.chain_of(case.pk))
    return list(entries.order_by("position").values_list("action", flat=True))


def body(case: models.Case, action: str) -> dict[str, object]:
    """The content of the last such line of its record."""
    entries = models.HistoryContent.objects.filter(case=case, entry__action=action)
    found: dict[str, object] = entries.latest("entry__position").body
    return found


def sound() -> bool:
    """Whether the record is whole, and every row stands as it says."""
    return [*history.faults(), *agreement.faults()] == []


def ours(case: models.Case) -> list[str]:
    """Our answers that stand in a case."""
    posts = models.Post.objects.filter(case=case, direction=Direction.OUT)
    return list(posts.order_by("pk").values_list("text", flat=True))


_AT_ONCE = """
import sys
import django
django.setup()
from datetime import datetime
from amends.core.case import NotPossible
from amends.pipeline import answers, decide, merging
from amends.store import models
now = datetime.fromisoformat(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    exec(sys.argv[2])
except NotPossible as no:
    print("no:", no)
else:
    print("yes")
"""


def at_once(town: Town, *deeds: str) -> list[str]:
    """What each of these deeds, each in a process of its own, came to; all began at the same moment."""
    command = [sys.executable, "-c", _AT_ONCE, town.now().isoformat()]
    running = [
        subprocess.Popen([*command, deed], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for deed in deeds
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in running]
    assert [process.returncode for process in running] == [0] * len(deeds)
    return said
