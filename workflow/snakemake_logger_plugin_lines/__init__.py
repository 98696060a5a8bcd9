"""A terminal that one can read: a line for each job, and the log's end of a job that fails.

Snakemake finds the package by its name; ``logger: lines`` in the profile chooses it. A dry run, and
``--verbose``, look as Snakemake makes them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from logging import WARNING, LogRecord
from pathlib import Path
from typing import Any

from snakemake.logging import ColorizingTextHandler, DefaultFormatter, get_event
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

LAST = 12
"""Lines of a failed job's log that are shown."""
NOISE = (
    "Assuming unrestricted",
    "Building DAG",
    "Complete log",
    "Conda environments: ignored",
    "Config file",
    "Execute",
    "Exiting because a job execution failed",
    "Finished jobid",
    "Provided",
    "Removing temporary",
    "Rules claiming",
    "RuleException:\nCalledProcessError",  # how Snakemake started the script that failed
    "Select jobs",
    "Storing output",
    "Using shell",
    "Workflow finished",
    "host:",
)
"""How messages begin that say nothing about the study."""


class Lines(DefaultFormatter):
    """What becomes of Snakemake's events; nothing of most of them."""

    def __init__(self) -> None:
        super().__init__()
        self.started = self.total = 0
        self.failed: set[int] = set()

    def format(self, record: LogRecord) -> str:
        event = get_event(record)
        fields = record.__dict__
        if event == LogEvent.RUN_INFO:
            self.total = int(fields.get("stats", {}).get("total", 0))
            return f"{self.total} jobs to do" if self.total else str(fields["msg"])
        if event == LogEvent.JOB_INFO:
            self.started += 1
            self.failed.discard(fields["jobid"])
            number = f"{self.started:>{len(str(self.total))}}/{self.total}"
            wildcards = ", ".join(f"{key} {value}" for key, value in fields["wildcards"].items())
            job = f"{fields['rule_name']}  {wildcards}".rstrip()
            return f"{time.strftime('%H:%M:%S')}  {number}  {job}"
        if event == LogEvent.JOB_ERROR:
            if fields["jobid"] in self.failed:  # Snakemake repeats it at its end
                return ""
            self.failed.add(fields["jobid"])
            return _failure(fields)
        if event in (None, LogEvent.ERROR) or record.levelno >= WARNING:
            message = str(super().format(record))  # it may be an exception
            return "" if message.lstrip().startswith(NOISE) else message
        grouped = event in (LogEvent.GROUP_INFO, LogEvent.GROUP_ERROR)
        return super().format(record) if grouped else ""


def _failure(job: Mapping[str, Any]) -> str:
    """What failed, what a scheduler says, and the end of its log."""
    text = [f"{time.strftime('%H:%M:%S')}  FAILED  {job['rule_name']}"]
    if job["rule_msg"]:
        text.append(f"    {job['rule_msg']}")
    for log in filter(Path.is_file, map(Path, job["log"])):
        lines = log.read_text(errors="replace").splitlines()
        text += [f"    {line}" for line in lines[-LAST:]]
        text.append(f"  ({len(lines)} lines in {log})")
    return "\n".join(text)


class LogHandler(LogHandlerBase):
    """Writes to the terminal."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = False
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        settings = self.common_settings
        self.whole = settings.dryrun or settings.verbose or settings.debug_dag
        own = DefaultFormatter(settings.quiet, settings.show_failed_logs)
        self.terminal = ColorizingTextHandler(
            nocolor=settings.nocolor,
            stream=sys.stdout if settings.stdout else sys.stderr,
            formatter=own if self.whole else Lines(),
        )

    def emit(self, record: LogRecord) -> None:
        # It would set a blank line before each job.
        self.terminal.last_msg_was_job_info = not self.whole
        self.terminal.emit(record)
