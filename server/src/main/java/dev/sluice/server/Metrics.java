package dev.sluice.server;

import dev.sluice.CommitListener;
import dev.sluice.JobEvent;
import dev.sluice.JobListener;
import dev.sluice.QueueStatus;
import dev.sluice.Sluice;
import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import dev.sluice.job.Job;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.ServerResponse;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// What is counted and measured, for Prometheus. Labels are names of queues, templates of routes
/// and words of closed sets: nobody can make them many. What queues hold is asked for when somebody
/// looks, everything else is counted as it happens.
///
/// Threading: thread-safe.
final class Metrics implements JobListener, CommitListener, AutoCloseable {
  static final Header TEXT =
      HeaderValues.createCached(
          HeaderNames.CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");

  /// The method or the route of a request that is in no table.
  static final String NONE = "none";

  /// The label of queues that this process does not know; no queue can have that name.
  private static final String OTHER = "(other)";

  private final Sluice sluice;
  private final Environment.Clock clock;
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics collections = new JvmGcMetrics();
  private final DistributionSummary commitJobs;
  private final Timer commitTime;

  /// Bounded by the number of queues.
  private final Map<String, QueueMeters> queues = new ConcurrentHashMap<>();

  private final Map<Answered, Timer> requests = new ConcurrentHashMap<>();

  private record Answered(String method, String route, int status) {}

  /// Begins to measure commits.
  Metrics(Sluice sluice, Environment.Clock clock) {
    this.sluice = sluice;
    this.clock = clock;
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    collections.bindTo(registry);
    commitJobs =
        DistributionSummary.builder("sluice.commit.jobs")
            .description("Jobs of one commit of enqueues")
            .serviceLevelObjectives(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
            .register(registry);
    commitTime =
        Timer.builder("sluice.commit")
            .description("How long a commit of enqueues takes")
            .serviceLevelObjectives(QueueMeters.buckets(1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000))
            .register(registry);
    Gauge.builder("sluice.ready", sluice, it -> it.health().ready() ? 1 : 0)
        .description("Whether this instance does its work")
        .register(registry);
    sluice.measure(this);
  }

  @Override
  public void committed(int jobs, long nanos) {
    commitJobs.record(jobs);
    commitTime.record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void on(JobEvent event) {
    QueueMeters queue = queue(event.job().queue());
    if (event instanceof JobEvent.Ended ended && ended.runNanos() > 0) {
      queue.ran(ended.runNanos());
    }
    switch (event) {
      case JobEvent.Started(Job job, int attempt) -> {
        if (attempt == 1) {
          long could = Math.max(job.createdAtMillis(), job.options().runAtMillis());
          queue.started(Math.max(0, clock.wallMillis() - could));
        }
      }
      case JobEvent.Succeeded _ -> queue.ended("succeeded");
      case JobEvent.Retrying _ -> queue.ended("retrying");
      case JobEvent.Snoozed _ -> queue.ended("snoozed");
      case JobEvent.Parked _ -> queue.ended("parked");
      case JobEvent.Died _ -> queue.ended("died");
      case JobEvent.Cancelled _ -> queue.ended("cancelled");
      case JobEvent.Released _ -> queue.ended("released");
      case JobEvent.Crashed _ -> queue.ended("crashed");
      case JobEvent.LeaseLost _ -> queue.ended("lease-lost");
      case JobEvent.BecameZombie _ -> queue.ended("zombie");
      case JobEvent.LateResult _ -> {}
    }
  }

  /// An attempt to deliver to a webhook led to something.
  void delivered(String queue, String outcome) {
    queue(queue).delivered(outcome);
  }

  private QueueMeters queue(String name) {
    QueueMeters known = queues.get(name);
    if (known != null) {
      return known;
    }
    String label = sluice.queues().contains(name) ? name : OTHER;
    return queues.computeIfAbsent(label, it -> new QueueMeters(it, registry));
  }

  /// Measures a request until its answer is sent.
  ///
  /// @param method of the table of routes, as `route` is, or [#NONE]; never a request's own words
  void measure(String method, String route, ServerResponse response) {
    long begun = clock.monotonicNanos();
    response.whenSent(() ->
        requests
            .computeIfAbsent(new Answered(method, route, response.status().code()), this::timer)
            .record(clock.monotonicNanos() - begun, TimeUnit.NANOSECONDS));
  }

  private Timer timer(Answered answered) {
    return Timer.builder("sluice.http.requests")
        .description("Requests, until their answers were sent")
        .tag("method", answered.method)
        .tag("route", answered.route)
        .tag("status", Integer.toString(answered.status))
        .serviceLevelObjectives(QueueMeters.buckets(1, 5, 25, 100, 500, 2500, 10_000, 60_000))
        .register(registry);
  }

  /// Everything, as Prometheus reads it.
  String scrape() {
    List<String> names = sluice.queues();
    for (String name : names) {
      try {
        QueueStatus status = sluice.status(name);
        queue(name).look(status, clock.wallMillis());
      } catch (EngineUnavailableException | IllegalArgumentException gone) {
        // The numbers of before are better than none, and those of the process still hold.
      }
    }
    queues
        .values()
        .removeIf(meters -> {
          boolean gone = !meters.name().equals(OTHER) && !names.contains(meters.name());
          if (gone) {
            meters.remove(registry);
          }
          return gone;
        });
    return registry.scrape();
  }

  @Override
  public void close() {
    // The Sluice may go on without the server, and must not hold on to it.
    sluice.measure((_, _) -> {});
    collections.close();
    registry.close();
  }
}
