"""How often somebody may ask, in each process: so that one client can't starve the others, and no key be guessed.

Attempts to sign in are counted in the database instead (`access.sign_in`), for all processes together.
"""

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from tomeishi.errors import TooOften

REQUESTS = 60_000
"""A minute, of one person or key."""
WRONG_KEYS = 60
"""A minute, from one address."""


class Rates:
    def __init__(self, requests_a_minute: int = REQUESTS, wrong_keys_a_minute: int = WRONG_KEYS) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(requests_a_minute, namespace="requests")
        self._wrong = RateLimitItemPerMinute(wrong_keys_a_minute, namespace="wrong-keys")

    def count(self, principal_id: str) -> None:
        """One more request; TooOften past the limit."""
        if not self._limiter.hit(self._requests, principal_id):
            raise TooOften("too many requests in a minute; slow down and try again")

    def refuse_guessing(self, address: str) -> None:
        """TooOften where too many wrong keys came from the address."""
        if not self._limiter.test(self._wrong, address):
            raise TooOften("too many wrong keys from this address; wait a minute")

    def count_wrong_key(self, address: str) -> None:
        self._limiter.hit(self._wrong, address)
