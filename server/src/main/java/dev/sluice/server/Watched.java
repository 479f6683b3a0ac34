package dev.sluice.server;

import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.http.HeaderValues;
import io.helidon.http.Headers;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import io.helidon.webserver.http1.Http1ConnectionListener;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/// A connection's context with another reader and writer, and the headers of the last answer.
///
/// Threading: confined to the connection's thread.
final class Watched implements ConnectionContext {
  private final ConnectionContext context;
  private final DataReader dataReader;
  private final DataWriter dataWriter;
  private @Nullable Headers answer;

  Watched(ConnectionContext context, DataReader dataReader, DataWriter dataWriter) {
    this.context = context;
    this.dataReader = dataReader;
    this.dataWriter = dataWriter;
  }

  /// Tells each watched connection of its answers.
  static Http1ConnectionListener listener() {
    return new Http1ConnectionListener() {
      @Override
      public void headers(ConnectionContext context, Headers headers) {
        if (context instanceof Watched watched) {
          watched.answer = headers;
        }
      }
    };
  }

  /// Whether the last answer said that the connection ends with it.
  boolean endsHere() {
    Headers last = answer;
    answer = null;
    return last != null && last.containsToken(HeaderValues.CONNECTION_CLOSE);
  }

  @Override
  public DataReader dataReader() {
    return dataReader;
  }

  @Override
  public DataWriter dataWriter() {
    return dataWriter;
  }

  @Override
  public ListenerContext listenerContext() {
    return context.listenerContext();
  }

  @Override
  public ExecutorService executor() {
    return context.executor();
  }

  @Override
  public Router router() {
    return context.router();
  }

  @Override
  public Optional<ProxyProtocolData> proxyProtocolData() {
    return context.proxyProtocolData();
  }

  @Override
  public HelidonSocket serverSocket() {
    return context.serverSocket();
  }

  @Override
  public PeerInfo remotePeer() {
    return context.remotePeer();
  }

  @Override
  public PeerInfo localPeer() {
    return context.localPeer();
  }

  @Override
  public boolean isSecure() {
    return context.isSecure();
  }

  @Override
  public String socketId() {
    return context.socketId();
  }

  @Override
  public String childSocketId() {
    return context.childSocketId();
  }
}
