package dev.sluice.server;

import dev.sluice.Handler;
import dev.sluice.JobContext;
import dev.sluice.Outcome;
import dev.sluice.webhook.Webhook;
import dev.sluice.webhook.WebhookHandler;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/// The webhook of one queue while it is in force. When another one takes its place, deliveries that
/// are under way end as they began, and then its connections are closed.
///
/// Threading: thread-safe.
final class WebhookDelivery implements Handler<byte[]> {
  /// What an attempt led to.
  @FunctionalInterface
  interface Attempts {
    void ended(String queue, String outcome);
  }

  private final Webhook webhook;
  private final WebhookHandler handler;
  private final Attempts attempts;

  /// Deliveries under way, and one more until it is retired; at 0 the handler is closed.
  private final AtomicInteger holds = new AtomicInteger(1);

  WebhookDelivery(Webhook webhook, WebhookHandler handler, Attempts attempts) {
    this.webhook = webhook;
    this.handler = handler;
    this.attempts = attempts;
  }

  Webhook webhook() {
    return webhook;
  }

  @Override
  public Outcome handle(byte[] payload, JobContext job) throws Exception {
    if (holds.getAndUpdate(now -> now == 0 ? 0 : now + 1) == 0) {
      // Claimed before the change and started after it: the next attempt finds the new one.
      return Outcome.snooze(Duration.ZERO);
    }
    String outcome = "failed";
    try {
      Outcome answer = handler.handle(payload, job);
      outcome = answer.getClass().getSimpleName().toLowerCase(Locale.ROOT);
      return answer;
    } finally {
      attempts.ended(job.queue(), outcome);
      release();
    }
  }

  /// Takes no more deliveries.
  void retire() {
    release();
  }

  private void release() {
    if (holds.decrementAndGet() == 0) {
      handler.close();
    }
  }
}
