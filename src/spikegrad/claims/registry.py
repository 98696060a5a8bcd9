"""The claims of both papers."""

from __future__ import annotations

from spikegrad.claims.qif_paper import QIF_CLAIMS
from spikegrad.claims.sg_ntk_paper import SG_NTK_CLAIMS

CLAIMS = (*QIF_CLAIMS, *SG_NTK_CLAIMS)
