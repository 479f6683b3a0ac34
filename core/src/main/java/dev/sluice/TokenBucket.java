package dev.sluice;

/// A rate with memory: tokens arrive evenly and are saved up to the burst.
///
/// Threading: confined to the dispatcher.
final class TokenBucket {
  private final Rate rate;
  private final double nanosPerToken;

  /// When the bucket would have been empty, had it filled ever since; the tokens in it are the time
  /// since then. One number instead of a count and a time, so nothing drifts.
  private double emptyAtNanos;

  /// Starts with one token, so that a restart gives no burst away.
  TokenBucket(Rate rate, long nowNanos) {
    this.rate = rate;
    this.nanosPerToken = rate.per().toNanos() / (double) rate.permits();
    this.emptyAtNanos = nowNanos - nanosPerToken;
  }

  /// The bucket of another rate, with what is in this one; so changing the rate gives no start
  /// away.
  TokenBucket changedTo(Rate newRate, long nowNanos) {
    TokenBucket changed = new TokenBucket(newRate, nowNanos);
    double tokens = (nowNanos - emptyAtNanos) / nanosPerToken;
    changed.emptyAtNanos = nowNanos - tokens * changed.nanosPerToken;
    return changed;
  }

  Rate rate() {
    return rate;
  }

  /// Whole tokens that may be taken now.
  int available(long nowNanos) {
    emptyAtNanos = Math.max(emptyAtNanos, nowNanos - rate.burst() * nanosPerToken);
    double tokens = (nowNanos - emptyAtNanos) / nanosPerToken;
    // The smallest slack that rounding needs; without it the token due now is a nanosecond away.
    return (int) Math.min(Integer.MAX_VALUE, Math.floor(tokens + 1e-6));
  }

  void take(int tokens) {
    emptyAtNanos += tokens * nanosPerToken;
  }

  /// Nanoseconds until the next whole token; 0 when there is one.
  long nanosToNext(long nowNanos) {
    return available(nowNanos) > 0
        ? 0
        : Math.max(1, (long) Math.ceil(emptyAtNanos + nanosPerToken - nowNanos));
  }
}
