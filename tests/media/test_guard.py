"""The guarded process as such: what it may do, and what the parent says when it dies."""

import errno
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tomeishi.config import Limits
from tomeishi.errors import UnreadableMedia
from tomeishi.media.guard import Guarded, one_line
from tomeishi.media.sample import FrameChoice, SamplePlan, sample

Write = Callable[..., Path]
LIMITS = Limits()
EVERY_FRAME = SamplePlan(rate_hz=24, scene_changes=False, frames=FrameChoice.ALL)
FORBIDDEN = {
    "a socket": "import socket; socket.socket()",
    "a new process": "os.fork()",
    "another program": "os.execv('/bin/true', ['true'])",
    "a signal": "os.kill(os.getppid(), 0)",
    "a new file": "open({folder!r} + '/new', 'w')",
    "an old file": "open({folder!r} + '/old').read()",
    "removing": "os.unlink({folder!r} + '/old')",
    "renaming": "os.rename({folder!r} + '/old', {folder!r} + '/new')",
    "changing rights": "os.chmod({folder!r} + '/old', 0)",
    "lifting a limit": "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
    "writing to a file that is open": "os.write(given, b'x')",
}


@pytest.fixture
def long_film(tmp_path: Path, write: Write) -> Path:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (40, 360, 640, 3), np.uint8)

    def draw(number: int) -> NDArray[np.uint8]:
        return np.asarray(noise[number % 40])

    times = [Fraction(number, 24) for number in range(120)]
    return write(tmp_path / "long.mp4", times, draw=draw, options={"preset": "ultrafast", "crf": "40"})


@pytest.mark.skipif(sys.platform != "linux", reason="system calls are filtered on Linux alone")
@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_decoder_that_was_taken_over_can_do_nothing(tmp_path: Path, what: str) -> None:
    (tmp_path / "old").write_text("untouched")
    act = FORBIDDEN[what].format(folder=str(tmp_path))
    script = (
        "import os, resource, socket\n"
        f"given = os.open({str(tmp_path / 'given')!r}, os.O_WRONLY | os.O_CREAT)\n"
        "from tomeishi.media.confine import confine\n"
        "confine(1 << 30, 10)\n"
        f"try:\n    {act}\n"
        "except (OSError, ValueError) as error:\n    os.write(1, str(getattr(error, 'errno', 1)).encode())\n"
        "else:\n    os.write(1, b'done')\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert ran.stdout.isdigit(), (ran.stdout, ran.stderr)
    assert int(ran.stdout) in (errno.EPERM, errno.EMFILE, errno.EFBIG)
    assert (tmp_path / "old").read_text() == "untouched"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given", "old"]
    assert (tmp_path / "given").stat().st_size == 0


def test_a_decoder_that_needs_too_much_memory_is_refused(long_film: Path) -> None:
    with (
        pytest.raises(UnreadableMedia, match=r"long\.mp4: decoding needed more than 0\.\d+ GiB of memory$"),
        sample(long_film, EVERY_FRAME, replace(LIMITS, memory_bytes=64 << 20)) as sampling,
    ):
        list(sampling)


def test_a_decoder_that_needs_too_much_processor_time_ends_with_what_it_had(long_film: Path, tmp_path: Path) -> None:
    with av.open(long_film) as source, av.open(tmp_path / "again.mp4", "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for again in range(40):
            source.seek(0)
            for packet in source.demux(video=0):
                if packet.pts is not None and packet.dts is not None:
                    shift = round(5 * again / packet.time_base)
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    container.mux(packet)
    with sample(tmp_path / "again.mp4", SamplePlan(), replace(LIMITS, cpu_s=1)) as sampling:
        frames = list(sampling)
    assert 0 < frames[-1].time_s < 199
    assert sampling.partial is not None
    assert sampling.partial.reason == "decoding needed more than 1 s of processor time"


def test_waiting_ends_at_the_limit(long_film: Path) -> None:
    with (
        pytest.raises(UnreadableMedia, match=r"decoding took longer than 0\.01 s"),
        sample(long_film, EVERY_FRAME, replace(LIMITS, wall_s=0.01)) as sampling,
    ):
        list(sampling)


def test_a_slow_reader_is_not_the_files_fault(long_film: Path) -> None:
    with sample(long_film, SamplePlan(), replace(LIMITS, wall_s=30)) as sampling:
        next(sampling)
        sampling._guarded._wait_left_s = 0.5
        time.sleep(1)
        assert len(list(sampling)) > 5
    assert sampling.partial is None


def test_a_decoder_that_crashes_leaves_what_it_had_as_partial(long_film: Path) -> None:
    plan = SamplePlan(rate_hz=24, scene_changes=False, frames=FrameChoice.ALL, max_side=4096)
    with sample(long_film, plan, LIMITS) as sampling:
        frames = [next(sampling)]
        sampling._guarded._process.send_signal(11)
        frames += sampling
    assert sampling.partial is not None
    assert sampling.partial.reason == "the decoder crashed (SIGSEGV)"
    assert sampling.partial.until == frames[-1].time_s


def test_decoding_goes_on_while_the_reader_is_busy(long_film: Path) -> None:
    with sample(long_film, SamplePlan(rate_hz=12), LIMITS) as sampling:
        next(sampling)
        deadline = time.monotonic() + 20
        while sampling._guarded._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert sampling._guarded._process.poll() == 0
        assert len(list(sampling)) > 30


def test_leaving_early_leaves_no_process_and_no_thread_behind(long_film: Path) -> None:
    threads = threading.active_count()
    with sample(long_film, EVERY_FRAME, LIMITS) as sampling:
        next(sampling)
    assert sampling._guarded._process.poll() is not None
    assert threading.active_count() == threads


def test_a_forgotten_sampling_ends_its_process(long_film: Path) -> None:
    sampling = sample(long_film, EVERY_FRAME, LIMITS)
    next(sampling)
    process = sampling._guarded._process
    del sampling
    assert process.poll() is not None


def test_output_beyond_the_limit_is_cut_and_said(long_film: Path) -> None:
    limits = replace(LIMITS, output_bytes=2_000_000)
    with sample(long_film, SamplePlan(rate_hz=24, max_side=320), limits) as sampling:
        frames = list(sampling)
    assert 0 < sum(frame.pixels.nbytes for frame in frames) <= 2_000_000
    assert sampling.partial is not None
    assert "2,000,000 bytes" in sampling.partial.reason


def test_only_the_allowed_duration_is_looked_at(long_film: Path) -> None:
    with sample(long_film, SamplePlan(), replace(LIMITS, duration_s=2)) as sampling:
        frames = list(sampling)
    assert frames[-1].time_s < 2
    assert sampling.duration_s == 2
    assert sampling.partial is not None
    assert sampling.partial.until == 2


def test_a_child_that_hands_over_more_than_was_asked_is_not_believed(long_film: Path) -> None:
    task: dict[str, Any] = {"do": "sample", "plan": {**_fields(EVERY_FRAME), "max_side": 512}}
    with Guarded(long_film, task, LIMITS, largest_body=1000) as guarded:
        assert guarded.receive().kind == "info"
        message = guarded.receive()
    assert message.kind == "failed"
    assert "more than was asked" in message.fields["why"]


def _fields(plan: SamplePlan) -> dict[str, Any]:
    return {"rate_hz": plan.rate_hz, "scene_changes": plan.scene_changes, "frames": plan.frames.value}


def test_the_child_sees_neither_the_environment_nor_the_name_of_the_file(
    long_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOMEISHI_SECRET", "not for decoders")
    with sample(long_film, EVERY_FRAME, LIMITS) as sampling:
        next(sampling)
        folder = Path(f"/proc/{sampling._guarded._process.pid}")
        if not folder.exists():
            pytest.skip("no /proc here")
        seen = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
    assert b"not for decoders" not in seen
    assert b"long.mp4" not in seen


def test_a_reason_is_one_printable_line() -> None:
    assert one_line("a\nb\x1b[31m\tc") == "a?b?[31m?c"
    assert len(one_line("x" * 5000)) == 200
