package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.sluice.engine.Claim;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Inspectable.Page;
import dev.sluice.engine.Settlement;
import dev.sluice.job.DeathReason;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Looking at what is there, for engines with the role Inspectable.
public interface InspectContract extends Topic {

  @Test
  default void anUnknownJobIsNotThere(Trial trial) {
    assertThat(trial.inspect().find(trial.job().build().id())).isEmpty();
    assertThat(trial.inspect().findByKey(Trial.QUEUE, "k")).isEmpty();
  }

  @Test
  default void aJobIsFoundByItsKeyInItsQueueOnly(Trial trial) {
    JobId id = trial.accepted(trial.job().key("k"));

    assertThat(trial.inspect().findByKey(Trial.QUEUE, "k").map(JobView::id)).contains(id);
    assertThat(trial.inspect().findByKey("other", "k")).isEmpty();
    assertThat(trial.inspect().findByKey(Trial.QUEUE, "K")).isEmpty();
  }

  @Test
  default void queuesAreListedByName(Trial trial) {
    trial.accepted(trial.job().queue("b"));
    trial.accepted(trial.job().queue("a"));
    trial.accepted(trial.job().queue("B"));

    assertThat(trial.inspect().queues()).containsExactly("B", "a", "b");
  }

  @Test
  default void anUnknownQueueCountsZero(Trial trial) {
    assertThat(trial.inspect().counts("never-heard-of"))
        .isEqualTo(new Counts(0, 0, 0, 0, 0, 0, 0, 0, false));
    for (JobState state : JobState.values()) {
      assertThat(trial.inspect().list("never-heard-of", state, 10, null))
          .isEqualTo(new Page(List.of(), null));
    }
  }

  @Test
  default void everyStateIsCounted(Trial trial) {
    Claim succeeded = trial.started();
    trial.applied(succeeded, Settlement.Complete.INSTANCE);
    Claim dead = trial.started();
    trial.applied(dead, new Settlement.Bury(DeathReason.BURIED, trial.failed(dead)));
    trial.control().cancel(trial.accepted());
    trial.started();
    long created = trial.world().wallMillis();
    trial.accepted(trial.job().bytes(10));
    trial.accepted(trial.job().bytes(5));
    trial.accepted(trial.job().bytes(7).runAt(trial.inFuture(Duration.ofHours(1))));

    assertThat(trial.counts()).isEqualTo(new Counts(1, 2, 1, 1, 1, 1, 22, created, false));
    assertThat(trial.counts().waiting()).isEqualTo(3);
  }

  @Test
  default void theOldestReadyJobIsSoughtAtTheHeadOfEachLine(Trial trial) {
    assertThat(trial.counts().oldestReadyMillis()).isZero();
    long oldest = trial.world().wallMillis();
    trial.accepted(trial.job().priority(Priority.LOW));
    trial.advance(Duration.ofSeconds(1));
    trial.accepted(trial.job().priority(Priority.HIGH));

    assertThat(trial.counts().oldestReadyMillis()).isEqualTo(oldest);
  }

  @Test
  default void readyJobsAreListedInStartingOrder(Trial trial) {
    List<JobId> normal = trial.accepted(3);
    JobId low = trial.accepted(trial.job().priority(Priority.LOW));
    JobId high = trial.accepted(trial.job().priority(Priority.HIGH));
    List<JobId> all = new ArrayList<>();
    all.add(high);
    all.addAll(normal);
    all.add(low);

    for (int page = 1; page <= 6; page++) {
      assertThat(trial.listed(JobState.READY, page)).as("pages of %s", page).isEqualTo(all);
    }
  }

  @Test
  default void scheduledJobsAreListedByDueTime(Trial trial) {
    JobId third = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofSeconds(3))));
    JobId first = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofSeconds(1))));
    JobId second = trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofSeconds(2))));

    for (int page = 1; page <= 4; page++) {
      assertThat(trial.listed(JobState.SCHEDULED, page)).containsExactly(first, second, third);
    }
  }

  @Test
  default void scheduledJobsOfOneTimeAreAllListed(Trial trial) {
    long due = trial.inFuture(Duration.ofSeconds(1));
    List<JobId> ids = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      ids.add(trial.accepted(trial.job().runAt(due)));
    }

    assertThat(trial.listed(JobState.SCHEDULED, 3)).isEqualTo(ids);
  }

  @Test
  default void runningJobsAreListedById(Trial trial) {
    JobDraft first = trial.job();
    JobDraft second = trial.job();
    JobDraft third = trial.job();
    JobId b = trial.accepted(second);
    JobId c = trial.accepted(third);
    JobId a = trial.accepted(first);
    trial.claim(3);

    for (int page = 1; page <= 4; page++) {
      assertThat(trial.listed(JobState.RUNNING, page)).containsExactly(a, b, c);
    }
  }

  @Test
  default void endedJobsAreListedByTheirEnd(Trial trial) {
    List<JobId> cancelled = new ArrayList<>();
    List<JobId> ids = trial.accepted(4);
    for (JobId id : ids.reversed()) {
      trial.control().cancel(id);
      cancelled.add(id);
      trial.advance(Duration.ofMillis(1));
    }

    for (int page = 1; page <= 5; page++) {
      assertThat(trial.listed(JobState.CANCELLED, page)).isEqualTo(cancelled);
    }
  }

  @Test
  default void jobsThatEndedTogetherAreAllListed(Trial trial) {
    List<JobId> ids = trial.accepted(7);
    for (Claim claim : trial.claim(7)) {
      trial.applied(claim, Settlement.Complete.INSTANCE);
    }

    assertThat(trial.listed(JobState.SUCCEEDED, 3)).containsExactlyInAnyOrderElementsOf(ids);
  }

  @Test
  default void thePageThatHoldsTheRestIsTheLast(Trial trial) {
    trial.accepted(4);

    assertThat(trial.inspect().list(Trial.QUEUE, JobState.READY, 4, null).next()).isNull();
    Page first = trial.inspect().list(Trial.QUEUE, JobState.READY, 2, null);
    assertThat(first.next()).isNotNull();
    assertThat(trial.inspect().list(Trial.QUEUE, JobState.READY, 2, first.next()).next()).isNull();
  }

  @Test
  default void jobsThatStartMeanwhileHideNoOthers(Trial trial) {
    List<JobId> ids = trial.accepted(6);
    Page first = trial.inspect().list(Trial.QUEUE, JobState.READY, 2, null);
    trial.claim(3);

    Page second = trial.inspect().list(Trial.QUEUE, JobState.READY, 10, first.next());

    assertThat(second.jobs()).extracting(JobView::id).isEqualTo(ids.subList(3, 6));
  }

  @Test
  default void jobsThatLeaveTheMiddleHideNoOthers(Trial trial) {
    List<JobId> ids = trial.accepted(6);
    Page first = trial.inspect().list(Trial.QUEUE, JobState.READY, 2, null);
    trial.control().cancel(ids.get(1));

    Page second = trial.inspect().list(Trial.QUEUE, JobState.READY, 10, first.next());

    assertThat(second.jobs()).extracting(JobView::id).isEqualTo(ids.subList(2, 6));
  }

  @Test
  default void delayedJobsThatLeaveHideNoOthers(Trial trial) {
    List<JobId> ids = new ArrayList<>();
    for (int i = 1; i <= 5; i++) {
      ids.add(trial.accepted(trial.job().runAt(trial.inFuture(Duration.ofSeconds(i)))));
    }
    Page first = trial.inspect().list(Trial.QUEUE, JobState.SCHEDULED, 2, null);
    trial.control().cancel(ids.get(1));

    Page second = trial.inspect().list(Trial.QUEUE, JobState.SCHEDULED, 10, first.next());

    assertThat(second.jobs()).extracting(JobView::id).isEqualTo(ids.subList(2, 5));
  }

  @Test
  default void aPageHoldsOneToAThousandJobs(Trial trial) {
    for (int limit : new int[] {0, -1, 1_001}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> trial.inspect().list(Trial.QUEUE, JobState.READY, limit, null))
          .withMessageContaining("limit")
          .withMessageContaining(Integer.toString(limit));
    }
    trial.accepted();
    assertThat(trial.inspect().list(Trial.QUEUE, JobState.READY, 1_000, null).jobs()).hasSize(1);
  }

  @Test
  default void aCursorThatNobodyGaveIsRefused(Trial trial) {
    trial.accepted();
    for (String bad : List.of("", "x", "' OR 1=1 --", "-1", "💥", "9".repeat(500))) {
      assertThatIllegalArgumentException()
          .as("cursor %s", bad)
          .isThrownBy(() -> trial.inspect().list(Trial.QUEUE, JobState.READY, 10, bad));
    }
  }
}
