package dev.sluice.app.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.app.config.Configuration.Flag;
import dev.sluice.server.BadField;
import dev.sluice.server.QueueList;
import dev.sluice.webhook.Reach;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConfigurationTest {
  private static final Path SAMPLE = Path.of("..", "docs", "sluice.yaml");

  @TempDir
  @SuppressWarnings("NullAway.Init") // JUnit sets it
  private Path directory;

  private Path file(String yaml) throws IOException {
    return Files.writeString(directory.resolve("sluice.yaml"), yaml);
  }

  private Configuration load(String yaml) throws IOException {
    return Configuration.load(Optional.of(file(yaml)), Map.of(), List.of());
  }

  private static Configuration variables(String... pairs) {
    Map<String, String> variables = new TreeMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      variables.put(pairs[i], pairs[i + 1]);
    }
    return Configuration.load(Optional.empty(), variables, List.of());
  }

  @Test
  void nothingGivesTheDefaults() throws IOException {
    for (Configuration configuration : List.of(load(""), load("# nothing\n"), variables())) {
      assertThat(configuration.engine()).isEqualTo("sqlite:");
      assertThat(configuration.data()).isEmpty();
      assertThat(configuration.grace()).isEqualTo(Duration.ofSeconds(25));
      assertThat(configuration.server().host()).isEqualTo("127.0.0.1");
      assertThat(configuration.server().queues()).isEqualTo(QueueList.defaults());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          engin: x                               | line 1: engin: is not known
          engine: 5                              | line 1: engine: 5 must be a text
          grace: soon                            | line 1: grace: 'soon' must be a time between
          grace: 25h                             | line 1: grace: '25h' must be a time between
          http: yes                              | line 1: http: must be an object
          http:;  port: 70000                    | line 2: http.port: 70000 must be a whole number from 0 to 65535
          http:;  port: abc                      | line 2: http.port: 'abc' must be a whole number
          http:;  prot: 1                        | line 2: http.prot: is not known here; known are
          http:;;  host: ''                      | line 3: http.host: '' must name a host
          http:;  tls:;    certificate: c.pem    | line 2: http.tls.key: must name a file
          http:;  limits:;    idle: 1ms          | line 3: http.limits.idle: '1ms' must be from 100ms to 1h
          queues:;  mail:;    concurrency: 0     | line 3: queues.mail.concurrency: 0 must be a whole number from 1 to
          queues:;  mail:;    concurency: 1      | line 3: queues.mail.concurency: is not known here; known are burst, capacity, concurrency, delivery, grace, lease, max-crashes
          queues:;  mail:;    rate: fast         | line 3: queues.mail.rate: 'fast' must be like 10/s
          queues:;  mail:;    retry:;      delay: x | line 4: queues.mail.retry.delay: 'x' must be a time
          queues:;  'a b': {}                    | line 2: queues.a b
          queues:;  mail:;    delivery: push     | line 3: queues.mail.delivery: must be pull
          queues:;  auto-create:;    max: 0      | line 3: queues.auto-create.max: 0 must be
          webhooks:;  ports: [0]                 | line 2: webhooks.ports.0: 0 must be
          webhooks:;  ports: [4294967739]        | line 2: webhooks.ports.0: 4294967739 must be a whole number from 1 to 65535
          webhooks:;  ports: [1.5]               | line 2: webhooks.ports.0: 1.5 must be
          webhooks:;  networks: [8.8.8.8]        | line 2: webhooks.networks.0: '8.8.8.8'
          a: [                                   | line 1: is no YAML
          - a                                    | line 1: must be a list of keys
          a: 1;a: 2                              | line 2: a: stands here twice
          a: &x {b: 1};c: *x                     | line 1: is an alias
          a: !thing b                            | line 1: has a tag
          """)
  void whatIsWrongIsNamedWithItsLine(String yaml, String part) throws IOException {
    Path file = file(yaml.strip().replace(";", "\n"));
    assertThatThrownBy(() -> Configuration.load(Optional.of(file), Map.of(), List.of()))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(part.strip());
  }

  @Test
  void whereWebhooksMayGoIsReadAndPrinted() throws IOException {
    Configuration configuration =
        load("webhooks:\n  http: true\n  ports: [19001, 8443]\n  networks: [10.1.0.0/16]\n");
    assertThat(configuration.server().reach())
        .isEqualTo(new Reach(true, Set.of(8443, 19001), List.of("10.1.0.0/16")));
    Configuration again = load(String.join("\n", configuration.print(Path.of("/data"))));
    assertThat(again.server().reach()).isEqualTo(configuration.server().reach());
  }

  @Test
  void aFileThatIsNotThereIsSaid() {
    Path none = directory.resolve("none.yaml");
    assertThatThrownBy(() -> Configuration.load(Optional.of(none), Map.of(), List.of()))
        .hasMessageContaining("none.yaml", "no such file");
  }

  @Test
  void flagsWinOverVariablesAndTheseOverTheFile() throws IOException {
    Path file = file("http:\n  port: 1\n  maxPayload: 2KiB\n  host: localhost\n");
    Configuration configuration =
        Configuration.load(
            Optional.of(file),
            Map.of("SLUICE_HTTP_PORT", "2", "SLUICE_HTTP_MAX_PAYLOAD", "4KiB", "HOME", "x"),
            List.of(Flag.of("http.port", "--port", 3)));
    assertThat(configuration.server().port()).isEqualTo(3);
    assertThat(configuration.server().maxPayload()).isEqualTo(4096);
    assertThat(configuration.server().host()).isEqualTo("localhost");
    assertThat(configuration.print(Path.of("/data")))
        .anySatisfy(line -> assertThat(line).matches(" +port: 3 +# --port"))
        .anySatisfy(
            line -> assertThat(line).matches(" +max-payload: 4KiB +# SLUICE_HTTP_MAX_PAYLOAD"))
        .anySatisfy(line -> assertThat(line).matches(" +host: localhost +# .*sluice.yaml line 4"))
        .anySatisfy(line -> assertThat(line).matches("data: /data +# default"));
  }

  @ParameterizedTest
  @CsvSource({
    "SLUICE_HTTP_PORT, 70000, 'SLUICE_HTTP_PORT: http.port: 70000 must be'",
    "SLUICE_QUEUES_MAIL_CONCURRENCY, 0, 'SLUICE_QUEUES_MAIL_CONCURRENCY: queues.mail.concurrency: 0'",
    "SLUICE_HTTP_PROT, 1, 'SLUICE_HTTP_PROT: is the name of no key'",
    "SLUICE_QUEUES_MAIL_CONCURENCY, 1, 'SLUICE_QUEUES_MAIL_CONCURENCY: is the name of no key'",
    "SLUICE_, 1, 'SLUICE_'",
    "SLUICE_PORT, 9000, 'SLUICE_PORT: is the name of no key'",
    "SLUICE_PORT_80, 1, 'SLUICE_PORT_80: is the name of no key'",
    "SLUICE_SERVICE, x, 'SLUICE_SERVICE: is the name of no key'",
    "SLUICE_HTTP_PORT, tcp://10.0.0.1:80, 'SLUICE_HTTP_PORT: http.port: '",
  })
  void variablesAreNamedToo(String name, String value, String part) {
    assertThatThrownBy(() -> variables(name, value))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(part);
  }

  @Test
  void variablesOfOthersAreLeftAlone() {
    assertThat(
            variables(
                    "SLUICE_JAVA_OPTS", "-Xmx1g",
                    "SLUICE_CONFIG", "x",
                    "SLUICE_FROM", "memory:",
                    "SLUICE_SERVER", "http://127.0.0.1:9",
                    "SLUICE_TO", "memory:",
                    "SLUICE_TOKEN", "y",
                    "SLUICE_TOKEN_FILE", "z",
                    "HTTP_PORT", "1",
                    "PATH", "z")
                .print(Path.of("/data")))
        .isEqualTo(variables().print(Path.of("/data")));
  }

  /// Of a Service named `sluice`, in every pod of its namespace.
  @Test
  void theLinksOfKubernetesAreLeftAlone() {
    assertThat(
            variables(
                    "SLUICE_SERVICE_HOST", "10.0.0.1",
                    "SLUICE_SERVICE_PORT", "80",
                    "SLUICE_SERVICE_PORT_HTTP", "80",
                    "SLUICE_PORT", "tcp://10.0.0.1:80",
                    "SLUICE_PORT_80_TCP", "tcp://10.0.0.1:80",
                    "SLUICE_PORT_80_TCP_PROTO", "tcp",
                    "SLUICE_PORT_80_TCP_PORT", "80",
                    "SLUICE_PORT_80_TCP_ADDR", "10.0.0.1",
                    "SLUICE_PORT_53_UDP", "udp://10.0.0.1:53")
                .print(Path.of("/data")))
        .isEqualTo(variables().print(Path.of("/data")));
  }

  @Test
  void aVariableNamesAQueueOfTheFileAsItIsWrittenThere() throws IOException {
    Path file = file("queues:\n  Mail.out-1:\n    concurrency: 1\n");
    Configuration configuration =
        Configuration.load(
            Optional.of(file),
            Map.of(
                "SLUICE_QUEUES_MAIL_OUT_1_CONCURRENCY", "7",
                "SLUICE_QUEUES_NEW_ONE_RETRY_MAX_ATTEMPTS", "9",
                "SLUICE_QUEUES_AUTO_CREATE_TEMPLATE_CONCURRENCY", "3"),
            List.of());
    QueueList queues = configuration.server().queues();
    assertThat(queues.named()).containsOnlyKeys("Mail.out-1", "default", "new-one");
    assertThat(queues.named().get("Mail.out-1").policy().concurrency()).isEqualTo(7);
    assertThat(queues.named().get("new-one").policy().retry().maxAttempts()).isEqualTo(9);
    assertThat(queues.autoCreate().orElseThrow().template().policy().concurrency()).isEqualTo(3);
  }

  @Test
  void everyKeyHasAVariableThatMeansIt() {
    for (List<String> path : Keys.ALL.paths("mail")) {
      String variable = String.join("_", path).toUpperCase(java.util.Locale.ROOT).replace('-', '_');
      assertThat(Keys.ALL.path(variable, List.of())).as(variable).contains(path);
    }
  }

  @Test
  void whatIsPrintedIsUnderstoodAgainAndShowsNoSecrets() throws IOException {
    Configuration configuration =
        load(
            """
            queues:
              mail:
                delivery:
                  webhook:
                    url: https://example.com/hook?token=canary1
                    headers: {Authorization: canary2}
            """);
    List<String> lines = configuration.print(Path.of("/data"));
    assertThat(String.join("\n", lines)).doesNotContain("canary");
    Configuration plain = load("queues:\n  mail:\n    rate: 10/s\n");
    Configuration again = load(String.join("\n", plain.print(Path.of("/data"))));
    assertThat(again.server()).isEqualTo(plain.server());
    assertThat(again.grace()).isEqualTo(plain.grace());
  }

  /// Secrets are often written in the wrong place, and complaints end in logs.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          HOOK {url: [canary]}                           | webhook.url: must be a text
          HOOK {url: canary}                             | webhook.url: *** must be like https
          HOOK {url: 'https://h/', secret: canary}       | webhook.secret: is not known here
          HOOK {url: 'https://h/', authorization: canary} | webhook.authorization: is not known here
          HOOK {url: 'https://h/', headers: 'authorization: canary'} | webhook.headers: *** must be
          HOOK {url: 'https://h/', headers: {a: [canary]}} | webhook.headers.a: must be a text
          HOOK {url: 'https://h/', connect-timeout: canary} | webhook.connect-timeout: *** must be a time
          HOOK {url: 'https://h/', secret-file: true}    | webhook.secret-file: *** must be a text
          HOOK 'url: canary'                             | delivery.webhook: *** must be an object
          HOOK {url: 'https://h/', max-in-flight: 0}     | webhook.max-in-flight: 0 must be
          queues:;  mail:;    authorization: canary      | queues.mail.authorization: is not known here
          queues:;  mail:;    delivery: 'webhook canary' | queues.mail.delivery: must be pull
          queues:;  mail: canary                         | queues.mail: must be an object
          token: canary                                  | token: is not known here
          http: 'token canary'                           | http: must be an object
          """)
  void complaintsShowNoSecrets(String yaml, String part) throws IOException {
    Path file =
        file(
            yaml.strip()
                .replace("HOOK ", "queues:;  mail:;    delivery:;      webhook: ")
                .replace(";", "\n"));
    assertThatThrownBy(
            () -> {
              Configuration configuration =
                  Configuration.load(Optional.of(file), Map.of(), List.of());
              try {
                configuration.server().check();
              } catch (BadField bad) {
                throw configuration.complaint(bad);
              }
            })
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(part.strip())
        .hasMessageNotContaining("canary");
  }

  @ParameterizedTest
  @CsvSource({
    "amqp://me:pw@host/v, amqp://me:***@host/v",
    "ampq://me:p@w:x@host/v, ampq://me:***@host/v",
    "amqp://:pw@host/v, amqp://:***@host/v",
    "amqp://me:12/pw@host, amqp://me:***@host",
    "amqp:/me:pw@host, amqp:***@host",
    "me:pw@host/v, me:***@host/v",
    "amqp://me@host:99/v, amqp://me@host:99/v",
    "sqs:eu-central-1?endpoint=http://me:pw@host, sqs:eu-central-1?endpoint=http://me:***@host",
    "sqlite:/data/a:b@c.db, sqlite:/data/a:b@c.db",
  })
  void passwordsOfEnginesAreMasked(String url, String shown) {
    assertThat(Configuration.withoutPassword(url)).isEqualTo(shown);
  }

  @Test
  void complaintsAboutTheEngineShowNoPassword() {
    Configuration configuration = variables("SLUICE_ENGINE", "ampq://me:canary@host/v?x=canary");
    assertThat(configuration.complaint("engine", "must be memory:"))
        .hasMessage("SLUICE_ENGINE: engine: 'ampq://me:***@host/v' must be memory:");
  }

  @Test
  void theSampleIsValidAndComplete() throws IOException {
    Configuration sample = Configuration.load(Optional.of(SAMPLE), Map.of(), List.of());
    assertThat(sample.server().queues().named()).containsKey("mail");
    String text = Files.readString(SAMPLE);
    List<String> missing = new ArrayList<>();
    for (List<String> path : Keys.ALL.paths("mail")) {
      if (!text.contains(path.getLast() + ":")) {
        missing.add(String.join(".", path));
      }
    }
    assertThat(missing).isEmpty();
    // What the sample says of the server and of the queue mail is what holds anyway.
    assertThat(sample.server().limits()).isEqualTo(dev.sluice.server.HttpLimits.defaults());
    assertThat(sample.server().queues().named().get("mail"))
        .isEqualTo(dev.sluice.server.QueueSpec.defaults());
  }
}
