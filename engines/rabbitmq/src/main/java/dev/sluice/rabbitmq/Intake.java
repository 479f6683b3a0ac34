package dev.sluice.rabbitmq;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Offer;
import dev.sluice.engine.PartlyTakenException;
import dev.sluice.job.Admission;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.Admission.Refused;
import dev.sluice.job.DeathReason;
import dev.sluice.job.Job;
import dev.sluice.job.JobView;
import dev.sluice.rabbitmq.Outbox.Letter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Takes jobs: decides whether there is room, as far as this process can know, and sends what is
/// admitted in one batch.
///
/// Threading: thread-safe; blocks for the broker.
final class Intake {
  private static final long FIRST_DEPTH_NANOS = 2_000_000_000;

  private final Outbox outbox;
  private final Topology topology;
  private final Function<String, Load> loads;
  private final DepthPoller depths;
  private final Environment.Clock clock;

  Intake(
      Outbox outbox,
      Topology topology,
      Function<String, Load> loads,
      DepthPoller depths,
      Environment.Clock clock) {
    this.outbox = outbox;
    this.topology = topology;
    this.loads = loads;
    this.depths = depths;
    this.clock = clock;
  }

  /// A job on its way.
  ///
  /// @param place in the call
  private record Sending(int place, Load load, int bytes, Letter letter, long dueMillis) {}

  /// Takes jobs, or says why not.
  ///
  /// @throws PartlyTakenException when it is not known of all that they arrived
  List<Admission> offer(List<Offer> offers) {
    List<Admission> answers = new ArrayList<>(offers.size());
    List<Sending> sendings = new ArrayList<>(offers.size());
    Outbox.Sent sent = null;
    try {
      long deadline = clock.monotonicNanos() + FIRST_DEPTH_NANOS;
      for (Offer offer : offers) {
        answers.add(admit(offer, answers.size(), sendings, deadline));
      }
      sent = outbox.sendEach(sendings.stream().map(Sending::letter).toList());
    } finally {
      for (int i = 0; i < sendings.size(); i++) {
        Sending sending = sendings.get(i);
        boolean arrived = sent != null && sent.arrived().get(i);
        sending.load().sent(sending.bytes(), arrived, sending.dueMillis());
      }
    }
    if (sent.failure() != null) {
      throw partly(answers, sendings, sent.arrived(), sent.failure());
    }
    return answers;
  }

  private static PartlyTakenException partly(
      List<Admission> answers,
      List<Sending> sendings,
      BitSet arrived,
      EngineUnavailableException failure) {
    List<Optional<Admission>> known = new ArrayList<>(answers.size());
    answers.forEach(answer -> known.add(Optional.of(answer)));
    for (int i = 0; i < sendings.size(); i++) {
      if (!arrived.get(i)) {
        known.set(sendings.get(i).place(), Optional.empty());
      }
    }
    return new PartlyTakenException(String.valueOf(failure.getMessage()), failure, known);
  }

  private Admission admit(Offer offer, int place, List<Sending> sendings, long deadlineNanos) {
    Job job = offer.job();
    topology.requireQueue(job.queue());
    Load load = known(job.queue(), deadlineNanos);
    long nowMillis = clock.wallMillis();
    int bytes = job.bytes();
    Admission.Reason refusal = load.admit(bytes, offer.bound(), nowMillis, clock.monotonicNanos());
    if (load.wantsDepth(offer.bound())) {
      depths.ask(job.queue());
    }
    if (refusal != null) {
      return new Refused(refusal, Optional.empty());
    }
    long dueMillis = job.options().runAtMillis() > nowMillis ? job.options().runAtMillis() : 0;
    Letter letter = outbox.toLine(Envelope.of(job), dueMillis);
    sendings.add(new Sending(place, load, bytes, letter, dueMillis));
    return new Accepted(job.id());
  }

  /// The load of a queue, with a first word of the broker in it if that comes in time.
  private Load known(String queue, long deadlineNanos) {
    Load load = loads.apply(queue);
    if (!load.isKnown()) {
      depths.ask(queue);
      load.awaitDepth(Math.max(0, deadlineNanos - clock.monotonicNanos()));
    }
    return load;
  }

  /// Takes jobs over as they are; no bound is asked.
  ///
  /// @throws PartlyTakenException when it is not known of all that they arrived
  List<Admission> restore(List<JobView> jobs) {
    long nowMillis = clock.wallMillis();
    List<Letter> letters = new ArrayList<>(jobs.size());
    for (JobView view : jobs) {
      letters.add(letter(view, nowMillis));
    }
    Outbox.Sent sent = outbox.sendEach(letters);
    List<Optional<Admission>> answers = new ArrayList<>(jobs.size());
    for (int i = 0; i < jobs.size(); i++) {
      JobView view = jobs.get(i);
      if (!sent.arrived().get(i)) {
        answers.add(Optional.empty());
        continue;
      }
      answers.add(Optional.of(new Accepted(view.id())));
      Instant due = view.dueAt();
      switch (view.state()) {
        case READY -> loads.apply(view.job().queue()).returned(view.job().bytes(), 0);
        case SCHEDULED ->
            loads
                .apply(view.job().queue())
                .returned(view.job().bytes(), due == null ? 0 : due.toEpochMilli());
        default -> depths.ask(view.job().queue());
      }
    }
    if (sent.failure() != null) {
      throw new PartlyTakenException(
          String.valueOf(sent.failure().getMessage()), sent.failure(), answers);
    }
    return answers.stream().map(Optional::orElseThrow).toList();
  }

  private Letter letter(JobView view, long nowMillis) {
    Envelope envelope =
        new Envelope(
            view.job(),
            view.attempt(),
            view.crashes(),
            view.epoch(),
            0,
            view.lastFailure().orElse(null),
            null);
    return switch (view.state()) {
      case READY -> outbox.toLine(envelope, 0);
      case SCHEDULED -> {
        Instant due = view.dueAt();
        yield outbox.toLine(envelope, due == null ? 0 : due.toEpochMilli());
      }
      case DEAD -> {
        DeathReason reason = view.deathReason();
        Instant died = view.finishedAt();
        yield outbox.toDead(
            envelope.dead(
                new Envelope.Death(
                    reason == null ? DeathReason.BURIED : reason,
                    died == null ? nowMillis : died.toEpochMilli())));
      }
      case RUNNING, SUCCEEDED, CANCELLED ->
          throw new IllegalStateException(view.state() + " was let in");
    };
  }
}
