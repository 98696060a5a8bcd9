"""Rows of variable length in HDF5 files, checked before the HDF5 library believes them.

Such rows stand in heaps without checksums. One wrong bit in a length makes the library fill
gigabytes, one in a heap keeps it running for ever. (HDF5 file format specification, III.E and
VIII.B: a row is stored as its length, the address of a heap and its number there.)
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

_ROW = np.dtype([("length", "<u4"), ("address", "<u8"), ("number", "<u4")])
_HEAP = struct.Struct("<4sB3xQ")  # signature, version, size
_OBJECT = struct.Struct("<HH4xQ")  # number, references, size


def check_rows(rows: h5py.Dataset) -> None:
    """Check that the file holds each row of the one-dimensional ``rows`` where it says.

    Nothing is checked in files with addresses of other sizes than eight bytes, behind filters,
    or in arrays so small that they stand in the header.

    Raises
    ------
    OSError
        Naming the row.
    """
    if rows.file.id.get_create_plist().get_sizes() != (8, 8):
        return
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


def _tables(rows: h5py.Dataset, file: BinaryIO) -> list[tuple[int, NDArray]]:
    """Parts of ``rows`` as they are stored, each with the number of its first row."""
    places: list[tuple[int, int | None, int]]
    if rows.chunks is None:
        places = [(0, rows.id.get_offset(), len(rows))]
    elif rows.id.get_create_plist().get_nfilters():
        return []
    else:
        chunks = [rows.id.get_chunk_info(i) for i in range(rows.id.get_num_chunks())]
        starts = [(chunk.chunk_offset[0], chunk.byte_offset) for chunk in chunks]
        places = [(i, offset, min(rows.chunks[0], len(rows) - i)) for i, offset in starts]
    tables = []
    for first, offset, n in places:
        if offset is None:
            continue
        file.seek(offset)
        content = file.read(n * _ROW.itemsize)
        if len(content) < n * _ROW.itemsize:
            raise OSError(f"'{rows.name}' goes on after the end of the file")
        tables.append((first, np.frombuffer(content, _ROW)))
    return tables


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
