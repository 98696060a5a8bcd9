"""A Slurm of some nodes on this machine, from Debian's packages; it needs root."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

CONFIGURATION = Path("/etc/slurm")  # the executor plugin removes SLURM_CONF from the environment
MARK = "# A cluster for spikegrad's tests.\n"
STEP = re.compile(r"slurmstepd: \[(\d+)\.")  # how the process of a job's step calls itself
TEMPLATE = """\
ClusterName=spikegrad
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=26817
SlurmUser=root
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmdTimeout=10
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
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 LLN=YES
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=2
"""


NODE = """\
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} \
RealMemory={memory_mb} State=UNKNOWN
"""


LATE = """\
bindfs -o nonempty,attr_timeout=5,entry_timeout=5,negative_timeout=5 {shared} {shared} &&
PATH=$PATH:/usr/sbin:/sbin exec slurmd -D -N {node}
"""
"""A node that looks for a file, or at it, believes for five seconds what it has found."""


class Cluster:
    """munged, slurmctld and a slurmd for each node, as children of this process."""

    def __init__(self, folder: Path, n_nodes: int = 1, shared: Path | None = None) -> None:
        self.folder = folder
        self.shared = shared
        """What nodes see with a delay, as a network's file system may show it."""
        self.nodes = [f"node{number}" for number in range(1, n_nodes + 1)]
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
        nodes = [
            NODE.format(node=node, port=26818 + place, **settings)
            for place, node in enumerate(self.nodes)
        ]
        file.write_text(MARK + TEMPLATE.format(**settings) + "".join(nodes))
        (CONFIGURATION / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        (self.folder / "state").mkdir()
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
        for node in self.nodes:
            self.start_node(node)
        self.wait_until_ready()

    def _launch(self, daemon: str, *options: str, name: str = "") -> None:
        path, name = f"{os.environ['PATH']}:/usr/sbin:/sbin", name or daemon
        with open(self.folder / f"{name}.out", "ab") as log:
            self.daemons[name] = subprocess.Popen(
                [shutil.which(daemon, path=path) or daemon, *options], stdout=log, stderr=log
            )

    def _require(self, name: str) -> None:
        if self.daemons[name].poll() is not None:
            messages = (self.folder / f"{name}.out").read_text()
            raise RuntimeError(f"{name} has ended:\n{messages}")

    def wait_until_ready(self) -> None:
        while True:
            for daemon in self.daemons:
                self._require(daemon)
            states = self.states()
            if states and all(states.get(node) in ("idle", "mix", "alloc") for node in self.nodes):
                return
            time.sleep(0.2)

    def states(self) -> dict[str, str]:
        """What Slurm says of each node, such as idle, mix, alloc, drain or down."""
        command = ["sinfo", "--noheader", "--Node", "--partition=main", "--format=%N %t"]
        found = subprocess.run(command, capture_output=True, text=True).stdout
        return dict(line.split() for line in found.splitlines())

    def start_node(self, node: str) -> None:
        (self.folder / f"spool-{node}").mkdir(exist_ok=True)
        if self.shared is None:
            self._launch("slurmd", "-D", "-N", node, name=node)
        else:
            start = LATE.format(shared=self.shared, node=node)
            self._launch("unshare", "--mount", "sh", "-c", start, name=node)

    def kill_node(self, node: str) -> None:
        """The node's slurmd, and all processes of its jobs, by SIGKILL, as if power failed."""
        jobs = {job for job, where in self._queue("%A|%N") if where == node}
        steps = [
            process
            for process in psutil.process_iter(["cmdline"])
            if (found := STEP.match(" ".join(process.info["cmdline"] or []))) and found[1] in jobs
        ]
        self.daemons[node].kill()
        self.daemons.pop(node).wait()
        for step in steps:  # which would report that its children have ended
            children = step.children(recursive=True)
            for process in [step, *children]:
                process.kill()

    def update(self, node: str, *changes: str) -> None:
        """What an administrator does to a node by ``scontrol``."""
        subprocess.run(["scontrol", "update", f"nodename={node}", *changes], check=True)

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
            for node in self.nodes:
                self.update(node, "state=resume")
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

    def node_of(self, folder: Path, but: tuple[str, ...] = ()) -> str:
        """A node on which a job submitted from ``folder`` runs, once there is one."""
        while True:
            for node, state, where in self._queue("%N|%T|%Z"):
                if state == "RUNNING" and where == str(folder) and node not in but:
                    return node
            time.sleep(0.2)

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
        for process in psutil.process_iter(["cmdline"]):
            if self.shared is not None and str(self.shared) in (process.info["cmdline"] or []):
                process.kill()  # bindfs, with the last view of a node
        for name in ("slurm.conf", "cgroup.conf"):
            (CONFIGURATION / name).unlink()


@contextmanager
def running(folder: Path, n_nodes: int = 1, shared: Path | None = None) -> Iterator[Cluster]:
    """A cluster that is started, and stopped in the end or if it does not start."""
    cluster = Cluster(folder, n_nodes, shared)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
