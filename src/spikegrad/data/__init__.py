"""From raw recordings to prepared spike trains.

SpikeDataset        labelled spike trains: spikes, labels, speakers, class names
load                the prepared training, validation or test data of a study
prepare             spike files in SHD's layout (HDF5) to prepared data
unseen_speakers     which samples are of speakers that other data do not have
DataError           a file breaks the layout; the message names file and sample
"""

from spikegrad.lazy import public

__getattr__, __dir__, __all__ = public(
    __name__,
    {
        "dataset": ("SpikeDataset", "load", "unseen_speakers"),
        "layout": ("DataError",),
    },
)
