"""Characters looked for in a query, and what is told of those that were found."""

from collections.abc import Sequence
from dataclasses import dataclass

from tomeishi.fingerprint.descriptor import Descriptor, Rows
from tomeishi.fingerprint.extract import Watch
from tomeishi.fingerprint.sightings import Onlooker, Sightings
from tomeishi.matching.cast import Cast
from tomeishi.matching.figures import FigureCalibration, FigureMatch, Near
from tomeishi.media.sample import Frame
from tomeishi.screening.findings import LooksLike, Portrayal
from tomeishi.values import Interval, Regions, Segment


@dataclass(frozen=True, slots=True)
class Figures:
    """The enrolled characters, and how they are recognised."""

    descriptor: Descriptor
    cast: Cast
    calibration: FigureCalibration

    def onlooker(self) -> Onlooker:
        return Onlooker(self.descriptor)

    def matches(self, seen: Sightings, duration_s: float) -> list[FigureMatch]:
        return list(self.cast.enrolled.matches(seen, duration_s, self.calibration).values())

    def segments(self, found: FigureMatch) -> tuple[Segment, ...]:
        """Each track beside the moment of its nearest drawing; the outlines are the boxes of both figures.

        All of them lie in one reference, that of the surest track's nearest drawing: a finding names only one.
        """
        segments = []
        surest = self.cast.drawings[found.tracks[0].nearest[0].drawing_id]
        for track in found.tracks:
            near = (self.cast.drawings[each.drawing_id] for each in track.nearest)
            drawing = next((each for each in near if each.reference_id == surest.reference_id), surest)
            shown = Interval(drawing.time_s, drawing.time_s + 1.0)
            boxes = Regions(track.box.outline, drawing.box.outline, mirrored=False, turned=0.0, places=0)
            segments.append(Segment(track.query, shown, track.score, boxes))
        return tuple(segments)

    def portrayal(self, found: FigureMatch) -> Portrayal:
        role, best = self.cast.roles[found.character_id], found.tracks[0]
        return Portrayal(
            found.character_id,
            role.name,
            tuple((track.query, track.box, track.score) for track in found.tracks),
            tuple(self._like(each) for each in best.nearest),
            None if best.nearest_other is None else self._like(best.nearest_other),
            tuple((variant.value, counts) for variant, counts in role.variants.items()),
        )

    def _like(self, near: Near) -> LooksLike:
        role, drawing = self.cast.roles[near.character_id], self.cast.drawings[near.drawing_id]
        return LooksLike(
            role.character_id,
            role.name,
            role.work_id,
            role.title,
            role.member,
            drawing.id,
            drawing.reference_id,
            drawing.time_s,
            drawing.box,
            near.similarity,
        )


def both(first: Watch, second: Watch) -> Watch:
    """Two that look at the same frames."""

    def watch(frames: Sequence[Frame], rows: Sequence[Rows]) -> None:
        first(frames, rows)
        second(frames, rows)

    return watch
