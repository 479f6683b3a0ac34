package dev.sluice.contract;

import dev.sluice.contract.Command.CancelJob;
import dev.sluice.contract.Command.DeleteJob;
import dev.sluice.contract.Command.Ending;
import dev.sluice.contract.Command.ExtendClaim;
import dev.sluice.contract.Command.Kind;
import dev.sluice.contract.Command.NewJob;
import dev.sluice.contract.Command.OfferJobs;
import dev.sluice.contract.Command.PassTime;
import dev.sluice.contract.Command.PauseQueue;
import dev.sluice.contract.Command.PruneQueue;
import dev.sluice.contract.Command.PurgeQueue;
import dev.sluice.contract.Command.ReclaimAll;
import dev.sluice.contract.Command.RetryJob;
import dev.sluice.contract.Command.RunJobNow;
import dev.sluice.contract.Command.SettleClaims;
import dev.sluice.contract.Command.TakeJobs;
import dev.sluice.engine.ClaimRequest;
import dev.sluice.job.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/// Draws commands that get in each other's way: few queues, few keys, small bounds, short leases.
///
/// Threading: confined to the test.
final class CommandGenerator {
  static final List<String> QUEUES = List.of("a", "b", "never-or-late");
  static final int KEYS = 3;

  private static final List<Priority> PRIORITIES = List.of(Priority.values());
  private static final List<Kind> KINDS = List.of(Kind.values());

  private final SplittableRandom random;
  private int jobs;
  private int delays;

  CommandGenerator(long seed) {
    random = new SplittableRandom(seed);
  }

  List<Command> commands(int length) {
    List<Command> commands = new ArrayList<>();
    while (commands.size() < length) {
      commands.add(next());
    }
    return commands;
  }

  private Command next() {
    int dice = random.nextInt(106);
    if (dice < 28) {
      return new OfferJobs(some(4, this::newJob));
    }
    if (dice < 50) {
      return new TakeJobs(requests());
    }
    if (dice < 70) {
      return new SettleClaims(some(4, this::ending));
    }
    if (dice < 78) {
      return new PassTime(Duration.ofSeconds(1 + random.nextInt(12)));
    }
    if (dice < 82) {
      return new ExtendClaim(recentClaim(), Duration.ofSeconds(1 + random.nextInt(10)));
    }
    if (dice < 86) {
      return new ReclaimAll(random.nextInt(3) == 0);
    }
    if (dice < 90) {
      return new CancelJob(anyJob());
    }
    if (dice < 93) {
      return new RetryJob(anyJob(), 1 + random.nextInt(8), 1 + random.nextInt(60));
    }
    if (dice < 95) {
      return new PauseQueue(queue(), random.nextInt(3) == 0);
    }
    if (dice < 96) {
      return new PurgeQueue(queue());
    }
    if (dice < 100) {
      return new PruneQueue(queue(), age(), age());
    }
    return dice < 103 ? new RunJobNow(anyJob()) : new DeleteJob(anyJob());
  }

  private Duration age() {
    return Duration.ofSeconds(random.nextInt(20));
  }

  private <T> List<T> some(int most, Supplier<T> source) {
    List<T> drawn = new ArrayList<>();
    for (int left = 1 + random.nextInt(most); left > 0; left--) {
      drawn.add(source.get());
    }
    return List.copyOf(drawn);
  }

  private <T> T oneOf(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  private String queue() {
    int dice = random.nextInt(20);
    return QUEUES.get(dice < 13 ? 0 : dice < 19 ? 1 : 2);
  }

  // Nearly always a new one; now and then one that was handed over before.
  private NewJob newJob() {
    int number = random.nextInt(12) == 0 ? anyJob() : jobs++;
    return new NewJob(
        number,
        queue(),
        oneOf(PRIORITIES),
        random.nextInt(12),
        random.nextInt(4) == 0 ? 1 + random.nextInt(KEYS) : 0,
        random.nextInt(4) == 0 ? 1_000L * random.nextInt(1, 8) : 0,
        1 + random.nextInt(12),
        random.nextInt(3) == 0 ? 1 + random.nextInt(60) : 1_000);
  }

  private List<ClaimRequest> requests() {
    List<ClaimRequest> requests = new ArrayList<>();
    for (String queue : QUEUES) {
      if (random.nextInt(3) > 0) {
        int max = 1 + random.nextInt(5);
        int low = random.nextInt(max + 1);
        int normal = random.nextInt(max - low + 1);
        Duration lease = Duration.ofSeconds(1 + random.nextInt(20));
        requests.add(new ClaimRequest(queue, max, low, normal, lease));
      }
    }
    return List.copyOf(requests);
  }

  private Ending ending() {
    Kind kind = oneOf(KINDS);
    // Never the same time twice: the order of jobs that are due together is left to the engine.
    long delayMillis = 1_000L * random.nextInt(8) + 1 + delays++ % 999;
    return new Ending(recentClaim(), kind, delayMillis);
  }

  private int anyJob() {
    return random.nextInt(Math.max(1, jobs));
  }

  // Counted from the end, where the claims are that still run; now and then an old one.
  private int recentClaim() {
    return -1 - random.nextInt(random.nextInt(4) == 0 ? 40 : 6);
  }
}
