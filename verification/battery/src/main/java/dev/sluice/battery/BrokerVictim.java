package dev.sluice.battery;

import dev.sluice.EnqueueOptions;
import dev.sluice.JobContext;
import dev.sluice.JobEvent;
import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.QueuePolicy;
import dev.sluice.Sluice;
import dev.sluice.engine.Countable;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.Engine;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.job.Admission;
import dev.sluice.job.Priority;
import dev.sluice.rabbitmq.RabbitEngine;
import dev.sluice.sqs.SqsEngine;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;

/// The process that is killed, on a broker: enqueues and runs jobs, and tells each fact in one line
/// on its output, after it has become one.
///
/// Threading: [#say] is thread-safe: a line is one write, which a pipe takes whole or not at all.
public final class BrokerVictim {
  private static final int PRODUCERS = 4;
  private static final int MAX_BULK = 40;
  private static final int MAX_LINE = 1000;
  private static final int MAX_CRASHES = 100;
  private static final int MAX_ATTEMPTS = 1000;
  private static final int LONGEST_DELAY_MILLIS = 1000;
  private static final int SUM_DIGITS = 8;
  private static final Duration LEASE = Duration.ofSeconds(5);
  private static final long RETRY_NANOS = 100_000_000;
  private static final long COUNT_NANOS = 500_000_000;
  private static final List<Priority> PRIORITIES = List.of(Priority.values());

  private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);
  private boolean honoursPriorities;
  private boolean delays;

  private BrokerVictim() {}

  /// `BrokerVictim URL produce|drain SEED`: works until its input ends.
  public static void main(String[] args) {
    // What libraries print must not be taken for a fact.
    System.setOut(System.err);
    System.exit(new BrokerVictim().live(args[0], args[1].equals("drain"), Long.parseLong(args[2])));
  }

  private int live(String url, boolean drains, long seed) {
    Engine engine = open(url);
    honoursPriorities = engine.limits().priorities();
    delays = engine.limits().delay().toMillis() >= LONGEST_DELAY_MILLIS;
    Sluice sluice =
        Sluice.on(engine)
            .queue(Load.QUEUE, policy())
            .handle(Load.WORK, this::work)
            .listen(this::on)
            .start();
    say("OPEN");
    if (drains) {
      Thread.ofPlatform().daemon().name("counter").start(() -> count((Countable) engine));
    } else {
      for (int i = 0; i < PRODUCERS; i++) {
        SplittableRandom random = new SplittableRandom(seed + i);
        Thread.ofPlatform().daemon().name("producer-" + i).start(() -> produce(sluice, random));
      }
    }
    awaitEndOfInput();
    say("CLOSED " + sluice.close(Duration.ofSeconds(10)));
    return 0;
  }

  /// No job dies by itself: it may fail and crash as often as a policy can allow.
  private static QueuePolicy policy() {
    QueuePolicy policy = Load.policy();
    return policy
        .withRetry(policy.retry().withMaxAttempts(MAX_ATTEMPTS))
        .withMaxCrashes(MAX_CRASHES)
        .withLease(LEASE);
  }

  /// Opens the engine, and waits for a broker that is away.
  private Engine open(String url) {
    while (true) {
      try {
        return url.startsWith("sqs:") ? SqsEngine.open(url) : RabbitEngine.open(url);
      } catch (EngineUnavailableException away) {
        error(away);
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }

  private void count(Countable engine) {
    while (true) {
      try {
        Counts counts = engine.counts(Load.QUEUE);
        say("COUNTS " + counts.waiting() + " " + counts.running() + " " + counts.dead());
      } catch (EngineUnavailableException away) {
        error(away);
      }
      LockSupport.parkNanos(COUNT_NANOS);
    }
  }

  private static void awaitEndOfInput() {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException _) {
      // An input that fails has ended.
    }
  }

  private void produce(Sluice sluice, RandomGenerator random) {
    while (true) {
      try {
        boolean refused = enqueue(sluice, random);
        if (refused) {
          LockSupport.parkNanos(random.nextLong(2_000_000, 10_000_000));
        } else if (random.nextInt(4) == 0) {
          LockSupport.parkNanos(random.nextLong(3_000_000));
        }
      } catch (EngineUnavailableException unavailable) {
        error(unavailable);
        LockSupport.parkNanos(RETRY_NANOS);
      }
    }
  }

  /// One job, or a list of them.
  ///
  /// @return whether one was refused
  private boolean enqueue(Sluice sluice, RandomGenerator random) {
    int count = random.nextInt(3) > 0 ? 1 : 1 + random.nextInt(MAX_BULK);
    List<String> payloads = new ArrayList<>(count);
    List<NewJob<String>> jobs = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      payloads.add(Load.payload(random));
      jobs.add(new NewJob<>(Load.WORK, payloads.get(i), options(random)));
    }
    List<Admission> answers =
        count == 1
            ? List.of(sluice.enqueue(Load.WORK, payloads.getFirst(), jobs.getFirst().options()))
            : sluice.enqueue(jobs);
    boolean refused = false;
    for (int i = 0; i < count; i++) {
      switch (answers.get(i)) {
        case Admission.Accepted(var id) -> say("ACK " + id + " " + sum(payloads.get(i)));
        case Admission.Duplicate(var id) -> say("DUP " + id);
        case Admission.Refused _ -> {
          refused = true;
          say("REFUSED");
        }
      }
    }
    return refused;
  }

  private static String sum(String payload) {
    return payload.substring(0, Math.min(SUM_DIGITS, payload.length()));
  }

  private EnqueueOptions options(RandomGenerator random) {
    EnqueueOptions options = EnqueueOptions.defaults();
    if (honoursPriorities) {
      options = options.withPriority(PRIORITIES.get(random.nextInt(PRIORITIES.size())));
    }
    if (delays && random.nextInt(6) == 0) {
      options = options.withDelay(Duration.ofMillis(random.nextInt(LONGEST_DELAY_MILLIS)));
    }
    return options;
  }

  private Outcome work(String payload, JobContext job) {
    say("START " + job.id() + " " + job.epoch() + " " + sum(payload));
    try {
      if (!Load.isWhole(payload)) {
        say("TORN " + job.id());
      }
      RandomGenerator random = ThreadLocalRandom.current();
      if (random.nextBoolean()) {
        LockSupport.parkNanos(random.nextLong(4_000_000));
      }
      return switch (random.nextInt(20)) {
        case 0 -> throw new IllegalStateException("fails, as planned");
        case 1 -> Outcome.retry(Duration.ofMillis(random.nextInt(50)), "again, as planned");
        case 2 -> Outcome.snooze(Duration.ofMillis(random.nextInt(50)));
        default -> {
          say("FINISHED " + job.id());
          yield Outcome.done();
        }
      };
    } finally {
      say("STOP " + job.id());
    }
  }

  private void on(JobEvent event) {
    switch (event) {
      case JobEvent.Died(var job, var attempt, var reason, var error, _) ->
          say("DIED " + job.id() + " " + attempt + " " + reason + " " + error);
      case JobEvent.Cancelled(var job, var attempt, _) ->
          say("DIED " + job.id() + " " + attempt + " cancelled");
      case JobEvent.LeaseLost(var job, _) -> say("LOST " + job.id());
      case JobEvent.Started _,
          JobEvent.Crashed _,
          JobEvent.Succeeded _,
          JobEvent.Retrying _,
          JobEvent.Snoozed _,
          JobEvent.Parked _,
          JobEvent.Released _,
          JobEvent.BecameZombie _,
          JobEvent.LateResult _ -> {}
    }
  }

  private void error(EngineUnavailableException failure) {
    say("ERROR " + failure.getMessage());
  }

  private void say(String fact) {
    String line = fact.replace('\n', ' ');
    line = line.length() <= MAX_LINE ? line : line.substring(0, MAX_LINE);
    try {
      out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException driverIsGone) {
      Runtime.getRuntime().halt(3);
    }
  }
}
