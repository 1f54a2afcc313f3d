#!/usr/bin/env python3
"""The broker (and schema registry) that all tests with the label `kafka` share; ctest starts it
before the first and stops it after the last (CMakeLists.txt).

    broker.py start|stop            in the folder $VELO_KAFKA_DIR
    broker.py start|stop registry   over it
    broker.py run COMMAND…          with $KAFKA_BOOTSTRAP and perhaps $SCHEMA_REGISTRY_URL:
                                    for tests that are no Python

A test in Python imports it: topics get names that no other test has. Exit status 77: the packages
cannot be had, and the test counts as skipped.
"""

import os
import subprocess
import sys
import uuid
from pathlib import Path

sys.dont_write_bytecode = True
TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"
sys.path.insert(0, str(TOOLS))

from packages import DEPS, UNAVAILABLE, Unavailable  # noqa: E402


def folder():
    return Path(os.environ.get("VELO_KAFKA_DIR") or DEPS / "kafka-data")


def tool(name, *arguments):
    """Runs tools/kafka or tools/registry, of which two have the same folder beside each other."""
    where = folder() if name == "kafka" else folder().with_name(folder().name + "-registry")
    done = subprocess.run(
        [sys.executable, "-B", TOOLS / name, *arguments, "--dir", where],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode == UNAVAILABLE:
        sys.exit(UNAVAILABLE)
    return done


def value_said(done, name):
    return done.stdout.strip().removeprefix(f"{name}=") if done.returncode == 0 else None


def skip_unless_fetched():
    """Nothing is running: because it could not be had, or because nobody started it?"""
    for name in ["kafka", "registry"]:
        tool(name, "fetch")
    sys.exit("no broker runs: start these tests by ctest, or tools/kafka start before")


def bootstrap():
    found = value_said(tool("kafka", "status"), "bootstrap.servers")
    return found.splitlines()[0] if found else skip_unless_fetched()


def registry_url():
    return value_said(tool("registry", "status"), "schema.registry.url") or skip_unless_fetched()


def topic_name(what="topic"):
    return f"{what}-{uuid.uuid4().hex[:8]}"


def topics():
    """tools/kafka_topics.py: create, produce, consume, …"""
    try:
        import kafka_topics
    except Unavailable as error:
        print(error, file=sys.stderr)
        sys.exit(UNAVAILABLE)
    return kafka_topics


def new_topic(what="topic", partitions=1, config=()):
    name = topic_name(what)
    topics().create(bootstrap(), name, partitions, None, config)
    return name


def start(what):
    if what == "registry":
        bootstrap()
        return tool("registry", "start", "--kafka-dir", folder())
    return tool("kafka", "start", "--fresh")


def run(command):
    environment = {**os.environ, "KAFKA_BOOTSTRAP": bootstrap()}
    if url := value_said(tool("registry", "status"), "schema.registry.url"):
        environment["SCHEMA_REGISTRY_URL"] = url
    os.execvpe(command[0], command, environment)


def main(command, *arguments):
    if command == "run":
        run(arguments)
    what = arguments[0] if arguments else "kafka"
    done = start(what) if command == "start" else tool(what, "stop")
    print(done.stdout, end="")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
