"""The frame of the web application: headers, problems, sessions, and requests that another site forged."""

import socket
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update
from tests.web.conftest import PASSWORD, Site, csrf, serving, sign_in, site_of

from tomeishi import clock, wiring
from tomeishi.access.permissions import KeyScope, Role
from tomeishi.storage.tables import sessions
from tomeishi.web.app import create_app


@pytest.mark.parametrize("path", ["/login", "/nothing", "/v1/me", "/v1/openapi.json"])
def test_every_answer_tells_the_browser_what_this_site_never_does(site: Site, path: str) -> None:
    answer = site.visitor().get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_an_error_of_rest_is_a_problem_document(site: Site) -> None:
    answer = site.visitor().get("/v1/me")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {
        "type": "/v1/docs#NotSignedIn",
        "title": "Unauthorized",
        "status": 401,
        "detail": "sign in first",
    }


def test_an_error_of_a_page_is_a_page(site: Site) -> None:
    answer = site.visitor().get("/nothing<script>")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script>" not in answer.text


def test_a_bug_is_answered_without_its_words(home: Path) -> None:
    with wiring.open(home) as platform:
        app = create_app(platform)

        @app.get("/v1/broken")
        def broken() -> None:
            raise RuntimeError("a secret of the machine")

        with serving(app) as address:
            answer = httpx.get(f"{address}/v1/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


def test_a_length_that_is_too_large_is_refused_before_it_is_sent(site: Site) -> None:
    host, port = site.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(
            f"POST /login HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {10 << 30}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\nname=".encode()
        )
        assert b" 413 " in line.recv(4096).split(b"\r\n")[0]


def test_a_body_without_a_length_is_cut_off(site: Site) -> None:
    browser = site.visitor()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": csrf(browser)}
    answer = browser.post("/login", content=(b"x" * 65536 for _ in range(64)), headers=headers)
    assert answer.status_code == 413


def test_whoever_signs_in_is_known_from_then_on(site: Site) -> None:
    person = site.person("hana", Role.INVESTIGATOR)
    assert site.signed_in("Ｈａｎａ").get("/v1/me").json()["id"] == person


@pytest.mark.parametrize(("name", "password"), [("hana", "wrong"), ("nobody", PASSWORD), ("hana", "")])
def test_a_wrong_word_signs_nobody_in(site: Site, name: str, password: str) -> None:
    site.person("hana", Role.INVESTIGATOR)
    assert sign_in(site.visitor(), name, password).status_code in (401, 422)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    site.person("hana", Role.INVESTIGATOR)
    cookie = sign_in(site.visitor(), "hana", PASSWORD).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_session_that_somebody_planted_is_not_taken_over(site: Site) -> None:
    site.person("hana", Role.INVESTIGATOR)
    browser = site.visitor()
    browser.cookies.set("tomeishi_session", "planted")
    sign_in(browser, "hana", PASSWORD)
    assert browser.cookies.get("tomeishi_session", domain="127.0.0.1") not in (None, "planted")
    thief = site.visitor()
    thief.cookies.set("tomeishi_session", "planted")
    assert thief.get("/v1/me").status_code == 401


def test_a_session_ends_at_once_when_somebody_signs_out(site: Site) -> None:
    site.person("hana", Role.INVESTIGATOR)
    browser = site.signed_in("hana")
    token = browser.cookies["tomeishi_session"]
    assert browser.post("/logout").status_code == 303
    thief = site.visitor()
    thief.cookies.set("tomeishi_session", token)
    assert thief.get("/v1/me").status_code == 401


@pytest.mark.parametrize("column", ["expires_at", "seen_at"])
def test_a_session_ends_by_itself(site: Site, column: str) -> None:
    site.person("hana", Role.INVESTIGATOR)
    browser = site.signed_in("hana")
    with site.platform.transaction() as tx:
        tx.execute(update(sessions).values({column: clock.now() - timedelta(hours=3)}))
    assert browser.get("/v1/me").status_code == 401


def test_the_token_of_a_session_is_not_in_the_database(site: Site) -> None:
    site.person("hana", Role.INVESTIGATOR)
    token = site.signed_in("hana").cookies["tomeishi_session"]
    with site.platform.reading() as tx:
        assert token not in tx.execute(select(sessions.c.digest)).scalars().all()


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_a_request_without_its_token_changes_nothing(site: Site, token: str | None) -> None:
    site.person("hana", Role.INVESTIGATOR)
    browser = site.signed_in("hana")
    del browser.headers["X-CSRF-Token"]
    headers = {} if token is None else {"X-CSRF-Token": token}
    assert browser.post("/logout", headers=headers).status_code == 403
    assert browser.get("/v1/me").status_code == 200


def test_the_token_of_another_session_does_not_fit(site: Site) -> None:
    site.person("hana", Role.INVESTIGATOR)
    site.person("ren", Role.INVESTIGATOR)
    other = site.signed_in("ren").headers["X-CSRF-Token"]
    assert site.signed_in("hana").post("/logout", headers={"X-CSRF-Token": other}).status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_request_from_another_site_changes_nothing(site: Site, headers: dict[str, str]) -> None:
    site.person("hana", Role.INVESTIGATOR)
    assert site.signed_in("hana").post("/logout", headers=headers).status_code == 403


def test_signing_in_needs_the_token_of_the_form(site: Site) -> None:
    site.person("hana", Role.INVESTIGATOR)
    browser = site.visitor()
    assert csrf(browser)
    assert browser.post("/login", data={"name": "hana", "password": PASSWORD}).status_code == 403


@pytest.mark.parametrize("target", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", ""])
def test_signing_in_leads_to_no_other_site(site: Site, target: str) -> None:
    site.person("hana", Role.INVESTIGATOR)
    browser = site.visitor()
    words = {"name": "hana", "password": PASSWORD, "csrf": csrf(browser), "next": target}
    assert browser.post("/login", data=words).headers["location"] == "/"


def test_a_key_speaks_for_its_organisation_and_scopes(site: Site) -> None:
    answer = site.with_key(site.key(KeyScope.SCREEN, provider="acme")).get("/v1/me").json()
    assert answer["organisation"]["name"] == "acme"
    assert answer["scopes"] == ["screen"]


@pytest.mark.parametrize("words", ["Bearer wrong", "Bearer", "Basic aGFuYTpoYW5h", "Bearer \u00e9", "x" * 5000])
def test_what_is_no_key_opens_nothing(site: Site, words: str) -> None:
    assert site.visitor().get("/v1/me", headers=[(b"Authorization", words.encode())]).status_code == 401


def test_keys_are_not_guessed_for_long(home: Path) -> None:
    with (
        wiring.open(home) as platform,
        site_of(platform, create_app(platform, wrong_keys_a_minute=3)) as site,
    ):
        guesses = [site.with_key(str(n)).get("/v1/me") for n in range(4)]
    assert [guess.status_code for guess in guesses] == [401, 401, 401, 429]
    assert guesses[-1].headers["retry-after"]


def test_one_client_does_not_starve_the_others(home: Path) -> None:
    with (
        wiring.open(home) as platform,
        site_of(platform, create_app(platform, requests_a_minute=2)) as site,
    ):
        eager, other = site.with_key(site.key(KeyScope.SCREEN)), site.with_key(site.key(KeyScope.SCREEN))
        assert [eager.get("/v1/me").status_code for _ in range(3)] == [200, 200, 429]
        assert other.get("/v1/me").status_code == 200


@pytest.mark.parametrize(
    ("accepted", "language", "title"),
    [("ja,en;q=0.5", "ja", "見つかりません"), ("fr", "en", "Not Found"), ("", "en", "Not Found")],
)
def test_a_problem_has_its_title_in_the_language_asked_for(
    site: Site, accepted: str, language: str, title: str
) -> None:
    client = site.with_key(site.key(KeyScope.SCREEN))
    answer = client.get("/v1/screenings/scr_none", headers={"Accept-Language": accepted})
    assert (answer.headers["content-language"], answer.json()["title"]) == (language, title)
    assert answer.json()["detail"] == "no screening scr_none"
