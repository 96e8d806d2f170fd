"""Media times as people read them."""


def time_code(seconds: float) -> str:
    """`m:ss.ss`, or `h:mm:ss.ss` from an hour on."""
    minutes, rest = divmod(round(max(0.0, seconds) * 100), 6000)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest / 100:05.2f}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def length(seconds: float) -> str:
    """The same to whole seconds."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
