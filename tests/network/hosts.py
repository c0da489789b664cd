"""Hosts of a test network: network namespaces without names, joined by a router. Nothing of it is seen outside, and
all of it ends with the processes that hold it."""
import ctypes
import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

CLONE_NEWNET = 0x40000000


def missing() -> str:
    """Why there can be no such network here; empty: there can."""
    absent = [tool for tool in ("ip", "nft", "unshare", "nsenter") if shutil.which(tool) is None]
    if absent:
        return f"not installed: {', '.join(absent)}"
    if os.geteuid() != 0:
        return "network namespaces need root"
    tried = subprocess.run(["unshare", "--net", "sh", "-c",
                            "ip link add seatls0 type veth peer name seatls1 && nft 'add table ip t; add chain ip t c "
                            "{ type nat hook prerouting priority -100; }; add rule ip t c tcp dport 1 redirect to :2'"],
                           capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"no network namespaces here: {tried.stderr.decode().strip()}"


class Host:
    """A network namespace, held by a process that sleeps."""

    def __init__(self) -> None:
        self.holder = subprocess.Popen(["unshare", "--net", "--", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        deadline = time.monotonic() + 60
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == own:
            if time.monotonic() > deadline or self.holder.poll() is not None:
                self.end()
                raise RuntimeError("no network namespace was made")
            time.sleep(0.005)
        self.started: list[subprocess.Popen] = []
        self.run("ip", "link", "set", "lo", "up")

    def inside(self, *command: str) -> list[str]:
        return ["nsenter", "--target", str(self.holder.pid), "--net", "--", *map(str, command)]

    def run(self, *command: str) -> None:
        subprocess.run(self.inside(*command), check=True, capture_output=True)

    def start(self, *command: str, **how) -> subprocess.Popen:
        process = subprocess.Popen(self.inside(*command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)
        self.started.append(process)
        return process

    def within(self, act):
        """What `act` returns when it is called here: a socket that it makes is this host's."""
        def enter():
            with open(f"/proc/{self.holder.pid}/ns/net", "rb") as own:
                if ctypes.CDLL(None, use_errno=True).setns(own.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            return act()
        with ThreadPoolExecutor(1) as thread:  # which alone is there
            return thread.submit(enter).result()

    def end(self) -> None:
        for process in [*getattr(self, "started", []), self.holder]:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


class Router(Host):
    """Who carries everybody's packets: an attacker, if need be."""

    def __init__(self) -> None:
        super().__init__()
        self.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        self.run("nft", "add table ip mallory; add chain ip mallory divert { type nat hook prerouting priority -100; }")
        self.count = 0

    def join(self, host: Host) -> str:
        """The address that the host has from now on."""
        self.count += 1
        net, inner = f"10.9.{self.count}", f"to{self.count}"
        self.run("ip", "link", "add", inner, "type", "veth", "peer", "name", "eth0", "netns", str(host.holder.pid))
        self.run("ip", "addr", "add", f"{net}.1/24", "dev", inner)
        self.run("ip", "link", "set", inner, "up")
        host.run("ip", "addr", "add", f"{net}.2/24", "dev", "eth0")
        host.run("ip", "link", "set", "eth0", "up")
        host.run("ip", "route", "add", "default", "via", f"{net}.1")
        return f"{net}.2"

    def divert(self, address: str, port: int, to: str) -> None:
        """New connections to that address end up at `to`: "10.9.4.2:8443", or a port of the router itself."""
        action = f"dnat to {to}" if ":" in to else f"redirect to :{to}"
        self.run("nft", f"add rule ip mallory divert ip daddr {address} tcp dport {port} {action}")

    def lose(self, of_ten: int) -> None:
        """So many of ten packets get lost, in either direction."""
        self.run("nft", "add chain ip mallory loss { type filter hook forward priority 0; }; "
                 f"add rule ip mallory loss numgen random mod 10 < {of_ten} counter drop")

    def lost(self) -> int:
        """Packets so far."""
        told = subprocess.run(self.inside("nft", "list", "chain", "ip", "mallory", "loss"), check=True, capture_output=True, text=True)
        return int(re.search(r"counter packets (\d+)", told.stdout).group(1))

    def relent(self) -> None:
        self.run("nft", "flush chain ip mallory divert")
