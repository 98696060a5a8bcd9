"""What is published of SHD's statistics, and the same of other spikes, to be put beside it.

Rates are read off figures of Cramer et al. 2020 and of its data's pages, within 0.1 kHz.
"""

from __future__ import annotations

RATES = {
    0: 10.20, 1: 11.75, 2: 7.78, 3: 8.25, 6: 10.10,
    7: 12.50, 8: 12.88, 9: 15.23, 10: 10.68, 11: 11.05,
}  # fmt: skip
"""Spikes per second and sample, in kHz, of the training samples of each speaker."""
