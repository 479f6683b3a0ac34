package dev.sluice.sqs;

import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Extends and ends claims. A job that goes on (to its line, to the dead-letter queue) is first
/// sent as a new message, which SQS confirms, and then deleted as the old one: who dies between
/// leaves the job twice, never not at all.
///
/// Threading: thread-safe.
final class Settling {
  private static final System.Logger LOG = System.getLogger("dev.sluice.sqs");

  private final Service service;
  private final Ledger ledger;
  private final Batches batches;

  Settling(Service service, Ledger ledger, Batches batches) {
    this.service = service;
    this.ledger = ledger;
    this.batches = batches;
  }

  /// A claim whose end is being recorded.
  private record Item(int index, Received message, Claim claim, Settlement settlement) {}

  List<Settled> settle(List<Settle> settles) {
    Settled[] answers = new Settled[settles.size()];
    Map<SqsQueue, List<Item>> byQueue = new LinkedHashMap<>();
    long now = service.clock().monotonicNanos();
    for (int i = 0; i < settles.size(); i++) {
      Lease lease = settles.get(i).lease();
      Settlement settlement = settles.get(i).settlement();
      Received message = isKnown(settlement) ? ledger.held(lease, now) : null;
      if (message == null) {
        boolean repeated = ledger.wasUnheard(lease) || ledger.isRepeated(lease, settlement);
        answers[i] = repeated ? Settled.APPLIED : Settled.LEASE_LOST;
      } else {
        Claim claim = Objects.requireNonNull(message.claim, "a lease without a claim");
        byQueue
            .computeIfAbsent(message.queue, _ -> new ArrayList<>())
            .add(new Item(i, message, claim, settlement));
      }
    }
    Patience patience = service.patience();
    List<Runnable> tasks = new ArrayList<>();
    byQueue.forEach((queue, items) -> tasks.add(() -> settle(queue, items, answers, patience)));
    try {
      service.workers.each("settle", tasks, patience.deadlineNanos());
    } catch (EngineUnavailableException failed) {
      // Those that went well are asked for again with the others.
      for (int i = 0; i < answers.length; i++) {
        if (answers[i] == Settled.APPLIED) {
          ledger.unheard(settles.get(i).lease());
        }
      }
      throw failed;
    }
    return Arrays.asList(answers);
  }

  /// Nobody reaps here, so nobody may say that a worker died.
  private static boolean isKnown(Settlement settlement) {
    return !(settlement instanceof Settlement.Crash) && !(settlement instanceof Settlement.Poison);
  }

  private void settle(SqsQueue queue, List<Item> items, Settled[] answers, Patience patience) {
    boolean fifo = service.address().fifo();
    List<Item> again = new ArrayList<>();
    List<Item> dead = new ArrayList<>();
    List<Item> back = new ArrayList<>();
    List<Item> over = new ArrayList<>();
    for (Item item : items) {
      List<Item> group =
          switch (item.settlement) {
            case Settlement.RunAgain _, Settlement.Release _ -> fifo ? back : again;
            case Settlement.Bury _ -> dead;
            case Settlement.Complete _,
                Settlement.Stop _,
                Settlement.Crash _,
                Settlement.Poison _ ->
                over;
          };
      (item.message.replaced ? over : group).add(item);
    }
    List<Batches.End> ends = new ArrayList<>();
    ends.addAll(replace(queue, false, again, over, patience));
    ends.addAll(replace(queue, true, dead, over, patience));
    ends.addAll(putBack(queue, back, answers, patience));
    ends.addAll(delete(queue, over, answers, patience));
    List<Batches.End> failed = ends.stream().filter(end -> !end.isNotHeld()).toList();
    batches.requireDone(queue, "record how jobs ended", failed);
  }

  /// Sends the next copies.
  ///
  /// @param over is given what is left to delete
  private List<Batches.End> replace(
      SqsQueue queue, boolean dead, List<Item> items, List<Item> over, Patience patience) {
    List<Outgoing> copies = items.stream().map(this::next).toList();
    List<Batches.End> ends = batches.send(queue, dead, copies, patience);
    for (int i = 0; i < items.size(); i++) {
      if (ends.get(i).done()) {
        Item item = items.get(i);
        ledger.replaced(item.message);
        over.add(item);
        if (!dead) {
          queue.admissions.came(item.claim.job().bytes());
        }
      }
    }
    return ends;
  }

  private Outgoing next(Item item) {
    boolean fifo = service.address().fifo();
    Envelope envelope = item.message.envelope;
    return switch (item.settlement) {
      case Settlement.RunAgain run ->
          Outgoing.copy(
              envelope.again(item.claim, run.atMillis(), run.refund(), run.parks(), run.attempt()),
              fifo);
      case Settlement.Release _ -> Outgoing.copy(envelope.released(item.claim), fifo);
      case Settlement.Bury bury -> Outgoing.dead(envelope.buried(item.claim, bury), fifo);
      case Settlement.Complete _, Settlement.Stop _, Settlement.Crash _, Settlement.Poison _ ->
          throw new IllegalStateException("nothing follows " + item.settlement);
    };
  }

  /// FIFO: the message stays where it is, so that its group keeps its order, and is shown again
  /// when it is due.
  private List<Batches.End> putBack(
      SqsQueue queue, List<Item> items, Settled[] answers, Patience patience) {
    long millis = service.clock().wallMillis();
    long now = service.clock().monotonicNanos();
    List<Batches.Visibility> changes = new ArrayList<>();
    for (Item item : items) {
      long wait = item.settlement instanceof Settlement.RunAgain run ? run.atMillis() - millis : 0;
      long most = leftNanos(item.message, now) / 1_000_000_000;
      long seconds = Math.min(most, (Math.max(0, wait) + 999) / 1000);
      changes.add(new Batches.Visibility(item.message.receipt, (int) Math.max(0, seconds)));
      Settlement.RunAgain run = item.settlement instanceof Settlement.RunAgain r ? r : null;
      ledger.returning(
          item.message,
          run == null || run.refund(),
          run != null && run.parks(),
          run == null ? 0 : run.atMillis());
    }
    List<Batches.End> ends = batches.change(queue, false, changes, patience);
    for (int i = 0; i < items.size(); i++) {
      Item item = items.get(i);
      Batches.End end = ends.get(i);
      item.message.doubtful |= end.unknown();
      if (end.done() || (end.isNotHeld() && item.message.doubtful)) {
        ledger.returned(item.message);
        queue.admissions.came(item.claim.job().bytes());
        answers[item.index] = Settled.APPLIED;
      } else {
        ledger.stayed(item.message);
        if (end.isNotHeld()) {
          ledger.lost(item.message);
          answers[item.index] = Settled.LEASE_LOST;
        }
      }
    }
    return ends;
  }

  private List<Batches.End> delete(
      SqsQueue queue, List<Item> items, Settled[] answers, Patience patience) {
    List<String> receipts = items.stream().map(item -> item.message.receipt).toList();
    List<Batches.End> ends = batches.delete(queue, false, receipts, patience);
    for (int i = 0; i < items.size(); i++) {
      Item item = items.get(i);
      Batches.End end = ends.get(i);
      Received message = item.message;
      if (end.isNotHeld() && !message.replaced && !message.doubtful && !end.unknown()) {
        // Somebody else received it since.
        ledger.lost(message);
        answers[item.index] = Settled.LEASE_LOST;
      } else if (end.done() || end.isNotHeld()) {
        ledger.done(message, item.settlement);
        answers[item.index] = Settled.APPLIED;
      } else {
        message.doubtful |= end.unknown();
      }
    }
    return ends;
  }

  List<Extension> extend(List<Lease> leases, Duration by) {
    Extension[] answers = new Extension[leases.size()];
    Arrays.fill(answers, Extension.LEASE_LOST);
    long now = service.clock().monotonicNanos();
    Map<SqsQueue, List<Integer>> byQueue = new LinkedHashMap<>();
    Received[] messages = new Received[leases.size()];
    for (int i = 0; i < messages.length; i++) {
      Received message = ledger.held(leases.get(i), now);
      if (message == null) {
        continue;
      }
      if (leftNanos(message, now) < 1_000_000_000) {
        LOG.log(
            System.Logger.Level.WARNING,
            "job "
                + leases.get(i).id()
                + " of queue '"
                + message.queue.name()
                + "' has run for "
                + service.tuning().longestLease()
                + ", the longest that SQS keeps a message from others: its lease is lost");
        ledger.lost(message);
        continue;
      }
      messages[i] = message;
      byQueue.computeIfAbsent(message.queue, _ -> new ArrayList<>()).add(i);
    }
    Patience patience = service.patience();
    List<Runnable> tasks = new ArrayList<>();
    byQueue.forEach((queue, indices) ->
        tasks.add(() -> extend(queue, indices, messages, by, answers, patience)));
    service.workers.each("extend", tasks, patience.deadlineNanos());
    return List.of(answers);
  }

  private void extend(
      SqsQueue queue,
      List<Integer> indices,
      Received[] messages,
      Duration by,
      Extension[] answers,
      Patience patience) {
    long now = service.clock().monotonicNanos();
    List<Batches.Visibility> changes = new ArrayList<>();
    long[] deadlines = new long[indices.size()];
    for (int n = 0; n < deadlines.length; n++) {
      Received message = messages[indices.get(n)];
      long left = leftNanos(message, now);
      int seconds = left < by.toNanos() ? (int) (left / 1_000_000_000) : Receiver.seconds(by);
      deadlines[n] = now + Math.min(left, by.toNanos());
      changes.add(new Batches.Visibility(message.receipt, seconds));
    }
    List<Batches.End> ends = batches.change(queue, false, changes, patience);
    for (int n = 0; n < deadlines.length; n++) {
      int i = indices.get(n);
      if (ends.get(n).done()) {
        ledger.extended(messages[i], deadlines[n]);
        answers[i] = Extension.EXTENDED;
      } else if (ends.get(n).isNotHeld()) {
        ledger.lost(messages[i]);
      }
    }
    List<Batches.End> failed = ends.stream().filter(end -> !end.isNotHeld()).toList();
    batches.requireDone(queue, "extend leases", failed);
  }

  /// How much longer SQS lets anybody keep the message.
  private long leftNanos(Received message, long now) {
    return message.receivedNanos + service.tuning().longestLease().toNanos() - now;
  }
}
