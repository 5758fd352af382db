"""The installation, for who runs it: its brands, and whether what must not be lost is safe."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.db import connection
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import mail, people
from amends.store import checkpoints
from amends.store.models import Brand
from amends.web import forms, place
from amends.web.people.frame import for_staff, show, try_to

BACKUP_TOO_OLD = timedelta(hours=26)
_TAIL = 20_000


@dataclass(frozen=True, slots=True)
class Backup:
    """The newest backup that was read back whole."""

    when: datetime
    file: str
    size: int
    old: bool


@for_staff
def page(request: HttpRequest) -> HttpResponse:
    """Version, database, backup, checkpoint and brands; posting makes a brand."""
    form = forms.NewBrand(request.POST or None)
    if form.is_valid():
        wanted, reader = form.cleaned_data, place.reader(request)
        try:
            made = people.make_brand(wanted["brand"], wanted["time_zone"], reader, place.instant(request))
        except NotPossible as error:
            forms.refuse(form, error)
        else:
            messages.success(request, f"{made.brand.name} is ready; connect an account next.")
            return redirect("accounts", made.brand.slug)
    brands = Brand.objects.annotate(
        people=Count("memberships"), admins=Count("memberships", Q(memberships__role=Role.ADMIN))
    )
    return show(
        request,
        "installation.html",
        "installation",
        form=form,
        brands=brands.order_by("name"),
        version=version("amends"),
        address=settings.URL,
        mailed=mail.configured(),
        database=_database(),
        backup=_backup(settings.DATA, place.instant(request)),
        checkpoint=_checkpoint(settings.CHECKPOINTS),
    )


@require_POST
@for_staff
def adopt(request: HttpRequest, brand_id: int) -> HttpResponse:
    """Become admin of a brand that has none."""
    found = Brand.objects.filter(pk=brand_id).first() if brand_id < 2**63 else None
    if found is None:
        raise Http404("There is no such brand.")
    return try_to(
        request,
        lambda: people.adopt(found.pk, place.reader(request), place.instant(request)),
        f"You are admin of {found.name} now.",
        "installation",
    )


def _database() -> dict[str, object]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
        release, size = cursor.fetchone()
    return {"embedded": not os.environ.get("DATABASE_URL", "").strip(), "version": release, "size": size}


def _backup(folder: Path, now: datetime) -> Backup | None:
    """The last good backup as the one who made it noted; None when there is no such note."""
    try:
        told = json.loads((folder / "backups" / "last-good.json").read_text(encoding="utf-8"))
        when = datetime.fromisoformat(told["when"])
        return Backup(when, str(told["file"]), int(told["bytes"]), now - when > BACKUP_TOO_OLD)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _checkpoint(path: Path) -> checkpoints.Checkpoint | None:
    """The newest checkpoint of the record; whether it is true says `amends verify-history`."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            whole = [line for line in file.read().split(b"\n")[:-1] if line]
        return checkpoints.read_line(whole[-1])
    except (OSError, IndexError, checkpoints.NotACheckpoint):
        return None
