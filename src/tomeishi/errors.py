"""Everything that can go wrong for a reason a user can act on.

TomeishiError                     exit 2   HTTP 400
├── BadInput                      exit 2   HTTP 422   a value, file or package that cannot be used as given
│   ├── TooLarge                  exit 2   HTTP 413   more bytes than are taken
│   ├── UnreadableMedia           exit 3   HTTP 422   media that could not be decoded (a batch skips it)
│   └── BadImport                 exit 2   HTTP 422   a sheet with wrong columns or rows
├── NotFound                      exit 2   HTTP 404   a work, member, key or file that is not there
├── Conflict                      exit 2   HTTP 409   it exists already, or changed meanwhile
│   └── ChangedMeanwhile          exit 2   HTTP 412   another version than the one that was named
├── NotSignedIn                   exit 2   HTTP 401   nobody, or nobody known, asks
├── NotPermitted                  exit 2   HTTP 403   the actor or key may not do this
├── TooOften                      exit 2   HTTP 429   more attempts or requests than are answered
├── Tampered                      exit 2   HTTP 500   stored words no longer match their digest or signature
├── StorageFailure                exit 2   HTTP 507   disk full, database locked or unreachable
└── MissingExtra                  exit 2   HTTP 501   an optional dependency is needed and not installed

A message is one line fit for a user: what, where, and what to do. Raised where the fact is known, caught only
at the doors (`cli`, `web`). Anything outside this tree is a bug and looks like one.
"""


class TomeishiError(Exception):
    """Root of the tree. `exit_code` and `status` belong to the branch, never to the message."""

    exit_code = 2
    status = 400


class BadInput(TomeishiError):
    """A value, file or setting that cannot be used as given."""

    status = 422


class TooLarge(BadInput):
    """More bytes than are taken."""

    status = 413


class UnreadableMedia(BadInput):
    """Media that could not be decoded. A batch records it as skipped and goes on."""

    exit_code = 3


class BadImport(BadInput):
    """A sheet whose columns or rows cannot be imported."""


class NotFound(TomeishiError):
    """Something named does not exist."""

    status = 404


class Conflict(TomeishiError):
    """It exists already, or changed between reading and writing."""

    status = 409


class ChangedMeanwhile(Conflict):
    """Somebody changed it since the version that was named."""

    status = 412


class NotSignedIn(TomeishiError):
    """Whoever asks is not known: not signed in, or with a key that is not valid."""

    status = 401


class NotPermitted(TomeishiError):
    """The actor or key may not do this."""

    status = 403


class TooOften(TomeishiError):
    """More attempts or requests in a while than are answered; the message says when to come back."""

    status = 429


class Tampered(TomeishiError):
    """Stored words no longer match their digest, chain or signature."""

    status = 500


class StorageFailure(TomeishiError):
    """The disk is full, or the database is locked or unreachable."""

    status = 507


class MissingExtra(TomeishiError):
    """An optional dependency is needed and not installed."""

    status = 501
