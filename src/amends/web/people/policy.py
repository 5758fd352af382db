"""The policy of a brand: its common parts as a form, the whole as text, and every version."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from amends.core.case import NotPossible
from amends.core.policy import Policy
from amends.core.values import Role
from amends.pipeline import rules
from amends.pipeline.rules import BadPolicy
from amends.store import policies
from amends.store.desks import Desk
from amends.store.models import PolicyVersion
from amends.web import place
from amends.web.people.frame import for_role, show
from amends.web.people.policy_form import DAYS, NUMBERS, PolicyForm
from amends.web.people.policy_rows import MORE, SEVERITIES, with_one_more

SHOWN_VERSIONS = 50
LONGEST = 200_000


class Whole(forms.Form):
    """A policy as text."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    text = forms.CharField(
        label="policy.toml",
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "class": "code"}),
    )


@for_role(Role.ADMIN)
def page(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The common parts; posting publishes a new version."""
    version, policy = policies.current(desk.brand_id)
    more = request.POST.get(MORE, "")
    form = PolicyForm(with_one_more(request.POST) if more else request.POST or None, version, policy)
    if not more and form.is_valid():
        try:
            wanted = rules.checked(form.wanted())
        except BadPolicy as error:
            form.blame(error)
        else:
            if done := _publish(request, desk, wanted, form):
                return done
    return show(
        request,
        "policy.html",
        "policy",
        form=form,
        version=version,
        targets=[form[f"target_{severity}"] for severity in SEVERITIES],
        resolutions=[form[f"resolution_{severity}"] for severity in SEVERITIES],
        days=[form[f"hours_{day}"] for day in DAYS],
        numbers=[form[name] for name in NUMBERS],
        versions=_versions(desk),
        own_hours=sorted(policy.channel_hours),
        more=more,
    )


@for_role(Role.ADMIN)
def text(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The whole policy as text; posting publishes a new version."""
    version, policy = policies.current(desk.brand_id)
    form = Whole(request.POST or None, initial={"version": version, "text": rules.to_toml(policy)})
    if form.is_valid():
        try:
            wanted = rules.from_toml(form.cleaned_data["text"])
        except BadPolicy as error:
            for where, fault in error.faults.items():
                form.add_error("text", f"{where}: {fault}")
        else:
            if done := _publish(request, desk, wanted, form):
                return done
    return show(request, "policy_text.html", "policy", form=form, version=version)


@require_safe
@for_role(Role.ADMIN)
def version(request: HttpRequest, desk: Desk, number: int) -> HttpResponse:
    """One version as a `policy.toml` to keep."""
    del request
    row = PolicyVersion.objects.filter(brand_id=desk.brand_id, version=min(number, 2**31 - 1)).first()
    if row is None:
        raise Http404("There is no such version of this brand's policy.")
    written = rules.to_toml(policies.of_version(desk.brand_id, row.version))
    response = HttpResponse(written, content_type="application/toml; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="policy-{desk.slug}-{row.version}.toml"'
    return response


def _publish(request: HttpRequest, desk: Desk, wanted: Policy, form: forms.Form) -> HttpResponse | None:
    """Publish what the form says; None, with the reason on the form, when that is refused."""
    seen, now = form.cleaned_data["version"], place.instant(request)
    try:
        made = rules.publish(desk.brand_id, wanted, seen, place.reader(request), now)
    except NotPossible as error:
        form.add_error(None, str(error))
        return None
    if made is None:
        messages.info(request, "That is what holds already; nothing was changed.")
    else:
        messages.success(request, f"Version {made} of the policy holds from now on.")
    return redirect("policy", desk.slug)


def _versions(desk: Desk) -> list[PolicyVersion]:
    rows = PolicyVersion.objects.filter(brand_id=desk.brand_id).select_related("created_by").defer("document")
    return list(rows.order_by("-version")[:SHOWN_VERSIONS])
