package dev.sluice.webhook;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.Outcome;
import dev.sluice.webhook.Deliveries.Attempt;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Targets that are slow, endless, broken or never answer.
@Timeout(60)
final class HardTargetTest {
  private static final Duration SOON = Duration.ofMillis(300);

  /// Where a target stops, and what it has said by then.
  enum Hang {
    BEFORE_THE_ANSWER(""),
    IN_THE_STATUS("HTTP/1.1 50"),
    IN_THE_HEADERS("HTTP/1.1 500 No\nX-A: b\n"),
    IN_THE_BODY("HTTP/1.1 500 No\nContent-Length: 100\n\nbegun"),
    IN_A_CHUNK("HTTP/1.1 500 No\nTransfer-Encoding: chunked\n\n64\nbegun"),
    AFTER_INTERIM_ANSWERS("HTTP/1.1 100 Continue\n\nHTTP/1.1 103 Hints\n\n");

    final String said;

    Hang(String said) {
      this.said = said;
    }
  }

  private static LocalTarget hanging(Hang hang, CountDownLatch said) throws IOException {
    return new LocalTarget((_, out) -> {
      LocalTarget.write(out, hang.said);
      said.countDown();
      new CountDownLatch(1).await();
    });
  }

  private static void assertInterrupted(Attempt attempt) {
    assertThatThrownBy(attempt::outcome)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(InterruptedException.class)
        .hasMessageStartingWith("interrupted while delivering to 127.0.0.1:");
  }

  @ParameterizedTest
  @EnumSource(Hang.class)
  void anInterruptEndsTheExchange(Hang hang) throws Exception {
    CountDownLatch said = new CountDownLatch(1);
    // No time-out of the delivery's own is near.
    try (LocalTarget target = hanging(hang, said);
        WebhookHandler handler =
            Deliveries.handler(target.webhook().withResponseTimeout(Duration.ofHours(1)))) {
      Attempt attempt = Deliveries.start(handler);
      assertThat(said.await(30, TimeUnit.SECONDS)).isTrue();
      attempt.thread.interrupt();
      assertInterrupted(attempt);
    }
  }

  @ParameterizedTest
  @EnumSource(Hang.class)
  void silenceEndsTheExchange(Hang hang) throws Exception {
    try (LocalTarget target = hanging(hang, new CountDownLatch(1));
        WebhookHandler handler = Deliveries.handler(target.webhook().withResponseTimeout(SOON))) {
      String note = Deliveries.note(Deliveries.deliver(handler));
      String place = "127.0.0.1:" + target.port();
      switch (hang) {
        case IN_THE_BODY, IN_A_CHUNK ->
            assertThat(note).isEqualTo("HTTP 500 from " + place + ": begun");
        default ->
            assertThat(note).isEqualTo(place + " was silent for PT0.3S and gave no whole answer");
      }
    }
  }

  /// What a target says again and again without an end.
  enum Flood {
    BODY("HTTP/1.1 500 No\n\n", "x"),
    CHUNKS("HTTP/1.1 500 No\nTransfer-Encoding: chunked\n\n", "1\nx\n"),
    ANNOUNCED("HTTP/1.1 500 No\nContent-Length: 9223372036854775807\n\n", "x"),
    HEADERS("HTTP/1.1 500 No\n", "X-A: b\n"),
    FOLDED_HEADER("HTTP/1.1 500 No\nX-A: b\n", " c\n"),
    ONE_HEADER("HTTP/1.1 500 No\nX-A: ", "b"),
    STATUS("HTTP/1.1 500 ", "No"),
    CHUNK_EXTENSION("HTTP/1.1 500 No\nTransfer-Encoding: chunked\n\n1;a=", "b");

    final String first;
    final String then;

    Flood(String first, String then) {
      this.first = first;
      this.then = then;
    }
  }

  private static void flood(OutputStream out, Flood flood, AtomicLong sent) throws IOException {
    LocalTarget.write(out, flood.first);
    byte[] block = flood.then.repeat(1024).replace("\n", "\r\n").getBytes(ISO_8859_1);
    while (true) {
      out.write(block);
      sent.addAndGet(block.length);
    }
  }

  @ParameterizedTest
  @EnumSource(Flood.class)
  void answersWithoutAnEndAreCut(Flood flood) throws Exception {
    AtomicLong sent = new AtomicLong();
    try (LocalTarget target = new LocalTarget((_, out) -> flood(out, flood, sent));
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      String note = Deliveries.note(Deliveries.deliver(handler));
      assertThat(note).contains("127.0.0.1:" + target.port()).hasSizeLessThan(1200);
      switch (flood) {
        case BODY, CHUNKS, ANNOUNCED ->
            assertThat(note).startsWith("HTTP 500 from ").endsWith("xxx...");
        case CHUNK_EXTENSION -> assertThat(note).startsWith("HTTP 500 from ");
        default -> assertThat(note).startsWith("no whole answer from ");
      }
      // What was read, and what the buffers of both sides hold: no more was taken from the target.
      assertThat(sent.get()).isLessThan(64L << 20);
      assertThat(Deliveries.note(Deliveries.deliver(handler))).isEqualTo(note);
    }
  }

  @Test
  void aTrickleIsEndedByAnInterrupt() throws Exception {
    CountDownLatch enough = new CountDownLatch(50);
    LocalTarget.Script trickle =
        (_, out) -> {
          LocalTarget.write(out, "HTTP/1.1 500 No\nX-A: ");
          CountDownLatch never = new CountDownLatch(1);
          while (!never.await(5, TimeUnit.MILLISECONDS)) {
            LocalTarget.write(out, "a");
            enough.countDown();
          }
        };
    try (LocalTarget target = new LocalTarget(trickle);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      Attempt attempt = Deliveries.start(handler);
      assertThat(enough.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(attempt.thread.isAlive()).isTrue();
      attempt.thread.interrupt();
      assertInterrupted(attempt);
    }
  }

  @Test
  void aTrickledBodyIsNotWaitedForLong() throws Exception {
    LocalTarget.Script trickle =
        (_, out) -> {
          LocalTarget.write(out, "HTTP/1.1 500 No\n\n");
          CountDownLatch never = new CountDownLatch(1);
          while (!never.await(50, TimeUnit.MILLISECONDS)) {
            LocalTarget.write(out, "a");
          }
        };
    try (LocalTarget target = new LocalTarget(trickle);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      assertThat(Deliveries.note(Deliveries.deliver(handler)))
          .matches("HTTP 500 from 127\\.0\\.0\\.1:[0-9]+: a{1,200}");
    }
  }

  /// What holds up a body although the status is there.
  enum Delay {
    SILENT_BODY("Content-Length: 100\n\nbegun", ""),
    SILENT_CHUNK("Transfer-Encoding: chunked\n\n64\nbegun", ""),
    TRICKLED_CHUNK_HEADER("Transfer-Encoding: chunked\n\n1;a=", "b");

    final String first;
    final String then;

    Delay(String first, String then) {
      this.first = first;
      this.then = then;
    }
  }

  @ParameterizedTest
  @EnumSource(Delay.class)
  void aBodyThatNeverEndsHoldsNoSlotForTheTimeOfASilence(Delay delay) throws Exception {
    LocalTarget.Script script =
        (_, out) -> {
          LocalTarget.write(out, "HTTP/1.1 200 OK\n" + delay.first);
          CountDownLatch never = new CountDownLatch(1);
          while (!never.await(50, TimeUnit.MILLISECONDS)) {
            LocalTarget.write(out, delay.then);
          }
        };
    try (LocalTarget target = new LocalTarget(script);
        WebhookHandler handler =
            Deliveries.handler(target.webhook().withResponseTimeout(Duration.ofHours(1)))) {
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
    }
  }

  @Test
  void successIsSuccessWhateverBecomesOfTheBody() throws Exception {
    for (Hang hang : new Hang[] {Hang.IN_THE_BODY, Hang.IN_A_CHUNK}) {
      String said = hang.said.replace("500", "200").toUpperCase(Locale.ROOT);
      LocalTarget.Script script =
          (_, out) -> {
            LocalTarget.write(out, said);
            throw new IOException("wanted");
          };
      try (LocalTarget target = new LocalTarget(script);
          WebhookHandler handler = Deliveries.handler(target.webhook())) {
        assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
      }
    }
  }

  @Test
  void successIsSuccessAlsoWhenInterruptedInTheBody() throws Exception {
    CountDownLatch said = new CountDownLatch(1);
    LocalTarget.Script script =
        (_, out) -> {
          LocalTarget.write(out, "HTTP/1.1 200 OK\nContent-Length: 100\n\nbegun");
          said.countDown();
          new CountDownLatch(1).await();
        };
    try (LocalTarget target = new LocalTarget(script);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      Attempt attempt = Deliveries.start(handler);
      assertThat(said.await(30, TimeUnit.SECONDS)).isTrue();
      while (readsTheHeaders(attempt.thread)) {
        Thread.onSpinWait();
      }
      attempt.thread.interrupt();
      assertThat(attempt.outcome()).isEqualTo(Outcome.done());
    }
  }

  private static boolean readsTheHeaders(Thread thread) {
    for (StackTraceElement frame : thread.getStackTrace()) {
      if (frame.getClassName().endsWith(".Exchanges") && frame.getMethodName().equals("body")) {
        return false;
      }
    }
    return thread.isAlive();
  }

  @Test
  void aLargePayloadThatIsRefusedUnreadIsAFailure() throws Exception {
    byte[] large = new byte[8 << 20];
    try (LocalTarget target =
            LocalTarget.answering(
                "HTTP/1.1 413 Too large\nContent-Length: 0\nConnection: close\n\n");
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      assertThat(Deliveries.note(handler.handle(large, FakeJob.PLAIN)))
          .contains("127.0.0.1:" + target.port());
    }
  }

  @Test
  void anInterruptEndsARequestThatIsNotRead() throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    LocalTarget.Greeting deaf =
        socket -> {
          connected.countDown();
          assertThatThrownBy(() -> new CountDownLatch(1).await()).isNotNull();
        };
    ServerSocket server = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"));
    try (LocalTarget target = new LocalTarget(server, (_, _) -> {}, deaf);
        WebhookHandler handler = Deliveries.handler(target.webhook())) {
      Attempt attempt = new Attempt(handler, FakeJob.PLAIN, new byte[64 << 20]);
      assertThat(connected.await(30, TimeUnit.SECONDS)).isTrue();
      while (attempt.thread.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
      attempt.thread.interrupt();
      assertInterrupted(attempt);
    }
  }

  @Test
  void afterCloseADeliveryFails() throws Exception {
    try (LocalTarget target = LocalTarget.answering("HTTP/1.1 200 OK\nContent-Length: 0\n\n")) {
      WebhookHandler handler = Deliveries.handler(target.webhook());
      assertThat(Deliveries.deliver(handler)).isEqualTo(Outcome.done());
      handler.close();
      handler.close();
      assertThatThrownBy(() -> Deliveries.deliver(handler))
          .hasCauseInstanceOf(IllegalStateException.class);
    }
  }
}
