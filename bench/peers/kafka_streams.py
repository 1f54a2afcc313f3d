"""The peer in Java: Kafka Streams, fetched by Maven, compiled and run (streams/Windows.java)."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tools"))

import packages  # noqa: E402
from kafka_cluster import VERSION  # noqa: E402

PACKAGES = [
    f"org.apache.kafka:kafka-streams:{VERSION}",
    "com.fasterxml.jackson.core:jackson-core:2.21.7",
    "org.slf4j:slf4j-nop:1.7.36",
]
REMEDY = "tools/setup --kafka installs it"


def compiled(source):
    """The folder with the classes of a Java file, and the class path of what it uses."""
    jars = packages.maven_jars("kafka-streams", PACKAGES)
    stamp = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    classes = packages.DEPS / "kafka-streams" / f"classes-{stamp}"
    if not classes.exists():
        compiler = packages.need("javac", REMEDY)
        subprocess.run([compiler, "-cp", f"{jars}/*", "-d", classes, source], check=True)
    return f"{classes}:{jars}/*"


def run_windows(bootstrap, source, target, records, heap_mb=1024):
    """What the program prints: rows, seconds, second_half_seconds, second_half_cpu_seconds."""
    command = [packages.need("java", REMEDY), f"-Xmx{heap_mb}m", "-cp"]
    command += [compiled(HERE / "streams" / "Windows.java"), "Windows", bootstrap, source, target]
    done = subprocess.run([*command, str(records)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    print(json.dumps(run_windows(*sys.argv[1:4], int(sys.argv[4]))))
