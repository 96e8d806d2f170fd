"""`tomeishi doctor`: what this installation is, where it lies, and whether it is sound."""

import shutil
from importlib.metadata import PackageNotFoundError, version

from tomeishi import wiring
from tomeishi.cli.options import Database, Home, Json
from tomeishi.cli.output import data, write_json
from tomeishi.errors import TomeishiError


def doctor(as_json: Json = False, home: Home = None, database: Database = None) -> int:
    """Versions, places, free disk, descriptors with their digests, index and ledger; 2 where something is wrong."""
    rows: list[tuple[str, bool | None, str]] = []
    rows.append(("version", True, version("tomeishi")))
    with wiring.open(home, database) as platform:
        settings = platform.settings
        free = shutil.disk_usage(settings.home).free
        rows.append(("home", True, str(settings.home)))
        rows.append(("free disk", free > 1 << 30, f"{free / (1 << 30):.1f} GiB"))
        for descriptor in platform.descriptors:
            rows.append((f"descriptor {descriptor.spec.key}", True, descriptor.spec.weights_digest or "no weights"))
        for name, check in platform.soundness():
            try:
                rows.append((name, True, str(check())))
            except TomeishiError as error:
                rows.append((name, False, str(error)))
    for extra, package, without in (
        ("c2pa", "c2pa-python", "C2PA manifests are not read"),
        ("postgres", "psycopg", "SQLite only"),
    ):
        try:
            rows.append((f"extra {extra}", True, version(package)))
        except PackageNotFoundError:
            rows.append((f"extra {extra}", None, f"not installed: {without}"))
    if as_json:
        write_json([{"name": name, "ok": ok, "detail": detail} for name, ok, detail in rows])
    else:
        marks = {True: "ok", False: "WRONG", None: "-"}
        for name, ok, detail in rows:
            data.print(f"{marks[ok]:>6}  {name}: {detail}")
    return 2 if any(ok is False for _, ok, _ in rows) else 0
