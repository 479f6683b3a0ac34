package dev.sluice.webhook;

import java.net.IDN;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.URI;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A webhook's URL, taken apart once, here: the HTTP client is given the parts and never the text,
/// so that no second parser can read another host out of it.
///
/// Threading: immutable.
///
/// @param scheme `https` or `http`
/// @param host lower-case ASCII without a trailing dot; an address in its usual form, no brackets
/// @param literal the address, when the host is one and no name
/// @param port 1 to 65535
/// @param path with the query, at least `/`
record Target(String scheme, String host, @Nullable InetAddress literal, int port, String path) {
  private static final int MAX_LENGTH = 2048;
  private static final Pattern URL =
      Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*)://([^/?]*)(.*)", Pattern.DOTALL);
  private static final Pattern AUTHORITY =
      Pattern.compile("(?:\\[([^\\[\\]]*)]|([^:\\[\\]]*))(?::([0-9]{1,5}))?");
  private static final Pattern NUMBER = Pattern.compile("[0-9]+|0[xX][0-9a-fA-F]*");

  /// Characters that older and newer rules of international names turn into different ASCII names,
  /// and so into different hosts.
  private static final Pattern AMBIGUOUS = Pattern.compile("[ßẞς\u200c\u200d]");

  /// Reads a URL and refuses what can be refused without resolving a name.
  ///
  /// @throws IllegalArgumentException when it is none, or `reach` does not allow it
  static Target parse(String url, Reach reach) {
    requireCharacters(url);
    Matcher parts = URL.matcher(url);
    if (!parts.matches()) {
      throw unfit(url, "must be like https://host/path");
    }
    String scheme = parts.group(1).toLowerCase(Locale.ROOT);
    if (!scheme.equals("https") && !(scheme.equals("http") && reach.http())) {
      throw unfit(url, reach.http() ? "must begin with https or http" : "must begin with https");
    }
    String authority = parts.group(2);
    if (authority.indexOf('@') >= 0) {
      throw new IllegalArgumentException(
          "url: (not shown, it may hold a password) must have no user name or password");
    }
    if (authority.indexOf('%') >= 0) {
      throw unfit(url, "must have no zone id and no percent sign in its host");
    }
    Matcher place = AUTHORITY.matcher(authority);
    if (!place.matches()) {
      throw unfit(url, "must have a host, and at most a port after it");
    }
    String host = place.group(1) == null ? name(url, place.group(2)) : "";
    @Nullable InetAddress literal =
        place.group(1) == null ? address(url, host) : bracketed(url, place.group(1));
    if (literal != null) {
      host = literal.getHostAddress();
      String denied = reach.rules().denies(literal);
      if (denied != null) {
        throw unfit(url, "must not lead to an address that is " + denied);
      }
    }
    int port = port(url, scheme, place.group(3), reach);
    return new Target(scheme, host, literal, port, path(url, parts.group(3)));
  }

  private static void requireCharacters(String url) {
    if (url.length() > MAX_LENGTH) {
      throw unfit(url, "must have at most " + MAX_LENGTH + " characters");
    }
    boolean plain =
        url.codePoints()
            .noneMatch(c -> c <= ' ' || c == '\\' || c == '#' || (c >= 0x7f && c <= 0xa0));
    if (!plain) {
      throw unfit(url, "must have no space, control character, backslash or fragment");
    }
  }

  private static String name(String url, String text) {
    if (AMBIGUOUS.matcher(text).find()) {
      throw unfit(url, "must have its host in ASCII form (xn--...)");
    }
    String name;
    try {
      name = IDN.toASCII(text, IDN.USE_STD3_ASCII_RULES).toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException | IndexOutOfBoundsException _) {
      throw unfit(url, "must have a host of letters, digits, dots and hyphens");
    }
    if (name.endsWith(".")) {
      name = name.substring(0, name.length() - 1);
    }
    // Asked again: what the conversion lets through is not what a resolver should be asked.
    if (name.length() > 253 || !name.matches("(?:[a-z0-9-]{1,63}\\.)*[a-z0-9-]{1,63}")) {
      throw unfit(url, "must have a host of letters, digits, dots and hyphens");
    }
    return name;
  }

  /// A host whose last label is a number is an address or nothing: resolvers read `127.1`,
  /// `0177.0.0.1`, `0x7f000001` and `2130706433` as addresses.
  private static @Nullable InetAddress address(String url, String host) {
    if (!NUMBER.matcher(host.substring(host.lastIndexOf('.') + 1)).matches()) {
      return null;
    }
    try {
      return Inet4Address.ofPosixLiteral(host);
    } catch (IllegalArgumentException _) {
      throw unfit(url, "must have a name or an address as its host");
    }
  }

  private static InetAddress bracketed(String url, String text) {
    try {
      if (text.indexOf(':') >= 0) {
        return InetAddress.ofLiteral(text);
      }
    } catch (IllegalArgumentException _) {
      // Refused below, as is what has no colon.
    }
    throw unfit(url, "must have an IPv6 address in its brackets");
  }

  private static int port(String url, String scheme, @Nullable String text, Reach reach) {
    int usual = scheme.equals("https") ? 443 : 80;
    int port = text == null ? usual : Integer.parseInt(text);
    if (!reach.allPorts().contains(port)) {
      throw unfit(url, "must have one of the ports " + reach.allPorts());
    }
    return port;
  }

  private static String path(String url, String text) {
    String path = text.startsWith("/") ? text : "/" + text;
    if (!path.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw unfit(url, "must have a path in ASCII, other characters percent-encoded");
    }
    try {
      // Throws for a stray percent sign, quotes and the like.
      URI.create("https://host" + path);
      return path;
    } catch (IllegalArgumentException _) {
      throw unfit(url, "must have a path and query as in RFC 3986");
    }
  }

  // Queries often hold tokens, so the message stops before them.
  private static IllegalArgumentException unfit(String url, String rule) {
    int query = url.indexOf('?');
    String shown = query < 0 ? url : url.substring(0, query) + "?...";
    // A password can stand anywhere before an @, also in a URL that is no URL.
    if (shown.indexOf('@') >= 0) {
      shown = "(not shown, it may hold a password)";
    }
    return new IllegalArgumentException("url: '" + Text.shown(shown) + "' " + rule);
  }

  boolean isPlain() {
    return scheme.equals("http");
  }

  /// Host and port, as people write them.
  @Override
  public String toString() {
    String shown = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    return port == (isPlain() ? 80 : 443) ? shown : shown + ":" + port;
  }
}
