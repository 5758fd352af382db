"""Who works for a brand: roles, invitations, leaving."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from amends.core.case import NotPossible
from amends.core.values import Role, SendState
from amends.pipeline import invitations, mail, people
from amends.store import access
from amends.store.desks import Desk
from amends.store.models import ApiToken, Case, Invitation, Mail, Membership
from amends.web import forms, place
from amends.web.people.frame import for_role, keep_once, show, take_once, try_to, within


@dataclass(frozen=True, slots=True)
class Open:
    """An open invitation, and what is known of its mail."""

    invitation: Invitation
    mail: str
    tone: str


@for_role(Role.ADMIN)
def page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The people and the open invitations of a brand; posting invites somebody."""
    now = place.instant(request)
    form = forms.Invite(request.POST or None, initial={"role": Role.AGENT})
    if form.is_valid():
        try:
            wanted = form.cleaned_data
            _, secret = invitations.invite(
                desk.brand_id, wanted["email"], wanted["role"], place.reader(request), now
            )
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            keep_once(request, invitations.link(secret))
            return redirect("people", desk.slug)
    members = Membership.objects.filter(brand_id=desk.brand_id).select_related("user")
    waiting = list(invitations.still_open(desk.brand_id, now).order_by("-created_at"))
    sent = invitations.mails_of(waiting)
    return show(
        request,
        "members.html",
        "people",
        form=form,
        members=members.order_by("user__name", "pk"),
        roles=[(role.value, role.value.capitalize()) for role in Role],
        waiting=[Open(one, *_told(sent.get(one.pk))) for one in waiting],
        link=take_once(request) if request.method == "GET" else "",
        mailed=mail.configured(),
    )


@require_POST
@for_role(Role.ADMIN)
def set_role(request: HttpRequest, desk: Desk, membership_id: int) -> HttpResponse:
    """Give somebody another role."""
    found = within(desk, access.membership(place.reader(request), membership_id, Role.ADMIN))
    wanted, now = request.POST.get("role", ""), place.instant(request)
    return try_to(
        request,
        lambda: people.set_role(found, wanted, place.reader(request), now),
        f"{found.user} is {wanted} now.",
        "people",
        desk.slug,
    )


@for_role(Role.AGENT)
def remove(request: HttpRequest, desk: Desk, membership_id: int) -> HttpResponse:
    """Take somebody out of the brand, or leave it, after seeing what follows."""
    reader = place.reader(request)
    found = within(desk, access.membership(reader, membership_id, Role.AGENT))
    if found.user_id != reader.pk:
        access.check(desk.role, Role.ADMIN)
    if request.method == "POST":
        back = ("home",) if found.user_id == reader.pk else ("people", desk.slug)
        return try_to(
            request,
            lambda: people.remove(found, reader, place.instant(request)),
            f"{found.user} does not work for {desk.name} any more.",
            *back,
        )
    mine = {"brand_id": desk.brand_id}
    cases = Case.objects.filter(**mine, assignee_id=found.user_id, state__in=people.STILL_OPEN)
    tokens = ApiToken.objects.filter(**mine, user_id=found.user_id, revoked_at=None)
    return show(request, "remove.html", "people", member=found, cases=cases.count(), tokens=tokens.count())


@require_POST
@for_role(Role.ADMIN)
def withdraw(request: HttpRequest, desk: Desk, invitation_id: int) -> HttpResponse:
    """Close an invitation."""
    found = within(desk, access.invitation(place.reader(request), invitation_id, Role.ADMIN))
    return try_to(
        request,
        lambda: invitations.withdraw(found, place.reader(request), place.instant(request)),
        f"The invitation of {found.email} does not hold any more.",
        "people",
        desk.slug,
    )


def _told(sent: Mail | None) -> tuple[str, str]:
    """What is known of an invitation's mail, in words, and how worrying it is."""
    if sent is None:
        return "No mail was sent: pass the link on yourself.", ""
    match SendState(sent.state):
        case SendState.SENT:
            return "Mail sent.", "good"
        case SendState.REFUSED:
            return f"No mail went out. {sent.why} Invite again and copy the link instead.", "bad"
        case SendState.UNKNOWN:
            return "The mail may have arrived. If it did not, invite again and copy the link instead.", "warn"
        case SendState.SENDING:
            return "The mail is being sent.", ""
    return (
        (f"Not sent yet: {sent.why} It is tried again.", "warn")
        if sent.why
        else ("The mail is on its way.", "")
    )
