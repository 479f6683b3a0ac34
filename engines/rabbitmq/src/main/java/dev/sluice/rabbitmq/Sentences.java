package dev.sluice.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.ChannelContinuationTimeoutException;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.MissedHeartbeatException;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Failures of the client in words for people.
///
/// Threading: all static, without state.
final class Sentences {
  private static final Pattern MISMATCH =
      Pattern.compile(
          "inequivalent arg '(.+?)' for (queue|exchange) '(.+?)' in vhost '.*?': "
              + "received (.+) but current is (.+)",
          Pattern.DOTALL);
  private static final Pattern VALUE =
      Pattern.compile("(?:the value )?'(.*?)'(?: of type '.*')?$", Pattern.DOTALL);
  private static final Pattern REFUSED =
      Pattern.compile(
          "(?:(\\w+) )?access to (\\w+) '(.+?)' in vhost '(.*?)' refused for user '(.*)'");

  private Sentences() {}

  /// What went wrong, as the end of a sentence.
  static String of(Throwable failure, RabbitUrl url) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String words = words(cause, url);
      if (words != null) {
        return words;
      }
    }
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }

  private static @Nullable String words(Throwable failure, RabbitUrl url) {
    return switch (failure) {
      case AuthenticationFailureException _, PossibleAuthenticationFailureException _ ->
          "the broker refused the user '" + url.user() + "' or its password";
      case UnknownHostException _ -> "the host " + url.host() + " is not known";
      case ConnectException refused -> "nobody answers (" + refused.getMessage() + ")";
      case SocketTimeoutException _, TimeoutException _, ChannelContinuationTimeoutException _ ->
          "the broker did not answer in time";
      case SSLException tls -> tls(tls, url);
      case ShutdownSignalException signal -> reply(signal);
      default -> isTimeout(failure.getMessage()) ? "the broker did not answer in time" : null;
    };
  }

  private static String tls(SSLException failure, RabbitUrl url) {
    Throwable root = failure;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      root = cause;
    }
    return switch (root) {
      case CertificateExpiredException expired ->
          "the broker's certificate has expired (" + expired.getMessage() + ")";
      case CertPathBuilderException _ ->
          "the broker's certificate is signed by nobody "
              + (url.ca() == null
                  ? "whom this JVM trusts; the option ca=FILE names a private authority"
                  : "in " + url.ca());
      case CertificateException other ->
          "the broker's certificate is not for "
              + url.host()
              + " ("
              + other.getMessage()
              + "), and its host name must be in it";
      default -> "TLS failed: " + failure.getMessage();
    };
  }

  /// Whether the broker owes an answer.
  static boolean isTimeout(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof TimeoutException
          || cause instanceof ChannelContinuationTimeoutException
          || isTimeout(cause.getMessage())) {
        return true;
      }
    }
    return false;
  }

  // The client wraps some of its time-outs in exceptions of no special class.
  private static boolean isTimeout(@Nullable String message) {
    return message != null && message.startsWith("Timed out waiting for");
  }

  /// What the broker said when it closed a channel or a connection.
  private static String reply(ShutdownSignalException signal) {
    String text = replyText(signal);
    if (text != null) {
      return inWords(text);
    }
    return signal.getCause() instanceof MissedHeartbeatException
        ? "the broker gave no sign of life"
        : "the connection broke";
  }

  static @Nullable String replyText(ShutdownSignalException signal) {
    Method reason = signal.getReason();
    return switch (reason) {
      case AMQP.Channel.Close close -> close.getReplyText();
      case AMQP.Connection.Close close -> close.getReplyText();
      case null, default -> null;
    };
  }

  /// The code with which the broker closed a channel or connection; 0 when it was somebody else.
  static int replyCode(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ShutdownSignalException signal) {
        Method reason = signal.getReason();
        return switch (reason) {
          case AMQP.Channel.Close close -> close.getReplyCode();
          case AMQP.Connection.Close close -> close.getReplyCode();
          case null, default -> 0;
        };
      }
    }
    return 0;
  }

  /// The broker's own words, made plain where they are known.
  static String inWords(String replyText) {
    Matcher mismatch = MISMATCH.matcher(replyText);
    if (mismatch.find()) {
      String kind = mismatch.group(2);
      return "the %s %s has %s %s on the broker, and Sluice needs %s: delete it or use another prefix"
          .formatted(
              kind,
              mismatch.group(3),
              mismatch.group(1),
              value(mismatch.group(5)),
              value(mismatch.group(4)));
    }
    Matcher refused = REFUSED.matcher(replyText);
    if (refused.find()) {
      String right = refused.group(1);
      return "the user '%s' may not %s the %s %s in the virtual host %s: it needs configure, write and"
              .formatted(
                  refused.group(5),
                  right == null ? "use" : right,
                  refused.group(2),
                  refused.group(3),
                  refused.group(4))
          + " read on all names that begin with the prefix, and write on the exchange amq.default";
    }
    return replyText;
  }

  private static String value(String words) {
    if (words.startsWith("none")) {
      return "none";
    }
    Matcher value = VALUE.matcher(words);
    return value.find() ? "'" + value.group(1) + "'" : words;
  }

  /// Why the broker takes no messages, from the word that it gave.
  static String blocked(String reason) {
    return "the broker takes nothing: " + (reason.isEmpty() ? "it is blocked" : reason);
  }
}
