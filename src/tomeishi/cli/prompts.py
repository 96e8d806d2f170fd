"""`tomeishi screen --prompt`."""

import sys
from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from tomeishi.cli.output import data, say, write_line
from tomeishi.screening.prompts import PromptScreener, PromptScreening
from tomeishi.values import Verdict

COLOURS = {Verdict.CLEAR: "green", Verdict.REVIEW: "yellow", Verdict.BLOCK: "red"}

_AT_ONCE = 512
"""Lines of standard input that are read before any is answered."""
_SHOWN = 60
"""Letters of a prompt that a table shows."""


def screen_prompts(screener: PromptScreener, prompts: Sequence[str], *, jsonl: bool) -> int:
    """The exit code; one line or row per prompt and name."""
    table = Table("prompt", "verdict", "name", "work", "member", "mention", "band", "permission")
    found = cut = with_descriptions = False
    for part in _parts(prompts):
        for result in screener.screen(part):
            with_descriptions = with_descriptions or bool(result.descriptions)
            found, cut = found or bool(result.findings), cut or result.partial is not None
            if result.partial is not None:
                say(f"tomeishi: read only in part: {result.partial.reason}")
            if jsonl:
                write_line(result.to_json())
            else:
                _add(table, result)
    if not jsonl:
        data.print(table)
        say("A name states what a prompt speaks of. It is not a legal finding.")
        if with_descriptions:
            say("Descriptions are in the order of likeness; somebody has to judge whether any of them is meant.")
    return 3 if cut else int(found)


def _parts(prompts: Sequence[str]) -> Iterator[list[str]]:
    for prompt in prompts:
        if prompt != "-":
            yield [prompt]
            continue
        lines: list[str] = []
        for line in sys.stdin:
            lines.append(line.rstrip("\r\n"))
            if len(lines) == _AT_ONCE:
                yield lines
                lines = []
        yield lines


def _add(table: Table, result: PromptScreening) -> None:
    shown = result.prompt.replace("\n", " ")
    shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
    verdict = Text(result.verdict, style=COLOURS[result.verdict])
    if not result.findings:
        table.add_row(shown, verdict, Text("nothing found (looked for names)", style="dim"))
    for number, finding in enumerate(result.findings):
        table.add_row(
            shown if number == 0 else "",
            verdict if number == 0 else "",
            finding.name,
            finding.title,
            finding.member,
            finding.mention,
            finding.band,
            _allowed(finding.permission.allowed),
        )
    for near in result.descriptions or ():
        told = f"described: {near.text}"
        shown_text = told if len(told) <= _SHOWN else told[: _SHOWN - 1] + "…"
        whose = near.character or near.title
        table.add_row(
            "", "", Text(shown_text, style="dim"), whose, near.member, "", "", _allowed(near.permission.allowed)
        )


def _allowed(allowed: bool) -> str:
    return "allowed" if allowed else "not allowed"
