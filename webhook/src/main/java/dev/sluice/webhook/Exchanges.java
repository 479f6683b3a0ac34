package dev.sluice.webhook;

import dev.sluice.engine.Environment;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.CloseableHttpResponse;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.DefaultHttpClientConnectionOperator;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.HostnameVerificationPolicy;
import org.apache.hc.client5.http.ssl.NoopHostnameVerifier;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.Method;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.message.BasicClassicHttpRequest;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.pool.PoolConcurrencyPolicy;
import org.apache.hc.core5.pool.PoolReusePolicy;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;

/// HTTP exchanges with one target, over a pool of connections to it. Made of the client's smallest
/// parts: nothing here follows redirects, tries again, keeps cookies, logs in, decompresses or asks
/// for a proxy.
///
/// Threading: thread-safe. An exchange runs in the caller's thread, and an interrupt ends it at
/// once when that thread is a virtual one, as a handler's is: the JDK then closes the socket.
final class Exchanges implements AutoCloseable {
  static final int MAX_BODY = 16 * 1024;

  private static final int MAX_HEADERS = 100;
  private static final int MAX_HEADER_LINE = 8 * 1024;
  private static final Duration BODY_PATIENCE = Duration.ofSeconds(5);
  private static final Duration IDLE = Duration.ofSeconds(30);
  private static final Duration CONNECTION_LIFE = Duration.ofMinutes(5);

  /// The checked addresses of the attempt that this thread makes: the client's "resolver" knows
  /// nothing else, so outside of an attempt there is nothing to connect to.
  private static final ScopedValue<List<InetAddress>> CHECKED = ScopedValue.newInstance();

  private final Target target;
  private final HttpHost host;
  private final CloseableHttpClient client;
  private final Environment.Clock clock;

  Exchanges(
      Target target,
      AddressRules rules,
      Outside outside,
      Environment.Clock clock,
      Webhook webhook) {
    this.target = target;
    this.host = new HttpHost(target.scheme(), target.host(), target.port());
    this.client = HttpClients.createMinimal(connections(rules, outside, webhook));
    this.clock = clock;
  }

  private static PoolingHttpClientConnectionManager connections(
      AddressRules rules, Outside outside, Webhook webhook) {
    // The JDK checks the certificate's name; asking a second time brings in the client's own rules.
    TlsSocketStrategy tls =
        new DefaultClientTlsStrategy(
            outside.tls(), HostnameVerificationPolicy.BUILTIN, NoopHostnameVerifier.INSTANCE);
    var operator =
        new DefaultHttpClientConnectionOperator(
            _ -> new GuardedSocket(rules, outside.connecting()),
            null,
            new CheckedAddresses(),
            scheme -> scheme.equals("https") ? tls : null);
    var limits =
        Http1Config.custom()
            .setMaxHeaderCount(MAX_HEADERS)
            .setMaxLineLength(MAX_HEADER_LINE)
            .build();
    var manager =
        new PoolingHttpClientConnectionManager(
            operator,
            PoolConcurrencyPolicy.STRICT,
            PoolReusePolicy.LIFO,
            TimeValue.NEG_ONE_MILLISECOND,
            ManagedHttpClientConnectionFactory.builder().http1Config(limits).build());
    manager.setMaxTotal(webhook.maxInFlight());
    manager.setDefaultMaxPerRoute(webhook.maxInFlight());
    manager.setDefaultConnectionConfig(
        ConnectionConfig.custom()
            .setConnectTimeout(Timeout.of(webhook.connectTimeout()))
            .setSocketTimeout(Timeout.of(webhook.responseTimeout()))
            .setIdleTimeout(Timeout.of(IDLE))
            .setTimeToLive(TimeValue.of(CONNECTION_LIFE))
            // Nothing is sent again by itself, so a connection that the target has closed must be
            // noticed before a request is written to it.
            .setValidateAfterInactivity(TimeValue.ZERO_MILLISECONDS)
            .build());
    return manager;
  }

  /// Sends one request and reads its answer.
  ///
  /// @param addresses where it may connect to, checked just now
  Answer post(Map<String, String> headers, byte[] body, List<InetAddress> addresses)
      throws IOException {
    BasicClassicHttpRequest request = new BasicClassicHttpRequest(Method.POST, host, target.path());
    headers.forEach(request::setHeader);
    request.setEntity(new ByteArrayEntity(body, null));
    return ScopedValue.where(CHECKED, addresses).call(() -> exchange(request));
  }

  private Answer exchange(BasicClassicHttpRequest request) throws IOException {
    CloseableHttpResponse response =
        CloseableHttpResponse.adapt(client.executeOpen(host, request, null));
    try {
      Header retryAfter = response.getFirstHeader("Retry-After");
      return new Answer(
          response.getCode(),
          retryAfter == null ? null : retryAfter.getValue(),
          ScopedValue.where(Patience.HELD, Patience.of(BODY_PATIENCE, clock))
              .call(() -> body(response)));
    } finally {
      // At once: an orderly close would first read the rest, which may have no end. A response that
      // was read to its end has already given its connection back.
      response.close(CloseMode.IMMEDIATE);
    }
  }

  /// As much of the body as comes in time. The status has been told already, so a body that breaks
  /// off changes nothing.
  private String body(ClassicHttpResponse response) {
    byte[] bytes = new byte[MAX_BODY];
    int length = 0;
    Patience patience = Patience.HELD.get();
    try {
      // Not closed here: that would read the rest.
      InputStream content =
          response.getEntity() == null
              ? InputStream.nullInputStream()
              : response.getEntity().getContent();
      while (length < MAX_BODY && !patience.isOver()) {
        int read = content.read(bytes, length, MAX_BODY - length);
        if (read < 0) {
          break;
        }
        length += read;
      }
    } catch (IOException _) {
      // What came before is kept.
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    client.close(CloseMode.IMMEDIATE);
  }

  private static final class CheckedAddresses implements DnsResolver {
    @Override
    public InetAddress[] resolve(String host) throws UnknownHostException {
      if (!CHECKED.isBound()) {
        throw new UnknownHostException(host);
      }
      return CHECKED.get().toArray(new InetAddress[0]);
    }

    @Override
    public String resolveCanonicalHostname(String host) {
      return host;
    }
  }
}
