"""Pages: who sees which, what they show of a match, and what happens when something on them is pressed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import Homes, Installation
from tests.web.reviewed import (
    AUDITOR,
    DESK,
    ENGINEER,
    INVESTIGATOR,
    OTHER_MEMBER,
    OWNER,
    PEOPLE,
    Reviewed,
    furnish,
    reviewed_site,
)

from tomeishi.consent import ledger
from tomeishi.registry import references
from tomeishi.review.states import State
from tomeishi.testing.edits import Planted

Furnished = tuple[Path, str, str]
"""Home, work, match."""

PAGES = ("/", "/works", "/screenings", "/matches", "/insights", "/settings", "/verify")


@pytest.fixture(scope="module")
def furnished(
    template: Path, copied: tuple[Path, Planted], tmp_path_factory: pytest.TempPathFactory, homes: Homes
) -> Furnished:
    """Made once: screening and passwords cost seconds."""
    folder = tmp_path_factory.mktemp("furnished")
    homes.copy(template / "home", folder / "home")
    ids = json.loads((template / "ids.json").read_text())
    installed = Installation(folder / "home", tuple(ids["works"]), tuple(ids["references"]), template / "member.json")
    return (folder / "home", *furnish(installed, copied[0]))


@pytest.fixture
def reviewed(furnished: Furnished, tmp_path: Path, homes: Homes) -> Iterator[Reviewed]:
    home, work, match = furnished
    with reviewed_site(homes.copy(home, tmp_path / "home"), work, match) as site:
        yield site


def test_everybody_gets_the_pages_of_their_role_and_no_other(reviewed: Reviewed) -> None:
    open_to: dict[str, list[str]] = {name: [] for name in PEOPLE}
    for name in PEOPLE:
        browser = reviewed.browser(name)
        bar = set(re.findall(r'href="(/[a-z]*)"', browser.get("/").text.split("<nav")[1].split("</nav>")[0]))
        for page in PAGES:
            status = browser.get(page).status_code
            assert status in (200, 403)
            assert (status == 200) == (page in bar), (name, page)
            open_to[name] += [page] if status == 200 else []
    assert open_to[INVESTIGATOR] == open_to[AUDITOR] == open_to[OWNER] == list(PAGES)
    assert open_to[ENGINEER] == open_to[DESK] == ["/", "/screenings", "/settings", "/verify"]


def test_a_stranger_gets_nothing_but_verify_and_the_form_to_sign_in(reviewed: Reviewed) -> None:
    stranger = reviewed.site.visitor()
    assert [stranger.get(page).status_code for page in PAGES] == [303, 303, 303, 303, 303, 303, 200]
    for part in ("", "/pairs", "/curve", "/media/query", "/media/reference", "/pictures/0/query"):
        assert stranger.get(f"/matches/{reviewed.match}{part}").status_code == 303


def test_a_member_finds_no_match_and_no_film_of_another_member(reviewed: Reviewed) -> None:
    other = reviewed.browser(OTHER_MEMBER)
    for part in ("", "/pairs", "/curve", "/media/query", "/media/reference", "/pictures/0/query"):
        assert other.get(f"/matches/{reviewed.match}{part}").status_code == 404
    assert other.post(f"/matches/{reviewed.match}/hold").status_code == 404
    assert other.get(f"/works/{reviewed.work}").status_code == 404
    assert reviewed.browser(OWNER).get(f"/matches/{reviewed.match}").status_code == 200


def test_the_queue_leads_to_the_match_and_back_into_the_same_filter(reviewed: Reviewed) -> None:
    browser = reviewed.browser()
    assert f'href="/matches/{reviewed.match}?band=strong"' in browser.get("/matches?band=strong").text
    page = browser.get(f"/matches/{reviewed.match}?band=strong").text
    assert f'hx-post="/matches/{reviewed.match}/confirm?band=strong"' in page
    assert f"/matches/{reviewed.match}" not in browser.get("/matches?band=weak").text
    assert browser.get("/matches?state=nonsense&band=nonsense").status_code == 200


def test_media_comes_in_ranges_and_is_told_by_its_bytes(reviewed: Reviewed, copied: tuple[Path, Planted]) -> None:
    browser = reviewed.browser()
    whole = copied[0].read_bytes()
    for side in ("query", "reference"):
        answer = browser.get(f"/matches/{reviewed.match}/media/{side}", headers={"Range": "bytes=10-19"})
        assert (answer.status_code, len(answer.content)) == (206, 10)
        assert answer.headers["content-type"] == "video/mp4"
    assert browser.get(f"/matches/{reviewed.match}/media/query").content == whole
    assert browser.get(f"/matches/{reviewed.match}/media/other").status_code == 404


def test_a_reference_that_is_another_file_now_is_not_shown(reviewed: Reviewed) -> None:
    browser = reviewed.browser()
    with reviewed.site.platform.reading() as tx:
        place = Path(references.reference(tx, reviewed.stored().reference_id).location)
    kept = place.read_bytes()
    try:
        place.write_bytes(b"something else")
        assert browser.get(f"/matches/{reviewed.match}/media/reference").status_code == 404
        assert 'class="note warn"' in browser.get(f"/matches/{reviewed.match}/pairs").text
    finally:
        place.write_bytes(kept)


def test_frame_pairs_and_curve_are_made_by_the_server(reviewed: Reviewed) -> None:
    browser = reviewed.browser()
    pictures = re.findall(r'src="(/matches/[^"]+)"', browser.get(f"/matches/{reviewed.match}/pairs").text)
    assert len(pictures) == 6
    answers = [browser.get(each) for each in pictures]
    assert {each.headers["content-type"] for each in answers} == {"image/webp"}
    assert browser.get(f"/matches/{reviewed.match}/pictures/9/query").status_code == 404
    assert browser.get(f"/matches/{reviewed.match}/pictures/0/../../secret").status_code == 404
    curve = browser.get(f"/matches/{reviewed.match}/curve").text
    points = re.findall(r"\[(\d+\.\d+), ?(\d\.\d+)\]", curve.replace("&#34;", '"'))
    matched = reviewed.stored().finding["segments"][0]
    inside = [float(s) for t, s in points if matched[0] + 0.5 <= float(t) < matched[1] - 0.5]
    assert len(inside) >= 6
    assert min(inside) > reviewed.site.platform.same_frame


def test_a_match_is_confirmed_with_a_named_point_and_not_without(reviewed: Reviewed) -> None:
    browser = reviewed.browser()
    place = f"/matches/{reviewed.match}"
    assert browser.post(f"{place}/confirm").status_code == 422
    assert browser.post(f"{place}/confirm", data={"points": "nonsense"}).status_code == 422
    answer = browser.post(f"{place}/confirm", data={"points": ["face", "costume"], "note": "both"})
    assert answer.status_code == 200
    assert f"{place}/undo" in answer.text
    assert reviewed.stored().state is State.CONFIRMED
    assert browser.post(f"{place}/dismiss", data={"reason": "generic"}).status_code == 409
    assert browser.post(f"{place}/undo").status_code == 200
    assert reviewed.stored().state is State.OPEN


def test_dismissing_with_the_part_excludes_it_and_undo_takes_that_back(reviewed: Reviewed) -> None:
    browser = reviewed.browser()
    place = f"/matches/{reviewed.match}"
    assert browser.post(f"{place}/dismiss", data={"reason": "generic", "exclude": "yes"}).status_code == 200
    matched = reviewed.stored()
    with reviewed.site.platform.reading() as tx:
        (excluded,) = references.exclusions(tx, matched.reference_id)
    spans = matched.finding["segments"]
    assert (excluded.interval.start, excluded.interval.end) == (spans[0][2], spans[0][3])
    assert 'class="excluded"' in browser.get(place).text
    assert browser.post(f"{place}/undo").status_code == 200
    with reviewed.site.platform.reading() as tx:
        assert references.exclusions(tx, matched.reference_id) == []


def test_whoever_only_reads_is_shown_no_button_and_refused(reviewed: Reviewed) -> None:
    auditor = reviewed.browser(AUDITOR)
    place = f"/matches/{reviewed.match}"
    assert "hx-post" not in auditor.get(place).text.split("<main")[1]
    assert auditor.post(f"{place}/confirm", data={"points": "face"}).status_code == 403
    assert reviewed.stored().state is State.OPEN


def test_a_refusal_inside_a_page_is_told_beside_it(reviewed: Reviewed) -> None:
    answer = reviewed.browser().post(f"/matches/{reviewed.match}/confirm", headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert answer.headers["hx-retarget"] == "#toasts"
    assert answer.text.startswith('<div class="toast">')


def test_several_matches_are_handed_to_one_person(reviewed: Reviewed) -> None:
    browser = reviewed.browser()
    person = re.findall(r'<option value="(per_\w+)">ito</option>', browser.get("/matches").text)[0]
    words = {"match": reviewed.match, "assignee": person, "next": "/matches?assignee=nobody"}
    answer = browser.post("/matches/assign", data=words)
    assert (answer.status_code, answer.headers["location"]) == (303, "/matches?assignee=nobody")
    assert reviewed.stored().assignee == "ito"
    assert reviewed.browser(AUDITOR).post("/matches/assign", data=words).status_code == 403


def test_a_member_states_its_consent_and_ends_it(reviewed: Reviewed) -> None:
    owner = reviewed.browser(OWNER)
    place = f"/works/{reviewed.work}"
    assert 'class="mark-yes"' not in owner.get(place).text
    words = {
        "kind": "grant",
        "use": ["train", "reproduce"],
        "provider": "acme",
        "territories": "jp us",
        "until": "2099-01-01",
    }
    preview = owner.post(f"{place}/consent/preview", data=words).text
    assert "acme" in preview
    assert "JP" in preview
    assert owner.post(f"{place}/consent", data=words).status_code == 303
    page = owner.get(place).text
    assert page.count('class="mark-yes"') == 2
    with reviewed.site.platform.reading() as tx:
        (entry,) = ledger.entries(tx)
    assert (entry.recorded_by, entry.statement.provider) == ("owner", "acme")
    assert owner.post(f"{place}/consent/revoke", data={"entry": entry.id}).status_code == 303
    assert 'class="mark-yes"' not in owner.get(place).text


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"kind": "revocation", "use": "train"},
        {"use": "train", "until": "soon"},
        {"use": "train", "territories": "EN"},
    ],
)
def test_a_statement_that_says_nothing_is_refused(reviewed: Reviewed, words: dict[str, str]) -> None:
    assert reviewed.browser(OWNER).post(f"/works/{reviewed.work}/consent", data=words).status_code == 422


def test_only_the_member_and_the_house_state_consent_for_a_work(reviewed: Reviewed) -> None:
    words = {"use": "train"}
    for name in (OTHER_MEMBER, AUDITOR, INVESTIGATOR, DESK):
        status = reviewed.browser(name).post(f"/works/{reviewed.work}/consent", data=words).status_code
        assert status in (403, 404), name
    assert reviewed.browser("abe").post(f"/works/{reviewed.work}/consent", data=words).status_code == 303


def test_works_are_found_by_any_of_their_names(reviewed: Reviewed) -> None:
    browser = reviewed.browser()
    everything = browser.get("/works").text
    title = re.findall(rf'href="/works/{reviewed.work}">([^<]+)<', everything)[0]
    assert f"/works/{reviewed.work}" in browser.get("/works", params={"q": title[:2]}).text
    assert "<table" not in browser.get("/works", params={"q": "nothing is called this"}).text
    own = reviewed.browser(OTHER_MEMBER).get("/works").text
    assert reviewed.work not in own


def test_language_colours_and_keys_follow_the_person_and_the_browser(reviewed: Reviewed) -> None:
    stranger = reviewed.site.visitor({"Accept-Language": "ja"})
    assert '<html lang="ja"' in stranger.get("/verify").text
    browser = reviewed.browser()
    assert '<html lang="en"' in browser.get("/settings").text
    for name, value in (("language", "ja"), ("theme", "dark"), ("keyboard", "off")):
        words = {name.replace("keyboard", "keys"): value, "next": "/settings"}
        assert browser.post(f"/{name}", data=words).headers["location"] == "/settings"
    page = browser.get("/settings").text
    assert '<html lang="ja" data-theme="dark" data-keys="off">' in page
    assert browser.post("/language", data={"language": "fr"}).status_code == 422
    assert (
        browser.post("/theme", data={"theme": "dark", "next": "https://elsewhere.example"}).headers["location"] == "/"
    )
    assert '<html lang="ja"' in reviewed.browser().get("/settings").text  # the person's own, in any browser


def test_an_administrator_adds_shuts_out_and_makes_keys(reviewed: Reviewed) -> None:
    admin = reviewed.browser("abe")
    page = admin.get("/settings").text
    house = re.findall(r'<option value="(org_\w+)">Coalition</option>', page)[0]
    words = {"name": "kato", "password": "a stone that nobody lifts", "organisation": house, "role": "auditor"}
    assert admin.post("/settings/people", data=words).status_code == 303
    assert reviewed.browser("kato").get("/settings").status_code == 200
    row = next(each for each in admin.get("/settings").text.split("<tr>") if ">kato<" in each)
    person = re.findall(r"/settings/people/(per_\w+)", row)[0]
    assert admin.post(f"/settings/people/{person}", data={"shut": "yes"}).status_code == 303
    with pytest.raises(AssertionError, match="wrong"):
        reviewed.browser("kato")
    made = admin.post("/settings/keys", data={"name": "pipeline", "scope": ["screen"]}).text
    key = re.findall(r"(tomeishi_[\w-]{20,})", made)[0]
    assert reviewed.site.with_key(key).get("/v1/me").status_code == 200
    assert key not in admin.get("/settings").text
    assert reviewed.browser().post("/settings/people", data=words).status_code == 403


def test_style_and_scripts_are_told_unchanged_by_304(reviewed: Reviewed) -> None:
    stranger = reviewed.site.visitor()
    page = stranger.get("/verify").text
    for path in re.findall(r'(?:href|src)="(/static/[^"#]+)"', page):
        first = stranger.get(path)
        assert first.status_code == 200, path
        again = stranger.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
    assert "immutable" in stranger.get("/static/fonts/BIZUDPGothic-Regular.ttf").headers["cache-control"]
    assert stranger.get("/static/../app.py").status_code == 404
