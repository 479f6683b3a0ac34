package dev.sluice.sqs;

import dev.sluice.engine.EngineUnavailableException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.sqs.model.BatchResultErrorEntry;
import software.amazon.awssdk.services.sqs.model.QueueDeletedRecentlyException;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;

/// How a call to the service, or one entry of a batch, went wrong.
///
/// Threading: immutable.
///
/// @param kind what to do about it
/// @param code the service's own name for it
/// @param words what is wrong, as part of a sentence; never what the service said in full, which
///   may hold signatures and names that are nobody's business
/// @param unknown whether it may have been done all the same
record Failure(Kind kind, String code, String words, boolean unknown) {
  /// What to do about a failure.
  enum Kind {
    /// Try again after a while.
    PASSES,
    /// Make the queue, then try again.
    QUEUE_GONE,
    /// The receipt is not that of a message in flight: deleted, or received by somebody else since.
    NOT_HELD,
    /// Trying again is useless.
    LASTING
  }

  /// How far down a chain of causes is looked.
  private static final int DEEPEST = 20;

  private static final String NO_CREDENTIALS = "NoCredentials";
  private static final String NO_ANSWER = "NoAnswer";
  private static final String WHOLE = "(whole)";
  private static final String INVALID = "InvalidParameterValue";
  private static final String NO_LONGER_HELD = "the message is not held any more";
  private static final Set<String> EXPIRED =
      Set.of("ExpiredToken", "ExpiredTokenException", "RequestExpired");
  private static final Set<String> NOT_ACCEPTED =
      Set.of(
          "InvalidClientTokenId",
          "UnrecognizedClientException",
          "InvalidAccessKeyId",
          "SignatureDoesNotMatch",
          "InvalidSignatureException",
          "IncompleteSignature",
          "IncompleteSignatureException",
          "MissingAuthenticationToken",
          "MissingAuthenticationTokenException",
          "InvalidSecurity");
  private static final Set<String> DENIED =
      Set.of("AccessDenied", "AccessDeniedException", "AuthorizationError", "KmsAccessDenied");
  private static final Set<String> NOT_HELD =
      Set.of(
          "ReceiptHandleIsInvalid",
          "MessageNotInflight",
          "AWS.SimpleQueueService.MessageNotInflight");
  private static final Set<String> SLOW =
      Set.of(
          "Throttling",
          "ThrottlingException",
          "RequestThrottled",
          "RequestThrottledException",
          "TooManyRequestsException",
          "RequestLimitExceeded",
          "KmsThrottled",
          "OverLimit",
          "SlowDown");
  private static final Set<String> BROKEN =
      Set.of("InternalError", "InternalFailure", "ServiceUnavailable", "InternalServerError");

  /// The time was over before it was tried.
  static Failure late() {
    return new Failure(Kind.PASSES, "NoTime", "no time was left within the time limit", false);
  }

  /// One that was put into a whole sentence already.
  static Failure whole(EngineUnavailableException said) {
    return new Failure(Kind.LASTING, WHOLE, String.valueOf(said.getMessage()), false);
  }

  /// That of a call which takes no job, so that nothing can be there because of it.
  Failure ofAQuestion() {
    return new Failure(kind, code, words, false);
  }

  /// What may be told to anybody.
  EngineUnavailableException.Kind told() {
    if (unknown) {
      return EngineUnavailableException.Kind.UNSURE;
    }
    if (code.equals(NO_ANSWER)) {
      return EngineUnavailableException.Kind.UNREACHABLE;
    }
    if (SLOW.contains(code)) {
      return EngineUnavailableException.Kind.OVERLOADED;
    }
    return EXPIRED.contains(code)
            || NOT_ACCEPTED.contains(code)
            || DENIED.contains(code)
            || code.equals(NO_CREDENTIALS)
        ? EngineUnavailableException.Kind.REFUSING
        : EngineUnavailableException.Kind.FAILED;
  }

  boolean isWhole() {
    return code.equals(WHOLE);
  }

  /// What an exception out of the SDK means.
  static Failure of(RuntimeException thrown) {
    return switch (thrown) {
      case QueueDoesNotExistException _ -> queueGone();
      case QueueDeletedRecentlyException _ ->
          new Failure(
              Kind.PASSES,
              "QueueDeletedRecently",
              "the queue was deleted, and AWS lets one of that name be made 60 s after that",
              false);
      case AwsServiceException answered -> answered(answered);
      // Whoever waited for the call has cut it off.
      case AbortedException _ -> silent("no answer within the time limit");
      case SdkClientException client -> client(client);
      default -> new Failure(Kind.LASTING, "", nameOf(thrown), true);
    };
  }

  /// What a failed entry of a batch means.
  static Failure of(BatchResultErrorEntry entry) {
    return of(String.valueOf(entry.code()), !Boolean.FALSE.equals(entry.senderFault()), 0);
  }

  /// What a failed entry means that named a message by its receipt. AWS answers to one that has
  /// expired, or whose message is deleted, as if it had never been one.
  static Failure ofReceipt(BatchResultErrorEntry entry) {
    Failure failure = of(entry);
    return Boolean.TRUE.equals(entry.senderFault()) && failure.code.equals(INVALID)
        ? new Failure(Kind.NOT_HELD, failure.code, NO_LONGER_HELD, false)
        : failure;
  }

  private static Failure answered(AwsServiceException answered) {
    AwsErrorDetails details = answered.awsErrorDetails();
    String code =
        details == null || details.errorCode() == null
            ? "HTTP " + answered.statusCode()
            : details.errorCode();
    if (answered.isThrottlingException() && !SLOW.contains(code)) {
      return new Failure(Kind.PASSES, code, "the service asks to slow down", false);
    }
    return of(code, true, answered.statusCode());
  }

  private static Failure of(String whole, boolean ours, int status) {
    String code = whole.substring(whole.lastIndexOf('#') + 1);
    if (code.endsWith("QueueDoesNotExist") || code.endsWith("NonExistentQueue")) {
      return queueGone();
    }
    if (NOT_HELD.contains(code)) {
      return new Failure(Kind.NOT_HELD, code, NO_LONGER_HELD, false);
    }
    if (EXPIRED.contains(code)) {
      return new Failure(Kind.PASSES, code, "the AWS credentials have expired", false);
    }
    if (NOT_ACCEPTED.contains(code)) {
      return new Failure(
          Kind.LASTING, code, "the AWS credentials are not accepted (" + code + ")", false);
    }
    if (DENIED.contains(code)) {
      return new Failure(
          Kind.LASTING, code, "the AWS credentials do not allow it (" + code + ")", false);
    }
    if (SLOW.contains(code)) {
      return new Failure(Kind.PASSES, code, "the service asks to slow down", false);
    }
    if (status >= 500 || !ours || BROKEN.contains(code)) {
      return new Failure(Kind.PASSES, code, "the service failed (" + code + ")", true);
    }
    return new Failure(Kind.LASTING, code, "the service refused it (" + code + ")", false);
  }

  private static Failure queueGone() {
    return new Failure(Kind.QUEUE_GONE, "QueueDoesNotExist", "the queue does not exist", false);
  }

  private static Failure client(SdkClientException client) {
    String message = String.valueOf(client.getMessage());
    if (message.startsWith("Unable to load credentials")
        || message.contains("credentials from any of the providers")) {
      return new Failure(
          Kind.PASSES, NO_CREDENTIALS, "the AWS SDK's default chain finds no credentials", false);
    }
    if (Thread.currentThread().isInterrupted()) {
      return silent("no answer within the time limit");
    }
    return silent("no connection: " + connection(client));
  }

  /// What went wrong with a connection: the first cause that says so, for under the refusal of a
  /// certificate, say, there lie others.
  private static String connection(Throwable failure) {
    List<Throwable> causes =
        Stream.iterate(failure, Objects::nonNull, Throwable::getCause).limit(DEEPEST).toList();
    String root = nameOf(causes.getLast());
    for (Throwable cause : causes) {
      String words =
          switch (cause) {
            case UnknownHostException _ -> "the host is not known";
            case ConnectException _ -> "nobody answers";
            case SocketTimeoutException _ -> "no answer in time";
            case SSLException _ -> "TLS failed (" + root + ")";
            default -> "";
          };
      if (!words.isEmpty()) {
        return words;
      }
    }
    return root;
  }

  private static Failure silent(String words) {
    return new Failure(Kind.PASSES, NO_ANSWER, words, true);
  }

  // The kind of an I/O failure says enough, and never holds a URL.
  private static String nameOf(Throwable thrown) {
    return thrown.getClass().getSimpleName();
  }
}
