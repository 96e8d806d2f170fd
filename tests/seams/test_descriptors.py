"""Shipped descriptors, and models that a user adds, keep the contract that extensions are held to."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tomeishi.errors import MissingExtra
from tomeishi.fingerprint import loaded
from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.figure import FigureDescriptor
from tomeishi.fingerprint.shipped import shipped_descriptors
from tomeishi.fingerprint.trial import tried
from tomeishi.registering import EXTRAS, add_descriptor
from tomeishi.testing import descriptors
from tomeishi.testing.onnx_files import stand_in


@cache
def _stand_in(layout: str) -> Descriptor:
    data = stand_in(layout=layout)
    card = tried(data, {"name": f"fields_{layout}", "licence": "CC0-1.0", "threshold": 0.05})
    return loaded.keep(Path(mkdtemp(prefix="tomeishi-")), card, data)


@cache
def _sscd() -> Descriptor:
    """The model of the extra `sscd`, which needs Python 3.12."""
    return add_descriptor(Path(mkdtemp(prefix="tomeishi-")), None, EXTRAS["sscd"])


MADE: dict[str, Callable[[], Descriptor]] = {
    **{each.spec.key: (lambda each=each: each) for each in (*shipped_descriptors(), FigureDescriptor())},  # type: ignore[misc]
    "loaded, nchw": lambda: _stand_in("nchw"),
    "loaded, nhwc": lambda: _stand_in("nhwc"),
    "sscd": _sscd,
}


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("check", descriptors.CHECKS, ids=lambda check: check.__name__)
def test_a_descriptor_keeps_the_contract(check: descriptors.Check, made: str) -> None:
    try:
        descriptor = MADE[made]()
    except MissingExtra as error:
        pytest.skip(str(error))
    check(descriptors.DescriptorCase(descriptor))
