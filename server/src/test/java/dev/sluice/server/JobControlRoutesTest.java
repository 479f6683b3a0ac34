package dev.sluice.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.JobEvent;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import tools.jackson.databind.JsonNode;

/// Jobs that are steered while they change.
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
final class JobControlRoutesTest {
  private static final String ENQUEUE = "/v1/queues/mail/jobs";

  private static HeldEngine heldAfterTheLook() {
    return new HeldEngine((method, answer) ->
        method.equals("find")
            && answer instanceof Optional<?> found
            && found.orElse(null) instanceof JobView view
            && view.state() == JobState.READY);
  }

  private static String enqueue(HttpProbe probe) {
    return probe.post(ENQUEUE, "{}").json().get("id").asString();
  }

  /// Starts the job between the look at it and what is done to it then.
  private static JsonNode started(
      HeldEngine held, HttpProbe probe, Supplier<HttpProbe.Answer> ask, int status)
      throws InterruptedException {
    CompletableFuture<HttpProbe.Answer> asked = CompletableFuture.supplyAsync(ask);
    held.awaitHeld();
    JsonNode job = probe.post(ENQUEUE + ":lease", "{\"wait\": \"20s\"}").json().get("jobs").get(0);
    held.letGo();
    HttpProbe.Answer answer = asked.join();
    assertThat(answer.status()).isEqualTo(status);
    String lease = "/v1/leases/" + job.at("/lease/token").asString();
    assertThat(probe.post(lease + ":extend", "{}").json().get("cancelRequested").asBoolean())
        .isFalse();
    assertThat(probe.post(lease + ":complete", "").status()).isEqualTo(204);
    return answer.json();
  }

  private static JobState state(HttpProbe probe, String id) {
    return probe.sluice().find(JobId.parse(id)).orElseThrow().view().state();
  }

  @Test
  void aJobThatStartsWhileItIsToBeDeletedGoesOn() throws Exception {
    HeldEngine held = heldAfterTheLook();
    try (HttpProbe probe = HttpProbe.start(held.engine())) {
      String id = enqueue(probe);
      JsonNode problem = started(held, probe, () -> probe.delete("/v1/jobs/" + id), 409);
      assertThat(problem.get("reason").asString()).isEqualTo("wrong-state");
      assertThat(state(probe, id)).isEqualTo(JobState.SUCCEEDED);
      probe.sluice().close(Duration.ZERO);
    }
  }

  @Test
  void aJobThatStartsWhileManyAreToBeDeletedGoesOn() throws Exception {
    HeldEngine held = heldAfterTheLook();
    try (HttpProbe probe = HttpProbe.start(held.engine())) {
      String id = enqueue(probe);
      JsonNode answer =
          started(
              held,
              probe,
              () -> probe.post("/v1/jobs:delete", "{\"queue\":\"mail\",\"state\":\"READY\"}"),
              200);
      assertThat(answer.get("failed").asInt()).isEqualTo(1);
      assertThat(answer.get("requested").asInt()).isZero();
      assertThat(state(probe, id)).isEqualTo(JobState.SUCCEEDED);
      probe.sluice().close(Duration.ZERO);
    }
  }

  @Test
  void theEndOfAWaitingJobThatIsDeletedIsTold() {
    try (HttpProbe probe = HttpProbe.start()) {
      List<JobEvent> events = new CopyOnWriteArrayList<>();
      Runnable _ = probe.sluice().listen(events::add);
      String id = enqueue(probe);
      assertThat(probe.delete("/v1/jobs/" + id).status()).isEqualTo(204);
      assertThat(events)
          .singleElement()
          .isInstanceOfSatisfying(
              JobEvent.Cancelled.class,
              event -> assertThat(event.job().id().toString()).isEqualTo(id));
    }
  }
}
