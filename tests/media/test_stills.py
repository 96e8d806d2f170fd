"""Pictures by the million: each as `sample` would give it, and one that ends its decoder costs only itself."""

import io
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tomeishi.config import Limits
from tomeishi.media import stills as module
from tomeishi.media.sample import SamplePlan, sample
from tomeishi.media.stills import Stills
from tomeishi.testing import broken


def _picture(seed: int = 0, side: int = 64, form: str = "PNG", mode: str = "RGB") -> bytes:
    values = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(values).resize((side, side)).convert(mode).save(data, form)
    return data.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_a_picture_comes_as_it_does_from_a_file(form: str, tmp_path: Path) -> None:
    data = _picture(1, 96, form)
    (tmp_path / "picture").write_bytes(data)
    with sample(tmp_path / "picture", SamplePlan(max_side=64), Limits()) as sampling:
        (expected,) = sampling
    with Stills(Limits(), 64) as stills:
        (still,) = stills.read([("picture", data)])
    assert still.frame is not None
    assert np.array_equal(still.frame.pixels, expected.pixels)
    assert still.problem is None


def test_answers_keep_the_order_of_many_pictures() -> None:
    pictures = [_picture(seed) for seed in range(40)]
    with Stills(Limits(), 64) as stills:
        found = stills.read([(f"{n}", data) for n, data in enumerate(pictures)])
    for still, data in zip(found, pictures, strict=True):
        assert still.frame is not None
        assert np.array_equal(still.frame.pixels, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


def test_what_is_no_picture_is_told_and_the_others_are_read() -> None:
    with Stills(Limits(), 64) as stills:
        found = stills.read([("a", _picture(1)), ("b", b"words"), ("c", b""), ("d", _picture(2))])
    assert [each.problem is None for each in found] == [True, False, False, True]
    assert found[1].problem == "b: is no picture of a known format"


def test_a_picture_that_is_cut_off_says_so() -> None:
    data = _picture(3, 400, "JPEG")
    with Stills(Limits(), 64) as stills:
        (still,) = stills.read([("cut", data[: len(data) * 2 // 3])])
    assert still.frame is not None
    assert still.partial is not None


def test_an_animation_is_left_to_whoever_reads_films() -> None:
    data = io.BytesIO()
    first, *others = (Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue"))
    first.save(data, "GIF", save_all=True, append_images=others, duration=200)
    with Stills(Limits(), 64) as stills:
        (still,) = stills.read([("moving", data.getvalue())])
    assert (still.frame, still.problem) == (None, None)


def test_a_picture_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    broken.giant_picture(tmp_path / "giant.png")
    with Stills(Limits(), 64) as stills:
        found = stills.read([("a", _picture(1)), ("giant.png", (tmp_path / "giant.png").read_bytes())])
    assert found[0].problem is None
    assert found[1].problem is not None
    assert "larger than the limit" in found[1].problem


def test_a_picture_that_ends_its_decoder_costs_only_itself() -> None:
    with Stills(Limits(cpu_s=1.0), 64) as stills:
        found = stills.read([("a", _picture(1)), ("b", _picture(2)), ("slow", _slow()), ("c", _picture(3))])
    assert [each.problem is None for each in found] == [True, True, False, True]
    assert found[2].problem is not None
    assert "processor time" in found[2].problem


def _slow() -> bytes:
    """A small file that takes minutes to decode: a progressive JPEG whose last scan comes two thousand times."""
    data = io.BytesIO()
    Image.new("RGB", (3000, 3000), "red").save(data, "JPEG", progressive=True)
    whole = data.getvalue()
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * 2000 + whole[-2:]


def test_a_nursery_that_was_killed_is_replaced() -> None:
    with Stills(Limits(), 64) as stills:
        stills.read([("a", _picture(1))])
        nursery = stills._nursery
        assert nursery is not None
        os.kill(nursery.pid, signal.SIGKILL)
        nursery.wait()
        (still,) = stills.read([("b", _picture(2))])
    assert still.frame is not None


def test_a_nursery_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with Stills(Limits(wall_s=0.5), 64) as stills:
        stills.read([("a", _picture(1))])
        nursery = stills._nursery
        assert nursery is not None
        os.kill(nursery.pid, signal.SIGSTOP)
        (still,) = stills.read([("b", _picture(2))])
        assert still.problem is not None
        assert "longer than 0.5 s" in still.problem
        # The next picture has a fresh one, with time to start in.
        stills._limits = Limits()
        (after,) = stills.read([("c", _picture(3))])
    assert after.frame is not None


def test_nothing_is_left_running() -> None:
    stills = Stills(Limits(), 64)
    stills.read([("a", _picture(1))])
    nursery = stills._nursery
    assert nursery is not None
    stills.close()
    assert nursery.returncode == -signal.SIGKILL


def test_pictures_share_a_process_in_small_numbers() -> None:
    parts = list(module._parts([(str(n), b"x") for n in range(40)]))
    assert [len(part) for part in parts] == [16, 16, 8]
