"""Setting up time-based codes as a second factor: a secret to be read from a picture, confirmed by a first code."""

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from fastapi import APIRouter, Form, Request, Response

from tomeishi.access import events, passwords, people
from tomeishi.access.permissions import Action
from tomeishi.errors import BadInput
from tomeishi.web.asking import Asked, permits
from tomeishi.web.templating import page

router = APIRouter(include_in_schema=False, prefix="/settings/second-factor")

Mine = Annotated[Asked, permits(Action.READ_SELF)]


@dataclass(frozen=True, slots=True)
class Square:
    """A QR code (ISO/IEC 18004): `path` draws its dark modules in a field of `side` units, its quiet zone with it."""

    side: int
    path: str


@dataclass(frozen=True, slots=True)
class SecondFactorPage:
    square: Square | None
    uri: str
    secret: str
    """In groups of four letters; empty once it was confirmed."""
    codes: tuple[str, ...]
    """To get in without the device; shown once."""


@router.post("")
def begin(request: Request, asked: Mine) -> Response:
    """A new secret. It counts once a code of it was given; until then the page can be left, and begun anew."""
    _refuse_keys(asked)
    with asked.platform.transaction() as tx:
        secret = people.begin_second_factor(tx, asked.principal.id)
    uri = passwords.provisioning_uri(secret, asked.principal.name)
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    shown = SecondFactorPage(square_of(uri), uri, grouped, ())
    return page(request, "second_factor.html", {"page": shown}, principal=asked.principal)


@router.post("/confirm")
def confirm(request: Request, asked: Mine, code: Annotated[str, Form(max_length=20)]) -> Response:
    """From now on a code is asked for at signing in; NotPermitted for a code that is not of now."""
    _refuse_keys(asked)
    with asked.platform.transaction() as tx:
        codes = people.confirm_second_factor(tx, asked.principal.id, code, asked.at)
        events.record(tx, asked.principal.id, "person.second_factor_added", asked.principal.id, asked.at)
    shown = SecondFactorPage(None, "", "", tuple(codes))
    return page(request, "second_factor.html", {"page": shown}, principal=asked.principal)


def square_of(text: str) -> Square:
    """The QR code of a text of at most some hundred characters."""
    modules = np.pad(cv2.QRCodeEncoder.create().encode(text), 2, constant_values=255)  # to the four that it asks for
    dark = [(int(x), int(y)) for y, x in np.argwhere(modules == 0)]
    return Square(modules.shape[0], "".join(f"M{x} {y}h1v1h-1z" for x, y in dark))


def _refuse_keys(asked: Asked) -> None:
    if not asked.principal.is_person:
        raise BadInput("a second factor is a person's; a key has none")
