"""Arguments to query files: files as named, folders and globs as the media they hold."""

import glob
from collections.abc import Iterable
from pathlib import Path

_MOVING = ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .ts .m2ts .ogv .flv .wmv .3gp"
_STILL = ".png .jpg .jpeg .gif .webp .bmp .tif .tiff .apng .avif"
_SOUND = ".wav .mp3 .m4a .aac .flac .ogg .opus"
MEDIA_SUFFIXES = frozenset(f"{_MOVING} {_STILL} {_SOUND}".split())
"""What is picked out of a folder. A file that is named itself is tried whatever it is called."""


def expand(arguments: Iterable[str], listed: Iterable[str]) -> list[str]:
    """Paths to screen, each once, in the order given; `-` stands for the lines of `listed`.

    A path that does not exist stays in the list: it becomes a skipped line, not a silence.
    """
    paths: dict[str, None] = {}
    for argument in arguments:
        if argument == "-":
            paths.update(dict.fromkeys(line.rstrip("\r\n") for line in listed if line.strip()))
        else:
            paths.update(dict.fromkeys(_expanded(argument)))
    return list(paths)


def _expanded(argument: str) -> list[str]:
    path = Path(argument)
    try:
        if path.is_dir():
            return [str(found) for found in sorted(path.rglob("*")) if _is_media(found)]
        if not path.exists() and glob.has_magic(argument):
            matching = glob.glob(argument, recursive=True)  # noqa: PTH207 - the pattern may be absolute
            return sorted(found for found in matching if Path(found).is_file()) or [argument]
    except OSError:  # too long a name, or a folder that may not be searched: the screening says so
        return [argument]
    return [argument]


def _is_media(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts[1:])
    return path.suffix.lower() in MEDIA_SUFFIXES and path.is_file() and not hidden
