"""A Slurm of one node on this machine, from Debian's packages; it needs root."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import time
from pathlib import Path

import psutil

CONFIGURATION = Path("/etc/slurm")  # the executor plugin removes SLURM_CONF from the environment
MARK = "# A cluster for spikegrad's tests.\n"
STEP = re.compile(r"slurmstepd: \[(\d+)\.")  # how the process of a job's step calls itself
TEMPLATE = """\
ClusterName=spikegrad
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
SlurmUser=root
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
KillWait=2
SchedulerParameters=sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Cluster:
    """munged, slurmctld and slurmd as children of this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Write the configuration, start everything and wait for the node."""
        file = CONFIGURATION / "slurm.conf"
        if file.exists() and not file.read_text().startswith(MARK):
            raise FileExistsError(f"{file} is of another cluster: this test would overwrite it")
        CONFIGURATION.mkdir(exist_ok=True)
        settings = {
            "host": platform.node().split(".")[0],
            "folder": self.folder,
            "cpus": os.cpu_count(),
            "memory_mb": psutil.virtual_memory().total // 2**20 // 2,
        }
        file.write_text(MARK + TEMPLATE.format(**settings))
        (CONFIGURATION / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        options = {name: self.folder / f"munge.{name}" for name in ("socket", "pid", "log", "seed")}
        self._launch(
            "munged",
            "--foreground",
            "--force",  # a socket that only root reaches is enough
            f"--key-file={key}",
            f"--socket={options['socket']}",
            f"--pid-file={options['pid']}",
            f"--log-file={options['log']}",
            f"--seed-file={options['seed']}",
        )
        while not options["socket"].exists():
            self._require("munged")
            time.sleep(0.1)
        self._launch("slurmctld", "-D")
        self._launch("slurmd", "-D")
        self.wait_until_ready()

    def _launch(self, daemon: str, *options: str) -> None:
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        with open(self.folder / f"{daemon}.out", "ab") as log:
            self.daemons[daemon] = subprocess.Popen(
                [shutil.which(daemon, path=path) or daemon, *options], stdout=log, stderr=log
            )

    def _require(self, daemon: str) -> None:
        if self.daemons[daemon].poll() is not None:
            messages = (self.folder / f"{daemon}.out").read_text()
            raise RuntimeError(f"{daemon} has ended:\n{messages}")

    def wait_until_ready(self) -> None:
        while True:
            for daemon in self.daemons:
                self._require(daemon)
            state = subprocess.run(["sinfo", "-h", "-o", "%t"], capture_output=True, text=True)
            if state.stdout.strip() in ("idle", "mix", "alloc"):
                return
            time.sleep(0.2)

    def kill_controller(self) -> None:
        self.daemons["slurmctld"].kill()
        self.daemons["slurmctld"].wait()

    def start_controller(self) -> None:
        """It recovers jobs and node from its state files."""
        self._launch("slurmctld", "-D")
        self.wait_until_ready()

    def repair(self) -> None:
        """What docs/cluster.md says to do when a controller forgot its last seconds."""
        queue = self._queue("%A|%r|%T")
        held = [job for job, reason, _ in queue if reason == "launch failed requeued held"]
        if held:
            node = f"nodename={platform.node().split('.')[0]}"
            subprocess.run(["scontrol", "update", node, "state=resume"], check=True)
            subprocess.run(["scontrol", "release", *held], check=True)
        running = {job for job, _, state in queue if state == "RUNNING"}
        time.sleep(5)  # what has just been launched has a process by now
        gone = running - {
            found[1]
            for process in psutil.process_iter(["cmdline"])
            if (found := STEP.match(" ".join(process.info["cmdline"] or [])))
        }
        for job in gone & {job for job, _, state in self._queue("%A|%r|%T") if state == "RUNNING"}:
            subprocess.run(["scancel", job], check=True)

    def _queue(self, columns: str) -> list[list[str]]:
        command = ["squeue", "--noheader", f"--format={columns}"]
        table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [line.split("|") for line in table.splitlines()]

    def jobs(self, folder: Path) -> list[str]:
        """The jobs submitted from ``folder`` that have not ended."""
        return [job for job, where in self._queue("%A|%Z") if where == str(folder)]

    def stop(self) -> None:
        """End the jobs and the daemons; remove the configuration."""
        subprocess.run(["scancel", "--user=root"], check=False)
        for daemon in reversed(self.daemons.values()):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for name in ("slurm.conf", "cgroup.conf"):
            (CONFIGURATION / name).unlink()
