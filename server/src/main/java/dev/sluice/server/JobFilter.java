package dev.sluice.server;

import dev.sluice.job.Job;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Which jobs somebody looks for, beyond queue and state.
///
/// Threading: immutable.
///
/// @param type the exact type
/// @param key the exact key
/// @param q a part of the id, the key or the payload's text
/// @param payload whether whoever looks may see payloads; else `q` is not looked for in them, for
///   whoever may ask often enough reads them that way
record JobFilter(Optional<String> type, Optional<String> key, Optional<String> q, boolean payload) {
  static final int LONGEST_Q = 256;

  JobFilter {
    q.ifPresent(JobFilter::requireLength);
  }

  private static void requireLength(String text) {
    if (text.isEmpty() || text.length() > LONGEST_Q) {
      throw new BadField("?q", "must have 1 to " + LONGEST_Q + " characters");
    }
  }

  boolean isEmpty() {
    return type.isEmpty() && key.isEmpty() && q.isEmpty();
  }

  boolean matches(Job job) {
    return type.map(job.type()::equals).orElse(true)
        && key.map(wanted -> wanted.equals(job.options().key())).orElse(true)
        && q.map(part -> holds(job, part)).orElse(true);
  }

  private boolean holds(Job job, String part) {
    String key = job.options().key();
    return job.id().toString().contains(part)
        || (key != null && key.contains(part))
        || (payload && new String(job.payload(), StandardCharsets.UTF_8).contains(part));
  }
}
