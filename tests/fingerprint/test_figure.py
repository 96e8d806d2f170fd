"""The descriptor of figures with another model in the place of its own for forms."""

import numpy as np
import pytest

from tomeishi.fingerprint.figure import COLOURS, SPEC, FigureDescriptor, alike
from tomeishi.fingerprint.image import ImageDescriptor
from tomeishi.testing.model_sheets import Situation, draw, identity, on_paper


@pytest.fixture(scope="module")
def figures() -> np.ndarray:
    """Two drawings of one figure, and one of another, as squares."""
    shown = [(identity(620_001), 0.0), (identity(620_001), 3.0), (identity(620_002), 0.0)]
    drawn = [on_paper([draw(of, Situation(moment=at), height_px=120)], margin=4) for of, at in shown]
    side = max(max(each.shape[:2]) for each in drawn)
    squares = np.full((3, side, side, 3), 255, np.uint8)
    for square, picture in zip(squares, drawn, strict=True):
        square[: picture.shape[0], : picture.shape[1]] = picture
    return squares


def test_an_added_model_tells_of_forms_and_colours_stay_what_they_are(figures: np.ndarray) -> None:
    image, own = ImageDescriptor(), FigureDescriptor()
    added = FigureDescriptor(forms=image)
    rows, plain = (np.asarray(each.describe(figures).values, np.float32) for each in (added, own))
    assert rows.shape == (3, image.spec.dim + COLOURS)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(rows[:, -COLOURS:], plain[:, -COLOURS:])
    near = alike(rows, rows)
    assert np.diag(near) == pytest.approx(1.0, abs=1e-4)
    assert near[0, 1] > near[0, 2]


def test_its_spec_names_the_model_and_its_weights() -> None:
    image = ImageDescriptor()
    spec = FigureDescriptor(forms=image).spec
    assert spec.key == "figure_image-2"
    assert spec.weights_digest == image.spec.weights_digest != SPEC.weights_digest
    assert spec.dim == image.spec.dim + COLOURS
    assert FigureDescriptor().spec is SPEC
