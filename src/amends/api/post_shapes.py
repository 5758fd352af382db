"""Posts as the API takes and gives them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, JsonValue, ValidationError
from pydantic_core import CoreSchema, core_schema

from amends.api.words import Body, Instant, Line, Shape, Storable
from amends.core.values import Direction, Kind, Severity, Visibility
from amends.pipeline.receive import Item
from amends.store import models
from amends.store.plain import plain

MOST_POSTS = 500
_EXAMPLE: dict[str, JsonValue] = {
    "id": "115",
    "channel": "mastodon",
    "author_id": "2041",
    "author_handle": "ann@example.social",
    "author_name": "Ann",
    "text": "My parcel has been lost for two weeks and nobody answers.",
    "created_at": "2026-03-04T11:58:00Z",
    "direction": "in",
    "visibility": "public",
    "url": "https://example.social/@ann/115",
    "lang": "en",
}
_Words = Annotated[str, Storable]


class NewPost(BaseModel):
    """One post of a network. Unknown fields are kept with the raw item and otherwise ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra={"examples": [_EXAMPLE]})

    id: Annotated[Line, Field(min_length=1, description="The network's own id of the post.")]
    channel: Annotated[_Words, Field(min_length=1, max_length=40, description="The network's name.")]
    author_id: Annotated[Line, Field(min_length=1, description="The network's own id of who wrote it.")]
    text: Annotated[_Words, Field(description="The words, as they stood on the network.")]
    created_at: Annotated[Instant, Field(description="The network's time of the post; clocks start there.")]
    author_handle: Annotated[_Words, Field(description="Handle of the author.")] = ""
    author_name: Annotated[_Words, Field(description="Name of the author.")] = ""
    in_reply_to: Annotated[Line, Field(description="Id of the post it answers, if any.")] = ""
    conversation_id: Annotated[Line, Field(description="The network's id of the conversation, if any.")] = ""
    direction: Annotated[Direction, Field(description="`in` from a person, `out` by us.")] = Direction.IN
    visibility: Annotated[Visibility, Field(description="Who can read it there.")] = Visibility.PUBLIC
    url: Annotated[_Words, Field(description="Its address on the network.")] = ""
    lang: Annotated[_Words, Field(description="Its language, if the network says.")] = ""
    edited_at: Annotated[Instant | None, Field(description="When it was edited, if it was.")] = None
    deleted: Annotated[bool, Field(description="It was deleted on the network: its words go.")] = False

    def item(self) -> Item:
        """The post as the pipeline takes it."""
        return Item(
            channel=self.channel,
            remote_id=self.id,
            author_id=self.author_id,
            text="" if self.deleted else self.text,
            posted_at=self.created_at,
            author_handle=self.author_handle,
            author_name=self.author_name,
            in_reply_to=self.in_reply_to,
            conversation_id=self.conversation_id,
            direction=self.direction,
            visibility=self.visibility,
            url=self.url,
            lang=self.lang,
            edited_at=self.edited_at,
            deleted=self.deleted,
        )


@dataclass(frozen=True, slots=True)
class Offered:
    """One item of a batch: a post, or why it is none. One bad item does not refuse the others."""

    raw: object
    post: NewPost | None
    why: str = ""

    def payload(self) -> bytes:
        """The item as it came, unknown fields and all."""
        return json.dumps(self.raw, separators=(",", ":")).encode()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Described as a NewPost, but taking anything."""
        return core_schema.no_info_wrap_validator_function(cls._offered, handler.generate_schema(NewPost))

    @classmethod
    def _offered(cls, value: object, read: core_schema.ValidatorFunctionWrapHandler) -> Offered:
        try:
            return cls(value, read(value))
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            named = [f"{'.'.join(map(str, fault['loc'])) or 'item'}: {fault['msg']}" for fault in faults]
            return cls(value, None, "; ".join(named)[:500])


class Batch(Body):
    """Posts to bring in."""

    posts: Annotated[list[Offered], Field(min_length=1, max_length=MOST_POSTS, description="At most 500.")]


class Outcome(Shape):
    """What became of one item, in the order sent."""

    id: Annotated[str, Field(description="The id that was sent, if one could be read.")]
    outcome: Annotated[
        str,
        Field(
            description="`kept`, `repeated` (kept already in this very form) or `refused`.",
            json_schema_extra={"enum": ["kept", "repeated", "refused"]},
        ),
    ]
    reason: Annotated[str, Field(description="Why it was refused.")] = ""


class Outcomes(Shape):
    """What became of a batch. What is `kept` is stored for good when this answer comes."""

    kept: Annotated[int, Field(description="How many are new to the desk.")]
    repeated: Annotated[int, Field(description="How many the desk had already.")]
    refused: Annotated[int, Field(description="How many were refused.")]
    items: Annotated[list[Outcome], Field(description="One for each item.")]


class Author(Shape):
    """A person on a channel."""

    id: Annotated[int, Field(description="The desk's id.")]
    remote_id: Annotated[str, Field(description="The network's own id.")]
    handle: Annotated[str, Field(description="Handle, as last seen.")]
    name: Annotated[str, Field(description="Name, as last seen.")]


class Reason(Shape):
    """Words that carried a label."""

    label: Annotated[str, Field(description="A kind, or `urgent:` or `abuse:` with a name.")]
    start: Annotated[int, Field(description="First code point of the words in the text.")]
    end: Annotated[int, Field(description="The code point behind the last.")]


class Reading(Shape):
    """What a model read in a post."""

    kind: Annotated[Kind | None, Field(description="What it is.")]
    is_complaint: Annotated[bool, Field(description="Whether it was read as a complaint.")]
    complaint: Annotated[float | None, Field(description="How sure the model is that it is one, 0 to 1.")]
    severity: Annotated[Severity, Field(description="How bad the grievance is.")]
    abuse: Annotated[float, Field(description="How sure the model is that it insults, 0 to 1.")]
    urgent: Annotated[list[str], Field(description="Signals of urgency that were found.")]
    reasons: Annotated[list[Reason], Field(description="The words that carried it.")]
    model: Annotated[str, Field(description="The model and its version.")]
    read_at: Annotated[datetime, Field(description="When it was read.")]


class Post(Shape):
    """One post as the desk has it. A deleted post has no words."""

    id: Annotated[int, Field(description="The desk's id.")]
    channel: Annotated[str, Field(description="The network.")]
    remote_id: Annotated[str, Field(description="The network's own id.")]
    direction: Annotated[Direction, Field(description="`in` from a person, `out` from the firm.")]
    visibility: Annotated[Visibility, Field(description="Who can read it there.")]
    author: Annotated[Author, Field(description="Who wrote it.")]
    text: Annotated[str, Field(description="The words as they stand now.")]
    lang: Annotated[str, Field(description="Language.")]
    url: Annotated[str, Field(description="Address on the network, if known.")]
    in_reply_to: Annotated[str, Field(description="The network's id of the post it answers, if any.")]
    conversation: Annotated[int, Field(description="The desk's id of the conversation.")]
    case: Annotated[int | None, Field(description="The case it belongs to, if any.")]
    account: Annotated[int | None, Field(description="The account of ours that it reached.")]
    posted_at: Annotated[datetime, Field(description="The network's time.")]
    received_at: Annotated[datetime, Field(description="When the desk first had it.")]
    edited_at: Annotated[datetime | None, Field(description="When it was last edited.")]
    deleted_at: Annotated[datetime | None, Field(description="When the desk learned that it was deleted.")]
    version: Annotated[int, Field(description="1, and one more for each edit.")]
    wants_answer: Annotated[bool, Field(description="Whether the person waits because of it.")]
    reading: Annotated[Reading | None, Field(description="What was read in it; null until a model has.")]


class Version(Shape):
    """The words before an edit."""

    version: Annotated[int, Field(description="The version that these words were.")]
    text: Annotated[str, Field(description="The words.")]
    seen_at: Annotated[datetime, Field(description="When the desk learned that they were replaced.")]


class PostInFull(Post):
    """One post with its earlier words."""

    versions: Annotated[list[Version], Field(description="Earlier words, oldest first; none once deleted.")]


class PostPage(Shape):
    """One page of posts, newest first."""

    items: Annotated[list[Post], Field(description="The posts.")]
    next: Annotated[str | None, Field(description="Cursor of the next page; null on the last.")]


def post(row: models.Post) -> Post:
    """A stored post as the API gives it; its author is at hand."""
    return Post(**_fields(row))


def post_in_full(row: models.Post) -> PostInFull:
    """A stored post with its earlier words, unless it was deleted."""
    versions = [] if row.deleted_at else row.versions.order_by("version")
    kept = [Version(version=v.version, text=v.text, seen_at=v.seen_at) for v in versions]
    return PostInFull(**_fields(row), versions=kept)


def spelled(value: object) -> str:
    """The id of an item that is no post, as far as it can be told."""
    return plain(str(value))[:100] if isinstance(value, str | int) else ""


def author(row: models.Author) -> Author:
    """A person as the API gives them."""
    return Author(id=row.pk, remote_id=row.remote_id, handle=row.handle, name=row.name)


def _fields(row: models.Post) -> dict[str, Any]:
    same = ("channel", "remote_id", "text", "lang", "url", "in_reply_to", "posted_at", "received_at")
    also = ("edited_at", "deleted_at", "version", "wants_answer")
    return {
        **{name: getattr(row, name) for name in same + also},
        "id": row.pk,
        "direction": Direction(row.direction),
        "visibility": Visibility(row.visibility),
        "author": author(row.author),
        "conversation": row.conversation_id,
        "case": row.case_id,
        "account": row.account_id,
        "reading": _reading(row),
    }


def _reading(row: models.Post) -> Reading | None:
    if row.read_at is None or not row.model:
        return None
    return Reading(
        kind=Kind(row.kind) if row.kind else None,
        is_complaint=row.is_complaint,
        complaint=row.complaint,
        severity=Severity(row.severity),
        abuse=row.labels.get("abuse", 0.0),
        urgent=row.labels.get("urgent", []),
        reasons=[Reason(**reason) for reason in row.labels.get("reasons", [])],
        model=row.model,
        read_at=row.read_at,
    )
