"""Recordings in a folder, or in a tar or zip archive, which is read without unpacking it.

Archives stay as they are: ten thousand small files would be slow on network filesystems, and
what is read into memory cannot be written outside a folder.
"""

from __future__ import annotations

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from study.data.layout import DataError

AUDIO = (".wav", ".flac", ".ogg", ".mp3")
LARGEST = 1 << 28
"""Bytes of a file in an archive; a larger one is no recording of a word, and may never end."""
_DAMAGE = (
    *(OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError),
    *(tarfile.TarError, zipfile.BadZipFile),
)


def audio_names(path: str | Path) -> dict[str, str]:
    """The recordings in the folder or archive ``path``: where each is by its name, sorted.

    A name is the path below the folder; in an archive, below the top folder that holds all of it,
    if there is one. An archive is read to its end, so that its checksums are compared. Raises
    DataError if nothing is there, or an archive that is cut short, damaged, of an unknown kind, has
    a file above ``LARGEST``, or two recordings of one name.
    """
    path = Path(path)
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.is_file())
        names = {name: name for name in (f.relative_to(path).as_posix() for f in files)}
    else:
        with _errors_named(path):
            members = [name for name, content in _members(path) if content() is not None]
        tops = {name.partition("/")[0] for name in members if not name.startswith("__MACOSX")}
        nested = len(tops) == 1 and all("/" in name for name in members)
        names = {name.partition("/")[2] if nested else name: name for name in members}
        for name, times in Counter(filter(_is_audio, members)).items():
            if times > 1:
                raise DataError(f"{path}: {times} recordings '{name}' in it; take out all but one")
    return {name: names[name] for name in sorted(names) if _is_audio(name)}


def read_audio(path: str | Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Place and content of the recordings at the places ``wanted``, see :func:`audio_names`.

    They come in the order in which an archive holds them. Raises DataError as
    :func:`audio_names` does, or if one is not there.
    """
    path, missing = Path(path), set(wanted)
    if path.is_dir():
        for name in wanted:
            try:
                content = (path / name).read_bytes()
            except OSError as problem:
                raise DataError(f"{path / name}: cannot be read ({problem})") from None
            yield name, content
        return
    with _errors_named(path):
        for name, content_of in _members(path):
            if name in missing:
                missing.remove(name)
                yield name, content_of()
    for name in sorted(missing)[:1]:
        raise DataError(f"{path}: no recording '{name}' in it; was it changed meanwhile?")


def _is_audio(name: str) -> bool:
    file = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in file.parts)
    return file.suffix.lower() in AUDIO and not hidden


@contextmanager
def _errors_named(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path}: no such file or folder") from None
    except _DAMAGE as problem:
        raise DataError(
            f"{path}: not a whole tar, tar.gz or zip archive ({problem}); fetch it again"
        ) from None


def _members(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Name and content of each file of an archive, to its end."""
    return _zip_members(path) if zipfile.is_zipfile(path) else _tar_members(path)


def _zip_members(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                _check_size(path, member.filename, member.file_size)
                yield member.filename, lambda member=member: archive.read(member)  # type: ignore[misc]


def _check_size(path: Path, name: str, size: int) -> None:
    if size > LARGEST:
        raise DataError(
            f"{path}: '{name}' in it takes {size / 1e6:.0f} MB, and {LARGEST / 1e6:.0f} are the"
            " most"
        )


class _ToItsEnd:
    """A stream that knows how long it is, and where the zeros at its end begin."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.length = self.last = 0

    def read(self, size: int) -> bytes:
        part = self._stream.read(size)
        if content := part.rstrip(b"\0"):
            self.last = self.length + len(content)
        self.length += len(part)
        return part


def _tar_members(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        with gzip.open(file) if compressed else file as content:
            stream = _ToItsEnd(content)  # type: ignore[arg-type]
            with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
                for member in archive:
                    _check_size(path, member.name, member.size)
                    file_of = archive.extractfile(member) if member.isfile() else None
                    if file_of is not None:
                        yield member.name.removeprefix("./"), file_of.read
            while stream.read(1 << 20):  # on to gzip's checksum, which comes last
                pass
            # tarfile takes a damaged header for the end, which are blocks of zeros.
            if stream.last > archive.offset or stream.length < archive.offset + tarfile.BLOCKSIZE:
                raise tarfile.ReadError(f"damaged or cut off at byte {archive.offset}")
