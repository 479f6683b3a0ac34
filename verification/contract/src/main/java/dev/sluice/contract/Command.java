package dev.sluice.contract;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Retaining;
import dev.sluice.engine.Retention;
import dev.sluice.engine.Retention.Keep;
import dev.sluice.engine.Settle;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;

/// One thing done to an engine in a random sequence. Jobs and claims are named by number, so that a
/// command keeps a meaning when others are left out of the sequence.
///
/// Threading: immutable.
sealed interface Command {
  /// Does it.
  ///
  /// @return the engine's answer in a form that can be compared with another engine's
  Object run(CommandSession session);

  /// Hands jobs over.
  record OfferJobs(List<NewJob> jobs) implements Command {
    @Override
    public Object run(CommandSession session) {
      List<Offer> offers =
          jobs.stream()
              .map(job -> new Offer(session.draft(job), new Bound(job.roomJobs, job.roomBytes)))
              .toList();
      return session.engine().offer(offers);
    }
  }

  /// A job to hand over.
  ///
  /// @param number stands for its id
  /// @param key 0 for none
  /// @param delayMillis 0 for at once
  /// @param roomJobs bound of the queue in jobs
  /// @param roomBytes bound of the queue in bytes
  record NewJob(
      int number,
      String queue,
      Priority priority,
      int bytes,
      int key,
      long delayMillis,
      long roomJobs,
      long roomBytes) {}

  /// Takes jobs of several queues.
  record TakeJobs(List<ClaimRequest> requests) implements Command {
    @Override
    public Object run(CommandSession session) {
      Claimed claimed = session.engine().claim(requests);
      session.remember(claimed.claims());
      return List.of(described(claimed.claims()), claimed.nextDueMillis());
    }
  }

  private static List<String> described(List<Claim> claims) {
    return claims.stream().map(Command::described).toList();
  }

  private static String described(Claim claim) {
    return "%s, attempt %d, crashes %d, parked %d, started %d"
        .formatted(
            claim.lease(),
            claim.attempt(),
            claim.crashes(),
            claim.parked(),
            claim.startedAtMillis());
  }

  /// Prolongs one claim.
  record ExtendClaim(int claim, Duration by) implements Command {
    @Override
    public Object run(CommandSession session) {
      List<Lease> leases = session.claim(claim).map(Claim::lease).stream().toList();
      return session.engine().extend(leases, by);
    }
  }

  /// Ends claims.
  record SettleClaims(List<Ending> endings) implements Command {
    @Override
    public Object run(CommandSession session) {
      List<Settle> settles =
          endings.stream().flatMap(ending -> session.settle(ending).stream()).toList();
      return session.engine().settle(settles);
    }
  }

  /// How a claim ends.
  ///
  /// @param delayMillis for those that run again
  record Ending(int claim, Kind kind, long delayMillis) {}

  /// All settlements, with and without their flags.
  enum Kind {
    COMPLETE,
    RUN_AGAIN,
    PARK,
    SNOOZE,
    BURY,
    EXPIRE,
    RELEASE,
    STOP,
    CRASH,
    POISON
  }

  /// Takes back all claims whose deadline passed.
  record ReclaimAll(boolean poison) implements Command {
    @Override
    public Object run(CommandSession session) {
      List<Claim> late =
          ((Reclaiming) session.engine())
              .expired(1_000).stream()
                  .sorted(Comparator.comparing(claim -> claim.job().id()))
                  .toList();
      Kind kind = poison ? Kind.POISON : Kind.CRASH;
      List<Settle> settles = late.stream().map(claim -> session.settle(claim, kind, 0)).toList();
      return List.of(described(late), session.engine().settle(settles));
    }
  }

  /// Lets time pass; done to the world, not to an engine.
  record PassTime(Duration by) implements Command {
    @Override
    public Object run(CommandSession session) {
      return "time";
    }
  }

  /// Cancels a job.
  record CancelJob(int number) implements Command {
    @Override
    public Object run(CommandSession session) {
      return ((Controllable) session.engine()).cancel(Trial.newId(number));
    }
  }

  /// Retries an ended job.
  record RetryJob(int number, long roomJobs, long roomBytes) implements Command {
    @Override
    public Object run(CommandSession session) {
      Bound bound = new Bound(roomJobs, roomBytes);
      return ((Controllable) session.engine()).retry(Trial.newId(number), bound);
    }
  }

  /// Ends the wait of a scheduled job.
  record RunJobNow(int number) implements Command {
    @Override
    public Object run(CommandSession session) {
      return ((Controllable) session.engine()).runNow(Trial.newId(number));
    }
  }

  /// Lets go of an ended job.
  record DeleteJob(int number) implements Command {
    @Override
    public Object run(CommandSession session) {
      return ((Controllable) session.engine()).delete(Trial.newId(number));
    }
  }

  /// Cancels all that wait: which ones a smaller purge takes is left to the engine.
  record PurgeQueue(String queue) implements Command {
    @Override
    public Object run(CommandSession session) {
      return ((Controllable) session.engine()).purge(queue, 1_000);
    }
  }

  /// Stops or resumes a queue.
  record PauseQueue(String queue, boolean paused) implements Command {
    @Override
    public Object run(CommandSession session) {
      ((Controllable) session.engine()).pause(queue, paused);
      return "void";
    }
  }

  /// Lets old jobs go. By age only: which of two jobs that ended in one millisecond is the older
  /// one is left to the engine.
  record PruneQueue(String queue, Duration succeeded, Duration dead) implements Command {
    @Override
    public Object run(CommandSession session) {
      Retention retention =
          new Retention(
              new Keep(succeeded, Long.MAX_VALUE, Long.MAX_VALUE),
              new Keep(dead, Long.MAX_VALUE, Long.MAX_VALUE));
      return ((Retaining) session.engine()).prune(queue, retention, 1_000);
    }
  }
}
