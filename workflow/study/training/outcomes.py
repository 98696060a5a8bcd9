"""How a training ends, as tables and records name it."""

FINISHED, OVERFLOW, NOT_FINITE, SILENT = "finished", "overflow", "not finite", "silent"
