from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection

from tomeishi.errors import BadInput, Conflict, NotFound
from tomeishi.registry.references import (
    add_fingerprint,
    add_reference,
    checkpoint,
    exclude,
    exclusions,
    fingerprint_files_of,
    mark_compared,
    not_compared,
    overlaps,
    record_overlap,
    reference,
    references,
    same_digest,
    undescribed,
)
from tomeishi.registry.works import Role, add_member, add_name, add_work, list_works
from tomeishi.storage.db import Database
from tomeishi.values import Interval, MediaKind, Partial, digest_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DIGEST = digest_of(b"film")


@pytest.fixture
def tx(registry: Database) -> Iterator[Connection]:
    with registry.transaction() as connection:
        yield connection
        connection.rollback()


def a_reference(tx: Connection, name: str = "A", content: bytes = b"film", duration_s: float = 30.0) -> str:
    work_id = add_work(tx, add_member(tx, f"member {name}"), f"work {name}")
    return add_reference(tx, work_id, f"{name}.mp4", digest_of(content), 4, MediaKind.VIDEO, duration_s)


def test_a_reference_knows_whose_it_is(tx: Connection) -> None:
    member_id = add_member(tx, "星雲社")
    work_id = add_work(tx, member_id, "星")
    cut = Partial("ends in the middle of a frame", 12.5)
    made = add_reference(tx, work_id, "星 1.mp4", DIGEST, 1 << 40, MediaKind.VIDEO, 12.5, cut, recorded_at=NOON)
    found = reference(tx, made)
    assert (found.title, found.member, found.member_id, found.path) == ("星", "星雲社", member_id, "星 1.mp4")
    assert (found.size_bytes, found.kind, found.partial_reason) == (1 << 40, MediaKind.VIDEO, cut.reason)
    assert found.created_at == NOON
    assert references(tx) == references(tx, work_id) == [found]
    assert list_works(tx)[0].references == 1


def test_what_other_weights_described_or_nothing_did_is_undescribed_and_sound_never_is(tx: Connection) -> None:
    new, old, none = (a_reference(tx, name, name.encode()) for name in ("new", "old", "none"))
    add_reference(tx, reference(tx, new).work_id, "song.mp3", digest_of(b"song"), 4, MediaKind.SOUND, 30)
    add_fingerprint(tx, new, "image-2", digest_of(b"new weights"), digest_of(b"rows of new"), 9)
    add_fingerprint(tx, old, "image-2", digest_of(b"old weights"), digest_of(b"rows of old"), 9)
    add_fingerprint(tx, none, "pdq-1", None, digest_of(b"bits"), 9)
    assert [each.id for each in undescribed(tx, "image-2", digest_of(b"new weights"))] == [old, none]
    assert [each.id for each in undescribed(tx, "pdq-1", None)] == [new, old]


def test_the_very_same_file_is_registered_once_for_a_work(tx: Connection) -> None:
    work_id = reference(tx, a_reference(tx)).work_id
    with pytest.raises(Conflict, match=r"copy\.mp4: the work has this very file already, as A\.mp4"):
        add_reference(tx, work_id, "copy.mp4", DIGEST, 4, MediaKind.VIDEO, 30)


def test_the_same_file_of_two_members_is_found(tx: Connection) -> None:
    one, other = a_reference(tx, "A"), a_reference(tx, "B")
    a_reference(tx, "C", b"another film")
    assert [found.id for found in same_digest(tx, DIGEST)] == [one, other]


@pytest.mark.parametrize("duration_s", [-1.0, float("nan"), float("inf")])
def test_a_length_that_is_none_is_refused(tx: Connection, duration_s: float) -> None:
    with pytest.raises(BadInput, match="not a length"):
        a_reference(tx, duration_s=duration_s)


def test_a_file_name_that_is_no_text_is_refused(tx: Connection) -> None:
    work_id = add_work(tx, add_member(tx, "A"), "A")
    with pytest.raises(BadInput, match="not Unicode") as raised:
        add_reference(tx, work_id, "\udce9.mp4", DIGEST, 4, MediaKind.VIDEO, 30)
    assert str(raised.value).isascii()


def test_what_is_not_there_is_not_found(tx: Connection) -> None:
    with pytest.raises(NotFound):
        add_reference(tx, "wrk_none", "a", DIGEST, 4, MediaKind.VIDEO, 30)
    with pytest.raises(NotFound):
        add_fingerprint(tx, "ref_none", "pdq-1", None, DIGEST, 3)
    with pytest.raises(NotFound):
        exclude(tx, "ref_none", Interval(0, 1), "opening")
    with pytest.raises(NotFound):
        record_overlap(tx, a_reference(tx), "ref_none", "match", [])


def test_a_newer_fingerprint_takes_the_place_of_the_older(tx: Connection) -> None:
    made = a_reference(tx)
    add_fingerprint(tx, made, "pdq-1", None, "sha256:old", 3)
    add_fingerprint(tx, made, "pdq-1", None, "sha256:new", 4)
    add_fingerprint(tx, made, "image-2", "sha256:w", "sha256:other", 5)
    assert [(file.digest, file.rows) for file in fingerprint_files_of(tx, "pdq-1")] == [("sha256:new", 4)]
    assert fingerprint_files_of(tx, "image-2")[0].weights_digest == "sha256:w"


def test_an_exclusion_made_again_is_the_same_one(tx: Connection) -> None:
    made = a_reference(tx)
    one = exclude(tx, made, Interval(20, 30), "ending")
    first = exclude(tx, made, Interval(0, 10), "opening")
    assert exclude(tx, made, Interval(20, 30), "shared ending") == one
    assert [(e.id, e.interval, e.reason) for e in exclusions(tx, made)] == [
        (first, Interval(0, 10), "opening"),
        (one, Interval(20, 30), "shared ending"),
    ]
    assert exclusions(tx) == exclusions(tx, made)


def test_nothing_is_excluded_past_the_end(tx: Connection) -> None:
    with pytest.raises(BadInput, match=r"A\.mp4 ends at 30\.000 s"):
        exclude(tx, a_reference(tx), Interval(30, 40), "opening")


def test_an_overlap_is_the_same_whichever_is_named_first(tx: Connection) -> None:
    one, other = a_reference(tx, "A"), a_reference(tx, "B")
    here, there = Interval(0, 10), Interval(5, 15)
    made = record_overlap(tx, one, other, "match", [(here, there)])
    assert record_overlap(tx, other, one, "match", [(there, here)]) == made
    (found,) = overlaps(tx)
    smaller, larger = sorted([one, other])
    assert (found.reference.id, found.other.id) == (smaller, larger)
    assert found.segments == (((here, there) if smaller == one else (there, here)),)
    assert {found.reference.member, found.other.member} == {"member A", "member B"}


def test_an_equal_digest_is_not_replaced_by_a_match(tx: Connection) -> None:
    one, other = a_reference(tx, "A"), a_reference(tx, "B")
    whole, part = Interval(0, 30), Interval(3, 20)
    record_overlap(tx, one, other, "match", [(part, part)])
    record_overlap(tx, one, other, "digest", [(whole, whole)])
    record_overlap(tx, one, other, "match", [(part, part)])
    (found,) = overlaps(tx)
    assert (found.found_by, found.segments) == ("digest", ((whole, whole),))


def test_a_reference_does_not_overlap_with_itself(tx: Connection) -> None:
    made = a_reference(tx)
    with pytest.raises(BadInput, match="itself"):
        record_overlap(tx, made, made, "digest", [])


def test_a_checkpoint_changes_with_what_a_snapshot_is_made_of_and_with_nothing_else(tx: Connection) -> None:
    seen = [checkpoint(tx)]
    made = a_reference(tx)
    seen.append(checkpoint(tx))
    add_fingerprint(tx, made, "pdq-1", None, "sha256:a", 3)
    seen.append(checkpoint(tx))
    add_fingerprint(tx, made, "pdq-1", "sha256:w", "sha256:a", 3)
    seen.append(checkpoint(tx))
    exclude(tx, made, Interval(0, 1), "opening")
    seen.append(checkpoint(tx))
    assert len(set(seen)) == len(seen)
    add_fingerprint(tx, made, "pdq-1", "sha256:w", "sha256:a", 3)
    exclude(tx, made, Interval(0, 1), "shared opening")
    add_name(tx, "alias", Role.ALIAS, work_id=reference(tx, made).work_id)
    assert checkpoint(tx) == seen[-1]


def test_a_reference_waits_until_it_was_compared_with_what_others_registered(tx: Connection) -> None:
    first, second = a_reference(tx, "A"), a_reference(tx, "B")
    mark_compared(tx, first, NOON)
    assert [reference.id for reference in not_compared(tx)] == [second]
