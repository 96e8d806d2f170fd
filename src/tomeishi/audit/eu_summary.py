"""A draft of the public summary of training content (Regulation (EU) 2024/1689, article 53(1)(d)).

Sections after the Commission's template of 24 July 2025. Filled in is what the audit knows of this data set; all else
says that the provider has to state it. Text in Markdown, for a person to go on with.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tomeishi.audit.plan import write_whole
from tomeishi.audit.results import Counts

EU_SUMMARY = "eu-summary.md"
_OPEN = "*to be stated by the provider*"
_TOP_SHARE = 10
"""Per cent of the domains that the template asks for, by amount of content."""
_MOST_DOMAINS = 1000


def write_eu_summary(out: Path, summary: Mapping[str, Any], counts: Counts, datasets: Sequence[str]) -> None:
    """Raises StorageFailure."""
    write_whole(out / EU_SUMMARY, "\n".join(_lines(summary, counts, datasets)).encode() + b"\n")


def _lines(summary: Mapping[str, Any], counts: Counts, datasets: Sequence[str]) -> list[str]:
    asked, reserved = summary["asked"], summary["by_reason"].get("reservations", {})
    hosts = sorted(counts.hosts.items(), key=lambda each: (-each[1], each[0]))
    wanted = min(_MOST_DOMAINS, -(-len(hosts) * _TOP_SHARE // 100))
    return [
        "# Summary of training content: draft",
        "",
        "Regulation (EU) 2024/1689, article 53(1)(d); sections after the template of 24 July 2025. A draft made from",
        "an audit of the data set named below, not a statement of the provider. Read it against the template in force",
        "before it is published.",
        "",
        "## 1 General information",
        "",
        "### 1.1 Provider",
        "",
        f"- Name: {_plain(asked['provider'])}",
        f"- Contact, authorised representative in the Union: {_OPEN}",
        "",
        "### 1.2 Model",
        "",
        f"- Model and version: {_plain(asked['model']) if asked['model'] else _OPEN}",
        f"- Models it depends on, date of placing on the Union market: {_OPEN}",
        "",
        "### 1.3 Modalities and size of the audited data",
        "",
        "| modality | items | bytes |",
        "|---|---|---|",
        *(f"| {name} | {counts.media[name]:,} | {counts.media_bytes[name]:,} |" for name in sorted(counts.media)),
        f"| text beside them | | {counts.words:,} letters |",
        "",
        f"- Types of content, latest date of acquisition, languages, linguistic regions: {_OPEN}",
        "",
        "## 2 Sources",
        "",
        f"Audited: {', '.join(map(_plain, datasets))} ({summary['items']:,} items in {summary['shards']:,} shards;",
        f"digest `{summary['dataset']}`).",
        "",
        f"- 2.1 Publicly available data sets: {_OPEN}",
        f"- 2.2.1 Licensed by rights holders: in {summary['allowed']:,} items a work was found that the ledger",
        f"  permits; the contracts: {_OPEN}",
        f"- 2.2.2 Other data from third parties: {_OPEN}",
        f"- 2.3 Crawled and scraped: crawlers, their purpose and behaviour, period: {_OPEN}",
        f"- 2.4 User data: {_OPEN}",
        f"- 2.5 Synthetic data: {_OPEN}",
        f"- 2.6 Other: {_OPEN}",
        "",
        f"### Domains that the addresses of items name: {len(hosts):,}",
        "",
        f"The first {wanted:,} by number of items ({_TOP_SHARE} per cent, at most {_MOST_DOMAINS:,}). The template",
        "counts by amount of content.",
        "",
        "| domain | items |",
        "|---|---|",
        *(f"| {host} | {count:,} |" for host, count in hosts[:wanted]),
        "",
        "## 3 Data processing",
        "",
        "### 3.1 Respect of reservations of rights",
        "",
        f"- Items held against the registry and ledger of a coalition of rights holders as of {asked['moment']},",
        f"  for the use `{asked['use']}`: {summary['denied']:,} denied, {summary['unknown']:,} not known,",
        f"  {summary['allowed']:,} allowed, {summary['no_match']:,} without a match.",
        f"- Refusals inside files or in recorded headers decided {sum(reserved.values()):,} of these.",
        f"- Whether denied and unknown items were left out of training, and other measures: {_OPEN}",
        "",
        f"- 3.2 Removal of illegal content: {_OPEN}",
        f"- 3.3 Other processing: {_OPEN}",
        "",
        f"Made from `summary.json` with digest `{summary['digest']}`.",
    ]


def _plain(text: str) -> str:
    """Text from outside in a page of Markdown."""
    return "".join("\\" + letter if letter in "\\`*_[]<>|#" else letter for letter in text)
