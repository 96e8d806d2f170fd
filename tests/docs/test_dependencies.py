"""docs/dependencies.md tells what is installed, and what is installed may be used."""

import ast
import hashlib
import re
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.peers import ENVIRONMENTS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "tomeishi"
TEXT = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
CLUSTER_LOCK = (ROOT / "requirements-cluster.lock").read_text(encoding="utf-8")
"""Of the extra `cluster`, which the other one leaves out."""
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

PERMISSIVE = {"0BSD", "Apache-2.0", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Unlicense", "Zlib"}
PERMISSIVE |= {"BSD", "BSD-2-Clause", "BSD-3-Clause"}
ALLOWED = PERMISSIVE | {"LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "MPL-2.0"}
SPDX = {
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd-3-clause and public-domain": "BSD-3-Clause",
    "bsd license": "BSD",
    "dual license": "Apache-2.0 OR BSD-3-Clause",  # python-dateutil, by its LICENSE file
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "isc license": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
}
"""Free text that distributions write instead of an SPDX expression."""

GPL_LIBRARIES = re.compile(r"lib(x264|x265|xvidcore|rubberband|postproc|vidstab|frei0r|cdio|imagequant|readline)\b")


def _names(requirements: list[str]) -> list[str]:
    return [canonicalize_name(Requirement(line).name) for line in requirements]


RUN_TIME = _names(SETTINGS["project"]["dependencies"])
OPTIONAL = SETTINGS["project"]["optional-dependencies"]
EXTRAS = _names([line for group, lines in OPTIONAL.items() if group not in ("peers", "sscd") for line in lines])
EXCEPTIONS = _names(OPTIONAL["sscd"])
"""Under terms that are no licence of free software: never installed unless somebody names the extra."""
PEERS = _names(OPTIONAL["peers"])
DEVELOPMENT = _names(SETTINGS["dependency-groups"]["dev"])


def _table(heading: str) -> dict[str, str]:
    """Rows of the table below a heading, by the package in their first cell."""
    section = re.split(r"^## ", TEXT.split(f"## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return {row[1]: row[0] for row in re.finditer(r"^\| `([a-z0-9-]+)` \|.*$", section, re.MULTILINE)}


def _installed() -> dict[str, Distribution]:
    """All that `src/` needs at run time, with what that needs; extras where they are installed."""
    found: dict[str, Distribution] = {}
    waiting = [*RUN_TIME, *EXTRAS]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            assert name not in RUN_TIME, f"{name} is not installed"
            continue
        for line in found[name].requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(requirement.name))
    return found


INSTALLED = _installed()


def _licence(of: Distribution) -> str:
    """What the distribution states, as an SPDX expression where that can be told."""
    stated = [line for key in ("License-Expression", "License") for line in of.metadata.get_all(key) or [] if line]
    classifiers: list[str] = of.metadata.get_all("Classifier") or []
    stated += [line.rsplit(" :: ", 1)[-1] for line in classifiers if line.startswith("License :: ")]
    return SPDX.get(stated[0].lower(), stated[0]) if stated else "nothing"


def _may_be_used(expression: str) -> bool:
    return all(
        any(choice.strip(" ()") in ALLOWED for choice in part.split(" OR ")) for part in expression.split(" AND ")
    )


@pytest.mark.parametrize(
    ("heading", "packages"),
    [
        ("Run time", RUN_TIME),
        ("Extras", EXTRAS),
        ("Exceptions by name", EXCEPTIONS),
        ("Peers", PEERS),
        ("Development", DEVELOPMENT),
    ],
)
def test_each_dependency_has_its_row_and_no_row_is_left_over(heading: str, packages: list[str]) -> None:
    assert sorted(_table(heading)) == sorted(packages)


def test_what_is_measured_against_beside_us_is_told() -> None:
    installed = {
        canonicalize_name(Requirement(line).name) for environment in ENVIRONMENTS for line in environment.packages
    }
    section = TEXT.split("## Measured against", 1)[1].split("## Development", 1)[0]
    assert not {name for name in installed if f"`{name}`" not in section}
    assert {*_table("Measured against, in environments of their own")} <= installed


@pytest.mark.parametrize("heading", ["Run time", "Extras", "Development"])
def test_versions_are_those_of_the_lock(heading: str) -> None:
    for name, row in _table(heading).items():
        lock = CLUSTER_LOCK if name in _names(OPTIONAL["cluster"]) else LOCK
        locked = re.findall(rf"^{re.escape(name)}==(\S+)", lock, re.MULTILINE)
        assert locked, name
        assert row.split("|")[2].strip() == " / ".join(locked), name


@pytest.mark.parametrize("name", sorted(INSTALLED))
def test_what_is_installed_has_a_licence_that_may_be_used(name: str) -> None:
    assert _may_be_used(_licence(INSTALLED[name]))


@pytest.mark.parametrize("expression", ["GPL-3.0-or-later", "MIT AND GPL-2.0-only", "AGPL-3.0", "nothing", ""])
def test_other_licences_are_noticed(expression: str) -> None:
    assert not _may_be_used(expression)


@pytest.mark.parametrize("name", sorted(INSTALLED))
def test_gpl_libraries_inside_a_wheel_are_told(name: str) -> None:
    """Metadata speaks of a package's own code; what a wheel bundles is found by looking."""
    inside = {found[0] for file in INSTALLED[name].files or [] if (found := GPL_LIBRARIES.match(file.name))}
    rows = _table("Run time") | _table("Extras")
    assert not {library for library in inside if library not in rows.get(name, "")}


def test_vendored_files_are_those_that_are_listed() -> None:
    folder = PACKAGE / "web" / "static" / "vendor"
    section = TEXT.split("## Vendored\n", 1)[1].split("\n## ", 1)[0]
    listed = dict(re.findall(r"^\| `([^`]+)` \|.*`([0-9a-f]{64})`", section, re.MULTILINE))
    found = {path.name: path for path in folder.iterdir() if path.suffix != ".LICENSE"}
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items()}
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert all(path.stem in notice and path.read_text(encoding="utf-8") for path in folder.glob("*.LICENSE"))


def test_everything_that_is_needed_is_named() -> None:
    prose = TEXT.lower().replace("_", "-")
    assert not {name for name in INSTALLED if not re.search(rf"(?<![a-z-]){re.escape(name)}(?![a-z-])", prose)}


def _imported(folder: Path = PACKAGE) -> dict[str, set[str]]:
    """Distributions that a folder's modules import from, each with the modules that do."""
    owners = packages_distributions()
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    modules = [alias.name for alias in names]
                case ast.ImportFrom(module=str(module), level=0):
                    modules = [module]
                case _:
                    continue
            for top in {name.split(".")[0] for name in modules} - sys.stdlib_module_names - {"tomeishi"}:
                for owner in owners.get(top, [top]):
                    found.setdefault(canonicalize_name(owner), set()).add(path.relative_to(folder).as_posix())
    return found


def test_what_the_source_imports_is_declared() -> None:
    """A module that only a test tool brings along would be missing on a user's machine."""
    assert not {name: where for name, where in _imported().items() if name not in {*RUN_TIME, *EXTRAS}}


def test_what_is_declared_is_imported() -> None:
    assert {*RUN_TIME, *EXTRAS} <= {*_imported()}


def test_peers_are_measured_against_and_needed_nowhere_else() -> None:
    """They may have to be compiled, and set-up needs no compiler."""
    assert {*PEERS} <= {*_imported(ROOT / "benchmarks")}
    assert not {*PEERS} & ({*_imported()} | {*_imported(ROOT / "tests")})
    assert not [name for name in PEERS if re.search(rf"^{re.escape(name)}==", LOCK, re.MULTILINE)]


def test_exceptions_by_name_are_in_no_lock_and_imported_by_nothing_that_is_always_there() -> None:
    assert not [name for name in EXCEPTIONS if f"{name}==" in LOCK or f"{name}==" in CLUSTER_LOCK]
    assert not {*EXCEPTIONS} & ({*_imported()} | {*_imported(ROOT / "tests")})


def test_no_file_is_opened_through_opencv() -> None:
    """Its wheel bundles an FFmpeg and an OpenSSL of its own; files from outside go to the guarded process alone."""
    forbidden = {"VideoCapture", "VideoWriter", "imread", "imdecode"}
    used = {
        (path.name, node.attr)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "cv2"
    }
    assert not {use for use in used if use[1] in forbidden}
