"""`tomeishi admin`: people, and keys for programs."""

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tomeishi import clock, wiring
from tomeishi.access import api_keys, events, organisations, people
from tomeishi.access.permissions import KeyScope, Role
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, say, write_json

app = typer.Typer(name="admin", help="People with accounts, and keys for programs.", no_args_is_help=True)
user = typer.Typer(name="user", help="People with accounts.", no_args_is_help=True)
key = typer.Typer(name="key", help="Keys for programs.", no_args_is_help=True)
app.add_typer(user)
app.add_typer(key)

BY = "command line"
"""Who did it, in the event log: whoever may run commands here may do everything."""

Member = Annotated[str | None, typer.Option(help="Of this member (name); else of the coalition.")]
Provider = Annotated[str | None, typer.Option(help="Of this provider, as the ledger calls it.")]


@user.command("add")
def add_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="To sign in with.")],
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    member: Member = None,
    provider: Provider = None,
    language: Annotated[str, typer.Option(help="ja or en.")] = "ja",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input; else it is asked for.")
    ] = False,
    without_password: Annotated[
        bool, typer.Option("--without-password", help="Signs in by OpenID Connect only.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Add a person; prints the id."""
    password = None
    if not without_password:
        password = (
            _from_stdin() if password_stdin else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        )
    now = clock.now()
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        of = organisations.named(tx, now, member=member, provider=provider)
        person_id = people.add_person(tx, name, of, role, now, password=password, language=language)
        events.record(tx, BY, "person.added", person_id, now, {"roles": sorted(role), "organisation": of.id})
    write_json({"person": person_id}) if as_json else data.print(person_id)


@user.command("list")
def list_users(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """All people, with their organisation and roles."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        found = people.list_people(tx)
    rows: list[dict[str, Any]] = [
        {
            "person": each.id,
            "name": each.name,
            "organisation": each.organisation.name,
            "roles": sorted(each.roles),
            "second_factor": each.has_second_factor,
            "disabled_at": None if each.disabled_at is None else clock.to_text(each.disabled_at),
        }
        for each in found
    ]
    if as_json:
        write_json(rows)
        return
    for row in rows:
        shut_out = f"  shut out {row['disabled_at']}" if row["disabled_at"] else ""
        data.print(f"{row['person']}  {row['name']}  {row['organisation']}  {', '.join(row['roles'])}{shut_out}")


@user.command("password")
def set_password(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read it from standard input; else it is asked for.")
    ] = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Set another password; the person is signed out everywhere."""
    password = _from_stdin() if password_stdin else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    _change(name, home, database, "person.password_set", lambda tx, who, _: people.set_password(tx, who, password))
    say(f"{name}: password set, signed out everywhere")


@user.command("disable")
def disable_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who is shut out.")],
    home: Home = None,
    database: Database = None,
) -> None:
    """Shut a person out, at once; what they did stays theirs."""
    _change(name, home, database, "person.disabled", people.disable)
    say(f"{name}: shut out")


@user.command("reset-second-factor")
def reset_second_factor(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who lost theirs.")],
    home: Home = None,
    database: Database = None,
) -> None:
    """Take a lost second factor away; the person is signed out everywhere and sets up a new one."""
    change = "person.second_factor_reset"
    _change(name, home, database, change, lambda tx, who, _: people.take_second_factor_away(tx, who))
    say(f"{name}: no second factor any more")


@user.command("link")
def link_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who signs in by it.")],
    issuer: Annotated[str, typer.Option(help="The OpenID provider, as its tokens name it (an address).")],
    subject: Annotated[str, typer.Option(help="The account there: `sub` in its tokens.")],
    home: Home = None,
    database: Database = None,
) -> None:
    """Let a person sign in by an account of OpenID Connect."""

    def link(tx: Any, person_id: str, _: datetime) -> None:
        people.link_account(tx, person_id, issuer, subject)

    _change(name, home, database, "person.linked", link, {"issuer": issuer})
    say(f"{name}: signs in by {issuer}")


@key.command("add")
def add_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, as lists show it.")],
    scope: Annotated[list[KeyScope], typer.Option(help="May be given several times.")],
    member: Member = None,
    provider: Provider = None,
    until: Annotated[str | None, typer.Option(help="Ends at; else open.")] = None,
    home: Home = None,
    database: Database = None,
) -> None:
    """Make a key; it is printed alone, once, and can't be shown again."""
    now = clock.now()
    expires_at = None if until is None else clock.from_text(until)
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        of = organisations.named(tx, now, member=member, provider=provider)
        key_id, word = api_keys.add_key(tx, name, of, scope, now, expires_at=expires_at)
        events.record(tx, BY, "key.added", key_id, now, {"scopes": sorted(scope), "organisation": of.id})
    data.print(word)
    say(f"{key_id}: keep this key now, it is not shown again")


@key.command("list")
def list_keys(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """All keys, without the keys themselves."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        found = api_keys.list_keys(tx)
    rows: list[dict[str, Any]] = [
        {
            "key": each.id,
            "name": each.name,
            "organisation": each.organisation.name,
            "scopes": sorted(each.scopes),
            "expires_at": None if each.expires_at is None else clock.to_text(each.expires_at),
            "revoked_at": None if each.revoked_at is None else clock.to_text(each.revoked_at),
        }
        for each in found
    ]
    if as_json:
        write_json(rows)
        return
    for row in rows:
        revoked = f"  revoked {row['revoked_at']}" if row["revoked_at"] else ""
        data.print(f"{row['key']}  {row['name']}  {row['organisation']}  {', '.join(row['scopes'])}{revoked}")


@key.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `admin key list` shows it.")],
    home: Home = None,
    database: Database = None,
) -> None:
    """From now on the key opens nothing."""
    now = clock.now()
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        api_keys.revoke(tx, key_id, now)
        events.record(tx, BY, "key.revoked", key_id, now)
    say(f"{key_id}: revoked")


def _change(
    name: str,
    home: Path | None,
    database: str | None,
    event: str,
    change: Callable[[Any, str, datetime], None],
    words: Mapping[str, str] | None = None,
) -> None:
    """Change something about the person of that name, and record that in the event log."""
    now = clock.now()
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        person = people.person_by_name(tx, name)
        change(tx, person.id, now)
        events.record(tx, BY, event, person.id, now, words)


def _from_stdin() -> str:
    return sys.stdin.readline().rstrip("\r\n")
