"""HDF5 files, checked before the HDF5 library believes them.

A file may name other files, in links, as the storage of an array or as the parts of a virtual one,
and a small compressed one may claim gigabytes: plain local arrays of a bounded size are read, and
nothing else.

Rows of variable length stand in heaps without checksums. One wrong bit in a length makes the
library fill gigabytes, one in a heap keeps it running for ever. (HDF5 file format specification,
III.E and VIII.B: a row is stored as its length, the address of a heap and its number there.)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

_ROW = np.dtype([("length", "<u4"), ("address", "<u8"), ("number", "<u4")])
_HEAP = struct.Struct("<4sB3xQ")  # signature, version, size
_OBJECT = struct.Struct("<HH4xQ")  # number, references, size
LARGEST_CHUNK = 2**26  # bytes, all of which the library unpacks to read any


def leaves_the_file(file: h5py.File, name: str) -> str | None:
    """What is wrong with ``name`` if a part of that path is not stored in ``file`` itself."""
    place = ""
    for part in name.split("/"):
        place = f"{place}/{part}"
        link = file.get(place, getlink=True)
        if link is not None and not isinstance(link, h5py.HardLink):
            return f"'{place}' is a link, to {getattr(link, 'filename', link.path)}"
    return None


def odd_storage(array: h5py.Dataset) -> str | None:
    """What is wrong with how ``array`` is stored, if it is not in plain chunks or one piece."""
    if array.is_virtual:
        return f"'{array.name}' is virtual: it is put together from other arrays"
    if array.external:
        return f"'{array.name}' is stored in another file, {array.external[0][0]}"
    if array.chunks is not None and array.chunks[0] * array.dtype.itemsize > LARGEST_CHUNK:
        return f"'{array.name}' has chunks of {array.chunks[0]} entries, more than is plausible"
    return None


def check_rows(rows: h5py.Dataset) -> None:
    """Check that the file holds each row of the one-dimensional ``rows`` where it says.

    Raises OSError, naming the row; also if rows cannot be checked: with addresses of other sizes
    than eight bytes, behind other filters than gzip and shuffle, or in the array's header.
    """
    if rows.file.id.get_create_plist().get_sizes() != (8, 8):
        raise OSError("its addresses are not of eight bytes; write it anew with h5repack")
    if rows.id.get_create_plist().get_layout() == h5py.h5d.COMPACT:
        raise OSError(f"'{rows.name}' stands in a header; write it anew with h5repack")
    kind = h5py.check_vlen_dtype(rows.dtype)
    if rows.id.get_type().encode()[3] & 0xF not in (0, 1):  # the library would crash
        raise OSError(f"the rows of '{rows.name}' are neither sequences nor text")
    width = kind.itemsize if isinstance(kind, np.dtype) else 1  # else text
    heaps: dict[int, dict[int, int]] = {}
    with open(rows.file.filename, "rb") as file:
        for first, table in _tables(rows, file):
            for i, (length, address, number) in enumerate(table.tolist(), first):
                if length == 0:
                    continue
                if address not in heaps:
                    heaps[address] = _heap(file, address + rows.file.userblock_size)
                if length * width > heaps[address].get(number, 0):
                    raise OSError(f"row {i} of '{rows.name}' is not where the file says")


def _tables(rows: h5py.Dataset, file: BinaryIO) -> Iterator[tuple[int, NDArray]]:
    """Parts of ``rows`` as they are stored, each with the number of its first row."""
    if rows.chunks is not None:
        for i in range(rows.id.get_num_chunks()):
            offset = rows.id.get_chunk_info(i).chunk_offset
            yield offset[0], _chunk(rows, offset)
    elif rows.id.get_offset() is not None:
        file.seek(rows.id.get_offset())
        content = file.read(len(rows) * _ROW.itemsize)
        if len(content) < len(rows) * _ROW.itemsize:
            raise OSError(f"'{rows.name}' goes on after the end of the file")
        yield 0, np.frombuffer(content, _ROW)


def _chunk(rows: h5py.Dataset, offset: tuple[int, ...]) -> NDArray:
    mask, content = rows.id.read_direct_chunk(offset)
    settings = rows.id.get_create_plist()
    size = rows.chunks[0] * _ROW.itemsize
    for i in reversed(range(settings.get_nfilters())):
        kind = settings.get_filter(i)[0]
        if mask >> i & 1:  # left out in this chunk
            continue
        if kind == h5py.h5z.FILTER_DEFLATE:
            try:
                content = zlib.decompressobj().decompress(content, size)
            except zlib.error as problem:
                raise OSError(f"'{rows.name}' cannot be unpacked ({problem})") from None
        elif kind == h5py.h5z.FILTER_SHUFFLE:
            content = np.frombuffer(content[:size], np.uint8).reshape(_ROW.itemsize, -1).T.tobytes()
        else:
            raise OSError(f"'{rows.name}' has a filter that is not known; h5repack -f NONE")
    if len(content) != size:
        raise OSError(f"'{rows.name}' has a chunk of another size than it says")
    return np.frombuffer(content, _ROW)[: len(rows) - offset[0]]


def _heap(file: BinaryIO, address: int) -> dict[int, int]:
    """The bytes that each object of the heap at ``address`` has, by its number."""
    damaged = OSError(f"the heap at byte {address} is damaged")
    file.seek(address)
    header = file.read(_HEAP.size)
    if len(header) < _HEAP.size or header[:4] != b"GCOL":
        raise damaged
    end = _HEAP.unpack(header)[2] - _HEAP.size
    content = file.read(end)
    if len(content) < end:
        raise damaged
    sizes: dict[int, int] = {}
    position = 0
    while position + _OBJECT.size <= end:
        number, _, size = _OBJECT.unpack_from(content, position)
        if number == 0:  # the rest is free
            if size != end - position:
                raise damaged
            return sizes
        sizes[number] = size
        position += _OBJECT.size + -(-size // 8) * 8
    if position > end:
        raise damaged
    return sizes
