"""Moving pictures, in the guarded process: decode, choose frames by presentation time, scale, hand over."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from av.video.frame import VideoFrame

from tomeishi.media.child import Emit, OutputSpent, Unreadable
from tomeishi.media.choosing import SAME_MOMENT_S, Cuts, Grid
from tomeishi.media.display import Painter, thumbnail
from tomeishi.media.tracks import Clock, Damaged, Opened, decoded, packets, short_of

_TOLERATED_DAMAGE = 0.02
"""Share of damaged frames below which a film counts as whole: a glitch in a broadcast hides nothing."""
_SMALLEST_HOLE_S = 0.3
"""Encoders put two or three frames that nothing refers to in a row; a hole is longer than that."""
_SKIP = {"all": "DEFAULT", "nonref": "NONREF", "key": "NONKEY"}


@dataclass(slots=True)
class Reading:
    """What reading the file has shown so far; times in seconds from the start."""

    packets_end_s: float = 0.0
    """Furthest end of a packet of any stream."""
    video_end_s: float = 0.0
    """End of the last picture, decoded or skipped on purpose."""
    frame_end_s: float = 0.0
    """End of the last decoded picture."""
    good_frames: int = 0
    bad_frames: int = 0
    """Frames that could not be decoded, or of which the decoder says that parts are made up."""
    first_bad_s: float = 0.0
    bad_since_s: float | None = None
    """Where the damage began that no decoded frame has followed yet."""
    broke_off: str | None = None
    ends_inside_a_frame: bool = False
    times: set[float] = field(default_factory=set)
    """Times of packets not yet overtaken by a decoded frame: what skipping has cost is read from these."""

    def note_damage(self, at_s: float) -> None:
        if not self.bad_frames:
            self.first_bad_s = at_s
        self.bad_frames += 1

    def partial(self, opened: Opened) -> tuple[str, float] | None:
        """Reason and second of the end of what could be read; None for a whole file."""
        if self.broke_off is not None:
            return f"the file is damaged after {self.frame_end_s:.1f} s: {self.broke_off}", self.frame_end_s
        short = short_of(opened, max(self.packets_end_s, self.video_end_s))
        if short is not None:
            return short, self.end_s
        if self.bad_since_s is not None:
            return f"nothing after {self.frame_end_s:.1f} s could be decoded", self.end_s
        if self.ends_inside_a_frame:
            return "the file ends in the middle of a frame", self.end_s
        if self.bad_frames > _TOLERATED_DAMAGE * (self.bad_frames + self.good_frames):
            return f"{self.bad_frames} frames are damaged, the first at {self.first_bad_s:.1f} s", self.end_s
        return None

    @property
    def end_s(self) -> float:
        """The measured duration."""
        if self.broke_off is not None or self.bad_since_s is not None:
            return self.frame_end_s
        return max(self.frame_end_s, self.video_end_s)


def answer(task: Mapping[str, Any], opened: Opened, emit: Emit) -> None:
    if task["do"] == "probe":
        opened.video.codec_context.skip_frame = _SKIP["nonref"]
        reading = Reading()
        first = next(frames(opened, reading), None)
        if first is None:
            raise Unreadable(_no_frame(opened, reading))
        Painter(opened, task["limits"]["pixels"]).describe(opened, first[1], emit)
        emit("done")
    else:
        _answer_samples(task, opened, emit)


def _no_frame(opened: Opened, reading: Reading) -> str:
    short = reading.partial(opened)
    return "not one frame could be decoded" + (f": {short[0]}" if short else "")


def frames(opened: Opened, reading: Reading) -> Iterator[tuple[float, VideoFrame]]:
    """Decoded frames with their times, in the order in which they are shown; damage is noted in `reading`."""
    video = opened.video
    rate = video.average_rate or video.guessed_rate
    usual_s = float(1 / rate) if rate else 0.04
    only_key = video.codec_context.skip_frame == "NONKEY"
    last_s = -1.0
    streams = [video] if opened.sound is None else [video, opened.sound]
    clocks = {stream.index: Clock.of(stream, opened) for stream in streams}
    clock = clocks[video.index]
    try:
        for packet in packets(opened, *streams):
            end_s = clocks[packet.stream_index].ends_s(packet)
            if end_s is not None:
                reading.packets_end_s = max(reading.packets_end_s, end_s)
            if packet.stream_index != video.index:
                continue
            if end_s is not None:
                reading.video_end_s = max(reading.video_end_s, end_s if packet.duration else end_s + usual_s)
                reading.times.add(end_s - (packet.duration or 0) * clock.numerator / clock.denominator)
                reading.ends_inside_a_frame = packet.is_corrupt
            if only_key and packet.size and not packet.is_keyframe:
                continue
            shown = decoded(packet)
            if shown is None:
                at_s = end_s if end_s is not None else reading.frame_end_s
                reading.note_damage(at_s)
                if reading.bad_since_s is None:
                    reading.bad_since_s = at_s
                continue
            for frame in shown:
                time_s = reading.frame_end_s if frame.pts is None else max(0.0, clock.seconds(frame.pts))
                # A clock that stands still or runs back would put frames out of order: those are left out.
                if time_s <= last_s + SAME_MOMENT_S / 2:
                    continue
                last_s = time_s
                length_s = frame.duration * clock.numerator / clock.denominator if frame.duration else usual_s
                reading.frame_end_s = time_s + length_s
                if frame.is_corrupt:
                    reading.note_damage(time_s)
                else:
                    reading.good_frames += 1
                if reading.bad_since_s is not None and time_s > reading.bad_since_s:
                    reading.bad_since_s = None
                yield time_s, frame
    except Damaged as error:
        reading.broke_off = str(error)


def _answer_samples(task: Mapping[str, Any], opened: Opened, emit: Emit) -> None:
    plan, limits = task["plan"], task["limits"]
    context = opened.video.codec_context
    context.skip_frame = _SKIP[plan["frames"]]
    grid, cuts = Grid(plan["rate_hz"]), Cuts() if plan["scene_changes"] else None
    painter = Painter(opened, limits["pixels"])
    reading = Reading()
    partial: tuple[str, float] | None = None
    before_s: float | None = None
    for time_s, frame in frames(opened, reading):
        if time_s >= limits["duration_s"]:
            partial = f"only the first {limits['duration_s']:.0f} s are looked at", limits["duration_s"]
            break
        if before_s is None:
            painter.describe(opened, frame, emit)
        elif context.skip_frame == "NONREF" and _skipped_too_much(reading, before_s, time_s, 1 / plan["rate_hz"]):
            context.skip_frame = _SKIP["all"]
        reading.times = {waiting for waiting in reading.times if waiting > time_s + SAME_MOMENT_S}
        before_s = time_s
        cut = cuts is not None and cuts.sees(thumbnail(frame), time_s)
        if not (grid.takes(time_s) or cut):
            continue
        try:
            painter.hand_over(frame, emit, time_s=time_s, max_side=plan["max_side"], scene_change=cut)
        except OutputSpent:
            partial = f"the samples passed the limit of {limits['output_bytes']:,} bytes", time_s
            break
    if before_s is None:
        raise Unreadable(_no_frame(opened, reading))
    if partial is None:
        partial, duration_s = reading.partial(opened), reading.end_s
    else:
        duration_s = partial[1]
    # The last frame's duration is a number in the file, and may be any.
    emit("done", duration_s=min(duration_s, limits["duration_s"]), partial=partial)


def _skipped_too_much(reading: Reading, before_s: float, time_s: float, step_s: float) -> bool:
    """Whether leaving out non-reference frames left a hole in the grid.

    Some encoders mark nearly every frame as not referred to, and a file can be made so on purpose.
    """
    return time_s - before_s > max(_SMALLEST_HOLE_S, 1.5 * step_s) and any(
        before_s + SAME_MOMENT_S < waiting < time_s - SAME_MOMENT_S for waiting in reading.times
    )
