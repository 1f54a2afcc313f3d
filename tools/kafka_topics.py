"""Topics and records of a running broker, over librdkafka's Python binding: a JVM would take a
second for each."""

import json
import sys
import time

import packages

sys.path.insert(0, str(packages.python_packages("kafka-python", ["confluent-kafka>=2.14"])))

import confluent_kafka as kafka  # noqa: E402
from confluent_kafka import admin  # noqa: E402

ANSWER_SECONDS = 15


def quiet(bootstrap, **more):
    return {"bootstrap.servers": bootstrap, "log_level": 0, **more}


def admin_client(bootstrap):
    return admin.AdminClient(quiet(bootstrap))


def knows(bootstrap, port, count):
    """Whether the broker at `bootstrap` has a controller and sees `count` nodes, one at `port`."""
    try:
        metadata = admin_client(bootstrap).list_topics(timeout=2)
    except kafka.KafkaException:
        return False
    ports = [broker.port for broker in metadata.brokers.values()]
    return metadata.controller_id >= 0 and len(ports) >= count and port in ports


def administer(bootstrap, call, *arguments, **options):
    """Calls a method of the admin client and waits for what it began; the first error is raised.
    The client must live until then."""
    client = admin_client(bootstrap)
    return {
        what: future.result(timeout=ANSWER_SECONDS)
        for what, future in getattr(client, call)(*arguments, **options).items()
    }


def create(bootstrap, name, partitions, replication, config):
    topic = admin.NewTopic(
        name,
        num_partitions=partitions,
        replication_factor=replication or -1,
        config=dict(line.split("=", 1) for line in config),
    )
    administer(bootstrap, "create_topics", [topic], operation_timeout=ANSWER_SECONDS)
    client = admin_client(bootstrap)
    deadline = time.monotonic() + ANSWER_SECONDS
    while not has_leaders(client, name, partitions):
        if time.monotonic() > deadline:
            raise kafka.KafkaException(f"topic '{name}' has no leaders after {ANSWER_SECONDS} s")
        time.sleep(0.02)


def has_leaders(client, name, partitions):
    found = client.list_topics(name, timeout=ANSWER_SECONDS).topics[name].partitions
    return len(found) == partitions and all(p.leader >= 0 for p in found.values())


def delete(bootstrap, name):
    administer(bootstrap, "delete_topics", [name], operation_timeout=ANSWER_SECONDS)


def add_partitions(bootstrap, name, partitions):
    administer(bootstrap, "create_partitions", [admin.NewPartitions(name, partitions)])


def truncate(bootstrap, name, partition, before):
    """Deletes the records before an offset, as retention would."""
    administer(bootstrap, "delete_records", [kafka.TopicPartition(name, partition, before)])


def names(bootstrap):
    return sorted(
        n
        for n in admin_client(bootstrap).list_topics(timeout=ANSWER_SECONDS).topics
        if not n.startswith("__")
    )


def reader(bootstrap, isolation="read_committed"):
    return kafka.Consumer(
        quiet(
            bootstrap,
            **{
                "group.id": "velo-tools",
                "enable.auto.commit": False,
                "isolation.level": isolation,
                "auto.offset.reset": "error",
                "fetch.wait.max.ms": 50,
                "enable.partition.eof": True,
            },
        )
    )


def partitions_of(client, name):
    topic = client.list_topics(name, timeout=ANSWER_SECONDS).topics[name]
    if topic.error:
        raise kafka.KafkaException(topic.error)
    return topic.partitions


def ends_of(consumer, topic, partition):
    """The first offset and the one after the last. Asks again while leaders move."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            return consumer.get_watermark_offsets(
                kafka.TopicPartition(topic, partition), timeout=ANSWER_SECONDS
            )
        except kafka.KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def describe(bootstrap, name):
    """A line for each partition: leader, copies and offsets."""
    consumer = reader(bootstrap)
    try:
        for number, partition in sorted(partitions_of(consumer, name).items()):
            low, high = ends_of(consumer, name, number)
            yield (
                f"partition={number} leader={partition.leader} "
                f"replicas={sorted(partition.replicas)} "
                f"isr={sorted(partition.isrs)} offsets={low}..{high}"
            )
    finally:
        consumer.close()


def group_offsets(bootstrap, group):
    """What a consumer group has committed: a line for each partition."""
    asked = [kafka.ConsumerGroupTopicPartitions(group)]
    found = administer(bootstrap, "list_consumer_group_offsets", asked)[group].topic_partitions
    return [
        f"topic={p.topic} partition={p.partition} offset={p.offset}"
        for p in sorted(found, key=lambda p: (p.topic, p.partition))
    ]


def groups(bootstrap):
    client = admin_client(bootstrap)
    found = client.list_consumer_groups(request_timeout=ANSWER_SECONDS).result()
    return sorted(f"{g.group_id} {g.state.name.lower()}" for g in found.valid)


def record_of_line(line, key_separator, null):
    if key_separator is None:
        return {"value": None if line == null else line}
    key, found, value = line.partition(key_separator)
    if not found:
        raise kafka.KafkaException(f"the line has no '{key_separator}': {line}")
    return {"key": key, "value": None if value == null else value}


def record_of_json(line):
    """{"key", "value", "partition", "timestamp", "headers": {…}}, all optional."""
    record = json.loads(line)
    if "headers" in record:
        record["headers"] = list(record["headers"].items())
    return record


def produce(bootstrap, topic, records, partition=None):
    """Sends records (keywords of confluent_kafka.Producer.produce) and returns their number when
    the broker has them all."""
    producer = kafka.Producer(
        quiet(
            bootstrap,
            **{"linger.ms": 5, "enable.idempotence": True, "partitioner": "murmur2_random"},
        )
    )
    errors, count = [], 0

    def answered(error, _message):
        if error:
            errors.append(error)

    for record in records:
        if partition is not None:
            record.setdefault("partition", partition)
        while True:
            try:
                producer.produce(topic, on_delivery=answered, **record)
                break
            except BufferError:  # its queue is full
                producer.poll(0.1)
        count += 1
    producer.flush()
    if errors:
        raise kafka.KafkaException(errors[0])
    return count


def consume(
    bootstrap,
    topic,
    from_beginning=True,
    most=None,
    seconds=10.0,
    to_end=False,
    isolation="read_committed",
):
    """The messages of a topic, until there are `most`, until the end of each partition was seen
    (`to_end`), or until none has come for `seconds`."""
    consumer = reader(bootstrap, isolation)
    try:
        assigned, unread = [], set()
        for number in partitions_of(consumer, topic):
            low, high = ends_of(consumer, topic, number)
            assigned.append(kafka.TopicPartition(topic, number, low if from_beginning else high))
            unread.add(number)
        consumer.assign(assigned)
        yield from messages(consumer, unread if to_end else None, most, seconds)
    finally:
        consumer.close()


def messages(consumer, unread, most, seconds):
    count, last = 0, time.monotonic()
    while (most is None or count < most) and unread != set():
        for message in consumer.consume(min(1000, most - count) if most else 1000, timeout=0.05):
            error = message.error()
            if error is None:
                last, count = time.monotonic(), count + 1
                yield message
            elif error.code() != kafka.KafkaError._PARTITION_EOF:
                raise kafka.KafkaException(error)
            elif unread is not None:
                unread.discard(message.partition())
        if time.monotonic() - last > seconds:
            return


def text(data):
    return None if data is None else data.decode("utf-8", "backslashreplace")


def json_of(message):
    """One message as tests compare it; bytes that are no UTF-8 are shown as \\xNN."""
    return json.dumps(
        {
            "partition": message.partition(),
            "offset": message.offset(),
            "timestamp": message.timestamp()[1],
            "key": text(message.key()),
            "value": text(message.value()),
            "headers": {name: text(value) for name, value in message.headers() or []},
        }
    )
