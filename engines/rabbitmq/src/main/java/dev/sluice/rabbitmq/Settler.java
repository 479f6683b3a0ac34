package dev.sluice.rabbitmq;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.engine.Settlement.Bury;
import dev.sluice.engine.Settlement.Release;
import dev.sluice.engine.Settlement.RunAgain;
import dev.sluice.job.Lifecycle.Actor;
import dev.sluice.rabbitmq.Leases.Held;
import dev.sluice.rabbitmq.Outbox.Letter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Ends claims. What ends here is acknowledged; what lives on or dies is sent on as a new message
/// first, confirmed, and then acknowledged. Between the two it exists twice, so a process that dies
/// there leaves two of it, and none is ever lost.
///
/// Threading: thread-safe; blocks for the broker.
final class Settler {
  private final Leases leases;
  private final Outbox outbox;
  private final Function<String, Load> loads;
  private final Environment.Clock clock;

  Settler(Leases leases, Outbox outbox, Function<String, Load> loads, Environment.Clock clock) {
    this.leases = leases;
    this.outbox = outbox;
    this.loads = loads;
    this.clock = clock;
  }

  /// A claim that is being settled.
  ///
  /// @param place in the call
  /// @param letter the message that takes its place; null when there is none
  /// @param dueMillis when its time comes, for one that goes on
  private record Ending(
      int place, Held held, Settlement settlement, @Nullable Letter letter, long dueMillis) {}

  /// Records how claims ended.
  ///
  /// @throws EngineUnavailableException when it is not known whether all messages that follow them
  ///   arrived; those claims are still held then, the others are ended, and who asks for them again
  ///   is told so
  List<Settled> settle(List<Settle> settles) {
    List<Settled> answers = new ArrayList<>(settles.size());
    List<Ending> ends = new ArrayList<>(settles.size());
    List<Ending> goOn = new ArrayList<>();
    for (Settle settle : settles) {
      Held held = begin(settle);
      if (held == null) {
        answers.add(leases.answerAgain(settle.lease(), settle.settlement()));
        continue;
      }
      Ending ending = ending(answers.size(), held, settle.settlement());
      (ending.letter() == null ? ends : goOn).add(ending);
      answers.add(Settled.APPLIED);
    }
    finish(ends, answers);
    Outbox.Sent sent = sendOn(goOn);
    if (sent.failure() != null) {
      for (int i = 0; i < goOn.size(); i++) {
        if (!sent.arrived().get(i)) {
          answers.set(goOn.get(i).place(), Settled.LEASE_LOST);
        }
      }
      for (int i = 0; i < answers.size(); i++) {
        if (answers.get(i) == Settled.APPLIED) {
          leases.unheard(settles.get(i).lease());
        }
      }
      throw sent.failure();
    }
    return answers;
  }

  private @Nullable Held begin(Settle settle) {
    Lease lease = settle.lease();
    return settle.settlement().step().actor() == Actor.REAPER ? null : leases.beginSettling(lease);
  }

  private Ending ending(int place, Held held, Settlement settlement) {
    Envelope now = held.envelope;
    return switch (settlement) {
      case RunAgain again -> {
        int attempts = now.attempt() - (again.refund() ? 1 : 0);
        Envelope next = now.after(attempts, again.parks(), again.attempt());
        yield toLine(place, held, settlement, next, again.atMillis());
      }
      case Release _ ->
          toLine(place, held, settlement, now.after(now.attempt() - 1, false, null), 0);
      case Bury bury -> {
        int attempts = now.attempt() - (bury.isUnstarted() ? 1 : 0);
        Envelope dead =
            now.after(attempts, false, bury.attempt())
                .dead(new Envelope.Death(bury.reason(), clock.wallMillis()));
        yield new Ending(place, held, settlement, outbox.toDead(dead), 0);
      }
      default -> new Ending(place, held, settlement, null, 0);
    };
  }

  private Ending toLine(int place, Held held, Settlement settlement, Envelope next, long atMillis) {
    long dueMillis = atMillis > clock.wallMillis() ? atMillis : 0;
    return new Ending(place, held, settlement, outbox.toLine(next, dueMillis), dueMillis);
  }

  /// Sends what follows, and ends each claim whose message arrived; the others are kept.
  private Outbox.Sent sendOn(List<Ending> endings) {
    Outbox.Sent sent = null;
    try {
      sent = outbox.sendEach(endings.stream().map(Ending::letter).toList());
    } finally {
      for (int i = 0; i < endings.size(); i++) {
        if (sent == null || !sent.arrived().get(i)) {
          leases.keep(endings.get(i).held());
        }
      }
    }
    List<Ending> arrived = sent.arrived().stream().mapToObj(endings::get).toList();
    for (Ending ending : arrived) {
      if (ending.settlement().step().to().isWaiting()) {
        Envelope next = ending.held().envelope;
        loads.apply(next.job().queue()).returned(next.job().bytes(), ending.dueMillis());
      }
    }
    // One whose message went on is settled in any case.
    finish(arrived, new ArrayList<>());
    return sent;
  }

  /// Acknowledges claims. One whose message went on is settled in any case; any other one is only
  /// when the broker heard of it.
  private void finish(List<Ending> endings, List<Settled> answers) {
    Map<Session, List<Ending>> bySession = new HashMap<>();
    for (Ending ending : endings) {
      bySession
          .computeIfAbsent(ending.held().delivery.session(), _ -> new ArrayList<>())
          .add(ending);
    }
    bySession.forEach((session, together) -> {
      boolean heard =
          session.acknowledge(
              together.stream().map(ending -> ending.held().delivery.tag()).toList());
      for (Ending ending : together) {
        boolean settled = heard || ending.letter() != null;
        leases.end(ending.held(), settled ? ending.settlement() : null);
        if (!settled) {
          answers.set(ending.place(), Settled.LEASE_LOST);
        }
      }
    });
  }

  /// Gives claims whose deadline has passed to others, with one crash more.
  ///
  /// @return what became of each; those that arrived are no claims any more
  Outbox.Sent reclaim(List<Held> expired) {
    List<Ending> endings = new ArrayList<>();
    for (Held held : expired) {
      Envelope next = held.envelope.crashed();
      endings.add(new Ending(0, held, Release.INSTANCE, outbox.toLine(next, 0), 0));
    }
    return sendOn(endings);
  }

  /// Sends deliveries that nobody claimed to the end of their line, as if they had never come:
  /// given back in the broker's way they would count as failed. [#acknowledge] must follow.
  ///
  /// @return what became of each
  Outbox.Sent copy(List<Delivery> deliveries) {
    return outbox.sendEach(
        deliveries.stream().map(delivery -> outbox.toLine(delivery.envelope(), 0)).toList());
  }

  /// Lets go of deliveries of one session whose copies arrived.
  void acknowledge(Session session, List<Delivery> deliveries, Outbox.Sent sent) {
    List<Long> tags = new ArrayList<>();
    for (int place : sent.arrived().stream().toArray()) {
      Delivery delivery = deliveries.get(place);
      tags.add(delivery.tag());
      int bytes = delivery.envelope().job().bytes();
      Load load = loads.apply(delivery.envelope().job().queue());
      load.unbuffered(bytes);
      load.returned(bytes, 0);
    }
    session.acknowledge(tags);
  }

  /// Sends messages that are no jobs to the dead of their queue.
  ///
  /// @return what became of each; those that arrived are acknowledged
  Outbox.Sent bury(String queue, List<Subscription.Foreign> strangers) {
    Outbox.Sent sent =
        outbox.sendEach(
            strangers.stream().map(stranger -> outbox.toDead(queue, stranger)).toList());
    for (int place : sent.arrived().stream().toArray()) {
      Subscription.Foreign stranger = strangers.get(place);
      stranger.session().acknowledge(List.of(stranger.tag()));
    }
    return sent;
  }
}
