package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Inspectable.Page;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What is true of an engine at every moment, whatever was done to it.
///
/// Threading: stateless; the engine must be at rest while it is looked at.
public final class Invariants {
  private static final int PAGE = 100;

  private Invariants() {}

  /// Looks over everything that an inspectable engine shows; other engines pass.
  public static void check(Engine engine) {
    if (engine instanceof Inspectable inspectable) {
      Set<JobId> seen = new HashSet<>();
      for (String queue : inspectable.queues()) {
        checkQueue(inspectable, queue, seen);
      }
    }
  }

  private static void checkQueue(Inspectable engine, String queue, Set<JobId> seen) {
    Counts counts = engine.counts(queue);
    Set<String> keys = new HashSet<>();
    long waitingBytes = 0;
    for (JobState state : JobState.values()) {
      List<JobView> views = all(engine, queue, state, PAGE);
      assertThat(views).as("%s jobs of %s", state, queue).hasSize((int) counts.of(state));
      checkOrder(state, views);
      for (JobView view : views) {
        assertThat(seen.add(view.id())).as("%s is listed once", view.id()).isTrue();
        String key = view.job().options().key();
        assertThat(key == null || keys.add(key)).as("key %s is there once", key).isTrue();
        assertThat(view.job().queue()).isEqualTo(queue);
        assertThat(view.state()).isEqualTo(state);
        checkFields(view);
        waitingBytes += state.isWaiting() ? view.job().bytes() : 0;
      }
    }
    assertThat(counts.waitingBytes()).as("waiting bytes of %s", queue).isEqualTo(waitingBytes);
    assertThat(counts.oldestReadyMillis() > 0).isEqualTo(counts.ready() > 0);
  }

  private static void checkFields(JobView view) {
    JobState state = view.state();
    assertThat(view.dueAt() != null).as("due: %s", view).isEqualTo(state == JobState.SCHEDULED);
    assertThat(view.finishedAt() != null).as("end: %s", view).isEqualTo(state.isTerminal());
    assertThat(view.deathReason() != null).as("why: %s", view).isEqualTo(state == JobState.DEAD);
    assertThat(view.ahead() >= 0).as("ahead: %s", view).isEqualTo(state == JobState.READY);
    assertThat(view.attempt()).as("attempt: %s", view).isBetween(0, (int) view.epoch());
    assertThat(view.crashes()).as("crashes: %s", view).isBetween(0, (int) view.epoch());
    assertThat(view.attempts()).as("history: %s", view).hasSizeLessThanOrEqualTo(20);
    if (state == JobState.RUNNING || state == JobState.SUCCEEDED) {
      assertThat(view.startedAt()).as("start: %s", view).isNotNull();
      assertThat(view.epoch()).as("epoch: %s", view).isPositive();
    }
    if (state.isTerminal() || state == JobState.READY) {
      assertThat(view.cancelRequested()).as("cancel: %s", view).isFalse();
    }
  }

  private static void checkOrder(JobState state, List<JobView> views) {
    switch (state) {
      case READY -> {
        assertThat(views)
            .isSortedAccordingTo(
                Comparator.comparing((JobView view) -> view.job().priority()).reversed());
        for (int place = 0; place < views.size(); place++) {
          assertThat(views.get(place).ahead()).isGreaterThanOrEqualTo(place);
        }
      }
      case SCHEDULED ->
          assertThat(views.stream().map(JobView::dueAt).toList())
              .isSortedAccordingTo(Comparator.nullsFirst(Comparator.naturalOrder()));
      case RUNNING -> assertThat(views).isSortedAccordingTo(Comparator.comparing(JobView::id));
      // The wall clock may have been set back between two ends.
      case SUCCEEDED, DEAD, CANCELLED -> {}
    }
  }

  /// Every job of one queue in one state, gathered page by page.
  public static List<JobView> all(Inspectable engine, String queue, JobState state, int pageSize) {
    List<JobView> views = new ArrayList<>();
    @Nullable String cursor = null;
    do {
      Page page = engine.list(queue, state, pageSize, cursor);
      assertThat(page.jobs()).hasSizeLessThanOrEqualTo(pageSize);
      assertThat(page.next() == null || page.jobs().size() == pageSize)
          .as("a page that is not the last is full")
          .isTrue();
      views.addAll(page.jobs());
      cursor = page.next();
    } while (cursor != null);
    return views;
  }
}
