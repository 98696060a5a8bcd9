"""The Heidelberg spiking data sets (Cramer et al. 2020), fetched by tonic and verified.

tonic's own checks are weak: it trusts any zip that lies beside any HDF5 file, and leaves a broken
download where it was. So each attempt gets an empty folder, and only a file whose archive has the
published hash and which holds the published numbers of samples and classes gets to its place.
"""

from __future__ import annotations

import shutil
import socket
import zipfile
from pathlib import Path

import tonic.datasets
from tonic.download_utils import check_md5

from spikegrad.files import atomic
from study.config.data import Download
from study.data import web
from study.data.layout import DataError, open_spike_file

# Published with the data, on zenkelab.org and compneuro.net.
N_SAMPLES = {
    "shd": {"train": 8156, "test": 2264},
    "ssc": {"train": 75_466, "validation": 9981, "test": 20_382},
}
N_CLASSES = {"shd": 20, "ssc": 35}


def fetch(source: str, split: str, config: Download, output: str | Path) -> None:
    """Bring the file of ``split`` of ``source`` ("shd" or "ssc") to ``output``, verified.

    It comes from the folder ``config.path`` if that is set, else from the web.

    Raises
    ------
    DataError
        If no file passes all checks; nothing is then left behind.
    """
    with atomic(output) as part:
        if config.path is None:
            _download(source, split, config, Path(output).with_suffix(".download"), part)
        else:
            _copy(source, split, Path(config.path), part)
        try:
            _verify(source, split, part)
        except DataError as error:
            origin = config.path or config.base_url
            raise DataError(
                f"{split} file of {source.upper()} from {origin} is not the published one: {error}"
            ) from None


def _tonic_class(source: str, base_url: str) -> type[tonic.datasets.hsd.HSD]:
    """tonic's class for ``source``, downloading from ``base_url``."""
    parent = {"shd": tonic.datasets.SHD, "ssc": tonic.datasets.SSC}[source]
    return type(parent.__name__, (parent,), {"base_url": base_url})


def _download(source: str, split: str, config: Download, folder: Path, part: Path) -> None:
    """Bring the file to ``part`` by way of ``folder``, which is removed, as is one left behind."""
    dataset = _tonic_class(source, config.base_url)
    choice = {"train": split == "train"} if source == "shd" else {"split": _tonic_name(split)}

    def attempt() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        try:
            socket.setdefaulttimeout(web.TIMEOUT)  # tonic would wait for ever
            loaded = dataset(str(folder), **choice)
            Path(loaded.location_on_system, loaded.data_filename).replace(part)
        finally:
            socket.setdefaulttimeout(None)
            shutil.rmtree(folder, ignore_errors=True)

    try:
        web.persist(attempt, config.attempts, f"{source} {split}")
    except web.GivenUp as problem:
        raise DataError(
            f"could not download the {split} file of {source.upper()} from {config.base_url}"
            f" ({problem}). Check the network, name a mirror as data.{source}.base_url, or put the"
            f" file into a folder and name that as data.{source}.path"
        ) from None


def _tonic_name(split: str) -> str:
    return "valid" if split == "validation" else split


def _copy(source: str, split: str, folder: Path, part: Path) -> None:
    """Take the user's archive, which must be the published one, or else the user's HDF5 file."""
    dataset = _tonic_class(source, "")
    archive = folder / getattr(dataset, f"{_tonic_name(split)}_zip")
    unpacked = archive.with_suffix("")
    if archive.is_file():
        if not check_md5(archive, getattr(dataset, f"{_tonic_name(split)}_md5")):
            raise DataError(
                f"{archive}: not the published archive, its MD5 differs. Fetch it again, or unpack"
                f" it to {unpacked.name} and remove it if you trust its contents"
            )
        with (
            zipfile.ZipFile(archive) as content,
            content.open(unpacked.name) as packed,
            open(part, "wb") as file,
        ):
            shutil.copyfileobj(packed, file)
    elif unpacked.is_file():
        shutil.copyfile(unpacked, part)
    else:
        raise DataError(
            f"{folder}: neither {archive.name} nor {unpacked.name} is there; put one there, or set"
            f" data.{source}.path to null to download it"
        )


def _verify(source: str, split: str, file: Path) -> None:
    with open_spike_file(file) as spikes:
        found = len(spikes), len(spikes.class_names)
    expected = N_SAMPLES[source][split], N_CLASSES[source]
    if found != expected:
        raise DataError(
            f"{found[0]} samples of {found[1]} classes instead of {expected[0]} of {expected[1]}"
        )
