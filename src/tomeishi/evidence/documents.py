"""The report of a package as PDF/A-2b, in Japanese and English, set by typst.

Everything from outside (titles, prompts, addresses, names of files) reaches the typesetter as strings in a JSON file
inside a temporary folder that is its whole world: nothing is ever built into its source, and no system font is used,
so the same contents give the same bytes on every machine.
"""

import io
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any, cast

import typst
from PIL import Image

from tomeishi.errors import StorageFailure
from tomeishi.evidence.contents import Contents
from tomeishi.evidence.frame_pairs import FramePair, outlined
from tomeishi.evidence.typeface import FONTS, printable
from tomeishi.screening.findings import TRAITS, Finding, LooksLike
from tomeishi.values import Kind, Outline, Segment, Verdict

LANGUAGES = ("ja", "en")

_TEMPLATES = Path(__file__).parent / "templates"
_JAPAN = timezone(timedelta(hours=9))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")

# A report is for reading; what does not fit stands in the JSON files, and the report says so.
_FINDINGS, _SEGMENTS, _NUMBERED, _PAIRS, _PROMPT = 40, 200, 12, 12, 1500
_PRINTED_SIDE = 880
"""Pixels of a printed picture's long side: 80 mm at 280 dpi."""

Row = tuple[str, list[str], str]
"""Label, paragraphs, and how they are set: `text` (further paragraphs small), `lines`, `bold`, `digest`, `missing`."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who is going to sign: the name written in the key file, and the key's id."""

    name: str
    key_id: str


def readme() -> str:
    """How to check a package, in both languages: goes inside as readme.txt."""
    return (_TEMPLATES / "readme.txt").read_text(encoding="utf-8")


def report(
    contents: Contents,
    query_size_bytes: int | None,
    listed: Sequence[tuple[str, int, str]],
    signer: Signer,
    language: str,
) -> bytes:
    """The PDF in `language`. `listed` are name, size and digest of the files that go in before it."""
    words = _words(language)
    try:
        with tempfile.TemporaryDirectory(prefix="tomeishi-report-") as name:
            folder = Path(name)
            data = _Pages(contents, query_size_bytes, words, language, folder).data(listed, signer)
            (folder / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
            shutil.copyfile(_TEMPLATES / "report.typ", folder / "report.typ")
            compiler = typst.Compiler(
                folder / "report.typ",
                root=folder,
                font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]),
                package_path=folder / "packages",
                package_cache_path=folder / "packages",
            )
            moment = int(contents.created_at.timestamp())
            return cast(bytes, compiler.compile(format="pdf", pdf_standards=["a-2b"], timestamp=moment))
    except OSError as error:
        raise StorageFailure(
            f"the report cannot be written: {error.strerror}; free some space and try again"
        ) from error


def timecode(seconds: float) -> str:
    """`h:mm:ss.mmm`, rounded to the millisecond."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


@cache
def _words(language: str) -> dict[str, Any]:
    words: dict[str, Any] = json.loads((_TEMPLATES / f"words.{language}.json").read_text(encoding="utf-8"))
    return words


class _Pages:
    """Contents as strings, rows and shares that the template only has to lay out."""

    def __init__(
        self, contents: Contents, query_size_bytes: int | None, words: dict[str, Any], language: str, folder: Path
    ) -> None:
        self.contents, self.query_size_bytes = contents, query_size_bytes
        self.words, self.language, self.folder = words, language, folder

    def data(self, listed: Sequence[tuple[str, int, str]], signer: Signer) -> dict[str, Any]:
        w, screening = self.words, self.contents.screening
        at = self.contents.created_at.astimezone(UTC)
        steps = [step.replace("{key_id}", signer.key_id).split("\n") for step in w["verify_steps"]]
        hidden = len(screening.findings) - _FINDINGS
        return {
            "language": self.language,
            "words": w,
            "package": _bare(self.contents.package_id),
            "date": [at.year, at.month, at.day, at.hour, at.minute, at.second],
            "created": self.moment(at),
            "signer": {"name": printable(signer.name, 200), "key_id": signer.key_id},
            "summary": self.summary(),
            "query": self.query(listed),
            "capture": self.capture(),
            "picture_height": 45,
            "findings": [self.finding(i, finding) for i, finding in enumerate(screening.findings[:_FINDINGS])],
            "findings_none": w["summary_unread"] + w["stop"] if screening.skipped is not None else w["findings_none"],
            "findings_note": w["findings_more"].replace("{count}", str(hidden)) if hidden > 0 else None,
            "tools": self.tools(),
            "verify_steps": steps,
            "inventory": [[name, f"{size:,}", digest.removeprefix("sha256:")] for name, size, digest in listed],
        }

    def moment(self, at: datetime) -> str:
        """UTC and Japan time, to the second."""
        utc, japan = at.astimezone(UTC), at.astimezone(_JAPAN)
        if self.language == "ja":
            return (
                f"{japan.year}年{japan.month}月{japan.day}日 {japan:%H:%M:%S}（日本時間）／UTC {utc:%Y-%m-%d %H:%M:%S}"
            )
        return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M:%S} UTC ({japan:%Y-%m-%d %H:%M:%S} Japan)"

    def kinds(self) -> str:
        names = [self.words["kinds"][kind.value] for kind in self.contents.screening.checked]
        return self.words["list_mark"].join(names) if names else "–"

    def explained(self, group: str, meanings: str, value: str) -> str:
        name, meaning = self.words[group][value], self.words[meanings][value]
        text: str = self.words["explained"].replace("{name}", name).replace("{meaning}", meaning)
        return text

    def verdict(self, verdict: Verdict) -> str:
        return self.explained("verdicts", "verdict_meanings", verdict.value)

    def summary(self) -> dict[str, Any]:
        w, screening = self.words, self.contents.screening
        if screening.skipped is not None:
            headline = w["summary_unread"]
        elif screening.findings:
            headline = w["summary_found"].replace("{count}", str(len(screening.findings)))
        else:
            headline = w["summary_none"]
        return {
            "headline": headline,
            "lines": [w["summary_verdict"] + w["colon"] + self.verdict(screening.verdict)],
            "checked": w["summary_checked"].replace("{kinds}", self.kinds()),
        }

    def query(self, listed: Sequence[tuple[str, int, str]]) -> list[Row]:
        w, screening = self.words, self.contents.screening
        inside = next((row for row in listed if row[0].startswith("query/")), None)
        rows: list[Row] = [(w["file"], [printable(screening.query)], "bold")]
        rows.append(self.optional(w["digest"], _bare(screening.query_digest), "digest"))
        if self.query_size_bytes is not None:
            rows.append((w["size"], [w["bytes"].replace("{count}", f"{self.query_size_bytes:,}")], "text"))
        rows.append((w["duration"], [timecode(screening.duration_s)], "text"))
        sealed = w["sealed_yes"].replace("{name}", inside[0]) if inside else w["sealed_no"]
        rows.append((w["sealed"], [sealed], "text"))
        rows.append((w["checked"], [self.kinds()], "text"))
        if screening.skipped is not None:
            rows.append((w["skipped"], [printable(screening.skipped.reason)], "text"))
        elif screening.partial is not None:
            text = w["partial_text"].replace("{until}", timecode(screening.partial.until))
            rows.append((w["partial"], [text.replace("{reason}", printable(screening.partial.reason))], "text"))
        else:
            rows.append((w["partial"], [w["partial_none"]], "text"))
        rows.append((w["verdict"], [self.verdict(screening.verdict)], "text"))
        return rows

    def capture(self) -> list[Row]:
        w, capture = self.words, self.contents.capture
        moment = None if capture.captured_at is None else self.moment(capture.captured_at)
        rows = [
            self.optional(w["source_url"], capture.source_url),
            self.optional(w["captured_at"], moment),
            self.optional(w["provider"], capture.provider),
            self.optional(w["model"], capture.model),
        ]
        if capture.prompt:
            lines = [printable(line, _PROMPT) for line in capture.prompt[:_PROMPT].splitlines()][:30]
            if len(capture.prompt) > _PROMPT or len(capture.prompt.splitlines()) > 30:
                lines.append(w["shortened"].replace("{file}", "capture.json"))
            rows.append((w["prompt"], lines or [""], "lines"))
        else:
            rows.append(self.optional(w["prompt"], None))
        rows.append(self.c2pa())
        return rows

    def c2pa(self) -> Row:
        """The state and generator that a manifest states, as far as its form is the expected one."""
        w, manifest = self.words, self.contents.c2pa_manifest
        if manifest is None:
            return (w["c2pa"], [w["c2pa_none"]], "missing")
        manifests, active = manifest.get("manifests"), manifest.get("active_manifest")
        claim = manifests.get(active) if isinstance(manifests, dict) and isinstance(active, str) else None
        claim = claim if isinstance(claim, dict) else {}
        info = claim.get("claim_generator_info")
        first = info[0] if isinstance(info, list) and info and isinstance(info[0], dict) else {}
        generator = first.get("name") or claim.get("claim_generator") or w["not_recorded"]
        state = manifest.get("validation_state") or w["not_recorded"]
        text = w["c2pa_text"].replace("{state}", printable(str(state), 100))
        return (w["c2pa"], [text.replace("{generator}", printable(str(generator), 200))], "text")

    def tools(self) -> list[Row]:
        w, made_by = self.words, self.contents.screening.made_by
        rows: list[Row] = [(w["version"], [printable(made_by.version)], "text")]
        for key, weights in made_by.descriptors:
            rows.append((w["descriptor"], [printable(key), *([] if weights else [w["no_weights"]])], "text"))
            if weights:
                rows.append((w["weights"], [_bare(weights) or ""], "digest"))
        rows.append((w["policy"], [_bare(made_by.policy) or ""], "digest"))
        rows += [(w["snapshot"], [_bare(digest) or ""], "digest") for digest in made_by.snapshots]
        return rows

    def finding(self, number: int, finding: Finding) -> dict[str, Any]:
        w, permission = self.words, finding.permission
        entries = w["list_mark"].join(printable(entry) for entry in permission.because)
        heard = finding.kind is Kind.SOUND
        rate = self.contents.false_per_100_hours.get(finding.kind, {}).get(finding.band)
        deciding = w["permission_entries"].replace("{entries}", entries) if entries else w["permission_no_entries"]
        rows: list[Row] = [
            (w["work"], [printable(finding.title, 400), finding.work_id], "bold"),
            (w["member"], [printable(finding.member, 200)], "text"),
            (w["reference"], [printable(finding.reference_path), finding.reference_id], "text"),
            self.optional(w["reference_digest"], _bare(finding.reference_digest), "digest"),
            (w["kind"], [self.explained("kinds", "kind_meanings", finding.kind.value)], "text"),
            *self.portrayal(finding),
            (
                w["band"],
                [
                    self.explained("bands", "band_meanings", finding.band.value),
                    w["band_rate_none"] if rate is None else w["band_rate"].replace("{rate}", f"{rate:g}"),
                    w["score"].replace("{score}", f"{finding.score:.4f}"),
                ],
                "text",
            ),
            (
                w["permission"],
                [
                    w["permission_yes"] if permission.allowed else w["permission_no"],
                    printable(permission.japanese if self.language == "ja" else permission.english),
                    w["permission_use"].replace("{use}", w["uses"][permission.use.value]),
                    deciding,
                ],
                "bold",
            ),
            (w["verdict"], [self.verdict(finding.verdict)], "text"),
        ]
        hidden = len(finding.segments) - _SEGMENTS
        pairs = self.contents.pairs_of(number)
        shown = _spread(pairs, _PAIRS)
        pairs_note = w["pairs_note"] if pairs else w["pairs_sound"] if heard else w["pairs_none"]
        if len(shown) < len(pairs):
            more = w["pairs_more"].replace("{shown}", str(len(shown))).replace("{total}", str(len(pairs)))
            pairs_note += ("" if self.language == "ja" else " ") + more
        return {
            "heading": printable(finding.title, 80),
            "rows": rows,
            "timeline": self.timeline(finding) if finding.segments else None,
            "segments": [_segment_row(i, segment) for i, segment in enumerate(finding.segments[:_SEGMENTS])],
            "segments_note": w["segments_more"].replace("{count}", str(hidden)) if hidden > 0 else None,
            "pairs_note": pairs_note,
            "pairs": [self.pair(f"{number}-{count}", pair) for count, pair in shown],
        }

    def portrayal(self, finding: Finding) -> list[Row]:
        """Of kind `character`: whom it resembles, how near the nearest drawings are, and who else it might be."""
        w, shown = self.words, finding.portrayal
        if shown is None:
            return []

        def near(each: LooksLike) -> str:
            return str(w["drawing_near"]).replace("{value}", f"{each.similarity:.2f}").replace("{id}", each.drawing_id)

        other = shown.nearest_other
        traits = w["list_mark"].join(w["traits"][each] for each in TRAITS)
        rows: list[Row] = [
            (w["character"], [printable(shown.name, 200), shown.character_id], "bold"),
            (w["nearest"], [near(each) for each in shown.nearest], "text"),
        ]
        if other is not None:
            whose = f"{printable(other.name, 200)} ({printable(other.title, 200)}, {printable(other.member, 200)})"
            rows.append((w["nearest_other"], [whose, near(other)], "text"))
        return [*rows, (w["compare"], [w["compare_text"].replace("{traits}", traits)], "text")]

    def timeline(self, finding: Finding) -> dict[str, Any]:
        w, segments = self.words, finding.segments
        query_s = max(self.contents.screening.duration_s, *(s.query.end for s in segments), 0.001)
        known = self.contents.reference_durations_s.get(finding.reference_id)
        reference_s = max(known or 0.0, *(s.reference.end for s in segments), 0.001)
        parts = [w["timeline_note"], *([] if known else [w["timeline_unknown"]])]
        numbered = len(segments) <= _NUMBERED
        return {
            "alt": w["timeline_alt"].replace("{count}", str(len(segments))),
            "note": ("" if self.language == "ja" else " ").join(parts),
            "query_ticks": _ticks(query_s),
            "reference_ticks": _ticks(reference_s),
            "ribbons": [
                [
                    s.query.start / query_s,
                    s.query.end / query_s,
                    s.reference.start / reference_s,
                    s.reference.end / reference_s,
                    i + 1 if numbered else None,
                ]
                for i, s in enumerate(segments)
            ],
        }

    def pair(self, name: str, pair: FramePair) -> dict[str, Any]:
        w = self.words
        sides = {
            "query": (pair.query_png, pair.query_time_s, pair.query_digest, w["query_side"]),
            "reference": (pair.reference_png, pair.reference_time_s, pair.reference_digest, w["reference_side"]),
        }
        words: dict[str, Any] = {"label": w["pair"].replace("{segment}", str(pair.segment + 1))}
        regions = {} if pair.regions is None else {"query": pair.regions.query, "reference": pair.regions.reference}
        for side, (png, time_s, digest, label) in sides.items():
            file = f"{name}-{side}.jpg"
            (self.folder / file).write_bytes(_printed(png, regions.get(side)))
            alt = w["picture_alt"].replace("{side}", label).replace("{time}", timecode(time_s))
            words[side] = {"file": file, "time": timecode(time_s), "digest": digest.removeprefix("sha256:"), "alt": alt}
        return words

    def optional(self, label: str, text: str | None, how: str = "text") -> Row:
        return (label, [printable(text)], how) if text else (label, [self.words["not_recorded"]], "missing")


def _bare(digest: str | None) -> str | None:
    """A digest without its algorithm, or an id, in one piece."""
    return None if digest is None else printable(digest.removeprefix("sha256:")).replace("\u200b", "")


def _segment_row(number: int, segment: Segment) -> list[str]:
    query, reference = segment.query, segment.reference
    return [
        str(number + 1),
        f"{timecode(query.start)} – {timecode(query.end)}",
        f"{timecode(reference.start)} – {timecode(reference.end)}",
        f"{query.length:.3f}",
        f"×{segment.speed:.2f}",
        f"{segment.score:.4f}",
    ]


def _ticks(length_s: float) -> list[tuple[float, str]]:
    return [(quarter / 4, timecode(length_s * quarter / 4)) for quarter in range(5)]


def _spread(pairs: Sequence[FramePair], most: int) -> list[tuple[int, FramePair]]:
    """At most `most` pairs, evenly over all."""
    count = min(len(pairs), most)
    return [(i * len(pairs) // count, pairs[i * len(pairs) // count]) for i in range(count)]


def _printed(png: bytes, outline: Outline | None) -> bytes:
    """A smaller JPEG for the page, with a line around what matches; the PNG itself stands in the package."""
    with Image.open(io.BytesIO(png)) as picture:
        small = picture.convert("RGB")
    small.thumbnail((_PRINTED_SIDE, _PRINTED_SIDE), Image.Resampling.LANCZOS)
    if outline is not None:
        small = outlined(small, outline)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=90, subsampling=0)
    return out.getvalue()
