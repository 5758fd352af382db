"""The addresses of the screens; `web.urls_people` has those about people and settings."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_POST

from amends.web import alerts, at_work, case_page, deeds, inbox, live, now, reach, regroup, views

_DEEDS = {
    "take": deeds.take,
    "assign": deeds.assign,
    "note": deeds.note,
    "snooze": deeds.snooze,
    "settle": deeds.settle,
    "promise": deeds.promise,
    "wait": deeds.wait,
    "go_on": deeds.go_on,
    "standing": deeds.standing,
    "grade": deeds.grade,
    "resolve": deeds.resolve,
    "reopen": deeds.reopen,
    "hold": deeds.hold,
    "reply": deeds.reply,
    "send": deeds.send,
    "evidence": deeds.evidence,
    "merge": regroup.merge,
    "split": regroup.split,
    "link": regroup.link,
    "unlink": regroup.unlink,
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("look/", views.look, name="look"),
    path("away/", at_work.away, name="away"),
    path("live/", live.stream, name="live"),
    path("live/gone/", live.gone, name="gone"),
    path("reach/", reach.reach, name="reach"),
    path("b/<slug:slug>/", inbox.inbox, name="inbox"),
    path("b/<slug:slug>/posts/", inbox.posts, name="posts"),
    path("b/<slug:slug>/now/", now.page, name="now"),
    path("b/<slug:slug>/alerts/", alerts.alerts, name="alerts"),
    path("b/<slug:slug>/alerts/<int:alert_id>/", alerts.see, name="see_alert"),
    path("b/<slug:slug>/search/", inbox.search, name="search"),
    path("posts/<int:post_id>/", case_page.post, name="post"),
    path("posts/<int:post_id>/waits/", deeds.waits, name="waits"),
    path("posts/<int:post_id>/case/", deeds.make_case, name="make_case"),
    path("cases/<int:case_id>/", case_page.case, name="case"),
    path("cases/<int:case_id>/here/", live.here, name="here"),
    path("cases/<int:case_id>/length/", require_POST(case_page.length), name="length"),
    *(path(f"cases/<int:case_id>/{name}/", view, name=name) for name, view in _DEEDS.items()),
]
