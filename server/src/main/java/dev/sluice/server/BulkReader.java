package dev.sluice.server;

import dev.sluice.Codec;
import dev.sluice.EnqueueOptions;
import dev.sluice.JobType;
import dev.sluice.NewJob;
import dev.sluice.engine.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// Reads the lines of one bulk. A line that is too long is passed over without being kept.
///
/// Threading: confined to the request's thread.
final class BulkReader {
  private static final int FIRST_BUFFER = 64 << 10;

  /// Lines of one type follow one another; a type costs a look at its name.
  private @Nullable JobType<byte[]> lastType;

  private final JsonMapper mapper;
  private final String queue;
  private final Runnable required;
  private final int maxPayload;
  private final int maxLine;
  private final Limits limits;
  private final Complaints complaints;
  private final BulkLines lines;
  private final List<BulkLines.Line> some = new ArrayList<>();
  private byte[] buffer = new byte[FIRST_BUFFER];

  /// The line under way begins at `from`, and has no end before `seen`; bytes end at `to`.
  private int from;

  private int seen;
  private int to;
  private long number;

  /// Whether the rest of the line under way is to be passed over.
  private boolean passing;

  /// @param required makes sure that there is a queue, before the first job of a type
  BulkReader(
      JsonMapper mapper,
      String queue,
      Runnable required,
      int maxPayload,
      Limits limits,
      Complaints complaints,
      BulkLines lines) {
    this.mapper = mapper;
    this.queue = queue;
    this.required = required;
    this.maxPayload = maxPayload;
    this.maxLine = maxPayload + EnqueueRoutes.ENVELOPE;
    this.limits = limits;
    this.complaints = complaints;
    this.lines = lines;
  }

  /// Reads what is there, and waits if that is nothing.
  ///
  /// @return false at the end
  boolean read(InputStream in) throws IOException, InterruptedException {
    makeRoom();
    int read = in.read(buffer, to, buffer.length - to);
    if (read < 0) {
      if (seen > from || passing) {
        line(from, to);
      }
      handOver();
      return false;
    }
    to += read;
    split();
    handOver();
    return true;
  }

  /// How many lines have ended.
  long ended() {
    return number;
  }

  /// Whether there are bytes of the line that comes next.
  boolean isWithinLine() {
    return passing || to > from;
  }

  private void split() throws InterruptedException {
    while (seen < to) {
      if (buffer[seen++] == '\n') {
        line(from, seen - 1);
        from = seen;
      }
    }
    if (!passing && seen - from > maxLine) {
      passing = true;
    }
    if (passing) {
      from = seen;
    }
  }

  private void makeRoom() {
    if (from == to) {
      from = 0;
      seen = 0;
      to = 0;
    } else if (to == buffer.length) {
      int kept = to - from;
      byte[] target = kept > buffer.length / 2 ? new byte[buffer.length * 2] : buffer;
      System.arraycopy(buffer, from, target, 0, kept);
      buffer = target;
      seen -= from;
      from = 0;
      to = kept;
    }
  }

  private void line(int begin, int end) throws InterruptedException {
    number++;
    if (passing || end - begin > maxLine) {
      passing = false;
      add(null, Call.tooLarge(maxPayload).problem());
    } else if (!isBlank(begin, end)) {
      parse(begin, end);
    }
  }

  private boolean isBlank(int begin, int end) {
    for (int i = begin; i < end; i++) {
      if (buffer[i] != ' ' && buffer[i] != '\t' && buffer[i] != '\r') {
        return false;
      }
    }
    return true;
  }

  private void parse(int begin, int end) throws InterruptedException {
    NewJob<byte[]> job = null;
    Problem problem = null;
    try {
      JobRequest request = JobRequest.read(mapper, buffer, begin, end - begin);
      if (request.payload().length > maxPayload) {
        problem = Call.tooLarge(maxPayload).problem();
      } else {
        requireDelay(request.options());
        job = new NewJob<>(type(request.type()), request.payload(), request.options());
      }
    } catch (RuntimeException bad) {
      problem = complaints.about(bad);
    }
    add(job, problem);
  }

  private void requireDelay(EnqueueOptions options) {
    options
        .delay()
        .ifPresent(delay -> {
          if (delay.compareTo(limits.delay()) > 0) {
            throw new BadField("/delay", "must be at most " + Durations.text(limits.delay()));
          }
        });
  }

  private JobType<byte[]> type(String name) {
    JobType<byte[]> type = lastType;
    if (type == null || !type.name().equals(name)) {
      required.run();
      type = new JobType<>(name, Codec.bytes(), queue);
      lastType = type;
    }
    return type;
  }

  private void add(@Nullable NewJob<byte[]> job, @Nullable Problem problem)
      throws InterruptedException {
    some.add(new BulkLines.Line(number, job, problem));
    if (some.size() == BulkLines.BATCH) {
      handOver();
    }
  }

  private void handOver() throws InterruptedException {
    if (!some.isEmpty()) {
      lines.add(some);
      some.clear();
    }
  }
}
