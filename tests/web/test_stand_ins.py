"""The demo's people: who has the key of a run is let in, and may be each of them; nobody else."""

import re
from pathlib import Path

from tests.web.conftest import site_of

from tomeishi import wiring
from tomeishi.cli.demo_site import furnish
from tomeishi.registry import works
from tomeishi.web.app import create_app
from tomeishi.web.pages.stand_ins import let_in


def test_whoever_has_the_key_looks_at_the_demo_as_each_of_its_people(home: Path) -> None:
    with wiring.open(home) as platform:
        with platform.transaction() as tx:
            works.add_member(tx, "星川")
        app = create_app(platform)
        way_in = let_in(app, furnish(platform, [], "星川", "acme"))
        with site_of(platform, app) as site:
            visitor = site.visitor({"Accept-Language": "ja"})
            assert visitor.get("/").status_code == 303
            assert visitor.get("/demo/enter?key=wrong").status_code == 403
            assert visitor.get(way_in).headers["location"] == "/"
            page = visitor.get("/").text
            people = dict(re.findall(r'<option value="(per_\w+)"[^>]*>([^<]+)</option>', page))
            assert list(people.values()) == [
                "調査担当",
                "管理者",
                "監査（閲覧のみ）",
                "会員（法務）",
                "提供事業者の窓口",
            ]
            for person, role in people.items():
                token = re.findall(r'name="csrf" value="(\w+)"', visitor.get("/").text)[0]
                assert visitor.post("/demo/role", data={"csrf": token, "person": person}).status_code == 303
                assert f'<option value="{person}" selected>{role}' in visitor.get("/").text
            token = re.findall(r'name="csrf" value="(\w+)"', visitor.get("/").text)[0]
            assert visitor.post("/demo/role", data={"csrf": token, "person": "per_else"}).status_code == 404


def test_no_other_site_has_a_way_in(home: Path) -> None:
    with wiring.open(home) as platform, site_of(platform, create_app(platform)) as site:
        assert site.visitor().get("/demo/enter?key=x").status_code == 404
