"""Packages that tests and benchmarks run beside velo, fetched once into .deps (or $VELO_DEPS) by
the registries' own clients: Maven for Java, pip for Python. A package that cannot be had is
Unavailable, which is no failure of velo: programs say so and exit with UNAVAILABLE, which tests
count as skipped."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DEPS = Path(os.environ.get("VELO_DEPS") or REPOSITORY / ".deps").resolve()
UNAVAILABLE = 77
TRIES = 3


class Unavailable(Exception):
    """A package or program that this machine does not give."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def need(program, remedy):
    path = shutil.which(program)
    if path is None:
        raise Unavailable(f"there is no {program}: {remedy}")
    return path


@contextmanager
def locked(name):
    """One process at a time fetches `name`."""
    DEPS.mkdir(parents=True, exist_ok=True)
    with open(DEPS / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_tries(command, what, **options):
    """Runs a registry's client up to TRIES times."""
    for attempt in range(1, TRIES + 1):
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **options,
        )
        if done.returncode == 0:
            return
        say(f"{what}: attempt {attempt} of {TRIES} failed")
    last_lines = "\n".join(done.stdout.strip().splitlines()[-8:])
    raise Unavailable(f"{what} cannot be had; {Path(command[0]).name} said:\n{last_lines}")


def pom_text(name, packages):
    dependencies = "".join(
        f"    <dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version></dependency>\n"
        for group, artifact, version in (package.split(":") for package in packages)
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0">\n'
        "  <modelVersion>4.0.0</modelVersion>\n"
        f"  <groupId>velostream.tools</groupId>\n"
        f"  <artifactId>{name}</artifactId><version>1</version>\n"
        f"  <dependencies>\n{dependencies}  </dependencies>\n</project>\n"
    )


def maven_jars(name, packages):
    """The folder with the jars of `packages` ("group:artifact:version", …) and of all they need."""
    home, pom = DEPS / name, pom_text(name, packages)
    with locked(name):
        stamp = home / "pom.xml"
        if stamp.exists() and stamp.read_text() == pom:
            return home / "jars"
        need("java", "tools/setup --kafka installs it")
        maven = need("mvn", "tools/setup --kafka installs it")
        say(f"fetching {', '.join(packages)} and what they need into {home}")
        with tempfile.TemporaryDirectory(prefix=f"{name}.", dir=DEPS) as scratch:
            made = Path(scratch)
            (made / "pom.xml").write_text(pom)
            run_tries(
                [
                    maven,
                    "-B",
                    "-q",
                    "dependency:copy-dependencies",
                    "-DincludeScope=runtime",
                    f"-DoutputDirectory={made / 'jars'}",
                ],
                ", ".join(packages),
                cwd=made,
            )
            (made / "jars").chmod(0o755)
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            os.rename(made / "jars", home / "jars")
            stamp.write_text(pom)  # last: only now is it there
    return home / "jars"


def maven_archive(name, package):
    """The folder with what an archive ("group:artifact:version:type:classifier") unpacks to."""
    home = DEPS / name
    with locked(name):
        stamp = home / "package"
        if stamp.exists() and stamp.read_text() == package:
            return home
        maven = need("mvn", "tools/setup --kafka installs it")
        say(f"fetching {package} into {home}")
        shutil.rmtree(home, ignore_errors=True)
        run_tries(
            [
                *[maven, "-B", "-q", "dependency:unpack"],
                *[f"-Dartifact={package}", f"-DoutputDirectory={home}"],
            ],
            package,
            cwd=DEPS,
        )
        stamp.write_text(package)
    return home


def python_packages(name, requirements):
    """The folder with Python packages, for PYTHONPATH or sys.path."""
    home, wanted = DEPS / name, "\n".join(requirements) + "\n"
    with locked(name):
        stamp = home / "requirements.txt"
        if stamp.exists() and stamp.read_text() == wanted:
            return home
        say(f"fetching {', '.join(requirements)} into {home}")
        if subprocess.run(
            [sys.executable, "-m", "pip", "--version"], capture_output=True, check=False
        ).returncode:
            raise Unavailable("there is no pip: tools/setup --kafka installs it")
        shutil.rmtree(home, ignore_errors=True)
        run_tries(
            [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--root-user-action=ignore",
                "--target",
                str(home),
                *requirements,
            ],
            ", ".join(requirements),
        )
        stamp.write_text(wanted)
    return home
