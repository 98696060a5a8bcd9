"""Recordings in a folder, or in a tar archive, which is read without unpacking it.

An archive stays as it is: ten thousand small files would be slow on network filesystems.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from study.data.layout import DataError

AUDIO = (".wav", ".flac", ".ogg", ".mp3")


def audio_names(path: str | Path) -> list[str]:
    """Where each recording lies in the folder or tar archive ``path``, sorted.

    An archive is read to its end, where gzip has a checksum. Raises DataError if nothing is there,
    or no whole archive.
    """
    path = Path(path)
    if path.is_dir():
        names = [f.relative_to(path).as_posix() for f in path.rglob("*") if f.is_file()]
    else:
        with _opened(path) as archive:
            names = [_name(member) for member in archive if member.isfile()]
            while archive.fileobj is not None and archive.fileobj.read(1 << 20):
                pass
    return sorted(filter(_is_audio, names))


def read_audio(path: str | Path, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Place and content of the recordings at the places ``wanted``, see :func:`audio_names`.

    They come in the order in which an archive holds them.
    """
    path = Path(path)
    if path.is_dir():
        for name in wanted:
            yield name, (path / name).read_bytes()
        return
    with _opened(path) as archive:
        chosen = set(wanted)
        for member in archive:
            content = archive.extractfile(member) if _name(member) in chosen else None
            if content is not None:
                yield _name(member), content.read()


def _name(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix("./")


def _is_audio(name: str) -> bool:
    file = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in file.parts)
    return file.suffix.lower() in AUDIO and not hidden


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path) as archive:
            yield archive
    except FileNotFoundError:
        raise DataError(f"{path}: no such file or folder") from None
    except (OSError, EOFError, zlib.error, tarfile.TarError) as problem:
        raise DataError(f"{path}: not a whole tar archive ({problem}); fetch it again") from None
