"""Tables of the image descriptor's model card, from `results/image-descriptor*.json`."""

from collections.abc import Callable
from typing import Any

_EACH = "clip art / drawn films / films"


def unrelated(result: dict[str, Any]) -> list[str]:
    """How near unlike pictures come, by gallery."""
    ours = next(iter(result["figures"].values()))
    shares = ("0.0001", "0.001", "0.01", "0.1", "0.5", "mean")
    lines = [
        "| unrelated pairs | pairs | 1 in 10,000 | 1 in 1,000 | 1 in 100 | 1 in 10 | median | mean "
        "| share within the threshold | the same, any quality |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in ours["galleries"].items():
        near = " | ".join(f"{row['unrelated'][share]:.3f}" for share in shares)
        lines.append(
            f"| {name} ({row['good']} of {row['pictures']} pictures) | {row['unrelated']['pairs']:,} | {near} "
            f"| {row['false']:.5f} | {row['false, any quality']:.5f} |"
        )
    return lines


def edits(result: dict[str, Any]) -> list[str]:
    """How near edited copies stay, and how many of them are nearer than one unrelated pair in a thousand."""
    rules = result["figures"]
    ours, galleries = next(iter(rules)), list(next(iter(rules.values()))["galleries"])

    def of(rule: str, edit: str, text: Callable[[dict[str, Any]], str]) -> str:
        return " / ".join(text(rules[rule]["galleries"][gallery]["edits"][edit]) for gallery in galleries)

    lines = [
        f"| edit | distance, median and 90 %: {_EACH} | within the threshold "
        + "".join(f"| {rule} at 1 in 1,000 " for rule in rules)
        + "|",
        "|---|---|---|" + "---|" * len(rules),
    ]
    named = list(rules[ours]["galleries"][galleries[0]]["edits"])
    for edit in named:
        cells = [
            of(ours, edit, lambda row: f"{max(0.0, row['0.5']):.2f}, {max(0.0, row['0.9']):.2f}"),
            of(ours, edit, lambda row: f"{row['within']:.2f}"),
            *(of(rule, edit, lambda row: f"{row['at 1 in 1,000']:.2f}") for rule in rules),
        ]
        lines.append(f"| {edit} | {' | '.join(cells)} |")

    def mean(rule: str, key: str) -> str:
        each = (rules[rule]["galleries"][gallery]["edits"].values() for gallery in galleries)
        return " / ".join(f"{sum(row[key] for row in rows) / len(rows):.3f}" for rows in each)

    lines.append(f"| **mean** | | {mean(ours, 'within')} | {' | '.join(mean(r, 'at 1 in 1,000') for r in rules)} |")
    lines.append(f"| **nearest is of the right picture or film** | | | {' | '.join(mean(r, 'first') for r in rules)} |")
    return lines
