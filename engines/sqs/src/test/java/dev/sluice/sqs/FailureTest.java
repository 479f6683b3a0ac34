package dev.sluice.sqs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.core.exception.SdkClientException;

/// What a failure is called.
final class FailureTest {
  private static Stream<Arguments> connections() {
    return Stream.of(
        Arguments.of(new UnknownHostException("sqs.nowhere"), "the host is not known"),
        Arguments.of(new ConnectException("Connection refused"), "nobody answers"),
        Arguments.of(new IOException(new ConnectException("refused")), "nobody answers"),
        Arguments.of(new SocketTimeoutException("Read timed out"), "no answer in time"),
        Arguments.of(
            handshake(new CertificateException("no path")), "TLS failed (CertificateException)"),
        Arguments.of(handshake(new EOFException()), "TLS failed (EOFException)"),
        Arguments.of(new IOException("key=secret"), "IOException"));
  }

  private static IOException handshake(Exception cause) {
    IOException failure = new SSLHandshakeException("handshake_failure");
    failure.initCause(cause);
    return failure;
  }

  @ParameterizedTest
  @MethodSource("connections")
  void aConnectionThatFailsIsToldInWords(IOException cause, String words) {
    Failure failure = Failure.of(SdkClientException.create("Unable to execute", cause));
    assertThat(failure.words()).isEqualTo("no connection: " + words);
    assertThat(failure.kind()).isEqualTo(Failure.Kind.PASSES);
  }
}
