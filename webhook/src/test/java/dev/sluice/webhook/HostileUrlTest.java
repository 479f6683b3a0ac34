package dev.sluice.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The corpus of URLs that want to be delivered to where nothing may be delivered.
@Timeout(120)
final class HostileUrlTest {
  private static final Pattern ESCAPE = Pattern.compile("\\\\u([0-9a-f]{4})");

  private record Case(String url, String addresses) {}

  private static List<Case> corpus(int port) throws IOException {
    String text;
    try (InputStream in = HostileUrlTest.class.getResourceAsStream("hostile-urls.txt")) {
      text = new String(Objects.requireNonNull(in).readAllBytes(), UTF_8);
    }
    List<Case> cases = new ArrayList<>();
    for (String line : text.lines().toList()) {
      if (!line.isEmpty() && !line.startsWith("#")) {
        String[] parts = line.split(" -> ?", 2);
        String url =
            ESCAPE
                .matcher(parts[0].replace("{port}", Integer.toString(port)))
                .replaceAll(
                    match -> Character.toString((char) Integer.parseInt(match.group(1), 16)));
        cases.add(new Case(url, parts.length == 1 ? "127.0.0.1" : parts[1]));
      }
    }
    return cases;
  }

  @Test
  void noneOfThemCausesAConnection() throws Exception {
    List<String> wrong = new ArrayList<>();
    try (LocalTarget trap = LocalTarget.answering("HTTP/1.1 200 OK\nContent-Length: 0\n\n")) {
      Deliveries deliveries = Deliveries.recorded();
      List<Case> corpus = corpus(trap.port());
      assertThat(corpus).hasSizeGreaterThanOrEqualTo(500);
      Reach reach = Reach.internet().withHttp().withPorts(trap.port());
      int refused = 0;
      int denied = 0;
      for (Case hostile : corpus) {
        String end = end(deliveries, hostile, reach);
        switch (end) {
          case "refused" -> refused++;
          case "denied" -> denied++;
          default -> wrong.add(hostile + " -> " + end);
        }
      }
      assertThat(wrong).isEmpty();
      assertThat(deliveries.connects).isEmpty();
      assertThat(trap.connections()).isZero();
      assertThat(refused).isGreaterThan(300);
      assertThat(denied).isGreaterThan(50);
    }
  }

  private static String end(Deliveries deliveries, Case hostile, Reach reach) throws Exception {
    Webhook webhook;
    try {
      webhook = Webhook.to(hostile.url, reach);
    } catch (IllegalArgumentException refused) {
      return Objects.requireNonNull(refused.getMessage()).startsWith("url: ")
          ? "refused"
          : refused.toString();
    }
    try (WebhookHandler handler =
        deliveries.handler(webhook, host -> Deliveries.addresses(host, hostile.addresses))) {
      String note = Deliveries.note(handler.handle(Deliveries.PAYLOAD, FakeJob.PLAIN));
      boolean closed = note.startsWith("denied: ") && note.endsWith("; no connection was made");
      return closed || note.endsWith("could not be resolved") ? "denied" : note;
    }
  }

  @Test
  void theTrapCatchesWhatIsAllowed() throws Exception {
    try (LocalTarget trap = LocalTarget.answering("HTTP/1.1 200 OK\nContent-Length: 0\n\n")) {
      Deliveries deliveries = Deliveries.recorded();
      try (WebhookHandler handler = deliveries.handler(trap.webhook(), _ -> List.of())) {
        handler.handle(Deliveries.PAYLOAD, FakeJob.PLAIN);
      }
      assertThat(deliveries.connects).hasSize(1);
      assertThat(trap.connections()).isEqualTo(1);
    }
  }
}
