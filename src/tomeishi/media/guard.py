"""Runs the decoding of one file in a process of its own, and believes nothing that comes out of it.

The parent opens the file and hands over the open descriptor; the child (`child`) gets no name, an empty environment
and no standard error. Every length is checked before it is believed, every text is cut to one printable line. The
child decodes ahead of the reader, up to a bounded number of bytes, so that decoding and describing overlap.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import unicodedata
import weakref
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from tomeishi.config import Limits
from tomeishi.errors import NotFound, UnreadableMedia
from tomeishi.media.child import LENGTHS
from tomeishi.values import Partial

_HEADER_BYTES = 1 << 16
_READ_AHEAD_BYTES = 48 << 20
_PIPE_BYTES = 1 << 20
_LONGEST_REASON = 200
_BOOTSTRAP = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from tomeishi.media.{} import main; main()"
_KINDS = frozenset({"info", "frame", "sound", "manifest", "done", "failed"})


@dataclass(frozen=True, slots=True)
class Message:
    """One answer of the child: its kind, its fields as they came, its raw bytes."""

    kind: str
    fields: Mapping[str, Any]
    body: bytearray

    @property
    def ends(self) -> bool:
        return self.kind in ("done", "failed")


class Guarded:
    """A decoding process at work on one file. Close it, or use it as a context manager; twice does no harm."""

    def __init__(self, path: Path, task: Mapping[str, object], limits: Limits, *, largest_body: int) -> None:
        """`largest_body`: most raw bytes one message may carry. Raises NotFound, UnreadableMedia."""
        self.path = path
        descriptor, self.size_bytes = _open(path)
        try:
            self._process = start("child", task, limits, descriptor)
        finally:
            os.close(descriptor)
        output = self._process.stdout
        if output is None:
            raise UnreadableMedia(f"{shown(path)}: the decoding process has no output")
        _widen(output)
        self._inbox = _Inbox(self._process, output, limits, largest_body)
        self._wait_left_s = limits.wall_s
        self._limits = limits
        self._ended: Message | None = None
        self._finalizer = weakref.finalize(self, _stop, self._process, self._inbox, output)

    def receive(self) -> Message:
        """The next message; after the last one (`ends`), that one again."""
        if self._ended is not None:
            return self._ended
        began = time.monotonic()
        message = self._inbox.take(self._wait_left_s)
        # Only waiting counts: a slow reader is not the file's fault.
        self._wait_left_s -= time.monotonic() - began
        if message is None:
            message = _failed(f"decoding took longer than {self._limits.wall_s:g} s")
        if message.ends:
            self._ended = message
            self.close()
        return message

    def expect(self, kind: str) -> Message:
        """The next message, which must be of `kind`; raises UnreadableMedia with the child's reason otherwise."""
        message = self.receive()
        if message.kind != kind:
            raise UnreadableMedia(f"{shown(self.path)}: {reason_of(message)}")
        return message

    def close(self) -> None:
        self._finalizer()

    def __enter__(self) -> "Guarded":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start(module: str, task: Mapping[str, object], limits: Limits, stdin: int) -> subprocess.Popen[bytes]:
    """A process that runs `main` of a module of this room on `task`, with `stdin` and nothing else of this process."""
    words = json.dumps({**task, "limits": asdict(limits)})
    # -I and -S: nothing from the environment, the working folder or site files. What the parent can import, the
    # child can, but nothing relative.
    roots = json.dumps([root for root in sys.path if root and Path(root).is_absolute()])
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _BOOTSTRAP.format(module), roots, words],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"OPENBLAS_NUM_THREADS": "1"},
        cwd="/",
        bufsize=0,
    )


def shown(path: Path | str) -> str:
    """A file's name as it may stand in a one-line message."""
    return one_line(str(path), longest=1000)


def one_line(text: str, longest: int = _LONGEST_REASON) -> str:
    """`text` with everything unprintable as a question mark, cut at `longest`."""
    # Python calls the full-width space of Japanese names unprintable.
    clean = "".join(letter if letter.isprintable() or unicodedata.category(letter) == "Zs" else "?" for letter in text)
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def reason_of(message: Message) -> str:
    """Why a `failed` message came, or that an answer came out of turn."""
    if message.kind != "failed":
        return "the decoding process answered out of turn"
    return one_line(str(message.fields.get("why", "no reason given")))


def message_of(header: bytes | bytearray, body: bytearray, limits: Limits) -> Message:
    """The message of which a child wrote these two parts; a `failed` one where it wrote something else."""
    try:
        fields = json.loads(header)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or fields.get("kind") not in _KINDS:
        return _failed("the decoding process answered something else than was asked")
    if fields.get("memory") is True:
        return _failed(f"decoding needed more than {limits.memory_bytes / (1 << 30):.3g} GiB of memory")
    return Message(fields["kind"], fields, body)


def how_it_died(code: int, limits: Limits) -> str:
    """Why a decoding process gave no answer: its exit status, or minus the signal that ended it."""
    if code == -signal.SIGXCPU:
        return f"decoding needed more than {limits.cpu_s:g} s of processor time"
    if code == -signal.SIGKILL:
        return "the system ended the decoding process, as it does when memory runs out"
    if code < 0:
        return f"the decoder crashed ({signal.Signals(-code).name})"
    return f"the decoding process ended without an answer (exit {code})"


def partial_of(message: Message) -> Partial | None:
    """The `partial` field of a `done` message."""
    given = message.fields.get("partial")
    if given is None:
        return None
    match given:
        case [str(reason), int() | float() as until]:
            return Partial(one_line(reason), max(0.0, float(until)))
        case _:
            return Partial("the decoding process gave no clear account", 0.0)


def number(message: Message, name: str, *, least: float = 0.0, most: float = 1e9) -> float:
    """A field that must be a finite number in [least, most]; raises ValueError otherwise."""
    value = message.fields.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{name} is {value!r}")
    return float(value)


def _open(path: Path) -> tuple[int, int]:
    """An open descriptor and the size of a regular file that is not empty."""
    name = shown(path)
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise NotFound(f"{name}: no such file") from error
    except PermissionError as error:
        raise UnreadableMedia(f"{name}: permission denied") from error
    except OSError as error:
        raise UnreadableMedia(f"{name}: {one_line(error.strerror or str(error))}") from error
    about = os.fstat(descriptor)
    problem = None
    if stat.S_ISDIR(about.st_mode):
        problem = "is a folder, not a media file"
    elif not stat.S_ISREG(about.st_mode):
        problem = "is not a regular file"
    elif about.st_size == 0:
        problem = "is empty (0 bytes)"
    if problem is not None:
        os.close(descriptor)
        raise UnreadableMedia(f"{name}: {problem}")
    return descriptor, about.st_size


def _widen(pipe: IO[bytes]) -> None:
    """A pipe of 1 MiB where the system allows it: fewer switches between the two processes."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _failed(why: str) -> Message:
    return Message("failed", {"why": why}, bytearray())


class _Inbox:
    """Messages read ahead by a thread of its own, up to `_READ_AHEAD_BYTES`."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: IO[bytes], limits: Limits, largest_body: int) -> None:
        self._process = process
        self._pipe = pipe
        self._limits = limits
        self._largest_body = largest_body
        self._output_left = limits.output_bytes + (1 << 20)
        self._changed = threading.Condition()
        self._waiting: deque[Message] = deque()
        self._held_bytes = 0
        self._stopped = False
        self.thread = threading.Thread(target=self._run, name="tomeishi-decoding", daemon=True)
        self.thread.start()

    def take(self, timeout_s: float) -> Message | None:
        """The next message, or None when none came in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._waiting) or self._stopped, max(0.0, timeout_s)):
                return None
            if not self._waiting:
                return _failed("decoding was stopped")
            message = self._waiting.popleft()
            self._held_bytes -= len(message.body)
            self._changed.notify_all()
            return message

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _run(self) -> None:
        last: Message | None = None
        while last is None or not last.ends:
            last = self._read() or _failed(self._how_it_died())
            with self._changed:
                self._changed.wait_for(lambda: self._held_bytes < _READ_AHEAD_BYTES or self._stopped)
                if self._stopped:
                    return
                self._waiting.append(last)
                self._held_bytes += len(last.body)
                self._changed.notify_all()

    def _read(self) -> Message | None:
        """The next message; None at the end of the pipe."""
        lengths = self._exactly(LENGTHS.size)
        if lengths is None:
            return None
        header_length, body_length = LENGTHS.unpack(lengths)
        self._output_left -= header_length + body_length
        if header_length > _HEADER_BYTES or body_length > self._largest_body or self._output_left < 0:
            return _failed("the decoding process handed over more than was asked of it")
        header, body = self._exactly(header_length), self._exactly(body_length)
        if header is None or body is None:
            return None
        return message_of(header, body, self._limits)

    def _exactly(self, length: int) -> bytearray | None:
        data = bytearray(length)
        view = memoryview(data)
        while view:
            try:
                # `bufsize=0` makes the pipe a raw file, whose readinto answers 0 at the end.
                count = self._pipe.readinto(view)  # type: ignore[attr-defined]
            except (OSError, ValueError):
                return None
            if not count:
                return None
            view = view[count:]
        return data

    def _how_it_died(self) -> str:
        try:
            code = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            return "the decoding process closed its output and went on"
        return how_it_died(code, self._limits)


def _stop(process: subprocess.Popen[bytes], inbox: _Inbox, pipe: IO[bytes]) -> None:
    """End the process and the thread, and leave nothing open."""
    inbox.stop()
    process.kill()
    process.wait()
    # With its writer gone the thread meets the end of the pipe; it must not be closed under its hands.
    if inbox.thread is not threading.current_thread():
        inbox.thread.join()
    pipe.close()
