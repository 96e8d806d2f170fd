"""Tomeishi: registry, consent, screening and evidence for works and their rights holders.

    import tomeishi

    hit = tomeishi.compare("clip.mp4", "episode-03.mp4")
    print(hit.band, hit.score, hit.segments)

    with tomeishi.open("registry-folder") as platform:
        platform.register("Hoshikawa Studio", "Star Rover", ["episode-03.mp4"])
        for screening in platform.screen(["clips/"], provider="acme"):
            print(screening.query, screening.verdict, screening.findings)

Names are loaded on first use, so that importing the package costs next to nothing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# Unless this is set before it loads, onnxruntime keeps a device id under ~/.cache and reports models (their names,
# sizes, digests) and errors to its maker; `disable_telemetry_events` comes too late for the first report.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

if TYPE_CHECKING:
    from tomeishi.audit.keeping import filter_allowed
    from tomeishi.errors import TomeishiError
    from tomeishi.evidence.verify import verify
    from tomeishi.matching.comparison import Comparison
    from tomeishi.screening.findings import Finding, Screening
    from tomeishi.values import Band, Interval, Kind, Segment, Use, Verdict
    from tomeishi.wiring import Platform, compare, comparison_page, open

    __version__: str

__all__ = [
    "Band",
    "Comparison",
    "Finding",
    "Interval",
    "Kind",
    "Platform",
    "Screening",
    "Segment",
    "TomeishiError",
    "Use",
    "Verdict",
    "compare",
    "comparison_page",
    "filter_allowed",
    "open",
    "verify",
]

_HOMES = {
    "filter_allowed": "audit.keeping",
    "TomeishiError": "errors",
    "verify": "evidence.verify",
    "Comparison": "matching.comparison",
    "Finding": "screening.findings",
    "Screening": "screening.findings",
    "Platform": "wiring",
    "compare": "wiring",
    "comparison_page": "wiring",
    "open": "wiring",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        # Every decoding process imports this package; reading the metadata would cost each of them 30 ms.
        from importlib.metadata import version

        return version("tomeishi")
    if name not in __all__:
        raise AttributeError(f"module 'tomeishi' has no attribute {name!r}")
    return getattr(import_module(f"tomeishi.{_HOMES.get(name, 'values')}"), name)
