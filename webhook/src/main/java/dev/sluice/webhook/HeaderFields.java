package dev.sluice.webhook;

import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// The rules for header fields that come from a configuration or a job.
final class HeaderFields {
  private static final int MAX_FIELDS = 32;
  private static final int MAX_VALUE = 4096;
  private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}");
  // Visible ASCII, with single spaces or tabs inside only: no CR, no LF, no NUL.
  private static final Pattern VALUE = Pattern.compile("[!-~](?:[ \\t!-~]*[!-~])?");

  /// What the delivery itself writes, or what would change how the connection is used.
  private static final Set<String> RESERVED =
      Set.of(
          "connection",
          "content-encoding",
          "content-length",
          "content-type",
          "expect",
          "host",
          "keep-alive",
          "proxy-authorization",
          "proxy-connection",
          "te",
          "traceparent",
          "tracestate",
          "trailer",
          "transfer-encoding",
          "upgrade");

  private HeaderFields() {}

  static boolean isValue(String value) {
    return value.length() <= MAX_VALUE && VALUE.matcher(value).matches();
  }

  /// @throws IllegalArgumentException when one of them may not be sent
  static void require(Map<String, String> headers) {
    if (headers.size() > MAX_FIELDS) {
      throw new IllegalArgumentException(
          "headers: " + headers.size() + " entries must be at most " + MAX_FIELDS);
    }
    Set<String> seen = new HashSet<>();
    headers.forEach((name, value) -> {
      String lower = name.toLowerCase(Locale.ROOT);
      if (!NAME.matcher(name).matches()) {
        throw unfit(name, "must be a header's name of at most 128 characters");
      }
      if (RESERVED.contains(lower) || lower.matches("(?:webhook|sluice)-.*")) {
        throw unfit(name, "is written by the delivery itself and must not be given");
      }
      if (!seen.add(lower)) {
        throw unfit(name, "must not be given twice");
      }
      // The value is not shown: it may be a credential.
      if (!isValue(value)) {
        throw unfit(name, "must have a value of 1 to 4096 characters of visible ASCII");
      }
    });
  }

  private static IllegalArgumentException unfit(String name, String rule) {
    return new IllegalArgumentException("headers: '" + Text.shown(name) + "' " + rule);
  }
}
