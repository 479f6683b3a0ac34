package dev.sluice.sqs;

import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Lease;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/// Fetches the messages of one queue while somebody wants them. A claim takes what is in the buffer
/// and says how many more would be welcome; that many are received, by one long poll, and by more
/// at once as long as each comes back full. Nothing is fetched that nobody asked for: a message in
/// a buffer is hidden from all other processes.
///
/// Threading: thread-safe; the lock guards the buffer and the numbers, and is held for memory work
/// only.
final class Receiver {
  private static final System.Logger LOG = System.getLogger("dev.sluice.sqs");

  /// Most receives at once.
  private static final int MOST = 8;

  private final SqsQueue queue;
  private final Service service;
  private final Ledger ledger;
  private final Intake intake;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition sorted = lock.newCondition();
  private final ArrayDeque<Received> buffer = new ArrayDeque<>();
  private Duration lease = Duration.ofSeconds(30);
  private int wanted;
  private int expected;
  private int polls;
  private int allowed = 1;
  private long claimedNanos;

  /// Receives that brought something which is not dealt with yet.
  private int sorting;

  private boolean stopped;

  Receiver(SqsQueue queue, Service service, Ledger ledger, Batches batches) {
    this.queue = queue;
    this.service = service;
    this.ledger = ledger;
    this.intake = new Intake(queue, service, ledger, batches);
  }

  /// Takes up to `max` jobs that are here, and has more fetched.
  List<Claim> claim(int max, Duration asked) {
    if (max == 0) {
      // Only asks to move what is due, which SQS does by itself.
      return List.of();
    }
    List<Received> taken = new ArrayList<>();
    List<Received> late = new ArrayList<>();
    long now = service.clock().monotonicNanos();
    lock.lock();
    try {
      lease = asked;
      claimedNanos = now;
      while (taken.size() < max && !buffer.isEmpty()) {
        Received message = buffer.removeFirst();
        (isLate(message, now) ? late : taken).add(message);
      }
      wanted = max - taken.size();
      startPolls();
    } finally {
      lock.unlock();
    }
    giveBackLater(late);
    return claims(taken, now);
  }

  /// The worker extends its lease at a third of it; a message whose time is half over is too late.
  private boolean isLate(Received message, long now) {
    long whole = message.deadlineNanos - message.receivedNanos;
    return message.deadlineNanos - now < whole / 2;
  }

  private List<Claim> claims(List<Received> taken, long now) {
    List<Claim> claims = new ArrayList<>(taken.size());
    long millis = service.clock().wallMillis();
    for (Received message : taken) {
      Claim claim = ledger.claim(message, now, millis);
      if (claim != null) {
        claims.add(claim);
        queue.admissions.went(claim.job().bytes());
      }
    }
    return claims;
  }

  private void startPolls() {
    while (polls < allowed && wanted - buffer.size() - expected > 0) {
      int most = expect();
      polls++;
      var _ = service.workers.start("poll", () -> poll(most));
    }
  }

  /// Sets aside what the next receive may bring.
  private int expect() {
    int most = Math.min(most(), wanted - buffer.size() - expected);
    expected += Math.max(0, most);
    return most;
  }

  /// On FIFO queues one by one: in one answer SQS gives several messages of a group, which would
  /// run beside each other here. As long as one of them is out it gives no other to anybody.
  private int most() {
    return service.address().fifo() ? 1 : Batches.TEN;
  }

  private void poll(int first) {
    int most = first;
    int failures = 0;
    while (most > 0) {
      int came = 0;
      boolean failed = false;
      try {
        came = receive(most);
        failures = 0;
      } catch (EngineUnavailableException | Service.QueueGoneException gone) {
        failed = true;
      } catch (Throwable broken) {
        // Also an error: a receiver that dies with its places taken would never receive again.
        failed = true;
        LOG.log(System.Logger.Level.WARNING, "a receive on SQS failed: " + broken);
      }
      if (failed) {
        // A pause with patience of its own: a receive has no verb behind it that would wait.
        failures++;
        Patience pause = service.patience();
        pause.pause(Math.min(failures, 6));
      }
      lock.lock();
      try {
        expected -= most;
        allowed = came == most ? Math.min(MOST, allowed * 2) : came == 0 ? 1 : (allowed + 1) / 2;
        most = isWanted() && polls <= allowed ? expect() : 0;
        if (most <= 0) {
          most = 0;
          polls--;
        } else {
          startPolls();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private boolean isWanted() {
    return !service.workers.isClosed()
        && service.clock().monotonicNanos() - claimedNanos < service.tuning().idle().toNanos();
  }

  private int receive(int most) {
    Patience patience = service.patience();
    String url =
        service.workers.one(
            "find", () -> queue.topology.url(false, patience), patience.deadlineNanos());
    queue.exists = true;
    Duration keep = leaseNow();
    List<Message> messages;
    Tuning tuning = service.tuning();
    Duration limit = tuning.longPoll().plus(tuning.timeLimit());
    try {
      messages =
          service.workers.one(
              "receive",
              () -> receive(url, most, keep, patience),
              service.clock().monotonicNanos() + limit.toNanos());
    } catch (Service.QueueGoneException gone) {
      queue.topology.gone(false, url);
      throw gone;
    }
    if (!messages.isEmpty()) {
      sort(messages, keep);
    }
    return messages.size();
  }

  private void sort(List<Message> messages, Duration keep) {
    sorting(1);
    try {
      List<Lease> lost = new ArrayList<>();
      Intake.Sorted came = intake.sort(messages, keep, lost);
      lost.forEach(service.hints::lost);
      if (!add(came.jobs())) {
        // The engine was closed during the long poll.
        intake.giveBack(came.jobs());
      } else if (!came.jobs().isEmpty()) {
        service.hints.work();
      }
      intake.finish(came);
    } finally {
      sorting(-1);
    }
  }

  private void sorting(int more) {
    lock.lock();
    try {
      sorting += more;
      sorted.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private List<Message> receive(String url, int most, Duration keep, Patience patience) {
    return service.call(
        queue.name(),
        "receive",
        patience,
        () ->
            service
                .client()
                .receiveMessage(request ->
                    request
                        .queueUrl(url)
                        .maxNumberOfMessages(most)
                        .visibilityTimeout(seconds(keep))
                        .waitTimeSeconds((int) service.tuning().longPoll().toSeconds())
                        .messageSystemAttributeNames(
                            MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT)
                        .messageAttributeNames("All"))
                .messages());
  }

  private Duration leaseNow() {
    lock.lock();
    try {
      return lease;
    } finally {
      lock.unlock();
    }
  }

  /// @return whether somebody may still come for them
  private boolean add(List<Received> jobs) {
    lock.lock();
    try {
      return !stopped && (jobs.isEmpty() || buffer.addAll(jobs));
    } finally {
      lock.unlock();
    }
  }

  /// Whole seconds, rounded up.
  static int seconds(Duration duration) {
    return (int) Math.max(1, (duration.toNanos() + 999_999_999) / 1_000_000_000);
  }

  int buffered() {
    lock.lock();
    try {
      return buffer.size();
    } finally {
      lock.unlock();
    }
  }

  /// Gives back what nobody comes for.
  void tend() {
    long now = service.clock().monotonicNanos();
    List<Received> back = new ArrayList<>();
    lock.lock();
    try {
      boolean quiet = now - claimedNanos >= service.tuning().idle().toNanos();
      for (Iterator<Received> each = buffer.iterator(); each.hasNext(); ) {
        Received message = each.next();
        if (quiet || isLate(message, now)) {
          each.remove();
          back.add(message);
        }
      }
    } finally {
      lock.unlock();
    }
    giveBackLater(back);
  }

  /// Not on the caller's thread, for a claim waits for nobody.
  private void giveBackLater(List<Received> messages) {
    if (!messages.isEmpty()) {
      var _ = service.workers.start("give-back", () -> intake.giveBack(messages));
    }
  }

  /// Ends all receiving.
  ///
  /// @return what was in the buffer
  List<Received> stop() {
    lock.lock();
    try {
      stopped = true;
      wanted = 0;
      List<Received> rest = List.copyOf(buffer);
      buffer.clear();
      return rest;
    } finally {
      lock.unlock();
    }
  }

  /// Gives back messages within `patience`, as far as it works, and waits for those that came
  /// meanwhile and are given back by who received them.
  void giveBack(List<Received> messages, Patience patience) {
    intake.giveBack(messages, patience);
    lock.lock();
    try {
      long left = patience.leftNanos();
      while (sorting > 0 && left > 0) {
        left = sorted.awaitNanos(left);
      }
    } catch (InterruptedException _) {
      // Its time is over.
    } finally {
      lock.unlock();
    }
  }
}
