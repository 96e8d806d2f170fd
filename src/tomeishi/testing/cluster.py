"""A Ray cluster of several nodes on this machine, each of which can be killed (extra `cluster`)."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

SETTINGS = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "10",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""For the environment of whoever starts nodes or uses them."""


def free_port() -> int:
    """One that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """Nodes, each in a session of its own so that it can be killed whole."""

    def __init__(self, folder: Path) -> None:
        """Nothing runs yet. Sockets lie in `folder`, made here: keep its path short, a socket's has 107 bytes."""
        folder.mkdir()
        self._folder = folder
        self._port = free_port()
        # Ray takes 127.0.0.1 for "whatever address this machine has"; these are loopback too.
        self.address = f"127.0.0.2:{self._port}"
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}

    def start_head(self, cpus: int = 2) -> None:
        self._start(
            "head",
            "--node-ip-address=127.0.0.2",
            "--head",
            f"--port={self._port}",
            f"--num-cpus={cpus}",
            "--include-dashboard=false",
        )

    def start_node(self, name: str, cpus: int = 2) -> None:
        self._start(name, "--node-ip-address=127.0.0.3", f"--address={self.address}", f"--num-cpus={cpus}")

    def _start(self, name: str, *options: str) -> None:
        command = [str(Path(sys.executable).parent / "ray"), "start", "--block"]
        if name == "head":
            command.append(f"--temp-dir={self._folder}")
        log = (self._folder.parent / f"{name}.log").open("ab")
        self._nodes[name] = subprocess.Popen(
            [*command, "--object-store-memory=100000000", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()

    def kill(self, name: str) -> None:
        """-9, and all that the node had started with it."""
        node = self._nodes.pop(name)
        for process in [node.pid, *_below(node.pid)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        node.wait()

    def wait_for(self, cpus: int) -> None:
        """Until the cluster has as many, or two minutes."""
        script = (
            "import ray, sys, time\n"
            "for _ in range(240):\n"
            "    try:\n"
            "        ray.init(address=sys.argv[1], log_to_driver=False)\n"
            "        break\n"
            "    except (ConnectionError, ValueError, RuntimeError):\n"
            "        time.sleep(0.5)\n"
            "while ray.cluster_resources().get('CPU', 0) < int(sys.argv[2]): time.sleep(0.5)\n"
        )
        subprocess.run([sys.executable, "-c", script, self.address, str(cpus)], check=True, timeout=180)

    def stop(self) -> None:
        for name in list(self._nodes):
            self.kill(name)


def _below(process: int) -> list[int]:
    """All descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [process]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            found.append(child)
            waiting.append(child)
    return found
