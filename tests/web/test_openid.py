"""Signing in by OpenID Connect, at a provider that runs as a process of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.web.conftest import Site, site_of

from tomeishi import wiring
from tomeishi.access import people
from tomeishi.access.permissions import Role
from tomeishi.config import OpenId, settings_from
from tomeishi.errors import BadInput
from tomeishi.web.app import create_app
from tomeishi.web.openid import OpenIdProvider


@contextmanager
def provider(lie: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(__file__).with_name("openid_provider.py")
    with subprocess.Popen([sys.executable, script, str(port), lie]) as process:
        try:
            for _ in range(600):
                with suppress(httpx.HTTPError):
                    httpx.get(f"http://127.0.0.1:{port}/keys")
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def signing(home: Path, lie: str) -> Iterator[tuple[Site, str]]:
    """A site where people may sign in at a provider, and the address of the latter."""
    with provider(lie) as issuer:
        settings = replace(settings_from({}, home), openid=OpenId(issuer, "tomeishi", "secret"))
        with wiring.Platform(settings) as platform, site_of(platform, create_app(platform)) as site:
            yield site, issuer


def there_and_back(browser: httpx.Client, target: str = "/v1/me") -> httpx.Response:
    away = browser.get("/login/openid", params={"next": target})
    back = httpx.get(away.headers["location"])
    return browser.get(back.headers["location"])


def test_whoever_was_linked_signs_in_and_nobody_else(home: Path) -> None:
    with signing(home, "none") as (site, issuer):
        assert there_and_back(site.visitor()).status_code in (303, 401)
        person = site.person("hana", Role.INVESTIGATOR)
        browser = site.visitor()
        there_and_back(browser)
        assert browser.get("/v1/me").status_code == 401
        with site.platform.transaction() as tx:
            people.link_account(tx, person, issuer, "sub-1")
        browser = site.visitor()
        answer = there_and_back(browser)
        assert (answer.status_code, answer.headers["location"]) == (303, "/v1/me")
        assert browser.get("/v1/me").json()["id"] == person
        other = site.visitor()
        away = other.get("/login/openid")
        back = httpx.get(away.headers["location"]).headers["location"]
        assert site.visitor().get(back).headers["location"].startswith("/login")  # begun in another browser
        assert other.get(back.replace("state=", "state=x")).headers["location"].startswith("/login")
        assert other.get("/v1/me").status_code == 401


@pytest.mark.parametrize("lie", ["nonce", "audience", "issuer", "expired", "key", "unsigned"])
def test_a_token_that_is_not_for_us_and_now_signs_nobody_in(home: Path, lie: str) -> None:
    with signing(home, lie) as (site, issuer):
        person = site.person("hana", Role.INVESTIGATOR)
        with site.platform.transaction() as tx:
            people.link_account(tx, person, issuer, "sub-1")
        browser = site.visitor()
        there_and_back(browser)
        assert browser.get("/v1/me").status_code == 401


def test_a_provider_without_encryption_is_refused() -> None:
    with pytest.raises(BadInput, match="https"):
        OpenIdProvider(OpenId("http://id.example", "tomeishi", "secret"))


def test_half_a_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="together"):
        settings_from({"TOMEISHI_OPENID_ISSUER": "https://id.example"}, tmp_path)


def test_where_none_is_set_up_there_is_no_way_there(site: Site) -> None:
    assert site.visitor().get("/login/openid").status_code == 404
