"""Tables of the model cards, from `results/image-descriptor*.json` and `results/figure-descriptor.json`."""

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


_VIEWS, _HANDS = 0.85, 0.65
"""R@1 that was aimed at: the same figure in another view, and by another artist (emoji)."""
_AUC = 0.98


def figure_sets(result: dict[str, Any]) -> list[str]:
    """R@1 and AUC of each set of figures by each descriptor, and which aims ours with colours misses."""
    sets = result["figures"]["test"]
    names = [name for name in next(iter(sets.values()))["descriptors"] if " + " not in name]
    ours = _curve_of(result)[0]
    shown = [*names, f"{ours} + colours"]
    lines = [
        f"| set | figures | queries | {' | '.join(shown)} | aimed at |",
        "|---|---|---|" + "---|" * (len(shown) + 1),
    ]
    for name, row in sets.items():
        cells = [f"{row['descriptors'][each]['r@1']:.3f} / {row['descriptors'][each]['auc']:.3f}" for each in shown]
        best = row["descriptors"][shown[-1]]
        aim = _HANDS if name.startswith("emoji") or "hands" in name or "portrait" in name else _VIEWS
        missed = [
            f"{what} missed by {at_least - best[key]:.3f}"
            for what, key, at_least in (("R@1", "r@1", aim), ("AUC", "auc", _AUC))
            if best[key] < at_least
        ]
        told = f"{aim:.2f} / {_AUC:.2f}: " + ("; ".join(missed) or "holds")
        lines.append(f"| {name} | {row['figures']} | {row['queries']} | {' | '.join(cells)} | {told} |")
    return lines


def colour_weight(result: dict[str, Any]) -> str:
    """R@1 and AUC on part `tune` by the weight of colours."""
    curve = _curve_of(result)[1]
    return ", ".join(f"{weight}: {row['r@1']:.3f} / {row['auc']:.3f}" for weight, row in curve.items())


def _curve_of(result: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The descriptor whose weight of colours was tried, and what it measured by weight."""
    told = next(name for name in result["figures"] if name.startswith("by colour weight"))
    return told.split(", ")[1], result["figures"][told]
