package dev.sluice.sqs;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.PartlyTakenException;
import dev.sluice.job.Admission;
import dev.sluice.job.JobView;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// Takes jobs over from another engine as they are; no bound is asked.
///
/// Threading: thread-safe.
final class Restores {
  private final Service service;
  private final Ledger ledger;
  private final Batches batches;

  Restores(Service service, Ledger ledger, Batches batches) {
    this.service = service;
    this.ledger = ledger;
    this.batches = batches;
  }

  /// A job on its way.
  private record Item(int index, Envelope envelope) {}

  /// Where jobs go.
  private record Way(SqsQueue queue, boolean dead) {}

  /// @throws PartlyTakenException when it is not known of all that they arrived
  List<Admission> restore(List<JobView> jobs, Function<String, SqsQueue> queues) {
    Admission[] answers = new Admission[jobs.size()];
    Map<Way, List<Item>> byWay = new LinkedHashMap<>();
    for (int i = 0; i < jobs.size(); i++) {
      Envelope envelope = Envelope.restored(jobs.get(i));
      Way way = new Way(queues.apply(envelope.job().queue()), envelope.death() != null);
      byWay.computeIfAbsent(way, _ -> new ArrayList<>()).add(new Item(i, envelope));
    }
    Patience patience = service.patience();
    List<Runnable> tasks = new ArrayList<>();
    byWay.forEach((way, items) -> tasks.add(() -> restore(way, items, answers, patience)));
    try {
      service.workers.each("restore", tasks, patience.deadlineNanos());
    } catch (EngineUnavailableException failed) {
      throw Offers.partly(failed, answers);
    }
    return List.of(answers);
  }

  private void restore(Way way, List<Item> items, Admission[] answers, Patience patience) {
    boolean fifo = service.address().fifo();
    List<Outgoing> messages =
        items.stream()
            .map(Item::envelope)
            .map(one -> way.dead ? Outgoing.dead(one, fifo) : Outgoing.copy(one, fifo))
            .toList();
    for (Item item : items) {
      ledger.revived(item.envelope.job().id());
      if (!way.dead) {
        way.queue.admissions.came(item.envelope.job().bytes());
      }
    }
    way.queue.exists = true;
    List<Batches.End> ends = batches.send(way.queue, way.dead, messages, patience);
    for (int i = 0; i < items.size(); i++) {
      if (ends.get(i).done()) {
        answers[items.get(i).index] = new Admission.Accepted(items.get(i).envelope.job().id());
      }
    }
    batches.requireDone(way.queue, "take jobs over", ends);
  }
}
