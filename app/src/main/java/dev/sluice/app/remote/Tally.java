package dev.sluice.app.remote;

import tools.jackson.databind.node.ObjectNode;

/// What became of the lines of a stream.
///
/// Threading: confined to one thread.
final class Tally {
  long accepted;
  long duplicate;

  /// Times that a line was refused for now; it may have been accepted later.
  long refused;

  /// Lines that are no jobs, or that the server will never take.
  long bad;

  /// Lines that were given up.
  long givenUp;

  /// Lines of which nobody knows whether they were accepted: the connection broke.
  long unknown;

  long answered() {
    return accepted + duplicate + bad + givenUp + unknown;
  }

  boolean isWhole() {
    return bad + givenUp + unknown == 0;
  }

  ObjectNode json(double seconds) {
    return Json.object()
        .put("accepted", accepted)
        .put("duplicate", duplicate)
        .put("refusedForNow", refused)
        .put("bad", bad)
        .put("givenUp", givenUp)
        .put("unknown", unknown)
        .put("seconds", Math.round(seconds * 1000) / 1000.0);
  }

  String sentence(double seconds) {
    StringBuilder text =
        new StringBuilder(Numbers.grouped(accepted))
            .append(" accepted, ")
            .append(Numbers.grouped(duplicate))
            .append(" duplicate");
    part(text, bad, " bad");
    part(text, givenUp, " given up");
    part(text, unknown, " unknown (the connection broke before their answer)");
    text.append("; ").append(Numbers.rate((accepted + duplicate) / seconds)).append(" jobs/s");
    part(text, refused, refused == 1 ? " refusal on the way" : " refusals on the way");
    return text.toString();
  }

  private static void part(StringBuilder text, long count, String what) {
    if (count > 0) {
      text.append(", ").append(Numbers.grouped(count)).append(what);
    }
  }
}
