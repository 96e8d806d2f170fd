"""The command `tomeishi`: verbs grouped under nouns.

Exit codes: 0 nothing found, 1 findings (or, for `verify`, altered), 2 error, 3 finished but some files could not be
read, 4 intact but signer unknown. 3 outranks 1: a run that did not see everything must not look complete.
"""

import os
import sys

import typer

from tomeishi.cli import (
    admin,
    audit,
    characters,
    consent,
    demo,
    descriptors,
    doctor,
    index,
    keys,
    log,
    members,
    moving,
    report,
    screen,
    serve,
    works,
)
from tomeishi.cli.output import say, use_utf8
from tomeishi.errors import TomeishiError

app = typer.Typer(
    name="tomeishi",
    help="Registry, consent, screening and evidence for works and their rights holders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
admin.app.command("backup")(moving.back_up)
admin.app.command("restore")(moving.restore)
admin.app.command("migrate-to")(moving.migrate_to)
for noun in (works, characters, members, keys, consent, log, index, descriptors, admin, audit):
    app.add_typer(noun.app)
app.command("compare")(screen.compare)
app.command("screen")(screen.screen)
app.command("report")(report.report)
app.command("verify")(report.verify)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("serve")(serve.serve)
app.command("worker")(serve.work)


def main() -> None:
    """Run, and end with the exit code that the outcome has."""
    use_utf8()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of one command; every expected failure becomes one line on stderr."""
    try:
        code = app(arguments, standalone_mode=False)
    except TomeishiError as error:
        say(f"tomeishi: {error}")
        return error.exit_code
    except typer.Exit as request:
        return request.exit_code
    except typer.TyperException as error:
        say(f"tomeishi: {error.format_message()} Try --help." if error.format_message() else "tomeishi: try --help")
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        say("tomeishi: stopped")
        return 130
    except BrokenPipeError:
        # The reader of our output has left (`| head`); silence Python's own complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        say(f"tomeishi: {error.filename or 'the system'}: {error.strerror or error}")
        return 2
    return code if isinstance(code, int) else 0
