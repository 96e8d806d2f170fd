"""The descriptors that come with the package."""

from tomeishi.fingerprint.descriptor import Descriptor
from tomeishi.fingerprint.image import ImageDescriptor
from tomeishi.fingerprint.pdq import Pdq


def shipped_descriptors(threads: int = 1) -> tuple[Descriptor, ...]:
    """`threads` is how many cores each may use for one batch."""
    return (Pdq(), ImageDescriptor(threads))
