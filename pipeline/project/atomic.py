"""Files that are whole or not there: written beside their place, flushed to the disk, then renamed.

A reader sees the old file or the new one, never a part, also after kill -9. What the disk refuses (no space, no
permission, no such folder) becomes a `Refusal`; the file that was there before is left as it was.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from renderer.errors import Refusal

_SENTENCES = {
    errno.ENOSPC: "The disk is full, so {path} could not be written; free some space and run it again.",
    errno.EDQUOT: "Your disk quota is used up, so {path} could not be written; free some space and run it again.",
    errno.EFBIG: "{path} would be larger than this file system allows; write it to another disk.",
    errno.EACCES: "{path} may not be written by you; choose another folder or change its permissions.",
    errno.EPERM: "{path} may not be written by you; choose another folder or change its permissions.",
    errno.EROFS: "{path} is on a read-only disk; choose another folder.",
    errno.ENOTDIR: "{path} cannot be written because a file stands where a folder is needed; choose another place.",
    errno.EEXIST: "{path} cannot be written because a file stands where a folder is needed; choose another place.",
    errno.EISDIR: "{path} is a folder; choose a file name.",
    errno.ENAMETOOLONG: "The name {path} is too long for this file system; choose a shorter one.",
}


def refusal_for(fault: OSError, path: Path) -> Refusal:
    """The sentence a person reads when writing `path` failed."""
    fallback = f"{path} could not be written ({fault.strerror or fault}); check the disk and run it again."
    return Refusal(_SENTENCES.get(fault.errno or 0, fallback).format(path=path))


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turn the disk's complaints about `path` into a `Refusal`."""
    try:
        yield
    except OSError as fault:
        raise refusal_for(fault, path) from fault


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears at `path` when the block ends well, and nowhere when it does not.

    The folder is made when it is missing. Raises `Refusal` when the disk refuses.
    """
    with writing_to(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a directory", str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            with scratch.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)
