"""The team of a brand at work: who is here, what they know, how much they have and get."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import at_work
from amends.store import access, policies
from amends.store import at_work as rows
from amends.store.desks import Desk
from amends.web import forms, place
from amends.web.people.frame import for_role, show, within


@require_safe
@for_role(Role.AGENT)
def page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Everybody of the brand; whoever may change what the desk goes by is led there."""
    _, policy = policies.current(desk.brand_id)
    return show(
        request,
        "team.html",
        "team",
        team=rows.of([desk.brand_id], place.instant(request)),
        supervises=desk.role.covers(Role.SUPERVISOR),
        rule=policy.assignment,
    )


@for_role(Role.AGENT)
def member(request: HttpRequest, desk: Desk, membership_id: int) -> HttpResponse:
    """What somebody knows, and how many cases they are given at most."""
    reader = place.reader(request)
    found = within(desk, access.membership(reader, membership_id, Role.AGENT))
    supervises = desk.role.covers(Role.SUPERVISOR)
    if found.user_id != reader.pk and not supervises:
        access.check(desk.role, Role.SUPERVISOR)
    known = {
        "languages": ", ".join(found.languages),
        "skills": ", ".join(found.skills),
        "case_limit": found.case_limit,
    }
    form = forms.Work(request.POST or None, initial=known)
    if not supervises:
        del form.fields["case_limit"]
    if form.is_valid():
        said = form.cleaned_data
        limit = said["case_limit"] if supervises else found.case_limit
        try:
            at_work.set_work(
                found,
                said["languages"].split(","),
                said["skills"].split(","),
                limit,
                reader,
                place.instant(request),
            )
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            messages.success(request, "Kept. The desk goes by it from now on.")
            return redirect("team", desk.slug)
    return show(request, "member.html", "team", form=form, member=found)
