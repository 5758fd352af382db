"""Signing in on a Mastodon server, as flows: what is asked, what is believed, and what hostile answers do."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.consent import AT, BASE, ConsentServer, Handler, form, reply

from amends.channels.drive import Wire, run
from amends.channels.errors import (
    AppUnknown,
    ChannelError,
    Maybe,
    RateLimited,
    Refused,
    Transient,
    Unreadable,
)
from amends.channels.mastodon_oauth import SCOPES, MastodonSignIn
from amends.channels.protocol import Flow, Json, Request, Response
from amends.channels.signing_in import SHOWN, App, Granted, Place, Server, challenge, missing

OAUTH = MastodonSignIn()
BACK = "https://desk.example/connect/back"
VERIFIER = "v" * 64
DESCRIPTION = "/.well-known/oauth-authorization-server"
MODERN: dict[str, Json] = {
    "issuer": f"{BASE}/",
    "authorization_endpoint": "https://evil.example/oauth/authorize",
    "token_endpoint": "https://evil.example/oauth/token",
    "scopes_supported": ["read", "write", *SCOPES],
    "code_challenge_methods_supported": ["S256"],
    "authorization_response_iss_parameter_supported": True,
}


def looked_up(wire: Wire, typed: str = "social.example") -> Server:
    return run(OAUTH.look_up(OAUTH.read(typed)), wire)


def signed_in(server: ConsentServer, redirect: str = BACK, verifier: str = VERIFIER) -> tuple[App, Granted]:
    found = looked_up(server)
    app = run(OAUTH.register(found, redirect), server)
    url = server.consent(OAUTH.sign_in_url(found, app, state="state", verifier=verifier))
    code = url if redirect == SHOWN else dict(parse_qsl(urlsplit(url).query))["code"]
    return app, run(OAUTH.exchange(BASE, app, code, verifier), server)


@pytest.mark.parametrize("redirect", [BACK, SHOWN])
@pytest.mark.parametrize("verifier", [VERIFIER, ""])
def test_a_token_for_the_account_that_consented(redirect: str, verifier: str) -> None:
    server = ConsentServer(metadata=MODERN)
    app, granted = signed_in(server, redirect, verifier)
    assert server.tokens[granted.token] == ("brand", app.client_id)
    assert granted.scopes == SCOPES
    assert all(request.url.startswith(BASE) for request in server.asked), (
        "endpoints that it names are not used"
    )
    assert not [request for request in server.asked if request.query]


def test_the_consent_page_is_the_servers_and_holds_no_secret_of_ours() -> None:
    server = ConsentServer()
    found = looked_up(server)
    app = run(OAUTH.register(found, BACK), server)
    url = OAUTH.sign_in_url(found, app, state="the state", verifier=VERIFIER)
    assert url.startswith(f"{BASE}/oauth/authorize?")
    query = dict(parse_qsl(urlsplit(url).query))
    assert query == {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": BACK,
        "scope": " ".join(SCOPES),
        "code_challenge": challenge(VERIFIER),
        "code_challenge_method": "S256",
        "state": "the state",
    }
    assert app.client_secret not in url
    assert VERIFIER not in url
    assert app.client_secret not in repr(app)
    assert "state" not in OAUTH.sign_in_url(found, app, state="", verifier="")


def test_the_challenge_is_the_one_of_the_standard() -> None:
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == (
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


def test_an_old_server_that_describes_nothing_is_taken_as_it_is() -> None:
    assert looked_up(ConsentServer()) == Server(BASE, SCOPES)


def test_a_server_says_who_it_is_and_what_it_takes() -> None:
    found = looked_up(ConsentServer(metadata=MODERN))
    assert found == Server(BASE, SCOPES, issuer=f"{BASE}/", tells_issuer=True)
    plain_only: dict[str, Json] = MODERN | {"code_challenge_methods_supported": ["plain"]}
    assert not looked_up(ConsentServer(metadata=plain_only)).takes_challenge


def test_a_server_that_speaks_for_another_is_not_believed() -> None:
    for issuer in ("https://evil.example/", "nonsense", "", 7, None, ["x"], f"http{BASE[5:]}/", "x" * 600):
        told: dict[str, Json] = MODERN | {"issuer": cast("Json", issuer), "scopes_supported": ["admin"]}
        assert looked_up(ConsentServer(metadata=told)) == Server(BASE, SCOPES)


@pytest.mark.parametrize(
    ("offered", "asked"),
    [
        (["read", "write", "follow", "push"], ("read", "write")),
        (
            ["read", "write:statuses", "write:conversations"],
            ("read", "write:conversations", "write:statuses"),
        ),
        ([*SCOPES, "write:blocks"], SCOPES),
        (["profile"], SCOPES),
        ([], SCOPES),
        ("read write", SCOPES),
        ([["read"], None, 3], SCOPES),
    ],
)
def test_no_more_is_asked_for_than_needed(offered: Json, asked: tuple[str, ...]) -> None:
    assert looked_up(ConsentServer(metadata=MODERN | {"scopes_supported": offered})).scopes == asked


def test_missing_scopes_are_noticed() -> None:
    assert missing(SCOPES, SCOPES) == []
    assert missing(SCOPES, ("read", "write")) == []
    assert missing(SCOPES, ()) == []
    assert missing(("read", "write"), ("read",)) == ["write"]
    assert missing(SCOPES, ("read", "write:statuses")) == ["write:conversations"]


def test_a_domain_leads_to_the_server_of_its_accounts() -> None:
    def webfinger(request: Request) -> Response:
        assert request.query == {"resource": "acct:brand@firm.example"}
        return reply({"links": [3, {"rel": "other"}, {"rel": "self", "href": f"{BASE}/users/brand"}]})

    def meta(_: Request) -> Response:
        return reply(f'<XRD><Link template="{BASE}/.well-known/webfinger?resource={{uri}}"/></XRD>'.encode())

    for typed, path, handler in (
        ("@brand@firm.example", "webfinger", webfinger),
        ("firm.example", "host-meta", meta),
    ):
        firm = ConsentServer("https://firm.example", instead={f"/.well-known/{path}": handler})
        firm.instead |= {f"/api/{v}/instance": lambda _: reply(b"<html>", 200) for v in ("v1", "v2")}
        both = split(firm, ConsentServer(metadata=MODERN))
        assert looked_up(both, typed).base_url == BASE


@pytest.mark.parametrize(
    "pointed",
    ["http://social.example/users/x", "javascript:alert(1)", "https://user:pw@social.example/x", "", "x"],
)
def test_a_domain_does_not_lead_astray(pointed: str) -> None:
    links: Json = {"links": [{"rel": "self", "href": pointed}]}
    firm = ConsentServer("https://firm.example")
    firm.instead = {
        "/.well-known/webfinger": lambda _: reply(links),
        "/api/v2/instance": lambda _: reply({}, 404),
        "/api/v1/instance": lambda _: reply([], 404),
    }
    asked = split(firm, ConsentServer(), ConsentServer("http://social.example"))
    with pytest.raises(Refused, match=r"no server at https://firm\.example"):
        looked_up(asked, "@brand@firm.example")


def test_a_server_for_members_only_is_still_a_server() -> None:
    server = ConsentServer(instead={"/api/v2/instance": lambda _: reply({"error": "Sign in first"}, 401)})
    assert looked_up(server).base_url == BASE


def test_whether_the_server_still_knows_the_desk() -> None:
    server = ConsentServer()
    found = looked_up(server)
    app = run(OAUTH.register(found, BACK), server)
    assert run(OAUTH.knows(found, app), server)
    server.apps.clear()
    assert not run(OAUTH.knows(found, app), server)
    for unsure in (reply(b"", 400), reply(b"", 401), reply(b"<html>"), reply({}), reply({"access_token": 1})):
        server.instead["/oauth/token"] = answering(unsure)
        assert not run(OAUTH.knows(found, app), server)
    for passing in (reply(b"", 503), reply(b"", 429)):
        server.instead["/oauth/token"] = answering(passing)
        with pytest.raises((Transient, RateLimited)):
            run(OAUTH.knows(found, app), server)


def test_a_code_is_good_once_for_its_app_and_its_verifier() -> None:
    server = ConsentServer()
    found = looked_up(server)
    app, other = (run(OAUTH.register(found, BACK), server) for _ in range(2))

    def code() -> str:
        url = server.consent(OAUTH.sign_in_url(found, app, state="s", verifier=VERIFIER))
        return dict(parse_qsl(urlsplit(url).query))["code"]

    good = code()
    run(OAUTH.exchange(BASE, app, good, VERIFIER), server)
    for used_app, used_code, verifier in (
        (app, good, VERIFIER),
        (other, code(), VERIFIER),
        (app, code(), "w" * 64),
        (app, code(), ""),
    ):
        with pytest.raises(Refused) as caught:
            run(OAUTH.exchange(BASE, used_app, used_code, verifier), server)
        assert caught.value.code == "invalid_grant"
        assert used_code not in caught.value.text


def test_a_revoked_token_is_gone_and_a_foreign_one_refused() -> None:
    server = ConsentServer()
    app, granted = signed_in(server)
    run(OAUTH.revoke(BASE, app, granted.token), server)
    assert server.tokens == {}
    with pytest.raises(AppUnknown):
        run(OAUTH.revoke(BASE, App("other", "x", BACK, SCOPES), "t"), server)
    for status, error in ((404, Refused), (503, Transient), (429, RateLimited)):
        server.instead["/oauth/revoke"] = answering(reply(b"", status))
        with pytest.raises(error):
            run(OAUTH.revoke(BASE, app, "t"), server)


BAD_TOKENS: list[Json] = [
    {}, [], None, "token", {"access_token": ""}, {"access_token": None}, {"access_token": 3},
    {"access_token": "two\nlines"}, {"access_token": "tökén"}, {"access_token": "x" * 5000},
    {"access_token": "t", "token_type": "mac"}, {"access_token": "t", "token_type": 3},
]  # fmt: skip


def test_a_token_that_is_none_is_not_taken() -> None:
    server = ConsentServer()
    app, _ = signed_in(server)
    for body in BAD_TOKENS:
        server.instead["/oauth/token"] = answering(reply(body))
        with pytest.raises(Unreadable):
            run(OAUTH.exchange(BASE, app, "code", VERIFIER), server)
    server.instead["/oauth/token"] = answering(reply({"access_token": "t", "scope": ["odd"]}))
    assert run(OAUTH.exchange(BASE, app, "code", VERIFIER), server) == Granted("t")


BAD_APPS: list[Json] = [
    {}, [], {"client_id": "a"}, {"client_id": "", "client_secret": "b"},
    {"client_id": 3, "client_secret": "b"},
    {"client_id": "a\nb", "client_secret": "b"}, {"client_id": "x" * 501, "client_secret": "b"},
    {"client_id": "a", "client_secret": "b" * 501},
]  # fmt: skip


def test_an_app_that_is_none_is_not_taken() -> None:
    server = ConsentServer()
    for body in BAD_APPS:
        server.instead["/api/v1/apps"] = answering(reply(body))
        with pytest.raises(Unreadable):
            run(OAUTH.register(Server(BASE, SCOPES), BACK), server)
    refusal = reply({"error": "Validation failed: Redirect URI must be an absolute URI."}, 422)
    server.instead["/api/v1/apps"] = answering(refusal)
    with pytest.raises(Refused, match=r"did not take the desk.* It answered 422\."):
        run(OAUTH.register(Server(BASE, SCOPES), BACK), server)


def test_a_lost_answer_is_a_hiccup_and_nothing_went_out_as_a_post() -> None:
    def lost(_: Request) -> Response:
        raise Maybe("No answer. The post may have gone out.")

    app = App("a", "b", BACK, SCOPES)
    for flow in (
        OAUTH.register(Server(BASE, SCOPES), BACK),
        OAUTH.exchange(BASE, app, "code", VERIFIER),
        OAUTH.revoke(BASE, app, "token"),
    ):
        with pytest.raises(Transient) as caught:
            run(flow, lost)
        assert "post" not in caught.value.text


def test_secrets_are_sent_as_writes_which_the_driver_takes_to_no_other_host() -> None:
    server = ConsentServer()
    app, granted = signed_in(server)
    run(OAUTH.revoke(BASE, app, granted.token), server)
    posts = [request for request in server.asked if request.body]
    assert len(posts) == 3
    assert all(request.writes and not request.query for request in posts)
    assert [set(form(request)) & {"client_secret", "token"} for request in posts[1:]] == [
        {"client_secret"},
        {"client_secret", "token"},
    ]


SECRETS = ("secretclient", "secretcode", "secrettoken", VERIFIER)
_names = st.sampled_from([*MODERN, "title", "error", "links", "access_token", "client_id", "scope", "rel"])
_leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(SECRETS)
json_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=8,
)


@given(
    status=st.sampled_from([200, 201, 204, 301, 302, 400, 401, 403, 404, 408, 422, 429, 500, 503]),
    body=json_values.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40),
)
def test_whatever_a_server_answers_ends_in_a_value_or_in_words(status: int, body: bytes) -> None:
    app = App("client", SECRETS[0], BACK, SCOPES)
    flows: list[Any] = [
        OAUTH.look_up(Place(BASE, "brand")),
        OAUTH.look_up(Place(BASE)),
        OAUTH.register(Server(BASE, SCOPES), BACK),
        OAUTH.knows(Server(BASE, SCOPES), app),
        OAUTH.exchange(BASE, app, SECRETS[1], VERIFIER),
        OAUTH.revoke(BASE, app, SECRETS[2]),
    ]
    for flow in flows:
        said = words_of(flow, Response(status, {}, body, AT))
        assert said is None or said.strip()
        assert not [secret for secret in SECRETS if secret in (said or "")]


def test_an_error_code_that_quotes_a_secret_is_not_repeated() -> None:
    odd: list[Json] = ["secret-of-client", "the code was x", "x" * 41, ["invalid_grant"], 7]
    for quoted in odd:
        said = words_of(OAUTH.revoke(BASE, App("a", "b", BACK, SCOPES), "t"), reply({"error": quoted}, 400))
        assert said == "The server did not revoke the token. It answered 400."


def words_of(flow: Flow[Any], response: Response) -> str | None:
    """What is said of a server that always gives this answer; None where it is good enough."""
    try:
        run(flow, lambda _: response)
    except ChannelError as error:
        return error.text
    return None


def answering(response: Response) -> Handler:
    return lambda _: response


def split(*servers: ConsentServer) -> Wire:
    """Several servers behind one wire."""
    homes = {server.base: server for server in servers}

    def wire(request: Request) -> Response:
        parts = urlsplit(request.url)
        return homes[f"{parts.scheme}://{parts.netloc}"](request)

    return wire
