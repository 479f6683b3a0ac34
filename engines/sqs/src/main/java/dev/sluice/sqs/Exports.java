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
import org.jspecify.annotations.Nullable;
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
  private record Held(
      SqsQueue queue, boolean dead, Map<String, String> receipts, JobView view, long untilNanos) {

    /// With those of an older look; the newer message of the job counts.
    Held with(Held older) {
      Map<String, String> all = new HashMap<>(older.receipts);
      all.putAll(receipts);
      boolean newer = view.epoch() >= older.view.epoch();
      return new Held(
          queue, dead, all, newer ? view : older.view, Math.min(untilNanos, older.untilNanos));
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

  private void hold(SqsQueue queue, boolean dead, Message message, JobView view) {
    long until = service.clock().monotonicNanos() + hide().toNanos();
    Map<String, String> receipts = Map.of(message.messageId(), message.receiptHandle());
    held.merge(
        view.id(),
        new Held(queue, dead, receipts, view, until),
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
        JobView view = view(queue, dead, message);
        if (view == null) {
          strangers.computeIfAbsent(queue, _ -> new HashSet<>()).add(message.messageId());
        } else {
          hold(queue, dead, message, view);
          found.add(view.id());
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

  /// @return null for a message that is no job; it stays where it is
  private @Nullable JobView view(SqsQueue queue, boolean dead, Message message) {
    Envelope envelope;
    try {
      envelope =
          dead ? Intake.envelope(queue.name(), message) : Intake.waiting(queue.name(), message);
    } catch (MessageText.UnreadableException _) {
      return null;
    }
    boolean later = envelope.dueMillis() > service.clock().wallMillis();
    AttemptRecord last = envelope.last();
    Job job = envelope.job();
    return new JobView(
        job,
        dead ? JobState.DEAD : later ? JobState.SCHEDULED : JobState.READY,
        envelope.attempt(),
        envelope.crashes(),
        // At least that of the last claim: this look is counted as well.
        envelope.epoch() + Intake.receives(message),
        -1,
        later && !dead ? Instant.ofEpochMilli(envelope.dueMillis()) : null,
        last == null ? null : last.startedAt(),
        dead && envelope.diedMillis() > 0 ? Instant.ofEpochMilli(envelope.diedMillis()) : null,
        dead ? Objects.requireNonNullElse(envelope.death(), DeathReason.POISON) : null,
        false,
        last == null ? List.of() : List.of(last));
  }

  /// Shows again what was handed out and not let go of.
  void giveBack(Patience patience) {
    turn.lock();
    try {
      Map<SqsQueue, Map<Boolean, List<Batches.Visibility>>> hidden = new LinkedHashMap<>();
      for (Held one : held.values()) {
        hidden
            .computeIfAbsent(one.queue, _ -> new LinkedHashMap<>())
            .computeIfAbsent(one.dead, _ -> new ArrayList<>())
            .addAll(
                one.receipts.values().stream()
                    .map(receipt -> new Batches.Visibility(receipt, 0))
                    .toList());
      }
      hidden.forEach((queue, sides) ->
          sides.forEach((dead, some) -> batches.change(queue, dead, some, patience)));
      held.clear();
    } finally {
      turn.unlock();
    }
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
