package dev.sluice.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.standardwebhooks.exceptions.WebhookVerificationException;
import java.net.http.HttpHeaders;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Against the reference library of Standard Webhooks, and against values computed elsewhere.
final class WebhookSignatureTest {
  private static final String ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
  private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  private static final String OTHER = "whsec_" + Base64.getEncoder().encodeToString(new byte[64]);

  private static String sign(long timestamp, String body, String... secrets) {
    return new WebhookSignature(List.of(secrets)).sign(ID, timestamp, body.getBytes(UTF_8));
  }

  // The reference refuses timestamps that are five minutes off, by a clock that cannot be set.
  private static long now() {
    return System.currentTimeMillis() / 1000;
  }

  private static HttpHeaders headers(String id, long timestamp, String signature) {
    return HttpHeaders.of(
        Map.of(
            "webhook-id", List.of(id),
            "webhook-timestamp", List.of(Long.toString(timestamp)),
            "webhook-signature", List.of(signature)),
        (_, _) -> true);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, msg_p5jXN8AQM9LWM0D4loKWxJek, 1614265330, `{\"test\": 2432232314}`, `v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=`",
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD, msg_27UH4WbU6Z5A5EzD8u03UvzRbpk, 1649367553, `{\"email\":\"test@example.com\",\"username\":\"test_user\"}`, `v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=`",
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==, 01890a5d-ac96-774b-bcce-b302099a8057, 1700000000, `{\"name\":\"Zoë €\"}`, `v1,wAHGND5UUvrfYgg6UDTLZj0BV9zjWwMEgASxU5fMwEY=`",
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX, 01890a5d-ac96-774b-bcce-b302099a8057, 0, `x`, `v1,o/yoVqftq1RoyAslL2fLCsaXMLDfx2qTDnnpQ/qsGy4=`"
      })
  void isWhatOthersComputed(
      String secret, String id, long timestamp, String body, String expected) {
    String text = body == null ? "" : body;
    assertThat(new WebhookSignature(List.of(secret)).sign(id, timestamp, text.getBytes(UTF_8)))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"test\": 2432232314}", "", "plain", "{\"a\":\"äöü €\"}", "a.b.c\r\n"})
  void theReferenceVerifiesOurs(String body) throws Exception {
    var reference = new com.standardwebhooks.Webhook(SECRET);
    long now = now();
    reference.verify(body, headers(ID, now, sign(now, body, SECRET)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"test\": 2432232314}", "", "plain", "{\"a\":\"äöü €\"}", "a.b.c\r\n"})
  void theReferenceSignsAsWeDo(String body) throws Exception {
    var reference = new com.standardwebhooks.Webhook(SECRET);
    assertThat(sign(1614265330, body, SECRET)).isEqualTo(reference.sign(ID, 1614265330, body));
  }

  @Test
  void everyLengthOfSecretIsUnderstoodAlike() throws Exception {
    for (int length : IntStream.rangeClosed(24, 64).toArray()) {
      byte[] key = new byte[length];
      Arrays.fill(key, (byte) (length * 5));
      String secret = "whsec_" + Base64.getEncoder().encodeToString(key);
      assertThat(sign(1614265330, "x", secret))
          .isEqualTo(new com.standardwebhooks.Webhook(secret).sign(ID, 1614265330, "x"));
    }
  }

  @Test
  void duringARotationEitherSecretVerifies() throws Exception {
    long now = now();
    HttpHeaders headers = headers(ID, now, sign(now, "body", SECRET, OTHER));
    new com.standardwebhooks.Webhook(SECRET).verify("body", headers);
    new com.standardwebhooks.Webhook(OTHER).verify("body", headers);
  }

  @Test
  void theReferenceRefusesWhatWasChangedOrCut() throws Exception {
    var reference = new com.standardwebhooks.Webhook(SECRET);
    long now = now();
    String signature = sign(now, "body", SECRET);
    List<HttpHeaders> changed =
        List.of(
            headers(ID + "x", now, signature),
            headers(ID, now + 1, signature),
            headers(ID, now, sign(now, "body", OTHER)),
            headers(ID, now, signature.substring(0, signature.length() - 4)),
            headers(ID, now, "v1," + Base64.getEncoder().encodeToString(new byte[32])));
    for (HttpHeaders headers : changed) {
      assertThatThrownBy(() -> reference.verify("body", headers))
          .isInstanceOf(WebhookVerificationException.class);
    }
    assertThatThrownBy(() -> reference.verify("bod", headers(ID, now, signature)))
        .isInstanceOf(WebhookVerificationException.class);
    long old = now - 3600;
    assertThatThrownBy(() -> reference.verify("body", headers(ID, old, sign(old, "body", SECRET))))
        .isInstanceOf(WebhookVerificationException.class);
  }

  @Test
  void withoutASecretThereIsNone() {
    assertThat(new WebhookSignature(List.of()).isSigned()).isFalse();
  }
}
