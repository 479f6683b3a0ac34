package dev.sluice.webhook;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// One target of deliveries: where to, signed with what, and how much at once. Start from [#to] and
/// change what differs; every change is checked.
///
/// Threading: immutable.
///
/// @param url where to, at most 2,048 characters. A host name is normalised: case, a trailing dot,
///   international names, numbers that are addresses. No user name, no fragment. What can be
///   refused without resolving the name is refused here, by `reach`; the rest at every attempt.
/// @param secrets what to sign with, each `whsec_` and the Base64 of 24 to 64 bytes. None: the
///   deliveries are not signed. Two during a rotation: each delivery carries both signatures.
///   Defaults to none.
/// @param headers fields that every request gets besides its own, such as `authorization`: at most
///   32, values of 1 to 4,096 characters of visible ASCII. Not those that a delivery writes itself
///   or that govern the connection (`webhook-*`, `sluice-*`, `content-type`, `host` and the like).
///   Defaults to none.
/// @param maxInFlight most requests at once, and most connections, 1 to 1,000. Defaults to 16.
/// @param connectTimeout the longest wait for the name to be resolved, for a connection, and for
///   its TLS handshake, each, 1 ms to 1 min. Defaults to 5 s.
/// @param responseTimeout the longest silence of the target while its answer is awaited or read, 1
///   ms to 1 h. Defaults to 30 s. The whole exchange ends with the attempt's own timeout, which is
///   the queue's or the job's.
/// @param reach where deliveries may go. Defaults to [Reach#internet].
/// @see <a href="https://www.standardwebhooks.com">Standard Webhooks</a>
public record Webhook(
    String url,
    List<String> secrets,
    Map<String, String> headers,
    int maxInFlight,
    Duration connectTimeout,
    Duration responseTimeout,
    Reach reach) {
  private static final int MOST_IN_FLIGHT = 1000;

  /// @throws IllegalArgumentException when a value is not allowed; the message names field, value
  ///   and rule, and shows no secret
  public Webhook {
    Objects.requireNonNull(url, "url: must not be null");
    Objects.requireNonNull(reach, "reach: must not be null");
    secrets = List.copyOf(secrets);
    headers = Map.copyOf(headers);
    Target.parse(url, reach);
    new WebhookSignature(secrets);
    HeaderFields.require(headers);
    if (maxInFlight < 1 || maxInFlight > MOST_IN_FLIGHT) {
      throw new IllegalArgumentException(
          "max-in-flight: " + maxInFlight + " must be between 1 and " + MOST_IN_FLIGHT);
    }
    requireUpTo("connect-timeout", connectTimeout, Duration.ofMinutes(1));
    requireUpTo("response-timeout", responseTimeout, Duration.ofHours(1));
  }

  private static void requireUpTo(String field, Duration value, Duration most) {
    Objects.requireNonNull(value, () -> field + ": must not be null");
    Duration least = Duration.ofMillis(1);
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          field + ": " + value + " must be between " + least + " and " + most);
    }
  }

  /// A target on the public internet, not signed.
  public static Webhook to(String url) {
    return to(url, Reach.internet());
  }

  /// A target within `reach`, not signed.
  public static Webhook to(String url, Reach reach) {
    return new Webhook(
        url, List.of(), Map.of(), 16, Duration.ofSeconds(5), Duration.ofSeconds(30), reach);
  }

  /// Signed with one secret, or with two during a rotation; the new one first.
  public Webhook withSecrets(String... values) {
    return new Webhook(
        url, List.of(values), headers, maxInFlight, connectTimeout, responseTimeout, reach);
  }

  /// With these header fields, instead of those given before.
  public Webhook withHeaders(Map<String, String> values) {
    return new Webhook(url, secrets, values, maxInFlight, connectTimeout, responseTimeout, reach);
  }

  public Webhook withMaxInFlight(int value) {
    return new Webhook(url, secrets, headers, value, connectTimeout, responseTimeout, reach);
  }

  public Webhook withConnectTimeout(Duration value) {
    return new Webhook(url, secrets, headers, maxInFlight, value, responseTimeout, reach);
  }

  public Webhook withResponseTimeout(Duration value) {
    return new Webhook(url, secrets, headers, maxInFlight, connectTimeout, value, reach);
  }

  Target target() {
    return Target.parse(url, reach);
  }

  /// Host and numbers only: secrets, header values and paths often let whoever has them in.
  @Override
  public String toString() {
    return "Webhook["
        + target()
        + ", "
        + secrets.size()
        + " secrets, "
        + headers.size()
        + " headers, maxInFlight="
        + maxInFlight
        + "]";
  }
}
