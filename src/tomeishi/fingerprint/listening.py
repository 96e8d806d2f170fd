"""Media to the fingerprint of its sound, beside its pictures.

Landmarks are found while the next seconds are still being decoded, and while pictures are described.

Memory stays bounded whatever the length: some 40 s of samples and their spectrogram, and the landmarks, which for
two hours are some 4 MB.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tomeishi.config import Limits
from tomeishi.errors import UnreadableMedia
from tomeishi.fingerprint.audio import RATE_HZ, fingerprint_of, landmarks
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.extract import Extraction, Watch, extract
from tomeishi.fingerprint.fingerprint import Fingerprint
from tomeishi.media.probe import MediaInfo
from tomeishi.media.sample import SamplePlan
from tomeishi.media.sound import Listening
from tomeishi.values import MediaKind, Partial


@dataclass(frozen=True, slots=True)
class Listened:
    """What the sound of one media item gave."""

    fingerprint: Fingerprint
    duration_s: float
    """Where the sound ends."""
    partial: Partial | None


def listen(path: Path, limits: Limits) -> Listened:
    """Raises NotFound, and UnreadableMedia where there is no sound; sound cut short is a `partial`, not an error."""
    with Listening(path, RATE_HZ, limits) as listening:
        marks = landmarks(listening)
        duration_s = listening.start_s + listening.samples / RATE_HZ
        return Listened(fingerprint_of(marks, listening.start_s, duration_s), duration_s, listening.partial)


def perceive(
    path: Path,
    descriptors: Sequence[Descriptor],
    plan: SamplePlan,
    limits: Limits,
    *,
    watch: Watch | None = None,
) -> tuple[Extraction, Listened | None]:
    """Pictures and sound of the media at `path`, both at once: the sound is None where there is none. The extraction
    also tells what of the sound could not be read.

    Raises as `extract` does, and UnreadableMedia for sound alone that cannot be read.
    """
    # One thread listens, one describes, two more wait for their decoders: two cores have work all the time.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="listen") as beside:
        hearing: list[Future[Listened]] = []

        def begun(info: MediaInfo) -> None:
            if info.sound is not None:
                hearing.append(beside.submit(listen, path, limits))

        extraction = extract(path, descriptors, plan, limits, watch=watch, begun=begun)
        return _both(extraction, hearing[0] if hearing else None)


def _both(extraction: Extraction, hearing: Future[Listened] | None) -> tuple[Extraction, Listened | None]:
    if hearing is None:
        return extraction, None
    alone = extraction.info.kind is MediaKind.SOUND
    try:
        heard = hearing.result()
    except UnreadableMedia as error:
        if alone:
            raise
        cut = Partial(f"its sound cannot be read: {error}", extraction.duration_s)
        return replace(extraction, partial=extraction.partial or cut), None
    if alone:
        return replace(extraction, duration_s=heard.duration_s, partial=heard.partial), heard
    return replace(extraction, partial=_shorter(extraction.partial, heard.partial)), heard


def _shorter(first: Partial | None, second: Partial | None) -> Partial | None:
    """Of two reasons the one that cut off more; of the same length the first."""
    given = [each for each in (first, second) if each is not None]
    return min(given, key=lambda each: each.until, default=None)
