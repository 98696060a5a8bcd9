"""HDF5 files that point elsewhere or claim too much, refused before their contents are read.

A file may name other files, in links, as the storage of an array or as the parts of a virtual one,
and a small compressed one may claim gigabytes: plain local arrays of a bounded size are read, and
nothing else.
"""

from __future__ import annotations

import h5py

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
