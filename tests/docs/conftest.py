"""Follows the `console` blocks of a page, command by command, as a reader would."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tests.conftest import Homes

from tomeishi.cli.main import run
from tomeishi.testing.films import DrawnFilm
from tomeishi.testing.model_sheets import Figure, model_sheet, on_paper

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

IDS = {
    "WORK": r"\bwrk_\w{26}\b",
    "REFERENCE": r"\bref_\w{26}\b",
    "ENTRY": r"\bentry_\w{26}\b",
    "MEMBER": r"\bmem_\w{26}\b",
    "KEY_ID": r"\bed25519:[0-9a-f]{32}\b",
}
"""Words in capitals that stand for the id an earlier command printed last."""


def blocks(page: str) -> list[tuple[str, list[str], int]]:
    """Commands of a page, each with the lines shown below it and the exit code that it must have.

    `$ echo $?` right after a command states its exit code; without it that is 0. A line that ends with a backslash
    goes on in the next.
    """
    found: list[tuple[str, list[str], int]] = []
    for block in re.findall(r"^```console\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
            command, *shown = part.rstrip().split("\n")
            if command == "echo $?":
                found[-1] = (*found[-1][:2], int(shown[0]))
            else:
                found.append((command, [line for line in shown if line.strip()], 0))
    return found


Follow = Callable[..., None]


class Reader:
    """Somebody who types what a page shows, in one folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self._ids: dict[str, str] = {}

    def follow(self, page: str, done_before: tuple[str, ...] = ()) -> None:
        """Every command of `page` does what it shows; those of `done_before` were carried out by the test."""
        for command, shown, code in blocks((DOCS / page).read_text(encoding="utf-8")):
            if command in done_before:
                continue
            typed = re.sub(r"\b[A-Z_]{4,}\b(?!=)", lambda word: self._ids.get(word[0], word[0]), command)
            ended, written = self._run(typed)
            assert ended == code, f"{page}: `{command}` ended with {ended}, not {code}\n{written}"
            for name, pattern in IDS.items():
                if printed := re.findall(pattern, written):
                    self._ids[name] = printed[-1]
            _compare(f"{page}: `{command}`", shown, written)

    def _run(self, command: str) -> tuple[int, str]:
        """Commands of ours in this process, which saves their start; others, and pipes, in a shell."""
        if set_name := re.fullmatch(r"export (\w+)=(\S+)", command):
            self._monkeypatch.setenv(set_name[1], os.path.expandvars(set_name[2]))
            return 0, ""
        if command.startswith("cd "):
            self._monkeypatch.chdir(command[3:])
            self._monkeypatch.setenv("PWD", str(Path.cwd()))
            return 0, ""
        alone = re.fullmatch(r"((?:\w+=\S+ )*)tomeishi ([^|&;<>$]+)(?:> (\S+))?", command)
        if alone is None:
            done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr
        with pytest.MonkeyPatch.context() as during:
            for setting in alone[1].split():
                during.setenv(*setting.split("=", 1))
            words = [
                found for word in shlex.split(alone[2]) for found in (sorted(map(str, Path().glob(word))) or [word])
            ]
            self._capsys.readouterr()
            code = run(words)
        written = self._capsys.readouterr()
        if alone[3]:
            Path(alone[3]).write_text(written.out, encoding="utf-8")
            return code, written.err
        return code, written.out + written.err


def _compare(where: str, shown: list[str], written: str) -> None:
    """Each line shown stands in what was written, in that order; `…` stands for anything, and blanks are one."""
    lines = iter([" ".join(line.split()) for line in written.splitlines()])
    for line in shown:
        if line.strip() == "…":
            continue
        pattern = re.compile(
            ".*".join(re.escape(" ".join(part.split())) for part in line.split("…")).replace(r"\ ", " ?")
        )
        assert any(pattern.search(each) for each in lines), f"{where} does not write\n{line}\nbut\n{written}"


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Follow:
    """Follows a page as a reader in an empty folder, with our commands on the path and no installation yet."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TOMEISHI_HOME", str(folder / "registry"))
    monkeypatch.setenv("PWD", str(folder))
    monkeypatch.setenv("COLUMNS", "200")
    return Reader(capsys, monkeypatch).follow


@pytest.fixture(scope="session")
def furnished(
    tmp_path_factory: pytest.TempPathFactory,
    works: tuple[DrawnFilm, ...],
    references: tuple[Path, ...],
    copied: tuple[Path, object],
    clean: Path,
) -> Path:
    """What how-to pages start from: films by the names they use, and one work registered."""
    folder = tmp_path_factory.mktemp("furnished")
    (folder / "clips").mkdir()
    for source, name in (
        (references[0], "ep01.mp4"),
        (references[1], "ep02.mp4"),
        (copied[0], "clip.mp4"),
        (copied[0], "clips/a.mp4"),
        (clean, "clips/b.mp4"),
    ):
        shutil.copyfile(source, folder / name)
    star = Figure(0, (works[0].characters[0].look,))
    Image.fromarray(on_paper(model_sheet(star, 5))).save(folder / "piko-sheet.png")
    with pytest.MonkeyPatch.context() as during:
        during.chdir(folder)
        during.setenv("TOMEISHI_HOME", "registry")
        assert run(["works", "add", "--member", "星川スタジオ", "--title", "星のピコ丸", "ep01.mp4"]) == 0
    return folder


@pytest.fixture
def follow_furnished(follow: Follow, furnished: Path, homes: Homes) -> Follow:
    """The same, in a folder that holds what how-to pages start from."""
    homes.copy(furnished, Path.cwd())
    return follow
