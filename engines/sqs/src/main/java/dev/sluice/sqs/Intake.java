package dev.sluice.sqs;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Lease;
import dev.sluice.job.JobId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.SendMessageRequest;

/// Sorts what was received: jobs that may run now; jobs whose time has not come, which are sent on;
/// copies that are stale, which are deleted; and what is no message of ours, which goes to the
/// dead-letter queue.
///
/// Threading: thread-safe.
final class Intake {
  private static final System.Logger LOG = System.getLogger("dev.sluice.sqs");

  /// The attribute that says why a foreign message is in the dead-letter queue.
  static final String FOREIGN = "sluice-foreign";

  /// Most attributes of a message.
  private static final int MOST_ATTRIBUTES = 10;

  private final SqsQueue queue;
  private final Service service;
  private final Ledger ledger;
  private final Batches batches;
  private final Set<String> logged = ConcurrentHashMap.newKeySet();

  Intake(SqsQueue queue, Service service, Ledger ledger, Batches batches) {
    this.queue = queue;
    this.service = service;
    this.ledger = ledger;
    this.batches = batches;
  }

  private boolean fifo() {
    return service.address().fifo();
  }

  /// What a receive brought.
  ///
  /// @param jobs may run now
  /// @param early have a time that has not come
  /// @param stale receipts of copies that others have replaced
  /// @param foreign messages that are not ours, with the reason
  record Sorted(
      List<Received> jobs,
      List<Received> early,
      List<String> stale,
      Map<Message, String> foreign) {}

  /// Sorts.
  ///
  /// @param keep for how long SQS keeps them from others
  /// @param lost is given the leases that are over, as these messages show
  Sorted sort(List<Message> messages, Duration keep, List<Lease> lost) {
    long now = service.clock().monotonicNanos();
    long millis = service.clock().wallMillis();
    Sorted sorted =
        new Sorted(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new LinkedHashMap<>());
    for (Message message : messages) {
      Envelope envelope;
      try {
        envelope = waiting(queue.name(), message);
      } catch (MessageText.UnreadableException unreadable) {
        sorted.foreign.put(message, String.valueOf(unreadable.getMessage()));
        continue;
      }
      Received received =
          new Received(
              queue,
              envelope,
              message.messageId(),
              message.receiptHandle(),
              receives(message),
              fifo() ? ledger.returns(message.messageId()) : Received.Returns.NONE,
              now,
              now + keep.toNanos());
      switch (ledger.meet(received, lost)) {
        case NEW -> (dueMillis(received) > millis ? sorted.early : sorted.jobs).add(received);
        case STALE -> {
          tell(received);
          sorted.stale.add(message.receiptHandle());
        }
        case SAME -> {}
      }
    }
    return sorted;
  }

  /// What is deleted without having ended here is told: if that is ever wrong, it can be found.
  private void tell(Received stale) {
    JobId id = stale.envelope.job().id();
    if (!ledger.isOver(id)) {
      LOG.log(
          System.Logger.Level.INFO,
          "job "
              + id
              + " of queue '"
              + queue.name()
              + "' on SQS: a copy of epoch "
              + stale.envelope.epoch()
              + " is deleted, because this process knows a newer one");
    }
  }

  /// Deals with all but the jobs that may run.
  void finish(Sorted sorted) {
    inTheEnd("send on", sorted.early, early -> sendOn(early, service.patience()));
    inTheEnd(
        "delete",
        sorted.stale,
        receipts -> batches.delete(queue, false, receipts, service.patience()));
    sorted.foreign.forEach(this::bury);
  }

  /// A job that waits. One that carries a death was moved here out of the dead-letter queue by
  /// somebody who wants it to live again, as with the redrive of the AWS console.
  static Envelope waiting(String queue, Message message) throws MessageText.UnreadableException {
    Envelope envelope = envelope(queue, message);
    return envelope.death() == null ? envelope : envelope.redriven();
  }

  static Envelope envelope(String queue, Message message) throws MessageText.UnreadableException {
    return MessageText.read(
        queue,
        message.body(),
        attribute(message, MessageText.ATTRIBUTE),
        attribute(message, MessageText.TRACE));
  }

  private static @Nullable String attribute(Message message, String name) {
    MessageAttributeValue value = message.messageAttributes().get(name);
    return value == null ? null : value.stringValue();
  }

  static int receives(Message message) {
    String count = message.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT);
    return count == null ? 1 : Math.max(1, Integer.parseInt(count));
  }

  private long dueMillis(Received message) {
    long due = message.envelope.dueMillis();
    return fifo() ? Math.max(due, ledger.returns(message.messageId).dueMillis()) : due;
  }

  /// What fails here comes again by itself, when SQS shows the messages anew.
  private <T> void inTheEnd(String what, List<T> some, Function<List<T>, ?> action) {
    if (some.isEmpty()) {
      return;
    }
    try {
      var _ = action.apply(some);
    } catch (EngineUnavailableException unavailable) {
      LOG.log(
          System.Logger.Level.DEBUG,
          "cannot " + what + " " + some.size() + " messages: " + unavailable.getMessage());
    }
  }

  /// Jobs whose time has not come: on with them, for as long as SQS can delay.
  private List<Batches.End> sendOn(List<Received> early, Patience patience) {
    return fifo()
        ? hide(early, patience)
        : move(early, message -> message.envelope.moved(message.epoch()), patience);
  }

  private List<Batches.End> hide(List<Received> early, Patience patience) {
    long now = service.clock().wallMillis();
    // A minute less than SQS keeps it, and never none, which would bring it back at once.
    long most = Math.max(1, service.tuning().longestLease().toSeconds() - 60);
    List<Batches.Visibility> changes = new ArrayList<>();
    for (Received message : early) {
      long seconds = (Math.max(0, dueMillis(message) - now) + 999) / 1000;
      changes.add(new Batches.Visibility(message.receipt, (int) Math.min(most, seconds)));
    }
    early.forEach(message -> ledger.returning(message, true, false, dueMillis(message)));
    List<Batches.End> ends = batches.change(queue, false, changes, patience);
    early.forEach(ledger::returned);
    return ends;
  }

  private List<Batches.End> move(
      List<Received> messages, Function<Received, Envelope> next, Patience patience) {
    List<Outgoing> copies =
        messages.stream().map(message -> Outgoing.copy(next.apply(message), false)).toList();
    List<Batches.End> ends = batches.send(queue, false, copies, patience);
    List<String> receipts = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      if (ends.get(i).done()) {
        ledger.replaced(messages.get(i));
        ledger.done(messages.get(i), null);
        receipts.add(messages.get(i).receipt);
      } else {
        ledger.dropped(messages.get(i));
      }
    }
    batches.delete(queue, false, receipts, patience);
    return ends;
  }

  /// Gives messages back that nobody was given. On a standard queue that is a new copy: the receive
  /// count of the old one would look like a crash.
  void giveBack(List<Received> messages) {
    inTheEnd(
        "give back",
        messages,
        some -> {
          giveBack(some, service.patience());
          return some;
        });
  }

  void giveBack(List<Received> messages, Patience patience) {
    if (messages.isEmpty()) {
      return;
    }
    if (!fifo()) {
      move(messages, message -> message.envelope.unstarted(message.receives), patience);
      return;
    }
    List<Batches.Visibility> changes =
        messages.stream().map(message -> new Batches.Visibility(message.receipt, 0)).toList();
    messages.forEach(message -> {
      ledger.returning(message, true, false, 0);
      ledger.returned(message);
    });
    batches.change(queue, false, changes, patience);
  }

  /// A message that is not ours: kept, where somebody can look at it.
  private void bury(Message message, String reason) {
    if (logged.add(reason)) {
      LOG.log(
          System.Logger.Level.WARNING,
          "queue '"
              + queue.name()
              + "' on SQS: a message with "
              + reason
              + " was put into the dead-letter queue; further ones of this kind are not logged");
    }
    Map<String, MessageAttributeValue> attributes = new HashMap<>(message.messageAttributes());
    if (attributes.size() < MOST_ATTRIBUTES) {
      attributes.put(FOREIGN, Outgoing.string(reason));
    }
    Patience patience = service.patience();
    inTheEnd(
        "bury",
        List.of(message),
        some -> {
          String dead = queue.topology.url(true, patience);
          SendMessageRequest.Builder copy =
              SendMessageRequest.builder()
                  .queueUrl(dead)
                  .messageBody(message.body())
                  .messageAttributes(attributes);
          if (fifo()) {
            copy.messageGroupId(message.messageId()).messageDeduplicationId(message.messageId());
          }
          var sent =
              service.workers.one(
                  "bury",
                  () ->
                      service.call(
                          queue.name(),
                          "bury a foreign message",
                          patience,
                          () -> service.client().sendMessage(copy.build())),
                  patience.deadlineNanos());
          batches.delete(queue, false, List.of(message.receiptHandle()), patience);
          return sent;
        });
  }
}
