package dev.sluice.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.engine.Bound;
import dev.sluice.engine.Claim;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.engine.Claimed;
import dev.sluice.engine.Controllable;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Engine;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Reclaiming;
import dev.sluice.engine.Remembering;
import dev.sluice.engine.Retaining;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.Admission.Accepted;
import dev.sluice.job.AttemptOutcome;
import dev.sluice.job.AttemptRecord;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/// One engine under test in a world of its own, with short words for what tests do to it.
///
/// Threading: confined to the test.
public final class Trial {
  /// The queue of a test that needs only one.
  public static final String QUEUE = "mail";

  /// A bound that no test reaches by accident.
  public static final Bound WIDE = new Bound(1_000_000, 1L << 40);

  /// How long claims of [#claim] are valid.
  public static final Duration LEASE = Duration.ofSeconds(30);

  private final ManualEnvironment world = new ManualEnvironment(42);
  private final Set<Lease> given = new HashSet<>();
  private Engine engine;
  private boolean closed;
  private long jobs;

  Trial(Topic contract) {
    engine = contract.open(world.environment());
  }

  public Engine engine() {
    return engine;
  }

  public ManualEnvironment world() {
    return world;
  }

  public Inspectable inspect() {
    return (Inspectable) engine;
  }

  public Controllable control() {
    return (Controllable) engine;
  }

  public Reclaiming reclaim() {
    return (Reclaiming) engine;
  }

  public Retaining retain() {
    return (Retaining) engine;
  }

  public Remembering remember() {
    return (Remembering) engine;
  }

  /// Goes on with what came out of a restart.
  public void restart(UnaryOperator<Engine> restarting) {
    engine = restarting.apply(engine);
  }

  public void close() {
    closed = true;
    engine.close();
  }

  boolean isClosed() {
    return closed;
  }

  public void advance(Duration by) {
    world.advance(by);
  }

  public long inFuture(Duration delay) {
    return world.wallMillis() + delay.toMillis();
  }

  /// A new job; ids ascend in the order of drafting.
  public JobDraft job() {
    return new JobDraft(newId(jobs++), world.wallMillis());
  }

  static JobId newId(long number) {
    long millis = ManualEnvironment.START_MILLIS + (number >>> 12);
    return new JobId((millis << 16) | 0x7000 | (number & 0xFFF), Long.MIN_VALUE | number);
  }

  public Admission offer(JobDraft draft, Bound bound) {
    return engine.offer(List.of(new Offer(draft.build(), bound))).getFirst();
  }

  public Admission offer(JobDraft draft) {
    return offer(draft, WIDE);
  }

  /// Offers a job that must be taken.
  public JobId accepted(JobDraft draft) {
    Admission admission = offer(draft);
    assertThat(admission).isInstanceOf(Accepted.class);
    return ((Accepted) admission).id();
  }

  public JobId accepted() {
    return accepted(job());
  }

  /// Offers `count` plain jobs in one batch, all of which must be taken.
  public List<JobId> accepted(int count) {
    List<Offer> offers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      offers.add(new Offer(job().build(), WIDE));
    }
    List<Admission> admissions = engine.offer(offers);
    assertThat(admissions).hasSize(count).allMatch(Accepted.class::isInstance);
    return offers.stream().map(offer -> offer.job().id()).toList();
  }

  public Claimed claim(ClaimRequest... requests) {
    Claimed claimed = engine.claim(List.of(requests));
    for (Claim claim : claimed.claims()) {
      assertThat(given.add(claim.lease())).as("%s is given once", claim.lease()).isTrue();
    }
    return claimed;
  }

  public List<Claim> claim(int max) {
    return claim(new ClaimRequest(QUEUE, max, 0, 0, LEASE)).claims();
  }

  public List<JobId> claimIds(int max) {
    return ids(claim(max));
  }

  public static List<JobId> ids(List<Claim> claims) {
    return claims.stream().map(claim -> claim.job().id()).toList();
  }

  /// Takes the next job, which must be there.
  public Claim claimOne() {
    List<Claim> claims = claim(1);
    assertThat(claims).hasSize(1);
    return claims.getFirst();
  }

  /// A job that runs.
  public Claim started() {
    accepted();
    return claimOne();
  }

  public Settled settle(Claim claim, Settlement settlement) {
    return engine.settle(List.of(new Settle(claim.lease(), settlement))).getFirst();
  }

  /// Settles, which must be applied.
  public void applied(Claim claim, Settlement settlement) {
    assertThat(settle(claim, settlement)).isEqualTo(Settled.APPLIED);
  }

  /// A record of how `claim` ended now.
  public AttemptRecord attempt(Claim claim, AttemptOutcome outcome) {
    return new AttemptRecord(
        claim.attempt(),
        outcome,
        outcome == AttemptOutcome.FAILED ? "java.io.IOException: no route" : null,
        Instant.ofEpochMilli(claim.startedAtMillis()),
        Instant.ofEpochMilli(world.wallMillis()));
  }

  public AttemptRecord failed(Claim claim) {
    return attempt(claim, AttemptOutcome.FAILED);
  }

  public Settlement retryIn(Claim claim, Duration delay) {
    return new Settlement.RunAgain(inFuture(delay), false, failed(claim));
  }

  public Settlement crash(Claim claim) {
    return new Settlement.Crash(attempt(claim, AttemptOutcome.LOST));
  }

  public JobView view(JobId id) {
    return inspect().find(id).orElseThrow();
  }

  public JobView view(Claim claim) {
    return view(claim.job().id());
  }

  public JobState state(JobId id) {
    return view(id).state();
  }

  public Counts counts() {
    return inspect().counts(QUEUE);
  }

  /// Ids of all jobs of the queue in one state, page by page.
  public List<JobId> listed(JobState state, int pageSize) {
    return Invariants.all(inspect(), QUEUE, state, pageSize).stream().map(JobView::id).toList();
  }
}
