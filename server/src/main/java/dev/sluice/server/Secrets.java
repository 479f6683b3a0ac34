package dev.sluice.server;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;

/// What nobody may guess, and how it is recognised. The one place that asks for randomness outside
/// of the environment: a secret must not come from a generator that a test or a simulation seeds.
///
/// Threading: thread-safe.
final class Secrets {
  static final String TOKEN_PREFIX = "slc_";

  private static final int TOKEN_BYTES = 32;

  private Secrets() {}

  static byte[] random(int bytes) {
    byte[] random = new byte[bytes];
    new SecureRandom().nextBytes(random);
    return random;
  }

  /// A new token: a prefix that scanners for leaked secrets can find, and 256 random bits.
  static String token() {
    return TOKEN_PREFIX
        + Base64.getUrlEncoder().withoutPadding().encodeToString(random(TOKEN_BYTES));
  }

  static String hex(byte[] hash) {
    return HexFormat.of().formatHex(hash);
  }

  static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException never) {
      throw new IllegalStateException("every JDK has SHA-256", never);
    }
  }
}
