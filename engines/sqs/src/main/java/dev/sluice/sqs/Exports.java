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

  /// How many copies are on their way at most when jobs are given back.
  private static final int COPIES = 10 * Batches.TEN;

  private static final System.Logger LOG = System.getLogger("dev.sluice.sqs");

  private final Service service;
  private final Batches batches;
  private final ReentrantLock turn = new ReentrantLock();

  /// What was handed out and not let go of yet. Bounded by the size of one export.
  private final Map<JobId, Held> held = new LinkedHashMap<>();

  /// Of those, what the other engine has, and SQS perhaps no more.
  private final Set<JobId> taken = new HashSet<>();

  /// Ids of messages that are no jobs, which are hidden for a while, too.
  private final Map<SqsQueue, Set<String>> strangers = new HashMap<>();

  /// A job whose messages this process hides.
  ///
  /// @param receipts by message: a job that was doubled has more than one
  /// @param written the epoch in the message, which tells the newer of two
  /// @param envelope with what SQS has counted since
  private record Held(
      SqsQueue queue,
      boolean dead,
      Map<String, String> receipts,
      long written,
      Envelope envelope,
      long untilNanos) {

    JobId id() {
      return envelope.job().id();
    }

    /// With those of an older look; the newer message of the job counts.
    Held with(Held older) {
      Map<String, String> all = new HashMap<>(older.receipts);
      all.putAll(receipts);
      Held newer = written >= older.written ? this : older;
      return new Held(
          queue,
          dead,
          all,
          newer.written,
          newer.envelope.moved(Math.max(envelope.epoch(), older.envelope.epoch())),
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
      taken.retainAll(held.keySet());
      Set<JobId> found = new LinkedHashSet<>();
      held.values().stream()
          .filter(one -> one.queue == queue)
          .limit(max)
          .forEach(one -> found.add(one.id()));
      for (boolean dead : new boolean[] {false, true}) {
        if (found.isEmpty()) {
          receive(queue, dead, max, patience, found);
        }
      }
      List<JobView> jobs =
          found.stream().map(held::get).map(one -> view(Objects.requireNonNull(one))).toList();
      return new Handout(jobs, strangers.getOrDefault(queue, Set.of()).size());
    } finally {
      turn.unlock();
    }
  }

  private JobId hold(SqsQueue queue, boolean dead, Message message)
      throws MessageText.UnreadableException {
    Envelope envelope =
        dead ? Intake.envelope(queue.name(), message) : Intake.waiting(queue.name(), message);
    Held one =
        new Held(
            queue,
            dead,
            Map.of(message.messageId(), message.receiptHandle()),
            envelope.epoch(),
            counted(envelope, dead, Intake.receives(message)),
            service.clock().monotonicNanos() + hide().toNanos());
    held.merge(
        one.id(),
        one,
        (older, newer) -> older.dead == dead && older.queue == queue ? newer.with(older) : newer);
    return one.id();
  }

  /// The job as it is now that SQS has given it out once more. Only what may run was given to
  /// workers before; and on a FIFO queue what was sent back is in the same count, so it says
  /// nothing.
  private Envelope counted(Envelope envelope, boolean dead, int receives) {
    return dead || isLater(envelope) || service.address().fifo()
        ? envelope.moved(envelope.epoch() + receives)
        : envelope.unstarted(receives);
  }

  private boolean isLater(Envelope envelope) {
    return envelope.dueMillis() > service.clock().wallMillis();
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
      List<Message> messages;
      try {
        messages = receive(queue, url, most, patience);
      } catch (Service.QueueGoneException _) {
        // Deleted since it was found: nothing is left of it.
        queue.topology.gone(dead, url);
        return;
      }
      empty = messages.isEmpty() ? empty + 1 : 0;
      for (Message message : messages) {
        try {
          found.add(hold(queue, dead, message));
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

  private JobView view(Held one) {
    Envelope envelope = one.envelope;
    boolean dead = one.dead;
    boolean later = isLater(envelope);
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
  /// What the other engine has is shown as it is: a copy would bring back what SQS has deleted.
  void giveBack(Patience patience) {
    turn.lock();
    try {
      Map<SqsQueue, List<Held>> byQueue = new LinkedHashMap<>();
      held.values()
          .forEach(one -> byQueue.computeIfAbsent(one.queue, _ -> new ArrayList<>()).add(one));
      byQueue.forEach((queue, some) -> giveBack(queue, some, patience));
      held.clear();
      taken.clear();
    } finally {
      turn.unlock();
    }
  }

  private void giveBack(SqsQueue queue, List<Held> some, Patience patience) {
    List<Held> waiting = some.stream().filter(one -> !one.dead).toList();
    List<Held> rest = new ArrayList<>();
    try {
      if (service.address().fifo()) {
        rest.addAll(waiting);
      } else {
        rest.addAll(copy(queue, waiting, patience));
      }
      show(queue, false, rest, patience);
      show(queue, true, some.stream().filter(Held::dead).toList(), patience);
    } catch (EngineUnavailableException unavailable) {
      LOG.log(
          System.Logger.Level.INFO,
          "queue '"
              + queue.name()
              + "' on SQS: what was handed over is shown again within "
              + hide().toSeconds()
              + " s: "
              + unavailable.getMessage());
    }
    if (!rest.isEmpty()) {
      LOG.log(
          System.Logger.Level.INFO,
          "queue '"
              + queue.name()
              + "' on SQS: jobs that were handed over and given back, for which SQS counts a crash: "
              + rest.size());
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

  /// Sends copies and deletes what they were made of, a few at a time, so that little is there
  /// twice when the time is up between the two. Half of the time is left for that, and for the
  /// rest.
  ///
  /// @return those of which no copy arrived, as far as anybody knows
  private List<Held> copy(SqsQueue queue, List<Held> some, Patience patience) {
    long kept = patience.leftNanos() / 2;
    List<Held> rest = new ArrayList<>();
    for (int from = 0; from < some.size(); from += COPIES) {
      List<Held> part = new ArrayList<>();
      for (Held one : some.subList(from, Math.min(some.size(), from + COPIES))) {
        boolean hidden = one.untilNanos - service.clock().monotonicNanos() > patience.leftNanos();
        (hidden && patience.leftNanos() > kept && !taken.contains(one.id()) ? part : rest).add(one);
      }
      List<Outgoing> copies = part.stream().map(one -> Outgoing.copy(one.envelope, false)).toList();
      List<Batches.End> ends = batches.send(queue, false, copies, patience);
      List<String> receipts = new ArrayList<>();
      for (int i = 0; i < part.size(); i++) {
        if (ends.get(i).done()) {
          receipts.addAll(part.get(i).receipts.values());
        } else {
          rest.add(part.get(i));
        }
      }
      batches.delete(queue, false, receipts, patience);
    }
    return rest;
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
      taken.addAll(jobs);
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
          queue.admissions.went(one.envelope.job().bytes());
        }
      }
      jobs.forEach(held::remove);
      jobs.forEach(taken::remove);
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
