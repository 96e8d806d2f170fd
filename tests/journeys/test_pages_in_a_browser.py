"""Whole ways through the pages in a real Chromium: by keyboard, in both languages, light and dark, wide and narrow."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.conftest import Homes, Installation
from tests.journeys.conftest import PICTURES
from tests.web.conftest import PASSWORD
from tests.web.reviewed import ADMINISTRATOR, INVESTIGATOR, OWNER, Reviewed, furnish, reviewed_site

from tomeishi.review.states import State
from tomeishi.testing.edits import Planted
from tomeishi.web import tasks
from tomeishi.web.standing import Standing

Open = Callable[..., Page]

PATHS = {
    "today": "/",
    "works": "/works",
    "import": "/works/import",
    "work": "/works/{work}",
    "screenings": "/screenings",
    "matches": "/matches",
    "review": "/matches/{match}",
    "insights": "/insights",
    "settings": "/settings",
    "verify": "/verify",
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def furnished(
    template: Path, copied: tuple[Path, Planted], tmp_path_factory: pytest.TempPathFactory, homes: Homes
) -> tuple[Path, str, str]:
    folder = tmp_path_factory.mktemp("journey")
    homes.copy(template / "home", folder / "home")
    ids = json.loads((template / "ids.json").read_text())
    installed = Installation(folder / "home", tuple(ids["works"]), tuple(ids["references"]), template / "member.json")
    return (folder / "home", *furnish(installed, copied[0]))


@pytest.fixture
def served(furnished: tuple[Path, str, str], tmp_path: Path, homes: Homes) -> Iterator[Reviewed]:
    """With a worker beside it, as `tomeishi serve` has."""
    home, work, match = furnished
    with reviewed_site(homes.copy(home, tmp_path / "home"), work, match) as reviewed, working(reviewed):
        yield reviewed


@contextmanager
def working(reviewed: Reviewed) -> Iterator[None]:
    platform = reviewed.site.platform
    worker = platform.worker(tasks.handlers(platform, Standing(platform)))
    thread = Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


def sign_in(page: Page, name: str) -> None:
    page.goto("/login")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/")


def settled(page: Page) -> Page:
    page.wait_for_load_state("networkidle")
    expect(page.locator(".htmx-request")).to_have_count(0)
    return page


def test_a_match_is_reviewed_by_keyboard_alone(served: Reviewed, open_page: Open) -> None:
    page = open_page(served.site.address)
    sign_in(page, INVESTIGATOR)
    page.keyboard.press("Enter")  # the first match
    settled(page)
    expect(page.locator("[data-needs-point]")).to_be_disabled()
    page.keyboard.press("y")  # nothing named yet: nothing happens
    assert served.stored().state is State.OPEN
    page.keyboard.press("2")
    page.keyboard.press("y")
    expect(page.locator(".state.confirmed")).to_be_visible()
    assert served.stored().state is State.CONFIRMED
    page.keyboard.press("u")
    expect(page.locator("[data-needs-point]")).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator("#dismissing")).to_be_visible()
    page.keyboard.press("3")
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.locator(".state.dismissed")).to_be_visible()
    assert served.stored().state is State.DISMISSED
    page.reload()
    expect(page.locator("rect.excluded")).to_have_count(1)
    page.keyboard.press("u")
    expect(page.locator("[data-needs-point]")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#keys dt")).not_to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.locator("x-player")).to_have_attribute("data-mode", "flicker")


def test_single_keys_do_nothing_once_they_are_turned_off(served: Reviewed, open_page: Open) -> None:
    page = open_page(served.site.address)
    sign_in(page, INVESTIGATOR)
    page.goto("/settings")
    page.click("[name=keys][value=off]")
    page.goto(f"/matches/{served.match}")
    settled(page)
    page.keyboard.press("2")
    page.keyboard.press("d")
    expect(page.locator("[name=points]:checked")).to_have_count(0)
    expect(page.locator("x-player")).to_have_attribute("data-mode", "side")
    page.check("[name=points][value=face]")
    page.click("[data-needs-point]")
    expect(page.locator(".state.confirmed")).to_be_visible()


def test_from_files_to_sealed_evidence_that_is_verified_in_the_browser(
    served: Reviewed, open_page: Open, quoted: Path, tmp_path: Path
) -> None:
    page = open_page(served.site.address, language="ja")
    sign_in(page, INVESTIGATOR)
    page.goto("/screenings")
    page.set_input_files("#files", quoted)
    page.fill("[name=provider]", "acme")
    page.check("[name=style]")
    page.click("form[data-each] button.main-button")
    page.wait_for_url("**/screenings")
    row = page.locator("#screenings tr", has_text=quoted.name)
    expect(row.locator("a").first).to_be_visible(timeout=120_000)
    expect(row).to_contain_text("Its whole look comes near")
    row.locator("a").first.click()
    settled(page)
    page.keyboard.press("1")
    page.keyboard.press("y")
    expect(page.locator(".state.confirmed")).to_be_visible()
    expect(page.locator("#evidence button")).to_be_visible()
    page.keyboard.press("e")
    link = page.locator("#evidence a[download]")
    expect(link).to_be_visible(timeout=120_000)
    with page.expect_download() as downloading:
        link.click()
    package = tmp_path / "package.zip"
    downloading.value.save_as(package)

    stranger = open_page(served.site.address)
    requests = list[str]()
    stranger.goto("/verify")
    settled(stranger)
    stranger.on("request", lambda request: requests.append(request.url))
    stranger.set_input_files("#verify-file", package)
    expect(stranger.locator(".outcome")).to_have_attribute("data-state", "intact")
    expect(stranger.locator('.checks li[data-ok="true"]')).to_have_count(6)
    stranger.click("[data-tamper]")
    expect(stranger.locator(".outcome")).to_have_attribute("data-state", "altered")
    expect(stranger.locator('.checks li[data-ok="false"]')).not_to_have_count(0)
    stranger.click("[data-restore]")
    expect(stranger.locator(".outcome")).to_have_attribute("data-state", "intact")
    assert not requests  # nothing left the page


def test_a_catalogue_is_imported_with_its_media(served: Reviewed, open_page: Open, clean: Path, tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    shutil.copy(clean, media / "ep01.mp4")
    sheet = tmp_path / "works.csv"
    sheet.write_text(
        "会員,作品名,読み,ファイル\n新会員,新作,しんさく,ep01.mp4\n新会員,欠番,けつばん,ep99.mp4\n", encoding="utf-8"
    )
    page = open_page(served.site.address, language="ja")
    sign_in(page, ADMINISTRATOR)
    page.goto("/works/import")
    page.set_input_files("#sheet", sheet)
    page.set_input_files("#media", media)
    page.click("form[data-import] button.main-button")
    page.wait_for_url("**/works/import/imp_*")
    expect(page.locator("td.bad")).to_have_count(1)
    with page.expect_download() as downloading:
        page.click("a[download]")
    assert downloading.value.suggested_filename == "errors.xlsx"
    page.check("[name=partial]")
    page.click("main form button.main-button")
    page.wait_for_url("**/works")
    page.click("text=新作")
    expect(page.locator("h1")).to_have_text("新作")
    assert not list((served.site.platform.settings.spool / "imports").iterdir())


def test_a_member_grants_a_use_and_sees_it_in_the_matrix(served: Reviewed, open_page: Open) -> None:
    page = open_page(served.site.address)
    sign_in(page, OWNER)
    page.goto(f"/works/{served.work}")
    page.click("summary:has-text('Change the permission')")
    page.check("[name=use][value=train]")
    page.fill("form [name=provider] >> nth=1", "acme")
    page.keyboard.press("Tab")
    expect(page.locator("#preview")).to_contain_text("acme")
    page.click("text=Record in the ledger")
    expect(page.locator(".mark-yes")).to_have_count(1)
    page.click("button:has-text('Revoke')")
    expect(page.locator(".mark-yes")).to_have_count(0)


def test_the_reference_keeps_step_with_a_query_at_another_speed(
    furnished: tuple[Path, str, str], references: tuple[Path, ...], open_page: Open, tmp_path: Path, homes: Homes
) -> None:
    """In step within 40 ms, half of the time at least: a machine that is busy elsewhere drops frames of both films."""
    home, work, match = furnished
    with reviewed_site(homes.copy(home, tmp_path / "home"), work, match) as reviewed:
        page = open_page(reviewed.site.address)
        sign_in(page, INVESTIGATOR)
        page.goto(f"/matches/{match}")
        settled(page)
        page.evaluate("document.querySelector('x-player').segments = [[0, 8, 1, 11]]")
        drift = page.evaluate(DRIFT)
    assert len(drift) > 20
    assert median(abs(each) for each in drift) < 0.040, drift


DRIFT = """async () => {
  const player = document.querySelector("x-player");
  const found = [];
  player.seek(0);
  player.play();
  const until = performance.now() + 6000;
  while (performance.now() < until) {
    await new Promise((done) => setTimeout(done, 50));
    if (player.playing && player.time > 1 && player.drift !== null) found.push(player.drift);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def looked_at(
    furnished: tuple[Path, str, str], tmp_path_factory: pytest.TempPathFactory, homes: Homes
) -> Iterator[Reviewed]:
    """One for all looks: they change nothing that another one sees."""
    home, work, match = furnished
    with reviewed_site(homes.copy(home, tmp_path_factory.mktemp("looks") / "home"), work, match) as reviewed:
        yield reviewed


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_is_accessible_and_fits(
    looked_at: Reviewed, open_page: Open, language: str, scheme: str, width: int
) -> None:
    problems: dict[str, Any] = {}
    kind = f"{language}-{scheme}-{width}"
    PICTURES.mkdir(exist_ok=True)
    page = open_page(looked_at.site.address, language=language, scheme=scheme, width=width)
    _visit(page, "/login")
    _examine(page, f"login-{kind}", problems)
    sign_in(page, ADMINISTRATOR)
    page.request.post("/language", form={"language": language, "csrf": _csrf(page)})
    for name, path in PATHS.items():
        _visit(page, path.format(work=looked_at.work, match=looked_at.match))
        _examine(page, f"{name}-{kind}", problems)
    _visit(page, "/settings")
    page.click("form[action='/settings/second-factor'] button")
    expect(page.locator("svg.qr")).to_be_visible()
    _examine(page, f"second-factor-{kind}", problems)
    assert not problems


def _csrf(page: Page) -> str:
    return str(page.locator("input[name=csrf]").first.get_attribute("value"))


def _visit(page: Page, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None
    assert answer.ok, f"{address}: {answer.status}"


def _examine(page: Page, name: str, problems: dict[str, Any]) -> None:
    settled(page)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response["violations"]
    told = [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        told.append(("wider than the window", []))
    if told:
        problems[name] = told
