package dev.sluice.server;

import dev.sluice.NewJob;
import dev.sluice.Sluice;
import dev.sluice.engine.Environment;
import dev.sluice.job.Admission;
import dev.sluice.job.JobId;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// Many jobs in one request: a line each, and a line of answer for each, in order. While the engine
/// takes one batch the next one gathers, so a slow producer is answered at once, and a fast one
/// gets full batches. What is held is bounded, whatever the length of the request: a producer that
/// reads no answers is not read from any more.
///
/// Threading: thread-safe; each request reads in its own thread and commits in one more.
final class BulkEnqueue {
  private static final Header NDJSON =
      HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "application/x-ndjson");

  private final Sluice sluice;
  private final Gate gate;
  private final Environment environment;
  private final Complaints complaints;
  private final int maxPayload;

  BulkEnqueue(
      Sluice sluice, Gate gate, Environment environment, Complaints complaints, int maxPayload) {
    this.sluice = sluice;
    this.gate = gate;
    this.environment = environment;
    this.complaints = complaints;
    this.maxPayload = maxPayload;
  }

  /// Answers line by line.
  ///
  /// @param required makes sure that there is a queue, before the first job; what it throws is the
  ///   answer to that line, and it runs again for the next one
  void answer(Call call, String queue, Runnable required) throws IOException {
    call.response().status(Status.OK_200).header(NDJSON);
    call.begin();
    OutputStream out = call.response().outputStream();
    BulkLines lines = new BulkLines();
    Committing committing = new Committing(call, queue, lines, out);
    Environment.Worker worker = environment.threads().handler("sluice-bulk-" + queue, committing);
    try {
      read(
          call,
          new BulkReader(
              call.mapper(), queue, required, maxPayload, sluice.limits(), complaints, lines));
      call.bodyRead();
      lines.end();
      lines.awaitCommitted();
    } catch (InterruptedException stopped) {
      // The connection is to end, however little its client reads.
      Thread.currentThread().interrupt();
      throw new CloseConnectionException("interrupted", stopped);
    } finally {
      lines.end();
      if (!lines.isCommitted()) {
        worker.interrupt();
      }
    }
    if (committing.failure != null) {
      throw new CloseConnectionException("the answers were cut short", committing.failure);
    }
    out.close();
  }

  /// The producer may take its time for the whole, as long as it goes on from line to line.
  private static void read(Call call, BulkReader reader) throws IOException, InterruptedException {
    InputStream in = call.input();
    BodyTime time = call.bodyTime();
    try {
      do {
        time.at(reader.ended(), reader.isWithinLine());
      } while (reader.read(in));
    } catch (BulkLines.Broken _) {
      // The committing thread knows why.
    }
  }

  /// The second half of a request: takes what has gathered, offers it, writes the answers.
  ///
  /// Threading: confined to its thread; `failure` is read after that has ended.
  private final class Committing implements Runnable {
    private final Call call;
    private final String queue;
    private final BulkLines lines;
    private final JsonMapper mapper;
    private final OutputStream out;
    private final BulkAnswers answers = new BulkAnswers();
    private volatile @Nullable Throwable failure;

    Committing(Call call, String queue, BulkLines lines, OutputStream out) {
      this.call = call;
      this.queue = queue;
      this.lines = lines;
      this.mapper = call.mapper();
      this.out = out;
    }

    @Override
    public void run() {
      try {
        List<BulkLines.Line> batch = lines.take();
        while (!batch.isEmpty()) {
          commit(batch);
          answers.writeTo(out);
          out.flush();
          batch = lines.take();
        }
      } catch (IOException | RuntimeException | Error gone) {
        failure = gone;
        lines.breakOff();
      } finally {
        lines.committed();
      }
    }

    private void commit(List<BulkLines.Line> batch) {
      try {
        // A request may last for hours, and its token end meanwhile.
        gate.again(call.request(), Scope.ENQUEUE).require(queue);
      } catch (ProblemException refused) {
        call.refused(refused.problem());
        batch.forEach(line -> problem(line, refused.problem()));
        return;
      }
      List<NewJob<byte[]>> jobs = new ArrayList<>(batch.size());
      for (BulkLines.Line line : batch) {
        NewJob<byte[]> job = line.job();
        if (job != null) {
          jobs.add(job);
        }
      }
      List<Admission> admissions;
      try {
        admissions = sluice.enqueue(jobs);
      } catch (IllegalArgumentException oneIsBad) {
        oneByOne(batch);
        return;
      } catch (RuntimeException failed) {
        Problem problem = complaints.about(failed);
        batch.forEach(line -> problem(line, line.problem() == null ? problem : line.problem()));
        return;
      }
      int next = 0;
      for (BulkLines.Line line : batch) {
        if (line.job() == null) {
          problem(line, line.problem());
        } else {
          admitted(line, admissions.get(next++));
        }
      }
    }

    /// What core or engine refuse of one job must not spoil its neighbours.
    private void oneByOne(List<BulkLines.Line> batch) {
      for (BulkLines.Line line : batch) {
        NewJob<byte[]> job = line.job();
        if (job == null) {
          problem(line, line.problem());
          continue;
        }
        try {
          admitted(line, Asked.of(() -> sluice.enqueue(List.of(job)).getFirst()));
        } catch (RuntimeException failed) {
          problem(line, complaints.about(failed));
        }
      }
    }

    private void admitted(BulkLines.Line line, Admission admission) {
      switch (admission) {
        case Admission.Accepted(var id) -> answers.accepted(id, isScheduled(line));
        case Admission.Duplicate(var id) -> duplicate(line, id);
        case Admission.Refused(var reason, var retryAfter) ->
            answers.refused(line.number(), reason, retryAfter);
      }
    }

    private boolean isScheduled(BulkLines.Line line) {
      NewJob<byte[]> job = line.job();
      if (job == null || (job.options().delay().isEmpty() && job.options().runAt().isEmpty())) {
        return false;
      }
      long now = environment.clock().wallMillis();
      return EnqueueRoutes.dueMillis(job.options(), now) > now;
    }

    private void duplicate(BulkLines.Line line, JobId id) {
      NewJob<byte[]> job = Objects.requireNonNull(line.job());
      JobRequest wanted = new JobRequest(job.type().name(), job.payload(), job.options());
      try {
        if (wanted.isSameAs(sluice, id)) {
          answers.duplicate(id);
        } else {
          problem(line, JobRequest.keyReused().with("id", id.toString()));
        }
      } catch (RuntimeException failed) {
        problem(line, complaints.about(failed));
      }
    }

    private void problem(BulkLines.Line line, @Nullable Problem problem) {
      answers.problem(line.number(), Objects.requireNonNull(problem), mapper);
    }
  }
}
