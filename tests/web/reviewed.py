"""A served installation with one match to review, and somebody in each role who looks at it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from tests.conftest import Installation
from tests.web.conftest import Site, site_of

from tomeishi import clock, wiring
from tomeishi.access import organisations, people
from tomeishi.access.permissions import Action, Role
from tomeishi.registry import works
from tomeishi.review import matches, screenings
from tomeishi.review.matches import StoredMatch, Wanted
from tomeishi.review.screenings import AskedBy
from tomeishi.storage.blobs import Blobs
from tomeishi.values import Kind
from tomeishi.web.app import create_app

INVESTIGATOR, ADMINISTRATOR, AUDITOR, ENGINEER, DESK = "ito", "abe", "mori", "endo", "desk"
OWNER, OTHER_MEMBER = "owner", "other"
PEOPLE = (INVESTIGATOR, ADMINISTRATOR, AUDITOR, ENGINEER, DESK, OWNER, OTHER_MEMBER)


@dataclass(frozen=True, slots=True)
class Reviewed:
    site: Site
    work: str
    match: str

    def browser(self, name: str = INVESTIGATOR) -> httpx.Client:
        return self.site.signed_in(name)

    def stored(self) -> StoredMatch:
        """The match as it stands."""
        with self.site.platform.reading() as tx:
            person = people.person_by_name(tx, INVESTIGATOR).principal
            return matches.match(tx, self.match, person.sight(Action.READ_MATCHES))


def furnish(installed: Installation, query: Path) -> tuple[str, str]:
    """People in every role and a match of `query`, which shows the first work, in an installation: work and match."""
    with wiring.open(installed.home) as platform, ExitStack() as nothing:
        site = Site(platform, "", nothing)
        with platform.reading() as tx:
            owner, other = (works.work(tx, each).member for each in installed.works)
        site.person(INVESTIGATOR, Role.INVESTIGATOR)
        site.person(ADMINISTRATOR, Role.ADMINISTRATOR)
        site.person(AUDITOR, Role.AUDITOR)
        site.person(ENGINEER, Role.ENGINEER)
        site.person(DESK, Role.PROVIDER_DESK, provider="acme")
        site.person(OWNER, Role.MEMBER_LEGAL, member=owner)
        site.person(OTHER_MEMBER, Role.MEMBER_LEGAL, member=other)
        made = platform.screener(provider="acme").screen(query, query.name)
        # One match is enough to look at: what resembles by its sound as well would be a second.
        made = replace(made, findings=tuple(each for each in made.findings if each.kind is not Kind.SOUND))
        digest = Blobs(platform.settings.blobs).put(query.read_bytes())
        with platform.transaction() as tx:
            person = people.person_by_name(tx, INVESTIGATOR).principal
            asked = AskedBy(person.id, organisations.named(tx, clock.now()).id, "acme", None)
            screenings.keep(tx, made, asked, digest, clock.now())
            (match,) = matches.queue(tx, person.sight(Action.READ_MATCHES), Wanted(), 10)
    return installed.works[0], match.id


@contextmanager
def reviewed_site(home: Path, work: str, match: str) -> Iterator[Reviewed]:
    """A furnished installation, served."""
    with wiring.open(home) as platform, site_of(platform, create_app(platform)) as site:
        yield Reviewed(site, work, match)
