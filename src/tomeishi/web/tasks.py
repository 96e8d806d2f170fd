"""Long work that the web hands to jobs, and what does it. Each kind has a function that queues it and a handler.

The key of a job is one request's own: a request that comes twice is recognised by its Idempotency-Key. A handler only
reads until its ending, which writes everything in the transaction that ends the job.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tomeishi import clock
from tomeishi.access import events
from tomeishi.audit import offered
from tomeishi.audit.plan import summary_of
from tomeishi.audit.verdicts import AuditVerdict, Check
from tomeishi.errors import NotFound, TomeishiError
from tomeishi.evidence import stored
from tomeishi.evidence.capture import Capture
from tomeishi.evidence.stored import StoredPackage
from tomeishi.jobs.runner import LocalRunner, Runner
from tomeishi.jobs.worker import Ending, Handler, Work
from tomeishi.registry import sheets, transfer
from tomeishi.review import screenings
from tomeishi.review.screenings import AskedBy
from tomeishi.screening.findings import Screening
from tomeishi.screening.outputs import Screener
from tomeishi.values import Use, digest_of_file
from tomeishi.web.standing import Asking, Standing
from tomeishi.wiring import Platform

SCREEN = "screen"
SCREEN_PROMPT = "screen-prompt"
ADD_REFERENCE = "add-reference"
IMPORT = "import"
PACK = "pack-evidence"
AUDIT = "audit"


def handlers(platform: Platform, standing: Standing, runner: Runner | None = None) -> Mapping[str, Handler]:
    """For `platform.worker`: everything that the web queues. Audits run on `runner`, else on one more process."""
    tasks = _Tasks(platform, standing, runner or LocalRunner(1))
    return {
        SCREEN: tasks.screen,
        SCREEN_PROMPT: tasks.screen_prompt,
        ADD_REFERENCE: tasks.add_reference,
        IMPORT: tasks.import_sheet,
        PACK: tasks.pack,
        AUDIT: tasks.audit,
    }


def screen_kept(screener: Screener, path: Path, name: str) -> Screening:
    """A screening of a kept file, in which the file is called what its sender called it."""
    made = screener.screen(path, name)
    if made.skipped is not None:
        reason = made.skipped.reason.replace(str(path), name)
        made = replace(made, skipped=replace(made.skipped, reason=reason))
    if made.partial is not None:
        made = replace(made, partial=replace(made.partial, reason=made.partial.reason.replace(str(path), name)))
    return made


def asking_of(payload: Mapping[str, Any]) -> Asking:
    use = payload.get("use")
    return payload.get("provider"), payload.get("model"), None if use is None else Use(use)


def asked_by(payload: Mapping[str, Any]) -> AskedBy:
    return AskedBy(payload["principal"], payload["organisation"], payload.get("provider"), payload.get("model"))


class _Tasks:
    def __init__(self, platform: Platform, standing: Standing, runner: Runner) -> None:
        self._platform = platform
        self._standing = standing
        self._runner = runner

    def screen(self, work: Work) -> Ending:
        asked = work.job.payload
        work.progress(0, 1)
        path = self._platform.kept(asked["media"])
        screener = self._standing.media(asking_of(asked), style=asked.get("style", False))
        made = screen_kept(screener, path, asked["name"])
        return lambda tx: {
            "screening": screenings.keep(tx, made, asked_by(asked), asked["media"], clock.now()),
            "verdict": made.verdict.value,
            "findings": len(made.findings),
        }

    def screen_prompt(self, work: Work) -> Ending:
        asked = work.job.payload
        (made,) = self._standing.prompts(asking_of(asked)).screen([asked["prompt"]])
        return lambda tx: {
            "screening": screenings.keep_prompt(tx, made, asked_by(asked), clock.now()),
            "verdict": made.verdict.value,
            "findings": len(made.findings),
        }

    def add_reference(self, work: Work) -> Ending:
        asked = work.job.payload
        work.progress(0, 1, asked["name"])
        extraction, register = self._platform.add_kept(asked["work"], asked["media"], asked["name"])
        read = extraction.partial
        partial = None if read is None else {"until": read.until}

        def end(tx: Any) -> dict[str, Any]:
            reference_id = register(tx)
            events.record(tx, asked["principal"], "reference.added", reference_id, clock.now())
            return {"reference": reference_id, "partial": partial}

        return end

    def import_sheet(self, work: Work) -> Ending:
        asked = work.job.payload
        path = self._platform.kept(asked["sheet"])
        plan = plan_of(self._platform, path, asked["name"], asked["member"])

        def end(tx: Any) -> dict[str, Any]:
            done = transfer.apply_import(tx, plan, clock.now(), partial=asked["partial"])
            counts = {"added": len(done.works), "unchanged": len(done.unchanged)}
            events.record(tx, asked["principal"], "works.imported", work.job.id, clock.now(), counts)
            return {**counts, "works": list(done.works), "errors": errors_of(plan)}

        return end

    def pack(self, work: Work) -> Ending:
        asked = work.job.payload
        work.progress(0, 1)
        kept = self._platform.kept(asked["media"])
        with tempfile.TemporaryDirectory(dir=self._platform.settings.home) as folder:
            # A package names the query's file: it gets the name that its sender gave it.
            query = Path(folder) / asked["name"]
            query.symlink_to(kept)
            reported = self._platform.report(
                query, Path(folder) / "out", capture=_capture(asked), member_id=asked["member"]
            )
            digest = digest_of_file(reported.sealed.path)
            self._platform.keep(reported.sealed.path, digest)
        sealed = reported.sealed
        package = StoredPackage(
            sealed.package_id,
            asked["screening"],
            asked["member"],
            digest,
            sealed.size_bytes,
            asked["principal"],
            clock.now(),
        )

        def end(tx: Any) -> dict[str, Any]:
            stored.keep(tx, package)
            events.record(tx, asked["principal"], "evidence.packed", package.id, clock.now(), {"digest": digest})
            return {"evidence_package": package.id, "digest": digest, "findings": len(reported.screening.findings)}

        return end

    def audit(self, work: Work) -> Ending:
        """Begun anew by another worker it goes on in the same folder, with the shards that are finished."""
        asked, settings = work.job.payload, self._platform.settings
        dataset = offered.offered(settings.datasets).get(asked["dataset"])
        if dataset is None:
            raise NotFound(f"data set {asked['dataset']!r} is no longer offered")
        out = settings.audits / asked["audit"]
        chosen = tuple(Check(each) for each in asked["checks"])
        told = {"provider": asked["provider"], "model": asked["model"], "use": Use(asked["use"]), "checks": chosen}
        for progress in self._platform.audits.run([dataset.path], out, self._runner, **told):
            work.progress(progress.finished, progress.shards, asked["dataset"])
        summary = summary_of(out)
        counts = {verdict.value: summary[verdict.value] for verdict in AuditVerdict}
        return lambda tx: {"audit": asked["audit"], "items": summary["items"], **counts}


def plan_of(platform: Platform, path: Path, name: str, member: str | None) -> transfer.ImportPlan:
    """What importing an uploaded sheet would do; with `member`, of its rows alone. Media are uploaded by themselves."""
    try:
        sheet = sheets.read_sheet(path)
    except TomeishiError as error:
        raise type(error)(str(error).replace(str(path), name)) from error
    if member is not None:
        sheet = transfer.of_member(sheet, member)
    with tempfile.TemporaryDirectory() as nothing, platform.reading() as tx:
        return transfer.plan_import(tx, sheet, Path(nothing))


def errors_of(plan: transfer.ImportPlan) -> list[dict[str, Any]]:
    """Row-numbered, as `works import --json` writes them."""
    return [{"row": each.row, "column": each.column, "message": each.message} for each in plan.errors]


def _capture(asked: Mapping[str, Any]) -> Capture:
    captured_at = asked.get("captured_at")
    return Capture(
        source_url=asked.get("source_url"),
        captured_at=None if captured_at is None else clock.from_text(captured_at),
        prompt=asked.get("prompt"),
        provider=asked.get("provider"),
        model=asked.get("model"),
    )
