"""Posts as the API takes and gives them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, JsonValue
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from amends.api.words import Body, Shape
from amends.core.values import Direction, Kind, Severity, Standing, Visibility
from amends.language.fluency import Fluency, fluency
from amends.pipeline.import_fields import DEFAULT_CHANNEL
from amends.pipeline.offered import Became, Told
from amends.store import models

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
_Ref = Annotated[str, Field(max_length=500)] | int


class NewPost(BaseModel):
    """One post of a network, in the fields of an import, and two more for what became of it since.

    Unknown fields are kept with the raw item and otherwise ignored.
    """

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra={"examples": [_EXAMPLE]})

    id: Annotated[_Ref, Field(description="The network's own id of the post.")]
    author_id: Annotated[_Ref, Field(description="The network's own id of who wrote it.")]
    text: Annotated[str, Field(description="The words, as they stood on the network.")]
    created_at: Annotated[str | int, Field(description="The network's time, RFC 3339; clocks start there.")]
    channel: Annotated[str, Field(max_length=40, description="The network's name.")] = DEFAULT_CHANNEL
    author_handle: Annotated[str, Field(description="Handle of the author.")] = ""
    author_name: Annotated[str, Field(description="Name of the author.")] = ""
    in_reply_to: Annotated[_Ref, Field(description="Id of the post it answers, if any.")] = ""
    conversation_id: Annotated[_Ref, Field(description="The network's id of the conversation, if any.")] = ""
    direction: Annotated[Direction, Field(description="`in` from a person, `out` by us.")] = Direction.IN
    visibility: Annotated[Visibility, Field(description="Who can read it there.")] = Visibility.PUBLIC
    url: Annotated[str, Field(description="Its address on the network.")] = ""
    lang: Annotated[str, Field(description="Its language, if the network says.")] = ""
    edited_at: Annotated[str | int | None, Field(description="When it was edited, if it was.")] = None
    deleted: Annotated[bool, Field(description="It was deleted on the network: its words go.")] = False


@dataclass(frozen=True, slots=True)
class Offered:
    """One item of a batch, whatever it is: one bad item does not refuse the others."""

    raw: object

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Takes anything."""
        return core_schema.no_info_after_validator_function(cls, core_schema.any_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Described as a NewPost."""
        return handler(NewPost.__pydantic_core_schema__)


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


def outcomes(told: list[Told]) -> Outcomes:
    """What is answered of a batch."""
    became = [one.became for one in told]
    return Outcomes(
        kept=became.count(Became.KEPT),
        repeated=became.count(Became.REPEATED),
        refused=became.count(Became.REFUSED),
        items=[Outcome(id=one.id, outcome=one.became, reason=one.reason) for one in told],
    )


class Author(Shape):
    """A person on a channel."""

    id: Annotated[int, Field(description="The desk's id.")]
    remote_id: Annotated[str, Field(description="The network's own id.")]
    handle: Annotated[str, Field(description="Handle, as last seen.")]
    name: Annotated[str, Field(description="Name, as last seen.")]
    followers: Annotated[int | None, Field(description="How many follow them, where the network says so.")]
    standing: Annotated[Standing, Field(description="How the firm stands to them.")]


class Reason(Shape):
    """Words that carried a label."""

    label: Annotated[str, Field(description="A kind, `abuse`, or `urgent:` or `about:` with a name.")]
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
    perhaps: Annotated[list[str], Field(description="Signals that may be there; somebody should look.")]
    about: Annotated[list[str], Field(description="What the complaint is about.")]
    fluency: Annotated[
        Fluency, Field(description="How well the shipped model reads the language of the post.")
    ]
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
    posted_at: Annotated[
        datetime,
        Field(
            description="The network's time, which clocks run by: never after `received_at`, and where "
            "another server or the author set it, not before our own server first told of it."
        ),
    ]
    claimed_at: Annotated[
        datetime | None, Field(description="What the network or author said; null where `posted_at` is that.")
    ]
    received_at: Annotated[datetime, Field(description="When the desk first had it.")]
    seen_at: Annotated[
        datetime | None, Field(description="When a person first had its case on screen; null until then.")
    ]
    answered_at: Annotated[
        datetime | None,
        Field(description="The network's time of the answer that ended its wait; null until then."),
    ]
    edited_at: Annotated[datetime | None, Field(description="When it was last edited.")]
    deleted_at: Annotated[datetime | None, Field(description="When the desk learned that it was deleted.")]
    version: Annotated[int, Field(description="1, and one more for each edit.")]
    wants_answer: Annotated[bool, Field(description="Whether the person waits because of it.")]
    automatic: Annotated[bool, Field(description="Whether it is a holding reply that no person wrote.")]
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


def author(row: models.Author) -> Author:
    """A person as the API gives them."""
    return Author(
        id=row.pk,
        remote_id=row.remote_id,
        handle=row.handle,
        name=row.name,
        followers=row.followers,
        standing=Standing(row.standing),
    )


def _fields(row: models.Post) -> dict[str, Any]:
    same = ("channel", "remote_id", "text", "lang", "url", "in_reply_to", "posted_at", "received_at")
    also = (
        "claimed_at",
        "seen_at",
        "answered_at",
        "edited_at",
        "deleted_at",
        "version",
        "wants_answer",
        "automatic",
    )
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
        perhaps=row.labels.get("perhaps", []),
        about=row.labels.get("about", []),
        fluency=fluency(row.lang),
        reasons=[Reason(**reason) for reason in row.labels.get("reasons", [])],
        model=row.model,
        read_at=row.read_at,
    )
