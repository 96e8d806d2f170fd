"""Settings of one installation, read once by `wiring` and passed on as values.

Everything an installation keeps lies in one folder, `home`: flag, then TOMEISHI_HOME, then `~/.tomeishi`. Only the
database may lie elsewhere, on a PostgreSQL server: flag, then TOMEISHI_DATABASE, then the file `database.url` in it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tomeishi.errors import BadInput

SPOOL_BYTES = 32 << 30
"""Of all uploads that are under way or wait to be imported, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file from outside may cost. Past any of these it is refused or cut, never trusted."""

    memory_bytes: int = 3 << 30
    """Address space of the decoding process; a decoder, its libraries and a few 4K frames fit."""
    cpu_s: float = 3600.0
    """CPU time of the decoding process; two hours of 1080p need about 900 s."""
    wall_s: float = 7200.0
    """Longest wait for one file."""
    pixels: int = 8192 * 8192
    """Largest frame or picture, width x height."""
    duration_s: float = 6 * 3600.0
    """Longest media that is looked at; the rest is reported as partial."""
    output_bytes: int = 16 << 30
    """Most that the decoding process may hand over for one file."""


@dataclass(frozen=True, slots=True)
class OpenId:
    """At which OpenID provider people may sign in, and as what it knows this installation."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation."""

    home: Path
    database_url: str
    limits: Limits = field(default_factory=Limits)
    openid: OpenId | None = None

    @property
    def blobs(self) -> Path:
        """Files kept by digest: fingerprints, and media where the installation keeps copies."""
        return self.home / "blobs"

    @property
    def descriptors(self) -> Path:
        """Models that a user added, each with its card in a folder of its own (`fingerprint.loaded`)."""
        return self.home / "descriptors"

    @property
    def index(self) -> Path:
        return self.home / "index"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def address(self) -> Path:
        """The database's address, where it is on a server: written when an installation moves there."""
        return self.home / "database.url"

    @property
    def spool(self) -> Path:
        """Uploads until they have been dealt with."""
        return self.home / "spool"

    @property
    def looks(self) -> Path:
        """Small pictures and curves for reviewers; made anew where they are missing."""
        return self.home / "looks"

    @property
    def audits(self) -> Path:
        """Audits of training data sets that the service shows, each in its own folder."""
        return self.home / "audits"

    @property
    def datasets(self) -> Path:
        """The file that offers data sets to be audited over the network (TOML)."""
        return self.home / "datasets.toml"

    @property
    def policy(self) -> Path:
        """The policy file that people edit (TOML)."""
        return self.home / "policy.toml"


def settings_from(
    environ: Mapping[str, str] | None = None, home: Path | None = None, database: str | None = None
) -> Settings:
    """Settings by precedence: what is given, TOMEISHI_HOME and TOMEISHI_DATABASE, `~/.tomeishi` and what it says."""
    environ = os.environ if environ is None else environ
    if home is None:
        home = Path(environ["TOMEISHI_HOME"]) if environ.get("TOMEISHI_HOME") else Path.home() / ".tomeishi"
    home = home.expanduser().absolute()
    settings = Settings(home=home, database_url=f"sqlite:///{home / 'registry.sqlite'}", openid=_openid(environ))
    elsewhere = database or environ.get("TOMEISHI_DATABASE")
    if not elsewhere and settings.address.is_file():
        elsewhere = settings.address.read_text(encoding="utf-8").strip()
    return replace(settings, database_url=elsewhere) if elsewhere else settings


def _openid(environ: Mapping[str, str]) -> OpenId | None:
    """All three or none: half of it would look as if it were set up."""
    words = [environ.get(f"TOMEISHI_OPENID_{name}", "") for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")]
    if not any(words):
        return None
    if not all(words):
        raise BadInput("set TOMEISHI_OPENID_ISSUER, _CLIENT_ID and _CLIENT_SECRET together")
    return OpenId(*words)
