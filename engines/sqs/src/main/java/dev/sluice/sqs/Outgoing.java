package dev.sluice.sqs;

import dev.sluice.job.Job;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

/// A message to be sent.
///
/// Threading: immutable.
///
/// @param dueMillis when it is to be seen; 0 for at once
/// @param group the message group; null on a standard queue
/// @param once what SQS recognises it by for five minutes; null on a standard queue
record Outgoing(
    MessageText.Parts parts, long dueMillis, @Nullable String group, @Nullable String once) {
  /// What a copy may be larger than the message that was accepted: counters and the newest error.
  static final int GROWTH = 2048;

  /// More than all of a message takes that is neither payload nor options.
  private static final int REST = 2048;

  /// The longest group or deduplication id.
  private static final int LONGEST_ID = 128;

  /// The message of a job that is handed over, or comes from another engine.
  static Outgoing first(Envelope envelope, boolean fifo) {
    MessageText.Parts parts = MessageText.write(envelope);
    String id = envelope.job().id().toString();
    String key = envelope.job().options().key();
    String group = key == null ? id : plain(key);
    return new Outgoing(parts, envelope.dueMillis(), fifo ? group : null, fifo ? group : null);
  }

  /// A further copy of a job, which must not be taken for the first. On a FIFO queue one of the
  /// same epoch is, so that whoever died while it was sent may send it again; a job that went away
  /// and came back has a higher one.
  static Outgoing copy(Envelope envelope, boolean fifo) {
    Outgoing first = first(envelope, fifo);
    String once = envelope.job().id() + ":" + envelope.epoch();
    return new Outgoing(first.parts, first.dueMillis, first.group, fifo ? once : null);
  }

  /// The copy for the dead-letter queue, in a group of its own so that it hides no other.
  static Outgoing dead(Envelope envelope, boolean fifo) {
    String id = envelope.job().id().toString();
    String once = id + ":" + envelope.epoch();
    return new Outgoing(MessageText.write(envelope), 0, fifo ? id : null, fifo ? once : null);
  }

  /// Checks that SQS takes the message of a job, and will take every later copy of it.
  ///
  /// @throws IllegalArgumentException when it is too large
  static void requireFits(Job job, int maxBytes) {
    // Whatever the bytes are: four of three for the payload, three of one for all else.
    long most = 4L * (job.payload().length / 3 + 1) + 3L * job.options().bytes() + REST;
    if (most <= maxBytes - GROWTH) {
      return;
    }
    int bytes = MessageText.write(Envelope.fresh(job)).bytes();
    if (bytes > maxBytes - GROWTH) {
      throw new IllegalArgumentException(
          "payload: "
              + job.payload().length
              + " bytes become a message of "
              + bytes
              + " bytes with headers and all else, which must be at most "
              + (maxBytes - GROWTH)
              + " for the engine 'sqs'");
    }
  }

  int bytes() {
    return parts.bytes();
  }

  /// The entry of a batch.
  ///
  /// @param delaySeconds 0 on a FIFO queue, which knows no delay of a message
  SendMessageBatchRequestEntry entry(String id, int delaySeconds) {
    Map<String, MessageAttributeValue> attributes = new HashMap<>();
    attributes.put(MessageText.ATTRIBUTE, string(parts.meta()));
    if (parts.trace() != null) {
      attributes.put(MessageText.TRACE, string(parts.trace()));
    }
    SendMessageBatchRequestEntry.Builder entry =
        SendMessageBatchRequestEntry.builder()
            .id(id)
            .messageBody(parts.body())
            .messageAttributes(attributes);
    if (group != null) {
      entry.messageGroupId(group).messageDeduplicationId(once);
    } else if (delaySeconds > 0) {
      entry.delaySeconds(delaySeconds);
    }
    return entry.build();
  }

  static MessageAttributeValue string(String value) {
    return MessageAttributeValue.builder().dataType("String").stringValue(value).build();
  }

  /// A key as it is when SQS takes it for an id, else its SHA-256.
  private static String plain(String key) {
    boolean fits =
        !key.isEmpty()
            && key.length() <= LONGEST_ID
            && !key.startsWith("sha256:")
            && key.chars().allMatch(c -> c > ' ' && c < 127);
    if (fits) {
      return key;
    }
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
      return "sha256:" + HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException("every Java has SHA-256", missing);
    }
  }
}
