package dev.sluice.webhook;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.StringJoiner;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Signs deliveries as Standard Webhooks says, version `v1`: HMAC-SHA256 over the id, the timestamp
/// and the body, joined by dots.
///
/// Source: the Standard Webhooks specification, "Signature scheme" and "Symmetric".
///
/// Threading: immutable.
final class WebhookSignature {
  static final int MAX_SECRETS = 2;

  private static final String ALGORITHM = "HmacSHA256";
  private static final String PREFIX = "whsec_";
  private static final int LEAST_BYTES = 24;
  private static final int MOST_BYTES = 64;

  private final List<SecretKeySpec> keys;

  /// @throws IllegalArgumentException when a secret is none; the message does not show it
  WebhookSignature(List<String> secrets) {
    if (secrets.size() > MAX_SECRETS) {
      throw new IllegalArgumentException(
          "secrets: " + secrets.size() + " entries must be at most " + MAX_SECRETS);
    }
    List<SecretKeySpec> read = new ArrayList<>();
    for (String secret : secrets) {
      read.add(key(secret));
    }
    keys = List.copyOf(read);
  }

  private static SecretKeySpec key(String secret) {
    byte[] bytes = new byte[0];
    if (secret.startsWith(PREFIX)) {
      try {
        bytes = Base64.getDecoder().decode(secret.substring(PREFIX.length()));
      } catch (IllegalArgumentException _) {
        // Refused below, without the text that the decoder would quote.
      }
    }
    if (bytes.length < LEAST_BYTES || bytes.length > MOST_BYTES) {
      throw new IllegalArgumentException(
          "secrets: (not shown) must be whsec_ and the Base64 of 24 to 64 bytes");
    }
    return new SecretKeySpec(bytes, ALGORITHM);
  }

  boolean isSigned() {
    return !keys.isEmpty();
  }

  /// The value of `webhook-signature`: one signature for each secret, with a space between.
  ///
  /// @param timestamp Unix time in seconds
  String sign(String id, long timestamp, byte[] body) {
    StringJoiner signatures = new StringJoiner(" ");
    byte[] head = (id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8);
    for (SecretKeySpec key : keys) {
      signatures.add("v1," + Base64.getEncoder().encodeToString(hmac(key, head, body)));
    }
    return signatures.toString();
  }

  private static byte[] hmac(SecretKeySpec key, byte[] head, byte[] body) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      mac.update(head);
      return mac.doFinal(body);
    } catch (GeneralSecurityException impossible) {
      // Every Java platform must have this algorithm, and it takes keys of any length.
      throw new IllegalStateException(ALGORITHM + " is missing", impossible);
    }
  }
}
