"""`tomeishi demo`: placeholder."""


def demo() -> None:
    """Draw, register, screen."""
