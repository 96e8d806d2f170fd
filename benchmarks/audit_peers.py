"""What open tools find of what is planted in a data set: `python -m benchmarks.audit_peers`.

Into results/audit-peers.json. One Parquet file with a picture, an address, a caption and recorded headers in each row.
Of each kind in `PLANTED` as many rows, and twenty times as many with nothing planted. Every tool sees what it reads:
`datadiligence` the headers and the file, img2dataset's header filter the headers, `imagededup` (pHash, its own limit
of 10 bits) the pictures beside the registered ones, as does `imagehash` at the same limit. `python -m
benchmarks.peers` installs them.
"""

import argparse
import io
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image
from pyarrow import parquet as pq

from benchmarks.audit_planted import EDITS, run
from benchmarks.peers import Worker, missing
from benchmarks.record import record
from tomeishi import wiring
from tomeishi.config import Limits
from tomeishi.media.sample import frames_at
from tomeishi.registry.domains import add_domain
from tomeishi.testing.credentials import made_credentials
from tomeishi.testing.datasets import jpeg
from tomeishi.testing.films import CATALOGUE, film, write_film

SEED = 660_000
DOMAIN = "studio.example"
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" plus:DataMining='
    '"http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"/></rdf:RDF></x:xmpmeta>'
)
HEADERS = {
    "header X-Robots-Tag: noai": "X-Robots-Tag: noai, noimageai",
    "header tdm-reservation: 1": "tdm-reservation: 1",
    "header Content-Usage: train-ai=n": "Content-Usage: train-ai=n",
}
PICTURES = ("copy, same size", "crop to three quarters", "mirror", "caption over the foot", "brightness and colour")
PLANTED = ("the very file", *PICTURES, "address at a member's domain", "caption with a work's name", *HEADERS,
           "XMP: PLUS data mining prohibited", "Content Credentials: c2pa.training-mining")  # fmt: skip
DUPLICATE_BITS = 10
SECONDS = 8.0
"""Of a film that pictures are taken from."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=40, help="rows of each kind")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        registered, title = registry(folder)
        rows = planted(folder, registered, title, given.each)
        found = {"Tomeishi": ours(folder, rows), **others(folder, rows, registered)}
    kinds = [*PLANTED, "nothing"]
    figures = {
        "rows": len(rows),
        "planted": {kind: sum(row["kind"] == kind for row in rows) for kind in kinds},
        "found": {
            tool: {kind: sum(row["kind"] == kind and row["key"] in keys for row in rows) for kind in kinds}
            for tool, keys in found.items()
        },
        "absent": missing(),
    }
    print(json.dumps(figures["found"], indent=1))
    print(record("audit-peers", seed=SEED, settings=vars(given) | {"load_before": round(load, 1)}, figures=figures))


def registry(folder: Path) -> tuple[list[bytes], str]:
    """A member with a domain, and a work of key pictures; their files' bytes, and the work's title."""
    (folder / "registered").mkdir()
    (folder / "films").mkdir()
    drawn = CATALOGUE[0]
    paths = []
    for number, picture in enumerate(stills(folder, [replace(CATALOGUE[n], duration_s=SECONDS) for n in range(4)], 10)):
        paths.append(folder / "registered" / f"{number:03}.jpg")
        paths[-1].write_bytes(jpeg(picture, 92, 512))
    with wiring.open(folder / "home") as platform:
        platform.register(drawn.member, drawn.title, paths)
        with platform.transaction() as tx:
            add_domain(tx, drawn.member, DOMAIN)
    return [path.read_bytes() for path in paths], drawn.title


def stills(folder: Path, films: list[Any], each: int) -> list[NDArray[np.uint8]]:
    found = []
    for drawn in films:
        path = folder / "films" / f"{len(list((folder / 'films').iterdir()))}.mp4"
        write_film(drawn, path, width=640, height=360)
        moments = [(n + 0.5) * drawn.duration_s / each for n in range(each)]
        found += [frame.pixels for frame in frames_at(path, moments, Limits())]
    return found


def planted(folder: Path, registered: list[bytes], title: str, each: int) -> list[dict[str, Any]]:
    """The rows, written to `folder`/set.parquet, and each picture to `folder`/pictures for tools that want files."""
    random = np.random.default_rng(SEED)
    nobodys = stills(folder, [film(SEED + n, SECONDS) for n in range(8)], 30)
    sign = signing()
    (folder / "pictures").mkdir()
    rows: list[dict[str, Any]] = []
    for kind in [kind for kind in PLANTED for _ in range(each)] + ["nothing"] * (20 * each):
        key, own = f"{len(rows):06}", registered[int(random.integers(len(registered)))]
        frame = nobodys[int(random.integers(len(nobodys)))]
        x, y = int(random.integers(0, 60)), int(random.integers(0, 60))
        data = jpeg(np.ascontiguousarray(frame[y : y + 290, x : x + 560]), int(random.integers(60, 95)))
        if kind == "the very file":
            data = own
        elif kind in PICTURES:
            altered = EDITS[kind](Image.open(io.BytesIO(own)))
            data = jpeg(np.asarray(altered), int(random.integers(60, 95)))
        elif kind.startswith("XMP"):
            picture, out = Image.open(io.BytesIO(data)), io.BytesIO()
            picture.save(out, "JPEG", quality=90, xmp=_XMP.encode())
            data = out.getvalue()
        elif kind.startswith("Content Credentials"):
            data = sign(data)
        rows.append({
            "key": key, "kind": kind, "image": data,
            "url": f"https://{'www.' + DOMAIN if kind.startswith('address') else 'host.example'}/{key}.jpg",
            "caption": f"a picture from {title}, episode 3" if kind.startswith("caption with") else "a quiet street",
            "headers": ["Content-Type: image/jpeg", *([HEADERS[kind]] if kind in HEADERS else [])],
        })  # fmt: skip
        (folder / "pictures" / f"{key}.jpg").write_bytes(data)
    columns = {name: [row[name] for row in rows] for name in ("key", "url", "caption", "headers", "image")}
    pq.write_table(pa.table(columns), folder / "set.parquet")
    return rows


def signing() -> Callable[[bytes], bytes]:
    """Content Credentials with the assertion that the peer knows, the older of the two."""
    import c2pa

    entries = {f"c2pa.{use}": {"use": "notAllowed"} for use in ("ai_generative_training", "ai_training", "data_mining")}
    definition = json.dumps({
        # What its library can read; version 2 it cannot.
        "claim_version": 1, "claim_generator_info": [{"name": "benchmark"}], "format": "image/jpeg",
        "assertions": [{"label": "c2pa.training-mining", "data": {"entries": entries}}],
    })  # fmt: skip
    made = made_credentials()
    info = c2pa.C2paSignerInfo(alg=made.algorithm, sign_cert=made.certificates, private_key=made.key, ta_url=None)

    def sign(data: bytes) -> bytes:
        out = io.BytesIO()
        with c2pa.Signer.from_info(info) as signer, c2pa.Builder(definition) as builder:
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            builder.sign(signer, "image/jpeg", io.BytesIO(data), out)
        return out.getvalue()

    return sign


def ours(folder: Path, rows: list[dict[str, Any]]) -> set[str]:
    """Keys of all rows that the audit does not keep: denied ones, and those it leaves to a person."""
    run(folder / "home", folder / "set.parquet", folder / "audit")
    by_key = {row["key"] for row in rows}
    kept = set((folder / "audit" / "keep.txt").read_text(encoding="utf-8").split())
    return by_key - kept


def others(folder: Path, rows: list[dict[str, Any]], registered: list[bytes]) -> dict[str, set[str]]:
    items = [
        {"headers": dict(line.split(": ", 1) for line in row["headers"]),
         "path": str(folder / "pictures" / f"{row['key']}.jpg")}
        for row in rows
    ]  # fmt: skip
    nothing = np.zeros((0, 1, 1, 3), np.uint8)
    found: dict[str, set[str]] = {}
    for task in ("datadiligence", "img2dataset", "imagededup"):
        with Worker(task) as worker:
            if worker.why is None:
                refused = worker.ask(nothing, items=items, registered=str(folder / "registered"))
                found[task] = {row["key"] for row, is_refused in zip(rows, refused, strict=True) if is_refused}
    with Worker("imagehash") as worker:
        if worker.why is None:
            known, asked = (
                np.concatenate([worker.ask(np.asarray(Image.open(io.BytesIO(each)).convert("RGB"))[np.newaxis])
                                for each in pictures])
                for pictures in (registered, [row["image"] for row in rows])
            )  # fmt: skip
            apart = np.bitwise_count(asked[:, None] ^ known[None]).sum(axis=2).min(axis=1)
            found["imagehash"] = {row["key"] for row, bits in zip(rows, apart, strict=True) if bits <= DUPLICATE_BITS}
    return found


if __name__ == "__main__":
    main()
