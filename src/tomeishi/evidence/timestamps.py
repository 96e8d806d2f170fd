"""RFC 3161 time stamps: a third party's word that these bytes existed at a moment.

What is stamped is the SHA-256 of inventory.json followed by inventory.sig. Stamping the inventory alone would leave
open when it was signed; stamping the signature alone would lean on no other inventory having the same signature. The
two files one after the other say both, and `cat inventory.json inventory.sig | openssl ts -verify` repeats the check.

Nothing is sent from here: the caller hands over a `Transport`, and `http_transport` is one for an address that a
person named. The authority sees a digest, never the contents.
"""

import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from urllib.parse import urlsplit

from rfc3161_client import TimestampRequestBuilder, decode_timestamp_response
from rfc3161_client.base import HashAlgorithm

from tomeishi.errors import BadInput

Transport = Callable[[bytes], bytes]
"""A DER TimeStampReq to a DER TimeStampResp."""

LARGEST_ANSWER = 1 << 20


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """The authority's answer as received (DER TimeStampResp) and the moment it states."""

    response: bytes
    moment: datetime


def stamp(message: bytes, transport: Transport) -> TimeStamp:
    """Have `message` stamped. The answer must be granted, for this message and for this very request (nonce).

    Whether the authority is to be believed is for whoever verifies, with its root certificate. BadInput where the
    answer cannot be used.
    """
    request = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = transport(request.as_bytes())
    try:
        response = decode_timestamp_response(answer)
        if response.status != 0:
            reasons = "; ".join(response.status_string) or "no reason given"
            raise BadInput(f"the time-stamp authority refused (status {response.status}): {reasons[:200]}")
        info = response.tst_info
        same = info.message_imprint.message == request.message_imprint.message and info.nonce == request.nonce
    except ValueError as error:
        raise BadInput(f"the time-stamp authority's answer is not an RFC 3161 response: {error}") from error
    if not same:
        raise BadInput("the time-stamp authority answered another request; try again or ask another authority")
    return TimeStamp(answer, info.gen_time)


def http_transport(url: str, timeout_s: float = 30.0) -> Transport:
    """Posts to `url` (RFC 3161 section 3.4): http or https, no redirects, no proxies, the answer capped."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadInput(f"{url!r}: not the address of a time-stamp authority: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"{url!r}: a time-stamp authority's address starts with https:// or http://")
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)

    def send(request: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            post = urllib.request.Request(url, data=request, headers=headers, method="POST")  # noqa: S310 (scheme checked)
            with opener.open(post, timeout=timeout_s) as answer:
                data: bytes = answer.read(LARGEST_ANSWER + 1)
        except (OSError, HTTPException, ValueError) as error:
            raise BadInput(f"{url}: the time-stamp authority did not answer: {error}") from error
        if len(data) > LARGEST_ANSWER:
            raise BadInput(f"{url}: the answer exceeds {LARGEST_ANSWER} bytes; that is no time stamp")
        return data

    return send
