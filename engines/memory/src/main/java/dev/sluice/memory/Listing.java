package dev.sluice.memory;

import dev.sluice.engine.Inspectable.Page;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One page of a queue's jobs in one state. Continues behind the job of the cursor when that is
/// still where it was, which costs nothing; else it looks for the place from the front.
///
/// Threading: confined to the lock of the engine.
final class Listing {
  private final MemoryQueue queue;
  private final JobState state;
  private final int limit;
  private final @Nullable Cursor cursor;
  private final @Nullable JobNode anchor;
  private final List<JobNode> found = new ArrayList<>();

  /// @param anchor the job of the cursor, if it is kept
  Listing(
      MemoryQueue queue,
      JobState state,
      int limit,
      @Nullable Cursor cursor,
      @Nullable JobNode anchor) {
    this.queue = queue;
    this.state = state;
    this.limit = limit;
    this.cursor = cursor;
    this.anchor = anchor;
  }

  Page page() {
    switch (state) {
      case READY -> ready();
      case SCHEDULED -> scheduled();
      case RUNNING -> running();
      case SUCCEEDED, DEAD, CANCELLED -> follow(startOf(queue.line(state)));
    }
    boolean more = found.size() > limit;
    List<JobView> views = found.stream().limit(limit).map(JobNode::view).toList();
    return new Page(views, more ? Cursor.of(found.get(limit - 1)).text() : null);
  }

  private void ready() {
    Priority from = cursor == null ? Priority.HIGH : cursor.priority();
    for (Priority priority : List.of(Priority.HIGH, Priority.NORMAL, Priority.LOW)) {
      Line line = queue.ready(priority);
      if (priority == from) {
        follow(startOf(line));
      } else if (priority.compareTo(from) < 0) {
        follow(line.head);
      }
    }
  }

  private void scheduled() {
    Iterable<JobNode> rest =
        cursor == null ? queue.scheduled : queue.scheduled.tailSet(probe(cursor), false);
    for (JobNode node : rest) {
      if (found.size() > limit) {
        return;
      }
      found.add(node);
    }
  }

  // Running jobs are no more than there are workers, and their line is in the order of starting.
  private void running() {
    for (JobNode node = queue.running.head; node != null; node = node.next) {
      if (cursor == null || node.job.id().compareTo(cursor.id()) > 0) {
        found.add(node);
      }
    }
    found.sort(Comparator.comparing(node -> node.job.id()));
  }

  private @Nullable JobNode startOf(Line line) {
    if (cursor == null) {
      return line.head;
    }
    if (anchor != null
        && anchor.queue == queue
        && anchor.state == state
        && anchor.position == cursor.at()) {
      return anchor.next;
    }
    return line.firstAfter(cursor.at());
  }

  private void follow(@Nullable JobNode start) {
    for (JobNode node = start; node != null && found.size() <= limit; node = node.next) {
      found.add(node);
    }
  }

  /// A node that stands in the tree's order where the cursor's job stood.
  private JobNode probe(Cursor place) {
    JobId id = place.id();
    Job job = new Job(id, "", "", new byte[0], Priority.LOW, 0, JobOptions.NONE);
    JobNode node = new JobNode(job, queue, JobState.SCHEDULED);
    node.stateMillis = place.at();
    return node;
  }
}
