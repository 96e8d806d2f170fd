"""The verbs of this room: run an audit, answer an inquiry, state and re-run it, copy what may be kept.

Built by `wiring` over one installation. The folder of an audit is laid out in `plan`.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tomeishi import clock
from tomeishi.access.keys import PublicKey, SigningKey
from tomeishi.audit import gate, plan, results, running, signed, stores
from tomeishi.audit.auditing import Job
from tomeishi.audit.basis import Asked, Basis, frozen
from tomeishi.audit.eu_summary import write_eu_summary
from tomeishi.audit.inquiries import InquiryAnswer, inquiry_answer
from tomeishi.audit.keeping import Copied, copy_kept
from tomeishi.audit.plan import Plan
from tomeishi.audit.report import write_report
from tomeishi.audit.rows import Done
from tomeishi.audit.running import Progress, Running
from tomeishi.audit.shards import sources_of
from tomeishi.audit.verdicts import Check
from tomeishi.config import Settings
from tomeishi.consent import ledger
from tomeishi.consent.answers import Answers
from tomeishi.consent.subjects import subjects
from tomeishi.errors import BadInput, NotFound, Tampered
from tomeishi.fingerprint import audio, figure
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.index.postings import current_postings
from tomeishi.index.snapshot import current
from tomeishi.jobs.runner import Runner
from tomeishi.screening.findings import MadeBy
from tomeishi.screening.policy import parse_policy, policy_text
from tomeishi.storage.db import Database
from tomeishi.values import Use, digest_of


class Audits:
    """Audits of training data sets."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        descriptors: tuple[Descriptor, Descriptor],
        build_index: Callable[[], None],
        key: Callable[[], SigningKey],
    ) -> None:
        """`descriptors`: image, then PDQ. `build_index` makes the snapshots current; `key` signs."""
        self._settings = settings
        self._database = database
        self._descriptors = descriptors
        self._build_index = build_index
        self._key = key

    def run(
        self,
        datasets: Sequence[str],
        out: Path,
        runner: Runner,
        *,
        provider: str,
        model: str | None = None,
        use: Use = Use.TRAIN,
        checks: Sequence[Check] = tuple(Check),
        policy: Path | None = None,
        moment: datetime | None = None,
    ) -> Iterator[Progress]:
        """Audit data sets into the folder `out`, or go on with the audit there; ends once the results are written.

        Nothing is done where it is finished. Raises Conflict where `out` holds another audit or other files.
        """
        asked = Asked(use, provider, model, moment or clock.now().replace(microsecond=0))
        begun = plan.resumed(out)
        if begun is None:
            data, made_by = self._frozen(asked, policy or self._settings.policy)
            plan.begin(out, Plan(tuple(datasets), asked, tuple(checks), digest_of(data), made_by), data)
        else:
            plan.must_agree(out, begun, datasets, asked, checks)
        chosen, basis = plan.read(out)
        if plan.is_finished(out):
            return
        run, left_out = self._opened(out, chosen, runner)
        yield from run.run(runner, self._job(out, chosen))
        summary, counts = results.write_results(out, chosen, basis, run.parts, left_out)
        write_report(out, summary, counts, basis, self._settings.limits)
        write_eu_summary(out, summary, counts, datasets)

    def answer(
        self,
        work_id: str,
        audit: Path,
        out: Path,
        *,
        stated: InquiryAnswer | None = None,
        because: str | None = None,
    ) -> dict[str, Any]:
        """The signed answer to a training inquiry, from a finished audit, into the file `out`; returns its words."""
        chosen, basis, summary = self._finished(audit)
        words = inquiry_answer(audit, chosen, basis, summary, work_id, stated, because, clock.now())
        signed.write_signed(out, words, self._key())
        return words

    def state(self, audit: Path, out: Path, runner: Runner) -> str:
        """The signed statement about a finished audit, into the file `out`; returns the nonce, to be shown later."""
        chosen, _, summary = self._finished(audit)
        run, _ = self._opened(audit, chosen, runner)
        nonce = gate.new_nonce()
        signed.write_signed(out, gate.statement(chosen, summary, run.parts, nonce, clock.now()), self._key())
        return nonce

    def recheck(
        self,
        statement: Path,
        audit: Path,
        out: Path,
        runner: Runner,
        *,
        trusted: Sequence[PublicKey],
        theirs: str,
        ours: str,
        count: int,
    ) -> dict[str, Any]:
        """Re-run a random part of a stated audit, and sign what came of it, into the file `out`; returns its words.

        Raises Tampered where the statement is not signed by one of `trusted`, or verdicts or data are others now.
        """
        verified = signed.checked(statement, trusted)
        words = signed.read_signed(statement)["words"]
        if verified.state != "intact" or words["format"] != signed.STATEMENT:
            raise Tampered(f"{statement}: no statement signed by a trusted key; give the provider's key with --key")
        seed = gate.seed_of(words, theirs, ours)
        chosen, _ = plan.read(audit)
        if chosen.to_json() != words["plan"]:
            raise Tampered(f"{audit}: holds another audit than the one that was stated")
        run, _ = self._opened(audit, chosen, runner)
        shards = {part.key: part.shard for part in run.parts}
        wanted = gate.sampled(words, seed, count)
        looked, found = gate.rechecked(words, shards, audit, self._job(audit, chosen), wanted)
        told = gate.recheck(words, seed, count, looked, found, clock.now())
        signed.write_signed(out, told, self._key())
        return told

    def copies(self, audit: Path, target: Path, runner: Runner) -> Iterator[Copied]:
        """Filtered copies of the audited archives and Parquet files, in the folder `target`."""
        chosen, _, _ = self._finished(audit)
        run, _ = self._opened(audit, chosen, runner)
        yield from copy_kept(audit, run.parts, target)

    def _frozen(self, asked: Asked, policy: Path) -> tuple[bytes, MadeBy]:
        """The basis of an audit that begins now, and what it is made by."""
        text = policy_text(policy)
        parse_policy(text, str(policy))
        self._build_index()
        specs = [each.spec for each in self._descriptors]
        snapshots = [current(self._settings.index, each.key) for each in specs]
        opened = [each for each in snapshots if each is not None]
        sound = current_postings(self._settings.index, audio.SPEC.key)
        with self._database.reading() as tx:
            answers = Answers(ledger.entries(tx), subjects(tx))
            data = frozen(tx, asked, lambda question: answers.ask(question, asked.moment), text, opened, sound)
        return data, MadeBy(
            version=version("tomeishi"),
            descriptors=tuple((each.key, each.weights_digest) for each in (*specs, audio.SPEC, figure.SPEC)),
            policy=digest_of(text.encode()),
            snapshots=(*(each.digest for each in opened), *((sound.digest,) if sound is not None else ())),
        )

    def _finished(self, audit: Path) -> tuple[Plan, Basis, dict[str, Any]]:
        summary = plan.summary_of(audit)
        if not plan.is_finished(audit):
            raise NotFound(f"{audit}: the audit is not finished; repeat the command that began it")
        return *plan.read(audit), summary

    def _opened(self, out: Path, chosen: Plan, runner: Runner) -> tuple[Running, list[tuple[str, str]]]:
        """The shards of the data sets as they are now with what is finished of them, and what no reader takes."""
        sources, refused = sources_of([stores.absolute(each) for each in chosen.datasets])
        shards, failed = running.measure(runner, sources)
        if not shards and not failed and not refused:
            raise BadInput(f"{', '.join(chosen.datasets)}: holds no items")
        with self._database.reading() as tx:
            finished = running.finished_shards(tx)
        return Running(chosen, shards, out, finished, self._keep), [*failed, *refused]

    def _keep(self, key: str, done: Done) -> None:
        with self._database.transaction() as tx:
            running.record_shard(tx, key, done)

    def _job(self, out: Path, chosen: Plan) -> Job:
        # A worker on another machine has another folder to start from.
        out = out.absolute()
        return Job(
            basis=out / plan.BASIS,
            index=self._settings.index,
            blobs=self._settings.blobs,
            out=out / plan.SHARDS,
            checks=frozenset(chosen.checks),
            limits=self._settings.limits,
            made_by=chosen.made_by,
        )
