package dev.sluice.sqs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// The two SQS queues of one Sluice queue: finds them, makes them when they are missing, and says
/// what is not as it would have made it. It never changes a queue that is there.
///
/// Threading: thread-safe.
final class Topology {
  private static final System.Logger LOG = System.getLogger("dev.sluice.sqs");

  /// The most that SQS takes: Sluice's own rule against poison acts long before.
  static final int MAX_RECEIVES = 1000;

  /// The longest that SQS keeps a message: 14 days.
  private static final String RETENTION_SECONDS = "1209600";

  private static final Pattern TARGET =
      Pattern.compile("\"deadLetterTargetArn\"\\s*:\\s*\"([^\"]*)\"");
  private static final Pattern RECEIVES =
      Pattern.compile("\"maxReceiveCount\"\\s*:\\s*\"?(\\d+)\"?");

  /// The main queue, and what is not as it should be.
  private record Main(String url, List<String> differences) {}

  private final Service service;
  private final QueueNames names;

  // Two places, because the one is used without the other: jobs come and go on the main queue
  // also while its dead-letter queue is missing and AWS does not let it be made yet.
  private final Place<Main> main;
  private final Place<String> dead;

  Topology(Service service, QueueNames names) {
    this.service = service;
    this.names = names;
    this.main = new Place<>(names.queue(), this::lookForMain);
    this.dead = new Place<>(names.queue(), this::lookForDead);
  }

  /// Where one of the queues is; it is made when it is missing.
  String url(boolean deadLetters, Patience patience) {
    // Dead jobs may be the first that come, and a dead-letter queue alone is no queue to anybody.
    String url = main.get(patience).url;
    return deadLetters ? dead.get(patience) : url;
  }

  /// Where one of the queues is, if it is; nothing is made.
  Optional<String> existing(boolean deadLetters, Patience patience) {
    Optional<String> known = deadLetters ? dead.known() : main.known().map(Main::url);
    return known.isPresent() ? known : urlOf(deadLetters ? names.dead() : names.main(), patience);
  }

  /// What is not as it should be, in sentences. Both queues are there then.
  List<String> differences(Patience patience) {
    var _ = dead.get(patience);
    return main.get(patience).differences;
  }

  /// To be called when the service says that a queue is gone: the next one makes it anew.
  void gone(boolean deadLetters, String url) {
    if (deadLetters) {
      dead.forget(url);
    } else {
      main.known().filter(one -> one.url.equals(url)).ifPresent(main::forget);
    }
  }

  private Main lookForMain(Patience patience) {
    Optional<String> there = urlOf(names.main(), patience);
    if (there.isEmpty()) {
      // The dead-letter queue comes first, because the other one names it.
      Map<QueueAttributeName, String> named = attributesOfDead(patience);
      String arn = named.getOrDefault(QueueAttributeName.QUEUE_ARN, "");
      return new Main(make(names.main(), patience, arn), List.of());
    }
    List<String> differences = differences(attributes(there.get(), patience));
    differences.forEach(sentence -> LOG.log(System.Logger.Level.WARNING, sentence));
    return new Main(there.get(), differences);
  }

  private Map<QueueAttributeName, String> attributesOfDead(Patience patience) {
    String url = dead.get(patience);
    try {
      return attributes(url, patience);
    } catch (Service.QueueGoneException gone) {
      dead.forget(url);
      throw gone;
    }
  }

  private String lookForDead(Patience patience) {
    return urlOf(names.dead(), patience).orElseGet(() -> make(names.dead(), patience, null));
  }

  /// Where a queue is, if it is.
  Optional<String> urlOf(String name, Patience patience) {
    try {
      return Optional.of(
          service.call(
              names.queue(),
              "find " + name,
              patience,
              () -> service.client().getQueueUrl(request -> request.queueName(name)).queueUrl()));
    } catch (Service.QueueGoneException _) {
      return Optional.empty();
    }
  }

  private String make(String name, Patience patience, @Nullable String deadArn) {
    Map<QueueAttributeName, String> attributes = new HashMap<>();
    attributes.put(QueueAttributeName.MESSAGE_RETENTION_PERIOD, RETENTION_SECONDS);
    if (service.address().fifo()) {
      attributes.put(QueueAttributeName.FIFO_QUEUE, "true");
    }
    if (deadArn != null) {
      attributes.put(
          QueueAttributeName.REDRIVE_POLICY,
          "{\"deadLetterTargetArn\":\"" + deadArn + "\",\"maxReceiveCount\":" + MAX_RECEIVES + "}");
    }
    return service.call(
        names.queue(),
        "make " + name,
        patience,
        () ->
            service
                .client()
                .createQueue(request -> request.queueName(name).attributes(attributes))
                .queueUrl());
  }

  /// Everything that SQS says about a queue.
  Map<QueueAttributeName, String> attributes(String url, Patience patience) {
    return service.call(
        names.queue(),
        "read the attributes",
        patience,
        () ->
            service
                .client()
                .getQueueAttributes(
                    request -> request.queueUrl(url).attributeNames(QueueAttributeName.ALL))
                .attributes());
  }

  private List<String> differences(Map<QueueAttributeName, String> is) {
    List<String> differences = new ArrayList<>();
    String arn = is.getOrDefault(QueueAttributeName.QUEUE_ARN, "");
    String deadArn = arn.substring(0, arn.lastIndexOf(':') + 1) + names.dead();
    String policy = is.getOrDefault(QueueAttributeName.REDRIVE_POLICY, "");
    Matcher target = TARGET.matcher(policy);
    Matcher receives = RECEIVES.matcher(policy);
    if (!target.find()) {
      differences.add(
          sentence(
              "has no redrive policy; it should name " + names.dead() + " as dead-letter queue"));
    } else if (!target.group(1).equals(deadArn)) {
      differences.add(sentence("has another dead-letter queue than " + names.dead()));
    }
    if (receives.find() && Integer.parseInt(receives.group(1)) < MAX_RECEIVES) {
      differences.add(
          sentence(
              "moves messages to the dead-letter queue after "
                  + receives.group(1)
                  + " receives; it should be "
                  + MAX_RECEIVES
                  + ", because retries and crashes are counted by Sluice"));
    }
    String delay = is.getOrDefault(QueueAttributeName.DELAY_SECONDS, "0");
    if (!delay.equals("0")) {
      differences.add(sentence("delays every message by " + delay + " s; it should be 0"));
    }
    String kept = is.get(QueueAttributeName.MESSAGE_RETENTION_PERIOD);
    if (kept != null && !kept.equals(RETENTION_SECONDS)) {
      differences.add(
          sentence("lets go of messages after " + kept + " s; it should be " + RETENTION_SECONDS));
    }
    return List.copyOf(differences);
  }

  private String sentence(String rest) {
    return "the SQS queue " + names.main() + " " + rest;
  }
}
