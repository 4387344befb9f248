"""A private SLURM of few nodes, for tests: a CPU partition, and a GPU partition with fake GPUs.

Its nodes are daemons on this machine, each with a port of its own.

Everything lies in one folder and listens on free ports; a SLURM that the machine has of its own is
left alone. There is no authentication: never run it outside a test.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

BINARIES = ("slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel", "sinfo")
START_TIMEOUT_S = 120
COMMAND_TIMEOUT_S = 60
MEMORY_MB = 64_000
CPUS = 4

CONFIGURATION = """
ClusterName=lensflowtest
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
# All processes of a job get its signals, as with cgroups on a real cluster; unlike there, one whose
# parent is dead is lost sight of: `stop` sees to those.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
# What is handed out: more memory than there is, and a GPU that is none.
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=DEFAULT CPUs={cpus} RealMemory={memory_mb} Gres=gpu:1
{nodes}
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE
PartitionName=gpu Nodes=ALL MaxTime=INFINITE PriorityTier=1 GraceTime=300
# Jobs of this partition take the GPU away from others, which are told so and queued again.
PartitionName=urgent Nodes=ALL MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
# Memory is watched every second, and a job that takes more than it asked for is killed.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
# Records: no database, a log of finished jobs, and a controller that forgets none of them.
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/completed_jobs.txt
MinJobAge=7200
# A slow machine with others on it.
KillWait=300
MessageTimeout=60
UnkillableStepTimeout=120
SlurmdTimeout=600
SchedulerParameters=bf_interval=5,sched_interval=5
"""


def missing():
    """Return why no cluster can be started here, or an empty string."""
    absent = [name for name in BINARIES if shutil.which(name) is None]
    if absent:
        return f"no {', '.join(absent)}: install Debian's slurm-wlm"
    return "" if os.geteuid() == 0 else "slurmd needs root"


class Cluster:
    """The daemons, and what SLURM itself says of its jobs.

    Parameters
    ----------
    folder : path-like
        Where everything of it lies.
    n_nodes : int
    """

    def __init__(self, folder, n_nodes=1):
        self.folder = Path(folder)
        self.nodes = [f"node{number}" for number in range(n_nodes)]
        self.daemons = {}
        self.configuration = self.folder / "slurm.conf"

    @property
    def environment(self):
        """The environment of every command that is to talk to this cluster."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("SLURM")}
        return {**kept, "SLURM_CONF": str(self.configuration)}

    def start(self):
        """Start the daemons and wait until the node takes jobs."""
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        controller_port, *ports = _free_ports(1 + len(self.nodes))
        host = socket.gethostname().split(".")[0]
        nodes = [
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port}"
            for node, port in zip(self.nodes, ports, strict=True)
        ]
        text = CONFIGURATION.format(
            host=host,
            nodes="\n".join(nodes),
            folder=self.folder,
            controller_port=controller_port,
            cpus=CPUS,
            memory_mb=MEMORY_MB,
        )
        self.configuration.write_text(text)
        # A GPU is a device file to SLURM, and any will do.
        (self.folder / "gres.conf").write_text("Name=gpu Count=1 File=/dev/null\n")
        self._daemon("slurmctld", "slurmctld", "-D", "-c", "-f", self.configuration)
        for node in self.nodes:
            self._daemon(node, "slurmd", "-D", "-c", "-N", node, "-f", self.configuration)
        self._wait_for_nodes()

    def stop(self):
        """Cancel all jobs and end the daemons, whatever state they are in."""
        alive = all(daemon.poll() is None for daemon in self.daemons.values())
        if alive and self.jobs("PENDING", "RUNNING"):
            self.run("scancel", "--state=PENDING", check=False)
            self.run("scancel", "--full", "--signal=KILL", "--state=RUNNING", check=False)
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for daemon in reversed(self.daemons.values()):
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(COMMAND_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def run(self, *command, check=True, **options):
        """Run a command that talks to this cluster; return what it printed."""
        arguments = {"capture_output": True, "text": True, "timeout": COMMAND_TIMEOUT_S, **options}
        return subprocess.run(command, env=self.environment, check=check, **arguments).stdout

    def jobs(self, *states):
        """Return what the controller knows of its jobs, a dict of ``scontrol``'s fields each."""
        lines = self.run(
            "scontrol", "--oneliner", "--details", "show", "job", check=False
        ).splitlines()
        jobs = [_fields(line) for line in lines if line.startswith("JobId=")]
        return [job for job in jobs if not states or job["JobState"] in states]

    def attempts(self, rule, folder):
        """Return the jobs that were submitted for a rule from a working folder, in order."""
        here = [job for job in self.jobs() if job["WorkDir"] == str(folder)]
        return [job for job in here if rule_of(job) == rule]

    def completed(self):
        """Return the records of the job completion log, a dict each."""
        log = self.folder / "completed_jobs.txt"
        return [_fields(line) for line in log.read_text().splitlines()] if log.exists() else []

    def processes(self, node=""):
        """Return the command lines, by process id, of what jobs, all or a node's, have started."""
        marks = {f"SLURM_CONF={self.configuration}".encode()}
        marks |= {f"SLURMD_NODENAME={node}".encode()} if node else set()
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                variables = (process / "environ").read_bytes().split(b"\0")
                if marks <= {*variables} and any(v.startswith(b"SLURM_JOB_ID=") for v in variables):
                    command = (process / "cmdline").read_bytes()
                    found[int(process.name)] = command.replace(b"\0", b" ").decode()
        return found

    def lose(self, node):
        """Kill all that runs on a node, as when its power fails, and tell the controller so."""
        daemon = self.daemons.pop(node)
        daemon.kill()
        daemon.wait(COMMAND_TIMEOUT_S)
        jobs = self.processes(node)
        # First what watches over the jobs: it would report that they ended.
        watching = {parent for job in jobs if (parent := _parent(job)) not in jobs}
        for process in [*watching, *jobs]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=lost")

    def wait_for(self, question, timeout=COMMAND_TIMEOUT_S):
        """Ask ``question()`` until its answer is true and return that; fail in the end."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if answer := question():
                return answer
            time.sleep(0.5)
        jobs = [(job["JobId"], job["JobState"], job["Comment"]) for job in self.jobs()]
        raise TimeoutError(f"nothing after {timeout} s; jobs: {jobs}")

    def _daemon(self, name, program, *arguments):
        with open(self.folder / f"{name}.out", "w") as out:
            command = [shutil.which(program), *map(str, arguments)]
            self.daemons[name] = subprocess.Popen(
                command, stdout=out, stderr=out, env=self.environment
            )

    def _wait_for_nodes(self):
        def idle():
            if any(daemon.poll() is not None for daemon in self.daemons.values()):
                raise TimeoutError
            states = self.run("sinfo", "-h", "-N", "-p", "cpu", "-o", "%T", check=False).split()
            return states == ["idle"] * len(self.nodes)

        try:
            self.wait_for(idle, START_TIMEOUT_S)
        except TimeoutError:
            logs = [f"{log}:\n{log.read_text()[-2000:]}" for log in self.folder.glob("slurm*.*")]
            raise RuntimeError("SLURM did not start:\n" + "\n".join(logs)) from None


def rule_of(job):
    """Return the rule that a job runs; the plugin writes it into the job's comment."""
    return re.match(r"rule_(.+?)(_wildcards_.*)?$", job["Comment"])[1]


def _fields(line):
    """Return the ``Key=value`` pairs of a line of SLURM's; values may hold spaces and ``=``."""
    return {key: value.strip() for key, value in re.findall(r"(\S+?)=(.*?)(?=\s\S+?=|\s*$)", line)}


def _parent(process):
    """Return the id of a process's parent, or its own when it is gone."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{process}/status").read_text()
        return int(re.search(r"PPid:\s+(\d+)", status)[1])
    return process


def _free_ports(number):
    """Return ports that nothing listens on now."""
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
