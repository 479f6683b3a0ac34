package dev.sluice.webhook;

import java.net.Inet4Address;
import java.net.InetAddress;

/// A range of IP addresses, written as an address, a slash and the number of fixed bits.
///
/// Threading: immutable.
final class Network {
  private final String text;
  private final byte[] prefix;
  private final int bits;

  private Network(String text, byte[] prefix, int bits) {
    this.text = text;
    this.prefix = prefix;
    this.bits = bits;
  }

  /// Reads `10.0.0.0/8`, `fd00::/8`, or one address without a slash.
  ///
  /// @throws IllegalArgumentException when it is none, or has bits set behind the fixed ones
  static Network parse(String text) {
    int slash = text.indexOf('/');
    byte[] prefix = literal(slash < 0 ? text : text.substring(0, slash));
    int most = prefix.length * 8;
    int bits = slash < 0 ? most : bits(text.substring(slash + 1));
    if (prefix.length == 0 || bits < 0 || bits > most || hasBitsBehind(prefix, bits)) {
      throw new IllegalArgumentException(
          "network: '" + Text.shown(text) + "' must be like 10.0.0.0/8 or fd00::/8");
    }
    return new Network(text, prefix, bits);
  }

  /// A range of IPv6, also one that the JDK would turn into IPv4 addresses.
  static Network ofGroups(String text, int bits, int... groups) {
    byte[] prefix = new byte[16];
    for (int i = 0; i < groups.length; i++) {
      prefix[2 * i] = (byte) (groups[i] >>> 8);
      prefix[2 * i + 1] = (byte) groups[i];
    }
    return new Network(text, prefix, bits);
  }

  private static byte[] literal(String text) {
    // The JDK would also take brackets and zone ids.
    if (!text.matches("[0-9a-fA-F:.]+")) {
      return new byte[0];
    }
    try {
      InetAddress address = InetAddress.ofLiteral(text);
      // Short and octal forms are for computers to misunderstand: four plain numbers or nothing.
      boolean plain = !(address instanceof Inet4Address) || address.getHostAddress().equals(text);
      return plain ? address.getAddress() : new byte[0];
    } catch (IllegalArgumentException _) {
      return new byte[0];
    }
  }

  private static int bits(String text) {
    boolean number = text.length() <= 3 && text.matches("[0-9]+");
    return number ? Integer.parseInt(text) : -1;
  }

  private static boolean hasBitsBehind(byte[] prefix, int bits) {
    for (int i = bits; i < prefix.length * 8; i++) {
      if (bit(prefix, i) != 0) {
        return true;
      }
    }
    return false;
  }

  private static int bit(byte[] bytes, int index) {
    return bytes[index / 8] >>> (7 - index % 8) & 1;
  }

  /// Whether an address of 4 or 16 bytes is in the range; never for one of the other family.
  boolean contains(byte[] address) {
    if (address.length != prefix.length) {
      return false;
    }
    for (int i = 0; i < bits; i++) {
      if (bit(address, i) != bit(prefix, i)) {
        return false;
      }
    }
    return true;
  }

  /// Whether all of this range is in the other.
  boolean isWithin(Network other) {
    return bits >= other.bits && other.contains(prefix);
  }

  @Override
  public String toString() {
    return text;
  }
}
