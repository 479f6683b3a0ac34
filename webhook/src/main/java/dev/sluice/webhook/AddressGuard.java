package dev.sluice.webhook;

import dev.sluice.engine.Environment;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Turns a target into the addresses that an attempt may connect to: resolved once, all of them
/// checked. One denied address denies them all, for a name that mixes them is not to be trusted.
///
/// Threading: thread-safe.
final class AddressGuard {
  /// So many addresses are tried; all are checked.
  private static final int TRIED = 8;

  private final Target target;
  private final AddressRules rules;
  private final Outside.Names names;
  private final Environment.Threads threads;
  private final Duration timeout;

  /// Bounds the lookups under way, those included that nobody waits for any more.
  private final Semaphore lookups;

  AddressGuard(
      Target target,
      AddressRules rules,
      Outside outside,
      Environment environment,
      Webhook webhook) {
    this.target = target;
    this.rules = rules;
    this.names = outside.names();
    this.threads = environment.threads();
    this.timeout = webhook.connectTimeout();
    this.lookups = new Semaphore(webhook.maxInFlight());
  }

  /// Resolves and checks.
  ///
  /// @throws UndeliveredException when the name has no address, or a denied one
  List<InetAddress> addresses() throws UndeliveredException, InterruptedException {
    InetAddress literal = target.literal();
    List<InetAddress> found = literal == null ? resolve(target.host()) : List.of(literal);
    if (found.isEmpty()) {
      throw new UndeliveredException(target.host() + " could not be resolved");
    }
    for (InetAddress address : found) {
      String denied = rules.denies(address);
      if (denied != null) {
        throw new UndeliveredException(
            "denied: %s leads to %s, which is %s; no connection was made"
                .formatted(target.host(), address.getHostAddress(), denied));
      }
    }
    return found.subList(0, Math.min(found.size(), TRIED));
  }

  // On a thread of its own: a lookup in the operating system heeds no interrupt.
  private List<InetAddress> resolve(String host) throws UndeliveredException, InterruptedException {
    if (!lookups.tryAcquire(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
      throw tooSlow(host);
    }
    FutureTask<List<InetAddress>> lookup =
        new FutureTask<>(() -> {
          try {
            return names.resolve(host);
          } finally {
            lookups.release();
          }
        });
    threads.handler("sluice-webhook-lookup", lookup);
    try {
      return lookup.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException _) {
      throw tooSlow(host);
    } catch (ExecutionException failed) {
      String why =
          failed.getCause() instanceof UnknownHostException
              ? ""
              : ": " + Text.shown(String.valueOf(failed.getCause()));
      throw new UndeliveredException(host + " could not be resolved" + why);
    }
  }

  private UndeliveredException tooSlow(String host) {
    return new UndeliveredException(host + " was not resolved within " + timeout);
  }
}
