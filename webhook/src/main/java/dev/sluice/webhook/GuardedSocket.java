package dev.sluice.webhook;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.function.Consumer;

/// A socket that connects to no address that the rules deny. It is the second wall: whatever the
/// HTTP client does, it does through these sockets. Without a proxy, also when the process has one.
///
/// Threading: as [Socket].
final class GuardedSocket extends Socket {
  private final AddressRules rules;
  private final Consumer<InetSocketAddress> connecting;

  GuardedSocket(AddressRules rules, Consumer<InetSocketAddress> connecting) {
    // A socket made without this argument asks the process for a SOCKS proxy.
    super(Proxy.NO_PROXY);
    this.rules = rules;
    this.connecting = connecting;
  }

  // The other `connect` calls this one.
  @Override
  public void connect(SocketAddress endpoint, int timeout) throws IOException {
    if (!(endpoint instanceof InetSocketAddress place) || place.isUnresolved()) {
      throw new UndeliveredException("denied: no checked address; no connection was made");
    }
    InetAddress address = place.getAddress();
    String denied = rules.denies(address);
    if (denied != null) {
      throw new UndeliveredException(
          "denied: " + address.getHostAddress() + " is " + denied + "; no connection was made");
    }
    connecting.accept(place);
    super.connect(endpoint, timeout);
  }

  @Override
  public InputStream getInputStream() throws IOException {
    return new Input(super.getInputStream());
  }

  /// Threading: as [Socket].
  private final class Input extends FilterInputStream {
    Input(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      if (!Patience.HELD.isBound()) {
        return super.read(bytes, from, length);
      }
      int usual = getSoTimeout();
      int left = Patience.HELD.get().leftMillis();
      setSoTimeout(usual == 0 ? left : Math.min(usual, left));
      try {
        return super.read(bytes, from, length);
      } finally {
        setSoTimeout(usual);
      }
    }
  }
}
