"""`tomeishi report` and `tomeishi verify`: evidence, sealed and checked."""

from pathlib import Path
from typing import Annotated

import typer

from tomeishi import clock, wiring
from tomeishi.cli.options import Database, Home
from tomeishi.cli.output import data, read_in_part, say, write_json
from tomeishi.evidence.capture import Capture
from tomeishi.evidence.timestamps import http_transport
from tomeishi.values import Use


def report(
    query: Annotated[Path, typer.Argument(metavar="QUERY", help="The file to screen and seal.")],
    out: Annotated[Path, typer.Option(help="Folder for the package and its PDFs.")],
    source_url: Annotated[str | None, typer.Option(help="Where the file was found.")] = None,
    captured_at: Annotated[str | None, typer.Option(help="When: 2026-11-23T09:00:00+09:00.")] = None,
    prompt: Annotated[str | None, typer.Option(help="The prompt that made it.")] = None,
    provider: Annotated[str | None, typer.Option(help="Who runs the generator.")] = None,
    model: Annotated[str | None, typer.Option(help="The model and its version.")] = None,
    use: Annotated[Use | None, typer.Option(help="The use asked of the ledger; else it follows from the kind.")] = None,
    policy: Annotated[Path | None, typer.Option(help="A policy file; else the installation's own.")] = None,
    digest_only: Annotated[bool, typer.Option("--digest-only", help="Seal the file's digest, not the file.")] = False,
    time_stamp: Annotated[
        str | None, typer.Option(help="Ask this RFC 3161 authority (URL) for a time stamp: sends a digest, no media.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
    home: Home = None,
    database: Database = None,
) -> int:
    """Screen one file and seal what was found in a package that a stranger can verify, with its PDF."""
    capture = Capture(
        source_url=source_url,
        captured_at=None if captured_at is None else clock.from_text(captured_at),
        prompt=prompt,
        provider=provider,
        model=model,
    )
    with wiring.open(home, database) as platform:
        done = platform.report(
            query,
            out,
            capture=capture,
            use=use,
            policy=policy,
            seal_query=not digest_only,
            time_stamp=None if time_stamp is None else http_transport(time_stamp),
        )
    screening = done.screening
    if as_json:
        write_json(
            {
                "package": str(done.sealed.path),
                "documents": [str(path) for path in done.documents],
                "without_pairs": list(done.without_pairs),
                "inventory": done.sealed.inventory_digest,
                "key_id": done.sealed.key_id,
                "screening": screening.to_json(),
            }
        )
    else:
        data.print(str(done.sealed.path))
        say(f"{len(screening.findings)} findings, verdict {screening.verdict}; signed by {done.sealed.key_id}")
        for path in done.documents:
            say(f"wrote {path}")
    if screening.partial:
        say(read_in_part(query, screening.partial))
    for reference in done.without_pairs:
        say(f"no frame pairs of {reference}: it is no longer where it was registered, or another file now")
    return 3 if screening.partial else int(bool(screening.findings))


def verify(
    package: Annotated[Path, typer.Argument(metavar="PACKAGE", help="An evidence package (.zip).")],
    key: Annotated[list[Path] | None, typer.Option(help="A file with a public key that you trust.")] = None,
    authority: Annotated[
        list[Path] | None, typer.Option(help="Root certificate (PEM) of a time-stamp authority that you trust.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
    home: Home = None,
) -> int:
    """Check a package offline: 0 intact and signed by a trusted key, 1 altered, 4 intact but signer unknown."""
    found = wiring.verify(package, key or [], authority or [], home)
    if as_json:
        write_json(found.to_json())
    else:
        marks = {True: "ok", False: "ALTERED", None: "not checked"}
        for check in found.checks:
            data.print(f"{marks[check.ok]:>11}  {check.name}: {check.detail}")
        data.print(found.state.replace("_", " "))
    return found.exit_code
