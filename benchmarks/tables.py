"""Tables of the documents, made from the recorded results: `python -m benchmarks.tables` (or `make docs`).

A block between `<!-- generated: NAME -->` and `<!-- end -->` is replaced by what the function of that name says.
`--check` changes nothing and fails where a document is behind its results.
"""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import descriptor_tables, prompt_tables
from benchmarks.bootstrap import none_of
from benchmarks.record import read

ROOT = Path(__file__).parents[1]
DOCUMENTS = (
    "README.md",
    "docs/calibration.md",
    "docs/audit-measured.md",
    "docs/prompts-measured.md",
    "docs/how-to/give-and-end-consent.md",
    "benchmarks/README.md",
    "src/tomeishi/fingerprint/weights/image-2.md",
    "src/tomeishi/fingerprint/weights/figure-2.md",
)
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def calibration(result: dict[str, Any]) -> str:
    """What each band was measured at."""
    figures, settings = result["figures"], result["settings"]
    lines = [
        "| band | from score | false segments seen | per 100 hours, at most | altered clips found |",
        "|---|---|---|---|---|",
    ]
    for band in ("strong", "likely", "weak"):
        row = figures[band]
        lines.append(
            f"| {band} | {row['score']:.3f} | {row['false_segments']} "
            f"| {row['false_segments_per_100_hours_at_most']:.0f} | {row['clips_found']:.0%} |"
        )
    lines += [
        "",
        f"{figures['hours']:.1f} hours of unrelated drawn film screened against {settings['films']} registered films; "
        f"{figures['clips']} altered clips of 3 to 15 s with one to three edits at 0.5 to 2 times the speed. "
        '"At most" is the upper end of the exact 95 % Poisson interval: with so few hours it says how little was '
        "measured rather than how often it errs.",
    ]
    return "\n".join([*lines, "", _made_by(result, "python -m benchmarks.calibrate")])


def _made_by(result: dict[str, Any], command: str) -> str:
    machine, name = result["machine"], result["name"]
    return (
        f"Made by `{command}` on {result['measured_at'][:10]}: {machine['processor']}, {machine['cores']} cores"
        f"{_how_fast(machine)}, tomeishi {result['versions']['tomeishi']}, seed {result['seed']} "
        f"(`benchmarks/results/{name}.json`)."
    )


def _how_fast(machine: dict[str, Any]) -> str:
    """Machines that others share slow down: two million additions in Python (`record.yardstick`) tell by how much."""
    return f" (two million additions {machine['yardstick_s']:.2f} s)" if "yardstick_s" in machine else ""


def copies(result: dict[str, Any]) -> str:
    """The edits that are promised, beside the peers."""
    return _copies(result, "tomeishi.testing")


def copies_by_others(result: dict[str, Any]) -> str:
    """Edits that others wrote."""
    return _copies(result, "ffmpeg", "augly")


def _copies(result: dict[str, Any], *by: str) -> str:
    figures, settings = result["figures"], result["settings"]
    peers = [name for name, peer in figures["peers"].items() if peer["ran"]]
    head = [
        "edit",
        "clips strong (95 %)",
        "clips found",
        "seconds strong",
        "stills strong",
        "wrong works",
        "PDQ, makers'",
    ]
    lines = ["| " + " | ".join([*head, *peers]) + " |", "|---" * (len(head) + len(peers)) + "|"]
    for name, row in figures["edits"].items():
        if row["by"] not in by:
            continue
        low, high = row["strong_interval"]
        # Where every film gives the same, drawing films anew says nothing: the exact limit over films does.
        low, high = (1 - none_of(row["films"]), 1.0) if row["strong"] == 1 else (low, high)
        cells = [name.replace("_", " "), f"{row['strong']:.0%} ({low:.0%} to {high:.0%})", f"{row['found']:.0%}"]
        cells += [f"{row['seconds_strong']:.0%}", f"{row['stills_strong']:.0%}", f"{sum(row['wrong_works'].values())}"]
        cells += ["-" if row["pdq_at_makers_limit"] is None else f"{row['pdq_at_makers_limit']:.0%}"]
        lines.append("| " + " | ".join([*cells, *(f"{row['peers'][peer]:.0%}" for peer in peers)]) + " |")
    films, beside = figures["registered"], figures["unrelated"]
    found = ", ".join(f"{count} {band}" for band, count in beside["findings"].items())
    micro = ", ".join(f"{name} {value:.3f}" for name, value in figures["micro_ap"].items())
    absent = [f"{name} ({peer['why']})" for name, peer in figures["peers"].items() if not peer["ran"]]
    absent += [f"{name} ({why})" for name, why in figures["absent"].items()]
    lines += [
        "",
        f"{films['drawn']} drawn and {films['real']} real films of the {settings['half']} half are registered; of "
        f"each, one clip and one picture per edit (load {settings['load_before']} before). "
        f"Of {beside['films']} unrelated films: {found} findings. Micro average precision: {micro}."
        + (f" Absent: {'; '.join(absent)}." if absent else ""),
    ]
    sizes = " ".join(
        f"--{name.replace('_', '-')} {settings[name]}"
        for name in ("half", "films", "real", "unrelated")
        if settings[name] is not None
    )
    sizes += " --others" if settings.get("others") else ""
    return "\n".join([*lines, "", _made_by(result, f"python -m benchmarks.copies {sizes}")])


def localisation(result: dict[str, Any]) -> str:
    """Segment AP and boundary errors."""
    figures, settings = result["figures"], result["settings"]
    ends, by_edits = figures["boundary_error_s"], figures["segment_ap_by_edits"]
    clean = ", ".join(f"{count} {band}" for band, count in figures["clean_queries_with_findings"].items())
    wrong = ", ".join(f"{count} {band}" for band, count in figures["wrong_films_in_queries_with_clips"].items())
    rows = [
        ("segment AP", "{:.3f} ({:.3f} to {:.3f})".format(figures["segment_ap"], *figures["segment_ap_interval"])),
        *((f"with {n} edit{'s' * (n != '1')}", f"{value:.3f}") for n, value in by_edits.items()),
        ("micro AP over pairs", f"{figures['micro_ap']:.3f}"),
        ("clips found", f"{figures['clips_found']} of {figures['clips']}"),
        ("boundary error, median", f"{ends['median']} s"),
        ("boundary error, 90 %", f"{ends['of_90_percent']} s"),
        (f"findings in {figures['clean_queries']} clean queries", clean),
        ("wrong films in the others", wrong),
    ]
    lines = ["| measure | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    films = figures["registered"]
    lines += [
        "",
        f"{figures['queries']} queries, half of them clean; {figures['films_shown']} of {films['drawn']} drawn and "
        f"{films['real']} real films of the {settings['half']} half are shown in the others.",
    ]
    command = f"python -m benchmarks.localisation --half {settings['half']} --films {settings['films']}"
    return "\n".join([*lines, "", _made_by(result, f"{command} --queries {settings['queries']}")])


def unrelated(result: dict[str, Any]) -> str:
    """False segments on unrelated film."""
    figures, settings = result["figures"], result["settings"]
    films = figures["query_films"]
    lines = ["| band | wrong | films with any | per 100 hours (95 %) | segments that reach it, per 100 hours at most |"]
    lines += ["|---" * 5 + "|"]
    for band, row in figures["bands"].items():
        low, high = row["per_100_hours_interval"]
        lines.append(
            f"| {band} | {row['wrong']} | {row['films_with_any']} | {row['per_100_hours']} ({low} to {high}) "
            f"| {row['segments']}, {row['segments_per_100_hours_at_most']:.0f} |"
        )
    lines += [
        "",
        f"{figures['decisions']:,} decisions: {films['drawn']} drawn and {films['real']} real films, "
        f"{figures['hours']:.2f} hours, each against {figures['registered_films']} registered ones.",
    ]
    command = f"python -m benchmarks.unrelated --half {settings['half']} --registered {settings['registered']}"
    return "\n".join([*lines, "", _made_by(result, f"{command} --queries {settings['queries']}")])


def memory(result: dict[str, Any]) -> str:
    """Greatest resident sizes."""
    lines = ["| step | our process | its largest decoding process | found |", "|---|---|---|---|"]
    for what, row in result["figures"].items():
        found = "; ".join(
            f"{band} {kind}, {count} segments, {seconds:.0f} s" for kind, band, count, seconds in row["found"]
        )
        lines.append(f"| {what} | {row['process_mib']:,} MiB | {row['largest_decoder_mib']:,} MiB | {found or '-'} |")
    hours = result["settings"]["hours"]
    lines += ["", f"A drawn film of {hours:g} hours with sound, registered, and then screened in another encode."]
    return "\n".join([*lines, "", _made_by(result, f"python -m benchmarks.memory --hours {hours:g}")])


_SPEED_AIM = 1.25
"""A whole screening over decoding alone, clean H.264 of 1080p."""


def speed(result: dict[str, Any]) -> str:
    """A whole screening over decoding alone."""
    settings = result["settings"]
    lines = [
        f"| {settings['seconds']:g} s of clean H.264 | decoding, wall (CPU) | read by the guarded process "
        "| whole screening | over decoding, wall (CPU) | over reading, wall (CPU) | core-ms per second of video |",
        "|---" * 7 + "|",
    ]
    for name, row in result["figures"].items():
        times = [
            f"{row[f'{what}_wall_s']:.2f} s ({row[f'{what}_cpu_s']:.2f} s)" for what in ("bare", "sampled", "screened")
        ]
        ratios = [f"{row[f'wall_ratio_to_{w}']:.2f} ({row[f'cpu_ratio_to_{w}']:.2f})" for w in ("bare", "sampled")]
        lines.append("| " + " | ".join([name, *times, *ratios, f"{row['core_ms_per_video_second']:.0f}"]) + " |")
    lines += ["", f"Medians of {settings['runs']} turns, with a load of {settings['load_before']} before."]
    full = result["figures"].get("1080p")
    if full is not None and (over := full["wall_ratio_to_bare"] - _SPEED_AIM) > 0:
        lines[-1] += (
            f" The aim at 1080p, {_SPEED_AIM} times decoding, is missed by {over:.2f}: "
            f"{full['screened_cpu_s'] - full['sampled_cpu_s']:.1f} s of describing and searching share two cores with "
            "the decoding."
        )
    return "\n".join(
        [
            *lines,
            "",
            _made_by(result, f"python -m benchmarks.speed --runs {settings['runs']} --seconds {settings['seconds']:g}"),
        ]
    )


def ablation(result: dict[str, Any]) -> str:
    """What each stage brings."""
    settings = result["settings"]
    lines = [
        "| stages | clips strong | clips found | wrong works | core-s a clip, without decoding | segment AP | micro AP "
        "| boundary error, 90 % |",
        "|---" * 8 + "|",
    ]
    for name, row in result["figures"].items():
        end = row["boundary_error_s"]["of_90_percent"]
        lines.append(
            f"| {name} | {row['strong']:.0%} | {row['found']:.0%} | {row['wrong_works']} "
            f"| {row['core_s_per_clip_without_decoding']:.2f} | {row['segment_ap']:.3f} | {row['micro_ap']:.3f} "
            f"| {'-' if end is None else f'{end:.2f} s'} |"
        )
    command = f"python -m benchmarks.ablation --half {settings['half']} --films {settings['films']}"
    return "\n".join([*lines, "", _made_by(result, f"{command} --queries {settings['queries']}")])


def index_scale(result: dict[str, Any]) -> str:
    """The index by number of rows."""
    lines = [
        "| rows | memory a row | file a row | recall@10 | true frame first | a 60 s film, one thread (lowest) "
        "| two threads (lowest) | core-s a film | cost grows as rows to the | one item more | one less |",
        "|---" * 11 + "|",
    ]
    for run in result["figures"]["runs"]:
        memory = run["memory_bytes"]["searched"] / run["rows"]
        grows = run.get("cost_grows_as")
        lines.append(
            f"| {run['rows']:,} | {memory:.0f} B | {run['file_bytes_per_row']:.0f} B | {run['recall_at_10']:.3f} "
            f"| {run['true_frame_first']:.3f} | {run['film_s']['median']:.2f} s ({run['film_s']['lowest']:.2f} s) "
            f"| {run['film_on_two_threads_s']['median']:.2f} s ({run['film_on_two_threads_s']['lowest']:.2f} s) "
            f"| {run['film_cpu_s']:.3f} | {'-' if grows is None else f'{grows:.2f}'} "
            f"| {run['one_more']['seconds']:.2f} s, {run['one_more']['bytes_written'] / 1e6:.1f} MB "
            f"| {run['one_less']['seconds']:.2f} s, {run['one_less']['bytes_written'] / 1e6:.2f} MB |"
        )
    loads = ", ".join(f"{run['load_before']}" for run in result["figures"]["runs"])
    lines += ["", f"Load of the two cores before each run: {loads}; memory has some 100 MB that do not grow with rows."]
    return "\n".join([*lines, "", _made_by(result, "python -m benchmarks.index_scale --rows ROWS")])


_SOUND_AIM = 0.95
_SOUND_AIMED = ("mp3 48k", "noise 10 dB", "tempo 1.05", "tempo 1.10", "pitch +100 cents", "speed 1.02", "speed 1.05")


def sound(result: dict[str, Any]) -> str:
    """Share of clips found, by edit and length, beside peers."""
    figures, settings = result["figures"], result["settings"]
    lengths = [f"{seconds:g} s" for seconds in settings["seconds"]]
    peers = sorted({peer for rows in figures["edits"].values() for row in rows.values() for peer in row["peers"]})
    columns = [*lengths, f"strong, {lengths[0]}", *(f"{peer}, {lengths[-1]}" for peer in peers)]
    lines = ["| edit | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for edit, rows in figures["edits"].items():
        shares = [f"{rows[length]['found']:.0%}" for length in lengths]
        beside = [f"{rows[lengths[-1]]['peers'][peer]:.0%}" for peer in peers]
        lines.append("| " + " | ".join([edit, *shares, f"{rows[lengths[0]]['strong']:.0%}", *beside]) + " |")
    registered, errors = figures["registered"], figures["boundary_error_s"]
    clips = settings["clips"] * len(lengths) * len(figures["edits"])
    lines += [
        "",
        f"{settings['clips']} clips of each edit and length, from {registered['pieces']} registered pieces "
        f"({registered['hours']:.1f} hours); {figures['wrong_identities']} wrong identities in {clips} clips. "
        f"Boundaries are off by {errors['median']:.2f} s (median), 90 % by at most {errors['of 90 %']:.2f} s. "
        f"Load of the machine before: {figures['load_before']}.",
    ]
    short = [edit for edit in _SOUND_AIMED if figures["edits"][edit][lengths[0]]["found"] < _SOUND_AIM]
    if short:
        lines[-1] += (
            f" The aim of {_SOUND_AIM:.0%} from {lengths[0]} on for {', '.join(_SOUND_AIMED)} is missed for "
            f"{', '.join(short)}, by what {settings['clips']} clips can tell."
        )
    return "\n".join([*lines, "", _made_by(result, "python -m benchmarks.sound --half test")])


def sound_calibration(result: dict[str, Any]) -> str:
    """What each band of sound was measured at, on the half that it was not set on."""
    tested, settings = result["figures"]["test"], result["settings"]
    lines = ["| band | from score | false segments seen | per 100 hours, at most |", "|---|---|---|---|"]
    for band, row in tested["unrelated"]["bands"].items():
        at_most = row["false_segments_per_100_hours_at_most"]
        lines.append(f"| {band} | {row['score']:.3f} | {row['false_segments']} | {at_most:.0f} |")
    hours = tested["unrelated"]["hours"]
    listed = ", ".join(f"{value:.1f} h of {kind}" for kind, value in hours.items())
    lines += [
        "",
        f"Unrelated sound: {listed}, against {tested['registered']['pieces']} registered pieces of the test half. "
        f"{result['figures']['true']} true and {result['figures']['false']} false stretches of the development half "
        "were fitted. "
        '"At most" is the upper end of the exact 95 % Poisson interval: it says how little was measured.',
    ]
    command = f"python -m benchmarks.sound --calibrate --clips {settings['clips']}"
    return "\n".join([*lines, "", _made_by(result, command)])


def pages(result: dict[str, Any]) -> str:
    """Each page for somebody who sees everything and for somebody of one member."""
    figures, settings = result["figures"], result["settings"]
    lines = [
        "| page | all members: median | p99 | processor | one member: median | p99 | processor |",
        "|---|---|---|---|---|---|---|",
    ]
    for page in figures["hana"]:
        rows = (figures[name][page] for name in ("hana", "legal"))
        told = (f"{row[kind]:.0f} ms" for row in rows for kind in ("p50_ms", "p99_ms", "processor_ms"))
        lines.append(f"| {page} | {' | '.join(told)} |")
    sizes = " ".join(f"--{name} {settings[name]}" for name in ("works", "matches", "entries", "times"))
    lines += [
        "",
        f"{settings['works']:,} works, {settings['matches']:,} matches of {settings['screenings']:,} screenings, "
        f"{settings['entries']:,} entries of the ledger, on {settings['database']}; one person at a time. Load of the "
        f"machine meanwhile: {settings['load']}.",
    ]
    return "\n".join([*lines, "", _made_by(result, f"python -m benchmarks.pages {sizes}")])


def web(result: dict[str, Any]) -> str:
    """Requests a second and how long they take, by what is asked for and by how many clients."""
    figures, settings = result["figures"], result["settings"]
    lines = ["| asked for | clients | a second | median | p99 | answers |", "|---|---|---|---|---|---|"]
    for name, rows in figures.items():
        for clients, row in rows.items():
            answers = ", ".join(f"{number} of {status}" for status, number in row["statuses"].items())
            times = f"{row['p50_ms']:.0f} ms | {row['p99_ms']:.0f} ms"
            lines.append(f"| {name} | {clients} | {row['per_second']} | {times} | {answers} |")
    lines += [
        "",
        "`tomeishi serve` and its clients on the same cores, "
        f"{settings['database']}, {settings['seconds']:.0f} s each. "
        f"A clip has 6 s and is screened against {settings['films']} films. Load of the machine before: "
        f"{settings['load_before']}.",
    ]
    return "\n".join([*lines, "", _made_by(result, f"python -m benchmarks.web --seconds {settings['seconds']:.0f}")])


def audit_decoding(result: dict[str, Any]) -> str:
    """Processor time of decoding a still, and the whole path against decoding and describing alone."""
    figures = result["figures"]
    names = {
        "unguarded": "in the worker itself, unguarded (for comparison only)",
        "fresh_process": "a fresh guarded process for each picture",
        "shared_by_1": "a fork of the nursery for each picture",
        "shared_by_4": "a fork for 4 pictures",
        "shared_by_16": "a fork for 16 pictures: as built",
    }
    lines = ["| way | processor time for each picture |", "|---|---|"]
    lines += [f"| {words} | {figures['milliseconds'][name]:.2f} ms |" for name, words in names.items()]
    path = figures["path"]
    lines += [
        "",
        "Audited whole (read, digested, decoded, described by both descriptors, searched, written), "
        f"{figures['pictures']} pictures took {path['audit_s']:.2f} s; decoding and describing alone "
        f"{path['alone_s']:.2f} s: **{path['share']:.0%}** (aim: at least 80%). Load of the machine {figures['load']}.",
    ]
    command = f"python -m benchmarks.audit_decoding --pictures {result['settings']['pictures']}"
    return "\n".join([*lines, "", _made_by(result, command)])


def audit_planted(result: dict[str, Any]) -> str:
    """What became of planted copies and edits, and how long it took."""
    figures, settings = result["figures"], result["settings"]
    lines = ["| planted | denied | unknown: a person looks | kept |", "|---|---|---|---|"]
    lines += [
        f"| {edit} | {row['denied']} | {row['unknown']} | {row['kept']} |" for edit, row in figures["by_edit"].items()
    ]
    run = figures["run"]
    lines += [
        "",
        f"{figures['rows']:,} rows, {figures['thumbnails']:,} of them with thumbnails, {figures['planted']:,} planted; "
        f"registered: {figures['registered']['films']} films and {figures['registered']['pictures']} pictures. "
        f"Plain copies denied: **{figures['plain_recall']:.1%}** (aim: 99%). Rows denied wrongly: "
        f"**{figures['wrong_denials']}** (aim: 0); unknown without cause: {figures['wrong_unknown']}.",
        "",
        f"{run['wall_s'] / 60:,.0f} minutes on {settings['workers']} workers (aim: 60), {run['cpu_s']:,.0f} s of "
        f"processor time; at most {run['memory_mib']:,} MiB in all its processes together (aim: 2,000); load of the "
        f"machine before: {run['load_before']}.",
    ]
    command = f"python -m benchmarks.audit_planted --rows {settings['rows']} --thumbnails {settings['thumbnails']:g}"
    return "\n".join([*lines, "", _made_by(result, command)])


_CORES = 16
"""Of each machine in the computed table."""


def audit_scaling(result: dict[str, Any]) -> str:
    """Strong scaling on this machine as measured; more machines as computed from it."""
    figures, settings = result["figures"], result["settings"]
    lines = [
        "| runner | workers | wall | of it, until all shards are done | against one worker |",
        "|---|---|---|---|---|",
    ]
    for run in figures["runs"]:
        one = next(each for each in figures["runs"] if each["runner"] == run["runner"] and each["workers"] == 1)
        lines.append(
            f"| {run['runner']} | {run['workers']} | {run['wall_s']:,.0f} s | {run['until_results_s']:,.0f} s "
            f"| {one['wall_s'] / run['wall_s']:.2f} |"
        )
    lines += ["", f"{figures['rows']:,} rows in {figures['shards']} shards."]
    # Of the large set: of a small one, what starting costs would count as if each row cost it.
    planted = read("audit-planted")
    if planted is None:
        raise ValueError(
            "more machines are computed from results/audit-planted.json: run benchmarks.audit_planted first"
        )
    large = planted["figures"]["run"]
    driver_s = large["driver_cpu_s"] / large["items"]
    worker_s = (large["cpu_s"] - large["driver_cpu_s"]) / large["items"]
    lines += [
        "",
        f"Computed, not measured: a billion such rows, on machines of {_CORES} cores.",
        "",
        "| machines | hours of the workers | and of the driver, in one process | hours in all |",
        "|---|---|---|---|",
    ]
    for count in (10, 100, 1000):
        workers_h, driver_h = 1e9 * worker_s / (count * _CORES) / 3600, 1e9 * driver_s / 3600
        lines.append(f"| {count:,} | {workers_h:,.1f} | {driver_h:,.1f} | {workers_h + driver_h:,.1f} |")
    lines += [
        "",
        f"It assumes {worker_s * 1e3:.2f} ms of a worker's and {driver_s * 1e6:.0f} µs of the driver's processor time "
        f"for a row of this mixture as measured over {large['items']:,} above, shards enough for all cores, a store "
        "that delivers as fast as they read, and that the driver's work comes after the workers'. A larger registry "
        "costs more. Where the driver sets the limit, audit parts of the set into folders of their own.",
    ]
    command = f"python -m benchmarks.audit_scaling --rows {settings['rows']} --thumbnails {settings['thumbnails']:g}"
    return "\n".join([*lines, "", _made_by(result, command)])


def verification(result: dict[str, Any]) -> str:
    """How many pairs of pictures are laid clearly enough."""
    figures, settings = result["figures"], result["settings"]
    likely, strong = settings["limits"]
    unlike, altered = figures["unlike"], figures["altered"]
    lines = [
        f"| pairs of pictures | pairs | count at all | clearness {likely:g}: likely | {strong:g}: strong |",
        "|---|---|---|---|---|",
        f"| of unlike films | {unlike['pairs']:,} | {unlike['count']} | {unlike['likely']} | {unlike['strong']} |",
        f"| a frame and itself, altered in {altered['ways']} ways | {altered['pairs']:,} "
        + " | ".join(["", *(f"{altered[name] / altered['pairs']:.1%}" for name in ("count", "likely", "strong"))])
        + " |",
    ]
    lines += [
        f"| … {name.replace('_', ' ')} | {row['pairs']} | "
        + " | ".join(f"{row[which] / row['pairs']:.0%}" for which in ("count", "likely", "strong"))
        + " |"
        for name, row in sorted(figures["by_edit"].items(), key=lambda each: each[1]["strong"] / each[1]["pairs"])[:10]
    ]
    absent = f" Absent: {', '.join(figures['absent'])}." if figures["absent"] else ""
    queries, registered = unlike["films"]
    told = f"The ten ways that are laid clearly least often; {queries} unlike films against {registered}."
    return "\n".join([*lines, "", told + absent, "", _made_by(result, "python -m benchmarks.verification")])


def style(result: dict[str, Any]) -> str:
    """How often the nearest look is of the right hand."""
    lines = [
        "| registered | works | queries | the right work is named first | it is among the named | queries of nobody "
        "| … for which a wrong work is named |",
        "|---|---|---|---|---|---|---|",
    ]
    registered = {"films": "films, each a work, and one cartoon", "hands": "pictures on white, a work for each hand"}
    for name, told in registered.items():
        row = result["figures"][name]
        cells = [told, row["works"], row["queries"], _share_of(row["named_first"]), _share_of(row["among_the_named"])]
        cells += [row["queries_of_nobody"], _share_of(row["named_all_the_same"])]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    told = (
        "Queries of the films are films of the cartoon, each beside the others of it; for those of nobody, drawn and "
        "real films, the cartoon would be wrong: drawn films are all by one hand. Queries of the hands are pictures of "
        "other figures; for those of nobody their hand is left out, and any other is wrong."
    )
    if absent := result["figures"]["films"]["absent"]:
        told += f" Absent: {', '.join(absent)}."
    return "\n".join([*lines, "", told, "", _made_by(result, "python -m benchmarks.style --half test")])


def _share_of(figure: dict[str, Any]) -> str:
    if figure["share"] is None:
        return "-"
    low, high = figure["interval"]
    return f"{figure['share']:.0%} ({low:.0%} to {high:.0%})"


def audit_peers(result: dict[str, Any]) -> str:
    """Who finds what of what was planted."""
    figures = result["figures"]
    tools = list(figures["found"])
    lines = [f"| planted | rows | {' | '.join(tools)} |", "|---|---|" + "---|" * len(tools)]
    for kind, count in figures["planted"].items():
        lines.append(f"| {kind} | {count} | " + " | ".join(str(figures["found"][tool][kind]) for tool in tools) + " |")
    absent = [name for name in ("optouts", "img2dataset", "imagededup", "peers") if name in figures["absent"]]
    if absent:
        lines += ["", "Not installed here: " + "; ".join(f"{name}: {figures['absent'][name]}" for name in absent) + "."]
    return "\n".join(
        [*lines, "", _made_by(result, f"python -m benchmarks.audit_peers --each {result['settings']['each']}")]
    )


def prompts_speed(result: dict[str, Any]) -> str:
    """Building and searching, beside a bare automaton."""
    return _of_prompts(result, prompt_tables.speed(result["figures"], result["settings"]))


def prompts_recall(result: dict[str, Any]) -> str:
    """What is found of names and spellings that others made."""
    return _of_prompts(result, prompt_tables.recall(result["figures"]))


def prompts_false(result: dict[str, Any]) -> str:
    """What is found where nothing was meant."""
    return _of_prompts(result, prompt_tables.false_finds(result["figures"]))


def image_unrelated(result: dict[str, Any]) -> str:
    """Unlike pictures of each gallery."""
    return "\n".join(descriptor_tables.unrelated(result))


def image_edits(result: dict[str, Any]) -> str:
    """Copies by each edit, and peers beside."""
    command = "python training/evaluate_image_descriptor.py"
    if "sscd" in result["name"]:
        command += f" --sscd --most {result['settings']['most']}"
    return "\n".join([*descriptor_tables.edits(result), "", _made_by(result, command)])


def figure_sets(result: dict[str, Any]) -> str:
    """Figures by other views and hands, and peers beside."""
    command = (
        "PYTHONPATH=. python training/evaluate_figure_descriptor.py --emoji NODE_MODULES --cache CACHE --head HEAD"
    )
    return "\n".join([*descriptor_tables.figure_sets(result), "", _made_by(result, command)])


def figure_colours(result: dict[str, Any]) -> str:
    """How much colours should weigh."""
    return descriptor_tables.colour_weight(result)


def _of_prompts(result: dict[str, Any], lines: list[str]) -> str:
    return "\n".join([*lines, "", _made_by(result, "python -m benchmarks.prompts")])


def characters(result: dict[str, Any]) -> str:
    """Registered figures in new scenes, by drawings enrolled and by how many are enrolled."""
    figures, settings = result["figures"], result["settings"]
    lines = [
        "| enrolled | drawings of each | same style: found at 1 false track an hour | strong | likely or better "
        "| another style: found at 1 false track an hour | strong | likely or better "
        "| unregistered of the same artist called strong | likely | false tracks an hour, strong | likely | weak |",
        "|" + "---|" * 13,
    ]
    for row in figures["recognised"]:
        same, other, strange = (
            row[name] for name in ("same style", "another style", "unregistered_of_the_same_artist")
        )
        rates = row["false_tracks_an_hour"]
        shares = [
            *(
                style[key]
                for style in (same, other)
                for key in ("found_at_one_false_track_an_hour", "found_strong", "found_likely")
            ),
            strange["mistaken_strong"],
            strange["mistaken_likely"],
        ]
        lines.append(
            f"| {row['enrolled']:,} | {row['drawings']} | "
            + " | ".join(f"{share:.0%}" for share in shares)
            + f" | {rates['strong']:.1f} | {rates['likely']:.1f} | {rates['weak']:.1f} |"
        )
    first, cost = figures["recognised"][0], figures["processor_seconds"]
    strangers = first["unregistered_of_the_same_artist"]["clips"]
    lines += [
        "",
        f"{first['same style']['clips']} clips of {settings['seconds_each']:.0f} s in either style with a registered "
        f"figure, {strangers} with unregistered figures of the same {settings['artists']} artists, "
        f"{first['hours']:.2f} hours of other films; figures of 60 pixels or more in 512 x 288. Screening for "
        f"characters too took {cost['on_top']:.2f} times the processor time of copies on top "
        f"({cost['with_characters']:.1f} s after {cost['copies']:.1f} s for 60 s of film). Load {figures['load']:.1f}.",
        "",
        *_character_goals(figures["recognised"], round(cost["on_top"], 2)),
    ]
    return "\n".join([*lines, "", _made_by(result, "python -m benchmarks.characters")])


def _character_goals(rows: Sequence[dict[str, Any]], on_top: float) -> list[str]:
    """What was aimed at, beside the row with the fewest characters and the most drawings."""
    best = max(rows, key=lambda row: (-row["enrolled"], row["drawings"]))
    found = "found_at_one_false_track_an_hour"
    aims = [
        ("same style, at 1 false track an hour", 0.9, best["same style"][found], 1),
        ("another style, at 1 false track an hour", 0.7, best["another style"][found], 1),
        (
            "unregistered of the same artist called strong",
            0.01,
            best["unregistered_of_the_same_artist"]["mistaken_strong"],
            -1,
        ),
        ("cost on top", 1.0, on_top, -1),
    ]
    lines = [
        f"| aim, with {best['enrolled']:,} enrolled by {best['drawings']} drawings each | measured | |",
        "|---|---|---|",
    ]
    for name, aim, measured, sign in aims:
        missed = sign * (aim - measured)
        told = "holds" if missed <= 0 else f"missed by {missed * 100:.0f} points"
        lines.append(f"| {name}: {'at least' if sign > 0 else 'at most'} {aim:.0%} | {measured:.0%} | {told} |")
    return lines


def consent_checks(result: dict[str, Any]) -> str:
    """How many questions a second the command answers."""
    figures, settings = result["figures"], result["settings"]
    different, repeated = (figures[name]["checks_per_processor_second"] for name in ("different", "repeated"))
    return (
        f"Over {settings['entries']:,} entries about {settings['works']:,} works the command answers {different:,} "
        f"questions that all differ, and {repeated:,} that are asked again and again, a second of one core (aim: "
        "20,000). " + _made_by(result, "python -m benchmarks.consent_checks")
    )


TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "calibration": ("calibration", calibration),
    "characters": ("characters", characters),
    "copies": ("copies-test", copies),
    "copies_by_others": ("copies-by-others-test", copies_by_others),
    "localisation": ("localisation-test", localisation),
    "unrelated": ("unrelated-test", unrelated),
    "bands": ("unrelated-development", unrelated),
    "memory": ("memory", memory),
    "speed": ("speed", speed),
    "ablation": ("ablation-development", ablation),
    "index_scale": ("index-scale", index_scale),
    "sound": ("sound-test", sound),
    "soundbands": ("sound-calibration", sound_calibration),
    "pages": ("pages", pages),
    "web": ("web", web),
    "decoding": ("audit-decoding", audit_decoding),
    "planted": ("audit-planted", audit_planted),
    "checks": ("consent-checks", consent_checks),
    "namespeed": ("prompts", prompts_speed),
    "namerecall": ("prompts", prompts_recall),
    "falsefinds": ("prompts", prompts_false),
    "scaling": ("audit-scaling", audit_scaling),
    "verification": ("verification", verification),
    "style": ("style-test", style),
    "image_unrelated": ("image-descriptor", image_unrelated),
    "image_edits": ("image-descriptor", image_edits),
    "figure_sets": ("figure-descriptor", figure_sets),
    "figure_colours": ("figure-descriptor", figure_colours),
    "image_beside_sscd": ("image-descriptor-beside-sscd", image_edits),
    "auditpeers": ("audit-peers", audit_peers),
}
"""Block to result and function."""


def filled(text: str) -> str:
    """`text` with every block as its result says now; a block without a result says so."""

    def block(found: re.Match[str]) -> str:
        name, table = TABLES[found[2]]
        result = read(name)
        return found[1] + ("Not measured yet." if result is None else table(result)) + "\n" + found[4]

    return _BLOCK.sub(block, text)


def main() -> int:
    behind = []
    for name in DOCUMENTS:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        if (fresh := filled(text)) != text:
            behind.append(name)
            if "--check" not in sys.argv:
                path.write_text(fresh, encoding="utf-8")
    if behind:
        print(("behind their results: " if "--check" in sys.argv else "renewed: ") + ", ".join(behind))
    return int(bool(behind) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
