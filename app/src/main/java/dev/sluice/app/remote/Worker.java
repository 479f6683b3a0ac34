package dev.sluice.app.remote;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Takes jobs of a queue and runs a command for each of them, until it is stopped.
///
/// Threading: thread-safe. The thread of [#run] takes jobs, each job has a virtual thread of its
/// own that starts its command, keeps its lease and tells how it ended.
final class Worker {
  /// Short, because a stop lets a request for jobs end: jobs that were on their way to a request
  /// that was cut would look as if their worker had crashed.
  private static final Duration POLL = Duration.ofSeconds(2);

  private static final Duration EMPTY = Duration.ofMillis(200);

  private final Remote remote;
  private final WorkPlan plan;
  private final Output output;
  private final Outage outage;
  private final Semaphore slots;
  private final Set<JobRun> running = ConcurrentHashMap.newKeySet();
  private final Pause stopped = new Pause();
  private volatile boolean quiet;

  /// Belongs to the thread of [#run].
  private boolean introduced;

  Worker(Remote remote, WorkPlan plan, Output output) {
    this.remote = remote;
    this.plan = plan;
    this.output = output;
    this.outage = new Outage(output);
    this.slots = new Semaphore(plan.concurrency());
  }

  /// Works until it is stopped and nothing runs any more.
  ///
  /// @throws RemoteFailure when the server refuses for good
  void run() throws InterruptedException {
    try {
      while (!stopped.isEnded()) {
        if (slots.tryAcquire(POLL.toMillis(), TimeUnit.MILLISECONDS)) {
          slots.release();
          take();
        }
      }
    } finally {
      end();
    }
  }

  /// Takes no more jobs, and lets those that run end.
  void stop() {
    stopped.end();
  }

  /// Ends all commands at once, where nobody can wait.
  void killAll() {
    running.forEach(JobRun::killNow);
  }

  private void take() throws InterruptedException {
    if (quiet) {
      quiet = !running.isEmpty();
      boolean _ = stopped.await(POLL);
      return;
    }
    long asked = System.nanoTime();
    List<LeasedJob> jobs;
    try {
      jobs = lease(slots.availablePermits(), introduced ? POLL : Duration.ZERO);
      outage.over();
    } catch (RemoteFailure failure) {
      if (!failure.mayPass()) {
        throw failure;
      }
      outage.began(failure);
      boolean _ = stopped.await(Pause.backoff(outage.failures()));
      return;
    }
    if (!introduced) {
      introduce();
    } else if (jobs.isEmpty() && System.nanoTime() - asked < POLL.toNanos() / 4) {
      // A server that does not wait is not asked without end.
      boolean _ = stopped.await(EMPTY);
    }
    for (LeasedJob job : jobs) {
      slots.acquire();
      JobRun run = new JobRun(remote, plan, output, job, this::hush);
      running.add(run);
      Thread.ofVirtual().name("sluice-" + job.id()).start(() -> work(run));
    }
  }

  /// Not before the server gave this worker work, or would have.
  private void introduce() {
    introduced = true;
    output.note(
        Times.here().clock()
            + " works on "
            + plan.queue()
            + " of "
            + remote.address()
            + ", "
            + plan.concurrency()
            + " at once; Ctrl-C ends");
  }

  private List<LeasedJob> lease(int max, Duration wait) throws InterruptedException {
    long asked = System.nanoTime();
    ObjectNode body =
        Json.object()
            .put("max", max)
            .put("lease", Times.exact(plan.lease()))
            .put("wait", Times.exact(wait));
    JsonNode answer =
        remote.post(
            "/v1/queues/" + Remote.segment(plan.queue()) + "/jobs:lease",
            body,
            POLL.plusSeconds(30));
    // From the answer on it would be later than the server says, in the worst case.
    long deadline = asked + plan.lease().toNanos();
    List<LeasedJob> jobs = new ArrayList<>();
    answer.path("jobs").values().forEach(job -> jobs.add(new LeasedJob(job, deadline)));
    return jobs;
  }

  private void work(JobRun run) {
    try {
      if (stopped.isEnded()) {
        run.release("the worker stops");
      } else {
        run.run();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } finally {
      running.remove(run);
      slots.release();
    }
  }

  private void hush() {
    quiet = true;
  }

  private void end() throws InterruptedException {
    if (!running.isEmpty()) {
      output.note(
          Times.here().clock()
              + " stops: waits "
              + Times.rough(plan.grace())
              + " for "
              + Numbers.jobs(running.size()));
    }
    if (!slots.tryAcquire(plan.concurrency(), plan.grace().toNanos(), TimeUnit.NANOSECONDS)) {
      running.forEach(JobRun::giveBack);
      slots.acquire(plan.concurrency());
    }
  }
}
