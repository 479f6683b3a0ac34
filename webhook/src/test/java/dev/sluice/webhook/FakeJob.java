package dev.sluice.webhook;

import dev.sluice.JobContext;
import dev.sluice.job.JobId;
import java.time.Instant;
import java.util.Map;

/// An attempt as a handler sees it.
record FakeJob(
    JobId id,
    String queue,
    String type,
    int attempt,
    long epoch,
    Instant deadline,
    Map<String, String> headers)
    implements JobContext {
  static final String ID = "01890a5d-ac96-774b-bcce-b302099a8057";
  static final FakeJob PLAIN = with(Map.of());

  static FakeJob with(Map<String, String> headers) {
    return new FakeJob(
        JobId.parse(ID), "orders", "order.created", 2, 7, Instant.MAX, Map.copyOf(headers));
  }

  @Override
  public boolean isCancelled() {
    return false;
  }

  @Override
  public void progress(double fraction, String message) {}
}
