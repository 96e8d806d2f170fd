"""What `tomeishi demo` does: the main job on films drawn on the spot, with what was planted beside what was found."""

import json
import os
import shutil
import sys
import time
from contextlib import nullcontext
from pathlib import Path

from rich.table import Table
from rich.text import Text

from tomeishi import clock, wiring
from tomeishi.access import public_keys
from tomeishi.access.keys import new_key
from tomeishi.cli.demo_site import furnish, removed_at_the_end, show
from tomeishi.cli.output import data, say, tracked
from tomeishi.consent import ledger
from tomeishi.consent.entries import EntryKind, Level, Scope, Statement, sign_entry
from tomeishi.errors import Conflict
from tomeishi.evidence.capture import Capture
from tomeishi.evidence.comparison_page import time_code
from tomeishi.registry import works
from tomeishi.screening.findings import Screening
from tomeishi.testing.planted import CLEAN_SEEDS, COPIES, Query, draw_clean, draw_references, make_copies
from tomeishi.values import Interval, Use

PROVIDER = "acme-video"
GRANTED = 3
"""The film of the catalogue whose member grants its reproduction to the provider: found, and clear."""


def demonstrate(out: Path | None, no_serve: bool, no_browser: bool) -> None:
    """All of it, as `tomeishi demo` says."""
    serving = sys.stdout.isatty() and not no_serve
    kept, out = out is not None, out or Path("demo-out")
    _clear(out)
    with removed_at_the_end(out) if serving and not kept else nullcontext():
        screened, member = _worked(out)
        if serving:
            with wiring.open(out / "home") as platform:
                show(platform, furnish(platform, screened, member, PROVIDER), browse=not no_browser)


def _worked(out: Path) -> tuple[list[tuple[Path, Screening]], str]:
    """Everything up to the browser: what was screened, and the member of the first film."""
    began = time.monotonic()
    workers = max(1, min(4, os.cpu_count() or 1))
    say("Tomeishi demo: fictional films, drawn on this machine; nothing leaves it")
    media, queries_folder = out / "references", out / "queries"
    drawn = list(tracked(draw_references(media, workers), 6, "drawing films to register"))
    drawn.sort(key=lambda pair: pair[0].seed)
    clean = sorted(path for _, path in tracked(draw_clean(queries_folder, workers), len(CLEAN_SEEDS), "drawing others"))
    paths = [path for _, path in drawn]
    copies = tracked(make_copies(paths, clean, queries_folder, workers), len(COPIES), "making altered copies")
    queries = [*copies, *(Query(path, "", None, None) for path in clean)]
    queries.sort(key=lambda query: query.path.name)
    with wiring.open(out / "home") as platform:
        for film, path in tracked(drawn, len(drawn), "registering"):
            platform.register(film.member, film.title, [path], reading=film.reading, aliases=[film.english])
        _grant(platform, drawn[GRANTED][0].member, drawn[GRANTED][0].title)
        screener = platform.screener(provider=PROVIDER)
        results = []
        with (out / "findings.jsonl").open("w", encoding="utf-8") as lines:
            for query in tracked(queries, len(queries), "screening"):
                result = screener.screen(query.path, str(query.path))
                lines.write(json.dumps(result.to_json(), ensure_ascii=False) + "\n")
                results.append(result)
        titles = [film.title for film, _ in drawn]
        _print(queries, results, titles)
        reported = platform.report(
            queries[0].path,
            out / "evidence",
            capture=Capture(
                source_url="https://video.example/watch/clip-01",
                captured_at=clock.now().replace(microsecond=0),
                prompt="a small star walks home over the hills, cartoon",
                provider=PROVIDER,
                model="demo-1",
            ),
        )
        checked = wiring.verify(reported.sealed.path, [], home=out / "home")
    comparison = wiring.compare(queries[1].path, paths[COPIES[1].source])
    wiring.comparison_page(comparison, out / "comparison.html")
    data.print(f"evidence:    {reported.sealed.path}")
    data.print(f"             {checked.state}, signed by {reported.sealed.key_id}")
    for document in reported.documents:
        data.print(f"report:      {document}")
    data.print(f"comparison:  {out / 'comparison.html'}")
    data.print(f"findings:    {out / 'findings.jsonl'}")
    say(f"{time.monotonic() - began:.0f} s. Next: tomeishi compare A B --html page.html  |  tomeishi works add --help")
    return list(zip([query.path for query in queries], results, strict=True)), drawn[0][0].member


def _clear(out: Path) -> None:
    """Only a folder that an earlier demo made is ever removed."""
    mark = out / "made-by-the-demo"
    if out.exists() and any(out.iterdir()) and not mark.exists():
        raise Conflict(f"{out}: holds something else; name another folder with --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    mark.touch()


def _grant(platform: wiring.Platform, member: str, title: str) -> None:
    """The member signs a grant for one work and one provider with a key of its own."""
    with platform.transaction() as tx:
        moment = clock.now()
        member_id = works.member_by_name(tx, member).id
        key = new_key(member)
        public_keys.register_public_key(tx, member_id, key.public, moment)
        statement = Statement(
            kind=EntryKind.GRANT,
            member_id=member_id,
            declared_at=moment,
            scope=Scope(Level.WORK, works.work_by_title(tx, member_id, title).id),
            uses=(Use.REPRODUCE,),
            provider=PROVIDER,
        )
        ledger.record(tx, sign_entry(statement, key), clock.now())


def _print(queries: list[Query], results: list[Screening], titles: list[str]) -> None:
    table = Table("query", "planted", "found", "surely", "reference", "permission", "verdict", "")
    right = 0
    for query, result in zip(queries, results, strict=True):
        wanted = None if query.source is None else titles[query.source]
        found = [finding.title for finding in result.findings]
        outcome = "missed" if wanted and wanted not in found else "wrong" if set(found) - {wanted} else "right"
        right += outcome == "right"
        colour = "green" if outcome == "right" else "red"
        rows: list[tuple[str, ...]] = [
            (
                f"{finding.title} {_span(segment.query)}",
                f"{finding.band} {finding.kind}",
                _span(segment.reference),
                "allowed" if finding.permission.allowed else "not allowed",
                str(finding.verdict),
            )
            for finding in result.findings
            for segment in finding.segments
        ] or [("nothing", "", "", "", str(result.verdict))]
        planted = query.planted
        head = [query.path.stem, f"{wanted} {_span(planted.query)}" if planted else "nothing"]
        for number, row in enumerate(rows):
            table.add_row(
                *(head if number == 0 else ["", ""]), *row, Text(outcome, style=colour) if number == 0 else ""
            )
        table.add_section()
    data.print(table)
    data.print(f"{right} of {len(queries)} right. A score states a resemblance; it is not a legal finding.")


def _span(interval: Interval) -> str:
    return f"{time_code(interval.start)}-{time_code(interval.end)}"
