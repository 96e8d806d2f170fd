"""Passwords and second factors: argon2id (RFC 9106) and time-based codes (TOTP, RFC 6238) with recovery codes.

What is kept of a password is argon2id's own encoded text; of a recovery code its digest; the secret of the codes has to
be kept itself, since the machine computes the same codes.
"""

import hmac
import secrets
from functools import cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tomeishi.errors import BadInput
from tomeishi.values import digest_of

SHORTEST = 12
LONGEST = 256
"""Characters; a longer one would only cost time."""

STEP_S = 30
RECOVERY_CODES = 10

_ARGON2 = PasswordHasher()
"""Its defaults are RFC 9106's second choice: 64 MiB, 3 passes, 4 lanes."""


def kept(password: str) -> str:
    """What is stored; BadInput for a password that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(f"a password has {SHORTEST} to {LONGEST} characters")
    return _ARGON2.hash(password)


def fits(password: str, stored: str | None) -> bool:
    """Whether it is the password; takes as long where none is stored."""
    nobody = _nobody()  # asked for by the first to come in any case: it takes time
    try:
        right = _ARGON2.verify(stored or nobody, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return right and stored is not None


@cache
def _nobody() -> str:
    """Checked where there is no such person, so that it takes as long as where there is one."""
    return _ARGON2.hash(secrets.token_urlsafe(16))


def new_secret() -> str:
    """Of time-based codes: 160 bits in base32."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, name: str) -> str:
    """What an authenticator reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Tomeishi")


def step_of(code: str, secret: str, at_s: float, last_step: int | None) -> int | None:
    """The 30 s step that a code of six digits is of: now, the one before or the one after, and never one twice."""
    totp = pyotp.TOTP(secret)
    now = int(at_s) // STEP_S
    found = None
    for step in (now - 1, now, now + 1):
        same = hmac.compare_digest(totp.at(step * STEP_S).encode(), code.strip().encode())
        if same and (last_step is None or step > last_step):
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Ten, of 60 bits each, to be shown once."""
    return [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]


def recovery_digest(code: str) -> str:
    return digest_of(code.strip().lower().encode())
