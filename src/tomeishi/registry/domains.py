"""Domains of members: where their works are published by themselves, so that an address tells whose an item is.

A domain stands for itself and all below it. Names are kept in ASCII as the DNS has them (IDNA 2003, RFC 3490).
"""

import re
from collections import defaultdict
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, insert, select

from tomeishi import clock
from tomeishi.errors import BadInput, Conflict, NotFound
from tomeishi.registry.works import member_by_name
from tomeishi.storage.tables import member_domains, members

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def domain_name(text: str) -> str:
    """The domain that `text` names, in ASCII and lower case. Raises BadInput for what is none, or a top level alone."""
    try:
        name = text.strip().strip(".").encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise BadInput(f"not a domain: {text[:80]!r}; write example.co.jp") from error
    labels = name.split(".")
    if len(labels) < 2 or len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadInput(f"not a domain of somebody: {text[:80]!r}; write example.co.jp, without https:// and path")
    return name


def host_of(url: str) -> str | None:
    """The host of an address in the same form; None where it has none."""
    try:
        host = urlsplit(url).hostname
        return domain_name(host) if host else None
    except (ValueError, BadInput):
        return None


def add_domain(tx: Connection, member: str, domain: str) -> str:
    """Record that the domain is the member's own; returns it as kept. Conflict where it is another member's."""
    member_id = member_by_name(tx, member).id
    name = domain_name(domain)
    owner = tx.execute(
        select(members.c.name, member_domains.c.member_id)
        .join(members, members.c.id == member_domains.c.member_id)
        .where(member_domains.c.domain == name)
    ).first()
    if owner is not None and owner.member_id != member_id:
        raise Conflict(f"{name}: recorded as a domain of {owner.name!r} already; a domain has one owner")
    if owner is None:
        tx.execute(insert(member_domains).values(domain=name, member_id=member_id, added_at=clock.now()))
    return name


def remove_domain(tx: Connection, member: str, domain: str) -> None:
    """Raises NotFound where it is not the member's."""
    member_id, name = member_by_name(tx, member).id, domain_name(domain)
    mine = (member_domains.c.domain == name) & (member_domains.c.member_id == member_id)
    if tx.execute(delete(member_domains).where(mine)).rowcount != 1:
        raise NotFound(f"{name}: not a domain of {member!r}")


def domains_by_member(tx: Connection) -> dict[str, list[str]]:
    """Domains in order, by member id."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in tx.execute(select(member_domains).order_by(member_domains.c.domain)):
        found[row.member_id].append(row.domain)
    return dict(found)
