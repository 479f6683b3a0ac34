package dev.sluice.sqs;

import dev.sluice.engine.EngineUnavailableException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// The two SQS queues of one Sluice queue: finds them, makes them when they are missing, and says
/// what is not as it would have made it. It never changes a queue that is there.
///
/// Threading: thread-safe. Whoever comes while somebody looks waits for the same answer.
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

  /// Where the queues are.
  record Urls(String main, String dead) {
    String of(boolean deadLetters) {
      return deadLetters ? dead : main;
    }
  }

  private record Found(Urls urls, List<String> differences) {}

  private final Service service;
  private final QueueNames names;
  private final AtomicReference<@Nullable FutureTask<Found>> found = new AtomicReference<>();

  Topology(Service service, QueueNames names) {
    this.service = service;
    this.names = names;
  }

  /// Where the queues are; they are made when they are missing.
  Urls urls(Patience patience) {
    return found(patience).urls;
  }

  /// Where the queues are, if they are; nothing is made.
  Optional<Urls> existing(Patience patience) {
    FutureTask<Found> task = found.get();
    if (task != null && task.state() == Future.State.SUCCESS) {
      return Optional.of(task.resultNow().urls);
    }
    Optional<String> main = urlOf(names.main(), patience);
    Optional<String> dead = urlOf(names.dead(), patience);
    return main.flatMap(here -> dead.map(there -> new Urls(here, there)));
  }

  /// What is not as it should be, in sentences.
  List<String> differences(Patience patience) {
    return found(patience).differences;
  }

  /// To be called when the service says that a queue is gone: the next one makes it anew.
  void gone(Urls urls) {
    FutureTask<Found> task = found.get();
    if (task != null
        && task.state() == Future.State.SUCCESS
        && task.resultNow().urls.equals(urls)) {
      found.compareAndSet(task, null);
    }
  }

  private Found found(Patience patience) {
    while (true) {
      FutureTask<Found> task = found.get();
      boolean mine = task == null;
      if (task == null) {
        task = new FutureTask<>(() -> look(patience));
        if (!found.compareAndSet(null, task)) {
          continue;
        }
        task.run();
      }
      try {
        return task.get();
      } catch (ExecutionException failed) {
        found.compareAndSet(task, null);
        if (failed.getCause() instanceof EngineUnavailableException unavailable) {
          throw unavailable;
        }
        if (mine) {
          throw new EngineUnavailableException(
              "queue '" + names.queue() + "' on SQS: cannot be found: " + failed.getCause(),
              failed);
        }
      } catch (InterruptedException interrupted) {
        throw new EngineUnavailableException(
            "SQS: the search for a queue was cut off", interrupted);
      }
    }
  }

  private Found look(Patience patience) {
    for (int tries = 1; ; tries++) {
      try {
        // The dead-letter queue comes first, because the other one names it.
        String dead = urlOf(names.dead(), patience).orElseGet(() -> make(names.dead(), patience));
        String deadArn = attributes(dead, patience).getOrDefault(QueueAttributeName.QUEUE_ARN, "");
        Optional<String> there = urlOf(names.main(), patience);
        String main = there.orElseGet(() -> make(names.main(), patience, deadArn));
        List<String> differences =
            there.isEmpty() ? List.of() : differences(attributes(main, patience), deadArn);
        differences.forEach(sentence -> LOG.log(System.Logger.Level.WARNING, sentence));
        return new Found(new Urls(main, dead), differences);
      } catch (Service.QueueGoneException _) {
        // Deleted between two of the calls.
        if (!patience.pause(tries)) {
          throw new EngineUnavailableException(
              "queue '" + names.queue() + "' on SQS: is deleted while it is being made");
        }
      }
    }
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

  private String make(String name, Patience patience) {
    return make(name, patience, null);
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

  private List<String> differences(Map<QueueAttributeName, String> is, String deadArn) {
    List<String> differences = new ArrayList<>();
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
