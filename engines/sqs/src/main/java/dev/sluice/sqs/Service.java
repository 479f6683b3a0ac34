package dev.sluice.sqs;

import dev.sluice.engine.EngineUnavailableException;
import dev.sluice.engine.Environment;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;

/// The connection to SQS: one client, the times that its calls may take, and what is wrong with it.
/// The SDK tries nothing again by itself, so that all waiting is in one place and has one limit;
/// nor does it set timers: whoever waits for a call cuts it off, see [Workers].
///
/// Threading: thread-safe. Calls are made on threads of [Workers].
final class Service {
  /// Beside one long poll for each queue in use.
  private static final int CONNECTIONS = 512;

  private static final Duration CONNECT = Duration.ofSeconds(5);

  private final SqsClient client;
  private final SdkHttpClient http;
  private final Environment environment;
  private final Tuning tuning;
  private final Address address;
  final Workers workers;
  final Trouble trouble;
  final Hints hints = new Hints();

  Service(
      Address address,
      Environment environment,
      Tuning tuning,
      @Nullable AwsCredentialsProvider credentials) {
    this.address = address;
    this.environment = environment;
    this.tuning = tuning;
    this.workers = new Workers(environment);
    this.trouble = new Trouble(environment.clock());
    Duration receive = tuning.longPoll().plus(tuning.timeLimit());
    this.http =
        Apache5HttpClient.builder()
            .maxConnections(CONNECTIONS)
            .connectionTimeout(least(CONNECT, tuning.timeLimit()))
            .connectionAcquisitionTimeout(least(CONNECT, tuning.timeLimit()))
            .socketTimeout(receive)
            .build();
    var builder =
        SqsClient.builder()
            .httpClient(http)
            .region(Region.of(address.region()))
            // MD5 of every body and attribute, against what TLS and TCP see to already.
            .checksumValidationEnabled(false)
            .credentialsProvider(
                credentials != null ? credentials : DefaultCredentialsProvider.builder().build())
            .overrideConfiguration(all -> all.retryStrategy(AwsRetryStrategy.doNotRetry()));
    if (address.endpoint() != null) {
      builder.endpointOverride(address.endpoint());
    }
    this.client = builder.build();
  }

  private static Duration least(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  SqsClient client() {
    return client;
  }

  Environment environment() {
    return environment;
  }

  Environment.Clock clock() {
    return environment.clock();
  }

  Address address() {
    return address;
  }

  Tuning tuning() {
    return tuning;
  }

  /// The time that a verb has from now on.
  Patience patience() {
    return new Patience(environment, workers, tuning.timeLimit());
  }

  /// Makes a call that takes no job until it succeeds, it is useless to go on, or the time is up.
  ///
  /// @throws QueueGoneException when there is no such queue, for the caller to make one
  /// @throws EngineUnavailableException when it was not done, or nobody knows
  <T> T call(String queue, String what, Patience patience, Supplier<T> call) {
    for (int tries = 1; ; tries++) {
      requireOpen();
      try {
        T value = call.get();
        trouble.succeeded(queue);
        return value;
      } catch (RuntimeException thrown) {
        if (thrown instanceof EngineUnavailableException unavailable) {
          throw unavailable;
        }
        Failure failure = Failure.of(thrown);
        if (failure.kind() == Failure.Kind.QUEUE_GONE) {
          throw new QueueGoneException();
        }
        trouble.failed(queue, failure.words());
        if (failure.kind() != Failure.Kind.PASSES || !patience.pause(tries)) {
          throw gaveUp(queue, what, failure.ofAQuestion());
        }
      }
    }
  }

  /// The end of all trying.
  EngineUnavailableException gaveUp(String queue, String what, Failure failure) {
    requireOpen();
    if (failure.isWhole()) {
      return new EngineUnavailableException(failure.words());
    }
    trouble.gaveUp(queue, failure.words());
    return new EngineUnavailableException(
        failure.told(),
        "queue '"
            + queue
            + "' on "
            + address.where()
            + ": cannot "
            + what
            + ": "
            + failure.words());
  }

  void requireOpen() {
    if (workers.isClosed()) {
      throw new EngineUnavailableException("the SQS engine is closed");
    }
  }

  void close() {
    workers.close();
    client.close();
    http.close();
  }

  /// There is no queue of that name (any more).
  static final class QueueGoneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    QueueGoneException() {
      super("the queue does not exist", null, false, false);
    }
  }
}
