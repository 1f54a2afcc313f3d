import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.state.Stores;

/**
 * One-minute tumbling windows by key, count and sum, emitted when they close; in Kafka Streams, with one
 * thread and what makes it quick: a key that needs no repartitioning, a JSON parser that makes no tree, a window store in
 * memory that keeps no log.
 *
 *   Windows BOOTSTRAP FROM TO RECORDS
 */
public final class Windows {
  /** Of a record, what the query reads. */
  record Trade(long time, long quantity) {}

  record Total(long count, long quantity) {}

  private static final JsonFactory JSON = new JsonFactory();

  private static Trade parse(byte[] data) {
    long time = 0;
    long quantity = 0;
    try (JsonParser parser = JSON.createParser(data)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        if (name.equals("ts")) {
          time = parser.getLongValue();
        } else if (name.equals("quantity")) {
          quantity = parser.getLongValue();
        }
      }
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return new Trade(time, quantity);
  }

  private static final Serde<Trade> TRADES =
      Serdes.serdeFrom(
          (topic, trade) -> {
            throw new IllegalStateException("trades are only read");
          },
          (topic, data) -> parse(data));

  private static final Serializer<Total> WRITE_TOTAL =
      (topic, total) ->
          java.nio.ByteBuffer.allocate(16).putLong(total.count()).putLong(total.quantity()).array();

  private static final Deserializer<Total> READ_TOTAL =
      (topic, data) -> {
        if (data == null) {
          return null;
        }
        java.nio.ByteBuffer buffer = java.nio.ByteBuffer.wrap(data);
        return new Total(buffer.getLong(), buffer.getLong());
      };

  /** The time of a trade; and, as every record passes here once, how far the program is. */
  static final class Progress implements TimestampExtractor {
    static long expected;
    static long seen = 0;
    static long first;
    static long half;
    static long halfCpu;
    static final CountDownLatch ALL = new CountDownLatch(1);

    @Override
    public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
      if (seen++ == 0) {
        first = System.nanoTime();
      }
      if (seen == expected / 2) {
        half = System.nanoTime();
        halfCpu = cpu();
      }
      if (seen == expected) {
        ALL.countDown();
      }
      return ((Trade) record.value()).time();
    }
  }

  /** What the process has used, in nanoseconds. */
  private static long cpu() {
    return ((com.sun.management.OperatingSystemMXBean)
            java.lang.management.ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  private static StreamsBuilder topology(String from, String to) {
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(from, Consumed.with(Serdes.String(), TRADES).withTimestampExtractor(new Progress()))
        .groupByKey(Grouped.with(Serdes.String(), TRADES))
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofSeconds(1)))
        .emitStrategy(EmitStrategy.onWindowClose())
        .aggregate(
            () -> new Total(0, 0),
            (key, trade, total) -> new Total(total.count() + 1, total.quantity() + trade.quantity()),
            Materialized.<String, Total>as(
                    Stores.inMemoryWindowStore(
                        "totals", Duration.ofMinutes(3), Duration.ofMinutes(1), false))
                .withKeySerde(Serdes.String())
                .withValueSerde(Serdes.serdeFrom(WRITE_TOTAL, READ_TOTAL))
                .withLoggingDisabled()
                .withCachingDisabled())
        .toStream()
        .map(
            (window, total) ->
                KeyValue.pair(
                    window.key(),
                    "{\"symbol\":\"" + window.key()
                        + "\",\"window_start\":" + window.window().start()
                        + ",\"trades\":" + total.count()
                        + ",\"quantity\":" + total.quantity() + "}"))
        .to(to, Produced.with(Serdes.String(), Serdes.String()));
    return builder;
  }

  public static void main(String[] arguments) throws Exception {
    Progress.expected = Long.parseLong(arguments[3]);
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "velo-peer-" + arguments[2]);
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    properties.put(StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("velo-peer").toString());
    properties.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    properties.put(StreamsConfig.consumerPrefix("max.poll.records"), 10000);
    // Windows that close are looked for with each record, not once per second of the clock.
    properties.put("__emit.interval.ms.kstreams.windowed.aggregation__", 0L);

    KafkaStreams streams = new KafkaStreams(topology(arguments[1], arguments[2]).build(), properties);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          Runtime.getRuntime().halt(1);
          return null;
        });
    streams.start();
    Progress.ALL.await();
    streams.close(Duration.ofSeconds(60));  // with what it has to write
    long last = System.nanoTime();
    System.out.printf(
        "{\"bench\":\"kafka streams\",\"rows\":%d,\"seconds\":%.4f,"
            + "\"second_half_seconds\":%.4f,\"second_half_cpu_seconds\":%.4f}%n",
        Progress.expected,
        (last - Progress.first) / 1e9,
        (last - Progress.half) / 1e9,
        (cpu() - Progress.halfCpu) / 1e9);
    System.exit(0);
  }
}
