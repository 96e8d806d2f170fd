"""Logs of a service: one JSON object a line on standard error, for whatever collects them.

A line holds a constant sentence, its moment and level, and the fields that the code named. Media, names of people and
files, and tokens are never among them.
"""

import json
import logging
import sys
import time
from typing import Any

_OWN = logging.LogRecord("", 0, "", 0, "", (), None).__dict__.keys() | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}


class Lines(logging.Formatter):
    """A record as a line."""

    def format(self, record: logging.LogRecord) -> str:
        words: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "from": record.name,
            "says": record.getMessage(),
        }
        words |= {name: value for name, value in record.__dict__.items() if name not in _OWN}
        if record.exc_info:
            words["traceback"] = self.formatException(record.exc_info)
        return json.dumps(words, ensure_ascii=False, default=str)


def log_as_lines() -> None:
    """From now on, for the whole process."""
    handler = logging.StreamHandler(sys.stderr)
    lines = Lines()
    lines.converter = time.gmtime
    handler.setFormatter(lines)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
