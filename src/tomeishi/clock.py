"""The one place that reads the time. Moments are timezone-aware and in UTC; text is RFC 3339 with a `Z`."""

from datetime import UTC, datetime

from tomeishi.errors import BadInput


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """RFC 3339 in UTC, microseconds kept only where there are any: `2026-11-23T01:02:03Z`."""
    if moment.tzinfo is None:
        raise BadInput(f"a moment needs a time zone: {moment.isoformat()}")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """The moment that RFC 3339 `text` names; a bare date is midnight UTC, a time without a zone is refused."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"not a date or time: {text!r}; write 2026-11-23 or 2026-11-23T09:00:00+09:00") from error
    if moment.tzinfo is None:
        if len(text) > len("2026-11-23"):
            raise BadInput(f"no time zone in {text!r}; add Z or an offset such as +09:00")
        moment = moment.replace(tzinfo=UTC)
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise BadInput(f"{text!r} lies outside the years 1 to 9999 in UTC") from error
