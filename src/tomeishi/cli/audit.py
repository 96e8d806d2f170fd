"""`tomeishi audit`: a data set item by item, and the signed words about it."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from tomeishi import clock, wiring
from tomeishi.access.keys import read_public_key
from tomeishi.audit.gate import new_nonce
from tomeishi.audit.inquiries import InquiryAnswer
from tomeishi.audit.plan import summary_of, write_whole
from tomeishi.audit.running import Progress
from tomeishi.audit.verdicts import AuditVerdict, Check
from tomeishi.cli.options import Database, Home
from tomeishi.cli.output import data, messages, say, write_json, write_message_line
from tomeishi.errors import BadInput
from tomeishi.jobs.cluster import RayRunner
from tomeishi.jobs.runner import LocalRunner, Runner
from tomeishi.values import Use


class _AuditByDefault(TyperGroup):
    """`tomeishi audit DATASET...` is `tomeishi audit run DATASET...`; a data set of a command's name is `./answer`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="audit", cls=_AuditByDefault, help="Check training data sets item by item.", no_args_is_help=True
)


@app.command("run")
def run(
    datasets: Annotated[
        list[str],
        typer.Argument(metavar="DATASET", help="Folders, tar, parquet, csv, tsv, jsonl, txt; paths or s3://."),
    ],
    provider: Annotated[str, typer.Option(help="Who trains: asked of the ledger.")],
    out: Annotated[Path, typer.Option(help="Folder for the results; an audit that was broken off there goes on.")],
    use: Annotated[Use, typer.Option(help="The use asked of the ledger.")] = Use.TRAIN,
    model: Annotated[str | None, typer.Option(help="Which model is trained: asked of the ledger.")] = None,
    check: Annotated[list[Check] | None, typer.Option(help="Only these checks, cheapest first; else all.")] = None,
    policy: Annotated[Path | None, typer.Option(help="A policy file; else the installation's own.")] = None,
    at: Annotated[str | None, typer.Option(help="The moment asked of the ledger; else now.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; else one for each core.", min=1)] = None,
    ray: Annotated[str | None, typer.Option(help="Address of a Ray cluster to run on (extra cluster).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as JSON, progress as JSON lines on stderr.")] = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """Every item of a data set: no_match, allowed, denied or unknown, with the reason; resumable."""
    if not provider.strip():
        raise BadInput("--provider: name who trains")
    moment = None if at is None else clock.from_text(at)
    chosen = tuple(each for each in Check if check is None or each in check)
    with wiring.open(home, database) as platform:
        began = False
        with _Shown(as_json=as_json) as shown:
            for progress in platform.audits.run(
                datasets,
                out,
                _runner(workers, ray),
                provider=provider,
                model=model,
                use=use,
                checks=chosen,
                policy=policy,
                moment=moment,
            ):
                began = True
                shown.update(progress)
    if not began:
        say(f"nothing to do: {out} holds this audit, finished; name another folder to make it anew")
    summary = summary_of(out)
    if as_json:
        write_json(summary)
    else:
        _print(summary, out)
    return 3 if summary["unknown"] else int(bool(summary["denied"]))


AuditFolder = Annotated[Path, typer.Option("--audit", help="Folder of a finished audit.")]
Out = Annotated[Path, typer.Option(help="The file to write; never over another.")]


@app.command("answer")
def answer(
    work: Annotated[str, typer.Option(help="The work asked about.")],
    audit: AuditFolder,
    out: Out,
    state: Annotated[
        InquiryAnswer | None, typer.Option(help="What the provider states itself: no or refuse; needs --because.")
    ] = None,
    because: Annotated[str | None, typer.Option(help="The provider's reason for that.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """The signed answer to a training inquiry: was this work used for the model that was audited for?"""
    if state not in (None, InquiryAnswer.NO, InquiryAnswer.REFUSE):
        raise BadInput(f"--state {state}: follows from the audit; only no and refuse are stated")
    with wiring.open(home, database) as platform:
        words = platform.audits.answer(work, audit, out, stated=state, because=because)
    if as_json:
        write_json(words)
    else:
        data.print(f"{words['answer']}: {words['text']['en']}")
        say(f"wrote {out}; check it with `tomeishi verify {out}`")
    return 0


@app.command("state")
def state(
    audit: AuditFolder,
    out: Out,
    nonce: Annotated[
        Path, typer.Option(help="Where to keep the nonce; show it when the other side has given its own.")
    ],
    home: Home = None,
    database: Database = None,
) -> int:
    """Sign what was audited: digests of all shards and verdicts, snapshot, policy and counts."""
    if nonce.exists():
        raise BadInput(f"{nonce}: a file is there already; name a new one for the nonce")
    with wiring.open(home, database) as platform:
        drawn = platform.audits.state(audit, out, _runner(None, None))
    write_whole(nonce, f"{drawn}\n".encode())
    say(f"wrote {out} and {nonce}; keep the nonce to yourself until the other side has handed over its own")
    return 0


@app.command("nonce")
def nonce() -> None:
    """Draw a nonce, for the side that re-runs a sample."""
    data.print(new_nonce())


@app.command("recheck")
def recheck(
    statement: Annotated[Path, typer.Argument(metavar="STATEMENT", help="What `tomeishi audit state` wrote.")],
    audit: Annotated[Path, typer.Option("--audit", help="The folder of the audit that it states.")],
    theirs: Annotated[str, typer.Option(help="The provider's nonce, shown after ours was handed over.")],
    ours: Annotated[str, typer.Option(help="Our nonce, drawn after the statement was signed.")],
    out: Out,
    count: Annotated[int, typer.Option(help="Items to audit again.", min=1)] = 300,
    key: Annotated[list[Path] | None, typer.Option(help="A file with the provider's public key.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """Audit a random sample of a stated audit again, with a seed that both sides fixed: 1 where a verdict differs."""
    with wiring.open(home, database) as platform:
        trusted = [read_public_key(each) for each in key or []] or [platform.key.public]
        told = platform.audits.recheck(
            statement, audit, out, _runner(1, None), trusted=trusted, theirs=theirs, ours=ours, count=count
        )
    if as_json:
        write_json(told)
    else:
        low, high = told["share"]
        data.print(f"{told['disagreements']} of {told['items']} came out otherwise")
        data.print(f"share of all {told['of']:,} items: {low:.4%} to {high:.4%} (95 %, Clopper-Pearson)")
    return int(bool(told["disagreements"]))


@app.command("copy")
def copy(
    audit: AuditFolder,
    out: Annotated[Path, typer.Option(help="Folder for the copies.")],
    home: Home = None,
    database: Database = None,
) -> int:
    """Write the audited archives and Parquet files anew, without what is denied or unknown."""
    with wiring.open(home, database) as platform:
        for each in platform.audits.copies(audit, out, _runner(1, None)):
            data.print(f"{each.name}: {each.kept:,} kept, {each.left_out:,} left out")
    return 0


def _runner(workers: int | None, ray: str | None) -> Runner:
    """Processes of this machine, one for each core unless told otherwise; or places on the cluster at `ray`."""
    if ray is not None:
        return RayRunner(ray, workers)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return LocalRunner(workers or cores or 1)


class _Shown:
    """Progress on stderr: a line that changes on a terminal, or JSON lines."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._told = 0
        self._live = Live(console=messages, transient=True) if messages.is_terminal and not as_json else None

    def __enter__(self) -> "_Shown":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, progress: Progress) -> None:
        if self._as_json:
            write_message_line(progress.to_json())
            return
        for failure in progress.failures[self._told :]:
            say(f"tomeishi: {failure}")
        self._told = len(progress.failures)
        if self._live is not None:
            self._live.update(Text(_line(progress)))


def _line(progress: Progress) -> str:
    rate = "" if progress.rate is None else f", {progress.rate:,.0f} items a second"
    left = "" if progress.left_s is None else f", {_duration(progress.left_s)} left"
    failed = f", {len(progress.failures)} shards failed" if progress.failures else ""
    return (
        f"{progress.finished} of {progress.shards} shards, {progress.items:,} items: {progress.denied:,} denied, "
        f"{progress.unknown:,} unknown{rate}{left}{failed}"
    )


def _duration(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"


def _print(summary: dict[str, Any], out: Path) -> None:
    table = Table("verdict", "items")
    for verdict in AuditVerdict:
        table.add_row(verdict.value, f"{summary[verdict.value]:,}")
    data.print(table)
    for reason, counted in summary["by_reason"].items():
        data.print(f"{reason}: " + ", ".join(f"{count:,} {verdict}" for verdict, count in counted.items()))
    say(f"wrote {out}: report.html, summary.json, keep.txt, eu-summary.md; deny, findings and skipped.parquet")
    say("A resemblance is not a legal finding, and no match says nothing beyond what was looked at.")
