package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.Codec;
import dev.sluice.Delivery;
import dev.sluice.JobType;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Environment;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import dev.sluice.job.JobView;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/// Workers that are gone before they are answered.
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
final class LeaseWaitsTest {
  private static final String ENQUEUE = "/v1/queues/mail/jobs";
  private static final String LEASE = "/v1/queues/mail/jobs:lease";
  private static final String GET = "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n";

  /// A request for jobs that waits long.
  private static String lease() {
    String body = "{\"wait\": \"60s\"}";
    return "POST "
        + LEASE
        + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  private static void await(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      Thread.onSpinWait();
    }
  }

  private static void awaitWaiting(SluiceServer server, int workers) {
    await(() -> server.live().leases().count() == workers);
  }

  @Test
  void workersThatAreGoneTakeNoJobWithThem() throws IOException {
    try (HttpProbe probe = HttpProbe.start()) {
      List<RawClient> ghosts = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        RawClient ghost = new RawClient(probe.port());
        ghost.send(lease());
        ghosts.add(ghost);
        awaitWaiting(probe.server(), i + 1);
      }
      for (RawClient ghost : ghosts) {
        ghost.end();
      }
      awaitWaiting(probe.server(), 0);
      String id = probe.post(ENQUEUE, "{}").json().get("id").asString();
      var job = probe.post(LEASE, "{\"wait\": \"20s\"}").json().get("jobs").get(0);
      assertThat(job.get("id").asString()).isEqualTo(id);
      assertThat(job.get("attempt").asInt()).isEqualTo(1);
      assertThat(view(probe.sluice(), id).crashes()).isZero();
      probe.post("/v1/leases/" + job.at("/lease/token").asString() + ":complete", "");
    }
  }

  private static JobView view(Sluice sluice, String id) {
    return sluice.find(JobId.parse(id)).orElseThrow().view();
  }

  @Test
  void aJobThatWasClaimedForAWorkerThatIsGoneIsGivenBack() throws Exception {
    HeldEngine held =
        new HeldEngine(
            (_, answer) -> answer instanceof Claimed claimed && !claimed.claims().isEmpty());
    try (Sluice sluice =
            Sluice.on(held.engine())
                .queue("mail", QueuePolicy.defaults(), Delivery.pull())
                .start();
        SluiceServer server =
            SluiceServer.start(
                ServerConfig.defaults().withQueues(QueueList.none()).withPort(0),
                sluice,
                Callers.everybody(),
                Environment.system());
        RawClient ghost = new RawClient(server.port())) {
      var accepted =
          (Admission.Accepted)
              sluice.enqueue(new JobType<>("t", Codec.bytes(), "mail"), new byte[0]);
      JobId id = accepted.id();
      ghost.send(lease());
      held.awaitHeld();
      ghost.end();
      awaitWaiting(server, 0);
      held.letGo();
      var jobs = sluice.workers().lease("mail", 1, Duration.ofSeconds(30), Duration.ofSeconds(30));
      assertThat(jobs)
          .singleElement()
          .satisfies(job -> {
            assertThat(job.job().id()).isEqualTo(id);
            assertThat(job.attempt()).isEqualTo(1);
          });
      assertThat(sluice.find(id).orElseThrow().view().crashes()).isZero();
      sluice.close(Duration.ZERO);
    }
  }

  @Test
  void whatAWaitingWorkerSendsIsItsNextRequest() throws IOException {
    try (HttpProbe probe = HttpProbe.start();
        RawClient worker = new RawClient(probe.port())) {
      worker.send(lease());
      awaitWaiting(probe.server(), 1);
      worker.send(GET);
      String id = probe.post(ENQUEUE, "{}").json().get("id").asString();
      assertThat(worker.readAnswer()).contains(id);
      assertThat(worker.readAnswer()).startsWith("HTTP/1.1 404");

      // And both at once, with a wait each.
      worker.send(lease() + lease());
      for (int i = 0; i < 2; i++) {
        awaitWaiting(probe.server(), 1);
        String next = probe.post(ENQUEUE, "{}").json().get("id").asString();
        assertThat(worker.readAnswer()).contains(next);
      }
      worker.send(GET);
      assertThat(worker.readAnswer()).startsWith("HTTP/1.1 404");
      probe.sluice().close(Duration.ZERO);
    }
  }
}
