package dev.sluice.server;

import dev.sluice.Rate;
import dev.sluice.engine.Environment;
import dev.sluice.job.SluiceException;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The tokens of a data folder. A change of their file, by this process or another, holds from the
/// next request on.
///
/// Without any token everybody may call. Once there was one, that is over until the next start:
/// whoever revokes the last token does not mean to let everybody in.
///
/// Threading: thread-safe; `reading` guards the change of `known`, and `rereading`.
public final class Tokens implements Callers {
  private static final System.Logger LOG = System.getLogger("dev.sluice.server.tokens");

  /// Nobody is kept waiting for a file more often than this.
  private static final long LOOK_AGAIN_NANOS = 100_000_000;

  private final TokenFile file;
  private final Environment.Clock clock;
  private final ReentrantLock reading = new ReentrantLock();
  private final Rereading<Optional<Rereading.Version>> rereading;
  private volatile Known known;

  private record Known(List<Entry> entries, boolean open, long lookedAtNanos) {}

  /// A token and what the look-up needs of it.
  private static final class Entry {
    private final Token token;
    private final byte[] hash;
    private final Caller caller;
    private final @Nullable Bucket bucket;

    Entry(Token token, @Nullable Bucket bucket) {
      this.token = token;
      this.hash = HexFormat.of().parseHex(token.sha256());
      this.caller = token.caller();
      this.bucket = bucket;
    }

    Caller caller() {
      return caller;
    }
  }

  private Tokens(TokenFile file, Environment.Clock clock) {
    this.file = file;
    this.clock = clock;
    rereading = new Rereading<>(file::version);
    List<Entry> entries = entries(file.read(), List.of());
    known = new Known(entries, entries.isEmpty(), clock.monotonicNanos());
  }

  /// The tokens of a folder; there need not be any.
  ///
  /// @throws SluiceException when their file cannot be read or says something else
  public static Tokens in(Path dataDir, Environment.Clock clock) {
    return new Tokens(new TokenFile(dataDir), clock);
  }

  /// All that are kept, expired ones included.
  public List<Token> list() {
    return file.read();
  }

  /// Makes a token.
  ///
  /// @param expires when it ends; empty for never
  /// @param rate most requests in a time, like `100/s`; empty for no limit
  /// @return the token, which is kept nowhere
  /// @throws IllegalArgumentException when a value breaks a rule
  /// @throws SluiceException when it cannot be kept
  public String create(
      String name,
      Set<Scope> scopes,
      Optional<Set<String>> queues,
      Optional<Instant> expires,
      Optional<String> rate) {
    String secret = Secrets.token();
    Token token = new Token(name, Secrets.hex(hash(secret)), scopes, queues, expires, rate);
    file.change(tokens -> {
      if (tokens.stream().anyMatch(old -> old.name().equals(name))) {
        throw new IllegalArgumentException(
            "name: '" + name + "' is taken, revoke that token or choose another name");
      }
      tokens.add(token);
      return tokens;
    });
    return secret;
  }

  /// Ends a token.
  ///
  /// @return false when there is none of that name
  public boolean revoke(String name) {
    if (list().stream().noneMatch(token -> token.name().equals(name))) {
      return false;
    }
    file.change(tokens -> {
      tokens.removeIf(token -> token.name().equals(name));
      return tokens;
    });
    return true;
  }

  private static byte[] hash(String token) {
    return Secrets.sha256(token.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public boolean isOpen() {
    return current().open;
  }

  @Override
  public Optional<Caller> of(String token) {
    byte[] hash = hash(token);
    Entry found = null;
    // Every entry is compared in full, so that the time says nothing about any of them.
    for (Entry entry : current().entries) {
      if (MessageDigest.isEqual(entry.hash, hash)) {
        found = entry;
      }
    }
    return Optional.ofNullable(found)
        .filter(entry -> !entry.token.expired(clock.wallMillis()))
        .map(Entry::caller);
  }

  @Override
  public Optional<Duration> delay(Caller caller) {
    for (Entry entry : current().entries) {
      if (entry.bucket != null && entry.caller().name().equals(caller.name())) {
        ConsumptionProbe probe = entry.bucket.tryConsumeAndReturnRemaining(1);
        return probe.isConsumed()
            ? Optional.empty()
            : Optional.of(Duration.ofNanos(probe.getNanosToWaitForRefill()));
      }
    }
    return Optional.empty();
  }

  private Known current() {
    Known before = known;
    if (clock.monotonicNanos() - before.lookedAtNanos < LOOK_AGAIN_NANOS || !reading.tryLock()) {
      return before;
    }
    try {
      rereading.look(this::reread, Tokens::complain);
      known = new Known(known.entries, known.open, clock.monotonicNanos());
    } finally {
      reading.unlock();
    }
    return known;
  }

  private void reread() {
    Known before = known;
    List<Entry> entries = entries(file.read(), before.entries);
    known = new Known(entries, before.open && entries.isEmpty(), before.lookedAtNanos);
    LOG.log(System.Logger.Level.INFO, "tokens were read again: " + entries.size());
  }

  /// A file that became unreadable leaves in force what it said before: letting everybody in, or
  /// nobody, would both be worse.
  private static void complain(SluiceException bad) {
    LOG.log(System.Logger.Level.WARNING, "the tokens of before stay in force: " + bad.getMessage());
  }

  /// A token whose rate did not change goes on with what it has left.
  private List<Entry> entries(List<Token> tokens, List<Entry> before) {
    Map<String, Entry> old = new HashMap<>();
    before.forEach(entry -> old.put(entry.token.sha256(), entry));
    List<Entry> entries = new ArrayList<>();
    for (Token token : tokens) {
      Entry same = old.get(token.sha256());
      Bucket bucket =
          same != null && same.token.rate().equals(token.rate())
              ? same.bucket
              : token.rate().map(Rate::parse).map(this::bucket).orElse(null);
      entries.add(new Entry(token, bucket));
    }
    return List.copyOf(entries);
  }

  private Bucket bucket(Rate rate) {
    return Bucket.builder()
        .addLimit(
            Bandwidth.builder()
                .capacity(rate.permits())
                .refillGreedy(rate.permits(), rate.per())
                .build())
        .withCustomTimePrecision(new Meter(clock))
        .build();
  }

  private record Meter(Environment.Clock clock) implements TimeMeter {
    @Override
    public long currentTimeNanos() {
      return clock.monotonicNanos();
    }

    @Override
    public boolean isWallClockBased() {
      return false;
    }
  }
}
