package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.BrokerTrial;
import dev.sluice.engine.Claim;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Extension;
import dev.sluice.engine.Lease;
import dev.sluice.engine.Offer;
import dev.sluice.engine.Settle;
import dev.sluice.engine.Settled;
import dev.sluice.engine.Settlement;
import dev.sluice.job.Admission;
import dev.sluice.job.Job;
import dev.sluice.job.JobId;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.sqs.Adversary.Fault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// All the bad days of SQS at once, by a seed.
@ExtendWith(OwnElastic.class)
final class StormTest {
  private static final Duration LEASE = Duration.ofSeconds(4);

  private final Elastic server;
  private Adversary adversary;
  private Desk desk;

  StormTest(Elastic server) {
    this.server = server;
  }

  @AfterEach
  void close() {
    desk.close();
    adversary.close();
  }

  private void open(long seed, boolean fifo) {
    adversary = new Adversary(server.uri(), seed);
    desk = new Desk(adversary.uri(), fifo ? "&fifo=true" : "", Desk.TUNING).lease(LEASE);
    adversary
        .with(Fault.THROTTLED, 0.03)
        .with(Fault.UNAVAILABLE, 0.02)
        .with(Fault.ANSWER_LOST, 0.02)
        .with(Fault.EXPIRED, 0.01)
        .with(Fault.SLOW, 0.01);
    if (!fifo) {
      // FIFO queues promise that these do not happen.
      adversary
          .with(Fault.DUPLICATE, 0.2)
          .with(Fault.REORDERED, 0.5)
          .with(Fault.LATE, 0.1)
          .with(Fault.SHOWN_AGAIN, 0.2);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 600, false", "2, 600, false", "3, 300, true"})
  void nothingIsLostAndNothingEndsTwice(long seed, int count, boolean fifo) {
    open(seed, fifo);
    adversary.with(Fault.PARTIAL, 0.05);
    Random random = new Random(seed);
    Set<JobId> open = new HashSet<>();
    for (int from = 0; from < count; from += 100) {
      List<Offer> part = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        part.add(new Offer(desk.job(), Desk.WIDE));
      }
      offered(part).forEach(answer -> open.add(((Admission.Accepted) answer).id()));
    }
    assertThat(open).hasSize(count);
    Set<JobId> done = new HashSet<>();
    List<JobId> twice = new ArrayList<>();
    while (done.size() < count) {
      List<Claim> claims = desk.claim(1);
      claims = with(claims, desk.claimNow(Math.min(50, count - done.size())));
      extend(claims.subList(0, claims.size() / 4));
      List<Settle> settles = claims.stream().map(claim -> settle(claim, random)).toList();
      List<Settled> answers = settled(settles);
      for (int i = 0; i < claims.size(); i++) {
        JobId id = claims.get(i).job().id();
        assertThat(open).contains(id);
        boolean over = settles.get(i).settlement() instanceof Settlement.Complete;
        if (answers.get(i) == Settled.APPLIED && over && !done.add(id)) {
          twice.add(id);
        }
      }
    }
    assertThat(adversary.made(Fault.ANSWER_LOST)).isPositive();
    assertThat(adversary.made(Fault.PARTIAL)).isPositive();
    assertThat(adversary.made(Fault.SHOWN_AGAIN) > 0).isNotEqualTo(fifo);
    // In one process even what SQS shows twice is done once.
    assertThat(twice).isEmpty();
    adversary.calm();
    assertThat(desk.engine.dead("mail", 10)).isEmpty();
  }

  private static List<Claim> with(List<Claim> some, List<Claim> more) {
    List<Claim> all = new ArrayList<>(some);
    all.addAll(more);
    return all;
  }

  private Settle settle(Claim claim, Random random) {
    boolean again = claim.attempt() == 1 && random.nextInt(8) == 0;
    return new Settle(
        claim.lease(), again ? desk.retryIn(claim, Duration.ZERO) : Settlement.Complete.INSTANCE);
  }

  /// Offers until it is known to be taken, as a caller with a key of its own would.
  private List<Admission> offered(List<Offer> part) {
    while (true) {
      try {
        return desk.engine.offer(part);
      } catch (EngineUnavailableException again) {
        assertThat(again.getMessage()).contains("queue 'mail' on SQS");
      }
    }
  }

  private void extend(List<Claim> claims) {
    List<Lease> leases = claims.stream().map(Claim::lease).toList();
    try {
      List<Extension> answers = desk.engine.extend(leases, LEASE);
      assertThat(answers).hasSameSizeAs(leases);
    } catch (EngineUnavailableException unsure) {
      assertThat(unsure.getMessage()).contains("cannot extend leases");
    }
  }

  private List<Settled> settled(List<Settle> settles) {
    while (true) {
      try {
        return desk.engine.settle(settles);
      } catch (EngineUnavailableException again) {
        assertThat(again.getMessage()).contains("cannot record how jobs ended");
      }
    }
  }

  /// Refusals of single entries of a send are left out: what comes behind such an entry in the same
  /// call is there before it.
  @Test
  void jobsOfAKeyKeepTheirOrder() {
    open(5, true);
    Map<String, List<JobId>> sent = new HashMap<>();
    List<JobView> views = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      String key = "k" + i % 5;
      Job job = desk.keyed(key);
      sent.computeIfAbsent(key, _ -> new ArrayList<>()).add(job.id());
      views.add(BrokerTrial.view(job, JobState.READY, null));
    }
    assertThat(desk.engine.restore(views)).hasSize(60);
    Map<String, List<JobId>> ended = new HashMap<>();
    Random random = new Random(5);
    for (int open = 60; open > 0; ) {
      for (Claim claim : with(desk.claim(1), desk.claimNow(10))) {
        Settle settle = settle(claim, random);
        boolean over = settle.settlement() instanceof Settlement.Complete;
        if (settled(List.of(settle)).getFirst() == Settled.APPLIED && over) {
          String key = String.valueOf(claim.job().options().key());
          ended.computeIfAbsent(key, _ -> new ArrayList<>()).add(claim.job().id());
          open--;
        }
      }
    }
    assertThat(ended).isEqualTo(sent);
  }
}
