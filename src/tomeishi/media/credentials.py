"""Content Credentials (C2PA), in the guarded process: the manifest store of a file, and whether it holds."""

import io
import json
from typing import Any

from tomeishi.media.child import Emit, Unreadable

_OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_FORMATS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
)
_IN_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/avi"}
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"heix": "image/heic"}
_BRANDS |= {b"mif1": "image/heif", b"qt  ": "video/quicktime", b"M4A ": "audio/mp4"}


def prepare() -> None:
    import c2pa  # noqa: F401


def format_of(head: bytes) -> str | None:
    """The media type by which the C2PA library is asked; None for a format that cannot carry a manifest."""
    if head[:4] == b"RIFF":
        return _IN_RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    return next((name for beginning, name in _FORMATS if head.startswith(beginning)), None)


def read(file: io.FileIO, emit: Emit) -> None:
    import c2pa

    from tomeishi.media.child import first_bytes

    kind = format_of(first_bytes(file))
    manifest: dict[str, Any] | None = None
    if kind is not None:
        try:
            with c2pa.Context.from_dict(_OFFLINE) as context, c2pa.Reader(kind, file, context=context) as reader:
                manifest = json.loads(reader.json())
        except c2pa.C2paError.ManifestNotFound:
            manifest = None
        except c2pa.C2paError as error:
            _, lies_elsewhere, url = str(error).partition("must fetch remote manifests from url ")
            if lies_elsewhere:
                manifest = {"validation_state": "NotFetched", "remote_manifest": url}
            else:
                raise Unreadable(f"its content credentials cannot be read: {error}") from error
    emit("manifest", json.dumps(manifest).encode())
    emit("done")
