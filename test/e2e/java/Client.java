import java.io.*;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.*;

/**
 * The Java client as another team would use it. `produce`: lines of "topic TAB key TAB hex" from standard input.
 * `consume TOPIC COUNT`: that many records from the beginning, as "key TAB hex" lines.
 */
public class Client {
  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", args[0]);
    if (args[1].equals("produce")) produce(properties);
    else consume(properties, args[2], Integer.parseInt(args[3]));
  }

  static void produce(Properties properties) throws Exception {
    properties.put("acks", "all");
    properties.put("compression.type", "gzip");
    try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer());
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] parts = line.split("\t");
        producer.send(new ProducerRecord<>(parts[0], parts[1], HexFormat.of().parseHex(parts[2])));
      }
      producer.flush();
    }
  }

  static void consume(Properties properties, String topic, int count) {
    properties.put("group.id", "java-" + UUID.randomUUID());
    properties.put("auto.offset.reset", "earliest");
    try (var consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(topic));
      long deadline = System.currentTimeMillis() + 30_000;
      int seen = 0;
      while (seen < count && System.currentTimeMillis() < deadline) {
        for (var record : consumer.poll(Duration.ofMillis(200))) {
          System.out.println(record.key() + "\t" + HexFormat.of().formatHex(record.value()));
          seen++;
        }
      }
      if (seen < count) System.exit(3);
    }
  }
}
