"""Settings of the data: where spikes come from, and how they are split."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from spikegrad.settings import Distinct, Section, seconds

# Both become parts of file names, in which braces are wildcards to Snakemake.
Voice = Annotated[str, Field(pattern=r"^\w[\w -]*$")]
FileName = Annotated[str, Field(pattern=r"^[^{}]+$")]

MIRRORS = ("https://zenkelab.org/datasets/", "https://compneuro.net/datasets/")
"""Folders on the web with SHD, SSC and the Heidelberg Digits, tried in this order."""


SEED = 0
"""Every random draw of the data derives from it."""


class Sizes(NamedTuple):
    """Samples of the files of a published data set, and classes."""

    train: int
    validation: int
    test: int
    classes: int


PUBLISHED = {"shd": Sizes(8156, 0, 2264, 20), "ssc": Sizes(75_466, 9981, 20_382, 35)}
"""As on zenkelab.org and compneuro.net."""


class SpokenDigits(Section):
    """Digits spoken by espeak-ng voices, through SHD's cochlea model; needs no download."""

    sample_rate: ClassVar[int] = 22_050
    jobs: ClassVar[int] = 4
    languages: Annotated[tuple[Literal["en", "de"], ...], Distinct] = Field(
        ("en", "de"), min_length=1
    )
    """Languages of the digits; each digit of each language is a class."""
    digits: Annotated[tuple[Annotated[int, Field(ge=0, le=9)], ...], Distinct] = Field(
        tuple(range(10)), min_length=1
    )
    """Digits that are spoken."""
    voices: Annotated[tuple[Voice, ...], Distinct] = Field(
        ("m1", "m2", "m3", "m4", "m5", "m7", "f1", "f2", "f3", "f5"), min_length=2
    )
    """espeak-ng voice variants of the training set; each is a speaker."""
    unseen_voices: tuple[Voice, ...] = ("m6", "f4")
    """Voice variants that only the test set holds."""
    utterances: int = Field(7, ge=1)
    """Training samples of each class by each voice, beside one for the test set; and test samples
    of each class by each unseen voice."""

    @property
    def n_speakers(self) -> int:
        return len(self.voices) + len(self.unseen_voices)


class Files(Section):
    """Your own spikes, as HDF5 in SHD's layout."""

    train: FileName
    """File with the training samples."""
    test: FileName
    """File with the test samples."""

    @model_validator(mode="after")
    def _are_two(self) -> Self:
        if self.train == self.test:
            raise ValueError(f"train and test are the same file, '{self.test}'; name two")
        return self


class HeidelbergDigits(Section):
    """The recordings behind SHD (Cramer et al. 2020), through SHD's cochlea model."""

    sample_rate: ClassVar[int] = 48_000
    jobs: ClassVar[int] = 12
    n_speakers: ClassVar[int] = 12
    urls: ClassVar[tuple[str, ...]] = tuple(f"{folder}hd_audio.tar.gz" for folder in MIRRORS)
    spikes: Files | None = None
    """Spikes of these recordings that you have, as HDF5 in SHD's layout; then the recordings are
    not needed."""


class Recordings(Section):
    """Anyone's recordings (WAV, FLAC, OGG or MP3), through SHD's cochlea model. Without `table` and
    `names` the folder that a file lies in is its label. Where no speakers are named, samples are
    held out for the test set and for validation."""

    jobs: ClassVar[int] = 4
    folder: FileName
    """Folder of the recordings, with those in folders below it."""
    table: FileName | None = None
    """CSV with the columns file (as below the folder) and label, and optionally speaker and split
    (train or test)."""
    names: str | None = None
    """Instead of `table`: a regular expression that matches the whole name of each file, or, with a
    / in it, its path below the folder; with the group `label`, (?P<label>...), and `speaker` where
    it is known."""
    test_speakers: int = Field(1, ge=1)
    """Number of speakers held out for the test set if nothing else says what is in it."""
    sample_rate: int = Field(48_000, ge=20_000)
    """Rate of the cochlea's input in Hz; recordings at other rates are resampled. SHD's is 48,000;
    the hair cells step at half of it."""

    @model_validator(mode="after")
    def _names_have_labels(self) -> Self:
        if self.table is not None and self.names is not None:
            raise ValueError("give either table or names, or none of them")
        if self.names is not None and "(?P<label>" not in self.names:
            raise ValueError("names needs the group (?P<label>...)")
        return self


class Validation(Section):
    """Inner folds: training samples that are held out to choose hyperparameters by, others in each
    outer fold."""

    folds: int = Field(3, ge=1)
    """Number of inner folds, which share no sample: trials of a search are validated on one,
    those of the next search on the next, finalists on each."""
    speakers: int = Field(2, ge=0)
    """Training speakers who are held out entirely in an inner fold; 0 holds out a tenth of each
    class's samples instead."""


class Folds(Section):
    """Outer folds: each speaker is in the test set of one, and in no other."""

    size: int = Field(ge=1)
    """Speakers in the test set of a fold, neighbours in the order of their numbers."""
    speakers: int | None = Field(None, ge=2)
    """Speakers in all the data; null where the source says it (`heidelberg-digits`,
    `spoken-digits`)."""
    only: (
        Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1), Distinct] | None
    ) = None
    """Numbers of the folds to run; null runs all."""


COPIES: dict[str, Any] = {
    "path": True,
    "heidelberg_digits": {"spikes"},
}
"""Where a machine has its copies of what is on the web."""
OWN = "own"
"""Name of the fold that the data come with."""
KNOWN_SPEAKERS = ("heidelberg-digits", "spoken-digits")
"""Sources that say how many speakers there are."""


class DataConfig(Section):
    """The data of a study."""

    source: Literal["shd", "ssc", "heidelberg-digits", "recordings", "spoken-digits", "files"]
    """Where spikes come from; only that source's section below is used. `shd` and `ssc` are the
    Spiking Heidelberg Digits and Spiking Speech Commands (Cramer et al. 2020), as published."""
    path: FileName | None = None
    """Your copy of what is downloaded: the folder with the files of `shd` or `ssc` (<name>.h5 or
    <name>.h5.zip); of `heidelberg-digits` hd_audio.tar.gz, or a folder with what is in it."""
    n_units: int = Field(700, ge=1, le=65_536)
    """Number of the source's channels; for sounds, those of the cochlea. Files have two bytes for
    each."""
    channels: int | None = Field(None, ge=1)
    """Number of input channels into which neighbouring ones of the source are merged, as many into
    each; null keeps `n_units`."""
    duration: float = seconds(1e-3, 60.0, 1.4)
    """Duration of every sample in seconds; no sound may be longer, no spike come later."""
    time_step: float | None = seconds(1e-6, 0.1, None)
    """Spike times are moved to multiples of this many seconds, and a channel's spikes of one time
    become one event with a count; null keeps them as they are."""
    validation: Validation = Validation()
    """Held-out training samples; SSC brings a validation set of its own."""
    folds: Folds | None = None
    """Outer folds, each with a test set, searches and final networks of its own; null keeps the
    test set that the data come with, as one fold of the name `own`."""
    heidelberg_digits: HeidelbergDigits = HeidelbergDigits()
    """The recordings behind SHD."""
    recordings: Recordings | None = None
    """Your own recordings; needed when source is recordings."""
    spoken_digits: SpokenDigits = SpokenDigits()
    """Digits made on this machine."""
    files: Files | None = None
    """Your own spikes; needed when source is files."""

    @property
    def n_inputs(self) -> int:
        """Input channels of the networks."""
        return self.channels or self.n_units

    @property
    def sounds(self) -> SpokenDigits | HeidelbergDigits | Recordings | None:
        """The source's section if it brings sounds for the cochlea; None if it brings spikes."""
        sections = {
            "spoken-digits": self.spoken_digits,
            "heidelberg-digits": self.heidelberg_digits,
            "recordings": self.recordings,
        }
        return None if self.spikes else sections.get(self.source)

    @property
    def spikes(self) -> Files | None:
        """The spike files that the user has, if the source is such."""
        if self.source == "heidelberg-digits":
            return self.heidelberg_digits.spikes
        return self.files if self.source == "files" else None

    @property
    def n_folds(self) -> int:
        """Outer folds that the data give."""
        if self.folds is None:
            return 1
        known = self.folds.speakers
        if known is None:  # refused below for other sources
            spoken = self.source == "spoken-digits"
            known = (self.spoken_digits if spoken else self.heidelberg_digits).n_speakers
        return -(-known // self.folds.size)

    @property
    def fold_names(self) -> tuple[str, ...]:
        """The names of the outer folds to run: own, or fold0, fold1, ..."""
        if self.folds is None:
            return (OWN,)
        return tuple(f"fold{k}" for k in self.folds.only or range(self.n_folds))

    @property
    def inner_folds(self) -> int:
        """Inner folds of each outer fold: one where the data come with a validation set."""
        return 1 if self.source == "ssc" and self.folds is None else self.validation.folds

    @model_validator(mode="after")
    def _channels_are_even(self) -> Self:
        if self.n_units % self.n_inputs:
            raise ValueError(f"channels = {self.channels} must divide n_units = {self.n_units}")
        return self

    @model_validator(mode="after")
    def _source_is_given(self) -> Self:
        if self.source == "files" and self.files is None:
            raise ValueError("source 'files' needs data.files.train and data.files.test")
        if self.source == "recordings" and self.recordings is None:
            raise ValueError("source 'recordings' needs data.recordings with a folder")
        return self

    @model_validator(mode="after")
    def _folds_are_there(self) -> Self:
        if self.folds is None:
            return self
        if self.folds.speakers is None and self.source not in KNOWN_SPEAKERS:
            raise ValueError(
                f"folds.speakers: source '{self.source}' does not say how many there are"
            )
        if self.n_folds < 2:
            raise ValueError(f"folds.size = {self.folds.size} leaves no speaker for training")
        if beyond := [k for k in self.folds.only or () if k >= self.n_folds]:
            raise ValueError(f"folds.only: there is no fold {beyond[0]} of {self.n_folds}")
        return self
