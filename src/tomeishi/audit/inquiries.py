"""The answer to a training inquiry: was this work used to train that model?

What an audit can say is `yes` (items that surely hold the work are in the data set) or `cannot_determine`: nothing
found never means not used. `no` and `refuse` are the provider's own statements, with its reason, and `no` cannot be
stated against what the audit found.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from tomeishi import clock
from tomeishi.audit.basis import Basis
from tomeishi.audit.plan import Plan
from tomeishi.audit.rows import read_rows
from tomeishi.audit.signed import ANSWER
from tomeishi.audit.verdicts import Check
from tomeishi.errors import BadInput, Conflict, NotFound
from tomeishi.matching.calibration import shipped
from tomeishi.values import Band

_MOST_KEYS = 100
"""Items named in an answer; all of them stand in findings.parquet."""
_SURE = frozenset({Check.DIGEST.value, Check.ISCC.value, Check.MATCH.value})


class InquiryAnswer(StrEnum):
    """To "was it used?"."""

    YES = "yes"
    NO = "no"
    CANNOT_DETERMINE = "cannot_determine"
    REFUSE = "refuse"


_WORDS = {
    InquiryAnswer.YES: (
        "The data set holds items that show the work.",
        "データセットに、この作品を含む項目があります。",
    ),
    InquiryAnswer.NO: (
        "The provider states that the work was not used. That is its own word and does not follow from the search.",
        "提供事業者は、この作品を使用していないと表明しています。調査の結果から導かれたものではありません。",
    ),
    InquiryAnswer.CANNOT_DETERMINE: (
        "The search found nothing that surely is the work. That does not mean that it was not used.",
        "この作品と確実に認められる項目は見つかりませんでした。使用されていないことを意味するものではありません。",
    ),
    InquiryAnswer.REFUSE: ("The provider refuses an answer.", "提供事業者は回答を拒否しています。"),
}


def inquiry_answer(
    out: Path,
    plan: Plan,
    basis: Basis,
    summary: Mapping[str, Any],
    work_id: str,
    stated: InquiryAnswer | None,
    because: str | None,
    moment: datetime,
) -> dict[str, Any]:
    """The words to sign. `stated`: no or refuse, with its reason. Raises NotFound, BadInput, Conflict."""
    work = basis.works.get(work_id)
    if work is None:
        raise NotFound(f"{work_id}: no work of the registry as this audit used it; audit the data set anew")
    if (stated is None) != (because is None or not because.strip()):
        raise BadInput("an answer that the provider states itself (no, refuse) comes with its reason, and only that")
    found = [row for row in read_rows(out / "findings.parquet") if row["work"] == work_id]
    sure = [row for row in found if row["check"] in _SURE and row["band"] == Band.STRONG.value]
    if stated is InquiryAnswer.NO and sure:
        raise Conflict(f"{sure[0]['key']}: the audit found the work there; no cannot be stated against it")
    computed = InquiryAnswer.YES if sure else InquiryAnswer.CANNOT_DETERMINE
    answer = stated or computed
    english, japanese = _WORDS[answer]
    references = [each for each in basis.references.values() if each.work_id == work_id]
    return {
        "format": ANSWER,
        "question": {
            "work": work_id,
            "title": work.title,
            "member": work.member,
            **plan.asked.to_json(),
        },
        "answer": answer.value,
        "text": {"en": english, "ja": japanese},
        "because": because,
        "found": {
            "items": len({(row["shard"], row["key"]) for row in found}),
            "sure": len({(row["shard"], row["key"]) for row in sure}),
            "by_check": dict(sorted(Counter(row["check"] for row in found).items())),
            "by_verdict": dict(sorted(Counter(row["verdict"] for row in found).items())),
            "keys": [row["key"] for row in sure[:_MOST_KEYS]],
        },
        "searched": {
            "datasets": list(plan.datasets),
            "dataset": summary["dataset"],
            "items": summary["items"],
            "checks": summary["checks"],
            "references": len(references),
            "thresholds": {limit.band.value: limit.score for limit in shipped().bands},
            "moment": summary["asked"]["moment"],
            "made_by": summary["made_by"],
            "basis": summary["basis"],
            "summary": summary["digest"],
        },
        "coverage": {
            "checked": summary["checked"],
            "unknown": summary["unknown"],
            "failed_shards": summary["failed_shards"],
            "not_looked_for": ["character", "style", "parts of a still picture"],
        },
        "created_at": clock.to_text(moment),
    }
