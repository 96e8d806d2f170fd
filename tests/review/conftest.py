"""An installation with two members' works and a shelf of screenings, made without media."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tomeishi import wiring
from tomeishi.access import organisations, people
from tomeishi.access.permissions import Role
from tomeishi.access.principals import Principal
from tomeishi.consent.permission import Permission
from tomeishi.registry import references, works
from tomeishi.review import screenings
from tomeishi.review.screenings import AskedBy
from tomeishi.screening.findings import Finding, MadeBy, NearStyle, Screening
from tomeishi.values import Band, Interval, Kind, MediaKind, Segment, Use, Verdict, digest_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOT_ALLOWED = Permission(Use.REPRODUCE, False, (), "no entry", "記録なし")


@dataclass(frozen=True, slots=True)
class House:
    """Two members, a provider, a person of each, and one work with one reference for each member."""

    platform: wiring.Platform
    hana: Principal
    """Investigator of the coalition."""
    ren: Principal
    """Investigator of the coalition."""
    legal: Principal
    """Of the first member."""
    engineer: Principal
    """Of a provider."""
    works: tuple[str, str]
    references: tuple[str, str]
    members: tuple[str, str]

    def screening(
        self,
        *,
        of: tuple[int, ...] = (0,),
        by: Principal | None = None,
        band: Band = Band.STRONG,
        score: float = 0.9,
        start: float = 2.0,
        provider: str | None = "acme",
        at: datetime = NOON,
        near: tuple[int, ...] | None = None,
    ) -> str:
        """A stored screening with a finding for each of the works `of`, and a style near that of the works `near`."""
        by = by or self.engineer
        findings = tuple(
            Finding(
                work_id=self.works[n],
                title=f"work {n}",
                member_id=self.members[n],
                member=f"member {n}",
                reference_id=self.references[n],
                reference_path=f"/secret/of/member-{n}.mp4",
                reference_digest=digest_of(b"x"),
                kind=Kind.COPY,
                band=band,
                score=score,
                segments=(Segment(Interval(1.0, 4.0), Interval(start, start + 3.0), score),),
                permission=NOT_ALLOWED,
                verdict=Verdict.REVIEW,
            )
            for n in of
        )
        media = digest_of(str((of, score, start, at)).encode())
        made = Screening(
            query="clip.mp4",
            query_digest=media,
            duration_s=10.0,
            findings=findings,
            checked=(Kind.COPY, Kind.EDIT),
            verdict=Verdict.REVIEW if findings else Verdict.CLEAR,
            partial=None,
            skipped=None,
            made_by=MadeBy("0", (), "sha256:0", ()),
            styles=None
            if near is None
            else tuple(NearStyle(self.works[n], f"work {n}", f"member {n}", 0.4, 0.1, NOT_ALLOWED) for n in near),
        )
        asked = AskedBy(by.id, by.organisation.id, provider, None)
        with self.platform.transaction() as tx:
            return screenings.keep(tx, made, asked, media, at)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with house_in(tmp_path / "home") as made:
        yield made


@contextmanager
def house_in(home: Path) -> Iterator[House]:
    with wiring.open(home) as platform:
        with platform.transaction() as tx:
            members = tuple(works.add_member(tx, f"member {n}") for n in range(2))
            titles = tuple(works.add_work(tx, member, f"work {n}") for n, member in enumerate(members))
            files = tuple(
                references.add_reference(tx, work, f"{n}.mp4", digest_of(str(n).encode()), 1, MediaKind.VIDEO, 60.0)
                for n, work in enumerate(titles)
            )
            coalition = organisations.named(tx, NOON)
            member = organisations.named(tx, NOON, member="member 0")
            provider = organisations.named(tx, NOON, provider="acme")
            found = [
                people.person(tx, people.add_person(tx, name, of, [role], NOON)).principal
                for name, of, role in (
                    ("hana", coalition, Role.INVESTIGATOR),
                    ("ren", coalition, Role.INVESTIGATOR),
                    ("legal", member, Role.MEMBER_LEGAL),
                    ("engineer", provider, Role.ENGINEER),
                )
            ]
        hana, ren, legal, engineer = found
        yield House(
            platform, hana, ren, legal, engineer, (titles[0], titles[1]), (files[0], files[1]), (members[0], members[1])
        )


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)
