"""A person sets up a second factor in the browser, and needs it from then on."""

import html
import re

import cv2
import numpy as np
import pyotp
import pytest
from tests.web.conftest import PASSWORD, Site, sign_in

from tomeishi.access.permissions import KeyScope, Role
from tomeishi.web.pages.second_factor import square_of


@pytest.mark.parametrize("language", ["en", "ja"])
def test_codes_are_asked_for_once_a_first_one_was_given(site: Site, language: str) -> None:
    site.person("hana", Role.INVESTIGATOR)
    browser = site.signed_in("hana")
    browser.post("/language", data={"language": language, "next": "/settings"})
    begun = browser.post("/settings/second-factor").text
    uri = html.unescape(re.findall(r'href="(otpauth:[^"]+)"', begun)[0])
    totp = pyotp.parse_uri(uri)
    assert isinstance(totp, pyotp.TOTP)
    assert totp.secret in re.sub(r"\s", "", begun)
    wrong = browser.post("/settings/second-factor/confirm", data={"code": "000000"})
    assert wrong.status_code == 403
    done = browser.post("/settings/second-factor/confirm", data={"code": totp.now()}).text
    recovery = re.findall(r"<li>([0-9a-f]{8}-[0-9a-f]{8})</li>", done)
    assert len(recovery) == 10
    assert sign_in(site.visitor(), "hana", PASSWORD).status_code == 401
    assert sign_in(site.visitor(), "hana", PASSWORD, recovery[0]).status_code == 303
    assert browser.post("/settings/second-factor").status_code == 409
    assert "/settings/second-factor" in browser.get("/settings").text


def test_a_key_has_no_second_factor(site: Site) -> None:
    assert site.with_key(site.key(KeyScope.ADMIN)).post("/settings/second-factor").status_code == 422


def test_the_picture_holds_the_address() -> None:
    uri = "otpauth://totp/Tomeishi:%E8%8A%B1?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Tomeishi"
    square = square_of(uri)
    field = np.full((square.side, square.side), 255, np.uint8)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", square.path):
        field[int(y), int(x)] = 0
    assert not (field[:4] == 0).any()
    assert cv2.QRCodeDetector().detectAndDecode(np.kron(field, np.ones((6, 6), np.uint8)))[0] == uri
