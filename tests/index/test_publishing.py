"""Publishing in real processes that are killed, collide, or find the disk full."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.index.snapshot import Snapshot, current, publish
from tomeishi.index.volume import Item, Source
from tomeishi.testing.indexes import clustered_rows

SPEC = DescriptorSpec("picture", 1, 64, Metric.COSINE, 0.2, "this test", None)

PUBLISHER = """
import os, signal, sys
from pathlib import Path
import numpy as np
from tomeishi.errors import TomeishiError
from tomeishi.fingerprint.descriptor import DescriptorSpec, Metric
from tomeishi.index.snapshot import current, publish
from tomeishi.index.volume import Item, Source
from tomeishi.testing.indexes import clustered_rows

SPEC = DescriptorSpec("picture", 1, 64, Metric.COSINE, 0.2, "this test", None)
root = Path(sys.argv[1])

def item(number, rows):
    values = clustered_rows(Metric.COSINE, rows, 64, number)
    return Item(f"item_{number}", np.arange(rows) * 0.5, values, np.ones(rows, np.float32))

def items(count, rows):
    for number in range(count):
        yield Source(f"item_{number}", str(rows), rows, lambda number=number: item(number, rows))
"""


def item(number: int, rows: int) -> Item:
    values = clustered_rows(Metric.COSINE, rows, 64, number)
    return Item(f"item_{number}", 0.5 * np.arange(rows, dtype=np.float64), values, np.ones(rows, np.float32))


def items(count: int, rows: int) -> list[Source]:
    return [Source(f"item_{n}", str(rows), rows, partial(item, n, rows)) for n in range(count)]


def start(script: str, root: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PUBLISHER + script, str(root), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(script: str, root: Path, *arguments: str) -> list[str]:
    with start(script, root, *arguments) as process:
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output.splitlines()


def in_force(root: Path) -> Snapshot:
    snapshot = current(root, SPEC.key)
    assert snapshot is not None
    snapshot.verify()
    return snapshot


KILLED_AT_EVERY_STEP = """
# Each round forks a publisher that kills itself, as kill -9 would, at its n-th step that touches a file or folder.
STEPS = {"open", "os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "fcntl.flock"}

def killed_at(step, engine):
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left = step
    def count(event, arguments):
        nonlocal left
        if event in STEPS:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)
    publish(root, SPEC, items(2, 50), "new", engine=engine)
    os._exit(0)

import tomeishi.index.faiss_index
old = publish(root, SPEC, items(1, 10), "old", engine="exact").digest
step = 0
while killed_at(step, sys.argv[2]):
    snapshot = current(root, SPEC.key)
    snapshot.verify()
    assert snapshot.item("item_0").rows.shape[1] == 64
    print("old" if snapshot.digest == old else "new")
    if snapshot.digest != old:
        old = publish(root, SPEC, items(1, 10), "old", engine="exact").digest
    step += 1
print("done")
"""


@pytest.mark.parametrize("engine", ["exact", "faiss"])
def test_a_publisher_killed_at_any_step_leaves_a_whole_snapshot(engine: str, tmp_path: Path) -> None:
    """The old one until the swap, the new one after it, and the next publisher succeeds."""
    *states, last = run(KILLED_AT_EVERY_STEP, tmp_path, engine)
    assert last == "done"
    assert len(states) > 25
    assert states == sorted(states, reverse=True)
    assert set(states) == {"old", "new"}
    assert len(in_force(tmp_path).item_ids) == 2
    assert not list(tmp_path.rglob(".*"))


KILLED_WHILE_ADDING = (
    KILLED_AT_EVERY_STEP.replace(
        'publish(root, SPEC, items(2, 50), "new", engine=engine)', 'publish(root, SPEC, grown(), "new")'
    )
    .replace('items(1, 10), "old", engine="exact"', 'items(4, 50), "old"')
    .replace(
        "import tomeishi.index.faiss_index",
        """
def grown():
    yield from items(4, 50)
    yield Source("item_7", "new", 20, lambda: item(7, 20))
""",
    )
)


def test_a_publisher_killed_while_it_adds_leaves_the_old_snapshot_whole(tmp_path: Path) -> None:
    """The new version shares a volume with the old one."""
    *states, last = run(KILLED_WHILE_ADDING, tmp_path, "")
    assert last == "done"
    assert states == sorted(states, reverse=True)
    assert set(states) == {"old", "new"}
    assert len(in_force(tmp_path).volumes) == 2
    assert not list(tmp_path.rglob(".*"))


PAUSED_WHILE_STREAMING = """
def never():
    print("half way", flush=True)
    sys.stdin.read()

def paused():
    yield from items(2, 2000)
    yield Source("item_9", "never", 1, never)

publish(root, SPEC, paused(), "new")
"""


def test_a_publisher_killed_from_outside_while_streaming_leaves_the_old_snapshot(tmp_path: Path) -> None:
    old = publish(tmp_path, SPEC, items(1, 10), "old").digest
    with start(PAUSED_WHILE_STREAMING, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half way\n"
        assert in_force(tmp_path).digest == old
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(timeout=300) == -signal.SIGKILL
    assert in_force(tmp_path).digest == old
    publish(tmp_path, SPEC, items(2, 10), "new")
    assert len(in_force(tmp_path).item_ids) == 2
    assert not list(tmp_path.rglob(".*"))


ON_A_SIGNAL = """
print("ready", flush=True)
sys.stdin.read()
for round in range(4):
    print(publish(root, SPEC, items(3, 200), f"{sys.argv[2]}-{round}").digest, flush=True)
"""


def test_two_publishers_at_once_both_finish_and_one_is_in_force(tmp_path: Path) -> None:
    publishers = [start(ON_A_SIGNAL, tmp_path, name) for name in "ab"]
    for process in publishers:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in publishers:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    reading = 0
    while any(process.poll() is None for process in publishers):
        snapshot = current(tmp_path, SPEC.key)
        reading += snapshot is not None and snapshot.search(item(0, 5).rows, 1)[1].shape == (5, 1)
    outputs = [process.communicate(timeout=300) for process in publishers]
    assert [process.returncode for process in publishers] == [0, 0], outputs
    digests = [output.split() for output, _ in outputs]
    assert [len(published) for published in digests] == [4, 4]
    assert in_force(tmp_path).digest in {published[-1] for published in digests}
    assert reading > 0


NO_ROOM = """
import resource
before = current(root, SPEC.key).digest
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    publish(root, SPEC, items(3, 2000), "new", engine=sys.argv[3])
except TomeishiError as error:
    print(type(error).__name__)
    print(error)
print(current(root, SPEC.key).digest == before)
print(sorted(path.name for path in root.rglob(".*")))
"""


@pytest.mark.parametrize(
    ("engine", "limit"),
    [("exact", 100), ("exact", 40_000), ("exact", 1_000_000), ("faiss", 100), ("faiss", 1_000_000)],
)
def test_a_file_that_cannot_grow_leaves_the_old_snapshot_and_no_rubbish(
    engine: str, limit: int, tmp_path: Path
) -> None:
    publish(tmp_path, SPEC, items(1, 10), "old")
    kind, message, kept, rubbish = run(NO_ROOM, tmp_path, str(limit), engine)
    assert kind == "StorageFailure"
    assert str(tmp_path) in message
    assert (kept, rubbish) == ("True", "[]")


ON_A_FULL_DISK = """
publish(root, SPEC, items(1, 10), "old")
before = current(root, SPEC.key).digest
try:
    publish(root, SPEC, items(3, 2000), "new")
except TomeishiError as error:
    print(type(error).__name__)
    print(error)
print(current(root, SPEC.key).digest == before)
print(sorted(path.name for path in root.rglob(".*")))
"""


def test_a_full_disk_leaves_the_old_snapshot_and_no_rubbish(tmp_path: Path) -> None:
    mount = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    probe = f"mount -t tmpfs -o size=1m none {tmp_path}"
    try:
        possible = subprocess.run([*mount, probe], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("no small file system can be mounted here; the limit on file size covers the same path")
    command = [*mount, probe + ' && exec "$0" -c "$1" "$2"', sys.executable, PUBLISHER + ON_A_FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kind, message, kept, rubbish = done.stdout.splitlines()
    assert kind == "StorageFailure"
    assert "No space left on device" in message
    assert (kept, rubbish) == ("True", "[]")
