package dev.sluice.sqs;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Offer;
import dev.sluice.engine.PartlyTakenException;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/// Sends jobs that are handed over: checked against the bound, then sent in tens, and accepted when
/// SQS has answered for each.
///
/// Threading: thread-safe.
final class Offers {
  private final Service service;
  private final Ledger ledger;
  private final Batches batches;
  private final Gauge gauge;

  Offers(Service service, Ledger ledger, Batches batches, Gauge gauge) {
    this.service = service;
    this.ledger = ledger;
    this.batches = batches;
    this.gauge = gauge;
  }

  /// A job on its way.
  private record Item(int index, Job job, Outgoing message) {}

  List<Admission> offer(List<Offer> offers, Function<String, SqsQueue> queues) {
    boolean fifo = service.address().fifo();
    Admission[] answers = new Admission[offers.size()];
    Map<SqsQueue, List<Item>> byQueue = new LinkedHashMap<>();
    for (int i = 0; i < offers.size(); i++) {
      Job job = offers.get(i).job();
      Outgoing message = Outgoing.first(Envelope.fresh(job), fifo);
      byQueue
          .computeIfAbsent(queues.apply(job.queue()), _ -> new ArrayList<>())
          .add(new Item(i, job, message));
    }
    Patience patience = service.patience();
    look(byQueue.keySet(), patience);
    List<Runnable> tasks = new ArrayList<>();
    byQueue.forEach(
        (queue, items) -> tasks.add(() -> offer(queue, items, offers, answers, patience)));
    try {
      service.workers.each("offer", tasks, patience.deadlineNanos());
    } catch (EngineUnavailableException failed) {
      throw partly(failed, answers);
    }
    return List.of(answers);
  }

  /// @param answers null where there is none
  static PartlyTakenException partly(EngineUnavailableException failed, Admission[] answers) {
    return new PartlyTakenException(
        String.valueOf(failed.getMessage()),
        failed,
        Arrays.stream(answers).map(Optional::ofNullable).toList());
  }

  /// The bound counts what others put there before.
  private void look(Set<SqsQueue> some, Patience patience) {
    List<Supplier<Boolean>> looks = new ArrayList<>();
    for (SqsQueue queue : some) {
      if (!queue.looked) {
        looks.add(() -> {
          gauge.look(queue, true, patience);
          return true;
        });
      }
    }
    if (!looks.isEmpty()) {
      service.workers.all("look", looks, patience.deadlineNanos());
    }
  }

  private void offer(
      SqsQueue queue,
      List<Item> items,
      List<Offer> offers,
      Admission[] answers,
      Patience patience) {
    List<Item> taken = new ArrayList<>(items.size());
    for (Item item : items) {
      Optional<Admission.Reason> full =
          queue.admissions.take(offers.get(item.index).bound(), item.job.bytes());
      if (full.isPresent()) {
        answers[item.index] = new Admission.Refused(full.get(), Optional.empty());
      } else {
        taken.add(item);
      }
    }
    List<Batches.End> ends;
    try {
      ends = batches.send(queue, false, taken.stream().map(Item::message).toList(), patience);
    } catch (RuntimeException failed) {
      taken.forEach(item -> queue.admissions.went(item.job.bytes()));
      throw failed;
    }
    for (int i = 0; i < taken.size(); i++) {
      Item item = taken.get(i);
      Batches.End end = ends.get(i);
      if (!end.done()) {
        queue.admissions.went(item.job.bytes());
        continue;
      }
      JobId first = service.address().fifo() ? first(end, item) : item.job.id();
      if (first.equals(item.job.id())) {
        answers[item.index] = new Admission.Accepted(first);
      } else {
        queue.admissions.went(item.job.bytes());
        answers[item.index] = new Admission.Duplicate(first);
      }
    }
    batches.requireDone(queue, "send", ends);
  }

  private JobId first(Batches.End end, Item item) {
    return ledger.firstOf(end.value(), item.job.id());
  }
}
