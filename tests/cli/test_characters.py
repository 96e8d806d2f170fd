"""`tomeishi characters`, and `screen` once a character is enrolled: as scripts may rely on."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import update

from tomeishi import wiring
from tomeishi.enrolling import MOST_DRAWINGS
from tomeishi.storage.tables import drawing_rows
from tomeishi.testing.figures import Character
from tomeishi.testing.films import film, write_film
from tomeishi.testing.model_sheets import Situation, draw, identity, model_sheet, placed

Command = Callable[..., Any]
SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/screening.schema.json").read_text(encoding="utf-8"))
POLTAN, REMIA, GOROTA = (identity(seed) for seed in (510_021, 510_022, 510_023))


def write_sheet(path: Path, *drawings: NDArray[np.uint8], mode: str = "RGBA") -> Path:
    """Drawings in a row on nothing, or on white."""
    gap, high = 40, max(each.shape[0] for each in drawings)
    sheet = np.zeros((high + 2 * gap, sum(each.shape[1] + gap for each in drawings) + gap, 4), np.uint8)
    x = gap
    for each in drawings:
        sheet[gap : gap + each.shape[0], x : x + each.shape[1]] = each
        x += each.shape[1] + gap
    picture = Image.fromarray(sheet)
    if mode != "RGBA":
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture).convert(mode)
    picture.save(path)
    return path


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sheets")
    return {
        name: write_sheet(folder / f"{name}.png", *model_sheet(figure, 5))
        for name, figure in (("poltan", POLTAN), ("remia", REMIA), ("gorota", GOROTA))
    }


@pytest.fixture(scope="module")
def acted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A film in which the first one acts, and one with nobody registered."""
    folder = tmp_path_factory.mktemp("acted")
    drawn = film(510_121, 6.0)
    mine = replace(drawn, characters=(Character("p", "p", "P", POLTAN.looks[0]),))
    return {
        "with": write_film(mine, folder / "with.mp4", width=512, height=288, rate_hz=8),
        "without": write_film(drawn, folder / "without.mp4", width=512, height=288, rate_hz=8),
    }


@pytest.fixture
def work(tomeishi: Command) -> str:
    outcome = tomeishi("works", "add", "--member", "Hoshiboshi", "--title", "Stray Star", "--json")
    return str(json.loads(outcome.out)["work"])


def _add(tomeishi: Command, work: str, name: str, *files: Path | str) -> dict[str, Any]:
    outcome = tomeishi("characters", "add", "--work", work, "--name", name, "--json", *files)
    assert outcome.code == 0, outcome.err
    return dict(json.loads(outcome.out))


def _screen(tomeishi: Command, *files: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in tomeishi("screen", "--jsonl", *files).out.splitlines()]
    for line in lines:
        Draft202012Validator(SCHEMA).validate(line)
    return lines


def test_a_character_enrolled_from_a_sheet_is_found_in_a_new_scene_and_only_there(
    tomeishi: Command, work: str, sheets: dict[str, Path], acted: dict[str, Path]
) -> None:
    poltan = _add(tomeishi, work, "Poltan", sheets["poltan"])
    _add(tomeishi, work, "Remia", sheets["remia"])
    assert poltan["character"].startswith("chr_")
    assert len(poltan["drawings"]) == 5
    assert poltan["separability"] is not None
    assert poltan["overlaps"] == []
    found, clean = _screen(tomeishi, acted["with"], acted["without"])
    assert "character" in found["checked"]
    finding = next(each for each in found["findings"] if each["kind"] == "character")
    assert (finding["character"], finding["name"], finding["work"]) == (poltan["character"], "Poltan", work)
    assert found["verdict"] == finding["verdict"] == "review"
    assert finding["permission"]["use"] == "generate_character"
    assert {each["drawing"] for each in finding["nearest"]} <= set(poltan["drawings"])
    assert finding["nearest_other"]["name"] == "Remia"
    assert finding["compare"] == ["face", "hair", "dress", "colours", "props"]
    for track in finding["tracks"]:
        assert 0 <= track["query"][0] < track["query"][1] <= found["duration"] + 1e-3
    assert not [each for each in clean["findings"] if each["kind"] == "character" and each["band"] == "strong"]


def test_where_nobody_is_enrolled_characters_are_not_said_to_be_checked(
    tomeishi: Command, work: str, acted: dict[str, Path]
) -> None:
    (line,) = _screen(tomeishi, acted["with"])
    assert "character" not in line["checked"]
    assert "figure-2" not in {each["key"] for each in line["made_by"]["descriptors"]}


def test_a_still_picture_of_a_character_is_found_and_a_grant_clears_it(
    tomeishi: Command, installed: Any, sheets: dict[str, Path], tmp_path: Path
) -> None:
    poltan = _add(tomeishi, installed.works[0], "Poltan", sheets["poltan"])["character"]
    ground = np.full((360, 640, 3), (200, 220, 235), np.uint8)
    ground[250:] = (120, 160, 110)
    scene, _ = placed(ground, draw(POLTAN, Situation("wave", 1.3), height_px=400), 0.5, (0.4, 0.95))
    picture = tmp_path / "scene.png"
    Image.fromarray(scene).save(picture)
    before = _screen(tomeishi, picture)[0]
    assert [each["kind"] for each in before["findings"]] == ["character"]
    assert before["verdict"] == "review"
    grant = ("consent", "grant", "--character", poltan, "--use", "generate_character", "--provider", "acme")
    assert tomeishi(*grant, "--sign-with", installed.key).code == 0
    after = json.loads(tomeishi("screen", "--jsonl", "--provider", "acme", picture).out)
    assert [each["permission"]["allowed"] for each in after["findings"]] == [True]
    assert after["verdict"] == "clear"


def test_drawings_that_an_earlier_version_described_are_told_of_and_described_anew(
    tomeishi: Command,
    installed: Any,
    work: str,
    sheets: dict[str, Path],
    acted: dict[str, Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    _add(tomeishi, work, "Poltan", sheets["poltan"])
    with wiring.open(installed.home) as platform, platform.transaction() as tx:
        tx.execute(update(drawing_rows).values(weights_digest="sha256:earlier"))
    assert "character" not in _screen(tomeishi, acted["with"])[0]["checked"]
    assert (
        "5 of 5 drawings were described by another version; run `tomeishi descriptors fill`" in tomeishi("doctor").out
    )
    moved = sheets["poltan"].rename(sheets["poltan"].with_name("elsewhere.png"))
    missing = tomeishi("descriptors", "fill")
    assert "the registered file is not there any more" in missing.out + missing.err
    moved.rename(sheets["poltan"])
    assert tomeishi("descriptors", "fill").code == 0
    assert tomeishi("doctor").code == 0
    (found,) = _screen(tomeishi, acted["with"])
    assert "character" in [each["kind"] for each in found["findings"]]


def test_more_sheets_of_one_name_are_the_same_character(tomeishi: Command, work: str, tmp_path: Path) -> None:
    drawings = model_sheet(POLTAN, 6)
    first = _add(tomeishi, work, "Poltan", write_sheet(tmp_path / "a.png", *drawings[:2]))
    assert any("needs to be called strong" in each for each in first["warnings"])
    second = _add(tomeishi, work, "Poltan", write_sheet(tmp_path / "b.png", *drawings[2:]))
    assert second["character"] == first["character"]
    again = _add(tomeishi, work, "Poltan", tmp_path / "b.png")
    assert again["drawings"] == second["drawings"]
    (listed,) = json.loads(tomeishi("characters", "list", "--json").out)
    assert (listed["character"], listed["name"], listed["drawings"]) == (first["character"], "Poltan", 6)


def test_a_frame_of_a_film_with_a_box_is_a_drawing(tomeishi: Command, work: str, acted: dict[str, Path]) -> None:
    refused = tomeishi("characters", "add", "--work", work, "--name", "Poltan", acted["with"])
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--at" in refused.err
    late = tomeishi("characters", "add", "--work", work, "--name", "Poltan", "--at", "1e9", acted["with"])
    assert (late.code, late.err.count("\n")) == (2, 1)
    assert "ends at 6.0" in late.err
    outcome = tomeishi(
        "characters",
        "add",
        "--work",
        work,
        "--name",
        "Poltan",
        "--at",
        "1.5",
        "--box",
        "0.2,0.1,0.5,0.8",
        acted["with"],
    )
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("box", "why"), [("0.2,0.1,0.5", "write X,Y"), ("0.9,0.1,0.5,0.5", "not a box"), ("a,b,c,d", "write X,Y")]
)
def test_a_box_that_is_none_is_refused(
    tomeishi: Command, work: str, sheets: dict[str, Path], box: str, why: str
) -> None:
    outcome = tomeishi("characters", "add", "--work", work, "--name", "P", "--box", box, sheets["poltan"])
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert why in outcome.err


def test_one_drawing_enrolled_for_two_characters_is_an_overlap(
    tomeishi: Command, work: str, sheets: dict[str, Path], tmp_path: Path
) -> None:
    first = _add(tomeishi, work, "Poltan", sheets["poltan"])
    second = _add(tomeishi, work, "Double", sheets["poltan"])
    assert {each["character"] for each in second["overlaps"]} == {first["character"]}
    assert any("easily confused with Poltan" in each for each in second["warnings"])
    assert second["separability"] < 1


def test_two_figures_on_one_sheet_are_pointed_out(tomeishi: Command, work: str, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "two.png", *model_sheet(POLTAN, 4), *model_sheet(GOROTA, 1))
    assert any("unlike the other drawings" in each for each in _add(tomeishi, work, "Poltan", sheet)["warnings"])


def test_text_on_a_sheet_is_no_drawing_and_a_photograph_counts_whole_with_a_warning(
    tomeishi: Command, work: str, tmp_path: Path
) -> None:
    sheet = np.array(Image.open(write_sheet(tmp_path / "a.png", *model_sheet(POLTAN, 3), mode="RGB")))
    cv2.putText(sheet, "POLTAN (C) 1999", (30, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 2)
    Image.fromarray(sheet).save(tmp_path / "text.png")
    assert len(_add(tomeishi, work, "Poltan", tmp_path / "text.png")["drawings"]) == 3
    photograph = np.random.default_rng(4).integers(0, 256, (45, 60, 3), dtype=np.uint8).repeat(6, 0).repeat(6, 1)
    Image.fromarray(photograph).save(tmp_path / "photo.png")
    found = _add(tomeishi, work, "Somebody", tmp_path / "photo.png")
    assert len(found["drawings"]) == 1
    assert any("no plain ground" in each for each in found["warnings"])


@pytest.mark.parametrize("mode", ["L", "CMYK", "P"])
def test_a_sheet_in_any_colour_mode_is_read(tomeishi: Command, work: str, tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("sheet.jpg" if mode == "CMYK" else "sheet.png")
    write_sheet(path, *model_sheet(POLTAN, 3), mode=mode)
    assert len(_add(tomeishi, work, "Poltan", path)["drawings"]) == 3


def test_tiny_empty_moving_and_unreadable_sheets_are_told_in_one_line_each(
    tomeishi: Command, work: str, tmp_path: Path, bad: Path
) -> None:
    tiny = Image.new("RGB", (20, 20), "white")
    tiny.paste((200, 20, 30), (6, 4, 14, 16))
    tiny.save(tmp_path / "tiny.png")
    Image.new("RGB", (300, 300), "white").save(tmp_path / "empty.png")
    pages = [Image.new("RGB", (64, 64), shade) for shade in ("red", "blue")]
    pages[0].save(tmp_path / "moving.gif", save_all=True, append_images=pages[1:])
    for name, why in (("tiny.png", "too small"), ("empty.png", "nothing is drawn"), ("moving.gif", "--at")):
        outcome = tomeishi("characters", "add", "--work", work, "--name", "P", tmp_path / name)
        assert (outcome.code, outcome.err.count("\n")) == (2, 1), outcome.err
        assert why in outcome.err
    outcome = tomeishi("characters", "add", "--work", work, "--name", "P", bad / "text.mp4")
    assert (outcome.code, outcome.err.count("\n")) == (3, 1)
    assert json.loads(tomeishi("characters", "list", "--json").out) == []


def test_a_bad_sheet_among_good_ones_is_skipped_and_told(
    tomeishi: Command, work: str, sheets: dict[str, Path], tmp_path: Path
) -> None:
    Image.new("RGB", (300, 300), "white").save(tmp_path / "empty.png")
    outcome = tomeishi(
        "characters", "add", "--work", work, "--name", "P", "--json", sheets["poltan"], tmp_path / "empty.png"
    )
    assert outcome.code == 3
    words = json.loads(outcome.out)
    assert [Path(each["file"]).name for each in words["skipped"]] == ["empty.png"]
    assert len(words["drawings"]) == 5


def test_an_enormous_sheet_is_refused_before_it_fills_memory(tomeishi: Command, work: str, tmp_path: Path) -> None:
    Image.new("1", (40_000, 40_000)).save(tmp_path / "huge.png")
    outcome = tomeishi("characters", "add", "--work", work, "--name", "P", tmp_path / "huge.png")
    assert (outcome.code, outcome.err.count("\n")) == (3, 1)


def test_a_character_has_a_bounded_number_of_drawings(
    tomeishi: Command, work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_DRAWINGS >= 100
    monkeypatch.setattr("tomeishi.enrolling.MOST_DRAWINGS", 3)
    sheet = write_sheet(tmp_path / "four.png", *model_sheet(POLTAN, 4))
    outcome = tomeishi("characters", "add", "--work", work, "--name", "P", sheet)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "3 drawings at most" in outcome.err
    assert json.loads(tomeishi("characters", "list", "--json").out) == []


def test_a_work_that_is_not_there_is_named(tomeishi: Command, sheets: dict[str, Path]) -> None:
    outcome = tomeishi("characters", "add", "--work", "wrk_none", "--name", "P", sheets["poltan"])
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "wrk_none" in outcome.err


def test_an_excluded_drawing_is_no_longer_looked_for(
    tomeishi: Command, work: str, sheets: dict[str, Path], acted: dict[str, Path]
) -> None:
    _add(tomeishi, work, "Poltan", sheets["poltan"])
    shown = json.loads(tomeishi("works", "show", work, "--json").out)
    reference = shown["media"][0]["reference"]
    assert tomeishi("works", "exclude", reference, "0", "1", "--reason", "not ours").code == 0
    (line,) = _screen(tomeishi, acted["with"])
    assert "character" not in line["checked"]
