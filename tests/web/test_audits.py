"""Audits over REST: on what an administrator offered by name, seen by whom they concern."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.web.conftest import Site, site_of

from tomeishi import wiring
from tomeishi.access.permissions import KeyScope
from tomeishi.audit.offered import offered
from tomeishi.client.client import Client, Problem
from tomeishi.errors import BadInput
from tomeishi.testing.datasets import nobodys_picture
from tomeishi.testing.runners import InlineRunner
from tomeishi.web import tasks
from tomeishi.web.app import create_app
from tomeishi.web.standing import Standing

Worked = tuple[Site, Callable[[], bool]]


@pytest.fixture
def worked(home: Path, tmp_path: Path) -> Iterator[Worked]:
    """A site that offers one data set to its own people and one to a provider, and a worker for one job."""
    for name in ("house", "acme"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(nobodys_picture(1))
    with wiring.open(home) as platform:
        lines = [f'[{name}]\npath = "{tmp_path / name}"' for name in ("house", "acme")]
        platform.settings.datasets.write_text("\n".join([*lines, 'provider = "acme"']), encoding="utf-8")
        standing = Standing(platform)
        worker = platform.worker(tasks.handlers(platform, standing, InlineRunner()))
        with site_of(platform, create_app(platform, standing=standing)) as site:
            yield site, worker.step


def client(site: Site, **of: str) -> Client:
    return Client(site.address, site.key(KeyScope.AUDIT, **of))


def test_an_offered_data_set_is_audited_by_name(worked: Worked) -> None:
    site, step = worked
    with client(site) as ours:
        assert ours.datasets() == ["house", "acme"]
        begun = ours.begin_audit("house", provider="acme", checks=["digest"], repeat="once")
        assert ours.begin_audit("house", provider="acme", checks=["digest"], repeat="once").id == begun.id
        assert step()
        ended = ours.wait_for(begun)
        assert (ended.state, ended.error) == ("done", None)
        assert ended.result is not None
        assert {name: ended.result[name] for name in ("items", "no_match", "denied")} == {
            "items": 1,
            "no_match": 1,
            "denied": 0,
        }
        (listed,) = ours.audits()
        assert listed == ours.audit(ended.result["audit"])
    assert (listed.finished, listed.provider, listed.datasets, listed.checks) == (True, "acme", ["house"], ["digest"])
    assert listed.summary is not None
    assert listed.summary["items"] == 1


def test_a_provider_audits_what_is_offered_to_it_and_sees_its_own(worked: Worked) -> None:
    site, step = worked
    with client(site) as ours, client(site, provider="acme") as acme, client(site, provider="other") as other:
        ours.begin_audit("acme", provider="other", checks=["digest"])
        acme.begin_audit("acme", checks=["digest"])
        assert step()
        assert step()
        assert len(list(ours.audits())) == 2
        (mine,) = acme.audits()
        (theirs,) = other.audits()
        assert (mine.provider, theirs.provider) == ("acme", "other")
        assert (acme.datasets(), other.datasets()) == (["acme"], [])
        for asked in (lambda: acme.audit(theirs.id), lambda: acme.begin_audit("house")):
            with pytest.raises(Problem) as refused:
                asked()
            assert refused.value.status == 404
        with pytest.raises(Problem) as refused:
            acme.begin_audit("acme", provider="other")
        assert refused.value.status == 403


@pytest.mark.parametrize("name", ["/etc", "../house", "house/../../etc", "s3://house", ""])
def test_no_place_can_be_asked_for(worked: Worked, name: str) -> None:
    with client(worked[0]) as ours, pytest.raises(Problem) as refused:
        ours.begin_audit(name, provider="acme")
    assert refused.value.status == 404


@pytest.mark.parametrize("name", ["..", "...", "..%2F..", "none"])
def test_no_folder_but_that_of_an_audit_is_read(worked: Worked, name: str) -> None:
    answer = worked[0].with_key(worked[0].key(KeyScope.AUDIT)).get(f"/v1/audits/{name}")
    assert answer.status_code == 404


def test_an_audit_of_the_command_line_is_listed_where_it_was_written_there(worked: Worked, tmp_path: Path) -> None:
    site, _ = worked
    out = site.platform.settings.audits / "by-hand"
    for _ in site.platform.audits.run([str(tmp_path / "house")], out, InlineRunner(), provider="acme"):
        pass
    with client(site) as ours:
        (listed,) = ours.audits()
    assert (listed.id, listed.datasets, listed.finished) == ("by-hand", ["house"], True)


def test_what_is_no_longer_offered_is_not_audited(worked: Worked) -> None:
    site, step = worked
    with client(site) as ours:
        begun = ours.begin_audit("house", provider="acme")
        site.platform.settings.datasets.unlink()
        assert step()
        assert "no longer offered" in str(ours.operation(begun.id).error)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a", "cannot be read"),
        ("a = 1", r"\[a\] needs a path"),
        ('[a]\npath = ""', r"\[a\] needs a path"),
        ('[a]\npath = "films"', "from the root"),
        ('[a]\npath = "/films"\nprovider = 3', "both texts"),
        ('[a]\npath = "/films"\nowner = "b"', "nothing else"),
    ],
)
def test_a_file_that_offers_something_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "datasets.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=said) as refused:
        offered(file)
    assert "\n" not in str(refused.value)
