package dev.sluice.server;

import dev.sluice.EnqueueOptions;
import dev.sluice.job.Names;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;

/// A job whose payload is the body itself, and whose options stand in the query.
///
/// Threading: confined to the request's thread.
final class RawJob {
  /// The job's header that keeps the body's content type.
  static final String CONTENT_TYPE = "content-type";

  private static final Set<String> KNOWN =
      Set.of("type", "delay", "runAt", "priority", "key", "timeout", "maxAttempts", "timeToStart");

  private final Call call;
  private EnqueueOptions options = EnqueueOptions.defaults();

  private RawJob(Call call) {
    this.call = call;
  }

  /// Reads the options; the payload is still to come.
  ///
  /// @throws BadField when one breaks a rule, or is none
  static JobRequest read(Call call, String contentType) {
    return new RawJob(call).read(contentType);
  }

  private JobRequest read(String contentType) {
    for (String name : call.request().query().names()) {
      if (!KNOWN.contains(name)) {
        throw new BadField(
            "?" + name, "is not known here; known are " + String.join(", ", new TreeSet<>(KNOWN)));
      }
    }
    String type =
        call.query("type", text -> Names.require("type", text)).orElse(JobRequest.DEFAULT_TYPE);
    option("delay", Durations::parse, EnqueueOptions::withDelay);
    option("runAt", JobRequest::instant, EnqueueOptions::withRunAt);
    option("priority", JobRequest::priority, EnqueueOptions::withPriority);
    option("key", Function.identity(), EnqueueOptions::withKey);
    option("timeout", Durations::parse, EnqueueOptions::withTimeout);
    option("maxAttempts", RawJob::whole, EnqueueOptions::withMaxAttempts);
    option("timeToStart", Durations::parse, EnqueueOptions::withTimeToStart);
    EnqueueOptions plain = options;
    options = Asked.of(() -> plain.withHeaders(Map.of(CONTENT_TYPE, contentType)));
    return new JobRequest(type, new byte[0], options);
  }

  private <T> void option(
      String name, Function<String, T> read, BiFunction<EnqueueOptions, T, EnqueueOptions> with) {
    call.query(name, text -> with.apply(options, read.apply(text)))
        .ifPresent(changed -> options = changed);
  }

  private static int whole(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException bad) {
      throw new IllegalArgumentException("must be a whole number from 1 to 1000", bad);
    }
  }
}
