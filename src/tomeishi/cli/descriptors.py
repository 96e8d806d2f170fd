"""`tomeishi descriptors`: models of one's own, beside the two descriptors that are shipped."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tomeishi import wiring
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, say, write_json
from tomeishi.errors import BadInput
from tomeishi.registering import EXTRAS

app = typer.Typer(
    name="descriptors",
    help="Describe pictures by ONNX files of your own, beside what is shipped.",
    no_args_is_help=True,
)


@app.command()
def add(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="An ONNX file that holds its weights.")] = None,
    name: Annotated[
        str | None, typer.Option(help="What it is called here: small letters, digits, underscores.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Its licence, to be told wherever it was used.")] = "not stated",
    size: Annotated[int | None, typer.Option(help="Side of the square it is shown, in pixels; else its own.")] = None,
    mean: Annotated[str | None, typer.Option(help="Three numbers, of channels in [0, 1]; else ImageNet's.")] = None,
    std: Annotated[str | None, typer.Option(help="Three numbers; else ImageNet's.")] = None,
    layout: Annotated[str | None, typer.Option(help="nchw or nhwc; else as its input tells.")] = None,
    output: Annotated[str | None, typer.Option(help="Which output is the row; else the only one of two axes.")] = None,
    threshold: Annotated[float, typer.Option(help="Cosine distance up to which two frames are the same.")] = 0.5,
    card: Annotated[Path | None, typer.Option(help="A JSON file with these fields, instead of the options.")] = None,
    extra: Annotated[str | None, typer.Option(help="A model of an installed extra instead of a file: sscd.")] = None,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Try an ONNX file and keep it with its digest; references registered from now on are described by it, too."""
    if (file is None) == (extra is None):
        raise BadInput("name an ONNX file, or a model of an extra with --extra, one of both")
    if extra is not None and extra not in EXTRAS:
        raise BadInput(f"no extra brings {extra!r}; there is {', '.join(EXTRAS)}")
    words: dict[str, Any] = {"licence": licence, "threshold": threshold}
    if extra is not None:
        words = dict(EXTRAS[extra])
    elif card is not None:
        words |= _card(card)
    given = {"name": name, "size": size, "mean": _three(mean), "std": _three(std), "layout": layout, "output": output}
    words |= {key: value for key, value in given.items() if value is not None}
    if not words.get("name"):
        raise BadInput("say what it is called here with --name")
    with wiring.open(home, database) as platform:
        added = platform.add_descriptor(file, words)
        waiting = platform.descriptors_info()
    if as_json:
        write_json(next(row for row in waiting if row["descriptor"] == added.spec.key))
        return
    data.print(
        f"{added.spec.key}: {added.card.dim} numbers a row, {added.card.size} pixels a side, {added.card.digest}"
    )
    missing = sum(row["missing"] for row in waiting if row["descriptor"] == added.spec.key)
    if missing:
        say(f"{missing} references were registered before it: run `tomeishi descriptors fill`")


@app.command("list")
def list_(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """Descriptors in use: the shipped ones, and those that were added."""
    with wiring.open(home, database) as platform:
        rows = platform.descriptors_info()
    if as_json:
        write_json(rows)
        return
    for row in rows:
        behind = f", {row['missing']} not described by it" if row["missing"] else ""
        told = f"{row['dim']} numbers, {row['digest'] or 'no weights'}, {row['source']}"
        data.print(f"{row['descriptor']}: {row['references']} references{behind}; {told}")


@app.command()
def fill(home: Home = None, database: Database = None) -> int:
    """Describe what was registered before a descriptor was added, or came with a new version; build the index."""
    skipped = 0
    with wiring.open(home, database) as platform:
        for path, problem in platform.fill():
            if problem is not None:
                skipped += 1
                say(f"skipped: {problem.reason}")
            else:
                say(f"described: {path}")
    return 3 if skipped else 0


def _three(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        numbers = [float(each) for each in text.split(",")]
    except ValueError as error:
        raise BadInput(f"three numbers with commas between them, not {text!r}") from error
    if len(numbers) != 3:
        raise BadInput(f"three numbers with commas between them, not {text!r}")
    return numbers


_FIELDS = {"name", "size", "mean", "std", "layout", "output", "threshold", "licence"}


def _card(path: Path) -> dict[str, Any]:
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path}: is no card that can be read: {error}") from error
    if not isinstance(words, dict) or set(words) - _FIELDS:
        raise BadInput(f"{path}: a card is a JSON object of {', '.join(sorted(_FIELDS))}")
    return words
