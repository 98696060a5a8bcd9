"""Settings of the data: where spikes come from, and how they are split."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from spikegrad.settings import Section, seconds

Range = tuple[int, int]
# Both become parts of file names, in which braces are wildcards to Snakemake.
Voice = Annotated[str, Field(pattern=r"^\w[\w -]*$")]
FileName = Annotated[str, Field(pattern=r"^[^{}]+$")]
URL = Annotated[str, Field(pattern=r"^https?://.*[^/{}]$")]


class Download(Section):
    """One of the Heidelberg spiking data sets (Cramer et al. 2020), fetched by tonic."""

    base_url: str = Field("https://zenkelab.org/datasets/", pattern="^https?://.*/$")
    """Folder on the web that holds the zip files; compneuro.net/datasets/ is a mirror."""
    path: str | None = None
    """Folder that already holds the files (<name>.h5 or <name>.h5.zip); null downloads them."""
    attempts: int = Field(4, ge=1)
    """How often a file is tried before the download is given up."""


class Archive(Section):
    """An archive (tar, tar.gz or zip) of recordings, from the web or at hand."""

    urls: tuple[URL, ...] = Field(min_length=1)
    """Where it can be had; mirrors are tried in this order, and a download goes on where it was."""
    path: FileName | None = None
    """Your copy: the archive, or a folder with what is in it; null downloads it."""
    attempts: int = Field(4, ge=1)
    """How often all of `urls` are tried, without a byte of progress, before it is given up."""


class SpokenDigits(Section):
    """Digits spoken by espeak-ng voices and heard by SHD's cochlea model; needs no download."""

    sample_rate: ClassVar[int] = 22_050
    archive: ClassVar[None] = None
    seed: int = Field(0, ge=0)
    """Seed of the utterances and of the cochlea's random release of transmitter."""
    languages: tuple[Literal["en", "de"], ...] = Field(("en", "de"), min_length=1)
    """Languages of the words; each digit of each language is a class."""
    digits: tuple[Annotated[int, Field(ge=0, le=9)], ...] = Field(tuple(range(10)), min_length=1)
    """Digits that are spoken."""
    voices: tuple[Voice, ...] = Field(
        ("m1", "m2", "m3", "m4", "m5", "m7", "f1", "f2", "f3", "f5"), min_length=2
    )
    """espeak-ng voice variants that are heard in training; each is a speaker."""
    unseen_voices: tuple[Voice, ...] = ("m6", "f4")
    """Voice variants that only the test set holds."""
    train_utterances: int = Field(7, ge=1)
    """Training utterances of each class by each voice."""
    test_utterances: int = Field(1, ge=0)
    """Test utterances of each class by each voice of the training set."""
    unseen_utterances: int = Field(6, ge=1)
    """Test utterances of each class by each unseen voice."""
    rate: Range = (130, 200)
    """Slowest and fastest speech, in words per minute; drawn for each utterance."""
    pitch: Range = (30, 70)
    """Lowest and highest base pitch, from 0 to 100 on espeak-ng's scale; drawn likewise."""
    pitch_range: Range = (20, 80)
    """Flattest and liveliest intonation, from 0 to 100 on espeak-ng's scale; drawn likewise."""

    @property
    def jobs(self) -> int:
        return len(self.voices) + len(self.unseen_voices)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        lists = {
            "languages": self.languages,
            "digits": self.digits,
            "voices and unseen_voices": self.voices + self.unseen_voices,
        }
        for key, entries in lists.items():
            if len(set(entries)) < len(entries):
                raise ValueError(f"an entry is listed twice in {key}")
        limits = {"rate": (80, 450), "pitch": (0, 100), "pitch_range": (0, 100)}
        for key, (low, high) in limits.items():
            first, last = getattr(self, key)
            if not low <= first <= last <= high:
                raise ValueError(f"{key} must be an ascending pair within {low}..{high}")
        return self


class Files(Section):
    """Your own spikes, as HDF5 in SHD's layout."""

    train: FileName
    """File with the training samples."""
    test: FileName
    """File with the test samples."""


class HeidelbergDigits(Archive):
    """The recordings behind SHD (Cramer et al. 2020), heard by SHD's cochlea model."""

    sample_rate: ClassVar[int] = 48_000
    jobs: ClassVar[int] = 12
    urls: tuple[URL, ...] = Field(
        (
            "https://zenkelab.org/datasets/hd_audio.tar.gz",
            "https://compneuro.net/datasets/hd_audio.tar.gz",
        ),
        min_length=1,
    )
    """Where it can be had; mirrors are tried in this order, and a download goes on where it was."""
    seed: int = Field(0, ge=0)
    """Seed of the test set's draw and of the cochlea's random release of transmitter."""
    spikes: Files | None = None
    """Spikes of these recordings that you have, as HDF5 in SHD's layout; the recordings themselves
    are then not needed."""

    @property
    def archive(self) -> Archive:
        return self


class FileNames(Section):
    """Recordings whose names say what they are."""

    pattern: str
    """Regular expression that matches the whole name of each file, with the groups `label` and
    `speaker`: (?P<label>...)."""
    test: str | None = None
    """Regular expression that matches the whole names of the test set; null holds speakers out."""

    @field_validator("pattern", "test")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"'{pattern}' is no regular expression: {error}") from None
        return pattern

    @field_validator("pattern")
    @classmethod
    def _has_groups(cls, pattern: str) -> str:
        if not {"label", "speaker"} <= set(re.compile(pattern).groupindex):
            raise ValueError("it needs the groups (?P<label>...) and (?P<speaker>...)")
        return pattern


class Recordings(Section):
    """Anyone's recordings (WAV, FLAC, OGG or MP3), heard by SHD's cochlea model."""

    folder: FileName | None = None
    """Folder of the recordings, with those in folders below it."""
    archive: Archive | None = None
    """Instead of `folder`: an archive of them."""
    table: FileName | None = None
    """CSV with the columns file (as below the folder), label and speaker, and optionally split
    (train or test)."""
    names: FileNames | None = None
    """Instead of `table`: how it is read from the files' names."""
    n_files: int | None = Field(None, ge=1)
    """Number of recordings there must be; null takes any."""
    test_speakers: int = Field(1, ge=1)
    """Number of speakers held out for the test set if nothing else says what is in it."""
    sample_rate: int = Field(48_000, ge=20_000)
    """What the cochlea hears, in Hz; recordings at other rates are resampled. SHD's is 48,000; the
    hair cells step at half of it."""
    jobs: int = Field(4, ge=1)
    """Number of jobs among which the speakers are divided."""
    seed: int = Field(0, ge=0)
    """Seed of the held-out speakers and of the cochlea's random release of transmitter."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        for one, other in (("folder", "archive"), ("table", "names")):
            if (getattr(self, one) is None) == (getattr(self, other) is None):
                raise ValueError(f"give either {one} or {other}")
        return self


class Validation(Section):
    """Which training samples are held out for all choices that training makes."""

    seed: int = Field(0, ge=0)
    """Seed of the draw."""
    speakers: int = Field(1, ge=0)
    """Number of training speakers who are held out entirely."""
    fraction: float = Field(0.1, gt=0, lt=1)
    """Share of the other speakers' samples that is held out, from each class (at least one)."""


class DataConfig(Section):
    """The data of a study."""

    source: Literal["shd", "ssc", "heidelberg-digits", "recordings", "spoken-digits", "files"]
    """Where spikes come from; only that source's section below is used."""
    n_units: int = Field(700, ge=1)
    """Number of input channels; for whatever is heard here, the channels of the cochlea."""
    duration: float = seconds(1e-3, 60.0, 1.4)
    """Length of every trial in seconds; no sound may be longer, no spike come later."""
    time_step: float | None = seconds(1e-6, 0.1, None)
    """Spike times are moved to multiples of this many seconds; null keeps them as they are."""
    validation: Validation = Validation()
    """Held-out training samples; SSC brings a validation set of its own."""
    shd: Download = Download()
    """The Spiking Heidelberg Digits."""
    ssc: Download = Download()
    """The Spiking Speech Commands."""
    heidelberg_digits: HeidelbergDigits = HeidelbergDigits()
    """The recordings behind SHD."""
    recordings: Recordings | None = None
    """Your own recordings; needed when source is recordings."""
    spoken_digits: SpokenDigits = SpokenDigits()
    """Digits made on this machine."""
    files: Files | None = None
    """Your own spikes; needed when source is files."""

    @property
    def heard(self) -> SpokenDigits | HeidelbergDigits | Recordings | None:
        """The source's section if its sounds go through the cochlea; None if it brings spikes."""
        if self.source == "spoken-digits":
            return self.spoken_digits
        if self.source == "heidelberg-digits" and self.heidelberg_digits.spikes is None:
            return self.heidelberg_digits
        return self.recordings if self.source == "recordings" else None

    @property
    def spikes(self) -> Files | None:
        """The spike files that the user has, if the source is such."""
        if self.source == "heidelberg-digits":
            return self.heidelberg_digits.spikes
        return self.files if self.source == "files" else None

    @model_validator(mode="after")
    def _source_is_given(self) -> Self:
        if self.source == "files" and self.files is None:
            raise ValueError("source 'files' needs data.files.train and data.files.test")
        if self.source == "recordings" and self.recordings is None:
            raise ValueError(
                "source 'recordings' needs data.recordings with folder and table, at the least"
            )
        return self
