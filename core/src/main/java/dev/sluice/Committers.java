package dev.sluice;

import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Offer;
import dev.sluice.job.Admission;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Which producers share a commit: all of them, for one commit costs the same however many jobs are
/// in it; or, where a broker can fail for one queue alone, those of each queue, for nobody shall
/// wait for, or be failed by, a queue of somebody else.
///
/// Threading: thread-safe.
final class Committers {
  private final Engine engine;
  private final Environment.Clock clock;
  private final int batch;
  private final @Nullable GroupCommitter shared;

  /// On a broker only.
  private final Map<String, GroupCommitter> byQueue = new ConcurrentHashMap<>();

  private volatile CommitListener listener;

  Committers(Engine engine, Environment.Clock clock, CommitListener listener) {
    this.engine = engine;
    this.clock = clock;
    this.listener = listener;
    this.batch = engine.limits().batch();
    this.shared = engine.limits().brokered() ? null : committer();
  }

  private GroupCommitter committer() {
    return new GroupCommitter(engine, clock, (jobs, nanos) -> this.listener.committed(jobs, nanos));
  }

  /// Names who is told of each commit from now on.
  void measure(CommitListener changed) {
    listener = changed;
  }

  /// Commits one job, as [GroupCommitter#commit].
  Admission commit(Offer offer) {
    return of(offer.job().queue()).commit(List.of(offer)).getFirst();
  }

  /// Commits any number of jobs; each gets its own answer, in order.
  ///
  /// @throws EngineUnavailableException when nothing can be said of some of them; those of other
  ///   queues, and earlier ones, may have been taken
  List<Admission> commit(List<Offer> offers) {
    if (shared != null) {
      List<Admission> answers = new ArrayList<>(offers.size());
      for (int from = 0; from < offers.size(); from += batch) {
        answers.addAll(shared.commit(offers.subList(from, Math.min(offers.size(), from + batch))));
      }
      return answers;
    }
    Admission[] answers = new Admission[offers.size()];
    EngineUnavailableException failed = null;
    for (Map.Entry<String, List<Integer>> queue : places(offers).entrySet()) {
      try {
        commit(queue.getKey(), queue.getValue(), offers, answers);
      } catch (EngineUnavailableException unavailable) {
        failed = failed == null ? unavailable : failed;
      }
    }
    if (failed != null) {
      throw failed;
    }
    return Arrays.asList(answers);
  }

  private static Map<String, List<Integer>> places(List<Offer> offers) {
    Map<String, List<Integer>> places = new LinkedHashMap<>();
    for (int i = 0; i < offers.size(); i++) {
      places.computeIfAbsent(offers.get(i).job().queue(), _ -> new ArrayList<>()).add(i);
    }
    return places;
  }

  private void commit(String queue, List<Integer> places, List<Offer> offers, Admission[] answers) {
    for (int from = 0; from < places.size(); from += batch) {
      List<Integer> part = places.subList(from, Math.min(places.size(), from + batch));
      List<Admission> answered = of(queue).commit(part.stream().map(offers::get).toList());
      for (int i = 0; i < part.size(); i++) {
        answers[part.get(i)] = answered.get(i);
      }
    }
  }

  private GroupCommitter of(String queue) {
    return shared != null ? shared : byQueue.computeIfAbsent(queue, _ -> committer());
  }

  /// The queue is gone.
  void forget(String queue) {
    byQueue.remove(queue);
  }
}
