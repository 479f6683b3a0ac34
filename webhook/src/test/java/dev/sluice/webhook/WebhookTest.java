package dev.sluice.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WebhookTest {
  private static final Webhook PLAIN = Webhook.to("https://example.com/hook?key=hunter2");
  private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

  private static void assertRefused(ThrowingCallable change, String message) {
    assertThatIllegalArgumentException().isThrownBy(change).withMessage(message);
  }

  @Test
  void hasDefaults() {
    assertThat(PLAIN.secrets()).isEmpty();
    assertThat(PLAIN.headers()).isEmpty();
    assertThat(PLAIN.maxInFlight()).isEqualTo(16);
    assertThat(PLAIN.connectTimeout()).isEqualTo(Duration.ofSeconds(5));
    assertThat(PLAIN.responseTimeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(PLAIN.reach()).isEqualTo(new Reach(false, Set.of(), List.of()));
  }

  @Test
  void showsNoSecretHeaderOrQuery() {
    Webhook webhook =
        PLAIN.withSecrets(SECRET).withHeaders(Map.of("authorization", "Bearer hunter2"));
    assertThat(webhook.toString())
        .isEqualTo("Webhook[example.com, 1 secrets, 1 headers, maxInFlight=16]");
  }

  @Test
  void numbersAndTimesHaveBounds() {
    assertRefused(() -> PLAIN.withMaxInFlight(0), "max-in-flight: 0 must be between 1 and 1000");
    assertRefused(
        () -> PLAIN.withMaxInFlight(1001), "max-in-flight: 1001 must be between 1 and 1000");
    assertRefused(
        () -> PLAIN.withConnectTimeout(Duration.ZERO),
        "connect-timeout: PT0S must be between PT0.001S and PT1M");
    assertRefused(
        () -> PLAIN.withResponseTimeout(Duration.ofHours(2)),
        "response-timeout: PT2H must be between PT0.001S and PT1H");
    assertRefused(() -> Reach.internet().withPorts(0), "ports: 0 must be between 1 and 65535");
    assertRefused(
        () -> Reach.internet().withPorts(65536), "ports: 65536 must be between 1 and 65535");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "whsec_",
        "hunter2",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsk_MfKQ9r8GKYqrTwjUPD8ILPZI",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS=",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
        " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS_",
        "whsec_hunter2!hunter2!hunter2!hunter2!"
      })
  void refusesASecretWithoutShowingIt(String secret) {
    assertRefused(
        () -> PLAIN.withSecrets(secret),
        "secrets: (not shown) must be whsec_ and the Base64 of 24 to 64 bytes");
  }

  @Test
  void takesSecretsOf24To64BytesAndTwoOfThem() {
    String longest = "whsec_" + "A".repeat(85) + "Q==";
    assertThat(PLAIN.withSecrets(SECRET, longest).secrets()).hasSize(2);
    assertRefused(
        () -> PLAIN.withSecrets("whsec_" + "A".repeat(86) + "A="),
        "secrets: (not shown) must be whsec_ and the Base64 of 24 to 64 bytes");
    assertRefused(
        () -> PLAIN.withSecrets(SECRET, SECRET, SECRET), "secrets: 3 entries must be at most 2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "webhook-id",
        "Webhook-Signature",
        "webhook-anything",
        "sluice-epoch",
        "SLUICE-x",
        "Host",
        "content-length",
        "Content-Type",
        "transfer-encoding",
        "connection",
        "Expect",
        "te",
        "trailer",
        "upgrade",
        "proxy-authorization",
        "traceparent",
        "tracestate",
        "content-encoding",
        "keep-alive"
      })
  void refusesHeadersThatTheDeliveryWrites(String name) {
    assertRefused(
        () -> PLAIN.withHeaders(Map.of(name, "x")),
        "headers: '" + name + "' is written by the delivery itself and must not be given");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a:b", "a\r\nb", "ä", "a\0", "(a)", " a", "a\t"})
  void refusesWhatIsNoName(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLAIN.withHeaders(Map.of(name, "x")))
        .withMessageEndingWith("must be a header's name of at most 128 characters");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "hunter2\r\nx-injected: 1",
        "hunter2\nx",
        "hunter2\rx",
        "hunter2\0",
        "hünter2",
        " hunter2",
        "hunter2 ",
        "hunter2\u2028",
        "hunter2\u010d\u010ax: 1"
      })
  void refusesValuesThatCouldBeMoreThanOneWithoutShowingThem(String value) {
    assertRefused(
        () -> PLAIN.withHeaders(Map.of("authorization", value)),
        "headers: 'authorization' must have a value of 1 to 4096 characters of visible ASCII");
  }

  @Test
  void headersAreBoundedAndUnique() {
    Map<String, String> many = new HashMap<>();
    for (int i = 0; i < 33; i++) {
      many.put("x-" + i, "1");
    }
    assertRefused(() -> PLAIN.withHeaders(many), "headers: 33 entries must be at most 32");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLAIN.withHeaders(Map.of("x-a", "1", "X-A", "2")))
        .withMessageEndingWith("must not be given twice");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PLAIN.withHeaders(Map.of("x-a", "1".repeat(4097))));
  }
}
