"""Both shipped descriptors keep the contract that extensions are held to."""

import pytest

from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.shipped import shipped_descriptors
from tomeishi.testing import descriptors


@pytest.mark.parametrize("descriptor", shipped_descriptors(), ids=lambda descriptor: descriptor.spec.key)
@pytest.mark.parametrize("check", descriptors.CHECKS, ids=lambda check: check.__name__)
def test_a_shipped_descriptor_keeps_the_contract(check: descriptors.Check, descriptor: Descriptor) -> None:
    check(descriptors.DescriptorCase(descriptor))
