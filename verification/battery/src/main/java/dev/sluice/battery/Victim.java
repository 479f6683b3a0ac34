package dev.sluice.battery;

import dev.sluice.EnqueueOptions;
import dev.sluice.JobContext;
import dev.sluice.JobEvent;
import dev.sluice.NewJob;
import dev.sluice.Outcome;
import dev.sluice.Sluice;
import dev.sluice.engine.Countable.Counts;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Inspectable;
import dev.sluice.engine.Inspectable.Page;
import dev.sluice.job.Admission;
import dev.sluice.job.JobState;
import dev.sluice.job.JobView;
import dev.sluice.job.Priority;
import dev.sluice.sqlite.SqliteEngine;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The process that is killed: opens a file, enqueues and runs jobs, and tells each fact in one
/// line on its output, after it has become one.
///
/// Threading: [#say] is thread-safe: a line is one write, which a pipe takes whole or not at all.
public final class Victim {
  private static final int PRODUCERS = 4;
  private static final int MAX_BULK = 40;
  private static final int KEYS = 200_000;
  private static final int MAX_LINE = 1000;
  private static final int PAGE = 1000;
  private static final List<Priority> PRIORITIES = List.of(Priority.values());

  private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);
  private final Semaphore changes = new Semaphore(0);

  private Victim() {}

  /// `Victim FILE produce|drain SEED`: works until its input ends (or until the file is empty).
  public static void main(String[] args) throws InterruptedException {
    System.exit(new Victim().live(Path.of(args[0]), args[1].equals("drain"), seed(args[2])));
  }

  private static long seed(String text) {
    return Long.parseLong(text);
  }

  private int live(Path file, boolean drains, long seed) throws InterruptedException {
    SqliteEngine engine;
    try {
      engine = SqliteEngine.open(file);
      tellWhatIsThere(engine);
    } catch (EngineUnavailableException unusable) {
      error(unusable);
      return 1;
    }
    Sluice sluice =
        Sluice.on(engine)
            .queue(Load.QUEUE, Load.policy())
            .handle(Load.WORK, this::work)
            .listen(this::on)
            .start();
    if (drains) {
      awaitEmpty(engine);
      say("EMPTY");
    } else {
      for (int i = 0; i < PRODUCERS; i++) {
        SplittableRandom random = new SplittableRandom(seed + i);
        Thread.ofPlatform().daemon().name("producer-" + i).start(() -> produce(sluice, random));
      }
      awaitEndOfInput();
    }
    say("CLOSED " + sluice.close(Duration.ofSeconds(10)));
    return 0;
  }

  /// Tells how many jobs wait, and how many of them were never started: those are the ones that
  /// were taken under the bound and count nothing that came back.
  private void tellWhatIsThere(Inspectable engine) {
    long fresh = fresh(engine, JobState.READY) + fresh(engine, JobState.SCHEDULED);
    Counts counts = engine.counts(Load.QUEUE);
    say("OPEN " + counts.waiting() + " " + fresh + " " + counts.running());
  }

  private static long fresh(Inspectable engine, JobState state) {
    long fresh = 0;
    @Nullable String cursor = null;
    do {
      Page page = engine.list(Load.QUEUE, state, PAGE, cursor);
      for (JobView view : page.jobs()) {
        fresh += view.epoch() == 0 ? 1 : 0;
      }
      cursor = page.next();
    } while (cursor != null);
    return fresh;
  }

  private void awaitEmpty(Inspectable engine) throws InterruptedException {
    while (true) {
      try {
        Counts counts = engine.counts(Load.QUEUE);
        if (counts.waiting() + counts.running() == 0) {
          return;
        }
      } catch (EngineUnavailableException unavailable) {
        error(unavailable);
      }
      boolean told = changes.tryAcquire(100, TimeUnit.MILLISECONDS);
      if (told) {
        changes.drainPermits();
      }
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
        List<Admission> answers = enqueue(sluice, random);
        answers.forEach(this::tell);
        if (answers.stream().anyMatch(Admission.Refused.class::isInstance)) {
          LockSupport.parkNanos(random.nextLong(2_000_000, 10_000_000));
        } else if (random.nextInt(4) == 0) {
          LockSupport.parkNanos(random.nextLong(3_000_000));
        }
      } catch (EngineUnavailableException unavailable) {
        error(unavailable);
        LockSupport.parkNanos(20_000_000);
      }
    }
  }

  private static List<Admission> enqueue(Sluice sluice, RandomGenerator random) {
    if (random.nextInt(3) > 0) {
      return List.of(sluice.enqueue(Load.WORK, Load.payload(random), options(random)));
    }
    int count = 1 + random.nextInt(MAX_BULK);
    List<NewJob<String>> jobs = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      jobs.add(new NewJob<>(Load.WORK, Load.payload(random), options(random)));
    }
    return sluice.enqueue(jobs);
  }

  private static EnqueueOptions options(RandomGenerator random) {
    EnqueueOptions options =
        EnqueueOptions.defaults().withPriority(PRIORITIES.get(random.nextInt(PRIORITIES.size())));
    if (random.nextInt(4) == 0) {
      options = options.withKey("key-" + random.nextInt(KEYS));
    }
    if (random.nextInt(6) == 0) {
      options = options.withDelay(Duration.ofMillis(random.nextInt(100)));
    }
    return options;
  }

  private void tell(Admission answer) {
    say(
        switch (answer) {
          case Admission.Accepted(var id) -> "ACK " + id;
          case Admission.Duplicate(var id) -> "DUP " + id;
          case Admission.Refused _ -> "REFUSED";
        });
  }

  private Outcome work(String payload, JobContext job) {
    say("START " + job.id() + " " + job.attempt() + " " + job.epoch());
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
        case 3 -> Outcome.bury("buried, as planned");
        default -> Outcome.done();
      };
    } finally {
      say("STOP " + job.id() + " " + job.epoch());
    }
  }

  private void on(JobEvent event) {
    switch (event) {
      case JobEvent.Succeeded(var job, _, _) -> say("END " + job.id() + " " + JobState.SUCCEEDED);
      case JobEvent.Died(var job, _, _, _, _) -> say("END " + job.id() + " " + JobState.DEAD);
      case JobEvent.Cancelled(var job, _, _) -> say("END " + job.id() + " " + JobState.CANCELLED);
      case JobEvent.LeaseLost(var job, _) -> say("LOST " + job.id());
      case JobEvent.Crashed(var job, _, _) -> say("CRASHED " + job.id());
      case JobEvent.Started _,
          JobEvent.Retrying _,
          JobEvent.Snoozed _,
          JobEvent.Parked _,
          JobEvent.Released _,
          JobEvent.BecameZombie _,
          JobEvent.LateResult _ -> {}
    }
    changes.release();
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
