"""Cases, their history and their sends in the API's shape."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from amends.api.post_shapes import Author, Post
from amends.api.words import Shape
from amends.core.values import CaseState, Kind, Resolution, SendState, Severity, Visibility


class Person(Shape):
    """Somebody who works for the brand."""

    id: Annotated[int, Field(description="The desk's id.")]
    name: Annotated[str, Field(description="What they are called.")]


class Case(Shape):
    """One grievance, question or request of one person.

    Times of the case run on its own clock, which lies `clock_offset` seconds behind ours for imported
    history; `listed_at` and `snoozed_until` are on ours.
    """

    id: Annotated[int, Field(description="The desk's id.")]
    channel: Annotated[str, Field(description="The network it came from.")]
    state: Annotated[CaseState, Field(description="Only `open` and `snoozed` cases ask for work.")]
    kind: Annotated[Kind, Field(description="What it is.")]
    severity: Annotated[Severity, Field(description="How bad it is.")]
    graded_by_person: Annotated[bool, Field(description="Whether a person set the severity.")]
    author: Annotated[Author, Field(description="Whose case it is.")]
    assignee: Annotated[Person | None, Field(description="Who has it in hand.")]
    conversation: Annotated[int, Field(description="The desk's id of the conversation.")]
    lead: Annotated[int | None, Field(description="The post that says it best: the earliest of the worst.")]
    posts_in: Annotated[int, Field(description="How many posts of the person it has.")]
    opened_at: Annotated[datetime, Field(description="Time of its first post.")]
    last_post_at: Annotated[datetime, Field(description="Time of the person's last post.")]
    listed_at: Annotated[datetime, Field(description="When the desk first had it.")]
    waiting_since: Annotated[datetime | None, Field(description="Since when the person waits, if they do.")]
    due_at: Annotated[datetime | None, Field(description="When the next word is due, if one is.")]
    promised_until: Annotated[datetime | None, Field(description="Until when the person was told of news.")]
    customer_since: Annotated[datetime | None, Field(description="Since when the next word is theirs.")]
    resolution_due_at: Annotated[datetime | None, Field(description="When the case is to be resolved.")]
    first_answer_at: Annotated[datetime | None, Field(description="When it was first answered.")]
    snoozed_until: Annotated[datetime | None, Field(description="Until when it is put aside.")]
    resolution: Annotated[Resolution | None, Field(description="How it ended, if it has.")]
    resolved_at: Annotated[datetime | None, Field(description="When it ended.")]
    merged_into: Annotated[int | None, Field(description="The case that it goes on in, once merged.")]
    sends_open: Annotated[int, Field(description="Answers that are on their way or of unknown fate.")]
    on_hold: Annotated[bool, Field(description="Whether a legal hold stands.")]
    band: Annotated[int, Field(description="Its place in the inbox: higher first, then by time left.")]
    harm: Annotated[int, Field(description="The harm of waiting, from 0 to 1000: hundreds make the band.")]
    reasons: Annotated[list[str], Field(description="Why it stands where it stands, what counts most first.")]
    clock_offset: Annotated[float, Field(description="Seconds that its clock lies behind ours.")]
    policy_version: Annotated[int, Field(description="The policy that the last decision used.")]


class Send(Shape):
    """One answer on its way out. `unknown` is looked up on the network, never sent blindly again."""

    id: Annotated[int, Field(description="The desk's id.")]
    key: Annotated[UUID, Field(description="Its own key; one answer has one.")]
    case: Annotated[int, Field(description="The case.")]
    to_post: Annotated[int, Field(description="The post it answers.")]
    account: Annotated[int, Field(description="The account of ours that it leaves from.")]
    text: Annotated[str, Field(description="The words.")]
    visibility: Annotated[Visibility, Field(description="Who can read it there.")]
    state: Annotated[SendState, Field(description="Where it stands.")]
    why: Annotated[str, Field(description="What the network or the desk said of it last.")]
    attempts: Annotated[int, Field(description="How often it was tried.")]
    written_by: Annotated[int | None, Field(description="Who wrote it; null for the desk itself.")]
    automatic: Annotated[bool, Field(description="Whether it is a holding reply that no person wrote.")]
    written_at: Annotated[datetime, Field(description="When it was written.")]
    settled_at: Annotated[datetime | None, Field(description="When its fate was known.")]
    remote_id: Annotated[str, Field(description="The network's id of it, once sent.")]


class Note(Shape):
    """Something written for colleagues only."""

    at: Annotated[datetime, Field(description="When.")]
    by: Annotated[int | None, Field(description="Who wrote it.")]
    text: Annotated[str, Field(description="The words.")]


class CaseLine(Shape):
    """One case as a list shows it."""

    id: Annotated[int, Field(description="The desk's id.")]
    channel: Annotated[str, Field(description="The network it came from.")]
    state: Annotated[CaseState, Field(description="Only `open` and `snoozed` cases ask for work.")]
    kind: Annotated[Kind, Field(description="What it is.")]
    severity: Annotated[Severity, Field(description="How bad it is.")]
    author: Annotated[int, Field(description="Whose case it is (the desk's id).")]
    handle: Annotated[str, Field(description="The author's handle.")]
    author_name: Annotated[str, Field(description="The author's name.")]
    assignee: Annotated[Person | None, Field(description="Who has it in hand.")]
    lead: Annotated[int | None, Field(description="The post that says it best.")]
    excerpt: Annotated[str, Field(description="How that post begins; empty when it was deleted.")]
    lang: Annotated[str, Field(description="That post's language.")]
    posts_in: Annotated[int, Field(description="How many posts of the person it has.")]
    opened_at: Annotated[datetime, Field(description="Time of its first post.")]
    last_post_at: Annotated[datetime, Field(description="Time of the person's last post.")]
    waiting_since: Annotated[datetime | None, Field(description="Since when the person waits, if they do.")]
    due_at: Annotated[datetime | None, Field(description="When the next word is due, if one is.")]
    promised_until: Annotated[datetime | None, Field(description="Until when the person was told of news.")]
    customer_since: Annotated[datetime | None, Field(description="Since when the next word is theirs.")]
    resolution_due_at: Annotated[datetime | None, Field(description="When the case is to be resolved.")]
    first_answer_at: Annotated[datetime | None, Field(description="When it was first answered.")]
    snoozed_until: Annotated[datetime | None, Field(description="Until when it is put aside.")]
    resolution: Annotated[Resolution | None, Field(description="How it ended, if it has.")]
    resolved_at: Annotated[datetime | None, Field(description="When it ended.")]
    sends_open: Annotated[int, Field(description="Answers that are on their way or of unknown fate.")]
    on_hold: Annotated[bool, Field(description="Whether a legal hold stands.")]
    band: Annotated[int, Field(description="Its place in the inbox: higher first, then by time left.")]
    harm: Annotated[int, Field(description="The harm of waiting, from 0 to 1000: hundreds make the band.")]
    reasons: Annotated[list[str], Field(description="Why it stands where it stands, what counts most first.")]
    clock_offset: Annotated[float, Field(description="Seconds that its clock lies behind ours.")]


class CaseInFull(Case):
    """A case with its conversation as it stood on the network, its sends and its notes."""

    posts: Annotated[list[Post], Field(description="The last 100 of the conversation, oldest first.")]
    earlier: Annotated[str | None, Field(description="Cursor of `/cases/{id}/posts` to what came before.")]
    sends: Annotated[list[Send], Field(description="Its answers, oldest first.")]
    notes: Annotated[list[Note], Field(description="Its notes, oldest first, and those of the absorbed.")]
    linked: Annotated[list[Author], Field(description="Other accounts of the same person.")]
    others: Annotated[list[int], Field(description="Other cases of the person, the latest 50, newest first.")]
    absorbed: Annotated[list[int], Field(description="Cases that were merged into it.")]


class CasePage(Shape):
    """One page of cases, in the order of the inbox."""

    items: Annotated[list[CaseLine], Field(description="The cases.")]
    next: Annotated[str | None, Field(description="Cursor of the next page; null on the last.")]


class CaseCounts(Shape):
    """How many cases the views of the inbox have; 100 stands for 100 and more."""

    waiting: Annotated[int, Field(description="In which a person waits.")]
    mine: Annotated[int, Field(description="Open, in the hands of the token's person.")]
    unassigned: Annotated[int, Field(description="Open, in nobody's hands.")]
    open: Annotated[int, Field(description="Open.")]
    snoozed: Annotated[int, Field(description="Put aside.")]


class Entry(Shape):
    """One entry of the append-only record."""

    position: Annotated[int, Field(description="Its place in the chain, from 1.")]
    at: Annotated[datetime, Field(description="When.")]
    actor: Annotated[str, Field(description="`person:ID`, `system` or `network`.")]
    action: Annotated[str, Field(description="What was done.")]
    policy_version: Annotated[int, Field(description="The policy it was decided under.")]
    content: Annotated[JsonValue, Field(description="The content; null once it was erased.")]
    hash: Annotated[str, Field(description="Over the hash before it and a commitment to the content.")]


class History(Shape):
    """One page of the record, oldest first."""

    items: Annotated[list[Entry], Field(description="The entries.")]
    next: Annotated[str | None, Field(description="Cursor of the next page; null on the last.")]
