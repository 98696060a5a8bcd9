"""Settings of the data: where spikes come from, and how they are split."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from spikegrad.config.base import Section

Range = tuple[int, int]
# Both become parts of file names, in which braces are wildcards to Snakemake.
Voice = Annotated[str, Field(pattern=r"^\w[\w -]*$")]
FileName = Annotated[str, Field(pattern=r"^[^{}]+$")]


class Download(Section):
    """One of the Heidelberg spiking data sets (Cramer et al. 2020), fetched by tonic."""

    base_url: str = Field("https://zenkelab.org/datasets/", pattern="^https?://.*/$")
    """Folder on the web that holds the zip files; compneuro.net/datasets/ is a mirror."""
    path: str | None = None
    """Folder that already holds the files (<name>.h5 or <name>.h5.zip); null downloads them."""
    attempts: int = Field(4, ge=1)
    """How often a file is tried before the download is given up."""


class SpokenDigits(Section):
    """Digits spoken by espeak-ng voices and heard by SHD's cochlea model; needs no download."""

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

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        lists = {
            "languages": self.languages,
            "digits": self.digits,
            "voices and unseen_voices": self.voices + self.unseen_voices,
        }
        for key, entries in lists.items():
            if len(set(entries)) < len(entries):
                raise ValueError(f"an entry stands twice in {key}")
        limits = {"rate": (80, 450), "pitch": (0, 100), "pitch_range": (0, 100)}
        for key, (low, high) in limits.items():
            first, last = getattr(self, key)
            if not low <= first <= last <= high:
                raise ValueError(f"{key} must be an ascending pair within {low}..{high}")
        return self


class Files(Section):
    """Your own recordings, as HDF5 in SHD's layout."""

    train: FileName
    """File with the training samples."""
    test: FileName
    """File with the test samples."""


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

    source: Literal["shd", "ssc", "spoken-digits", "files"]
    """Where spikes come from; only that source's section below is used."""
    n_units: int = Field(700, ge=1)
    """Number of input channels; for spoken-digits, the channels of the cochlea."""
    duration: float = Field(1.4, gt=0)
    """Length of every trial in seconds; no spike may come later."""
    time_step: float | None = Field(None, gt=0)
    """Spike times are moved to multiples of this many seconds; null keeps them as they are."""
    validation: Validation = Validation()
    """Held-out training samples; SSC brings a validation set of its own."""
    shd: Download = Download()
    """The Spiking Heidelberg Digits."""
    ssc: Download = Download()
    """The Spiking Speech Commands."""
    spoken_digits: SpokenDigits = SpokenDigits()
    """Digits made on this machine."""
    files: Files | None = None
    """Your own files; needed when source is files."""

    @model_validator(mode="after")
    def _files_are_named(self) -> Self:
        if self.source == "files" and self.files is None:
            raise ValueError("source 'files' needs data.files.train and data.files.test")
        return self
