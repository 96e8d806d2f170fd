"""Writes the parts of docs/reference/ that the code already says: `make docs`, or `python docs/generate.py`.

A generated part stands between `<!-- generated: name -->` and `<!-- end -->`; the words around it are written by hand.
Tests make every part again and compare.
"""

import ast
import inspect
import re
import tempfile
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from tomeishi import config, errors, wiring
from tomeishi.cli.main import app
from tomeishi.config import Limits
from tomeishi.consent.standards.mapping import TERMS
from tomeishi.screening.policy import default_text
from tomeishi.web.api.documentation import endpoints
from tomeishi.web.app import create_app

REFERENCE = Path(__file__).parent / "reference"

DONE = "0 done · 2 error"
FILES = (
    "0 all files registered · 2 error · 3 registered, but some files could not be read, or none could and nothing was"
)
EXIT_CODES = {
    "works add": FILES,
    "characters add": "0 all drawings enrolled · 2 error · 3 enrolled, but some files were not, or none could be read",
    "characters list": DONE,
    "works list": DONE,
    "works show": DONE,
    "works describe": DONE,
    "works find": DONE,
    "works import": "0 all imported · 2 the dry run found errors, or nothing could be imported · "
    "3 imported, but some rows or files were left out",
    "works export": DONE,
    "works exclude": DONE,
    "works overlaps": DONE,
    "works franchise": DONE,
    "works franchises": DONE,
    "members add": DONE,
    "members list": DONE,
    "members domains": DONE,
    "keys new": DONE,
    "keys public": DONE,
    "keys register": DONE,
    "keys retire": DONE,
    "keys renew": DONE,
    "keys list": DONE,
    "consent grant": DONE,
    "consent reserve": DONE,
    "consent revoke": DONE,
    "consent record": DONE,
    "consent check": "0 answered, allowed or not · 2 error · 3 with `--jsonl`: some lines could not be answered",
    "consent history": DONE,
    "consent read": "0 read, whatever it states · 2 error · 3 read, but some files were skipped",
    "consent export": DONE,
    "consent import": "0 all recorded or known already · 2 error · 3 some lines were refused",
    "log checkpoint": DONE,
    "log verify": "0 nothing was changed · 1 something was changed, or a proof proves nothing · 2 error",
    "log prove": DONE,
    "admin user add": DONE,
    "admin user list": DONE,
    "admin user password": DONE,
    "admin user disable": DONE,
    "admin user reset-second-factor": DONE,
    "admin user link": DONE,
    "admin key add": DONE,
    "admin key list": DONE,
    "admin key revoke": DONE,
    "index build": DONE,
    "index info": DONE,
    "descriptors add": DONE,
    "descriptors list": DONE,
    "descriptors fill": "0 all described · 2 error · 3 some files are not there any more, or could not be read",
    "audit run": "0 nothing denied · 1 something denied · 2 error · 3 finished, some items unknown; 3 outranks 1",
    "audit answer": DONE,
    "audit state": DONE,
    "audit nonce": DONE,
    "audit recheck": "0 every verdict came out the same · 1 some did not · 2 error",
    "audit copy": DONE,
    "compare": "0 no resemblance found · 1 resemblance found · 2 error · 3 a file could not be read, or only in part",
    "screen": "0 nothing found · 1 findings, also where a grant allows them · 2 error · "
    "3 finished, but some files were skipped or partial; 3 outranks 1",
    "report": "0 packed, nothing found · 1 packed, with findings · 2 error · "
    "3 packed, but the file could be read only in part; or it could not be read, and nothing was packed",
    "verify": "0 intact and signed by a trusted key · 1 altered, or not a package · 2 error · "
    "4 intact, but the signer is not known here",
    "demo": DONE,
    "admin backup": DONE,
    "admin restore": DONE,
    "admin migrate-to": DONE,
    "serve": "0 stopped · 2 error",
    "worker": "0 stopped · 2 error",
    "doctor": "0 sound · 2 something is wrong, or an error",
}
"""By command. A command that is not here stops the generator: whoever adds one says how it ends."""


def commands(noun: typer.Typer = app, prefix: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every command of the application with its function, in the order of `--help`."""
    for group in noun.registered_groups:
        inner = group.typer_instance
        if inner is not None:
            yield from commands(inner, f"{prefix}{inner.info.name} ")
    for command in noun.registered_commands:
        if command.callback is not None:
            yield prefix + (command.name or command.callback.__name__.replace("_", "-")), command.callback


def command_line() -> str:
    """One section per command."""
    return "\n\n".join(_section(name, function) for name, function in commands())


def _section(name: str, function: Callable[..., Any]) -> str:
    arguments, options = [], []
    usage = [f"tomeishi {name}"]
    hints = get_type_hints(function, include_extras=True)
    for parameter in inspect.signature(function).parameters.values():
        annotation, *notes = get_args(hints[parameter.name]) or (hints[parameter.name],)
        note = next((each for each in notes if isinstance(each, OptionInfo | ArgumentInfo)), None)
        if note is None:
            annotation, note = hints[parameter.name], ArgumentInfo(default=...)
        required = parameter.default is inspect.Parameter.empty
        kind, several = _kind(annotation)
        if isinstance(note, OptionInfo):
            names = _option_names(note, parameter.name)
            value = "" if kind is bool else " " + _placeholder(kind)
            if required:
                usage.append(f"{names[0]}{value}")
            written = ", ".join(f"`{each}{value}`" for each in names) + (" (required)" if required else "")
            options.append((written, _meaning(note, kind, parameter.default)))
        else:
            shown = (note.metavar or parameter.name.upper()).removesuffix("...") + ("..." if several else "")
            usage.append(shown if required else f"[{shown}]")
            arguments.append((f"`{shown}`", _meaning(note, kind, parameter.default)))
    usage += ["[OPTIONS]"] if options else []
    rows = [f"| {left} | {right} |" for left, right in (*arguments, *options)]
    table = "\n".join(["", "| argument or option | means |", "|---|---|", *rows, ""]) if rows else ""
    what = inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    return f"### {name}\n\n{what}\n\n```\n{' '.join(usage)}\n```\n{table}\nExit codes: {EXIT_CODES[name]}."


def _option_names(note: OptionInfo, name: str) -> tuple[str, ...]:
    """Typer keeps the first name given in an annotation where a default would stand."""
    first = (note.default,) if isinstance(note.default, str) and note.default.startswith("-") else ()
    return (*first, *(note.param_decls or ())) or ("--" + name.replace("_", "-"),)


def _kind(annotation: Any) -> tuple[Any, bool]:
    """The type of one value, and whether several may be given."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = (each for each in get_args(annotation) if each is not NoneType)
    return (get_args(annotation)[0], True) if get_origin(annotation) is list else (annotation, False)


def _is_choice(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _placeholder(kind: Any) -> str:
    return "CHOICE" if _is_choice(kind) else {Path: "PATH", float: "NUMBER", int: "NUMBER"}.get(kind, "TEXT")


def _meaning(note: OptionInfo | ArgumentInfo, kind: Any, default: Any) -> str:
    words = [(note.help or "").rstrip(".")]
    if _is_choice(kind):
        words.append("One of " + ", ".join(f"`{each.value}`" for each in kind))
    if default not in (inspect.Parameter.empty, None, False, ""):
        words.append(f"Default: `{default}`")
    return ". ".join(word for word in words if word).replace("|", "\\|")


def limits() -> str:
    """A row per field of `Limits`, with the reason that stands below it in config.py."""
    reasons = _words_below_fields(config, "Limits")
    rows = [f"| `{name}` | {_amount(name, getattr(Limits(), name))} | {reasons[name]} |" for name in reasons]
    return "\n".join(["| field | default | what it bounds, and why |", "|---|---|---|", *rows])


def _amount(name: str, value: float) -> str:
    if name.endswith("_bytes"):
        return f"{value / (1 << 30):g} GiB"
    if name.endswith("_s"):
        return f"{value:,.0f} s"
    return f"{value:,}"


def _words_below_fields(module: Any, name: str) -> dict[str, str]:
    """Docstrings of a class's fields, which Python itself does not keep."""
    tree = ast.parse(inspect.getsource(module))
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    words: dict[str, str] = {}
    for field, below in zip(found.body, found.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else ""
            words[field.target.id] = " ".join(str(text).split())
    return words


def policy() -> str:
    """The policy file that a new installation starts with."""
    return f"```toml\n{default_text().strip()}\n```"


def error_tree() -> str:
    """A row per error, indented by descent."""
    rows = ["| error | exit code | when |", "|---|---|---|"]

    def add(error: type[errors.TomeishiError], depth: int) -> None:
        mark = "└ " if depth else ""
        what = inspect.cleandoc(error.__doc__ or "").split("\n")[0]
        if error is errors.TomeishiError:
            what = "Root of the tree; never raised itself."
        rows.append(f"| {'&nbsp;&nbsp;' * depth}{mark}`{error.__name__}` | {error.exit_code} | {what} |")
        for branch in error.__subclasses__():
            if branch.__module__ == errors.__name__:
                add(branch, depth + 1)

    add(errors.TomeishiError, 0)
    return "\n".join(rows)


def standards() -> str:
    """A row per term of each standard, as code reads and writes it."""
    rows = ["| standard | term | yes allows | yes constrains | no refuses | lost |", "|---|---|---|---|---|---|"]
    for term in TERMS:
        uses = (", ".join(f"`{use}`" for use in each) or "–" for each in (term.allows, term.in_part, term.refuses))
        rows.append(f"| `{term.standard}` | `{term.token}` | {' | '.join(uses)} | {term.lost} |")
    return "\n".join(rows)


def routes() -> str:
    """Every route of REST, with the roles and scopes that it lets in."""
    with tempfile.TemporaryDirectory() as home, wiring.open(home) as platform:
        found = [each for each in endpoints(create_app(platform)) if each.path.startswith("/v1")]
    rows = [
        f"| `{each.method} {each.path}` | {each.what} | {', '.join(each.roles) or 'anybody'} | "
        f"{', '.join(each.scopes) or ('none' if each.action else '')} |"
        for each in found
    ]
    return "\n".join(["| route | does | roles | scopes of keys |", "|---|---|---|---|", *rows])


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "command-line": ("cli.md", command_line),
    "limits": ("settings.md", limits),
    "policy": ("settings.md", policy),
    "error-tree": ("errors.md", error_tree),
    "terms": ("standards.md", standards),
    "routes": ("rest.md", routes),
}
"""Name of a generated part, its page, and what writes it."""


def filled(page: str, name: str, text: str) -> str:
    """`page` with its generated part `name` set to `text`."""
    pattern = re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    page, found = pattern.subn(lambda part: f"{part[1]}{text}\n{part[2]}", page)
    if found != 1:
        raise ValueError(f"generated part {name} stands {found} times in its page, not once")
    return page


def main() -> None:
    for name, (file, write) in PARTS.items():
        path = REFERENCE / file
        path.write_text(filled(path.read_text(encoding="utf-8"), name, write()), encoding="utf-8")


if __name__ == "__main__":
    main()
