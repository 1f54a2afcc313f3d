"""Java servers on loopback ports, each in a folder of its own with its log and its pid."""

import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

import packages

START_SECONDS = 60
PORTS = range(20000, 32000)  # below the ports that the system gives to whoever connects
FAST_START = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xlog:disable"]


class ServerError(Exception):
    """What went wrong, and what to do."""


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count):
    found = set()
    while len(found) < count:
        port = random.choice(PORTS)
        if is_free(port):
            found.add(port)
    return sorted(found)


def java(*arguments):
    return [packages.need("java", "tools/setup --kafka installs it"), *map(str, arguments)]


class Server:
    """A process with `folder` in its command line, so that another one with its number is not taken
    for it."""

    def __init__(self, name, folder, archive):
        """`archive`: the server's classes as the JVM has them in memory, which is half of its
        start. Made when the first of its kind stops."""
        self.name, self.folder, self.archive = name, Path(folder), Path(archive)

    def pid(self):
        try:
            pid = int((self.folder / "pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        except (OSError, ValueError):
            return None
        return pid if str(self.folder) in command else None

    def pid_soon(self):
        """A process that has just begun has no command line yet."""
        time.sleep(0.5)
        return self.pid()

    def fast_options(self):
        if self.archive.exists():
            return [*FAST_START, f"-XX:SharedArchiveFile={self.archive}"]
        return [*FAST_START, f"-XX:ArchiveClassesAtExit={self.folder / 'classes.jsa'}"]

    def start(self, command):
        """Does not wait until it answers."""
        with open(self.folder / "log", "a") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        (self.folder / "pid").write_text(f"{process.pid}\n")

    def wait(self, answers):
        """Returns when `answers()` is true."""
        deadline = time.monotonic() + START_SECONDS
        while not answers():
            if not self.pid() and not self.pid_soon():
                raise ServerError(f"{self.name} stopped while it started; its log:\n{self.log()}")
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{self.name} does not answer after {START_SECONDS} s; its log:\n{self.log()}"
                )
            time.sleep(0.05)

    def log(self):
        """The end of it."""
        return "\n".join((self.folder / "log").read_text(errors="replace").splitlines()[-15:])

    def send(self, which):
        pid = self.pid()
        if not pid:
            raise ServerError(f"{self.name} does not run")
        os.kill(pid, which)

    def stop(self, how=signal.SIGTERM, seconds=30):
        """Returns when it has stopped; after `seconds` it is killed."""
        pid = self.pid()
        if not pid:
            return
        os.kill(pid, how)
        os.kill(pid, signal.SIGCONT)
        deadline = time.monotonic() + seconds
        while self.pid():
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline += seconds
            reap(pid)
            time.sleep(0.02)
        (self.folder / "pid").unlink()
        made = self.folder / "classes.jsa"
        if made.exists():
            os.replace(made, self.archive)


def reap(pid):
    """A server that this very process started stays a zombie until it is waited for."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
