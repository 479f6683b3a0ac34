package dev.sluice.webhook;

import static dev.sluice.webhook.Deliveries.PAYLOAD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.Outcome;
import dev.sluice.webhook.Deliveries.Attempt;
import dev.sluice.webhook.LocalTarget.Request;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a delivery sends, and what it makes of ordinary answers.
@Timeout(60)
final class WebhookHandlerTest {
  /// The answer of a delivery whose turn did not come.
  private static final Outcome AWAY = Outcome.snooze(Duration.ofSeconds(1));

  private static final String OK = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok";
  private static final String NEW = "whsec_" + Base64.getEncoder().encodeToString(new byte[24]);
  private static final String OLD = "whsec_" + Base64.getEncoder().encodeToString(new byte[32]);

  private static Request sent(Webhook webhook, LocalTarget target, Map<String, String> headers)
      throws Exception {
    try (WebhookHandler handler = Deliveries.handler(webhook)) {
      assertThat(handler.handle(PAYLOAD, FakeJob.with(headers))).isEqualTo(Outcome.done());
    }
    return target.take();
  }

  @Test
  void sendsThePayloadAndSaysWhatItIs() throws Exception {
    try (LocalTarget target = LocalTarget.answering(OK)) {
      Webhook webhook = Webhook.to(target.url() + "?a=b", target.reach()).withSecrets(NEW);
      Request request = sent(webhook, target, Map.of());
      assertThat(request.line()).isEqualTo("POST /hook?a=b HTTP/1.1");
      assertThat(request.body()).isEqualTo(PAYLOAD);
      String signature =
          new WebhookSignature(List.of(NEW)).sign(FakeJob.ID, 1_700_000_000, PAYLOAD);
      assertThat(request.headers())
          .containsOnly(
              Map.entry("host", List.of("127.0.0.1:" + target.port())),
              Map.entry("connection", List.of("keep-alive")),
              Map.entry("user-agent", List.of("Sluice")),
              Map.entry("content-length", List.of("" + PAYLOAD.length)),
              Map.entry("content-type", List.of("application/json")),
              Map.entry("webhook-id", List.of(FakeJob.ID)),
              Map.entry("webhook-timestamp", List.of("1700000000")),
              Map.entry("webhook-signature", List.of(signature)),
              Map.entry("sluice-attempt", List.of("2")),
              Map.entry("sluice-epoch", List.of("7")),
              Map.entry("sluice-queue", List.of("orders")),
              Map.entry("sluice-type", List.of("order.created")));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/", "//other.example/x", "/a//b/../c;d=1@x?y=%20&z=/?:@", "/?", "?q", ""})
  void thePathIsSentAsItStands(String path) throws Exception {
    try (LocalTarget target = LocalTarget.answering(OK)) {
      String url = "http://127.0.0.1:" + target.port() + path;
      Request request = sent(Webhook.to(url, target.reach()), target, Map.of());
      String absolute = path.startsWith("/") ? path : "/" + path;
      assertThat(request.line()).isEqualTo("POST " + absolute + " HTTP/1.1");
      assertThat(request.header("host")).contains("127.0.0.1:" + target.port());
    }
  }

  @Test
  void signsWithBothSecretsDuringARotationAndNotAtAllWithout() throws Exception {
    try (LocalTarget target = LocalTarget.answering(OK)) {
      Request both = sent(target.webhook().withSecrets(NEW, OLD), target, Map.of());
      String one = new WebhookSignature(List.of(NEW)).sign(FakeJob.ID, 1_700_000_000, PAYLOAD);
      String two = new WebhookSignature(List.of(OLD)).sign(FakeJob.ID, 1_700_000_000, PAYLOAD);
      assertThat(both.header("webhook-signature")).contains(one + " " + two);
      Request none = sent(target.webhook(), target, Map.of());
      assertThat(none.header("webhook-signature")).isEmpty();
      assertThat(none.header("webhook-id")).contains(FakeJob.ID);
    }
  }

  @Test
  void theContentTypeAndTheTraceTravelAndNothingElse() throws Exception {
    try (LocalTarget target = LocalTarget.answering(OK)) {
      Request request =
          sent(
              target.webhook(),
              target,
              Map.of(
                  "Content-Type", "text/plain; charset=utf-8",
                  "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                  "tracestate", "vendor=1",
                  "webhook-id", "forged",
                  "webhook-signature", "v1,forged",
                  "sluice-epoch", "99",
                  "host", "evil.example",
                  "authorization", "forged"));
      assertThat(request.header("content-type")).contains("text/plain; charset=utf-8");
      assertThat(request.header("traceparent"))
          .contains("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
      assertThat(request.header("tracestate")).contains("vendor=1");
      assertThat(request.headers().get("webhook-id")).containsExactly(FakeJob.ID);
      assertThat(request.headers().get("sluice-epoch")).containsExactly("7");
      assertThat(request.header("host")).contains("127.0.0.1:" + target.port());
      assertThat(request.headers()).doesNotContainKeys("webhook-signature", "authorization");
    }
  }

  @Test
  void configuredHeadersAreAddedAndReplaceTheUserAgent() throws Exception {
    try (LocalTarget target = LocalTarget.answering(OK)) {
      Webhook webhook =
          target
              .webhook()
              .withHeaders(Map.of("Authorization", "Bearer hunter2", "User-Agent", "Shop/1"));
      Request request = sent(webhook, target, Map.of());
      assertThat(request.headers().get("authorization")).containsExactly("Bearer hunter2");
      assertThat(request.headers().get("user-agent")).containsExactly("Shop/1");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "a/b\r\nx-injected: 1", "a/b\nx: 1", "a/b\r", "a/b\0", "text/ünicode"})
  void aContentTypeThatIsNoHeaderValueIsBuriedUnsent(String value) throws Exception {
    try (LocalTarget target = LocalTarget.answering(OK);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      assertThat(handler.handle(PAYLOAD, FakeJob.with(Map.of("content-type", value))))
          .isEqualTo(
              Outcome.bury("the job's content-type is not visible ASCII of 1 to 4096 characters"));
      assertThat(target.connections()).isZero();
    }
  }

  @Test
  void aTraceThatIsNoHeaderValueStaysBehind() throws Exception {
    try (LocalTarget target = LocalTarget.answering(OK)) {
      Request request =
          sent(
              target.webhook(),
              target,
              Map.of("traceparent", "00-4bf9\r\nx-injected: 1", "tracestate", "a=\u010d\u010ab"));
      assertThat(request.headers()).doesNotContainKeys("traceparent", "tracestate", "x-injected");
    }
  }

  @Test
  void anEmptyPayloadIsAnEmptyBody() throws Exception {
    try (LocalTarget target = LocalTarget.answering(OK);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      assertThat(handler.handle(new byte[0], FakeJob.PLAIN)).isEqualTo(Outcome.done());
      Request request = target.take();
      assertThat(request.header("content-length")).contains("0");
      assertThat(request.body()).isEmpty();
    }
  }

  @Test
  void anAnswerBecomesAnOutcome() throws Exception {
    String busy = "HTTP/1.1 503 Busy\nRetry-After: 7\nContent-Length: 4\n\nlate";
    try (LocalTarget target = LocalTarget.answering(busy);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      assertThat(Deliveries.deliver(handler))
          .isEqualTo(
              Outcome.retry(
                  Duration.ofSeconds(7), "HTTP 503 from 127.0.0.1:" + target.port() + ": late"));
    }
  }

  @Test
  void redirectsAreNotFollowedAndCookiesNotKept() throws Exception {
    try (LocalTarget elsewhere = LocalTarget.answering(OK)) {
      String found =
          "HTTP/1.1 307 Moved\nLocation: "
              + elsewhere.url()
              + "\nSet-Cookie: a=b\nContent-Length: 0\n\n";
      try (LocalTarget target = LocalTarget.answering(found);
          WebhookHandler handler = Deliveries.handler(target.webhook())) {
        assertThat(Deliveries.note(Deliveries.deliver(handler)))
            .startsWith("HTTP 307 from ")
            .endsWith("(redirects are not followed)");
        Deliveries.deliver(handler);
        target.take();
        assertThat(target.take().header("cookie")).isEmpty();
        assertThat(elsewhere.connections()).isZero();
      }
    }
  }

  @Test
  void aChallengeIsNotAnswered() throws Exception {
    String challenge =
        "HTTP/1.1 401 No\nWWW-Authenticate: Basic realm=\"x\"\nContent-Length: 0\n\n";
    try (LocalTarget target = LocalTarget.answering(challenge);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      assertThat(Deliveries.note(Deliveries.deliver(handler))).startsWith("HTTP 401 from ");
      assertThat(target.take().header("authorization")).isEmpty();
    }
  }

  @Test
  void compressedAnswersAreNotUnpacked() throws Exception {
    String packed = "HTTP/1.1 500 No\nContent-Encoding: gzip\nContent-Length: 4\n\n\u001f\u008b\bx";
    try (LocalTarget target = LocalTarget.answering(packed);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      assertThat(Deliveries.note(Deliveries.deliver(handler))).endsWith("x");
      assertThat(target.take().header("accept-encoding")).isEmpty();
    }
  }

  @Test
  void aConnectionIsUsedAgain() throws Exception {
    try (LocalTarget target = LocalTarget.answering(OK);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      for (int i = 0; i < 5; i++) {
        assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
      }
      assertThat(target.connections()).isEqualTo(1);
    }
  }

  @Test
  void aConnectionThatTheTargetClosedIsReplacedWithoutAFailure() throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    LocalTarget.Script once =
        (_, out) -> {
          LocalTarget.write(out, OK);
          out.close();
          closed.countDown();
        };
    try (LocalTarget target = new LocalTarget(once);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
      assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
      assertThat(target.connections()).isEqualTo(2);
    }
  }

  @Test
  void noMoreThanMaxInFlightAreMadeAtOnce() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    LocalTarget.Script waiting =
        (_, out) -> {
          go.await();
          LocalTarget.write(out, OK);
        };
    try (LocalTarget target = new LocalTarget(waiting);
        WebhookHandler handler = Deliveries.handler(target.webhook().withMaxInFlight(2))) {
      List<Attempt> attempts = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        attempts.add(Deliveries.start(handler));
      }
      target.take();
      target.take();
      Attempt waits = attempts.stream().filter(WebhookHandlerTest::waitsForItsTurn).findAny().get();
      waits.thread.interrupt();
      assertThatThrownBy(waits::outcome)
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(InterruptedException.class);
      assertThat(target.connections()).isEqualTo(2);
      go.countDown();
      attempts.remove(waits);
      for (Attempt attempt : attempts) {
        assertThat(attempt.outcome()).isIn(Outcome.done(), AWAY);
      }
      assertThat(target.connections()).isEqualTo(2);
    }
  }

  @Test
  void whoseTurnDoesNotComeGivesAttemptAndSlotBack() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    LocalTarget.Script waiting =
        (_, out) -> {
          go.await();
          LocalTarget.write(out, OK);
        };
    try (LocalTarget target = new LocalTarget(waiting);
        WebhookHandler handler = Deliveries.handler(target.webhook().withMaxInFlight(1))) {
      Attempt first = Deliveries.start(handler);
      target.take();
      assertThat(Deliveries.deliver(handler)).isEqualTo(AWAY);
      go.countDown();
      assertThat(first.outcome()).isEqualTo(Outcome.done());
    }
  }

  private static boolean waitsForItsTurn(Attempt attempt) {
    for (StackTraceElement frame : attempt.thread.getStackTrace()) {
      if (frame.getClassName().endsWith(".Exchanges")) {
        return false;
      }
    }
    return true;
  }

  @Test
  void aTargetThatRefusesConnectionsIsNamed() throws Exception {
    LocalTarget target = LocalTarget.answering(OK);
    target.close();
    try (WebhookHandler handler = Deliveries.handler(target.webhook())) {
      assertThat(Deliveries.note(Deliveries.deliver(handler)))
          .startsWith("no connection to 127.0.0.1:" + target.port() + ": ")
          .endsWith("Connection refused");
    }
  }

  @Test
  void anAnswerThatIsNoHttpIsAFailure() throws Exception {
    try (LocalTarget target = LocalTarget.answering("SSH-2.0-OpenSSH_9.9\n");
        WebhookHandler handler =
            Deliveries.handler(target.webhook().withResponseTimeout(Duration.ofMillis(200)))) {
      assertThat(Deliveries.note(Deliveries.deliver(handler)))
          .contains("127.0.0.1:" + target.port());
    }
  }

  @Test
  void aConnectionClosedWithoutAnAnswerIsAFailure() throws Exception {
    LocalTarget.Script hangUp =
        (_, _) -> {
          throw new IOException("wanted");
        };
    try (LocalTarget target = new LocalTarget(hangUp);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      assertThat(Deliveries.note(Deliveries.deliver(handler)))
          .isEqualTo("127.0.0.1:" + target.port() + " closed the connection and gave no answer");
    }
  }
}
