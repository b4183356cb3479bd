"""Who a visitor of a public demo is, and which stored recordings each may use.

A visitor is told by a secret of the own browser. On the disk there is only its salted hash, the
owner: as a field of the runs, and as a folder of empty files, one for each recording:

    <runs folder>/.visitors/salt
                            <owner>/<key of a recording>
"""

import contextlib
import hmac
import logging
import os
import re
import secrets
from pathlib import Path

from core import durable
from core.disk import fault_text

_OWNER = _KEY = re.compile(r"[0-9a-f]{64}")
_SALT, _SALT_BYTES = "salt", 32

_log = logging.getLogger(__name__)


class Visits:
    """The visitors' part of a runs folder. Safe for threads and processes.

    Where nothing can be written, a visitor is somebody else after a restart if no salt is there.
    """

    def __init__(self, root: Path):
        self._root = root / ".visitors"
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._salt = _salt(self._root)
        except OSError as error:
            _log.warning("No visitor can be noted: %s", fault_text(error))
            self._salt = _unwritten_salt(self._root)

    def owner(self, secret: str) -> str:
        """The owner of a secret: 64 hex digits that do not tell it."""
        return hmac.new(self._salt, secret.encode(), "sha256").hexdigest()

    def grant(self, owner: str, key: str) -> None:
        """Let a visitor use a recording; done again, it counts as used just now."""
        place = self._place(owner, key)
        place.parent.mkdir(exist_ok=True, mode=0o700)
        place.touch()

    def revoke(self, owner: str, key: str) -> None:
        self._place(owner, key).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others are left
            self._place(owner, key).parent.rmdir()

    def expire(self, owner: str, key: str) -> None:
        """Take a recording back from a visitor who wants it gone as soon as no run needs it."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._place(owner, key), (0, 0))

    def keys(self, owner: str) -> frozenset[str]:
        """The recordings that a visitor has uploaded or trained with, and has not deleted."""
        return frozenset(key for _, key, moment in self._grants_of(owner) if moment)

    def grants(self) -> list[tuple[str, str, float]]:
        """Owner, key, and when last used in seconds of the file system's clock, of all; 0 for
        what was taken back."""
        if not self._root.is_dir():
            return []
        owners = [name for name in os.listdir(self._root) if _OWNER.fullmatch(name)]
        return [grant for owner in owners for grant in self._grants_of(owner)]

    def _grants_of(self, owner: str) -> list[tuple[str, str, float]]:
        folder, found = self._place(owner, "0" * 64).parent, []
        with contextlib.suppress(FileNotFoundError):  # no folder: nothing was granted
            for key in filter(_KEY.fullmatch, os.listdir(folder)):
                with contextlib.suppress(FileNotFoundError):
                    found.append((owner, key, (folder / key).stat().st_mtime))
        return found

    def holders(self, key: str) -> set[str]:
        """The owners who may use a recording."""
        return {owner for owner, known, moment in self.grants() if known == key and moment}

    def _place(self, owner: str, key: str) -> Path:
        if not (_OWNER.fullmatch(owner) and _KEY.fullmatch(key)):  # before they meet a path
            raise ValueError("An owner and a key have 64 digits 0-9 a-f each.")
        return self._root / owner / key


def _salt(root: Path) -> bytes:
    """The salt of a runs folder, made at first; it outlives the app, so that owners do too."""
    with durable.locked(root / ".lock"):
        if known := _known_salt(root):
            return known
        salt = secrets.token_bytes(_SALT_BYTES)
        durable.put(root / _SALT, lambda temporary: _write_private(temporary, salt))
        return salt


def _known_salt(root: Path) -> bytes:
    """The salt that was made before; empty where there is none, or a torn one. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        known = (root / _SALT).read_bytes()
        return known if len(known) == _SALT_BYTES else b""
    return b""


def _unwritten_salt(root: Path) -> bytes:
    """The salt that was made before, or one for this process alone."""
    with contextlib.suppress(OSError):
        if known := _known_salt(root):
            return known
    return secrets.token_bytes(_SALT_BYTES)


def _write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
