"""The stages of a screening, each of which can be left out to measure what it brings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stages:
    """All of them are on but in an ablation (benchmarks)."""

    digest: bool = True
    """A registered file is known by its digest, and not decoded."""
    verification: bool = True
    """Geometric verification confirms and rejects."""
    pdq_first: bool = True
    """What PDQ knows at its publisher's threshold needs no second look through views."""
    backwards: bool = True
    """What does not align as it is is also tried as played from its end."""
    parts: bool = True
    """Halves, middle and corners are glanced at."""
    seams: bool = True
    """Halves and corners only where a straight edge that stays bounds them."""
    turns: bool = True
    """Quarter turns are glanced at."""
    undoing: bool = True
    """What was verified is cut out, turned upright and described anew."""
    tracing: bool = True
    """What only verification sees is aligned by verification alone."""
    following: bool = True
    """Segments are drawn out as far as verification follows them, and joined."""
    refining: bool = True
    """Ends of segments are looked at eight times a second."""
    sameness: bool = True
    """Copies and edits are told apart by colours at the moments of anchors, else by PDQ."""


ALL = Stages()
