"""A study on a Slurm of three nodes; ``make test-slurm``.

The Slurm runs on this machine, from Debian's packages; it needs root.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from faults import NTK, QIF, Project

pytestmark = pytest.mark.slurm

SLURM = (
    *("--profile", "workflow/profiles/slurm", "--jobs", "3", "--cores", str(os.cpu_count())),
    *("--slurm-status-command", "squeue"),  # this cluster keeps no accounts
    *("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10"),
)
CONFIGURATION = Path("/etc/slurm")  # the executor plugin removes SLURM_CONF from the environment
MARK = "# A cluster for spikegrad's tests.\n"
NODES = ("node1", "node2", "node3")
CLUSTER = """\
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
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
KillWait=2
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP LLN=YES
"""
NODE = """\
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} \
RealMemory={memory_mb} State=UNKNOWN
"""


class Cluster:
    """munged, slurmctld and a slurmd for each node, as children of this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, stack: ExitStack) -> None:
        """Start everything and wait for the nodes; ``stack`` ends it."""
        file = CONFIGURATION / "slurm.conf"
        if file.exists() and not file.read_text().startswith(MARK):
            raise FileExistsError(f"{file} is of another cluster: this test would overwrite it")
        CONFIGURATION.mkdir(exist_ok=True)
        stack.callback(self.stop)
        settings = {
            "host": platform.node().split(".")[0],
            "folder": self.folder,
            "cpus": os.cpu_count(),
            "memory_mb": psutil.virtual_memory().total // 2**20 // 2,
        }
        nodes = [
            NODE.format(node=node, port=26818 + place, **settings)
            for place, node in enumerate(NODES)
        ]
        file.write_text(MARK + CLUSTER.format(**settings) + "".join(nodes))
        (CONFIGURATION / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        (self.folder / "state").mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        names = {"socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
        places = [f"--{option}={self.folder}/munge.{name}" for option, name in names.items()]
        # --force: a socket that only root reaches is enough
        self.launch("munged", "--foreground", "--force", f"--key-file={key}", *places)
        while not (self.folder / "munge.socket").exists():
            self.check()
        self.launch("slurmctld", "-D")
        for node in NODES:
            self.start_node(node)
        while not {*self.states().values()} <= {"idle"} or len(self.states()) < len(NODES):
            self.check()
            time.sleep(0.2)

    def launch(self, daemon: str, *options: str, name: str = "") -> None:
        path, name = f"{os.environ['PATH']}:/usr/sbin:/sbin", name or daemon
        with open(self.folder / f"{name}.out", "ab") as log:
            self.daemons[name] = subprocess.Popen(
                [shutil.which(daemon, path=path) or daemon, *options], stdout=log, stderr=log
            )

    def check(self) -> None:
        for name, daemon in self.daemons.items():
            assert daemon.poll() is None, (self.folder / f"{name}.out").read_text()

    def states(self) -> dict[str, str]:
        """What Slurm says of each node, such as idle, mix, alloc or down."""
        found = subprocess.run(["sinfo", "-h", "-N", "-o", "%N %t"], capture_output=True, text=True)
        return dict(line.split() for line in found.stdout.splitlines())

    def start_node(self, node: str) -> None:
        (self.folder / f"spool-{node}").mkdir(exist_ok=True)
        self.launch("slurmd", "-D", "-N", node, name=node)

    def stop(self) -> None:
        """End the jobs and the daemons; remove the configuration."""
        subprocess.run(["scancel", "--user=root"], check=False)
        for daemon in reversed(self.daemons.values()):
            daemon.kill()
            daemon.wait()
        for name in ("slurm.conf", "cgroup.conf"):
            (CONFIGURATION / name).unlink(missing_ok=True)


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    with ExitStack() as stack:
        cluster.start(stack)
        yield cluster


def test_results_are_those_of_one_machine(
    cluster: Cluster, undisturbed: Project, tmp_path: Path
) -> None:
    parts = ("data", "training/qif", "networks/jobs/qif", "ntk")
    project = undisturbed.copy(tmp_path / "project", without=parts)
    assert project.run(*SLURM, *QIF, *NTK), project.messages[-5000:]
    assert project.messages.count("has been submitted with SLURM jobid") > 3
    assert project.fingerprint() == undisturbed.fingerprint()
