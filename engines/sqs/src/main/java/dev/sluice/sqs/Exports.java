package dev.sluice.sqs;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Exporting.Handout;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/// Hands jobs over to another engine: receives messages, which hides them for a while, and deletes
/// them when the other engine has the jobs. What SQS still delays cannot be had before it shows it,
/// which takes 15 minutes at most.
///
/// Threading: thread-safe. The lock is held over calls, each of which has a time limit, and taken
/// on worker threads only.
final class Exports {
  /// Looks that found nothing, after which there is nothing: SQS is spread over many servers.
  private static final int EMPTY_LOOKS = 2;

  private final Service service;
  private final Batches batches;
  private final ReentrantLock turn = new ReentrantLock();

  /// What was handed out and not let go of yet. Bounded by the size of one export.
  private final Map<JobId, Held> held = new LinkedHashMap<>();

  /// Ids of messages that are no jobs, which are hidden for a while, too.
  private final Map<SqsQueue, Set<String>> strangers = new HashMap<>();

  /// A job whose messages this process hides.
  ///
  /// @param receipts by message: a job that was doubled has more than one
  /// @param envelope with what its messages have counted, as in the view
  private record Held(
      SqsQueue queue,
      boolean dead,
      Map<String, String> receipts,
      Envelope envelope,
      JobView view,
      long untilNanos) {

    /// With those of an older look; the newer message of the job counts.
    Held with(Held older) {
      Map<String, String> all = new HashMap<>(older.receipts);
      all.putAll(receipts);
      boolean newer = view.epoch() >= older.view.epoch();
      return new Held(
          queue,
          dead,
          all,
          newer ? envelope : older.envelope,
          newer ? view : older.view,
          Math.min(untilNanos, older.untilNanos));
    }
  }

  Exports(Service service, Batches batches) {
    this.service = service;
    this.batches = batches;
  }

  private Duration hide() {
    return service.tuning().handOver();
  }

  Handout next(SqsQueue queue, int max, Patience patience) {
    turn.lock();
    try {
      long now = service.clock().monotonicNanos();
      held.values().removeIf(one -> now - one.untilNanos >= 0);
      Set<JobId> found = new LinkedHashSet<>();
      held.values().stream()
          .filter(one -> one.queue == queue)
          .limit(max)
          .forEach(one -> found.add(one.view.id()));
      for (boolean dead : new boolean[] {false, true}) {
        if (found.isEmpty()) {
          receive(queue, dead, max, patience, found);
        }
      }
      List<JobView> jobs =
          found.stream().map(held::get).map(one -> Objects.requireNonNull(one).view).toList();
      return new Handout(jobs, strangers.getOrDefault(queue, Set.of()).size());
    } finally {
      turn.unlock();
    }
  }

  private void hold(SqsQueue queue, boolean dead, Message message, Envelope envelope) {
    long until = service.clock().monotonicNanos() + hide().toNanos();
    Map<String, String> receipts = Map.of(message.messageId(), message.receiptHandle());
    held.merge(
        envelope.job().id(),
        new Held(queue, dead, receipts, envelope, view(envelope, dead), until),
        (older, one) -> older.dead == dead && older.queue == queue ? one.with(older) : one);
  }

  private void receive(SqsQueue queue, boolean dead, int max, Patience patience, Set<JobId> found) {
    String url = queue.topology.existing(dead, patience).orElse(null);
    // Half of the time, so that what was found is answered and not lost with a late call.
    long kept = patience.leftNanos() / 2;
    int empty = 0;
    while (url != null && empty < EMPTY_LOOKS && found.size() < max) {
      if (patience.leftNanos() < kept) {
        return;
      }
      int most = Math.min(Batches.TEN, max - found.size());
      List<Message> messages = receive(queue, url, most, patience);
      empty = messages.isEmpty() ? empty + 1 : 0;
      for (Message message : messages) {
        try {
          Envelope envelope = envelope(queue, dead, message);
          hold(queue, dead, message, envelope);
          found.add(envelope.job().id());
        } catch (MessageText.UnreadableException _) {
          // No job: it stays where it is.
          strangers.computeIfAbsent(queue, _ -> new HashSet<>()).add(message.messageId());
        }
      }
    }
  }

  private List<Message> receive(SqsQueue queue, String url, int most, Patience patience) {
    return service.call(
        queue.name(),
        "hand jobs over",
        patience,
        () ->
            service
                .client()
                .receiveMessage(request ->
                    request
                        .queueUrl(url)
                        .maxNumberOfMessages(most)
                        .visibilityTimeout((int) hide().toSeconds())
                        .waitTimeSeconds(0)
                        .messageSystemAttributeNames(MessageSystemAttributeName.ALL)
                        .messageAttributeNames("All"))
                .messages());
  }

  /// The job as it is now that SQS has given it out once more.
  private Envelope envelope(SqsQueue queue, boolean dead, Message message)
      throws MessageText.UnreadableException {
    int receives = Intake.receives(message);
    if (dead) {
      Envelope envelope = Intake.envelope(queue.name(), message);
      return envelope.moved(envelope.epoch() + receives);
    }
    Envelope envelope = Intake.waiting(queue.name(), message);
    // On a FIFO queue what was sent back is counted in the same number, so it says nothing.
    int ended = service.address().fifo() ? 0 : receives - 1;
    return envelope.moved(envelope.epoch() + receives, ended);
  }

  private JobView view(Envelope envelope, boolean dead) {
    boolean later = envelope.dueMillis() > service.clock().wallMillis();
    AttemptRecord last = envelope.last();
    Job job = envelope.job();
    return new JobView(
        job,
        dead ? JobState.DEAD : later ? JobState.SCHEDULED : JobState.READY,
        envelope.attempt(),
        envelope.crashes(),
        envelope.epoch(),
        -1,
        later && !dead ? Instant.ofEpochMilli(envelope.dueMillis()) : null,
        last == null ? null : last.startedAt(),
        dead && envelope.diedMillis() > 0 ? Instant.ofEpochMilli(envelope.diedMillis()) : null,
        dead ? Objects.requireNonNullElse(envelope.death(), DeathReason.POISON) : null,
        false,
        last == null ? List.of() : List.of(last));
  }

  /// Gives back what was handed out and not let go of. What waited in a standard queue goes back as
  /// a copy, for the next receive of its message would count as a crash, though it was only looked
  /// at; in a FIFO queue the copy would be the last of its group, so there the order comes first.
  void giveBack(Patience patience) {
    turn.lock();
    try {
      Map<SqsQueue, List<Held>> byQueue = new LinkedHashMap<>();
      for (Held one : held.values()) {
        byQueue.computeIfAbsent(one.queue, _ -> new ArrayList<>()).add(one);
      }
      byQueue.forEach((queue, some) -> {
        show(queue, true, some.stream().filter(Held::dead).toList(), patience);
        List<Held> waiting = some.stream().filter(one -> !one.dead).toList();
        if (service.address().fifo()) {
          show(queue, false, waiting, patience);
        } else {
          copy(queue, waiting, patience);
        }
      });
      held.clear();
    } finally {
      turn.unlock();
    }
  }

  private void show(SqsQueue queue, boolean dead, List<Held> some, Patience patience) {
    List<Batches.Visibility> changes =
        some.stream()
            .flatMap(one -> one.receipts.values().stream())
            .map(receipt -> new Batches.Visibility(receipt, 0))
            .toList();
    batches.change(queue, dead, changes, patience);
  }

  private void copy(SqsQueue queue, List<Held> some, Patience patience) {
    List<Outgoing> copies = some.stream().map(one -> Outgoing.copy(one.envelope, false)).toList();
    List<Batches.End> ends = batches.send(queue, false, copies, patience);
    List<String> receipts = new ArrayList<>();
    for (int i = 0; i < copies.size(); i++) {
      if (ends.get(i).done()) {
        receipts.addAll(some.get(i).receipts.values());
      }
    }
    batches.delete(queue, false, receipts, patience);
  }

  void done(SqsQueue queue, List<JobId> jobs, Patience patience) {
    turn.lock();
    try {
      long now = service.clock().monotonicNanos();
      long lost =
          jobs.stream()
              .map(held::get)
              .filter(one -> one == null || now - one.untilNanos >= 0)
              .count();
      for (boolean dead : new boolean[] {false, true}) {
        List<String> receipts = new ArrayList<>();
        for (JobId id : jobs) {
          Held one = held.get(id);
          if (one != null && one.queue == queue && one.dead == dead) {
            receipts.addAll(one.receipts.values());
          }
        }
        if (!receipts.isEmpty()) {
          batches.requireDone(
              queue, "let go of jobs", batches.delete(queue, dead, receipts, patience));
        }
      }
      for (JobId id : jobs) {
        Held one = held.get(id);
        if (one != null && !one.dead) {
          queue.admissions.went(one.view.job().bytes());
        }
      }
      jobs.forEach(held::remove);
      if (lost > 0) {
        throw new EngineUnavailableException(
            lost
                + " jobs of queue '"
                + queue.name()
                + "' that were handed over may be in SQS still: it took more than "
                + hide().toSeconds()
                + " s");
      }
    } finally {
      turn.unlock();
    }
  }
}
