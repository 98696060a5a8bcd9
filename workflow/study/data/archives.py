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
from functools import partial
from pathlib import Path, PurePosixPath

from study.data.layout import DataError

AUDIO = (".wav", ".flac", ".ogg", ".mp3")
_DAMAGE = (
    *(OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError),
    *(tarfile.TarError, zipfile.BadZipFile),
)


def audio_names(path: str | Path) -> dict[str, str]:
    """The recordings in the folder or archive ``path``: where each is by its name, sorted.

    A name is the path below the folder; in an archive, below the top folder that holds all of it,
    if there is one. Checksums of an archive are compared. Raises DataError if nothing is there, or
    an archive that is cut short, damaged, of an unknown kind, or has two recordings of one name.
    """
    path = Path(path)
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.is_file())
        names = {name: name for name in (f.relative_to(path).as_posix() for f in files)}
    else:
        with _errors_named(path):
            _verify(path)
            members = [name for name, _ in _members(path)]
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


def _verify(path: Path) -> None:
    """Compare the checksums of an archive: those of a zip file's contents, or gzip's at its end."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(f"'{damaged}' is damaged")
        return
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    if compressed:
        with gzip.open(path) as content:
            while content.read(1 << 20):
                pass


def _members(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Name and content of each file of an archive."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield info.filename, partial(archive.read, info)
    else:
        with tarfile.open(path) as packed:
            for member in packed:
                content = packed.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield member.name.removeprefix("./"), content.read
