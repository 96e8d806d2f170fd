"""`tomeishi keys`: made where their owner works; the registry holds the public half only."""

from pathlib import Path
from typing import Annotated

import typer

from tomeishi import clock, wiring
from tomeishi.access import public_keys
from tomeishi.access.keys import COALITION, new_key, read_public_key, write_key
from tomeishi.access.public_keys import RetiredBecause
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, say, write_json
from tomeishi.consent import ledger
from tomeishi.registry import works

app = typer.Typer(name="keys", help="Signing keys, and whose public keys are registered.", no_args_is_help=True)


@app.command()
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new key file; keep it where you work.")],
    owner: Annotated[str, typer.Option(help="Whose key it is, as a person reads it.")],
    as_json: Json = False,
) -> None:
    """Make a key file. Its private half never leaves it; hand out what `keys public` prints."""
    key = new_key(owner)
    write_key(key, file)
    if as_json:
        write_json({"key_id": key.public.key_id, "public_key": key.public.text, "file": str(file)})
    else:
        data.print(key.public.key_id)
        say(f"wrote {file}, readable by you alone; to register it: tomeishi keys register --member NAME {file}")


@app.command()
def public(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A key file; else this installation's.")] = None,
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """Print the public half of a key, to hand out; without FILE that of the key which signs evidence here."""
    if file is None:
        with wiring.open(home, database) as platform:
            key = platform.key.public
    else:
        key = read_public_key(file)
    write_json({"key_id": key.key_id, "public_key": key.text}) if as_json else data.print(key.text)


@app.command()
def register(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A key file or one with the public key.")],
    member: Annotated[str, typer.Option(help="Whose key it is.")],
    as_json: Json = False,
    home: Home = None,
    database: Database = None,
) -> None:
    """From now on accept entries of consent that this key signed for the member."""
    key = read_public_key(file)
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        public_keys.register_public_key(tx, works.member_by_name(tx, member).id, key, clock.now())
    write_json({"key_id": key.key_id}) if as_json else data.print(key.key_id)


@app.command()
def retire(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `keys list` shows it.")],
    because: Annotated[RetiredBecause, typer.Option(help="Why it is no longer used.")],
    home: Home = None,
    database: Database = None,
) -> None:
    """From now on accept nothing that this key signs; what it signed before stays valid."""
    with wiring.open(home, database) as platform, platform.transaction() as tx:
        public_keys.retire(tx, key_id, clock.now(), because)
        signed = [entry.id for entry in ledger.entries(tx) if entry.signed and entry.signed.key_id == key_id]
    say(f"retired {key_id}: {because}")
    if because is RetiredBecause.COMPROMISED:
        for entry in signed:
            data.print(entry)
        say(f"{len(signed)} entries were signed with it; revoke with a new key what it should not have signed")


@app.command()
def renew(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """Give this installation a new key; the old one signs for it, and what the old one signed still holds."""
    with wiring.open(home, database) as platform:
        platform.renew_key()
        key = platform.key.public
    write_json({"key_id": key.key_id, "public_key": key.text}) if as_json else data.print(key.key_id)
    say("give the new public key (`tomeishi keys public`) to those who check this installation's evidence")


@app.command("list")
def list_(as_json: Json = False, home: Home = None, database: Database = None) -> None:
    """Registered public keys, in use and retired."""
    with wiring.open(home, database) as platform, platform.reading() as tx:
        found = public_keys.all_keys(tx)
        names = {member.id: member.name for member in works.list_members(tx)} | {COALITION: "coalition"}
    rows = [
        {
            "key_id": key_id,
            "member": names[known.member_id],
            "valid_from": clock.to_text(known.valid_from),
            "retired_at": None if known.retired_at is None else clock.to_text(known.retired_at),
            "retired_because": known.retired_because,
        }
        for key_id, known in found.items()
    ]
    if as_json:
        write_json(rows)
        return
    for row in rows:
        state = f"retired {row['retired_at']} ({row['retired_because']})" if row["retired_at"] else "in use"
        data.print(f"{row['key_id']}  {row['member']}  {state}")
