package dev.sluice.sqs;

import dev.sluice.engine.EngineUnavailableException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.ChangeMessageVisibilityBatchResponse;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchResponse;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;

/// The batch calls of SQS over lists of any length: cut into tens that are made at once, each entry
/// with its own end, and those that were refused for the moment tried again.
///
/// Threading: thread-safe.
final class Batches {
  /// Most entries of one call.
  static final int TEN = 10;

  private final Service service;

  Batches(Service service) {
    this.service = service;
  }

  /// One entry's end.
  ///
  /// @param done whether the service says so; else `failure` says what is wrong
  /// @param value what it was answered with: the MessageId of what was sent, else empty
  /// @param unknown whether a try before the last one may have been done
  record End(boolean done, String value, @Nullable Failure failure, boolean unknown) {
    static final End DONE = new End(true, "", null, false);

    /// The end of what was not tried, because this one went wrong.
    End untried() {
      return new End(false, "", failure, false);
    }

    boolean isNotHeld() {
      return failure != null && failure.kind() == Failure.Kind.NOT_HELD;
    }
  }

  /// What one call of at most ten answered, by entry.
  private record Reply(Map<String, String> done, Map<String, Failure> failed) {
    static Reply of(
        Map<String, String> done,
        List<BatchResultErrorEntry> failed,
        Function<BatchResultErrorEntry, Failure> meaning) {
      return new Reply(
          done, failed.stream().collect(Collectors.toMap(BatchResultErrorEntry::id, meaning)));
    }
  }

  /// One call.
  private interface Call<E> {
    Reply make(String url, List<E> entries, Patience patience);
  }

  /// A receipt and for how many seconds to keep its message from others.
  record Visibility(String receipt, int seconds) {}

  /// Sends to the main queue or to the dead-letter queue; each is durable when its end is done.
  /// Messages of one group arrive in the order of the list.
  List<End> send(SqsQueue queue, boolean dead, List<Outgoing> messages, Patience patience) {
    List<List<Outgoing>> parts = parts(messages, Outgoing::bytes);
    return isOrdered(messages)
        ? inTurn(queue, dead, parts, patience)
        : atOnce(queue, dead, "send", parts, this::send, patience);
  }

  private static boolean isOrdered(List<Outgoing> messages) {
    Set<String> groups = new HashSet<>();
    return messages.stream()
        .map(Outgoing::group)
        .anyMatch(group -> group != null && !groups.add(group));
  }

  /// One call after the other, up to the first that does not end well.
  private List<End> inTurn(
      SqsQueue queue, boolean dead, List<List<Outgoing>> parts, Patience patience) {
    return service.workers.one(
        "send",
        () -> {
          List<End> ends = new ArrayList<>();
          Optional<End> failed = Optional.empty();
          for (List<Outgoing> part : parts) {
            if (failed.isPresent()) {
              ends.addAll(Collections.nCopies(part.size(), failed.get().untried()));
            } else {
              List<End> some = persist(queue, dead, part, this::send, patience);
              failed = some.stream().filter(end -> !end.done).findFirst();
              ends.addAll(some);
            }
          }
          return ends;
        },
        patience.deadlineNanos());
  }

  /// Deletes what was received under these receipts.
  List<End> delete(SqsQueue queue, boolean dead, List<String> receipts, Patience patience) {
    return atOnce(queue, dead, "delete", parts(receipts, _ -> 0), this::delete, patience);
  }

  /// Sets how long received messages are kept from others, from now on.
  List<End> change(SqsQueue queue, boolean dead, List<Visibility> changes, Patience patience) {
    List<List<Visibility>> parts = parts(changes, _ -> 0);
    return atOnce(queue, dead, "change visibility", parts, this::change, patience);
  }

  private Reply send(String url, List<Outgoing> messages, Patience patience) {
    List<SendMessageBatchRequestEntry> entries = new ArrayList<>(messages.size());
    for (int i = 0; i < messages.size(); i++) {
      Outgoing message = messages.get(i);
      entries.add(message.entry(Integer.toString(i), delaySeconds(message.dueMillis())));
    }
    SendMessageBatchResponse answer =
        service.client().sendMessageBatch(request -> request.queueUrl(url).entries(entries));
    Map<String, String> done = new HashMap<>();
    answer.successful().forEach(entry -> done.put(entry.id(), entry.messageId()));
    return Reply.of(done, answer.failed(), Failure::of);
  }

  /// Whole seconds, rounded up: nothing is ever seen early. What is further away than SQS can delay
  /// is seen at the end of that, and sent on.
  private int delaySeconds(long dueMillis) {
    long millis = dueMillis == 0 ? 0 : dueMillis - service.clock().wallMillis();
    long most = service.tuning().longestDelay().toSeconds();
    return millis <= 0 ? 0 : (int) Math.min(most, (millis + 999) / 1000);
  }

  private Reply delete(String url, List<String> receipts, Patience patience) {
    List<DeleteMessageBatchRequestEntry> entries = new ArrayList<>(receipts.size());
    for (int i = 0; i < receipts.size(); i++) {
      entries.add(
          DeleteMessageBatchRequestEntry.builder()
              .id(Integer.toString(i))
              .receiptHandle(receipts.get(i))
              .build());
    }
    DeleteMessageBatchResponse answer =
        service.client().deleteMessageBatch(request -> request.queueUrl(url).entries(entries));
    Map<String, String> done = new HashMap<>();
    answer.successful().forEach(entry -> done.put(entry.id(), ""));
    return Reply.of(done, answer.failed(), Failure::ofReceipt);
  }

  private Reply change(String url, List<Visibility> changes, Patience patience) {
    List<ChangeMessageVisibilityBatchRequestEntry> entries = new ArrayList<>(changes.size());
    for (int i = 0; i < changes.size(); i++) {
      entries.add(
          ChangeMessageVisibilityBatchRequestEntry.builder()
              .id(Integer.toString(i))
              .receiptHandle(changes.get(i).receipt())
              .visibilityTimeout(changes.get(i).seconds())
              .build());
    }
    ChangeMessageVisibilityBatchResponse answer =
        service
            .client()
            .changeMessageVisibilityBatch(request -> request.queueUrl(url).entries(entries));
    Map<String, String> done = new HashMap<>();
    answer.successful().forEach(entry -> done.put(entry.id(), ""));
    return Reply.of(done, answer.failed(), Failure::ofReceipt);
  }

  private <E> List<End> atOnce(
      SqsQueue queue,
      boolean dead,
      String what,
      List<List<E>> parts,
      Call<E> call,
      Patience patience) {
    if (parts.isEmpty()) {
      return List.of();
    }
    List<Supplier<List<End>>> tasks = new ArrayList<>();
    parts.forEach(part -> tasks.add(() -> persist(queue, dead, part, call, patience)));
    List<End> ends = new ArrayList<>();
    service.workers.all(what, tasks, patience.deadlineNanos()).forEach(ends::addAll);
    return ends;
  }

  /// Cuts into what one call may hold.
  private <E> List<List<E>> parts(List<E> entries, ToIntFunction<E> bytes) {
    List<List<E>> parts = new ArrayList<>();
    int from = 0;
    while (from < entries.size()) {
      int to = from;
      long size = 0;
      while (to < entries.size() && to - from < TEN) {
        size += bytes.applyAsInt(entries.get(to));
        if (size > service.address().maxBytes() && to > from) {
          break;
        }
        to++;
      }
      parts.add(entries.subList(from, to));
      from = to;
    }
    return parts;
  }

  /// Makes one call until every entry has an end, or the time is up.
  private <E> List<End> persist(
      SqsQueue queue, boolean dead, List<E> part, Call<E> call, Patience patience) {
    End[] ends = new End[part.size()];
    Set<Integer> unknown = new HashSet<>();
    List<Integer> open = new ArrayList<>();
    for (int i = 0; i < part.size(); i++) {
      open.add(i);
    }
    for (int tries = 1; !open.isEmpty(); tries++) {
      if (patience.leftNanos() <= 0) {
        // A verb makes several rounds of calls, and an earlier one took all the time.
        open.forEach(i -> ends[i] = new End(false, "", Failure.late(), unknown.contains(i)));
        break;
      }
      List<E> entries = open.stream().map(part::get).toList();
      Map<Integer, Failure> failures = new HashMap<>();
      String url;
      try {
        service.requireOpen();
        url = queue.topology.url(dead, patience);
      } catch (EngineUnavailableException unavailable) {
        Failure failure = Failure.whole(unavailable);
        open.forEach(i -> ends[i] = new End(false, "", failure, unknown.contains(i)));
        break;
      }
      try {
        Reply reply = call.make(url, entries, patience);
        sort(reply, open, ends, failures, unknown);
      } catch (RuntimeException thrown) {
        Failure failure = Failure.of(thrown);
        open.forEach(i -> failures.put(i, failure));
      }
      if (failures.values().stream().anyMatch(f -> f.kind() == Failure.Kind.QUEUE_GONE)) {
        queue.topology.gone(dead, url);
      }
      open = settleFailures(queue, failures, ends, unknown, patience, tries);
    }
    return List.of(ends);
  }

  private static void sort(
      Reply reply,
      List<Integer> open,
      End[] ends,
      Map<Integer, Failure> failures,
      Set<Integer> unknown) {
    for (int n = 0; n < open.size(); n++) {
      int i = open.get(n);
      String id = Integer.toString(n);
      String value = reply.done.get(id);
      Failure failure = reply.failed.get(id);
      if (value != null) {
        ends[i] = new End(true, value, null, unknown.contains(i));
      } else if (failure != null) {
        failures.put(i, failure);
      } else {
        failures.put(
            i, new Failure(Failure.Kind.PASSES, "NoAnswer", "no answer for an entry", true));
      }
    }
  }

  /// Ends what cannot be tried again.
  ///
  /// @return what shall be
  private List<Integer> settleFailures(
      SqsQueue queue,
      Map<Integer, Failure> failures,
      End[] ends,
      Set<Integer> unknown,
      Patience patience,
      int tries) {
    boolean answered = true;
    List<Integer> again = new ArrayList<>();
    for (Map.Entry<Integer, Failure> failed : failures.entrySet()) {
      Failure failure = failed.getValue();
      boolean doubtful = unknown.contains(failed.getKey());
      switch (failure.kind()) {
        case NOT_HELD -> ends[failed.getKey()] = new End(false, "", failure, doubtful);
        case LASTING -> {
          answered = false;
          service.trouble.gaveUp(queue.name(), failure.words());
          ends[failed.getKey()] = new End(false, "", failure, doubtful || failure.unknown());
        }
        case PASSES, QUEUE_GONE -> {
          answered = false;
          service.trouble.failed(queue.name(), failure.words());
          if (failure.unknown()) {
            unknown.add(failed.getKey());
          }
          again.add(failed.getKey());
        }
      }
    }
    if (answered) {
      service.trouble.succeeded(queue.name());
    }
    if (!again.isEmpty() && !patience.pause(tries)) {
      for (int i : again) {
        Failure failure = failures.get(i);
        if (failure != null) {
          service.trouble.gaveUp(queue.name(), failure.words());
        }
        ends[i] = new End(false, "", failure, unknown.contains(i));
      }
      return List.of();
    }
    again.sort(Integer::compare);
    return again;
  }

  /// Throws when one of the entries did not end well.
  void requireDone(SqsQueue queue, String what, List<End> ends) {
    for (End end : ends) {
      if (end.failure != null) {
        throw service.gaveUp(queue.name(), what, end.failure);
      }
    }
  }
}
