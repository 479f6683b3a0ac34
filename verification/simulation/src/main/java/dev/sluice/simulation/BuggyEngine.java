package dev.sluice.simulation;

import dev.sluice.contract.EngineLayer;
import dev.sluice.contract.FullEngine;
import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobOptions;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;

/// An engine with one planted [Bug].
///
/// Threading: confined to the simulating thread.
final class BuggyEngine extends EngineLayer<FullEngine> {
  private final Bug bug;
  private final World world;
  private final List<Offer> unforced = new ArrayList<>();

  BuggyEngine(FullEngine inner, Bug bug, World world) {
    super(inner);
    this.bug = bug;
    this.world = world;
  }

  /// What was not forced to disk is gone with the process.
  void processDied() {
    unforced.clear();
  }

  @Override
  public List<Admission> offer(List<Offer> offers) {
    return switch (bug) {
      case ACCEPTED_BEFORE_FSYNC -> {
        unforced.addAll(offers);
        yield offers.stream().map(BuggyEngine::accepted).toList();
      }
      case ACCEPTED_AND_DROPPED ->
          world.chance(0.1)
              ? offers.stream().map(BuggyEngine::accepted).toList()
              : inner.offer(offers);
      case BOUND_OFF_BY_ONE ->
          inner.offer(bounded(offers, offer -> new Bound(offer.jobs() + 1, offer.bytes())));
      case BYTES_UNBOUNDED ->
          inner.offer(bounded(offers, offer -> new Bound(offer.jobs(), Long.MAX_VALUE)));
      case KEY_IGNORED -> inner.offer(offers.stream().map(BuggyEngine::withoutKey).toList());
      case REFUSED_BUT_STORED -> {
        List<Admission> answers = inner.offer(offers);
        for (int i = 0; i < offers.size(); i++) {
          if (answers.get(i) instanceof Admission.Refused) {
            inner.offer(List.of(new Offer(offers.get(i).job(), Bound.NONE)));
          }
        }
        yield answers;
      }
      default -> inner.offer(offers);
    };
  }

  private static Admission accepted(Offer offer) {
    return new Admission.Accepted(offer.job().id());
  }

  private static List<Offer> bounded(List<Offer> offers, UnaryOperator<Bound> change) {
    return offers.stream()
        .map(offer -> new Offer(offer.job(), change.apply(offer.bound())))
        .toList();
  }

  private static Offer withoutKey(Offer offer) {
    Job job = offer.job();
    JobOptions with = job.options();
    JobOptions without =
        new JobOptions(
            with.runAtMillis(),
            null,
            with.headers(),
            with.expiresAtMillis(),
            with.timeoutMillis(),
            with.maxAttempts(),
            null,
            null);
    return new Offer(
        new Job(
            job.id(),
            job.queue(),
            job.type(),
            job.payload(),
            job.priority(),
            job.createdAtMillis(),
            without),
        offer.bound());
  }

  @Override
  public Claimed claim(List<ClaimRequest> requests) {
    if (bug == Bug.ACCEPTED_BEFORE_FSYNC && world.chance(0.3)) {
      inner.offer(List.copyOf(unforced));
      unforced.clear();
    }
    if (bug == Bug.PAUSE_IGNORED) {
      for (ClaimRequest request : requests) {
        if (inner.counts(request.queue()).paused()) {
          inner.pause(request.queue(), false);
        }
      }
    }
    Claimed claimed = inner.claim(requests);
    List<Claim> claims = new ArrayList<>(claimed.claims());
    switch (bug) {
      case ATTEMPT_NOT_RAISED -> claims.replaceAll(BuggyEngine::withoutAttempt);
      case CLAIMED_TWICE -> {
        if (!claims.isEmpty() && world.chance(0.2)) {
          claims.add(claims.getFirst());
        }
      }
      case PAYLOAD_TORN -> {
        if (world.chance(0.1)) {
          claims.replaceAll(BuggyEngine::torn);
        }
      }
      case ORDER_REVERSED -> Collections.reverse(claims);
      default -> {}
    }
    return new Claimed(claims, claimed.nextDueMillis());
  }

  private static Claim withoutAttempt(Claim claim) {
    return new Claim(
        claim.job(),
        claim.lease(),
        Math.max(1, claim.attempt() - 1),
        claim.crashes(),
        claim.parked(),
        claim.startedAtMillis());
  }

  private static Claim torn(Claim claim) {
    Job job = claim.job();
    byte[] half = Arrays.copyOf(job.payload(), job.payload().length / 2);
    return new Claim(
        new Job(
            job.id(),
            job.queue(),
            job.type(),
            half,
            job.priority(),
            job.createdAtMillis(),
            job.options()),
        claim.lease(),
        claim.attempt(),
        claim.crashes(),
        claim.parked(),
        claim.startedAtMillis());
  }

  @Override
  public List<Extension> extend(List<Lease> leases, Duration by) {
    return bug == Bug.STALE_EXTEND
        ? inner.extend(leases.stream().map(this::newest).toList(), by)
        : inner.extend(leases, by);
  }

  private Lease newest(Lease lease) {
    return inner
        .find(lease.id())
        .filter(view -> view.state() == JobState.RUNNING)
        .map(view -> new Lease(lease.id(), view.epoch()))
        .orElse(lease);
  }

  @Override
  public List<Settled> settle(List<Settle> settles) {
    return switch (bug) {
      case STALE_SETTLE -> inner.settle(settles.stream().map(this::unfenced).toList());
      case CRASH_NOT_COUNTED ->
          inner.settle(
              settles.stream()
                  .map(settle ->
                      settle.settlement() instanceof Settlement.Crash
                          ? new Settle(settle.lease(), Settlement.Release.INSTANCE)
                          : settle)
                  .toList());
      case SETTLE_DROPPED ->
          world.chance(0.05)
              ? settles.stream().map(_ -> Settled.APPLIED).toList()
              : inner.settle(settles);
      case COMPLETED_RESCUED -> {
        List<Settled> answers = inner.settle(settles);
        if (world.chance(0.1)) {
          inner.retry(settles.getFirst().lease().id(), Bound.NONE);
        }
        yield answers;
      }
      default -> inner.settle(settles);
    };
  }

  private Settle unfenced(Settle settle) {
    return new Settle(newest(settle.lease()), settle.settlement());
  }

  @Override
  public List<Claim> expired(int max) {
    return bug == Bug.NEVER_RECLAIMED ? List.of() : inner.expired(max);
  }

  @Override
  public Control runNow(JobId id) {
    return bug == Bug.RUN_NOW_FORGOTTEN && isWaiting(id) ? Control.APPLIED : inner.runNow(id);
  }

  @Override
  public Control delete(JobId id) {
    return switch (bug) {
      case DELETE_FORGOTTEN -> {
        boolean ended = inner.find(id).map(JobView::state).filter(JobState::isTerminal).isPresent();
        yield ended ? Control.APPLIED : inner.delete(id);
      }
      case DELETED_TOO_EARLY -> {
        if (isWaiting(id)) {
          inner.cancel(id);
        }
        yield inner.delete(id);
      }
      default -> inner.delete(id);
    };
  }

  private boolean isWaiting(JobId id) {
    return inner.find(id).map(JobView::state).filter(JobState::isWaiting).isPresent();
  }

  @Override
  public Control cancel(JobId id) {
    return bug == Bug.CANCEL_FORGOTTEN && isWaiting(id) ? Control.APPLIED : inner.cancel(id);
  }
}
