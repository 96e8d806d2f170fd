"""`tomeishi consent` over the whole lattice: franchises, characters, elements, conditions, the coalition."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tomeishi import wiring
from tomeishi.registry import works as catalogue

Command = Callable[..., Any]


def _json(outcome: Any) -> Any:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


@pytest.fixture
def characters(installed: Any) -> tuple[str, str]:
    """Two characters of the first work."""
    with wiring.open(installed.home) as platform, platform.transaction() as tx:
        first, second = (catalogue.add_character(tx, installed.works[0], name) for name in ("ピコ丸", "ポコ"))
    return first, second


def test_a_real_licence_can_be_stated_and_asked_about(
    tomeishi: Command, installed: Any, characters: tuple[str, str], tmp_path: Path
) -> None:
    paper = tmp_path / "licence.pdf"
    paper.write_bytes(b"licence")
    licence = ["consent", "grant", "--sign-with", installed.key, "--use", "generate_character", "--provider", "acme"]
    for each in characters:
        licence += ["--character", each]
    licence += ["--output", "still", "--output", "video", "--longest-clip", "30", "--territory", "JP"]
    licence += ["--exclude", "likeness", "--exclude", "voice", "--until", "2999-01-01", "--document", paper]
    licence += ["--issuer", "ライツ部", "--authority", "製作委員会の幹事会社として", "--json"]
    stated = _json(tomeishi(*licence))
    assert stated["entry"] == stated["entries"][0]
    assert len(stated["entries"]) == 2
    history = _json(tomeishi("consent", "history", "--character", characters[0], "--json"))
    assert [json.loads(entry["words"])["scope"]["id"] for entry in history] == [characters[0]]
    assert len({json.loads(e["words"])["document"] for e in _json(tomeishi("consent", "history", "--json"))}) == 1

    ask = ("consent", "check", "--character", characters[1], "--use", "generate_character", "--provider", "acme")
    answer = _json(tomeishi(*ask, "--json"))
    assert (answer["allowed"], answer["because"]) == (True, [stated["entries"][1]])
    assert answer["conditions"][0]["longest_clip_s"] == 30
    assert answer["conditions"][0]["excluded"] == ["voice", "likeness"]
    met = ("--territory", "JP", "--output", "video", "--duration", "29.5", "--element", "costume")
    assert _json(tomeishi(*ask, *met, "--json"))["conditions"] == []
    for outside in (("--territory", "US"), ("--duration", "31"), ("--element", "voice"), ("--output", "sound")):
        refused = _json(tomeishi(*ask, *outside, "--json"))
        assert not refused["allowed"], outside
        assert refused["lost"][0]["entry"] == stated["entries"][1]
    assert not _json(tomeishi("consent", "check", "--character", characters[0], "--use", "train", "--json"))["allowed"]
    plain = tomeishi(*ask, "--territory", "US").out
    assert plain.startswith("not allowed\nNot allowed: grant ")
    assert "did not count: it is for other territories" in plain


def test_a_franchise_reaches_the_works_put_into_it(tomeishi: Command, installed: Any, works: Any) -> None:
    made = _json(tomeishi("works", "franchise", "シリーズ", "--member", works[0].member, "--json"))["franchise"]
    grant = ("consent", "grant", "--franchise", made, "--use", "search", "--sign-with", installed.key)
    assert tomeishi(*grant).code == 0
    ask = ("consent", "check", "--work", installed.works[0], "--use", "search", "--json")
    assert not _json(tomeishi(*ask))["allowed"]
    again = ("works", "franchise", "シリーズ", "--member", works[0].member, "--work", installed.works[0])
    assert tomeishi(*again).out.strip() == made
    assert _json(tomeishi(*ask))["allowed"]
    (listed,) = _json(tomeishi("works", "franchises", "--json"))
    assert (listed["franchise"], listed["works"]) == (made, [installed.works[0]])
    added = ("works", "add", "--member", works[0].member, "--title", "新作", "--franchise", "シリーズ", "--json")
    new = _json(tomeishi(*added))["work"]
    assert _json(tomeishi("consent", "check", "--work", new, "--use", "search", "--json"))["allowed"]


def test_the_coalition_reserves_and_a_member_opens(tomeishi: Command, installed: Any) -> None:
    reserved = _json(tomeishi("consent", "reserve", "--coalition", "--use", "train", "--json"))["entry"]
    ask = ("consent", "check", "--work", installed.works[0], "--use", "train", "--json")
    assert _json(tomeishi(*ask))["because"] == [reserved]
    grant = ("consent", "grant", "--work", installed.works[0], "--use", "train", "--sign-with", installed.key)
    assert tomeishi(*grant).code == 0
    answer = _json(tomeishi(*ask))
    assert answer["allowed"]
    assert answer["lost"][0]["entry"] == reserved
    assert "for the coalition" in tomeishi("consent", "history").out
    assert "coalition  in use" in tomeishi("keys", "list").out
    assert tomeishi("consent", "revoke", reserved, "--by", "佐藤").code == 2
    assert tomeishi("consent", "revoke", reserved, "--sign-with", installed.key).code == 2
    assert tomeishi("consent", "revoke", reserved).code == 0
    other = ("consent", "check", "--work", installed.works[1], "--use", "train", "--json")
    assert _json(tomeishi(*other))["because"] == []


def test_lines_from_standard_input_are_answered_one_by_one(
    tomeishi: Command, installed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = ("consent", "grant", "--work", installed.works[0], "--use", "train", "--sign-with", installed.key, "--json")
    entry = _json(tomeishi(*grant))["entry"]
    good = {"work": installed.works[0], "use": "train", "provider": "acme", "model": None}
    lines = [good, good | {"at": "2020-01-01"}, good | {"use": "remix"}, good]
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(json.dumps(line) + "\n" for line in lines)))
    outcome = tomeishi("consent", "check", "--jsonl")
    answers = [json.loads(line) for line in outcome.out.splitlines()]
    assert outcome.code == 3
    assert [each.get("allowed") for each in answers] == [True, False, None, True]
    assert answers[0]["because"] == [entry]
    assert set(answers[0]) >= {"allowed", "because", "text", "lost", "conditions"}
    assert "no use is called 'remix'" in answers[2]["error"]
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert (tomeishi("consent", "check", "--jsonl").code, tomeishi("consent", "check", "--jsonl").out) == (0, "")
    assert tomeishi("consent", "check", "--jsonl", "--use", "train").code == 2


def test_entries_travel_to_another_registry_as_received(
    tomeishi: Command, installed: Any, characters: tuple[str, str], tmp_path: Path
) -> None:
    about = ("--character", characters[0], "--character", characters[1], "--use", "input")
    travelling = tmp_path / "two.jsonl"
    assert tomeishi("consent", "grant", *about, "--sign-with", installed.key, "--out", travelling).code == 0
    assert len(travelling.read_text(encoding="utf-8").splitlines()) == 2
    done = _json(tomeishi("consent", "import", travelling, "--json"))
    assert (len(done["recorded"]), done["known"], done["errors"]) == (2, 0, [])
    assert tomeishi("consent", "reserve", "--work", installed.works[0], "--by", "佐藤").code == 0

    exported, signed = tmp_path / "all.jsonl", tmp_path / "signed.jsonl"
    assert tomeishi("consent", "export", exported).code == 0
    assert tomeishi("consent", "export", signed, "--signed").code == 0
    assert signed.read_bytes() == travelling.read_bytes()
    assert tomeishi("consent", "export", signed).code == 2
    again = _json(tomeishi("consent", "import", exported, "--json"))
    assert (again["recorded"], again["known"], again["errors"]) == ([], 3, [])

    lines = exported.read_text(encoding="utf-8").splitlines()
    bad = tmp_path / "bad.jsonl"
    forged = lines[0].replace("input", "train")
    bad.write_text("\n".join([forged, "no", "[]", "", lines[1]]) + "\n", encoding="utf-8")
    outcome = tomeishi("consent", "import", bad, "--json")
    found = json.loads(outcome.out)
    assert (outcome.code, [each["line"] for each in found["errors"]], found["known"]) == (3, [1, 2, 3], 1)


def test_an_unsigned_entry_is_imported_on_somebodys_word_only(
    tomeishi: Command, installed: Any, tmp_path: Path
) -> None:
    assert tomeishi("consent", "reserve", "--work", installed.works[0], "--by", "佐藤").code == 0
    exported = tmp_path / "all.jsonl"
    assert tomeishi("consent", "export", exported).code == 0
    words = json.loads(exported.read_text(encoding="utf-8"))
    other = words["words"].replace('"id":"entry_', '"id":"entry_X')
    exported.write_text(json.dumps(words | {"words": other}) + "\n", encoding="utf-8")
    refused = tomeishi("consent", "import", exported)
    assert refused.code == 3
    assert "say who does with --by" in refused.out
    assert tomeishi("consent", "import", exported, "--by", "鈴木").code == 0
    assert "recorded by 鈴木" in tomeishi("consent", "history").out


@pytest.mark.parametrize(
    "options",
    [
        ("grant", "--coalition", "--use", "train"),
        ("reserve", "--coalition", "--work", "{work}"),
        ("reserve", "--element", "voice"),
        ("reserve", "--member", "M", "--element", "voice"),
        ("grant", "--work", "{work}", "--use", "train", "--territory", "UK"),
        ("grant", "--work", "{work}", "--use", "train", "--longest-clip", "0"),
        ("grant", "--work", "{work}", "--use", "train", "--exclude", "soul"),
        ("grant", "--character", "chr_none", "--use", "train"),
        ("grant", "--franchise", "frn_none", "--use", "train"),
        ("check", "--work", "{work}"),
        ("check", "--use", "train"),
        ("check", "--work", "{work}", "--use", "train", "--territory", "Japan"),
        ("check", "--work", "{work}", "--use", "train", "--duration", "-1"),
        ("import", "none.jsonl"),
    ],
    ids=range(14),
)
def test_what_makes_no_sense_is_refused(tomeishi: Command, installed: Any, options: tuple[str, ...]) -> None:
    outcome = tomeishi("consent", *(option.format(work=installed.works[0]) for option in options))
    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.err.splitlines()) == 1
    assert _json(tomeishi("consent", "history", "--json")) == []


def test_retiring_a_compromised_key_names_what_it_signed(tomeishi: Command, installed: Any, works: Any) -> None:
    grant = ("consent", "grant", "--work", installed.works[0], "--use", "train", "--sign-with", installed.key)
    entry = _json(tomeishi(*grant, "--json"))["entry"]
    (key,) = (row["key_id"] for row in _json(tomeishi("keys", "list", "--json")))
    retired = tomeishi("keys", "retire", key, "--because", "compromised")
    assert (retired.code, retired.out.split()) == (0, [entry])
    assert "1 entries were signed with it" in retired.err
    assert tomeishi(*grant).code == 2
    assert tomeishi("consent", "revoke", entry, "--sign-with", installed.key).code == 2
    new = installed.home.parent / "new.json"
    assert tomeishi("keys", "new", new, "--owner", works[0].member).code == 0
    assert tomeishi("keys", "register", new, "--member", works[0].member).code == 0
    assert tomeishi("consent", "revoke", entry, "--sign-with", new).code == 0
    found = _json(tomeishi("log", "verify", "--json"))
    assert (found["intact"], found["logs"][1]["entries"]) == (True, 3)


def test_a_grant_with_conditions_leaves_a_person_to_look(tomeishi: Command, installed: Any, quoted: Path) -> None:
    grant = ("consent", "grant", "--work", installed.works[0], "--use", "reproduce", "--sign-with", installed.key)
    assert tomeishi(*grant, "--territory", "JP").code == 0
    (line,) = tomeishi("screen", "--jsonl", quoted).out.splitlines()
    found = json.loads(line)
    assert found["findings"][0]["permission"]["allowed"]
    assert found["findings"][0]["permission"]["conditions"][0]["territories"] == ["JP"]
    assert found["verdict"] == "review"
