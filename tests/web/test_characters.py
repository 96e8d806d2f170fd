"""Characters over REST and on the pages: enrolled from a reference, found in a new picture, shown to who may see."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.web.conftest import Site

from tomeishi.access.permissions import Role
from tomeishi.client.client import Client, Problem
from tomeishi.testing.model_sheets import Situation, draw, identity, model_sheet, on_paper, placed

POLTAN, REMIA = identity(510_021), identity(510_022)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    ground = np.full((360, 640, 3), (200, 220, 235), np.uint8)
    ground[250:] = (120, 160, 110)
    drawn, _ = placed(ground, draw(POLTAN, Situation("wave", 1.3), height_px=400), 0.5, (0.4, 0.95))
    path = tmp_path / "scene.png"
    Image.fromarray(drawn).save(path)
    return path


def _reference(client: Client, step: Callable[[], bool], work: str, path: Path, figure: Any) -> str:
    Image.fromarray(on_paper(model_sheet(figure, 5))).save(path)
    begun = client.add_reference(work, path)
    while step():
        pass
    ended = client.wait_for(begun)
    assert ended.result is not None, ended.error
    return str(ended.result["reference"])


def test_a_character_enrolled_over_rest_is_found_with_its_drawings_and_reviewed(
    furnished: tuple[Site, Callable[[], bool]], client: Client, installed: Any, works: Any, tmp_path: Path, scene: Path
) -> None:
    site, step = furnished
    enrolled = {}
    for work, name, figure in ((installed.works[0], "Poltan", POLTAN), (installed.works[1], "Remia", REMIA)):
        reference = _reference(client, step, work, tmp_path / f"{name}.png", figure)
        character = client.add_character(work, name)["id"]
        enrolled[name] = client.add_drawings(work, character, reference)
        assert client.add_drawings(work, character, reference)["drawings"] == enrolled[name]["drawings"]
        assert len(enrolled[name]["drawings"]) == 5
    found = client.screen(scene)
    assert "character" in found.checked
    (finding,) = (each for each in found.findings if each["kind"] == "character")
    assert finding["name"] == "Poltan"
    assert finding["nearest_other"]["name"] == "Remia"
    (match,) = (each for each in client.matches() if each.kind == "character")
    site.person("Ann", Role.INVESTIGATOR)
    site.person("Ben", Role.MEMBER_LEGAL, member=works[0].member)
    ann, ben = site.signed_in("Ann"), site.signed_in("Ben")
    assert f"/matches/{match.id}/portrayal" in ann.get(f"/matches/{match.id}").text
    seen = [each.get(f"/matches/{match.id}/portrayal").text for each in (ann, ben)]
    assert ["Poltan" in text for text in seen] == [True, True]
    assert ["Remia" in text for text in seen] == [True, False], "another member's character is not for Ben's eyes"
    for number, statuses in ((0, (200, 200)), (2, (200, 200)), (3, (200, 404)), (4, (404, 404))):
        pictures = [each.get(f"/matches/{match.id}/drawings/{number}") for each in (ann, ben)]
        assert tuple(each.status_code for each in pictures) == statuses
    assert ann.get(f"/matches/{match.id}/drawings/0").headers["content-type"] == "image/webp"
    assert "Poltan (drawings: 5)" in ann.get(f"/works/{installed.works[0]}").text


def test_a_drawing_of_a_reference_that_is_not_of_the_work_is_refused(
    furnished: tuple[Site, Callable[[], bool]], client: Client, installed: Any
) -> None:
    character = client.add_character(installed.works[0], "Poltan")["id"]
    with pytest.raises(Problem) as refused:
        client.add_drawings(installed.works[0], character, installed.references[1])
    assert refused.value.status == 404
    with pytest.raises(Problem) as refused:
        client.add_drawings(installed.works[0], character, installed.references[0])
    assert (refused.value.status, "which second" in str(refused.value)) == (422, True)
    with pytest.raises(Problem) as refused:
        client.add_drawings(installed.works[0], character, installed.references[0], time=1, box=(0.9, 0.9, 0.5, 0.5))
    assert refused.value.status == 422
