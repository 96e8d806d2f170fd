"""Requests that come twice (`Idempotency-Key`): the second gets the answer of the first, and nothing is done again.

After draft-ietf-httpapi-idempotency-key-header-07. Answers are kept for a day, for whoever asked.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from tomeishi.errors import BadInput, Conflict
from tomeishi.storage.tables import answered_requests

KEPT = timedelta(days=1)
LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    """JSON."""


def earlier(tx: Connection, principal_id: str, key: str, request: str, at: datetime) -> Answer | None:
    """The answer that this very request got; BadInput where the key came with another request."""
    row = tx.execute(
        select(answered_requests).where(
            answered_requests.c.principal_id == principal_id, answered_requests.c.key == key
        )
    ).first()
    if row is None or row.at + KEPT <= at:
        return None
    if row.request != request:
        raise BadInput("this Idempotency-Key came with another request; choose a new one")
    return Answer(row.status, json.loads(row.body))


def remember(tx: Connection, principal_id: str, key: str, request: str, answer: Answer, at: datetime) -> None:
    """Conflict where the same request is being answered at this moment."""
    tx.execute(delete(answered_requests).where(answered_requests.c.at <= at - KEPT))
    values = {"principal_id": principal_id, "key": key, "request": request, "at": at}
    try:
        tx.execute(insert(answered_requests).values(**values, status=answer.status, body=json.dumps(answer.body)))
    except IntegrityError as error:
        raise Conflict("the same request is being answered; ask again in a moment") from error
