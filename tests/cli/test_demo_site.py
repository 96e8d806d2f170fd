"""The end of the demo in a terminal: a browser is let in, Ctrl+C ends it, and what was made is removed."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ENDING = """
import sys
from contextlib import nullcontext
from pathlib import Path
from tomeishi import wiring
from tomeishi.cli.demo_site import furnish, removed_at_the_end, show
from tomeishi.registry import works

out, kept = Path(sys.argv[1]), sys.argv[2] == "kept"
with nullcontext() if kept else removed_at_the_end(out), wiring.open(out / "home") as platform:
    with platform.transaction() as tx:
        works.add_member(tx, "member")
    show(platform, furnish(platform, [], "member", "acme"), browse=False)
"""


@pytest.mark.sqlite_file
@pytest.mark.parametrize("way", ["removed", "kept"])
def test_ctrl_c_ends_the_demo_and_removes_what_is_not_kept(tmp_path: Path, way: str) -> None:
    terminal, slave = pty.openpty()
    out = tmp_path / "demo"
    process = subprocess.Popen(
        [sys.executable, "-c", ENDING, str(out), way], stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    said = ""
    while not (found := re.search(r"open (http://127\.0\.0\.1:\d+)(/\S+)", re.sub(r"\s*\r\n\s*(?=\S+key)", "", said))):
        said += os.read(terminal, 4096).decode()
    with httpx.Client(base_url=found[1], timeout=60) as visitor:
        while True:
            try:
                assert visitor.get(found[2]).status_code == 303
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        assert visitor.get("/").status_code == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    os.close(terminal)
    assert out.exists() == (way == "kept")


@pytest.mark.sqlite_file
def test_ctrl_c_before_the_browser_removes_everything_too(tmp_path: Path) -> None:
    program = (
        # Where tests run in the background of a shell, Ctrl+C is ignored from the start.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys, time; from pathlib import Path; from tomeishi.cli.demo_site import removed_at_the_end\n"
        "with removed_at_the_end(Path(sys.argv[1])):\n    print('drawing', flush=True); time.sleep(600)"
    )
    (tmp_path / "demo").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "demo")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert not (tmp_path / "demo").exists()
