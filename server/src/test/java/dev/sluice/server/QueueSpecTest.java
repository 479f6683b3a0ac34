package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.QueuePolicy;
import dev.sluice.Rate;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class QueueSpecTest {
  private static final JsonMapper MAPPER = SluiceServer.mapper();

  private static JsonNode json(String text) {
    return MAPPER.readTree(text.replace('\'', '"'));
  }

  private static QueueSpec read(String text) {
    return QueueSpec.read(json(text), "/queues/mail");
  }

  @Test
  void anEmptyDocumentIsTheDefaults() {
    assertThat(read("{}")).isEqualTo(QueueSpec.defaults());
    assertThat(read("{}").policy()).isEqualTo(QueuePolicy.defaults());
  }

  @Test
  void everyKeyIsRead() {
    QueueSpec spec =
        read(
            """
            {'capacity': {'jobs': 7, 'bytes': '64MiB'}, 'concurrency': 3, 'rate': '10/m',
             'burst': 5, 'timeout': '1m', 'grace': '0s', 'timeToStart': '1h', 'lease': '45s',
             'maxCrashes': 2, 'max-zombies': 0,
             'retry': {'maxAttempts': 4, 'delay': '1s', 'multiplier': 2, 'max-delay': '9s',
               'jitter': 0.5},
             'retention': {'succeeded': {'age': '1m', 'jobs': 1, 'bytes': 2},
               'dead': {'jobs': 0}},
             'delivery': {'webhook': {'url': 'https://example.org/in?key=abc',
               'secret-file': '/etc/secret', 'headers': {'authorization': 'Bearer x'},
               'max-in-flight': 4}}}
            """);
    QueuePolicy policy = spec.policy();
    assertThat(policy.capacity().jobs()).isEqualTo(7);
    assertThat(policy.capacity().bytes()).isEqualTo(64L << 20);
    assertThat(policy.rate()).contains(new Rate(10, Duration.ofMinutes(1), 5));
    assertThat(policy.grace()).isZero();
    assertThat(policy.timeToStart()).contains(Duration.ofHours(1));
    assertThat(policy.maxCrashes()).isEqualTo(2);
    assertThat(policy.maxZombies()).isZero();
    assertThat(policy.retry().maxDelay()).isEqualTo(Duration.ofSeconds(9));
    assertThat(policy.retention().dead().jobs()).isZero();
    assertThat(policy.retention().dead().age()).isEqualTo(Duration.ofDays(30));
    assertThat(spec.webhook().orElseThrow().maxInFlight()).isEqualTo(4);
  }

  @Test
  void whatIsWrittenIsReadBack() {
    QueueSpec spec =
        read(
            """
            {'capacity': {'bytes': 1000}, 'rate': '3/h', 'burst': 2, 'timeToStart': '1500ms',
             'retry': {'delay': '2h'}}
            """);
    assertThat(QueueSpec.read(MAPPER.valueToTree(spec.json()), "")).isEqualTo(spec);
    QueueSpec defaults = QueueSpec.defaults();
    assertThat(QueueSpec.read(MAPPER.valueToTree(defaults.json()), "", spec)).isEqualTo(defaults);
    assertThat(spec.policy().retry().maxDelay()).isEqualTo(Duration.ofHours(2));
  }

  @Test
  void aPartialDocumentLiesOverAnother() {
    QueueSpec first = read("{'rate': '10/s', 'burst': 4, 'retry': {'maxAttempts': 3}}");
    QueueSpec second = QueueSpec.read(json("{'rate': '20/s', 'retry': {'jitter': 0}}"), "", first);
    assertThat(second.policy().rate()).contains(Rate.perSecond(20).withBurst(4));
    assertThat(second.policy().retry().maxAttempts()).isEqualTo(3);
    assertThat(QueueSpec.read(json("{'rate': 'none'}"), "", first).policy().rate()).isEmpty();
  }

  @Test
  void whatLetsSomebodyInIsMasked() {
    QueueSpec spec =
        read(
            """
            {'delivery': {'webhook': {'url': 'https://example.org/in?key=abc',
               'headers': {'authorization': 'Bearer canary'}}}}
            """);
    String shown = MAPPER.writeValueAsString(spec.json()) + spec;
    assertThat(shown).doesNotContain("canary").doesNotContain("abc").contains("***");
    assertThat(spec.toString()).contains("https://example.org/...").doesNotContain("/in");
    assertThat(WebhookSpec.origin("https://example.org")).isEqualTo("https://example.org");
    assertThat(WebhookSpec.origin("https://[::1]:8443?a")).isEqualTo("https://[::1]:8443/...");
    assertThatThrownBy(() -> QueueSpec.read(MAPPER.valueToTree(spec.json()), ""))
        .isInstanceOf(BadField.class)
        .hasMessageContaining("/delivery/webhook");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {'capacity': 5}                   | /queues/mail/capacity: must be an object
          {'capacity': {'jobs': 0}}         | /queues/mail/capacity/jobs: must be a whole number from 1 to 1000000000000
          {'capacity': {'bytes': '5 MB'}}   | /queues/mail/capacity/bytes: '5 MB' must be an amount like 512B, 64KiB, 256MiB or 1GiB
          {'capacity': {'bytes': '0B'}}     | /queues/mail/capacity/bytes: must be from 1B to 1024TiB
          {'concurrency': 1.5}              | /queues/mail/concurrency: must be a whole number from 1 to 1000000
          {'rate': 'fast'}                  | /queues/mail/rate: must be like 10/s, 100/m or 5/h (or none), at most 999999999/s
          {'rate': '0/s'}                   | /queues/mail/rate: must be like 10/s, 100/m or 5/h (or none), at most 999999999/s
          {'burst': 5}                      | /queues/mail/burst: needs a rate beside it
          {'timeout': '0s'}                 | /queues/mail/timeout: must be from 1ms to 365d
          {'maxCrashes': 5, 'max-crashes': 9} | /queues/mail/max-crashes: cannot be given beside maxCrashes, it is the same
          {'retry': {'max-delay': '1h', 'maxDelay': null}} | /queues/mail/retry/max-delay: cannot be given beside maxDelay, it is the same
          {'max-crashes': 101}              | /queues/mail/max-crashes: must be a whole number from 1 to 100
          {'retry': {'delay': '2h', 'maxDelay': '1h'}} | /queues/mail/retry/maxDelay: must be from 2h to 365d
          {'retry': {'tries': 1}}           | /queues/mail/retry/tries: is not known here; known are delay, jitter, maxAttempts, maxDelay, multiplier
          {'retention': {'dead': {'age': 'x'}}} | /queues/mail/retention/dead/age: 'x' must be a time like 500ms, 30s, 5m, 2h or 1d
          {'delivery': 'push'}              | /queues/mail/delivery: must be pull, or an object with a webhook
          {'delivery': {}}                  | /queues/mail/delivery/webhook: must be given
          {'delivery': {'webhook': {}}}     | /queues/mail/delivery/webhook/url: must be given
          {'delivery': {'webhook': {'url': 'u', 'max-in-flight': 0}}} | /queues/mail/delivery/webhook/max-in-flight: must be a whole number from 1 to 1000
          """,
      quoteCharacter = '"')
  void complaintsNamePlaceAndRule(String text, String complaint) {
    assertThatThrownBy(() -> read(text)).isInstanceOf(BadField.class).hasMessage(complaint);
  }

  @Test
  void aListOfQueuesHasADefaultAndMayHaveATemplate() {
    QueueList list =
        QueueList.read(
            json("{'mail': null, 'auto-create': {'max': 3, 'template': {'concurrency': 1}}}"),
            "/queues");
    assertThat(list.named()).containsOnlyKeys("mail", "default");
    assertThat(list.autoCreate().orElseThrow().template().policy().concurrency()).isEqualTo(1);
    assertThat(QueueList.read(MAPPER.valueToTree(list.json()), "")).isEqualTo(list);
    assertThat(QueueList.defaults())
        .isEqualTo(new QueueList(Map.of("default", QueueSpec.defaults()), Optional.empty()));
    assertThatThrownBy(() -> QueueList.read(json("{'a b': {}}"), "/queues"))
        .isInstanceOf(BadField.class)
        .hasMessageContaining("/queues/a b: must be named by");
  }
}
