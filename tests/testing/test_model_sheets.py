"""Figures drawn with known identity: repeatable, and the same figure under every hand, pose and dress."""

import numpy as np
import pytest

from tomeishi.testing.acting import VIEWS
from tomeishi.testing.hands import HANDS
from tomeishi.testing.model_sheets import EXPRESSIONS, Situation, cast, draw, identity, model_sheet, placed, situation


@pytest.mark.parametrize("hand", HANDS)
def test_a_drawing_is_a_pure_function_of_its_figure_and_situation(hand: str) -> None:
    now = situation(np.random.default_rng(4), hand=hand)
    first, again = (draw(identity(9), now, height_px=96) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert first.shape[2] == 4
    assert 0.15 < (first[..., 3] > 127).mean() < 1


def test_every_hand_view_and_expression_changes_the_drawing() -> None:
    figure = identity(3)
    usual = draw(figure, Situation(), height_px=96)
    others = [Situation(hand=hand) for hand in HANDS if hand != "cel"]
    others += [Situation(view=view) for view in VIEWS[1:]] + [Situation(expression=name) for name in EXPRESSIONS][1:]
    drawings = [draw(figure, other, height_px=96).tobytes() for other in others] + [usual.tobytes()]
    assert len(set(drawings)) == len(drawings)


def test_a_mirrored_drawing_is_the_mirror_image() -> None:
    plain, mirrored = (draw(identity(5), Situation(mirrored=m), height_px=96) for m in (False, True))
    assert (plain[:, ::-1] == mirrored).all()


def test_costumes_change_the_dress_and_never_the_face() -> None:
    usual, *others = identity(11).looks
    assert {(look.head, look.ears, look.top, look.mark, look.skin) for look in others} == {
        (usual.head, usual.ears, usual.top, usual.mark, usual.skin)
    }
    assert all((look.cloth, look.body, look.wear) != (usual.cloth, usual.body, usual.wear) for look in others)


def test_one_artists_figures_share_heads_eyes_and_bodies() -> None:
    looks = [figure.looks[0] for figure in cast(2, 12)]
    assert len({look.head for look in looks}) <= 2
    assert len({look.eyes for look in looks}) <= 2
    assert len(set(looks)) == 12


def test_a_model_sheet_starts_with_the_turnaround() -> None:
    sheet = model_sheet(identity(1), 6)
    assert len(sheet) == 6
    assert sheet[1].tobytes() == draw(identity(1), Situation(view=VIEWS[1])).tobytes()


def test_a_placed_figure_lies_in_its_box() -> None:
    ground = np.full((180, 320, 3), 90, np.uint8)
    frame, (x, y, w, h) = placed(ground, draw(identity(2), Situation(), height_px=96), 0.5, (0.5, 0.9))
    changed = np.argwhere((frame != ground).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0) + 1
    assert y * 180 <= top < bottom <= (y + h) * 180 + 1e-6
    assert x * 320 <= left < right <= (x + w) * 320 + 1e-6
    assert h == pytest.approx(0.5, abs=0.01)
