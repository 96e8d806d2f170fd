"""Settings to a platform: builds each part once, and is the only file that knows all rooms.

A verb that crosses rooms stands here as one function: `register`, `screen`, `report`. Everything else is done by the
rooms themselves, inside a transaction of the platform.
"""

import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection

from tomeishi import clock, enrolling
from tomeishi.access import checkpoints, succession
from tomeishi.access.keys import PublicKey, SigningKey, new_key, read_key, read_public_key, write_key
from tomeishi.audit import signed
from tomeishi.audit.audits import Audits
from tomeishi.config import Limits, Settings, settings_from
from tomeishi.consent import ledger
from tomeishi.consent.answers import Answers
from tomeishi.consent.book import Book
from tomeishi.consent.conditions import Question
from tomeishi.consent.entries import WorkRef
from tomeishi.consent.permission import Permission
from tomeishi.consent.subjects import subjects
from tomeishi.errors import (
    BadInput,
    Conflict,
    NotFound,
    StorageFailure,
    TomeishiError,
    UnreadableMedia,
)
from tomeishi.evidence import package
from tomeishi.evidence.capture import Capture
from tomeishi.evidence.comparison_page import write_page
from tomeishi.evidence.gathering import Reported, gather
from tomeishi.evidence.looks import File, Looks
from tomeishi.evidence.timestamps import Transport
from tomeishi.evidence.verify import Verification
from tomeishi.fingerprint import audio, figure
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.extract import Extraction
from tomeishi.fingerprint.figure import FigureDescriptor
from tomeishi.fingerprint.loaded import LoadedDescriptor, loaded
from tomeishi.fingerprint.shipped import shipped_descriptors
from tomeishi.jobs.worker import Handler, Worker
from tomeishi.matching import audible, calibration, snapshots, sound_calibration
from tomeishi.matching import figures as figure_calibration
from tomeishi.matching.anchored import anchors_of
from tomeishi.matching.cast import cast_of
from tomeishi.matching.comparison import Comparison
from tomeishi.matching.comparison import compare as compare_files
from tomeishi.matching.identical import identical
from tomeishi.matching.matches import SameFrame
from tomeishi.matching.overlaps import overlapping
from tomeishi.matching.pursuit import Pursuit
from tomeishi.matching.stages import ALL, Stages
from tomeishi.matching.styles import Styles
from tomeishi.registering import (
    Described,
    Registered,
    add_descriptor,
    describe,
    described_by,
    fill,
    fingerprints_of,
    keep,
    keep_rows,
    named,
    nothing_read,
    work_of,
)
from tomeishi.registry import references
from tomeishi.registry.references import Reference
from tomeishi.review.matches import StoredMatch
from tomeishi.screening import prompts
from tomeishi.screening.figures import Figures
from tomeishi.screening.findings import MadeBy, Screening, of_member
from tomeishi.screening.outputs import PLAN, Screener
from tomeishi.screening.policy import default_text, read_policy
from tomeishi.screening.prompts import NAMES_ALONE, Also, PromptScreener, PromptScreening
from tomeishi.screening.queries import expand
from tomeishi.screening.sound import Ear
from tomeishi.soundness import Checks, index_info, readiness, soundness
from tomeishi.storage import backup, copying
from tomeishi.storage.backup import BackedUp
from tomeishi.storage.blobs import Blobs
from tomeishi.storage.copying import Contents
from tomeishi.storage.db import Database
from tomeishi.values import Kind, Partial, Skipped, Use, digest_of_file


class Platform:
    """One installation: registry, ledger, index and keys under one home. Close it, or use it as a context."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._database = Database(settings.database_url)
        self._blobs = Blobs(settings.blobs)
        self.book = Book()
        """The ledger, for whoever asks it again and again."""
        try:
            self._database.migrate()
            if not settings.policy.exists():
                _write_whole(settings.policy, default_text().encode())
        except TomeishiError:
            self.close()
            raise

    def __enter__(self) -> "Platform":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def transaction(self) -> AbstractContextManager[Connection]:
        """For writing: kept together at the end, or not at all."""
        return self._database.transaction()

    def reading(self) -> AbstractContextManager[Connection]:
        """The registry and ledger as they stand now."""
        return self._database.reading()

    def keep(self, file: Path, digest: str) -> None:
        """Move an upload, whose digest was computed as it came in, to where files are kept by digest."""
        self._blobs.adopt(file, digest)

    def kept(self, digest: str) -> Path:
        """Where a kept file lies; NotFound where it doesn't."""
        path = self._blobs.path(digest)
        if not path.is_file():
            raise NotFound(f"no file is kept under {digest}")
        return path

    def back_up(self, file: Path, *, with_keys: bool) -> BackedUp:
        """One file that holds this installation as it stands now, whatever is written meanwhile."""
        return backup.back_up(self._database, self.settings, file, clock.now(), with_keys=with_keys)

    def move_to(self, url: str) -> dict[str, Contents]:
        """All rows into an empty database, seen to be the same; from then on it is this installation's."""
        copied = copying.move(self._database, url)
        _write_whole(self.settings.address, f"{url}\n".encode(), mode=0o600)  # it may hold a password
        return copied

    def readiness(self) -> Checks:
        """Whether requests can be served."""
        return readiness(self._database, self.settings.index, self.descriptors)

    def worker(self, handlers: Mapping[str, Handler]) -> Worker:
        """Does this installation's jobs of the kinds that `handlers` names, once it is run."""
        return Worker(self._database, handlers)

    @cached_property
    def descriptors(self) -> tuple[Descriptor, Descriptor]:
        """The image descriptor and PDQ."""
        return _descriptors()

    @cached_property
    def loaded(self) -> list[LoadedDescriptor]:
        """Descriptors that a user added: they describe beside the two, and search when they are named."""
        return loaded(self.settings.descriptors)

    def add_descriptor(self, file: Path | None, words: Mapping[str, Any]) -> LoadedDescriptor:
        """Try a user's ONNX file and keep it; references registered from now on are described by it, too."""
        added = add_descriptor(self.settings.descriptors, file, words)
        self.__dict__.pop("loaded", None)
        return added

    def fill(self) -> Iterator[tuple[str, Skipped | None]]:
        """Describe what was registered before a descriptor came; path of each, and why it could not be."""
        for descriptor in (*self.descriptors, *self.loaded):
            with self.reading() as tx:
                waiting = references.undescribed(tx, descriptor.spec.key, descriptor.spec.weights_digest)
            for reference in waiting:
                try:
                    made = fill(reference, descriptor, self.settings.limits)
                    with self.transaction() as tx:
                        keep_rows(tx, self._blobs, reference.id, made)
                    yield reference.path, None
                except (NotFound, BadInput) as error:
                    yield reference.path, Skipped(reference.path, str(error))
        yield from enrolling.fill(self._database, FigureDescriptor(), self.settings.limits)
        self.build_index()

    @cached_property
    def key(self) -> SigningKey:
        """The key that signs this installation's evidence; made at its first use."""
        path = installation_key(self.settings)
        if not path.exists():
            with suppress(Conflict):  # another process was faster
                write_key(new_key("this installation"), path)
        return read_key(path)

    def renew_key(self) -> None:
        """A new key for the installation, followed from the old one in the log; the old private half is not kept."""
        path = installation_key(self.settings)
        coming = path.with_name("installation.next.json")
        if not coming.exists():  # else an earlier try was interrupted
            write_key(new_key("this installation"), coming)
        with self.transaction() as tx:
            succession.succeed(tx, self.key, read_key(coming), clock.now())
        coming.replace(path)
        del self.__dict__["key"]

    def register(
        self,
        member: str,
        title: str,
        files: Sequence[str | Path],
        *,
        reading: str | None = None,
        aliases: Sequence[str] = (),
    ) -> Registered:
        """Add reference files to a work of a member; both are made where the registry has none of that name.

        Where files were given and not one could be registered, nothing is: raises NotFound or UnreadableMedia.
        """
        described: list[tuple[str, str, Described]] = []
        failures: list[tuple[str, TomeishiError]] = []
        for file in files:
            try:
                of_file = self._describe(Path(file))
                described.append((str(file), digest_of_file(Path(file)), of_file))
            except (NotFound, UnreadableMedia) as error:
                failures.append((str(file), error))
        added: dict[str, str] = {}
        with self.transaction() as tx:
            work_id = work_of(tx, member, title, reading, aliases)
            for path, digest, of_file in described:
                try:
                    added[path] = keep(tx, self._blobs, work_id, path, digest, of_file)
                except BadInput as error:  # a name that cannot be kept
                    failures.append((path, error))
            if files and not added:
                raise nothing_read([error for _, error in failures])
        return Registered(
            work_id,
            tuple(added.values()),
            tuple(Skipped(path, str(error)) for path, error in failures),
            tuple(
                (path, each.extraction.partial)
                for path, _, each in described
                if path in added and each.extraction.partial is not None
            ),
            self._overlaps(tuple(added.values())),
        )

    def add_files(self, media: Iterable[tuple[str, Path]]) -> Iterator[tuple[Path, Skipped | Partial | None]]:
        """Reference files for works that an import made, one by one; index and overlaps follow at the end."""
        added: list[str] = []
        for work_id, path in media:
            try:
                described, digest = self._describe(path), digest_of_file(path)
                with self.transaction() as tx:
                    added.append(keep(tx, self._blobs, work_id, str(path), digest, described))
                yield path, described.extraction.partial
            except (NotFound, BadInput) as error:
                yield path, Skipped(str(path), str(error))
        self.build_index()

    def add_kept(self, work_id: str, digest: str, name: str) -> tuple[Extraction, Callable[[Connection], str]]:
        """A kept file as a reference: what was read of it, and what registers it under `name`, giving its id."""
        path = self.kept(digest)
        try:
            described = self._describe(path)
        except UnreadableMedia as error:
            raise UnreadableMedia(str(error).replace(str(path), name)) from error
        return described.extraction, lambda tx: keep(
            tx, self._blobs, work_id, name, digest, described, location=str(path)
        )

    def enrol(self, sheet: enrolling.Sheet) -> enrolling.Enrolment:
        """Add drawings to a character of a work, made where the work has none of that name (`enrolling.enrol`)."""
        seeing = (*self.descriptors, *self.loaded)
        done = enrolling.enrol(sheet, self._database, self._blobs, seeing, FigureDescriptor(), self.settings.limits)
        self.build_index()
        with self.reading() as tx:
            return enrolling.judged(cast_of(tx, figure.SPEC), done)

    def _describe(self, path: Path) -> Described:
        return describe(path, (*self.descriptors, *self.loaded), self.settings.limits)

    def build_index(self) -> None:
        """Publish snapshots of the registry as it stands, and compare new references with those of other members.

        Nothing is done where both are current; what was interrupted is made up for.
        """
        image, pdq = self.descriptors
        with self.reading() as tx:
            others = [each.spec for each in self.loaded]
            snapshots.build(tx, self._blobs, self.settings.index, image.spec, pdq.spec, others)
            audible.build_audible(tx, self._blobs, self.settings.index)
            waiting = references.not_compared(tx)
        if not waiting:
            return
        same = SameFrame(image.spec.threshold, pdq.spec.threshold)
        with self.reading() as tx:
            searchable = self._searchable(tx)
            registered = references.references(tx)
            anchors = anchors_of(tx, self._blobs)
        if searchable is None:  # registered meanwhile: whoever did that builds and compares
            return
        for new in waiting:
            found = list(overlapping(new, registered, searchable, same, calibration.shipped(), anchors))
            with self.transaction() as tx:
                for other_id, found_by, spans in found:
                    references.record_overlap(tx, new.id, other_id, found_by, spans)
                references.mark_compared(tx, new.id, clock.now())

    def _overlaps(self, added: Sequence[str]) -> tuple[str, ...]:
        self.build_index()
        with self.reading() as tx:
            found = references.overlaps(tx)
        return tuple(each.id for each in found if {each.reference.id, each.other.id} & set(added))

    def index_info(self) -> list[dict[str, Any]]:
        """The snapshots in force: image descriptor, PDQ, sound."""
        with self.reading() as tx:
            return index_info(tx, self.settings.index, (*self.descriptors, *self.loaded))

    def descriptors_info(self) -> list[dict[str, Any]]:
        """The shipped descriptors and the added ones."""
        with self.reading() as tx:
            return [described_by(tx, each.spec) for each in (*self.descriptors, *self.loaded)]

    def soundness(self) -> Checks:
        """Whether all that is kept is whole."""
        return soundness(self._database, self._blobs, self.settings.index, self.descriptors, lambda: self.key)

    def _searchable(self, tx: Connection, image: Descriptor | None = None) -> snapshots.Searchable | None:
        shipped, pdq = self.descriptors
        return snapshots.open_searchable(tx, self.settings.index, (image or shipped).spec, pdq.spec)

    def screener(
        self,
        *,
        provider: str | None = None,
        model: str | None = None,
        use: Use | None = None,
        policy: Path | None = None,
        moment: datetime | None = None,
        descriptor: str | None = None,
        style: bool = False,
        stages: Stages = ALL,
    ) -> Screener:
        """Everything a screening needs, as of now: registry, index, policy, and the ledger's entries.

        `moment` is the one asked of the ledger; None: whenever it is asked. `descriptor` names an added one in place of
        the shipped image descriptor, `style` ranks works by their whole look too, `stages` leaves some out.
        """
        image, pdq = self.descriptors
        fitted = replace(calibration.shipped(), of_rows=descriptor is None)
        if descriptor is not None:
            if style:
                raise BadInput("looks are compared by the shipped descriptor: name another one, or ask for style")
            with self.reading() as tx:
                image = named(tx, self.loaded, descriptor)
        chosen = read_policy(policy or self.settings.policy)
        self.build_index()
        with self.reading() as tx:
            searchable = self._searchable(tx, image)
            hearable = audible.open_audible(tx, self.settings.index)
            by_id = {reference.id: reference for reference in references.references(tx)}
            answers = Answers(self.book.read(tx).places, subjects(tx))
            anchors, known = anchors_of(tx, self._blobs), identical(tx)
            cast = cast_of(tx, figure.SPEC)
        figures = None if cast is None else Figures(FigureDescriptor(), cast, figure_calibration.shipped())
        seeing = (image.spec, pdq.spec, audio.SPEC, *(() if figures is None else (figure.SPEC,)))

        def ask(about: WorkRef, asked: Use) -> Permission:
            return answers.ask(Question(about, asked, provider, model), moment or clock.now())

        pursuit = None if searchable is None else Pursuit(searchable, anchors, image, pdq, fitted, stages)
        return Screener(
            pursuit=pursuit,
            identical=known if stages.digest else None,
            references=by_id,
            image=image,
            pdq=pdq,
            ear=Ear(hearable, sound_calibration.shipped()),
            policy=chosen,
            limits=self.settings.limits,
            made_by=MadeBy(
                version=version("tomeishi"),
                descriptors=tuple((each.key, each.weights_digest) for each in seeing),
                policy=chosen.digest,
                snapshots=(*(searchable.digests if searchable else ()), *((hearable.digest,) if hearable else ())),
            ),
            ask=ask,
            use=use,
            figures=figures,
            styles=Styles(searchable.looks(), by_id) if style and searchable else None,
        )

    def screen(
        self,
        queries: Iterable[str | Path],
        *,
        provider: str | None = None,
        model: str | None = None,
        use: Use | None = None,
        policy: Path | None = None,
        moment: datetime | None = None,
        style: bool = False,
    ) -> Iterator[Screening]:
        """One screening per query file; folders and globs give the media they hold."""
        screener = self.screener(provider=provider, model=model, use=use, policy=policy, moment=moment, style=style)
        for name in expand([str(query) for query in queries], ()):
            yield screener.screen(Path(name), name)

    def prompt_screener(
        self,
        *,
        provider: str | None = None,
        model: str | None = None,
        use: Use | None = None,
        policy: Path | None = None,
        moment: datetime | None = None,
        also: Also = NAMES_ALONE,
    ) -> PromptScreener:
        """Everything a screening of prompts needs, as of now: all names, policy, and the ledger's entries."""
        chosen = read_policy(policy or self.settings.policy)
        made_by = MadeBy(version("tomeishi"), (), chosen.digest, ())
        with self.reading() as tx:
            answers = Answers(self.book.read(tx).places, subjects(tx))
            return prompts.screener(tx, answers, chosen, made_by, provider, model, use, moment, also)

    def screen_prompts(
        self,
        texts: Sequence[str],
        *,
        provider: str | None = None,
        model: str | None = None,
        use: Use | None = None,
        policy: Path | None = None,
        moment: datetime | None = None,
        also: Also = NAMES_ALONE,
    ) -> list[PromptScreening]:
        """One screening per prompt: names of works and characters in it. For many calls keep a `prompt_screener`."""
        made = self.prompt_screener(provider=provider, model=model, use=use, policy=policy, moment=moment, also=also)
        return list(made.screen(texts))

    @cached_property
    def looks(self) -> Looks:
        """Frame pairs and curves for reviewers."""
        return Looks(self.settings.looks, *self.descriptors, PLAN, self.settings.limits)

    @property
    def same_frame(self) -> float:
        """Similarity from which two frames count as the same: the limit drawn beside a curve."""
        return 1 - self.descriptors[0].spec.threshold

    def files_of(self, match: StoredMatch, reference: Reference) -> tuple[File | None, File | None]:
        """The query as it was kept and the reference where it was registered; None for one that isn't there."""
        query = None if match.media is None else File(self._blobs.path(match.media), match.media)
        registered = File(Path(reference.location), reference.digest)
        return (query if query is not None and query.is_there else None, registered if registered.is_there else None)

    def curve(self, match: StoredMatch, query: File, reference: File) -> list[tuple[float, float]]:
        """Time and similarity of each query sample to the nearest moment of the reference; for plots."""
        with self.reading() as tx:
            image, pdq = fingerprints_of(tx, self._blobs, match.reference_id, self.descriptors)
        return self.looks.curve(query, reference, (image, pdq))

    @cached_property
    def audits(self) -> Audits:
        """Audits of training data sets with this registry and ledger."""
        return Audits(self.settings, self._database, self.descriptors, self.build_index, lambda: self.key)

    def report(
        self,
        query: Path,
        out: Path,
        *,
        capture: Capture | None = None,
        use: Use | None = None,
        policy: Path | None = None,
        seal_query: bool = True,
        time_stamp: Transport | None = None,
        member_id: str | None = None,
    ) -> Reported:
        """Screen one query and seal what was found in a package under `out`, with its PDFs beside it.

        With `member_id` only findings of that member's works: a package is seen by others.

        Raises NotFound or UnreadableMedia where the query could not be read at all: there is nothing to seal.
        """
        capture = capture or Capture()
        moment = clock.now()
        screener = self.screener(provider=capture.provider, model=capture.model, use=use, policy=policy, moment=moment)
        screening = screener.screen(query, str(query))
        if member_id is not None:
            own = tuple(of_member(finding) for finding in screening.findings if finding.member_id == member_id)
            screening = replace(screening, findings=own)
        if screening.skipped is not None:
            raise (UnreadableMedia if query.exists() else NotFound)(screening.skipped.reason)
        with self.transaction() as tx:
            note = checkpoints.checkpoint(tx, ledger.LOG, self.key, clock.now())
        with self.reading() as tx:
            contents = gather(tx, query, screening, capture, moment, note, self.settings.limits, seal_query=seal_query)
        out.mkdir(parents=True, exist_ok=True)
        stem = f"{query.stem[:60]}-{contents.package_id}"
        sealed = package.pack(contents, self.key, out / f"{stem}.zip", time_stamp=time_stamp)
        documents = []
        for language, pdf in sealed.reports.items():
            path = out / f"{stem}.{language}.pdf"
            _write_whole(path, pdf)
            documents.append(path)
        shown = zip(screening.findings, contents.frame_pairs, strict=True)
        without = tuple(
            finding.reference_path for finding, pairs in shown if not pairs and finding.kind is not Kind.SOUND
        )
        return Reported(screening, sealed, tuple(documents), without)


def open(home: str | Path | None = None, database: str | None = None) -> Platform:
    """The installation in the folder `home`, made where there is none; else TOMEISHI_HOME, else `~/.tomeishi`.

    `database` is the address of a PostgreSQL database; else TOMEISHI_DATABASE, else what the folder says, else SQLite.
    """
    return Platform(settings_from(home=None if home is None else Path(home), database=database))


def restore(file: Path, home: Path | None, database: str | None) -> BackedUp:
    """Put a backup into an installation that is empty."""
    settings = settings_from(home=home, database=database)
    with closing(Database(settings.database_url)) as into:
        return backup.restore(file, into, settings)


def compare(query: str | Path, reference: str | Path) -> Comparison:
    """Which seconds of one file resemble which of another; needs no installation."""
    image, pdq = _descriptors()
    return compare_files(
        Path(query), Path(reference), image, pdq, PLAN, calibration.shipped(), sound_calibration.shipped(), Limits()
    )


def comparison_page(comparison: Comparison, path: str | Path) -> None:
    """Write the comparison as one self-contained HTML page."""
    write_page(comparison, Path(path), Limits())


def queries(arguments: Sequence[str]) -> list[str]:
    """Files that arguments name; `-` reads paths from standard input."""
    return expand(arguments, sys.stdin if "-" in arguments else ())


def verify(
    path: Path, keys: Sequence[Path], authorities: Sequence[Path] = (), home: Path | None = None
) -> Verification:
    """Check a package, or a signed document of an audit. Trusted are the keys in the files `keys`, and this
    installation's with those before it, where there is one."""
    settings = settings_from(home=home)
    trusted: list[PublicKey] = [read_public_key(key) for key in keys]
    own = installation_key(settings)
    if own.exists():
        trusted += succession.own_keys(read_key(own).public, settings.database_url)
    if signed.is_one(path):
        return signed.checked(path, trusted)
    return package.check(path, trusted, authorities)


def installation_key(settings: Settings) -> Path:
    """Where the key lies that signs this installation's evidence."""
    return settings.keys / "installation.json"


def _descriptors() -> tuple[Descriptor, Descriptor]:
    pdq, image = shipped_descriptors()
    return image, pdq


def _write_whole(path: Path, data: bytes, mode: int = 0o666) -> None:
    """A new file, complete or not at all: half a policy would stand in the way for good."""
    unfinished = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)  # nobody else makes it where the database is on a server
        unfinished.touch(mode)
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError as error:
        raise StorageFailure(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
