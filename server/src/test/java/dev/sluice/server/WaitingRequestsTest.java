package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/// Places of those who wait.
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
final class WaitingRequestsTest {
  private static final String GET = "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n";

  private static String waitFor(String id) {
    return "GET /v1/jobs/" + id + "?wait=60s HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }

  private static String enqueue(HttpProbe probe) {
    return probe.post("/v1/queues/mail/jobs", "{}").json().get("id").asString();
  }

  private static void awaitWaiting(HttpProbe probe, int callers) {
    while (probe.server().live().waits().count() != callers) {
      Thread.onSpinWait();
    }
  }

  @Test
  void whoeverIsGoneWaitsForNoJob() throws IOException {
    try (HttpProbe probe = HttpProbe.start()) {
      String id = enqueue(probe);
      List<RawClient> ghosts = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        RawClient ghost = new RawClient(probe.port());
        ghost.send(waitFor(id));
        ghosts.add(ghost);
      }
      awaitWaiting(probe, 3);
      for (RawClient ghost : ghosts) {
        ghost.end();
      }
      awaitWaiting(probe, 0);
      assertThat(probe.get("/v1/jobs/" + id + "?wait=1ms").status()).isEqualTo(200);
    }
  }

  @Test
  void whatAWaitingCallerSendsIsItsNextRequest() throws IOException {
    try (HttpProbe probe = HttpProbe.start();
        RawClient caller = new RawClient(probe.port())) {
      String id = enqueue(probe);
      caller.send(waitFor(id));
      awaitWaiting(probe, 1);
      caller.send(GET);
      probe.post("/v1/jobs/" + id + ":cancel", "");
      assertThat(caller.readAnswer()).contains("CANCELLED");
      assertThat(caller.readAnswer()).startsWith("HTTP/1.1 404");
    }
  }

  @Test
  void whoeverComesWhenTooManyWaitIsToldToComeBack() {
    WaitingRequests requests = new WaitingRequests(1, "too many wait");
    requests.enter(Thread.ofVirtual().unstarted(() -> {}));
    assertThatThrownBy(() -> requests.enter(Thread.currentThread()))
        .isInstanceOfSatisfying(
            ProblemException.class,
            refused -> {
              assertThat(refused.problem().reason()).isEqualTo("too-many-waiting");
              assertThat(refused.problem().retryAfterMillis()).hasValue(5000);
            });
  }

  @Test
  void aStopEndsTheWaitsToCome() {
    try (HttpProbe probe = HttpProbe.start()) {
      String id = enqueue(probe);
      probe.server().live().waits().close();
      assertThat(probe.get("/v1/jobs/" + id + "?wait=60s").status()).isEqualTo(200);
      assertThat(probe.get("/v1/jobs/" + id + "?wait=60s").status()).isEqualTo(200);
    }
  }
}
