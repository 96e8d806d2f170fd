import base64
import json
from typing import Any

import pytest

from tomeishi.access.keys import PublicKey, new_key
from tomeishi.access.notes import Checkpoint, note_key_id, opened, signed_note
from tomeishi.errors import BadInput
from tomeishi.storage.merkle import EMPTY_ROOT

KEY, OTHER = new_key("installation"), new_key("somebody")
ORIGIN = "tomeishi/example/consent"
CHECKPOINT = Checkpoint(ORIGIN, 3, EMPTY_ROOT)
NOTE = signed_note(CHECKPOINT.text, ORIGIN, KEY)


def test_the_published_example_of_a_signed_note_holds() -> None:
    """The key, text and signature that the Go package sumdb/note documents."""
    key = PublicKey(base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:])
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    assert note_key_id("PeterNeumann", key).hex() == "c74f20a3"
    assert signature[:4] == note_key_id("PeterNeumann", key)
    assert key.verifies(signature[4:], text.encode())


def test_a_checkpoint_is_three_lines_and_a_signature() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [ORIGIN, "3", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]


def test_a_checkpoint_is_opened_with_the_key_that_signed_it() -> None:
    assert opened(NOTE, [OTHER.public, KEY.public]) == (CHECKPOINT, KEY.public)


def test_an_unknown_signer_is_nobody() -> None:
    assert opened(NOTE, [OTHER.public]) == (CHECKPOINT, None)
    assert opened(NOTE, []) == (CHECKPOINT, None)


def test_signatures_of_witnesses_may_stand_beside_ours() -> None:
    witness = signed_note(CHECKPOINT.text, "witness.example", OTHER).split("\n\n")[1]
    assert opened(NOTE + witness, [KEY.public]) == (CHECKPOINT, KEY.public)
    assert opened(CHECKPOINT.text + "\n" + witness, [OTHER.public]) == (CHECKPOINT, None)


def test_extension_lines_are_signed_and_passed_over() -> None:
    note = signed_note(CHECKPOINT.text + "more\n", ORIGIN, KEY)
    assert opened(note, [KEY.public]) == (CHECKPOINT, KEY.public)
    with pytest.raises(BadInput, match="does not fit"):
        opened(note.replace("more", "less"), [KEY.public])


@pytest.mark.parametrize(("old", "new"), [("\n3\n", "\n4\n"), ("\n47DE", "\n57DE")])
def test_a_changed_checkpoint_is_noticed(old: str, new: str) -> None:
    with pytest.raises(BadInput, match="does not fit its words"):
        opened(NOTE.replace(old, new, 1), [KEY.public])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "no note",
        CHECKPOINT.text,
        CHECKPOINT.text + "\n",
        NOTE[:-1],
        NOTE.replace("— ", "- "),
        NOTE + "\n",
        NOTE.replace("\n3\n", "\n03\n"),
        NOTE.replace("\n3\n", "\n-3\n"),
        NOTE.replace("\n3\n", "\n3\n\n"),
        NOTE.replace("\n47DE", "\n47D"),
        NOTE.replace(f"{ORIGIN}\n3", "with space\n3"),
        CHECKPOINT.text + f"\n— {ORIGIN} AAAA\n",
        CHECKPOINT.text + f"\n— {ORIGIN} AAAAA\n",
        "x" * 70_000,
    ],
    ids=range(16),
)
def test_what_is_no_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(BadInput):
        opened(note, [KEY.public])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Checkpoint("", 1, EMPTY_ROOT),
        lambda: Checkpoint("a+b", 1, EMPTY_ROOT),
        lambda: Checkpoint("a\nb", 1, EMPTY_ROOT),
        lambda: Checkpoint("a", -1, EMPTY_ROOT),
        lambda: Checkpoint("a", 1, b"short"),
        lambda: signed_note("no newline", ORIGIN, KEY),
        lambda: signed_note("two\n\n", ORIGIN, KEY),
        lambda: signed_note("a\tb\n", ORIGIN, KEY),
        lambda: signed_note("a\n", "two words", KEY),
    ],
    ids=range(9),
)
def test_what_cannot_be_written_as_a_note_is_refused(make: Any) -> None:
    with pytest.raises(BadInput):
        make()


def test_a_note_fits_in_json() -> None:
    assert json.loads(json.dumps(NOTE)) == NOTE
