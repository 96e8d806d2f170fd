"""What is signed about an audit: answers to inquiries, the statement of the gate, and the random re-run of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet as pq
from tests.audit.conftest import Audit, Audited

from tomeishi.access.keys import new_key
from tomeishi.audit import gate, signed
from tomeishi.audit.inquiries import InquiryAnswer
from tomeishi.audit.verdicts import Check
from tomeishi.errors import BadInput, Conflict, NotFound, Tampered
from tomeishi.testing.datasets import nobodys_picture, write_parquet, write_tar
from tomeishi.testing.runners import InlineRunner
from tomeishi.wiring import Platform

QUICK = (Check.DIGEST, Check.NAMES)


@pytest.fixture
def audited(audit: Audit, tmp_path: Path, copies: tuple[bytes, ...]) -> Audited:
    """One copy of the first work among ten pictures."""
    members = {f"{n}.jpg": nobodys_picture(n) for n in range(10)} | {"copy.jpg": copies[0]}
    return audit(write_tar(tmp_path / "a.tar", members))


@pytest.fixture
def named(audit: Audit, tmp_path: Path, works: tuple[Any, ...]) -> Audited:
    """Three shards of captions, one of which names the first work."""
    for shard in range(3):
        texts = [f"caption {n}" for n in range(30)]
        texts[7] = f"poster of {works[0].title}" if shard == 1 else texts[7]
        write_parquet(tmp_path / f"{shard}.parquet", {"id": [f"{shard}-{n}" for n in range(30)], "text": texts})
    return audit(*(tmp_path / f"{shard}.parquet" for shard in range(3)), checks=QUICK)


def test_an_item_that_surely_holds_the_work_is_a_yes(
    audited: Audited, platform: Platform, installed: Any, tmp_path: Path
) -> None:
    words = platform.audits.answer(installed.works[0], audited.out, tmp_path / "answer.json")
    assert words["answer"] == "yes"
    assert words["found"]["keys"] == ["copy"]
    assert words["searched"]["items"] == 11
    assert words["searched"]["thresholds"].keys() == {"strong", "likely", "weak"}
    assert words["coverage"]["checked"]["match"] == 11


def test_nothing_found_is_never_not_used(audited: Audited, platform: Platform, installed: Any, tmp_path: Path) -> None:
    words = platform.audits.answer(installed.works[1], audited.out, tmp_path / "answer.json")
    assert words["answer"] == "cannot_determine"
    assert "does not mean that it was not used" in words["text"]["en"]
    assert "意味するものではありません" in words["text"]["ja"]


def test_a_name_in_a_caption_alone_is_no_yes(
    named: Audited, platform: Platform, installed: Any, tmp_path: Path
) -> None:
    words = platform.audits.answer(installed.works[0], named.out, tmp_path / "answer.json")
    assert (words["answer"], words["found"]["by_check"]) == ("cannot_determine", {"names": 1})


def test_no_is_the_providers_own_word_with_a_reason_and_not_against_what_was_found(
    audited: Audited, platform: Platform, installed: Any, tmp_path: Path
) -> None:
    answer: Callable[..., Any] = platform.audits.answer
    with pytest.raises(Conflict, match="cannot be stated against it"):
        answer(installed.works[0], audited.out, tmp_path / "1", stated=InquiryAnswer.NO, because="we think so")
    with pytest.raises(BadInput, match="comes with its reason"):
        answer(installed.works[1], audited.out, tmp_path / "2", stated=InquiryAnswer.NO)
    words = answer(installed.works[1], audited.out, tmp_path / "3", stated=InquiryAnswer.NO, because="never acquired")
    assert (words["answer"], words["because"]) == ("no", "never acquired")
    refused = answer(installed.works[0], audited.out, tmp_path / "4", stated=InquiryAnswer.REFUSE, because="a lawsuit")
    assert refused["answer"] == "refuse"


def test_a_work_that_the_audit_did_not_know_is_not_answered_about(
    audited: Audited, platform: Platform, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match="audit the data set anew"):
        platform.audits.answer("wrk_unknown", audited.out, tmp_path / "answer.json")


def test_a_signed_answer_is_verified_and_any_change_is_noticed(
    named: Audited, platform: Platform, installed: Any, tmp_path: Path
) -> None:
    path = tmp_path / "answer.json"
    platform.audits.answer(installed.works[0], named.out, path)
    assert signed.checked(path, [platform.key.public]).state == "intact"
    assert signed.checked(path, [new_key("somebody").public]).state == "unknown_signer"
    path.write_text(path.read_text().replace("cannot_determine", "no"))
    assert signed.checked(path, [platform.key.public]).state == "altered"
    with pytest.raises(Conflict, match="never overwritten"):
        platform.audits.answer(installed.works[0], named.out, path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"words": {"format": "other"}, "signature": ""}', "{" * 5000])
def test_what_is_no_signed_document_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BadInput):
        signed.read_signed(tmp_path / "a.json")


def _stated(platform: Platform, done: Audited, tmp_path: Path) -> tuple[Path, str]:
    path = tmp_path / "statement.json"
    return path, platform.audits.state(done.out, path, InlineRunner())


def _recheck(
    platform: Platform, done: Audited, statement: Path, theirs: str, out: Path, **changed: Any
) -> dict[str, Any]:
    given = {"trusted": [platform.key.public], "ours": "ab" * 32, "count": 40, **changed}
    return platform.audits.recheck(statement, done.out, out, InlineRunner(), theirs=theirs, **given)


def test_a_re_run_of_an_honest_statement_agrees_and_bounds_the_rest(
    named: Audited, platform: Platform, tmp_path: Path
) -> None:
    statement, nonce = _stated(platform, named, tmp_path)
    told = _recheck(platform, named, statement, nonce, tmp_path / "recheck.json")
    assert (told["items"], told["of"], told["disagreements"]) == (40, 90, 0)
    assert told["share"][0] == 0
    assert 0.08 < told["share"][1] < 0.09
    assert signed.checked(tmp_path / "recheck.json", [platform.key.public]).state == "intact"


def test_a_verdict_that_was_whitewashed_before_signing_is_found(
    named: Audited, platform: Platform, tmp_path: Path
) -> None:
    """The provider rewrote a shard's verdicts, and signed for what it made of them."""
    from tomeishi.values import digest_of_file

    statement, nonce = _stated(platform, named, tmp_path)
    document = json.loads(statement.read_text())
    shard = document["words"]["shards"][1]
    path = named.out / "shards" / f"{shard['key']}.parquet"
    table = pq.read_table(path)
    verdicts = ["no_match"] * len(table)
    reasons = [""] * len(table)
    names = table.schema.names
    table = table.set_column(names.index("verdict"), table.schema.field("verdict"), [verdicts])
    table = table.set_column(names.index("reason"), table.schema.field("reason"), [reasons])
    pq.write_table(table, path)
    shard["verdicts"] = digest_of_file(path)
    statement.unlink()
    signed.write_signed(statement, document["words"], platform.key)
    told = _recheck(platform, named, statement, nonce, tmp_path / "recheck.json", count=90)
    assert told["disagreements"] == 1
    assert told["examples"][0]["signed"] == "no_match"
    assert told["examples"][0]["found"] == "denied names"


def test_verdicts_or_data_that_are_not_what_was_signed_are_refused(
    named: Audited, platform: Platform, tmp_path: Path
) -> None:
    statement, nonce = _stated(platform, named, tmp_path)
    with pytest.raises(BadInput, match="not the one that its statement binds it to"):
        _recheck(platform, named, statement, "cd" * 32, tmp_path / "1")
    with pytest.raises(Tampered, match="signed by a trusted key"):
        _recheck(platform, named, statement, nonce, tmp_path / "2", trusted=[new_key("somebody").public])
    first = next((named.out / "shards").glob("*.parquet"))
    kept = first.read_bytes()
    first.write_bytes(kept + b" ")
    with pytest.raises(Tampered, match="not those that were signed"):
        _recheck(platform, named, statement, nonce, tmp_path / "3", count=90)
    first.write_bytes(kept)
    write_parquet(tmp_path / "1.parquet", {"id": ["x"], "text": ["y"]})
    with pytest.raises(Tampered, match="not the one that was signed for"):
        _recheck(platform, named, statement, nonce, tmp_path / "4", count=90)


def test_neither_side_can_choose_the_sample_alone() -> None:
    words = {"commitment": gate.commitment_of("11" * 32), "shards": [{"key": "a", "items": 1000}]}
    seeds = {gate.seed_of(words, "11" * 32, ours * 32) for ours in ("22", "33", "44")}
    assert len(seeds) == 3
    assert gate.seed_of({**words, "shards": []}, "11" * 32, "22" * 32) not in seeds
    with pytest.raises(BadInput):
        gate.seed_of(words, "55" * 32, "22" * 32)


def test_every_item_is_as_likely_in_a_sample_and_none_comes_twice() -> None:
    words = {"shards": [{"key": "a", "items": 3}, {"key": "b", "items": 0}, {"key": "c", "items": 7}]}
    counts = dict.fromkeys([("a", n) for n in range(3)] + [("c", n) for n in range(7)], 0)
    for seed in range(2000):
        for key, numbers in gate.sampled(words, str(seed), 2).items():
            assert len(set(numbers)) == len(numbers)
            for number in numbers:
                counts[key, number] += 1
    assert all(320 < count < 480 for count in counts.values())
    assert sum(map(len, gate.sampled(words, "x", 50).values())) == 10


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    # From the beta quantiles that define the interval, to four places.
    [(0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (5, 10, 0.1871, 0.8129), (1, 300, 0.0001, 0.0184), (0, 0, 0, 1)],
)
def test_the_interval_is_exact(count: int, of: int, low: float, high: float) -> None:
    found = gate.clopper_pearson(count, of)
    assert found == pytest.approx((low, high), abs=6e-5)
