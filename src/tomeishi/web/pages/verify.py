"""Verify: a package is checked in the browser itself, by anybody; this only hands over the page and our public key."""

import base64
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from tomeishi.errors import NotSignedIn
from tomeishi.web.asking import asked_by
from tomeishi.web.shell import language_of
from tomeishi.web.templating import page
from tomeishi.web.words import words_in
from tomeishi.wiring import Platform

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class VerifyPage:
    keys: tuple[str, ...]
    """Public keys in base64 that are trusted here: this installation's."""
    key_id: str
    words: dict[str, str]
    """What the script says."""


@router.get("/verify")
def verify(request: Request) -> Response:
    """Public: nothing of the registry is shown, and nothing is uploaded."""
    platform: Platform = request.app.state.platform
    try:
        principal = asked_by(request).principal
    except NotSignedIn:
        principal = None
    key = platform.key.public
    said = words_in(language_of(request, principal)).section("checked")
    shown = VerifyPage((base64.b64encode(key.raw).decode(),), key.key_id, said)
    return page(request, "verify.html", {"page": shown}, principal=principal)
