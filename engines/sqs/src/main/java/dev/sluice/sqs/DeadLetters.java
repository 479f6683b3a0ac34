package dev.sluice.sqs;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Controllable.Control;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/// The dead jobs of the queues. SQS cannot look without receiving, so whoever looks hides what it
/// sees for as long as it looks, and shows it again after.
///
/// Threading: thread-safe. One look at a time: two of them would hide messages from each other. The
/// lock is held over calls, each of which has a time limit, and taken on worker threads only.
final class DeadLetters {
  /// How long a look may take, at the very most; what it hid is shown again then in any case.
  private static final int HIDE_SECONDS = 30;

  /// Looks that found nothing, after which there is nothing: SQS is spread over many servers.
  private static final int EMPTY_LOOKS = 2;

  /// Most messages of one list: beyond, the oldest of these are shown.
  private static final int MOST_SEEN = 1000;

  /// The part of the time limit that is kept for showing again what was hidden.
  private static final int KEPT = 3;

  private static final String FOREIGN_TYPE = "foreign";

  private final Service service;
  private final Ledger ledger;
  private final Batches batches;
  private final ReentrantLock looking = new ReentrantLock();

  DeadLetters(Service service, Ledger ledger, Batches batches) {
    this.service = service;
    this.ledger = ledger;
    this.batches = batches;
  }

  /// One message in the dead-letter queue.
  ///
  /// @param envelope null when it is not ours
  private record Dead(Message message, @Nullable Envelope envelope, JobView view) {}

  /// What is asked of a message that was seen.
  private enum Next {
    /// Nothing, and further.
    GO_ON,
    /// Nothing, and no further.
    STOP,
    /// It was dealt with, and further.
    TAKEN,
    /// It was dealt with, and no further.
    TAKEN_LAST
  }

  /// Deals with a message.
  private interface Visitor {
    Next visit(Dead dead);
  }

  List<JobView> dead(SqsQueue queue, int limit, Patience patience) {
    List<JobView> seen = new ArrayList<>();
    // Received in no order that one could rely on, so the oldest are found among many.
    var _ =
        walk(
            queue,
            patience,
            dead -> {
              seen.add(dead.view);
              return seen.size() < MOST_SEEN ? Next.GO_ON : Next.STOP;
            });
    seen.sort(Comparator.comparing((JobView view) -> endedAt(view)).thenComparing(JobView::id));
    return List.copyOf(seen.subList(0, Math.min(limit, seen.size())));
  }

  private static Instant endedAt(JobView view) {
    Instant at = view.finishedAt();
    return at == null ? Instant.EPOCH : at;
  }

  Map<JobId, Control> redrive(SqsQueue queue, Set<JobId> ids, Bound bound, Patience patience) {
    Map<JobId, Control> answers = new HashMap<>();
    List<Dead> taken = new ArrayList<>();
    boolean whole;
    try {
      whole = walk(queue, patience, dead -> pick(queue, ids, bound, dead, answers, taken));
    } catch (RuntimeException failed) {
      // They stay where they are, and give their places back.
      taken.forEach(one -> queue.admissions.went(one.view.job().bytes()));
      throw failed;
    }
    if (answers.isEmpty()) {
      requireWhole(queue, whole);
    }
    if (!taken.isEmpty()) {
      sendBack(queue, taken, patience);
    }
    return answers;
  }

  /// Takes a dead job that is to live again, if it has room.
  private static Next pick(
      SqsQueue queue,
      Set<JobId> ids,
      Bound bound,
      Dead dead,
      Map<JobId, Control> answers,
      List<Dead> taken) {
    JobId id = dead.view.id();
    if (dead.envelope == null || !ids.contains(id) || answers.containsKey(id)) {
      return Next.GO_ON;
    }
    boolean room = queue.admissions.take(bound, dead.view.job().bytes()).isEmpty();
    answers.put(id, room ? Control.APPLIED : Control.NO_ROOM);
    boolean last = answers.size() == ids.size();
    if (!room) {
      return last ? Next.STOP : Next.GO_ON;
    }
    taken.add(dead);
    return last ? Next.TAKEN_LAST : Next.TAKEN;
  }

  /// Those that could not be sent are shown again when the time is over for which they are hidden.
  private void sendBack(SqsQueue queue, List<Dead> dead, Patience patience) {
    boolean fifo = service.address().fifo();
    List<Outgoing> copies =
        dead.stream()
            .map(one -> Objects.requireNonNull(one.envelope))
            .map(envelope -> Outgoing.copy(envelope.redriven(), fifo))
            .toList();
    List<Batches.End> ends;
    try {
      ends = batches.send(queue, false, copies, patience);
    } catch (RuntimeException failed) {
      dead.forEach(one -> queue.admissions.went(one.view.job().bytes()));
      throw failed;
    }
    List<String> receipts = new ArrayList<>();
    for (int i = 0; i < dead.size(); i++) {
      Dead one = dead.get(i);
      if (ends.get(i).done()) {
        ledger.revived(one.view.id());
        receipts.add(one.message.receiptHandle());
      } else {
        queue.admissions.went(one.view.job().bytes());
      }
    }
    remove(queue, receipts, patience);
    batches.requireDone(queue, "send back dead jobs", ends);
  }

  private void remove(SqsQueue queue, List<String> receipts, Patience patience) {
    if (!receipts.isEmpty()) {
      batches.requireDone(
          queue, "delete dead jobs", batches.delete(queue, true, receipts, patience));
    }
  }

  Set<JobId> forget(SqsQueue queue, Set<JobId> ids, Patience patience) {
    Set<JobId> found = new HashSet<>();
    List<String> receipts = new ArrayList<>();
    boolean whole =
        walk(
            queue,
            patience,
            dead -> {
              if (!ids.contains(dead.view.id())) {
                return Next.GO_ON;
              }
              receipts.add(dead.message.receiptHandle());
              found.add(dead.view.id());
              return found.size() == ids.size() ? Next.TAKEN_LAST : Next.TAKEN;
            });
    if (found.isEmpty() && !ids.isEmpty()) {
      requireWhole(queue, whole);
    }
    remove(queue, receipts, patience);
    return found;
  }

  /// What was not found within the time limit is not known to be missing.
  private static void requireWhole(SqsQueue queue, boolean whole) {
    if (!whole) {
      throw new EngineUnavailableException(
          "queue '"
              + queue.name()
              + "' on SQS: has more dead jobs than can be looked through within the time limit");
    }
  }

  /// Receives until nothing comes any more, and shows again what nobody took.
  ///
  /// @return whether the visitor saw all that it asked for
  private boolean walk(SqsQueue queue, Patience patience, Visitor visitor) {
    String url = queue.topology.existing(true, patience).orElse(null);
    if (url == null) {
      return true;
    }
    begin(queue, patience);
    long kept = patience.leftNanos() / KEPT;
    List<Batches.Visibility> hidden = new ArrayList<>();
    try {
      int empty = 0;
      boolean last = false;
      Set<String> seen = new HashSet<>();
      while (!last && empty < EMPTY_LOOKS) {
        if (patience.leftNanos() < kept) {
          return false;
        }
        List<Message> messages = receive(queue, url, patience);
        empty = messages.isEmpty() ? empty + 1 : 0;
        for (Message message : messages) {
          Next next =
              last || !seen.add(message.messageId())
                  ? Next.GO_ON
                  : visitor.visit(read(queue, message));
          last |= next == Next.TAKEN_LAST || next == Next.STOP;
          if (next == Next.GO_ON || next == Next.STOP) {
            hidden.add(new Batches.Visibility(message.receiptHandle(), 0));
          }
        }
      }
    } catch (Service.QueueGoneException _) {
      queue.topology.gone(true, url);
    } finally {
      try {
        batches.change(queue, true, hidden, patience);
      } finally {
        looking.unlock();
      }
    }
    return true;
  }

  private void begin(SqsQueue queue, Patience patience) {
    try {
      if (looking.tryLock(patience.leftNanos(), TimeUnit.NANOSECONDS)) {
        return;
      }
    } catch (InterruptedException _) {
      // Falls through: nobody interrupts a worker but at the end.
    }
    throw service.gaveUp(
        queue.name(),
        "look at dead jobs",
        new Failure(Failure.Kind.PASSES, "", "somebody else looks at them all the time", false));
  }

  private List<Message> receive(SqsQueue queue, String url, Patience patience) {
    return service.call(
        queue.name(),
        "look at dead jobs",
        patience,
        () ->
            service
                .client()
                .receiveMessage(request ->
                    request
                        .queueUrl(url)
                        .maxNumberOfMessages(Batches.TEN)
                        .visibilityTimeout(HIDE_SECONDS)
                        .waitTimeSeconds(0)
                        .messageSystemAttributeNames(MessageSystemAttributeName.ALL)
                        .messageAttributeNames("All"))
                .messages());
  }

  private Dead read(SqsQueue queue, Message message) {
    try {
      Envelope envelope = Intake.envelope(queue.name(), message);
      return new Dead(message, envelope, view(envelope, message));
    } catch (MessageText.UnreadableException unreadable) {
      return new Dead(message, null, foreign(queue, message, unreadable));
    }
  }

  private static JobView view(Envelope envelope, Message message) {
    AttemptRecord last = envelope.last();
    Instant died =
        envelope.diedMillis() == 0 ? sentAt(message) : Instant.ofEpochMilli(envelope.diedMillis());
    // SQS itself moves what was received too often, and cannot say so in the message.
    DeathReason death = envelope.death() == null ? DeathReason.POISON : envelope.death();
    return new JobView(
        envelope.job(),
        JobState.DEAD,
        envelope.attempt(),
        envelope.crashes(),
        envelope.epoch(),
        -1,
        null,
        last == null ? null : last.startedAt(),
        died,
        death,
        false,
        last == null ? List.of() : List.of(last));
  }

  /// A message that is not ours, shown as a job so that people see it and can let go of it.
  private static JobView foreign(
      SqsQueue queue, Message message, MessageText.UnreadableException reason) {
    Instant sent = sentAt(message);
    AttemptRecord record =
        new AttemptRecord(
            0, AttemptOutcome.FAILED, "not a Sluice message: " + reason.getMessage(), sent, sent);
    Job job =
        new Job(
            foreignId(message),
            queue.name(),
            FOREIGN_TYPE,
            message.body().getBytes(StandardCharsets.UTF_8),
            Priority.NORMAL,
            sent.toEpochMilli(),
            JobOptions.NONE);
    return new JobView(
        job,
        JobState.DEAD,
        0,
        0,
        0,
        -1,
        null,
        null,
        sent,
        DeathReason.BURIED,
        false,
        List.of(record));
  }

  /// SQS names messages by UUIDs too.
  private static JobId foreignId(Message message) {
    try {
      return JobId.parse(message.messageId());
    } catch (IllegalArgumentException _) {
      return new JobId(0, message.messageId().hashCode());
    }
  }

  private static Instant sentAt(Message message) {
    String sent = message.attributes().get(MessageSystemAttributeName.SENT_TIMESTAMP);
    return sent == null ? Instant.EPOCH : Instant.ofEpochMilli(Long.parseLong(sent));
  }
}
