"""REST as a program uses it: by the typed client, over a real connection, on real films."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.web.conftest import Site

from tomeishi.client.client import Client, Problem
from tomeishi.testing.edits import Planted


def test_a_clip_is_screened_at_once_as_the_command_line_does(
    client: Client, copied: tuple[Path, Planted], tomeishi: Callable[..., Any]
) -> None:
    found = client.screen(copied[0], provider="acme")
    line = json.loads(tomeishi("screen", "--jsonl", "--provider", "acme", copied[0]).out)
    assert found.findings == line["findings"] != []
    assert (found.verdict, found.digest, found.checked) == (line["verdict"], line["digest"], line["checked"])
    assert found.id is not None
    assert client.screening(found.id) == found


def test_a_style_is_told_where_it_is_asked_for(client: Client, copied: tuple[Path, Planted]) -> None:
    assert client.screen(copied[0]).styles is None
    found = client.screen(copied[0], style=True)
    assert "style" in found.checked
    assert found.styles
    assert found.id is not None
    assert client.screening(found.id).styles == found.styles
    with pytest.raises(Problem, match="write true or leave it out"):
        client._send("/screenings", copied[0], {"style": "yes"}, {"wait": True}, None)


def test_a_clip_becomes_an_operation_a_screening_and_a_match(
    furnished: tuple[Site, Callable[[], bool]], client: Client, copied: tuple[Path, Planted]
) -> None:
    begun = client.begin_screening(copied[0], provider="acme", repeat="clip-1")
    assert client.begin_screening(copied[0], provider="acme", repeat="clip-1").id == begun.id
    assert furnished[1]()
    assert not furnished[1]()
    ended = client.wait_for(begun)
    assert (ended.state, ended.error) == ("done", None)
    assert ended.result is not None
    found = client.matches(screening=ended.result["screening"])
    (match,) = [each for each in found if each.kind != "sound"]
    assert (match.state, match.provider, match.allowed) == ("open", "acme", False)
    confirmed = client.confirm(match, ["figure"], repeat="decision-1")
    assert confirmed.state == "confirmed"
    assert client.confirm(match, ["figure"], repeat="decision-1") == confirmed
    with pytest.raises(Problem) as refused:
        client.hold(match)
    assert refused.value.status == 412


def test_excluding_a_part_lets_the_next_screening_pass(client: Client, quoted: Path) -> None:
    first = client.screen(quoted)
    (match,) = [each for each in client.matches() if each.kind != "sound"]
    client.dismiss(match, "shared_material", exclude=(0.0, 12.0))
    assert client.screen(quoted).findings == []
    (exclusion,) = client.exclusions(match.reference)
    client.take_back_exclusion(exclusion.id)
    assert client.screen(quoted).findings == first.findings


def test_a_prompt_is_answered_and_kept_where_something_was_found(client: Client, works: tuple[Any, ...]) -> None:
    title = works[0].title
    found = client.screen_prompt(f"{title} in the rain", provider="acme")
    assert found.findings[0]["title"] == title
    assert found.id is not None
    assert client.screen_prompt("a cat in the rain").id is None


def test_a_grant_counts_at_once_and_so_does_its_revocation(client: Client) -> None:
    work = next(client.works())
    question = {"work": work.id, "use": "train", "provider": "acme"}
    assert client.check_consents([question])[0]["allowed"] is False
    entry = client.state_consent({"kind": "grant", "work": work.id, "uses": ["train"], "provider": "acme"})
    assert client.check_consents([question])[0]["allowed"] is True
    client.revoke_consent(entry.id)
    answer, error = client.check_consents([question, {"use": "train"}])
    assert (answer["allowed"], list(error)) == (False, ["error"])
    assert [each.kind for each in client.consents(work.id)] == ["grant", "revocation"]


def test_an_entry_that_the_member_signed_is_recorded_and_any_other_refused(
    client: Client, tomeishi: Callable[..., Any], tmp_path: Path, installed: Any
) -> None:
    signed = tmp_path / "signed.json"
    work = installed.works[0]
    done = tomeishi("consent", "grant", "--work", work, "--use", "train", "--sign-with", installed.key, "--out", signed)
    assert done.code == 0, done.err
    words = signed.read_text(encoding="utf-8")
    with pytest.raises(Problem) as refused:
        client.record_consent(words.replace("train", "index"))
    assert refused.value.status == 403
    assert client.record_consent(words).signature is not None


def test_a_reference_and_a_sheet_are_registered_by_operations(
    furnished: tuple[Site, Callable[[], bool]], client: Client, references: tuple[Path, ...], tmp_path: Path
) -> None:
    member = client.add_member("月影スタジオ")
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("member,title,aliases\n月影スタジオ,月の舟,Moon Boat\n月影スタジオ,,\n", encoding="utf-8")
    preview = client.preview_import(sheet)
    assert (preview["added"], [error["row"] for error in preview["errors"]]) == (["月の舟"], [3])
    begun = client.import_works(sheet, partial=True)
    assert furnished[1]()
    assert (client.wait_for(begun).result or {})["added"] == 1
    (work,) = client.works(member=member.id)
    assert (work.title, client.find_works("moon boat")[0]["work"]) == ("月の舟", work.id)
    begun = client.add_reference(work.id, references[2])
    assert furnished[1]()
    reference_id = (client.wait_for(begun).result or {})["reference"]
    (reference,) = client.references(work.id)
    assert (reference.id, reference.path) == (reference_id, references[2].name)
    assert client.screen(references[2]).findings[0]["reference_id"] == reference_id


def test_evidence_is_packed_downloaded_and_verified(
    furnished: tuple[Site, Callable[[], bool]], client: Client, quoted: Path, tmp_path: Path
) -> None:
    screening = client.screen(quoted)
    assert screening.id is not None
    begun = client.pack(screening.id, source_url="https://video.example/watch/1")
    assert furnished[1]()
    ended = client.wait_for(begun)
    assert ended.state == "done", ended.error
    (package,) = client.packages()
    path = client.download(package.id, tmp_path / "package.zip")
    assert client.verify(path).state == "intact"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert client.verify(path).state == "altered"


def test_lists_fetch_their_pages_by_themselves(client: Client) -> None:
    member = client.add_member("many")
    titles = [f"work {n}" for n in range(120)]
    for title in titles:
        client.add_work(member.id, title)
    assert [work.title for work in client.works(member=member.id)] == titles[::-1]


def test_a_key_that_came_with_another_request_is_refused(client: Client) -> None:
    client.add_member("one", repeat="k")
    with pytest.raises(Problem, match="another request"):
        client.add_member("two", repeat="k")
    assert [member.name for member in client.members()].count("two") == 0


def test_who_sends_nonsense_is_told_where_it_is(client: Client) -> None:
    with pytest.raises(Problem) as refused:
        client.state_consent({"kind": "grant", "work": "x", "conditions": {"longest_clip_s": "long"}})
    assert refused.value.status == 422
    assert [error["pointer"] for error in refused.value.errors] == ["#/conditions/longest_clip_s"]
