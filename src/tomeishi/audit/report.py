"""The report as one self-contained page: per member and work what was found, why, where from, with pictures.

Nothing is loaded from anywhere: the page's own policy forbids it. Pictures of items were made small by the worker that
saw them; those of references are decoded here, where their files still are what was registered.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from tomeishi.audit.basis import Basis
from tomeishi.audit.pictures import thumbnail_of
from tomeishi.audit.plan import write_whole
from tomeishi.audit.results import Counts, Example
from tomeishi.audit.verdicts import AuditVerdict
from tomeishi.config import Limits
from tomeishi.errors import NotFound, UnreadableMedia
from tomeishi.media.sample import frames_at
from tomeishi.values import digest_of_file

REPORT = "report.html"
_MOST_PICTURES = 120

_VERDICTS = {
    AuditVerdict.DENIED: (
        "許諾なし",
        "a work was found, and no grant permits the use",
        "作品が見つかり、許諾がありません",
    ),
    AuditVerdict.UNKNOWN: (
        "不明",
        "could not be read or checked, or a person has to look",
        "読み取りまたは確認ができず、人による確認が必要です",
    ),
    AuditVerdict.ALLOWED: (
        "許諾あり",
        "a work was found, and a grant permits the use",
        "作品が見つかり、許諾があります",
    ),
    AuditVerdict.NO_MATCH: ("一致なし", "looked at, and nothing found", "調べた範囲では何も見つかりませんでした"),
}
_NOBODY = "Nobody in particular: reservations inside files 特定の会員なし（ファイル内の留保）"
_USES = {"train": "学習", "fine_tune": "追加学習"}


@dataclass(frozen=True, slots=True)
class _Shown:
    key: str
    verdict: str
    check: str
    detail: str
    score: float | None
    entries: str
    host: str
    picture: str | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class _Work:
    title: str
    counts: tuple[tuple[str, int], ...]
    examples: tuple[_Shown, ...]


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    works: tuple[_Work, ...]


def write_report(out: Path, summary: Mapping[str, Any], counts: Counts, basis: Basis, limits: Limits) -> None:
    """Raises StorageFailure."""
    template = files("tomeishi.audit").joinpath("templates/report.html").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(template)
    verdicts = [
        {"name": each.value, "count": summary[each.value], "ja": ja, "means": means, "means_ja": means_ja}
        for each, (ja, means, means_ja) in _VERDICTS.items()
    ]
    text = page.render(
        asked=summary["asked"],
        use_ja=_USES.get(summary["asked"]["use"], summary["asked"]["use"]),
        verdicts=verdicts,
        checked=[(name, count) for name, count in summary["checked"].items() if name in summary["checks"]],
        reasons=[(r, v, n) for r, each in summary["by_reason"].items() for v, n in each.items()],
        members=_members(counts, basis, _References(basis, limits)),
        made_by=summary["made_by"],
        dataset=summary["dataset"],
        basis=summary["basis"],
        digest=summary["digest"],
    )
    write_whole(out / REPORT, text.encode())


def _members(counts: Counts, basis: Basis, pictures: "_References") -> list[_Member]:
    by_work: dict[str, list[Example]] = {}
    for (owner, _), examples in sorted(counts.examples.items()):
        by_work.setdefault(owner, []).extend(examples)
    grouped: dict[str, list[_Work]] = {}
    for owner, examples in by_work.items():
        member = (
            examples[0].row["member"]
            or "Nobody in particular: reservations inside files 特定の会員なし（ファイル内の留保）"
        )
        counted = tuple(sorted(counts.by_work[owner].items())) if owner in counts.by_work else ()
        shown = tuple(_shown(each, pictures) for each in examples)
        title = examples[0].row["title"] or "by address, or without a work 出所による判定"
        grouped.setdefault(member, []).append(_Work(title, counted, shown))
    return [_Member(name, tuple(works)) for name, works in sorted(grouped.items())]


def _shown(example: Example, pictures: "_References") -> _Shown:
    row = example.row
    return _Shown(
        key=example.key,
        verdict=example.verdict,
        check=row["check"],
        detail=row["detail"],
        score=row["score"],
        entries=", ".join(row["entries"] or ()),
        host=example.host,
        picture=None if row["thumbnail"] is None else base64.b64encode(row["thumbnail"]).decode(),
        reference=pictures.at(row["reference"], row["segment"]),
    )


class _References:
    """Small pictures of references, each decoded once."""

    def __init__(self, basis: Basis, limits: Limits) -> None:
        self._basis = basis
        self._limits = limits
        self._kept: dict[tuple[str, float], str | None] = {}
        self._sound: dict[str, bool] = {}

    def at(self, reference_id: str | None, segment: Sequence[float] | None) -> str | None:
        """The frame in the middle of a segment; None where the file is gone or another one now."""
        if reference_id is None:
            return None
        moment = 0.0 if segment is None else (segment[2] + segment[3]) / 2
        place = (reference_id, round(moment, 1))
        if place not in self._kept and len(self._kept) < _MOST_PICTURES:
            self._kept[place] = self._decoded(reference_id, moment)
        return self._kept.get(place)

    def _decoded(self, reference_id: str, moment: float) -> str | None:
        reference = self._basis.references[reference_id]
        path = Path(reference.location)
        if reference_id not in self._sound:
            self._sound[reference_id] = path.is_file() and digest_of_file(path) == reference.digest
        if not self._sound[reference_id]:
            return None
        try:
            return base64.b64encode(thumbnail_of(frames_at(path, [moment], self._limits)[0].pixels)).decode()
        except (NotFound, UnreadableMedia):
            return None
