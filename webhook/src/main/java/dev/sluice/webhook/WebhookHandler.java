package dev.sluice.webhook;

import dev.sluice.Handler;
import dev.sluice.JobContext;
import dev.sluice.Outcome;
import dev.sluice.engine.Environment;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.client5.http.HttpHostConnectException;
import org.apache.hc.core5.http.NoHttpResponseException;
import org.jspecify.annotations.Nullable;

/// A handler that delivers each job to a URL: `POST` with the payload as the body, signed as
/// Standard Webhooks says.
///
/// The request carries `webhook-id` (the job's id, the same at every attempt), `webhook-timestamp`
/// (seconds, of this attempt), `webhook-signature` (when there are secrets), `sluice-attempt`,
/// `sluice-epoch`, `sluice-queue` and `sluice-type`. Of the job's headers `content-type`,
/// `traceparent` and `tracestate` travel; the content type is `application/json` when the job names
/// none.
///
/// | Answer | The job |
/// |---|---|
/// | 2xx | is done, also when the attempt was interrupted while the rest of the answer came |
/// | 410 | is buried: the receiver does not want this any more |
/// | 429, 502, 503, 504 with `Retry-After` | runs again after that time, 1 s to 1 day |
/// | any other, redirects included | failed; the queue's retry policy decides |
/// | none: no connection, a time-out, a denied address | failed likewise |
///
/// A job whose `content-type` cannot be a header's value is buried. The note of a failed attempt
/// holds the beginning of the answer, made harmless. An interrupt ends an exchange at once and
/// leaves as an [InterruptedException]; Sluice interrupts at the attempt's timeout, so that is what
/// bounds an exchange in all.
///
/// At every attempt the name is resolved once, all its addresses are checked against the webhook's
/// [Reach], and only checked addresses are connected to. No proxy is asked for.
///
/// At most `maxInFlight` deliveries run at once. Another one waits a second for its turn and then
/// gives its attempt and its slot back. Give each target a queue of its own, with a concurrency of
/// `maxInFlight`: then a slow target holds up nobody else.
///
/// Threading: thread-safe. To be called on virtual threads, as Sluice does: a platform thread that
/// waits for a socket notices no interrupt.
///
/// @see <a href="https://www.standardwebhooks.com">Standard Webhooks</a>
public final class WebhookHandler implements Handler<byte[]>, AutoCloseable {
  private static final String CONTENT_TYPE = "content-type";
  private static final List<String> TRACE = List.of("traceparent", "tracestate");

  /// How long a delivery waits for its turn, and how long it stays away after that.
  private static final Duration TURN = Duration.ofSeconds(1);

  private final Webhook webhook;
  private final Target target;
  private final WebhookSignature signature;
  private final Environment.Clock clock;
  private final AddressGuard guard;
  private final Exchanges exchanges;
  private final Semaphore permits;

  /// A handler with the machine's clock and threads.
  public WebhookHandler(Webhook webhook) {
    this(webhook, Environment.system());
  }

  /// A handler in an environment: its clock makes the timestamps, its threads look up names.
  public WebhookHandler(Webhook webhook, Environment environment) {
    this(webhook, environment, Outside.machine());
  }

  WebhookHandler(Webhook webhook, Environment environment, Outside outside) {
    AddressRules rules = webhook.reach().rules();
    this.webhook = webhook;
    target = webhook.target();
    signature = new WebhookSignature(webhook.secrets());
    clock = environment.clock();
    guard = new AddressGuard(target, rules, outside, environment, webhook);
    exchanges = new Exchanges(target, rules, outside, clock, webhook);
    permits = new Semaphore(webhook.maxInFlight());
  }

  @Override
  public Outcome handle(byte[] payload, JobContext job) throws InterruptedException {
    String contentType = header(job, CONTENT_TYPE);
    if (contentType != null && !HeaderFields.isValue(contentType)) {
      return Outcome.bury("the job's content-type is not visible ASCII of 1 to 4096 characters");
    }
    if (!permits.tryAcquire(TURN.toMillis(), TimeUnit.MILLISECONDS)) {
      return Outcome.snooze(TURN);
    }
    try {
      List<InetAddress> addresses = guard.addresses();
      Answer answer = exchanges.post(headers(payload, job, contentType), payload, addresses);
      if (!answer.isSuccess() && Thread.interrupted()) {
        throw interrupted();
      }
      return answer.outcome(target, Instant.ofEpochMilli(clock.wallMillis()));
    } catch (IOException failure) {
      if (Thread.interrupted()) {
        throw interrupted();
      }
      return Outcome.retry(sentence(failure));
    } finally {
      permits.release();
    }
  }

  private InterruptedException interrupted() {
    return new InterruptedException("interrupted while delivering to " + target);
  }

  private Map<String, String> headers(
      byte[] payload, JobContext job, @Nullable String contentType) {
    String id = job.id().toString();
    long timestamp = Math.floorDiv(clock.wallMillis(), 1000L);
    Map<String, String> headers = new HashMap<>();
    headers.put("user-agent", "Sluice");
    // Names are put in lower case, so that a configured user-agent replaces ours.
    webhook.headers().forEach((name, value) -> headers.put(lower(name), value));
    for (String name : TRACE) {
      String value = header(job, name);
      // A broken trace is no reason not to deliver.
      if (value != null && HeaderFields.isValue(value)) {
        headers.put(name, value);
      }
    }
    headers.put(CONTENT_TYPE, contentType == null ? "application/json" : contentType);
    headers.put("webhook-id", id);
    headers.put("webhook-timestamp", Long.toString(timestamp));
    if (signature.isSigned()) {
      headers.put("webhook-signature", signature.sign(id, timestamp, payload));
    }
    headers.put("sluice-attempt", Integer.toString(job.attempt()));
    headers.put("sluice-epoch", Long.toString(job.epoch()));
    headers.put("sluice-queue", job.queue());
    headers.put("sluice-type", job.type());
    return headers;
  }

  private static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }

  private static @Nullable String header(JobContext job, String name) {
    Map<String, String> headers = job.headers();
    String exact = headers.get(name);
    if (exact != null) {
      return exact;
    }
    return headers.entrySet().stream()
        .filter(entry -> entry.getKey().equalsIgnoreCase(name))
        .map(Map.Entry::getValue)
        .findAny()
        .orElse(null);
  }

  private String sentence(IOException failure) {
    String detail = Text.shown(String.valueOf(failure.getMessage()));
    return switch (failure) {
      case UndeliveredException _ -> String.valueOf(failure.getMessage());
      case ConnectTimeoutException _ ->
          "no connection to " + target + " within " + webhook.connectTimeout();
      case SocketTimeoutException _ ->
          target + " was silent for " + webhook.responseTimeout() + " and gave no whole answer";
      case HttpHostConnectException _ -> "no connection to " + target + ": " + detail;
      case NoHttpResponseException _ -> target + " closed the connection and gave no answer";
      case SSLException _ -> "no TLS with " + target + ": " + detail;
      default ->
          "no whole answer from "
              + target
              + ": "
              + failure.getClass().getSimpleName()
              + ": "
              + detail;
    };
  }

  /// Closes the connections, those in use included. Call it after the [dev.sluice.Sluice] that uses
  /// the handler is closed; a later delivery fails.
  @Override
  public void close() {
    exchanges.close();
  }
}
