"""The addresses of the doors, of the settings and of what allauth brings, as far as the desk wants it.

There is no signing up, and no managing of e-mail addresses: whom an invitation reached has an address.
"""

from __future__ import annotations

from allauth.account import views as allauth
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from amends.pipeline import connecting
from amends.web import first
from amends.web.people import (
    accounts,
    alerts,
    brand,
    connect,
    installation,
    members,
    own,
    policy,
    sources,
    team,
    tokens,
)

_no_sign_up = login_not_required(RedirectView.as_view(pattern_name="invitation"))
_SIGN_IN: list[URLPattern | URLResolver] = [
    path("login/", first.sign_in, name="account_login"),
    path("logout/", allauth.logout, name="account_logout"),
    path("inactive/", allauth.account_inactive, name="account_inactive"),
    path("signup/", _no_sign_up, name="account_signup"),
    path("reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth.password_change, name="account_change_password"),
    path("password/set/", allauth.password_set, name="account_set_password"),
    path("password/reset/", first.reset_password, name="account_reset_password"),
    path(
        "password/reset/confirm/",
        allauth.confirm_password_reset_code,
        name="account_confirm_password_reset_code",
    ),
    path("password/reset/complete/", allauth.complete_password_reset, name="account_complete_password_reset"),
    path(
        "password/reset/done/",
        allauth.password_reset_from_key_done,
        name="account_password_reset_completed",
    ),
    path("mfa/", include("allauth.mfa.urls")),
]
_BRAND: list[URLPattern | URLResolver] = [
    path("", brand.page, name="brand"),
    path("retry/", brand.retry, name="retry_failed"),
    path("people/", members.page, name="people"),
    path("team/", team.page, name="team"),
    path("team/<int:membership_id>/", team.member, name="member"),
    path("people/<int:membership_id>/role/", members.set_role, name="set_role"),
    path("people/<int:membership_id>/remove/", members.remove, name="remove_person"),
    path("people/invitations/<int:invitation_id>/withdraw/", members.withdraw, name="withdraw"),
    path("accounts/", accounts.page, name="accounts"),
    path("accounts/sign-in/", connect.sign_in, name="sign_in"),
    path("accounts/sign-in/<int:sign_in_id>/", connect.code, name="sign_in_code"),
    path("accounts/<int:account_id>/sign-in/", connect.again, name="sign_in_again"),
    path("accounts/<int:account_id>/reconnect/", accounts.reconnect, name="reconnect"),
    path("accounts/<int:account_id>/disconnect/", accounts.disconnect, name="disconnect"),
    path("accounts/webhook/", sources.new, name="source_new"),
    path("accounts/<int:account_id>/webhook/", sources.page, name="source"),
    path("accounts/<int:account_id>/webhook/secret/", sources.renew, name="source_secret"),
    path("alerts/", alerts.page, name="alert_settings"),
    path("alerts/mail/", alerts.choose, name="alert_mail"),
    path("alerts/mail/try/", alerts.try_mail, name="alert_mail_try"),
    path("alerts/<int:hook_id>/try/", alerts.try_hook, name="alert_hook_try"),
    path("alerts/<int:hook_id>/secret/", alerts.renew, name="alert_hook_secret"),
    path("alerts/<int:hook_id>/remove/", alerts.remove, name="alert_hook_remove"),
    path("policy/", policy.page, name="policy"),
    path("policy/text/", policy.text, name="policy_text"),
    path("policy/<int:number>.toml", policy.version, name="policy_version"),
    path("tokens/", tokens.page, name="tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke, name="revoke"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("setup/", first.set_up, name="set_up"),
    path("invitation", first.invitation, name="invitation"),
    path("invitation/join", first.join, name="join"),
    path(connecting.BACK.lstrip("/"), connect.come_back, name="come_back"),
    path("account/", include(_SIGN_IN)),
    path("settings/", own.settings, name="settings"),
    path("settings/profile/", own.profile, name="profile"),
    path("settings/desk/", installation.page, name="installation"),
    path("settings/desk/brands/<int:brand_id>/adopt/", installation.adopt, name="adopt"),
    path("b/<slug:slug>/settings/", include(_BRAND)),
]
