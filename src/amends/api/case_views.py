"""From rows to the API's shapes: cases, sends, entries of the record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from amends.api import post_shapes
from amends.api.case_shapes import Case, CaseInFull, CaseLine, Entry, Note, Person, Send
from amends.core import priority
from amends.core.harm import Harm
from amends.core.values import SendState, Visibility
from amends.store import case_rows, cases, models, post_lists, record
from amends.store.lists import CaseRow

POSTS = 100
SENDS = 100


def case(row: models.Case, now: datetime) -> Case:
    """A stored case as the API gives it; author and assignee are at hand."""
    return Case(**case_fields(row, now))


def case_fields(row: models.Case, now: datetime) -> dict[str, Any]:
    """The fields of a case, for what is more than a case, too."""
    names = set(Case.model_fields) & {field.attname for field in row._meta.concrete_fields}
    assignee = row.assignee
    return {
        **{name: getattr(row, name) for name in names},
        "resolution": row.resolution or None,
        "author": post_shapes.author(row.author),
        "assignee": Person(id=assignee.pk, name=str(assignee)) if assignee else None,
        "conversation": row.conversation_id,
        "lead": row.lead_id,
        "merged_into": row.merged_into_id,
        "reasons": _reasons(Harm(row.harm, case_rows.reasons(row.reasons)), row, now),
        "clock_offset": row.clock_offset.total_seconds(),
    }


def case_in_full(row: models.Case, now: datetime) -> CaseInFull:
    """A case with what belongs to it."""
    talk = post_lists.talk(row, None, POSTS)
    kin = cases.kin(row.pk, row.author_id)
    linked = models.Author.objects.filter(pk__in=kin.accounts).order_by("pk") if kin.accounts else ()
    sends = models.Send.objects.filter(case=row).order_by("-pk")[:SENDS]
    return CaseInFull(
        **case_fields(row, now),
        posts=[post_shapes.post(post) for post in reversed(talk.rows)],
        earlier=talk.next,
        sends=[send(planned) for planned in reversed(sends)],
        notes=[_note(noted) for noted in record.notes([row.pk, *kin.absorbed])],
        linked=[post_shapes.author(account) for account in linked],
        others=[*kin.others],
        absorbed=[*kin.absorbed],
    )


def line(row: CaseRow, now: datetime) -> CaseLine:
    """A case of a list."""
    names = set(CaseLine.model_fields) & set(CaseRow.__dataclass_fields__)
    return CaseLine(
        **{name: getattr(row, name) for name in names - {"resolution", "clock_offset", "harm"}},
        resolution=row.resolution or None,
        author=row.author_id,
        assignee=Person(id=row.assignee_id, name=row.assignee_name) if row.assignee_id else None,
        lead=row.lead_id,
        harm=row.harm.points,
        reasons=_reasons(row.harm, row, now),
        clock_offset=row.clock_offset.total_seconds(),
    )


def entry(row: record.Entry) -> Entry:
    """One entry of the record."""
    return Entry(
        position=row.position,
        at=row.at,
        actor=row.actor,
        action=row.action,
        policy_version=row.policy_version,
        content=row.body,
        hash=row.hash.hex(),
    )


def _note(row: record.Entry) -> Note:
    text = row.body.get("text", "") if isinstance(row.body, dict) else ""
    return Note(at=row.at, by=row.person_id, text=text)


def _reasons(harm: Harm, row: models.Case | CaseRow, now: datetime) -> list[str]:
    promised = row.due_at is not None and row.due_at == row.promised_until
    return [*priority.explain(harm, row.band, row.due_at, now - row.clock_offset, promised=promised)]


def send(row: models.Send) -> Send:
    """A stored send as the API gives it."""
    return Send(
        id=row.pk,
        key=row.key,
        case=row.case_id,
        to_post=row.to_post_id,
        account=row.account_id,
        text=row.text,
        visibility=Visibility(row.visibility),
        state=SendState(row.state),
        why=row.why,
        attempts=row.attempts,
        written_by=row.written_by_id,
        automatic=row.automatic,
        written_at=row.written_at,
        settled_at=row.settled_at,
        remote_id=row.remote_id,
    )
