package dev.sluice.job;

import java.util.Objects;
import java.util.UUID;

/// The identity of a job: a UUID of version 7 (RFC 9562), so ids sort by the time they were made.
///
/// Threading: immutable.
///
/// @param high the upper 64 bits: 48 bits of Unix milliseconds, the version, 12 bits of counter
/// @param low the lower 64 bits: the variant and 62 random bits
public record JobId(long high, long low) implements Comparable<JobId> {

  /// Reads the usual text form, 36 characters with dashes.
  ///
  /// @throws IllegalArgumentException when `text` is not a UUID
  public static JobId parse(String text) {
    Objects.requireNonNull(text, "job id: must not be null");
    if (text.length() != 36) {
      throw new IllegalArgumentException("job id: '" + shortened(text) + "' is not a UUID");
    }
    try {
      UUID uuid = UUID.fromString(text);
      return new JobId(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
    } catch (IllegalArgumentException notUuid) {
      throw new IllegalArgumentException("job id: '" + text + "' is not a UUID", notUuid);
    }
  }

  private static String shortened(String text) {
    return text.length() <= 48 ? text : text.substring(0, 48) + "...";
  }

  /// The 60 bits of time and counter, without the version: ids of one process ascend by it.
  public long arrival() {
    return (high >>> 16 << 12) | (high & 0xFFF);
  }

  @Override
  public int compareTo(JobId other) {
    Objects.requireNonNull(other, "other: must not be null");
    int byHigh = Long.compareUnsigned(high, other.high);
    return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
  }

  // Ids are spread by their random half: cheaper than mixing both, and just as even.
  @Override
  public int hashCode() {
    return Long.hashCode(low ^ high);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof JobId(long otherHigh, long otherLow)
        && low == otherLow
        && high == otherHigh;
  }

  @Override
  public String toString() {
    return new UUID(high, low).toString();
  }
}
