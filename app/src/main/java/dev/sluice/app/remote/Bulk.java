package dev.sluice.app.remote;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A stream of jobs on its way to the server, some hundred lines at a time. Lines that are refused
/// for now come first in the next request, after the time that the server asks for.
///
/// Threading: confined to one thread.
final class Bulk {
  private static final int LINES = 500;
  private static final int BYTES = 1 << 20;
  private static final Duration SHORTEST_WAIT = Duration.ofMillis(100);

  /// An answer may take so long even if it is given up sooner: nobody knows of a request that was
  /// cut what became of it.
  private static final Duration LEAST_PATIENCE = Duration.ofSeconds(1);

  /// A line of the stream.
  ///
  /// @param keyed whether sending it twice is harmless
  private record Line(long number, String json, boolean keyed) {}

  /// What became of one request.
  ///
  /// @param again lines to send again
  /// @param pause how long the server asks to wait before that
  /// @param settled how many lines need not be sent again
  private record Round(List<Line> again, Duration pause, int settled) {}

  private final Remote remote;
  private final String path;
  private final JobOptions options;
  private final Output output;
  private final Meter meter;
  private final Duration giveUp;
  private final Tally tally = new Tally();
  private final Outage outage;
  private final Deque<Line> refused = new ArrayDeque<>();
  private long lastSettled;

  Bulk(
      Remote remote, String path, JobOptions options, Output output, Meter meter, Duration giveUp) {
    this.remote = remote;
    this.path = path;
    this.options = options;
    this.output = output;
    this.meter = meter;
    this.giveUp = giveUp;
    this.outage = new Outage(output);
  }

  /// Sends all lines.
  ///
  /// @return whether every one was accepted, now or earlier
  boolean run(Lines lines) throws IOException, InterruptedException {
    lastSettled = System.nanoTime();
    List<Line> batch = batch(lines);
    while (!batch.isEmpty()) {
      Round round = send(batch);
      meter.show(tally, lines.bytes(), "");
      if (round.settled() > 0) {
        lastSettled = System.nanoTime();
      }
      round.again().reversed().forEach(refused::addFirst);
      if (!refused.isEmpty() || round.settled() == 0) {
        Duration left = left();
        if (left.isNegative() || left.isZero()) {
          surrender(lines);
          break;
        }
        Duration wait = round.pause().compareTo(left) < 0 ? round.pause() : left;
        meter.show(tally, lines.bytes(), "; waits " + Times.rough(wait));
        new Pause().await(wait);
      }
      batch = batch(lines);
    }
    summary();
    return tally.isWhole();
  }

  /// How long nothing need be accepted before this is given up.
  private Duration left() {
    return giveUp.minusNanos(System.nanoTime() - lastSettled);
  }

  /// How long the server may be silent.
  private Duration patience() {
    Duration left = left();
    Duration most = left.compareTo(Remote.ANSWER) < 0 ? left : Remote.ANSWER;
    return most.compareTo(LEAST_PATIENCE) < 0 ? LEAST_PATIENCE : most;
  }

  private void surrender(Lines lines) {
    tally.givenUp += refused.size();
    note(
        "gave up: nothing was accepted for "
            + Times.rough(giveUp)
            + "; what follows line "
            + lines.number()
            + " was not sent");
  }

  private void summary() {
    meter.clear();
    double seconds = meter.seconds();
    if (output.json()) {
      output.note(Json.line(tally.json(seconds)));
    } else {
      output.print(tally.sentence(seconds));
    }
  }

  private List<Line> batch(Lines lines) throws IOException {
    List<Line> batch = new ArrayList<>();
    int bytes = 0;
    while (batch.size() < LINES && bytes < BYTES) {
      Line line = refused.pollFirst();
      if (line == null) {
        // A slow producer's lines are not held back for those that come later.
        if (!batch.isEmpty() && !lines.ready()) {
          break;
        }
        String text = lines.next();
        if (text == null) {
          break;
        }
        line = text.isBlank() ? null : job(lines.number(), text);
      }
      if (line != null) {
        batch.add(line);
        bytes += line.json().length();
      }
    }
    return batch;
  }

  private @Nullable Line job(long number, String text) {
    try {
      if (Json.read(text) instanceof ObjectNode job) {
        int said = job.size();
        options.into(job);
        return new Line(number, job.size() == said ? text.strip() : Json.line(job), job.has("key"));
      }
      bad(number, "must be a JSON object");
    } catch (JacksonException malformed) {
      bad(number, "is no JSON");
    }
    return null;
  }

  private void bad(long number, String why) {
    tally.bad++;
    if (output.json()) {
      output.json(Json.object().put("line", number).put("detail", why));
    } else {
      note("line " + number + ": " + why);
    }
  }

  private void note(String sentence) {
    meter.clear();
    output.note(sentence);
  }

  private Round send(List<Line> batch) throws InterruptedException {
    String body = batch.stream().map(Line::json).collect(Collectors.joining("\n", "", "\n"));
    try (BufferedReader answers =
        new BufferedReader(
            new InputStreamReader(
                remote.stream(
                    path,
                    "POST",
                    BodyPublishers.ofString(body),
                    Map.of("Content-Type", "application/x-ndjson"),
                    patience()),
                StandardCharsets.UTF_8))) {
      outage.over();
      return read(batch, answers);
    } catch (RemoteFailure failure) {
      return failed(batch, failure);
    } catch (IOException failure) {
      return failed(batch, RemoteFailure.broken("the connection broke", failure));
    }
  }

  private Round failed(List<Line> batch, RemoteFailure failure) {
    if (!failure.mayPass()) {
      throw failure;
    }
    meter.clear();
    if (failure.status() == 0) {
      outage.began(failure);
      return failure.isUnreachable()
          ? new Round(batch, Pause.backoff(outage.failures()), 0)
          : broken(batch);
    }
    tally.refused += batch.size();
    return new Round(batch, failure.retryAfter().orElse(Duration.ofSeconds(1)), 0);
  }

  /// Lines whose answer is missing may have been accepted; only a key makes another try harmless.
  private Round broken(List<Line> lines) {
    List<Line> again = lines.stream().filter(Line::keyed).toList();
    int lost = lines.size() - again.size();
    tally.unknown += lost;
    if (lost > 0) {
      note(
          Numbers.grouped(lost)
              + " lines without a key, from line "
              + lines.getFirst().number()
              + " on, may have been accepted; they are not sent again");
    }
    return new Round(again, Pause.backoff(1), 0);
  }

  private Round read(List<Line> batch, BufferedReader answers) {
    List<Line> again = new ArrayList<>();
    Duration wait = SHORTEST_WAIT;
    int answered = 0;
    try {
      for (Line line : batch) {
        String text = answers.readLine();
        if (text == null) {
          break;
        }
        JsonNode answer = Json.read(text);
        Duration asked = judge(line, answer);
        answered++;
        if (asked != null) {
          again.add(line);
          wait = asked.compareTo(wait) > 0 ? asked : wait;
        }
      }
    } catch (IOException | JacksonException _) {
      // The rest of the answers is missing.
    }
    int settled = answered - again.size();
    if (answered < batch.size()) {
      Round missing = broken(batch.subList(answered, batch.size()));
      again.addAll(missing.again());
    }
    return new Round(again, wait, settled);
  }

  /// @return null when the line need not be sent again, else how long to wait before that
  private @Nullable Duration judge(Line line, JsonNode answer) {
    JsonNode error = answer.path("error");
    long status = Json.number(error, "status");
    if (Json.flag(answer, "duplicate")) {
      tally.duplicate++;
    } else if (error.isMissingNode()) {
      tally.accepted++;
    } else if (status == 503 || status == 429) {
      tally.refused++;
      long millis = Json.number(error, "retryAfterMs");
      return millis > 0 ? Duration.ofMillis(millis) : Duration.ofSeconds(1);
    } else {
      tally.bad++;
      if (!output.json()) {
        note("line " + line.number() + ": " + Json.text(error, "detail").orElse("refused"));
      }
    }
    if (output.json()) {
      ObjectNode told = Json.object().put("line", line.number());
      answer.properties().forEach(member -> told.set(member.getKey(), member.getValue()));
      if (told.path("error") instanceof ObjectNode numbered) {
        // The server counts the lines of one request.
        numbered.put("line", line.number());
      }
      output.json(told);
    }
    return null;
  }
}
