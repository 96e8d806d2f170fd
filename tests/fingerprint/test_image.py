"""What the image descriptor promises beyond the contract of its seam."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.errors import Tampered
from tomeishi.fingerprint import image
from tomeishi.fingerprint.image import ImageDescriptor
from tomeishi.fingerprint.samples import detail
from tomeishi.testing.films import film, frames
from tomeishi.values import digest_of_file

Picture = NDArray[np.uint8]
SCENES = np.stack([next(frames(film(seed, 1.0), 1.0, 320, 180)) for seed in (4, 9, 14, 20)])
WEIGHTS = Path(image.__file__).with_name("weights")


def away(copies: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Distance of each copy from its scene."""
    describe = ImageDescriptor().describe
    first, second = describe(SCENES).values.astype(np.float64), describe(copies).values.astype(np.float64)
    distances: NDArray[np.float64] = 1 - (first * second).sum(axis=1)
    return distances


def test_borders_cost_nothing() -> None:
    boxed = np.pad(SCENES, ((0, 0), (30, 30), (0, 0), (0, 0)))
    assert away(boxed).max() < 1e-6


def test_a_mirrored_copy_is_near() -> None:
    assert away(SCENES[:, :, ::-1]).max() <= ImageDescriptor().spec.threshold


def grey(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    luma = (pictures @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    return np.repeat(luma[..., np.newaxis], 3, axis=3)


@pytest.mark.parametrize(
    "edited",
    [SCENES[:, 20:165, 30:290], grey(SCENES), SCENES // 2, SCENES[..., ::-1], SCENES[:, ::3, ::3]],
    ids=["cropped", "grey", "darker", "recoloured", "smaller"],
)
def test_an_edited_copy_is_nearest_to_its_own_scene(edited: NDArray[np.uint8]) -> None:
    describe = ImageDescriptor().describe
    nearness = describe(edited).values @ describe(SCENES).values.T
    assert (nearness.argmax(axis=1) == np.arange(len(SCENES))).all()
    assert np.diag(nearness).min() > 0.25


def test_more_threads_give_nearly_the_same_rows() -> None:
    one, two = (ImageDescriptor(threads).describe(SCENES).values for threads in (1, 2))
    assert np.abs(one - two).max() < 1e-5


def test_the_weights_are_the_ones_that_the_spec_names_and_the_card_describes() -> None:
    weights = WEIGHTS / image.WEIGHTS
    assert digest_of_file(weights) == image.SPEC.weights_digest
    assert weights.stat().st_size < 8_000_000
    assert image.SPEC.weights_digest in (WEIGHTS / "image-2.md").read_text(encoding="utf-8")


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = bytearray((WEIGHTS / image.WEIGHTS).read_bytes())
    changed[1000] ^= 1
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / image.WEIGHTS).write_bytes(changed)
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(Tampered, match="reinstall"):
        image.load(threads=1)


def test_a_title_card_has_less_quality_than_a_scene() -> None:
    card = np.zeros((180, 320, 3), np.uint8)
    for row, words in ((80, "THE SECOND"), (120, "CHAPTER")):
        cv2.putText(card, words, (70, row), cv2.FONT_HERSHEY_DUPLEX, 1, (230, 230, 230), 2, cv2.LINE_AA)
    assert 0.02 < detail(card) < 0.45 < min(detail(scene) for scene in SCENES)


def test_a_slow_fade_is_blank() -> None:
    fade = np.broadcast_to(np.linspace(0, 60, 320)[None, :, None], (180, 320, 3)).astype(np.uint8)
    assert detail(np.ascontiguousarray(fade)) == 0
