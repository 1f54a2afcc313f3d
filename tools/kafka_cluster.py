"""Apache Kafka for tests and benchmarks: one or three nodes (KRaft, each broker and controller) on
loopback ports, their files in one folder:

    cluster.json            what was asked for and which ports were free
    node-1/server.properties, log, pid, data/
"""

import base64
import json
import shutil
import signal
import subprocess
import uuid
from pathlib import Path

import kafka_security as security
import packages
from packages import DEPS
from servers import Server, ServerError, free_ports, is_free, java

VERSION = "4.4.0"
PACKAGES = [
    f"org.apache.kafka:kafka_2.13:{VERSION}",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5",
]

# What makes one small node quick to start and tests quick to run.
PROPERTIES = """\
process.roles=broker,controller
controller.listener.names=CONTROLLER
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=4194304
log.retention.ms=-1
log.retention.check.interval.ms=1000
log.initial.task.delay.ms=500
offsets.topic.num.partitions=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=6000
group.consumer.min.heartbeat.interval.ms=100
group.consumer.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controlled.shutdown.retry.backoff.ms=200
"""

LOGGING = """\
<Configuration><Appenders><Console name="out">
<PatternLayout pattern="%d %p %m (%c)%n%throwable"/></Console></Appenders>
<Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers></Configuration>
"""


def random_id():
    """A KRaft identifier, as Kafka writes its 16 bytes; a leading dash looks like an option."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def jars():
    return packages.maven_jars("kafka", PACKAGES)


class Cluster:
    """The nodes whose files are in one folder."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.description = self.folder / "cluster.json"
        self.settings = (
            json.loads(self.description.read_text()) if self.description.exists() else None
        )

    def exists(self):
        return self.settings is not None

    def create(self, nodes, port=None, config=(), heap_mb=512, fast_start=True, secure=()):
        """Files for new nodes: ports, properties, formatted data folders. `secure`: protocols that
        the only node listens for, too (kafka_security.wanted)."""
        if secure and nodes != 1:
            raise ServerError("--sasl and --tls are for one node")
        ports = free_ports(2 * nodes + len(secure))
        if port is not None:
            if nodes != 1 or not is_free(port):
                raise ServerError(
                    f"port {port} cannot be had: it is taken, or there are several nodes"
                )
            ports[0] = port
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.settings = {
            "nodes": nodes,
            "ports": ports[:nodes],
            "controllers": ports[nodes : 2 * nodes],
            "secure": dict(zip(secure, ports[2 * nodes :])),
            "cluster_id": random_id(),
            "heap_mb": heap_mb,
            "fast_start": fast_start,
        }
        if any(protocol.endswith("ssl") for protocol in secure):
            security.make_certificates(self.folder / "tls")
        for node in self.nodes():
            self.node_folder(node).mkdir()
            (self.node_folder(node) / "server.properties").write_text(self.properties(node, config))
        (self.folder / "log4j2.xml").write_text(LOGGING)
        self.format()
        self.description.write_text(json.dumps(self.settings) + "\n")

    def properties(self, node, config):
        settings = self.settings
        port, controller = settings["ports"][node - 1], settings["controllers"][node - 1]
        copies = min(settings["nodes"], 3)
        in_sync = 2 if copies == 3 else 1
        voters = ",".join(f"{n}@127.0.0.1:{settings['controllers'][n - 1]}" for n in self.nodes())
        secure = settings["secure"]
        open_for = ",".join(
            f"{name.upper()}://127.0.0.1:{at}" for name, at in {"plaintext": port, **secure}.items()
        )
        protocols = ",".join(
            f"{name}:{name}" for name in ("PLAINTEXT", *security.LISTENERS.values())
        )
        lines = PROPERTIES + (
            f"node.id={node}\ncontroller.quorum.voters={voters}\n"
            f"listener.security.protocol.map=CONTROLLER:PLAINTEXT,{protocols}\n"
            f"listeners={open_for},CONTROLLER://127.0.0.1:{controller}\n"
            f"advertised.listeners={open_for}\n"
            f"log.dirs={self.node_folder(node) / 'data'}\n"
            f"default.replication.factor={copies}\nmin.insync.replicas={in_sync}\n"
            f"offsets.topic.replication.factor={copies}\n"
            f"transaction.state.log.replication.factor={copies}\n"
            f"transaction.state.log.min.isr={in_sync}\n"
            f"share.coordinator.state.topic.replication.factor={copies}\n"
            f"share.coordinator.state.topic.min.isr={in_sync}\n"
        )
        config = [*security.properties(secure, self.folder / "tls"), *config]
        return lines + "".join(f"{line}\n" for line in config)

    def format_options(self):
        """The user of the SASL listeners is among the first records of the log."""
        if not any(name.startswith("sasl") for name in self.settings["secure"]):
            return []
        user = f"name={security.USER},password={security.PASSWORD}"
        return ["--add-scram", f"{security.MECHANISM}=[{user}]"]

    def format(self):
        running = [
            subprocess.Popen(
                java(
                    *self.server(node).fast_options(),
                    *["-cp", f"{jars()}/*", "kafka.tools.StorageTool", "format"],
                    *["-t", self.settings["cluster_id"]],
                    *["-c", self.node_folder(node) / "server.properties"],
                    *self.format_options(),
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for node in self.nodes()
        ]
        for process in running:
            said, _ = process.communicate()
            if process.returncode != 0:
                raise ServerError(f"Kafka did not format its folder: {said.strip()}")

    def nodes(self):
        return range(1, self.settings["nodes"] + 1)

    def node_folder(self, node):
        return self.folder / f"node-{node}"

    def bootstrap(self):
        return ",".join(f"127.0.0.1:{port}" for port in self.settings["ports"])

    def secure_addresses(self):
        """What a client has to know of the listeners of --sasl and --tls, by name."""
        ports = self.settings.get("secure", {})
        said = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        if any(name.startswith("sasl") for name in ports):
            said |= {"username": security.USER, "password": security.PASSWORD}
        if any(name.endswith("ssl") for name in ports):
            said["ca"] = str(self.folder / "tls" / "ca.pem")
        return said

    def server(self, node):
        return Server(f"node {node}", self.node_folder(node), DEPS / "kafka" / "classes.jsa")

    def start_node(self, node):
        """Starts a node that is not running; does not wait for it."""
        server = self.server(node)
        if server.pid():
            return
        server.start(
            java(
                f"-Xmx{self.settings['heap_mb']}m",
                f"-Dlog4j2.configurationFile={self.folder / 'log4j2.xml'}",
                *(server.fast_options() if self.settings["fast_start"] else []),
                *["-cp", f"{jars()}/*", "kafka.Kafka", server.folder / "server.properties"],
            )
        )

    def start(self):
        for node in self.nodes():
            self.start_node(node)
        for node in self.nodes():
            self.wait_node(node, self.settings["nodes"])

    def wait_node(self, node, others=1):
        """Returns when a node answers, and knows of so many nodes, itself among them."""
        from kafka_topics import knows

        port = self.settings["ports"][node - 1]
        self.server(node).wait(
            lambda: not is_free(port) and knows(f"127.0.0.1:{port}", port, others)
        )

    def stop(self, how=signal.SIGTERM):
        servers = [self.server(node) for node in self.nodes()]
        for server in servers:
            if server.pid():
                server.send(how)  # all at once, then wait for each
        for server in servers:
            server.stop(how)
