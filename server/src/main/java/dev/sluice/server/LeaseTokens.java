package dev.sluice.server;

import dev.sluice.engine.Lease;
import dev.sluice.job.JobId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.KeyGenerator;
import javax.crypto.Mac;
import javax.crypto.SecretKey;

/// What a worker over HTTP holds as proof of its lease: job, epoch and queue, sealed with a key
/// that lives as long as this process. After a restart no token of before is any good, as no lease
/// is.
///
/// Threading: thread-safe.
final class LeaseTokens {
  private static final String ALGORITHM = "HmacSHA256";

  /// Id, epoch, and half of the code: 128 bits that nobody guesses.
  private static final int ID = 16;

  private static final int SEALED = 16;
  private static final int FIXED = ID + Long.BYTES + SEALED;
  private static final int LONGEST = 300;

  private final SecretKey key;

  /// A lease and the queue of its job.
  record Held(Lease lease, String queue) {}

  LeaseTokens() {
    try {
      key = KeyGenerator.getInstance(ALGORITHM).generateKey();
    } catch (GeneralSecurityException never) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, never);
    }
  }

  String token(Lease lease, String queue) {
    byte[] body = body(lease, queue);
    byte[] token = Arrays.copyOf(body, body.length + SEALED);
    System.arraycopy(seal(body), 0, token, body.length, SEALED);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
  }

  private static byte[] body(Lease lease, String queue) {
    byte[] name = queue.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(ID + Long.BYTES + name.length)
        .putLong(lease.id().high())
        .putLong(lease.id().low())
        .putLong(lease.epoch())
        .put(name)
        .array();
  }

  /// The lease of a token; empty when this process did not make it.
  Optional<Held> open(String token) {
    byte[] bytes = decode(token);
    if (bytes.length <= FIXED) {
      return Optional.empty();
    }
    byte[] body = Arrays.copyOf(bytes, bytes.length - SEALED);
    byte[] sealed = Arrays.copyOfRange(bytes, bytes.length - SEALED, bytes.length);
    if (!MessageDigest.isEqual(sealed, seal(body))) {
      return Optional.empty();
    }
    ByteBuffer in = ByteBuffer.wrap(body);
    JobId id = new JobId(in.getLong(), in.getLong());
    Lease lease = new Lease(id, in.getLong());
    byte[] name = new byte[in.remaining()];
    in.get(name);
    return Optional.of(new Held(lease, new String(name, StandardCharsets.US_ASCII)));
  }

  private static byte[] decode(String token) {
    if (token.length() > LONGEST) {
      return new byte[0];
    }
    try {
      return Base64.getUrlDecoder().decode(token);
    } catch (IllegalArgumentException none) {
      return new byte[0];
    }
  }

  private byte[] seal(byte[] body) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return Arrays.copyOf(mac.doFinal(body), SEALED);
    } catch (GeneralSecurityException never) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, never);
    }
  }
}
